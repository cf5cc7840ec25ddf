"""The walk over the catalogue finds nothing, and finds what somebody opens by hand."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, NullPool, text

from app.kit.database import install
from app.kit.database.catalogue import differences, snapshot, violations
from app.kit.database.install import audit_policies, visibility
from app.kit.database.install.rules import store_key
from app.kit.database.model import Model
from app.kit.database.session import make_engine
from app.kit.database.stamp import BOUND_ROLES, Role


@pytest.fixture
def owner(owner_url: str) -> Iterator[Connection]:
    """A connection as crm_owner whose changes are rolled back."""
    engine = make_engine(owner_url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"set local role {Role.OWNER}"))
        yield connection
        connection.rollback()


def test_the_catalogue_shows_nothing_open(owner: Connection) -> None:
    assert violations(owner, Model.metadata) == []


@pytest.mark.parametrize(
    ("by_hand", "found"),
    [
        ("alter table client disable row level security", "table client has company_id and no row"),
        ("drop policy crm_app_rows on client", "client for crm_app"),
        ("alter table client force row level security", "forces row security"),
        (
            (
                "drop policy crm_app_rows on client;"
                " create policy crm_app_rows on client to crm_app using (true)"
            ),
            "policy client.crm_app_rows does not ask for the company",
        ),
        (
            (
                "drop policy crm_store_rows on orders; create policy crm_store_rows on orders"
                " to crm_store using (company_id = current_setting('app.company_id')::bigint)"
            ),
            "policy orders.crm_store_rows of somebody bound does not ask for the store",
        ),
        # Said to nobody in particular, a policy is for everybody.
        ("create policy leak on client using (true)", "client.leak does not ask for the company"),
        (
            "create policy leak on orders using (company_id = current_setting('app.company_id')::bigint)",
            "policy orders.leak of somebody bound does not ask for the store",
        ),
        (
            (
                "drop policy crm_app_rows on client;"
                " create policy crm_app_rows on client to crm_app using"
                " (company_id = current_setting('app.company_id')::bigint) with check (true)"
            ),
            "policy client.crm_app_rows does not ask for the company",
        ),
        (
            (
                "create policy leak on client to crm_app using"
                " (company_id = current_setting('app.company_id')::bigint or made_up)"
            ),
            "policy client.leak has an OR",
        ),
        (
            "create table leak (id bigint); grant select on leak to crm_app",
            "leak for crm_app is open and has no row-level security",
        ),
        (
            "create table leak (id bigint); grant select (id) on leak to crm_store",
            "leak for crm_store is open and has no row-level security",
        ),
        (
            (
                "set local role crm_search; create function search.client(text) returns int"
                " language sql security definer set search_path = public as 'select 1';"
                " set local role crm_owner"
            ),
            "function search.client is SECURITY DEFINER and not registered",
        ),
        (
            (
                "create schema leak; create function leak.leak() returns int language sql"
                " security definer set search_path = public as 'select 1'"
            ),
            "function leak.leak is SECURITY DEFINER and not registered",
        ),
        ("create view leak as select * from client", "view leak is not security_invoker"),
        ("create view bound.leak as select 1", "view leak is not security_invoker"),
        (
            (
                "drop policy crm_store_clients_rows on contact_point; create policy"
                " crm_store_clients_rows on contact_point to crm_store_clients"
                " using (company_id = current_setting('app.company_id')::bigint)"
            ),
            "policy contact_point.crm_store_clients_rows does not ask who sees what the row names",
        ),
        (
            (
                "drop policy crm_own_clients_rows on orders; create policy"
                " crm_own_clients_rows on orders to crm_own_clients using (company_id ="
                " current_setting('app.company_id')::bigint and store_id ="
                " current_setting('app.store_ids')::bigint)"
            ),
            "policy orders.crm_own_clients_rows does not ask who sees what the row names",
        ),
        (
            (
                "create table leak (id bigint, company_id bigint, client_id bigint, foreign key"
                " (company_id, client_id) references client (company_id, id));"
                " alter table leak enable row level security; grant select on leak to"
                " crm_store_clients; create policy leak on leak to crm_store_clients"
                " using (company_id = current_setting('app.company_id')::bigint)"
            ),
            "policy leak.leak does not ask who sees what the row names",
        ),
        (
            "create materialized view leak as select * from client; grant select on leak to crm_app",
            "materialised view leak is granted",
        ),
        ("create unique index leak on client (number)", "unique key leak does not begin"),
        (
            "create function leak() returns int language sql security definer as 'select 1'",
            "function public.leak is SECURITY DEFINER and not registered",
        ),
        (
            "create function leak() returns int language sql security definer as 'select 1'",
            "function leak is SECURITY DEFINER without SET search_path",
        ),
        (
            (
                "create table leak (id bigint, company_id bigint,"
                " membership_id bigint references membership(id))"
            ),
            "does not carry the company",
        ),
        (
            "create table leak (id bigint primary key, company_id bigint not null)",
            "primary key of leak does not begin with company_id",
        ),
        (
            "alter table client alter column id set generated by default",
            "id of client may be given by whoever writes the row",
        ),
        (
            "create table leak (id bigint, company_id bigint)",
            "table leak has company_id and no row-level security",
        ),
    ],
)
def test_what_is_opened_by_hand_is_found(owner: Connection, by_hand: str, found: str) -> None:
    owner.exec_driver_sql(by_hand)
    assert found in "\n".join(violations(owner, Model.metadata))


# These hang on a row of a store and are still the company's, each with the reason.
OF_THE_COMPANY = {
    "certificate": "is good in every store, wherever it was sold",
    "client": "is bound to stores only where the company says so",
    "client_employee": "says whose client somebody is, in whatever store",
    "employee_store": "says in which other stores somebody works",
    "invitation": "is read by those who administer people",
    "lot": "is spent in every store; the store is that of its origin",
    "membership": "is read by those who administer people",
    "value_entry": "is one line of a balance that every store reads",
}


def test_a_row_that_hangs_on_a_row_of_a_store_carries_the_store() -> None:
    tables = Model.metadata.tables
    open_ones = {
        table.name
        for table in tables.values()
        for column in table.c
        if "link" in column.info and store_key(tables[column.info["link"]]) and not store_key(table)
    }
    assert open_ones == set(OF_THE_COMPANY)


# Name a client, or a row that does, and are not read by who sees the client; each with the reason.
NOT_BY_CLIENT = {
    "adjustment": "is a document of its store",
    "goods_return": "is a document of its store, where the client is one by it",
    "orders": "is a document of its store, where the client is one by it",
    "payment": "is a document of its store",
    "audit_entry": "is read with its record (install/audit_policies.py)",
    "event": "is read by whoever has the right to the log, of the own stores",
    "job": "says only for which record work was started",
    "paid_by_way": "is a sum of payments of its store",
    "order_line": "is a line of a document of its store",
    "return_line": "is a line of a document of its store",
}


def test_what_names_a_client_is_read_by_whoever_sees_the_client() -> None:
    """Found by the columns' names as well, so that a link without a key is found too."""
    tables = Model.metadata.tables
    named = {
        table.name
        for table in tables.values()
        for column in table.c
        if column.name == "client_id" or column.info.get("link") == "client"
    }
    following = {
        table.name
        for table in tables.values()
        if visibility.keys(table) and not visibility.read_as_the_stores(table)
    }
    beneath = {
        table.name
        for table in tables.values()
        for column in table.c
        if column.info.get("link") in following and "follows" not in table.info
    }
    assert named - following - set(NOT_BY_CLIENT) == set()
    assert beneath - following - set(NOT_BY_CLIENT) == set(), "say what they follow"


def test_install_run_again_changes_nothing(owner: Connection) -> None:
    before = snapshot(owner)
    owner.execute(text("reset role"))
    assert not install.install(owner)
    assert install.install(owner, force=True)
    owner.execute(text(f"set local role {Role.OWNER}"))
    assert differences(before, snapshot(owner)) == []


def test_for_a_migration_nobody_bound_reads_the_trail_and_install_lets_them_again(
    owner: Connection,
) -> None:
    before = snapshot(owner)
    audit_policies.lift(owner)
    there = "select policyname from pg_policies where tablename = 'audit_entry'"
    left = set(owner.scalars(text(there)))
    assert left & {f"{role}_rows" for role in BOUND_ROLES} == set()
    assert f"{Role.APP}_rows" in left
    owner.execute(text("reset role"))
    install.install(owner, force=True)
    owner.execute(text(f"set local role {Role.OWNER}"))
    assert differences(before, snapshot(owner)) == []
