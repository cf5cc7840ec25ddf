"""Partitions: by month where rows are events in time, by id range where a parent owns them.

A partitioned table names its key in `info["partition"]`: `"month"` on the column of its RANGE key.
A default partition catches what no partition was made for, so that no row is ever refused.
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise

from sqlalchemy import MetaData, Table

from app.kit import clock

_AHEAD = 3


def statements(metadata: MetaData) -> list[str]:
    """Return the statements that make the partitions of this month and the next three."""
    steps: list[str] = []
    for table in metadata.tables.values():
        if "partition" in table.info:
            steps.append(_default(table))
        if table.info.get("partition") == "month":
            steps += [_month(table, *months) for months in _months()]
    return steps


def _months() -> list[tuple[date, date]]:
    first = clock.now().date().replace(day=1)
    starts = [_plus(first, n) for n in range(_AHEAD + 2)]
    return list(pairwise(starts))


def _plus(first: date, months: int) -> date:
    total = first.year * 12 + first.month - 1 + months
    return date(total // 12, total % 12 + 1, 1)


def _default(table: Table) -> str:
    name = f"{table.name}_default"
    return _make(name, f'create table {name} partition of "{table.name}" default')


def _month(table: Table, start: date, end: date) -> str:
    name = f"{table.name}_{start:%Y_%m}"
    return _make(
        name,
        f'create table {name} partition of "{table.name}"'
        f" for values from ('{start}') to ('{end}')",
    )


def _make(name: str, create: str) -> str:
    # No policy and no grant on a partition: it is reached through its parent or not at all.
    return (
        f"do $$ begin if to_regclass('public.{name}') is null then {create};"
        f" alter table {name} enable row level security; end if; end $$"
    )
