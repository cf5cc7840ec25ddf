"""Every page on a database that never counted its rows: what a new house, or a restored one, is.

Without statistics the planner guesses, and a statement that is cheap by a lucky guess only takes a
minute on the day when the product is shown to somebody.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Engine, NullPool, event, text

from app.kit.database import statistics
from app.kit.database.prepared import NEVER_ANALYSED
from app.kit.database.session import db, make_engine, work
from app.kit.database.stamp import Role, Stamp, company_stamp
from tests.demo.conftest import DemoHouse
from tests.screens.bench import signed_in

# The demo fills some 1,500 blocks; without `tell`, a campaign's page touched many millions.
MOST_BLOCKS = 10_000

FORGET = """
    select pg_clear_relation_stats('public', c.relname::text),
        (select count(pg_clear_attribute_stats('public', c.relname::text, a.attname::text, false))
         from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')"""


@dataclass(frozen=True)
class Touched:
    """How many blocks one statement of a page touched."""

    blocks: int
    address: str
    statement: str


@pytest.fixture
def new_house(demo_house: DemoHouse) -> Iterator[DemoHouse]:
    """The demo as it is before anybody has counted its rows."""
    owner = make_engine(demo_house.owner_url, poolclass=NullPool)
    with work(Stamp(Role.OWNER), on=owner) as session:
        session.execute(text(FORGET))
        statistics.tell(session.connection())
    yield demo_house
    statistics.analyse(demo_house.owner_url)


def addresses(house: DemoHouse) -> Iterator[str]:
    """Every address that a GET opens, with the newest record of the demo where one is named."""
    screens = house.app.extensions["crm_screens"]
    with work(company_stamp(house.company)) as session:
        for rule in sorted(house.app.url_map.iter_rules(), key=str):
            if "GET" not in (rule.methods or set()) or rule.arguments - {"pk"}:
                continue
            values = {}
            if "pk" in rule.arguments:
                model = getattr(screens.get(rule.endpoint.partition(".")[0]), "model", None)
                if model is None:
                    continue
                values["pk"] = session.scalar(text(f"select max(id) from {model.__table__.name}"))
                if values["pk"] is None:
                    continue
            yield house.app.url_map.bind("localhost").build(rule.endpoint, values)


@contextmanager
def explained(engine: Engine, address: str) -> Iterator[list[Touched]]:
    """Collect how many blocks each SELECT inside the block touches, by running its EXPLAIN."""
    found: list[Touched] = []

    def explain(conn: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        words = statement.lower().split()
        if words[0] not in ("select", "with") or "from" not in words:
            return
        with conn.connection.cursor() as beside:
            beside.execute(f"explain (analyze, buffers, format json) {statement}", parameters)
            (plan,) = beside.fetchone()
        top = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
        blocks = top["Shared Hit Blocks"] + top["Shared Read Blocks"]
        found.append(Touched(blocks, address, statement))

    event.listen(engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", explain)


def test_no_page_of_a_new_house_runs_a_statement_that_explodes_without_statistics(
    new_house: DemoHouse,
):
    app, found, opened = new_house.app, [], 0
    with app.app_context(), signed_in(new_house.owner):
        for address in addresses(new_house):
            with explained(db.engine, address) as touched:
                answer = app.test_client().get(address)
            assert answer.status_code != 500, address
            opened += answer.status_code == 200
            found += touched
    assert opened > 200  # lists, records, forms and the API, not refusals
    assert [one for one in found if one.blocks > MOST_BLOCKS] == []


def test_the_first_start_on_a_restored_database_counts_its_rows(new_house: DemoHouse):
    assert never_analysed(new_house)
    statistics.analyse_new(new_house.owner_url)
    assert not never_analysed(new_house)


def test_the_demo_leaves_every_table_counted(demo_house: DemoHouse):
    assert not never_analysed(demo_house)


def never_analysed(house: DemoHouse) -> bool:
    owner = make_engine(house.owner_url, poolclass=NullPool)
    with owner.connect() as connection:
        return bool(connection.exec_driver_sql(f"select {NEVER_ANALYSED}").scalar())
