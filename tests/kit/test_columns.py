"""Choices and money in a real table: what the database itself takes, compares and adds up."""

import random
from collections.abc import Iterator
from decimal import Decimal

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Numeric,
    Table,
    cast,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError

from app.kit.choices import Choice, choice_type
from app.kit.database.session import make_engine
from app.kit.money import (
    AmountTooLarge,
    MoneyType,
    line_amount,
    money_average,
    money_ratio,
    money_sum,
    money_times,
    round_line,
)

D = Decimal


class Size(Choice):
    SMALL = "small"
    LARGE = "large"


LINES = Table(
    "measured_line",
    MetaData(naming_convention={"ck": "ck_%(table_name)s_%(constraint_name)s"}),
    Column("id", Integer, primary_key=True),
    Column("size", choice_type(Size)),
    Column("quantity", Numeric(12, 3)),
    Column("price", MoneyType()),
)
C = LINES.c


@pytest.fixture
def lines(owner_url: str) -> Iterator[Connection]:
    engine = make_engine(owner_url)
    with engine.connect() as connection:
        connection.execute(text("set local role crm_owner"))
        LINES.create(connection)
        yield connection
        connection.rollback()
    engine.dispose()


def fill(lines: Connection, *prices: str, quantity: str = "1") -> None:
    lines.execute(insert(LINES), [{"price": D(price), "quantity": D(quantity)} for price in prices])


def test_members_go_in_and_come_out(lines: Connection) -> None:
    lines.execute(insert(LINES), [{"size": Size.SMALL}, {"size": "large"}, {"size": None}])
    assert lines.scalars(select(C.size).order_by(C.id)).all() == [Size.SMALL, Size.LARGE, None]
    asked = select(func.count()).where(C.size.in_([Size.LARGE, "small"]))
    assert lines.scalar(asked) == 2
    assert lines.scalar(select(C.size).where(C.size.like("sm%"))) is Size.SMALL


def test_the_database_itself_refuses_a_stranger(lines: Connection) -> None:
    with pytest.raises(IntegrityError, match="ck_measured_line_size"):
        lines.execute(text("insert into measured_line (size) values ('huge')"))


def test_amounts_compare_and_sort_as_amounts(lines: Connection) -> None:
    fill(lines, "9.99", "10.00", "100.0001", "-5")
    above = select(C.price).where(C.price >= D("10")).order_by(C.price.desc())
    assert lines.scalars(above).all() == [D("100.0001"), D("10")]
    assert lines.scalar(select(C.price + D("0.01")).where(C.price == D("9.99"))) == D("10.00")
    assert lines.scalar(text("select price from measured_line where price < 0")) == -50000


def test_sums_and_averages_are_decimals_and_zero_over_nothing(lines: Connection) -> None:
    assert lines.execute(select(money_sum(C.price), money_average(C.price))).one() == (0, None)
    fill(lines, "0.01", "0.01", "0.02")
    row = lines.execute(select(money_sum(C.price), func.sum(C.price), money_average(C.price))).one()
    assert tuple(row) == (D("0.04"), D("0.04"), D("0.0133"))


def test_a_sum_may_be_larger_than_any_single_amount(lines: Connection) -> None:
    fill(lines, *["99999999999999.9999"] * 12)
    assert lines.scalar(select(money_sum(C.price))) == D("1199999999999999.9988")
    with pytest.raises(AmountTooLarge):
        fill(lines, "100000000000000")


def test_a_line_costs_the_same_in_sql_as_in_python(lines: Connection) -> None:
    chance = random.Random(20261121)
    rows = [
        {
            "price": D(chance.randint(-(10**7), 10**7)).scaleb(-4),
            "quantity": D(chance.randint(-99999, 99999)).scaleb(-3),
        }
        for _ in range(3000)
    ]
    lines.execute(insert(LINES), rows)
    for currency, digits in (("EUR", 2), ("JPY", 0), ("KWD", 3)):
        found = lines.execute(select(C.price, C.quantity, line_amount(C.quantity, C.price, digits)))
        assert all(
            amount == round_line(quantity, price, currency) for price, quantity, amount in found
        )


def test_money_is_scaled_and_compared_by_ratio(lines: Connection) -> None:
    fill(lines, "10.00", quantity="4")
    row = lines.execute(
        select(
            money_times(C.price, D("0.19"), 2),
            money_ratio(C.price, cast(80_0000, Integer)),
            money_ratio(C.price, cast(0, Integer)),
        )
    ).one()
    assert tuple(row) == (D("1.90"), D("0.125"), None)
