"""Tax rates keep four decimals, ties go one way, and SQL computes what Python does."""

from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from sqlalchemy import text

from app.kit.errors import Invalid
from app.kit.money import (
    coin_sql,
    currencies,
    currency_digits,
    percent_within,
    percent_within_sql,
)
from app.orders.choices import ChargeKind
from app.orders.operations import Item
from tests.factories import make_order, make_product, make_store, make_variant


def order_of(session, price, rate, *, included=True, quantity=1):
    product = make_product(session, tax_rate=Decimal(rate))
    variant = make_variant(session, product=product, price=Decimal(price))
    session.expire_all()
    return make_order(
        session,
        Item(quantity, variant.id),
        store=make_store(session),
        prices_include_tax=included,
    )


@pytest.mark.parametrize(
    ("price", "rate", "tax"),
    [
        ("0.03", "20", "0.01"),
        ("0.14", "12", "0.02"),
        ("100", "8.875", "8.15"),
        ("100", "9.975", "9.07"),
    ],
)
def test_a_contained_tax_is_exact_to_the_last_decimal(session, price, rate, tax):
    order = order_of(session, price, rate)
    assert (order.lines[0].tax_rate, order.tax, order.total) == (
        Decimal(rate), Decimal(tax), Decimal(price),
    )  # fmt: skip


def test_a_tax_on_top_keeps_its_rate_too(session):
    order = order_of(session, "40", "8.875", included=False)
    assert (order.tax, order.total) == (Decimal("3.55"), Decimal("43.55"))


def test_sql_computes_a_contained_tax_as_exact_fractions_do(session):
    luck = Random(7)
    pairs = [(300, "20"), (1400, "12"), (-300, "20"), (217700, "8.875"), (10**17 - 100, "9.9751")]
    # Half a millionth below a tie, which a quotient of so many digits would not tell from one.
    pairs.append((900000000061794700, "9.9751"))
    pairs += [
        (luck.randrange(10**9) * 100, str(Decimal(luck.randrange(10**6)) / 10**4))
        for _ in range(300)
    ]
    rows = ", ".join(f"({amount}::bigint, {rate}::numeric)" for amount, rate in pairs)
    found = session.scalars(
        text(f"select {percent_within_sql('a', 'p', 100)} from (values {rows}) v (a, p)")
    )
    for (amount, rate), tax in zip(pairs, found, strict=True):
        part = Fraction(rate) / 100
        exact = abs(Fraction(amount, 100) * part / (1 + part))
        whole = (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
        assert tax == (whole if amount > 0 else -whole) * 100, (amount, rate)
        stored = Decimal(amount).scaleb(-4)
        assert percent_within(stored, Decimal(rate), "EUR") == Decimal(tax).scaleb(-4)


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"unit_price": Decimal("1.00001")}, "unit_price"),
        ({"unit_price": Decimal(1), "discount": Decimal("0.005")}, "discount"),
        ({"unit_price": Decimal(1), "tax_rate": Decimal("8.87501")}, "tax_rate"),
    ],
)
def test_decimals_that_a_line_cannot_hold_are_refused_not_rounded(session, item, field):
    with pytest.raises(Invalid, match="At most") as refused:
        make_order(session, Item(1, charge=ChargeKind.DELIVERY, **item), store=make_store(session))
    assert str(refused.value.field).removeprefix("lines.0.") == field


def test_sql_knows_the_smallest_coin_of_every_currency(session):
    coins = text(f"select code, {coin_sql('code')} from unnest(cast(:codes as text[])) code")
    found = session.execute(coins, {"codes": list(currencies())}).all()
    assert {row.code: row[1] for row in found} == {
        code: 10 ** (4 - currency_digits(code)) for code in currencies()
    }
