"""What two web processes may disagree about: for how long a whole table stays "more than 10,000"."""

import pytest
from sqlalchemy import text

from app.kit.screens import counting
from tests.screens.bench import EVERYTHING, at_work, page, reader_with, signed_in

MANY = 10_001
BRANDS = "/bench-brands/list/"


@pytest.fixture
def moment(monkeypatch):
    """Return the clock of this process, as a list of one number of seconds."""
    now = [1000.0]
    monkeypatch.setattr(counting.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(counting, "_full", {})
    return now


@pytest.fixture
def full(client, everything, moment):
    """A list that this process knows as full, and that has been cut to two rows since."""
    with at_work() as session:
        session.execute(
            text("insert into brand (name) select 'B' || n from generate_series(1, :n) n"),
            {"n": MANY},
        )
    assert counts(client)
    with at_work() as session:
        session.execute(text("delete from brand where name not in ('B1', 'B2')"))
    return client


def counts(client, url: str = BRANDS) -> bool:
    """Whether the list says that it has more than anybody counts."""
    # Once it stands among the words of the scripts.
    return page(client, url).count("more than 10,000") > 1


def test_the_process_that_knew_it_says_so_for_a_minute_and_then_the_truth(full, moment):
    assert counts(full)
    moment[0] += counting.KEPT - 0.001
    assert counts(full)
    moment[0] += 0.001
    assert not counts(full)
    assert not counts(full)


def test_another_process_says_the_truth_at_once(full, monkeypatch):
    monkeypatch.setattr(counting, "_full", {})
    assert not counts(full)


def test_what_is_narrowed_is_always_counted(full):
    for query in ("f.name.starts=B", "q=B1", "f.archived.is=all"):
        assert not counts(full, f"{BRANDS}?{query}"), query


def test_nobody_else_is_told_of_it(full):
    # Another company, and people of some stores: their rows are others.
    with signed_in(reader_with(set(EVERYTHING), company_id=2)):
        assert not counts(full)
    for stores in ((1,), (1, 2)):
        with signed_in(reader_with(set(EVERYTHING), store_ids=stores)):
            assert not counts(full)
    assert counts(full)
