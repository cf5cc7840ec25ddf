"""What a column can hold, asked before the database is.

The database rounds a decimal too many in silence and says of a text with NUL, a day of the year 1
or a number too large only that something failed. Forms, the API and imports ask `fit` for each
value; `refuse_unfit` asks it for everything that a session is about to write, so that no way leads
past it: Invalid, with the attribute as its field and the object as its record.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext
from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Integer,
    Numeric,
    SmallInteger,
    String,
    inspect,
)
from sqlalchemy.orm import Session

from app.kit.bounds import refuse_beyond
from app.kit.errors import Invalid
from app.kit.money import (
    LARGEST,
    STORED_DECIMALS,
    AmountTooLarge,
    MoneyType,
    UnknownCurrency,
    currency_digits,
)

UNKEPT = re.compile("[\ud800-\udfff\x00]")
"""What PostgreSQL cannot keep in a text: NUL, and halves of UTF-16 pairs."""
CODES = frozenset({"number", "sku", "code", "barcode", "source", "source_key"})
"""Columns that hold what a thing is known by: people compare it and print it, on one line."""
COMPANY = "company"
"""Instead of a column's name in `info["currency"]`: an amount in the company's own currency."""

Check = Callable[[Any], None]


def fit(column: Column[Any], value: Any) -> None:
    """Raise Invalid for a value that the column would not keep as it is, or not at all."""
    check = _check_of(column)
    if check is not None and value is not None:
        check(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        refuse_beyond(column, value)


def refuse_decimals(amount: Decimal, most: int) -> None:
    """Raise Invalid for more decimals than that."""
    # Without the context's precision: 30 digits would be rounded by it before they are counted.
    _sign, digits, exponent = amount.as_tuple()
    zeros = len(digits) - len(bytes(digits).rstrip(b"\0")) if any(digits) else len(digits)
    if any(digits) and -int(exponent) - zeros > most:
        raise Invalid(
            lazy_ngettext("At most %(num)d decimal.", "At most %(num)d decimals.", most)
            if most
            else _l("An amount without decimals.")
        )


def largest(column: Column[Any]) -> int:
    """Return the largest whole number that the column holds."""
    if isinstance(column.type, SmallInteger):
        return 2**15 - 1
    return 2**63 - 1 if isinstance(column.type, BigInteger) else 2**31 - 1


def refuse_unfit(session: Session) -> None:
    """Raise Invalid for the first value that is about to be written and would not be kept."""
    for obj in (*session.new, *session.dirty):
        state = inspect(obj)
        checks, amounts = _checks_of(state.mapper), _amounts_of(state.mapper)
        for key in state.committed_state:
            value = state.dict.get(key)
            if value is None or (key not in checks and key not in amounts):
                continue
            try:
                if key in checks:
                    checks[key](value)
                if key in amounts and isinstance(value, Decimal):
                    _refuse_small_change(value, obj, amounts[key])
            except Invalid as refused:
                refused.field, refused.record = refused.field or key, obj
                raise


def _refuse_small_change(amount: Decimal, obj: Any, name: str) -> None:
    """Raise Invalid for decimals that the currency of the amount does not have."""
    currency = _currency_of(obj, name)
    if isinstance(currency, str):
        try:
            digits = currency_digits(currency)
        except UnknownCurrency:
            return  # its own column refuses it
        refuse_decimals(amount, digits)


def _currency_of(obj: Any, name: str) -> Any:
    """Return the currency beside the amount, else of the document it is a line of, else nothing.

    Only what is loaded: who writes a line has its document at hand.
    """
    state = inspect(obj)
    if name in state.dict:
        return state.dict[name]
    document = state.dict.get(state.mapper.local_table.info.get("currency_of", ""))
    return None if document is None else inspect(document).dict.get("currency")


@cache
def _checks_of(mapper: Any) -> dict[str, Check]:
    found = {key: _check_of(prop.columns[0]) for key, prop in mapper.column_attrs.items()}
    return {key: check for key, check in found.items() if check is not None}


@cache
def _amounts_of(mapper: Any) -> dict[str, str]:
    """Return by attribute the column with the currency of each amount that keeps its digits."""
    return {
        key: prop.columns[0].info.get("currency") or "currency"
        for key, prop in mapper.column_attrs.items()
        if isinstance(prop.columns[0].type, MoneyType)
        and not prop.columns[0].info.get("unit_price")
        and prop.columns[0].info.get("currency") != COMPANY
    }


@cache
def _check_of(column: Column[Any]) -> Check | None:
    kind = column.type
    for types, make in _MAKERS:
        if isinstance(kind, types):
            return make(column)
    return None


def _text(column: Column[Any]) -> Check:
    longest = getattr(column.type, "length", None)
    code = column.name in CODES

    def check(value: Any) -> None:
        if not isinstance(value, str):
            return
        if UNKEPT.search(value):
            raise Invalid(_l("A text holds characters that cannot be kept."))
        if longest is not None and len(value) > longest:
            raise Invalid(_l("At most %(number)s characters.", number=longest))
        if code and not value.isprintable():
            raise Invalid(_l("Only characters that can be seen, on one line."))

    return check


def _whole(column: Column[Any]) -> Check:
    most = largest(column)

    def check(value: Any) -> None:
        if isinstance(value, int) and abs(value) > most:
            raise Invalid(_l("This number is too large."))

    return check


def _decimal(column: Column[Any]) -> Check | None:
    kind: Any = column.type
    if kind.precision is None:
        return None
    scale = kind.scale or 0
    limit = Decimal(10) ** (kind.precision - scale)

    def check(value: Any) -> None:
        if not isinstance(value, Decimal | int):
            return
        number = Decimal(value)
        if not number.is_finite() or abs(number) >= limit:
            raise Invalid(_l("This number is too large."))
        refuse_decimals(number, scale)

    return check


def _money(_column: Column[Any]) -> Check:
    def check(value: Any) -> None:
        if not isinstance(value, Decimal | int):
            return
        amount = Decimal(value)
        if not amount.is_finite() or abs(amount) > LARGEST:
            raise AmountTooLarge
        refuse_decimals(amount, STORED_DECIMALS)

    return check


def _day(_column: Column[Any]) -> Check:
    def check(value: Any) -> None:
        # The first and last years have days that no zone's clock can show.
        if isinstance(value, date | datetime) and not 1 < value.year < 9999:
            raise Invalid(_l("This date is too far away."))

    return check


_MAKERS: tuple[tuple[Any, Callable[[Column[Any]], Check | None]], ...] = (
    (MoneyType, _money),
    (Integer, _whole),
    (Numeric, _decimal),
    ((Date, DateTime), _day),
    (String, _text),
)
