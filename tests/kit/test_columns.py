"""Choices and money in a real table: what the database itself takes, compares and adds up."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import (
    CheckConstraint,
    Connection,
    MetaData,
    Numeric,
    Table,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.kit.choices import Choice, choice
from app.kit.codes import country_column
from app.kit.database.session import make_engine
from app.kit.money import (
    AmountTooLarge,
    currency_column,
    money,
    money_sum,
    rate_column,
)

D = Decimal


class Size(Choice):
    SMALL = "small"
    LARGE = "large"


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention={"ck": "ck_%(table_name)s_%(constraint_name)s"})


class Priced:
    """Columns of a mixin are copied into each table."""

    currency: Mapped[str | None] = currency_column()
    rate: Mapped[Decimal] = rate_column()


class MeasuredLine(Priced, Base):
    __tablename__ = "measured_line"

    id: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[Size | None] = choice(Size)
    quantity: Mapped[Decimal | None] = mapped_column(Numeric(12, 3))
    price: Mapped[Decimal | None] = money()
    country: Mapped[str | None] = country_column()


LINES: Table = MeasuredLine.__table__  # type: ignore[assignment]  # as SQLAlchemy has typed it
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


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("size", "huge"),
        ("currency", "eur"),
        ("currency", "EU"),
        ("country", "de"),
        ("country", "D"),
        ("rate", 0),
    ],
)
def test_the_database_itself_refuses_a_stranger(lines: Connection, column: str, value: Any) -> None:
    with pytest.raises(IntegrityError, match=f"ck_measured_line_{column}"):
        lines.execute(
            text(f"insert into measured_line ({column}) values (:value)"), {"value": value}
        )


def test_a_copied_table_has_each_check_once():
    copied = LINES.to_metadata(MetaData())
    checks = [str(one.name) for one in copied.constraints if isinstance(one, CheckConstraint)]
    assert sorted(checks) == [
        f"ck_measured_line_{column}" for column in ("country", "currency", "rate", "size")
    ]


def test_amounts_compare_and_sort_as_amounts(lines: Connection) -> None:
    fill(lines, "9.99", "10.00", "100.0001", "-5")
    above = select(C.price).where(C.price >= D("10")).order_by(C.price.desc())
    assert lines.scalars(above).all() == [D("100.0001"), D("10")]
    assert lines.scalar(select(C.price + D("0.01")).where(C.price == D("9.99"))) == D("10.00")
    assert lines.scalar(text("select price from measured_line where price < 0")) == -50000


def test_sums_are_decimals_and_zero_over_nothing(lines: Connection) -> None:
    assert lines.scalar(select(money_sum(C.price))) == 0
    fill(lines, "0.01", "0.01", "0.02")
    row = lines.execute(select(money_sum(C.price), func.sum(C.price))).one()
    assert tuple(row) == (D("0.04"), D("0.04"))


def test_a_sum_may_be_larger_than_any_single_amount(lines: Connection) -> None:
    fill(lines, *["99999999999999.9999"] * 12)
    assert lines.scalar(select(money_sum(C.price))) == D("1199999999999999.9988")
    with pytest.raises(AmountTooLarge):
        fill(lines, "100000000000000")
