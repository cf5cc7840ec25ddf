"""Money as people type and read it, by the customs of their language."""

import re
from copy import copy
from decimal import Decimal
from functools import cache

from babel import Locale
from babel.numbers import (
    NumberPattern,
    format_decimal,
    get_decimal_symbol,
    get_group_symbol,
)
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from app.kit.errors import Invalid
from app.kit.money import LARGEST, AmountTooLarge, currency_digits, round_to

# One separator with one or two digits behind it can only be decimals, whatever the language's
# custom.
_PLAIN = re.compile(r"(?P<sign>[+-]?)(?P<whole>\d+)[.,](?P<decimals>\d{1,2})", re.ASCII)
_SPACES = re.compile(r"(?<=\d)[\s\u00a0\u202f'’](?=\d{3}(?!\d))")


def parse_amount(text: str, *, locale: str | None = None, currency: str | None = None) -> Decimal:
    """Read "1.234,56" as a German and "1,234.56" as an English reader does.

    Spaces may part thousands. With a currency, more decimals than it has are refused rather than
    rounded away; without, more than four. Raises Invalid with a sentence.
    """
    bare = _SPACES.sub("", text.strip()).replace("\u2212", "-")
    found = _PLAIN.fullmatch(bare) or _pattern(_reader(locale)).fullmatch(bare)
    if found is None:
        raise Invalid(_l("“%(text)s” is not an amount.", text=text.strip()))
    whole = re.sub("[.,]", "", found["whole"])
    amount = Decimal(f"{found['sign']}{whole}.{found['decimals'] or 0}")
    if abs(amount) > LARGEST:
        raise AmountTooLarge
    digits = 4 if currency is None else currency_digits(currency)
    if round_to(amount, digits) != amount:
        raise Invalid(
            _l("“%(text)s” has more than %(digits)s decimals.", text=text.strip(), digits=digits)
        )
    return amount


@cache
def _pattern(locale: str) -> re.Pattern[str]:
    """Return what counts as a number in the language, spaces between thousands already gone."""
    point, group = re.escape(get_decimal_symbol(locale)), get_group_symbol(locale)
    if group in ".,":
        whole = rf"\d+|\d{{1,3}}(?:{re.escape(group)}\d{{3}})+"
    else:
        # Where spaces part thousands, a dot is no other sign: people type it for the comma.
        whole, point = r"\d+", "[.,]"
    return re.compile(rf"(?P<sign>[+-]?)(?P<whole>{whole})(?:{point}(?P<decimals>\d+))?", re.ASCII)


def format_amount(amount: Decimal, currency: str, *, locale: str | None = None) -> str:
    """Return the amount with its currency, as the reader writes it: 1.234,56 €.

    With the decimals that ISO 4217 gives it: what is usual to show would hide some of RSD 99.99.
    """
    return _with_currency(amount, currency, currency_digits(currency), _reader(locale))


def amount_text(amount: Decimal, currency: str) -> LazyString:
    """Return the amount for a sentence, written in the reader's way where that is read.

    `_l("Only %(left)s are left.", left=amount_text(left, "GBP"))`: whoever raises it does not know
    in which language it will be shown.
    """
    return LazyString(format_amount, amount, currency)


def format_whole(amount: Decimal, currency: str, *, locale: str | None = None) -> str:
    """Return a large amount without its small change, for a tile: 12.346 €."""
    return _with_currency(round_to(amount, 0), currency, 0, _reader(locale))


def format_price(price: Decimal, currency: str, *, locale: str | None = None) -> str:
    """Return a unit price: the currency's decimals, and up to four where it has them."""
    return _with_currency(price, currency, price_digits(price, currency), _reader(locale))


def price_digits(price: Decimal, currency: str) -> int:
    """How many decimals a unit price is shown with: the currency's, or its own if more."""
    own = -int(price.normalize().as_tuple().exponent) if price else 0
    return max(currency_digits(currency) if currency else 2, own)


def _with_currency(amount: Decimal, currency: str, digits: int, locale: str) -> str:
    pattern = _currency_pattern(locale, digits)
    # Without `currency_digits=False` Babel takes CLDR's digits instead of the pattern's.
    return str(pattern.apply(amount, locale, currency=currency, currency_digits=False))


@cache
def _currency_pattern(locale: str, digits: int) -> NumberPattern:
    """Return how the language writes an amount, with so many decimals."""
    pattern = copy(Locale.parse(locale).currency_formats["standard"])
    pattern.frac_prec = (digits, digits)
    return pattern


def format_number(amount: Decimal, currency: str, *, locale: str | None = None) -> str:
    """Return the amount without its currency, for table cells and input fields."""
    digits = currency_digits(currency)
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(amount, pattern, locale=_reader(locale))


def _reader(locale: str | None) -> str:
    return locale or str(get_locale() or "en")
