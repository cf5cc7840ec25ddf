"""Invariants as plain SQL: what must be so, reckoned anew by a statement that nothing else uses.

An invariant that shared its SQL with what writes the figure would find every mistake of both right.
"""

from typing import Any

from sqlalchemy import Select, column, select, text

from app.kit.money import coin_sql


def offending(sql: str, *names: str) -> Select[Any]:
    """Return the SELECT of the rows that `sql` finds, with these of its columns."""
    found: Any = select(*(column(name) for name in names)).select_from(text(f"({sql}) offending"))
    return found  # type: ignore[no-any-return]


def rounded(amount: str, currency: str) -> str:
    """Return SQL that rounds a stored amount to its currency, half away from zero.

    round(numeric) of PostgreSQL does so.
    """
    coin = coin_sql(currency)
    return f"(round(({amount})::numeric / {coin}) * {coin})::bigint"
