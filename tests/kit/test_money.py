"""Money is exact: what is stored, rounded, split and typed."""

from decimal import Decimal
from fractions import Fraction

import pytest
from flask import Flask
from flask_babel import Babel, force_locale, lazy_gettext
from hypothesis import given
from hypothesis import strategies as st
from iso4217 import Currency
from sqlalchemy import column, select
from sqlalchemy.dialects import postgresql

from app.kit.errors import Invalid
from app.kit.money import (
    LARGEST,
    AmountTooLarge,
    MoneyType,
    allocate,
    convert,
    currencies,
    currency_code,
    currency_digits,
    from_stored,
    percent_of,
    percent_within,
    round_amount,
    round_line,
    round_price,
    to_stored,
)
from app.kit.money_text import amount_text, format_amount, format_number, format_price, parse_amount

D = Decimal
TOTAL = column("total", MoneyType())


def sql(clause: object) -> str:
    return str(
        select(clause).compile(  # type: ignore[call-overload]
            dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
        )
    )


@given(st.decimals(-LARGEST, LARGEST, places=4))
def test_an_amount_comes_back_from_the_database_as_it_went(amount: Decimal) -> None:
    assert from_stored(to_stored(amount)) == amount


def test_a_fifth_decimal_is_a_bug_and_not_rounded_away() -> None:
    with pytest.raises(ValueError, match="round it first"):
        to_stored(D("1.00001"))


def test_a_float_is_refused() -> None:
    with pytest.raises(TypeError, match="never a float"):
        to_stored(0.1)  # type: ignore[arg-type]


@pytest.mark.parametrize("amount", [LARGEST + D("0.0001"), -LARGEST - 1, D("NaN"), D("Infinity")])
def test_an_amount_beyond_the_column_is_refused_in_words(amount: Decimal) -> None:
    with pytest.raises(AmountTooLarge, match="too large"):
        to_stored(amount)


def test_literals_compare_as_amounts() -> None:
    assert "total > 125000" in sql(D("12.50") < TOTAL)
    assert "total = 120000" in sql(TOTAL == 12)


@pytest.mark.parametrize("scale", [lambda: TOTAL * 2, lambda: TOTAL / 2, lambda: 2 * TOTAL])
def test_scaling_stored_integers_by_hand_is_refused(scale: object) -> None:
    with pytest.raises(TypeError, match="Scale money in Python"):
        scale()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("2.345", "EUR", "2.35"),
        ("-2.345", "EUR", "-2.35"),
        ("2.3449999", "EUR", "2.34"),
        ("0.5", "JPY", "1"),
        ("-0.5", "JPY", "-1"),
        ("1.00005", "KWD", "1.000"),
        ("99999999999999.995", "UAH", "100000000000000.00"),
    ],
)
def test_amounts_round_half_away_from_zero(amount: str, currency: str, rounded: str) -> None:
    assert str(round_amount(D(amount), currency)) == rounded


def test_a_unit_price_keeps_four_decimals() -> None:
    assert str(round_price(D("0.12345"))) == "0.1235"


def test_a_line_is_rounded_once() -> None:
    assert round_line(3, D("0.3333"), "EUR") == D("1.00")
    assert round_line(D("0.125"), D("9.9999"), "EUR") == D("1.25")
    assert round_line(-1, D("0.125"), "EUR") == D("-0.13")


def test_percentages_and_rates_round_in_the_target_currency() -> None:
    assert percent_of(D("9.99"), D(19), "EUR") == D("1.90")
    assert convert(D(10), D("163.455"), "JPY") == D(1635)


def test_a_split_loses_no_cent() -> None:
    assert allocate(D("100.00"), [1, 1, 1], "EUR") == [D("33.34"), D("33.33"), D("33.33")]
    assert allocate(D("-0.05"), [1, 1], "EUR") == [D("-0.03"), D("-0.02")]
    assert allocate(D(10), [0, 0, 0], "JPY") == [D(4), D(3), D(3)]
    assert allocate(D("0.01"), [1, 98, 1], "EUR") == [D(0), D("0.01"), D(0)]


@given(
    st.decimals(-(10**9), 10**9, places=2),
    st.lists(st.decimals(0, 10**6, places=3), min_size=1, max_size=12),
)
def test_the_parts_of_any_split_add_up_and_stay_within_a_cent(
    total: Decimal, weights: list[Decimal]
) -> None:
    parts = allocate(total, weights, "EUR")
    assert sum(parts) == total
    shares = weights if any(weights) else [D(1)] * len(weights)
    for part, share in zip(parts, shares, strict=True):
        assert abs(part - total * share / sum(shares)) < D("0.0100001")


def test_a_split_refuses_what_has_no_exact_answer() -> None:
    with pytest.raises(ValueError, match="round it first"):
        allocate(D("1.001"), [1], "EUR")
    for weights in ([], [1, -1]):
        with pytest.raises(ValueError, match="weights"):
            allocate(D(1), weights, "EUR")


def test_currencies_know_their_digits() -> None:
    assert {c: currency_digits(c) for c in ("EUR", "UAH", "JPY", "KWD")} == {
        "EUR": 2,
        "UAH": 2,
        "JPY": 0,
        "KWD": 3,
    }
    assert {"EUR", "USD", "GBP", "BRL", "UAH", "PLN"} <= set(currencies())
    assert "DEM" not in currencies()
    assert currency_code(" eur ") == "EUR"
    with pytest.raises(Invalid, match="“dukat” is not a currency"):
        currency_code("dukat")


def test_a_currency_has_the_decimals_of_iso_4217_not_those_usual_to_show() -> None:
    listed = {one.code: one.exponent for one in Currency}
    # Bulgaria pays in euro since 2026: ISO has struck out the lev, CLDR still knows it.
    assert {c: currency_digits(c) for c in currencies()} == {
        **{c: listed.get(c) for c in currencies()},
        "BGN": 2,
    }
    hidden = ("RSD", "ALL", "AFN", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "SOS", "SYP", "YER")
    assert {currency_digits(c) for c in hidden} == {2}
    assert (currency_digits("IQD"), currency_digits("ISK"), currency_digits("TND")) == (3, 0, 3)
    assert round_amount(D("99.994"), "RSD") == D("99.99")


@pytest.mark.parametrize("locale", ["en", "de", "pt_BR", "uk", "ru"])
@pytest.mark.parametrize("currency", currencies())
def test_no_amount_is_shown_below_the_decimals_of_its_currency(locale: str, currency: str) -> None:
    digits = currency_digits(currency)
    amount = D(1234567).scaleb(-digits)
    written = format_amount(amount, currency, locale=locale)
    assert "".join(filter(str.isdigit, written)) == "1234567"
    assert "99" in format_amount(D("99.99"), "RSD", locale=locale).replace("99", "", 1)


@pytest.mark.parametrize(
    ("price", "currency", "locale", "shown"),
    [
        ("0.0125", "GBP", "en", "£0.0125"),
        ("0.0125", "EUR", "de", "0,0125\u00a0€"),
        ("12.5", "GBP", "en", "£12.50"),
        ("0.5", "JPY", "en", "¥0.5"),
        ("3", "KWD", "en", "KWD3.000"),
        ("0", "GBP", "en", "£0.00"),
    ],
)
def test_a_unit_price_is_shown_with_the_decimals_it_has(
    price: str, currency: str, locale: str, shown: str
) -> None:
    assert format_price(D(price), currency, locale=locale) == shown


def half_away(exact: Fraction, digits: int) -> Fraction:
    """What a book-keeper rounds to, by whole numbers only."""
    units = abs(exact) * 10**digits
    whole = (2 * units.numerator + units.denominator) // (2 * units.denominator)
    return Fraction(whole if exact >= 0 else -whole, 10**digits)


@pytest.mark.parametrize(
    ("amount", "rate", "tax"),
    [
        ("0.03", "20", "0.01"),
        ("0.14", "12", "0.02"),
        ("-0.03", "20", "-0.01"),
        ("21.77", "8.875", "1.77"),
    ],
)
def test_ties_of_a_contained_tax_go_one_way(amount: str, rate: str, tax: str) -> None:
    assert percent_within(D(amount), D(rate), "EUR") == D(tax)


@given(
    st.decimals(-(10**13), 10**13, places=2),
    st.decimals(0, 100, places=4),
    st.sampled_from(["JPY", "EUR", "KWD"]),
)
def test_tax_is_what_exact_fractions_come_to(amount: Decimal, rate: Decimal, currency: str) -> None:
    digits, part = currency_digits(currency), Fraction(rate) / 100
    within = half_away(Fraction(amount) * part / (1 + part), digits)
    assert Fraction(percent_within(amount, rate, currency)) == within
    assert Fraction(percent_of(amount, rate, currency)) == half_away(
        Fraction(amount) * part, digits
    )


@pytest.mark.parametrize(
    ("text", "locale", "amount"),
    [
        ("1.234,56", "de", "1234.56"),
        ("1.234", "de", "1234"),
        ("12.50", "de", "12.5"),
        ("-1.234.567,8", "de", "-1234567.8"),
        ("1,234.56", "en", "1234.56"),
        ("1,234", "en", "1234"),
        ("12,50", "en", "12.5"),
        ("1 234,56", "uk", "1234.56"),
        ("1\u00a0234\u202f567,5", "ru", "1234567.5"),
        ("1234.56", "ru", "1234.56"),
        ("1.234,56", "pt_BR", "1234.56"),
        ("\u22125", "de", "-5"),
        ("1234567", "pt_BR", "1234567"),
        (" 7 ", "en", "7"),
        ("1'234.50", "en", "1234.5"),
    ],
)
def test_amounts_are_read_as_the_language_writes_them(text: str, locale: str, amount: str) -> None:
    assert parse_amount(text, locale=locale) == D(amount)


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("", "en"),
        ("abc", "de"),
        ("1.23.4", "de"),
        ("1,2345.6", "en"),
        ("12 34", "uk"),
        ("1e5", "en"),
        ("NaN", "en"),
        ("٣", "en"),
        ("--5", "en"),
    ],
)
def test_what_is_no_amount_is_refused_in_words(text: str, locale: str) -> None:
    with pytest.raises(Invalid, match="is not an amount"):
        parse_amount(text, locale=locale)


def test_decimals_that_the_currency_lacks_are_refused_not_dropped() -> None:
    with pytest.raises(Invalid, match="more than 2 decimals"):
        parse_amount("1.2345", locale="en", currency="EUR")
    assert parse_amount("1.2345", locale="en") == D("1.2345")
    with pytest.raises(AmountTooLarge):
        parse_amount("1" * 15, locale="en")


def test_amounts_are_shown_as_the_language_writes_them() -> None:
    assert format_amount(D("1234.5"), "EUR", locale="de") == "1.234,50\u00a0€"
    assert format_amount(D("1234.5"), "GBP", locale="en") == "£1,234.50"
    assert format_number(D("-1234.5"), "EUR", locale="pt_BR") == "-1.234,50"
    assert format_number(D(1234), "JPY", locale="en") == "1,234"
    assert format_price(D("0.1250"), "EUR", locale="de") == "0,125\u00a0€"
    assert format_price(D(3), "EUR", locale="de") == "3,00\u00a0€"


def test_an_amount_in_a_sentence_is_written_by_whoever_reads_it() -> None:
    app = Flask(__name__)
    Babel(app, default_locale="en")
    refusal = Invalid(
        lazy_gettext("Only %(left)s can go.", left=amount_text(D("1179.2500"), "GBP"))
    )
    with app.app_context(), force_locale("en"):
        assert str(refusal) == "Only £1,179.25 can go."
    with app.app_context(), force_locale("de"):
        assert str(refusal) == "Only 1.179,25\u00a0£ can go."


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from(["en", "de", "pt_BR", "uk", "ru"]))
def test_what_is_shown_can_be_typed_back(amount: Decimal, locale: str) -> None:
    assert parse_amount(format_number(amount, "EUR", locale=locale), locale=locale) == amount
