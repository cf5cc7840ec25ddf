"""Every constraint of every table refuses in a sentence, at the attribute that is at fault.

A new one gets both from its name. Where it compares several columns that people type, only a
domain can say which of them is wrong: `say(name, sentence, field)` in its extends.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, PrimaryKeyConstraint, Table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapper

from app.kit.database.model import Model
from app.kit.screens.attrs import table_of
from app.kit.screens.dberrors import SAID, as_refusal, checked_columns, refusal_of
from app.kit.screens.screen_registry import screens
from app.kit.security.manager import become
from tests.house.test_forms import offered
from tests.screens.base import all_rights
from tests.screens.bench import reader_with


def ours() -> list[Table]:
    """Our own tables; Flask-AppBuilder's are written by its own forms."""
    return [one for one in Model.metadata.tables.values() if not one.name.startswith("ab_")]


def named() -> Iterator[tuple[Table, str, str]]:
    """(table, name, SQLSTATE) of every constraint and unique index."""
    for table in ours():
        for one in table.constraints:
            if isinstance(one, CheckConstraint):
                yield table, str(one.name), "23514"
            elif isinstance(one, ForeignKeyConstraint):
                if set(one.column_keys) != {"company_id"}:  # the policies' matter, typed by nobody
                    yield table, str(one.name), "23503"
            elif not isinstance(one, PrimaryKeyConstraint):
                columns = {column.name for column in getattr(one, "columns", ())}
                if columns - {"company_id", "id"}:
                    yield table, str(one.name), "23505"
        yield from ((table, str(one.name), "23505") for one in table.indexes if one.unique)


def attributes(table: Table) -> set[str]:
    """What a field of the table may be called."""
    mappers: list[Mapper[Any]] = [m for m in Model.registry.mappers if m.local_table is table]
    keys = [*table.c.keys(), *(one.key for m in mappers for one in m.attrs)]
    return {part for key in keys for part in (key, key.removesuffix("_id"))}


def test_every_constraint_names_an_attribute_and_reads_as_a_sentence(built_app: Flask) -> None:
    walked = 0
    with built_app.test_request_context():
        for table, name, state in named():
            refused = refusal_of(state, table.name, name)
            assert refused.field in attributes(table), (name, refused.field)
            assert str(refused.message).endswith("."), name
            walked += 1
    assert walked > 300


def test_a_check_over_several_columns_that_people_type_is_said_by_its_domain(
    built_app: Flask,
) -> None:
    typed: dict[str, set[str]] = {}
    with built_app.test_request_context():
        become(reader_with(all_rights(built_app)))
        for screen in screens().values():
            for attr in offered(screen):
                typed.setdefault(attr.column.table.name, set()).add(attr.column.name)
    assert "supplier" in typed
    silent = [
        str(one.name)
        for table in ours()
        for one in table.constraints
        if isinstance(one, CheckConstraint)
        and len({c.name for c in checked_columns(table, one)} & typed.get(table.name, set())) > 1
        and str(one.name) not in SAID
    ]
    assert silent == [], sorted(silent)


def refusal_by_database(state: str, **told: str) -> IntegrityError:
    """What the driver raises, as far as it is read."""
    original = Exception()
    original.sqlstate = state  # type: ignore[attr-defined]
    original.diag = SimpleNamespace(**told)  # type: ignore[attr-defined]
    return IntegrityError("statement", {}, original)


@pytest.mark.parametrize(
    ("state", "told", "field", "sentence"),
    [
        ("23502", {"table_name": "client", "column_name": "name"}, "name", "“Name” is needed."),
        ("23503", {"table_name": "variant", "constraint_name": "fk_variant_product_id"}, "product", "does not exist"),
        ("23505", {"table_name": "supplier_product", "constraint_name": "uq_supplier_product_company_id_supplier_id_code"}, "code", "already used"),
        ("23505", {"table_name": "contact_point", "constraint_name": "uq_contact_point_of_client"}, "value", "has this already"),
        ("23514", {"table_name": "employee", "constraint_name": "ck_employee_dates"}, "left_on", ""),
        ("54000", {"message_primary": 'index row size 3016 exceeds btree version 4 maximum 2704 for index "uq_brand_company_id_name"'}, "name", "too long"),
        ("23503", {"table_name": "variant", "constraint_name": "fk_variant_product_id", "message_primary": 'update or delete on table "product" violates'}, None, "still refer"),
    ],
)  # fmt: skip
def test_what_the_database_refuses_is_told_at_its_field(
    built_app: Flask, state: str, told: dict[str, str], field: str | None, sentence: str
) -> None:
    with built_app.test_request_context():
        refused = as_refusal(refusal_by_database(state, **told))
        assert refused is not None
        assert (refused.field, sentence in str(refused.message)) == (field, True), refused.message


def test_screens_show_tables_that_are_walked(built_app: Flask) -> None:
    with built_app.app_context():
        shown = {table_of(one.model).name for one in screens().values()}
    assert shown <= {table.name for table in ours()}
