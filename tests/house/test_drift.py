"""The migrations make exactly the database that the models describe.

Checks, defaults, policies, grants and all.
"""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import NullPool, text

import config as settings
from app.assembly import ROOT
from app.deploy import _bare, migrate
from app.kit.database.catalogue import differences, snapshot
from app.kit.database.session import make_engine
from app.kit.database.stamp import Role
from app.kit.servers import TestServer


@pytest.fixture(scope="module")
def _migrated(
    server: TestServer, worker_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The name of a database that the migrations made, as a login that is no superuser; kept so."""
    name = f"migrated_{worker_name}"
    server.drop_database(name)
    server.create_database(name)
    migrate(config_of(server, name, tmp_path_factory.mktemp("migrated")))
    yield name
    server.drop_database(name)


@pytest.fixture
def migrated(server: TestServer, _migrated: str) -> Iterator[str]:
    """A copy of it, to be changed: to run the migrations takes ten times as long."""
    name = f"{_migrated}_copy"
    server.drop_database(name)
    server.create_database(name, template=_migrated)
    yield name
    server.drop_database(name)


@pytest.fixture(scope="module")
def worker_name(request: pytest.FixtureRequest) -> str:
    """A name of its own for each of the processes that pytest runs."""
    return str(getattr(request.config, "workerinput", {}).get("workerid", "alone"))


def config_of(server: TestServer, name: str, instance: Path) -> settings.Config:
    return replace(
        settings.load(),
        instance=instance,
        database_url=server.url(name),
        database_owner_url=server.url(name, "crm_migrate"),
        redis_url=server.redis_url,
    )


def look(server: TestServer, name: str) -> dict[str, str]:
    engine = make_engine(server.url(name, "crm_migrate"), poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"set local role {Role.OWNER}"))
        return snapshot(connection)


@pytest.mark.timeout(300)
def test_migrations_and_models_agree(server: TestServer, template: str, migrated: str) -> None:
    assert differences(look(server, template), look(server, migrated)) == []


@pytest.mark.timeout(300)
def test_of_two_memberships_of_an_employee_the_older_keeps_them(
    server: TestServer, migrated: str, tmp_path: Path
) -> None:
    asked = "select employee_id, version from membership order by id"
    found = brought_up(config_of(server, migrated, tmp_path), _TWO_AS_ONE, asked)
    assert found == [(1, 1), (None, 2), (2, 1), (None, 1), (None, 1)]


@pytest.mark.timeout(300)
def test_lines_that_were_removed_before_are_found_from_their_record_too(
    server: TestServer, migrated: str, tmp_path: Path
) -> None:
    asked = "select row_id, whole_id from audit_entry where row_id in (7, 8, 9) order by row_id"
    found = brought_up(config_of(server, migrated, tmp_path), _REMOVED, asked)
    assert found == [(7, 5), (7, 5), (8, None), (9, None)]


@pytest.mark.timeout(300)
def test_money_that_went_out_otherwise_before_stays_booked_and_goes_out_no_second_time(
    server: TestServer, migrated: str, tmp_path: Path
) -> None:
    asked = """
      select o.id, o.refunded / 10000, o.payment_state, w.method, coalesce(w.provider, '-'),
             w.received / 10000, w.returned / 10000, w.moved / 10000
        from orders o left join paid_by_way w on w.order_id = o.id
       order by o.id, w.id"""
    found = brought_up(config_of(server, migrated, tmp_path), _PAID_BEFORE, asked, at="0006")
    assert found == [
        # Paid by card and online, given back in cash: what went out is taken from both.
        (1, 120, "partly_paid", "card", "-", 100, 0, -100),
        (1, 120, "partly_paid", "online", "-", 50, 0, -20),
        (1, 120, "partly_paid", "cash", "-", 0, 120, 120),
        # More went out than ever came in: nothing is left by any way.
        (2, 500, "refunded", "card", "-", 10, 0, -10),
        (2, 500, "refunded", "cash", "-", 0, 500, 500),
        # Points had nothing behind them; a provider counts for itself too.
        (3, 0, "partly_paid", "other", "-", 30, 0, 0),
        (3, 0, "partly_paid", "transfer", "-", 20, 0, 0),
        (3, 0, "partly_paid", "transfer", "bank", 20, 0, 0),
        (4, 0, "nothing_due", None, "-", None, None, None),
        # A debt given up, and a discount given later: both change what is due.
        (5, 0, "nothing_due", None, "-", None, None, None),
        (6, 0, "overpaid", "card", "-", 60, 0, 0),
    ]


@pytest.mark.timeout(300)
def test_what_came_back_before_shares_out_its_order_and_has_the_cost_at_which_it_left(
    server: TestServer, migrated: str, tmp_path: Path
) -> None:
    asked = """
      select 'return ' || number, total_company from goods_return
      union all select 'client', returns_sum from client_figures
      union all select 'client of the store', returns_sum from client_store
      union all select 'day ' || business_date, returned from day_fact
      union all select 'cost ' || kind, unit_cost from movement
      order by 1"""
    found = brought_up(config_of(server, migrated, tmp_path), _RETURNED_BEFORE, asked, at="0017")
    assert found == [
        ("client", 612_400),
        ("client of the store", 612_400),
        ("cost return", 12_500),
        ("cost sale", 12_500),
        ("day 2026-11-02", 245_000),
        ("day 2026-11-03", 367_400),
        # Of 48.99 for four; what an order came to in part, and what names none, stays.
        ("return 1", 122_500),
        ("return 2", 122_500),
        ("return 3", 122_400),
        ("return 4", 122_500),
        ("return 5", 122_500),
        ("return 6", 33_300),
    ]


def brought_up(
    config: settings.Config, rows: str, asked: str, *, at: str = "0001"
) -> list[tuple[Any, ...]]:
    """What is asked of rows that were there before the migrations after `at`."""
    app = _bare(config)
    with app.app_context():
        downgrade(directory=str(ROOT / "migrations"), revision=at)
        engine = make_engine(config.database_owner_url or "", poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text(f"set local role {Role.OWNER}"))
            # They write and read what a later migration adds.
            for table, name in (
                ("membership", "audit_row"),
                ("perm_version", "crm_stays_administered"),
                ("movement", "stock_on_hand"),
            ):
                connection.execute(text(f"alter table {table} disable trigger {name}"))
            connection.exec_driver_sql(rows)
        upgrade(directory=str(ROOT / "migrations"))
        with engine.connect() as connection:
            connection.execute(text(f"set local role {Role.OWNER}"))
            return [tuple(row) for row in connection.execute(text(asked))]


_REMOVED = """
insert into company (slug, name) values ('ours', 'Ours');
insert into audit_entry (company_id, table_name, row_id, action, before) values
  (1, 'order_line', 7, 'delete', '{"order_id": 5}'),
  (1, 'order_line', 7, 'update', '{"quantity": 2}'),
  (1, 'order_line', 8, 'update', '{"order_id": 5}'),
  (1, 'brand', 9, 'delete', '{"name": "Rod"}');
"""

_PAID_BEFORE = """
set local row_security = off;
insert into company (slug, name) values ('ours', 'Ours');
insert into store (company_id, number, name) values (1, 'S', 'Shop');
insert into orders (company_id, store_id, number, status, placed_at, business_date, currency, goods,
  total, paid)
select 1, 1, n, case n when 4 then 'cancelled' else 'completed' end, now(), current_date, 'EUR',
  g * 10000, g * 10000, p * 10000
from (values (1, 150, 30), (2, 10, -490), (3, 80, 50), (4, 10, 0), (5, 60, 0), (6, 60, 60)) v(n, g, p);
insert into payment (company_id, store_id, order_id, direction, method, provider, status, amount,
  currency, business_date)
select 1, 1, o, d, m, p, 'settled', a * 10000, 'EUR', current_date
from (values (1, 'received', 'card', null, 100), (1, 'received', 'online', null, 50),
  (1, 'returned', 'cash', null, 120), (2, 'received', 'card', null, 10),
  (2, 'returned', 'cash', null, 500), (3, 'received', 'points', null, 30),
  (3, 'received', 'transfer', 'bank', 20), (6, 'received', 'card', null, 60)) v(o, d, m, p, a);
insert into adjustment (company_id, store_id, order_id, number, reason, description, amount, currency,
  amount_company, business_date)
select 1, 1, o, n, 'other', 'Later', a * 10000, c, a * 10000, current_date
from (values (5, 1, -60, 'EUR'), (6, 2, -10, 'EUR'), (6, 3, -5, 'USD')) v(o, n, a, c);
"""

# Four times 2000 yen, and one piece of another order; the third number of figures names no order.
_RETURNED_BEFORE = """
set local row_security = off;
select set_config('app.company_id', '1', true);
insert into company (slug, name, currency) values ('ours', 'Ours', 'EUR');
insert into store (number, name, currency) values ('S', 'Shop', 'JPY');
insert into client (name) values ('Ada');
insert into product (name) values ('Rod');
insert into variant (product_id, sku, name, price, currency) values (1, 'R', 'Rod', 20000000, 'JPY');
insert into orders (store_id, client_id, number, status, placed_at, business_date, currency, rate,
  goods, total, total_company, returned)
select 1, 1, n, 'completed', now(), current_date, 'JPY', 0.00612345, 80000000, 80000000, 489900, r
from (values (1, 80000000), (2, 20000000)) v(n, r);
insert into goods_return (store_id, client_id, order_id, number, status, returned_at, business_date,
  currency, rate, goods, total, total_company)
select 1, 1, o, n, 'received', date '2026-11-02' + n, date '2026-11-02' + n / 3, 'JPY', 0.00612345,
  20000000, 20000000, 122500
from (values (1, 1), (2, 1), (3, 1), (4, 1), (5, 2)) v(n, o);
insert into goods_return (store_id, number, status, returned_at, business_date, currency, rate,
  goods, total, total_company)
values (1, 6, 'received', now(), '2026-11-04', 'JPY', 0.00612345, 1, 1, 33300);
update client_figures set returns_count = 5, returns_sum = 612500;
update client_store set returns_count = 5, returns_sum = 612500;
insert into day_fact (business_date, store_id, country, orders, gross, returns, returned,
  adjustments, adjusted)
values ('2026-11-02', 1, '', 0, 0, 2, 245000, 0, 0), ('2026-11-03', 1, '', 0, 0, 3, 367500, 0, 0);
insert into movement (store_id, variant_id, kind, quantity, unit_cost, ref_kind, ref_id) values
  (1, 1, 'sale', -4, 12500, 'order', 1), (1, 1, 'return', 1, null, 'goods_return', 1);
"""

_TWO_AS_ONE = """
insert into company (slug, name) values ('ours', 'Ours');
insert into ab_user (first_name, last_name, username, email)
  select 'P', n, 'p' || n, 'p' || n from generate_series(1, 5) n;
insert into employee (company_id, last_name) values (1, 'A'), (1, 'B');
insert into membership (company_id, user_id, employee_id)
  select 1, n, (array[1, 1, 2, null, null])[n] from generate_series(1, 5) n;
"""


def test_what_a_migration_installs_is_all_that_the_application_needs():
    """A migration loads the models only: a function registered elsewhere would be missing."""
    script = (
        "from app import parts; from app.kit.database.sql_functions import FUNCTIONS;"
        " parts.load_models(); before = set(FUNCTIONS.names());"
        " import app.assembly; parts.load_kit_screens();"
        " [parts.load_room(room) for room in ('queries', 'operations', 'jobs', 'events', 'screens', 'api', 'extends')];"
        " print(sorted(set(FUNCTIONS.names()) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
