"""A status goes its ways only, whoever tries: in the database as in the operations."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import pytest
from flask import Flask
from sqlalchemy import Connection, NullPool, Table, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.kit.choices import can_move, choices_of
from app.kit.database.install import transitions
from app.kit.database.model import Model
from app.kit.database.session import make_engine
from tests.factories import make_certificate

DOCUMENTS = sorted(one.name for one in Model.metadata.tables.values() if "transitions" in one.info)


def told(table: Table) -> set[str]:
    """The moves that the trigger of a table allows."""
    made = next(one for one in transitions.statements(table) if one.startswith("create trigger"))
    words = made[made.index("crm_refuse_move(") :].split("'")[1::2]
    return set(words[1:])


def test_each_document_goes_the_ways_of_its_operations(built_app: Flask) -> None:
    assert built_app
    assert {"orders", "payment"} < set(DOCUMENTS)
    for name in DOCUMENTS:
        table = Model.metadata.tables[name]
        [(column, ways)] = table.info["transitions"].items()
        members = choices_of(table.c[column])
        assert members is not None
        pairs = {f"{a}>{b}" for a, b in permutations(members, 2) if can_move(a, ways, b)}
        assert told(table) == pairs, name


@pytest.fixture
def owner(owner_url: str) -> Iterator[Connection]:
    """Whoever may make tables; all of it is undone."""
    engine = make_engine(owner_url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("set role crm_owner"))
        yield connection
        connection.rollback()
    engine.dispose()


@pytest.mark.parametrize("table", DOCUMENTS)
def test_the_database_refuses_every_other_way(owner: Connection, table: str) -> None:
    """On a row of its own kind without its other rules: a bare copy with the same trigger."""
    ways = Model.metadata.tables[table].info["transitions"]["status"]
    members = choices_of(Model.metadata.tables[table].c.status)
    assert members is not None
    owner.execute(text("create table document (status text)"))
    [made] = [
        one
        for one in transitions.statements(Model.metadata.tables[table])
        if one.startswith("create trigger")
    ]
    owner.execute(text(made.replace(f'"{table}"', "document")))
    for present, wanted in permutations(members, 2):
        owner.execute(text("delete from document"))
        owner.execute(text("insert into document values (:it)"), {"it": present})
        move = text("update document set status = :it")
        if can_move(present, ways, wanted):
            owner.execute(move, {"it": wanted})
            continue
        with pytest.raises(DBAPIError, match="does not go"), owner.begin_nested():
            owner.execute(move, {"it": wanted})


def test_a_sold_certificate_is_no_draft_again(session: Session) -> None:
    """Back as a draft its amount and code could be written anew."""
    made = make_certificate(session)
    assert made.status == "active"
    with pytest.raises(DBAPIError, match="status of certificate does not go active>draft"):
        session.execute(text("update certificate set status = 'draft'"))
