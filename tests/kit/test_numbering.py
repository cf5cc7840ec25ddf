"""Numbers of documents have no gaps, whoever takes them and whatever is rolled back."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.kit.database.session import make_engine, work
from app.kit.database.stamp import Stamp, company_stamp
from app.kit.numbering import NumberPeriod, Series, next_number

DAY = date(2026, 11, 21)
ORDERS = Series("test.order")
INVOICES = Series("test.invoice", "R-{year}-{n:04}", NumberPeriod.YEAR)
SLIPS = Series("test.slip", "{year}/{month}/{n}", NumberPeriod.MONTH)


def test_each_series_counts_for_itself_from_one(session: Session) -> None:
    assert [next_number(session, ORDERS, at=DAY) for _ in range(3)] == ["1", "2", "3"]
    assert next_number(session, INVOICES, at=DAY) == "R-2026-0001"


def test_a_series_begins_again_with_its_period(session: Session) -> None:
    days = [date(2026, 12, 31), date(2027, 1, 1), date(2026, 12, 31), date(2027, 1, 31)]
    assert [next_number(session, INVOICES, at=day) for day in days] == [
        "R-2026-0001",
        "R-2027-0001",
        "R-2026-0002",
        "R-2027-0002",
    ]
    assert [next_number(session, SLIPS, at=day) for day in days] == [
        "2026/12/1",
        "2027/01/1",
        "2026/12/2",
        "2027/01/2",
    ]


def test_the_year_is_the_stores_own(session: Session) -> None:
    late = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert next_number(session, INVOICES, at=late, zone="Europe/Berlin") == "R-2027-0001"
    assert next_number(session, INVOICES, at=late) == "R-2026-0001"


def test_a_rollback_gives_the_number_back(session: Session) -> None:
    next_number(session, ORDERS, at=DAY)
    lost = session.begin_nested()
    assert next_number(session, ORDERS, at=DAY) == "2"
    lost.rollback()
    assert next_number(session, ORDERS, at=DAY) == "2"


def test_another_company_counts_for_itself(
    session: Session,
    as_stamp: Callable[[Stamp], AbstractContextManager[Session]],
    other_company: int,
) -> None:
    next_number(session, ORDERS, at=DAY)
    with as_stamp(company_stamp(other_company)):
        assert next_number(session, ORDERS, at=DAY) == "1"
    assert next_number(session, ORDERS, at=DAY) == "2"


@pytest.mark.parametrize(
    ("pattern", "period", "missing"),
    [
        ("R", NumberPeriod.NEVER, "number"),
        ("{n}", NumberPeriod.YEAR, "year"),
        ("{month}-{n}", NumberPeriod.MONTH, "year"),
        ("{year}-{n}", NumberPeriod.MONTH, "month"),
    ],
)
def test_a_pattern_that_would_repeat_a_number_is_refused(
    pattern: str, period: NumberPeriod, missing: str
) -> None:
    with pytest.raises(ValueError, match=f"does not show the {missing}"):
        Series("test.bad", pattern, period)


class AbandonedError(Exception):
    """A transaction that somebody gave up."""


def test_eight_at_once_with_rollbacks_leave_no_gap_and_no_double(
    own_database: str, company: int
) -> None:
    engine = make_engine(own_database, pool_size=8)

    def sell(seed: int) -> list[int]:
        chance, taken = random.Random(seed), []
        for _ in range(50):
            try:
                with work(company_stamp(company), on=engine) as session:
                    number = int(next_number(session, ORDERS, at=DAY))
                    session.execute(text("select pg_sleep(:s)"), {"s": chance.random() / 500})
                    if chance.random() < 0.3:
                        raise AbandonedError  # noqa: TRY301 -- the rollback is the point
            except AbandonedError:
                continue
            taken.append(number)
        return taken

    with ThreadPoolExecutor(8) as pool:
        numbers = sorted(n for taken in pool.map(sell, range(8)) for n in taken)
    engine.dispose()
    assert numbers == list(range(1, len(numbers) + 1))
    assert 200 < len(numbers) < 400
