"""Numbers of documents without gaps.

The counter's row is locked from the first number taken until the caller's transaction ends: whoever
comes next waits, and a rollback gives the number back. That serialises the sales of one series of
one company, which is the price of having no gap; number as late in the transaction as possible.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from string import Formatter

from flask_babel import lazy_gettext as _l
from sqlalchemy import BigInteger, CheckConstraint, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.kit.database.install.immutability import Fixed
from app.kit.database.invariants import offending
from app.kit.database.model import Model, OfCompany
from app.kit.registry import Invariant, Registry
from app.kit.zones import business_date


class NumberPeriod(StrEnum):
    """When a series begins again at 1."""

    NEVER = "never"
    YEAR = "year"
    MONTH = "month"

    def key(self, day: date) -> str:
        """Return the period's name in the counter: empty, 2026 or 2026-11."""
        return {"never": "", "year": f"{day:%Y}", "month": f"{day:%Y-%m}"}[self.value]


@dataclass(frozen=True)
class Series:
    """A kind of document with numbers of its own.

    The pattern knows {n}, {year} and {month}: "R-{year}-{n:05}".
    """

    name: str
    pattern: str = "{n}"
    period: NumberPeriod = NumberPeriod.NEVER

    def __post_init__(self) -> None:
        day = date(2026, 11, 21)
        # A period that does not show would give two documents the same number.
        if self.text(1, day) == self.text(2, day):
            raise ValueError(f"The pattern of series {self.name} does not show the number.")
        if self.period is not NumberPeriod.NEVER and self.text(1, day) == self.text(
            1, date(2027, 11, 1)
        ):
            raise ValueError(f"The pattern of series {self.name} does not show the year.")
        if self.period is NumberPeriod.MONTH and self.text(1, day) == self.text(
            1, date(2026, 12, 1)
        ):
            raise ValueError(f"The pattern of series {self.name} does not show the month.")

    def could_give(self, number: str) -> bool:
        """Whether the series has given this number, or may come to it."""
        return re.fullmatch(self.shape, number) is not None

    @property
    def shape(self) -> str:
        """A regular expression, of Python and PostgreSQL alike, for the numbers of the series."""
        digits = {"year": "[0-9]{4}", "month": "[0-9]{2}", "n": "[0-9]+"}
        return "".join(
            re.escape(words) + (digits[name] if name else "")
            for words, name, _width, _conversion in Formatter().parse(self.pattern)
        )

    def text(self, number: int, day: date) -> str:
        """Return the number as it stands on the document."""
        return self.pattern.format(n=number, year=f"{day:%Y}", month=f"{day:%m}")


class NumberCounter(OfCompany, Model):
    """The last number given out, per series and period."""

    __tablename__ = "number_counter"
    __table_args__ = (
        UniqueConstraint("company_id", "series", "period"),
        CheckConstraint("last > 0", name="last"),
        {"info": {"audit": False, "fixed": (Fixed(("series", "period")),)}},
    )

    series: Mapped[str] = mapped_column(Text)
    period: Mapped[str] = mapped_column(Text)
    last: Mapped[int] = mapped_column(BigInteger)


series: Registry[Series] = Registry("number series")


def next_number(session: Session, of: Series, *, at: date | datetime, zone: str = "UTC") -> str:
    """Return the next number of the series, consecutive as the transactions commit.

    `at` is a day, or a moment whose day in `zone` counts: the year on the document is the store's
    own.
    """
    day = business_date(at, zone) if isinstance(at, datetime) else at
    return of.text(_count(session, of, day), day)


def _count(session: Session, of: Series, day: date) -> int:
    taken = (
        insert(NumberCounter)
        .values(series=of.name, period=of.period.key(day), last=1)
        .on_conflict_do_update(
            index_elements=["company_id", "series", "period"], set_={"last": NumberCounter.last + 1}
        )
        .returning(NumberCounter.last)
    )
    return session.execute(taken).scalar_one()


def gapless(of: Series, table: str) -> Invariant:
    """Return the invariant that the documents in `table` bear the numbers that were given out.

    A number that no document bears is a gap; one beyond the counter would be given out again.
    """
    before, width, after = _parts(of)
    text_of = (
        f"""{before} || lpad(n.n::text, greatest({width}, length(n.n::text)), '0') || {after}"""
    )
    # A number of another shape is somebody's own, of before.
    number = f"""substr(d.number, length({before}) + 1,
      length(d.number) - length({before}) - length({after}))"""
    sql = f"""
select c.series, c.period, {text_of} as number, 'missing' as problem
from number_counter c cross join lateral generate_series(1, c.last) n(n)
left join {table} d on d.number = {text_of}
where c.series = '{of.name}' and d.number is null
union all
select c.series, c.period, d.number, 'beyond the counter'
from number_counter c
join {table} d on starts_with(d.number, {before}) and right(d.number, length({after})) = {after}
where c.series = '{of.name}' and {number} ~ '^[0-9]{{{width},18}}$'
  and case when {number} ~ '^[0-9]{{{width},18}}$' then {number}::bigint end > c.last
union all
select '{of.name}', '', d.number, 'no counter' from {table} d
where d.number ~ '^{of.shape}$' and not exists (
  select from number_counter c where c.series = '{of.name}' and starts_with(d.number, {before}))"""  # noqa: S608 -- patterns of ours
    return Invariant(
        f"numbers.{of.name}",
        _l("Documents bear the numbers that were given out, without a gap."),
        partial(offending, sql, "series", "period", "number", "problem"),
    )


def _parts(of: Series) -> tuple[str, int, str]:
    """Return the pattern as SQL over a counter's period: before the number, its width, after it."""
    before, _brace, rest = of.pattern.partition("{n")
    width, _brace, after = rest.partition("}")

    def period(part: str) -> str:
        written = f"'{part}'"
        written = written.replace("{year}", "' || left(c.period, 4) || '")
        return "(" + written.replace("{month}", "' || right(c.period, 2) || '") + ")"

    return period(before), int(width.removeprefix(":0") or 1), period(after)
