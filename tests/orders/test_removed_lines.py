"""The history of a document names the lines that were taken out of it, to whom they are open."""

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from sqlalchemy import NullPool, make_url, text

from app.kit.database.install.audit import is_audited
from app.kit.database.session import make_engine, psycopg2_url, work
from app.kit.database.stamp import Role, Stamp
from app.kit.screens.attrs import lines_of, table_of
from app.kit.screens.screen_registry import screens
from app.kit.security.permissions import asked_rights
from tests import factories
from tests.orders.test_screens import app
from tests.screens import bench

__all__ = ["app"]


@pytest.fixture
def everything(app) -> Iterator[set[tuple[str, str]]]:
    with app.app_context():
        yield set(asked_rights()) | {("read", guard) for guard in bench.GUARDS}


@pytest.fixture
def client(app, everything) -> Iterator:
    with bench.signed_in(bench.reader_with(everything)):
        yield app.test_client()


@pytest.fixture
def as_owner(app) -> Callable[[str], None]:
    """Return a function that does what nobody but the owner of the tables may."""
    url = make_url(psycopg2_url(app.config["CRM"].database_url)).set(username="crm_migrate")
    engine = make_engine(url.render_as_string(hide_password=False), poolclass=NullPool)

    def run(statement: str) -> None:
        with work(Stamp(Role.OWNER), on=engine) as session:
            session.execute(text(statement))

    return run


def receipt(*, company: int = 1) -> tuple[int, int, int]:
    """Make a goods receipt with two lines and take one out; the ids of it, the line and the store."""
    with bench.at_work(company) as session:
        one = factories.make_goods_receipt(session)
        kept, gone = (
            factories.make_goods_receipt_line(session, goods_receipt=one, unit_cost=Decimal(cost))
            for cost in ("3.21", "6.54")
        )
        ids = one.id, gone.id, one.store_id
        assert kept.id != gone.id
    with bench.at_work(company) as session:
        values = {"line": ids[1]}
        session.execute(
            text("update goods_receipt_line set quantity = 4321 where id = :line"), values
        )
    with bench.at_work(company) as session:
        session.execute(text("delete from goods_receipt_line where id = :line"), values)
    return ids


def history(client, pk: int) -> str:
    return bench.page(client, f"/goods-receipts/history/{pk}")


def test_a_removed_line_is_named_with_what_it_said_and_with_its_changes(client):
    pk, _line, _store = receipt()
    html = history(client, pk)
    assert html.count("A line was removed") == 1
    assert html.count("A line was changed") == 1
    assert html.count("4,321") == 2
    assert "6.54" in html
    assert "3.21" not in html
    with bench.at_work() as session:
        variant = session.scalar(text("select name from variant order by id desc limit 1"))
    assert variant in html
    assert "Goods receipt" not in html  # it is the page


def test_of_a_removed_line_nobody_reads_what_they_may_not_of_one_that_is_there(client, everything):
    pk, _line, _store = receipt()
    with bench.signed_in(bench.reader_with(everything - {("read", "costs")})):
        html = history(client, pk)
    assert "A line was removed" in html
    assert "4,321" in html
    assert "6.54" not in html


def test_a_line_that_was_another_stores_is_not_named_to_people_of_one_store(client, everything):
    pk, _line, store = receipt()
    ours = bench.reader_with(everything, store_ids=(store,))
    with bench.signed_in(ours):
        assert "A line was removed" in history(client, pk)
    with bench.at_work() as session:
        other = factories.make_store(session).id
        # As if the document had been the other store's when the line was taken out of it.
        gone, _line, _store = receipt()
        session.execute(
            text("update goods_receipt set store_id = :s where id = :pk"), {"s": other, "pk": gone}
        )
    with bench.signed_in(bench.reader_with(everything, store_ids=(other,))):
        html = history(client, gone)
    assert "A line was" not in html
    assert "A line was removed" in history(client, gone)


def test_another_companys_removed_line_is_not_named_though_the_numbers_agree(client, as_owner):
    theirs, _line, _store = receipt(company=2)
    with bench.at_work() as session:
        other = factories.make_goods_receipt(session).id
    as_owner(
        "insert into audit_entry (company_id, table_name, row_id, whole_id, action, before)"
        f" values (2, 'goods_receipt_line', 987654, {other}, 'delete', jsonb_build_object('quantity', 5678))"
    )
    assert "5,678" not in history(client, other)
    assert "A line was" not in history(client, other)
    assert client.get(f"/goods-receipts/history/{theirs}").status_code == 404


def test_lines_of_every_form_say_what_they_are_lines_of(app):
    with app.app_context():
        found = {
            (screen.name, one.name): table_of(child).info.get("line_of") == link
            for screen in screens().values()
            for one in screen.lines
            for child, link in [lines_of(screen.model, one.name)]
            if is_audited(table_of(child))
        }
    assert len(found) >= 4
    assert all(found.values()), found


def test_what_is_removed_is_found_by_an_index_not_by_reading_the_trail(client, as_owner):
    as_owner(
        "insert into audit_entry (company_id, table_name, row_id, whole_id, action, before, at)"
        " select 1, 'order_line', n, case when n % 10 = 0 then n / 20 end,"
        " case when n % 10 = 0 then 'delete' else 'update' end, '{}',"
        " now() + n % 90 * interval '1 day' from generate_series(1, 30000) n"
    )
    with bench.at_work() as session:
        plan = "\n".join(
            session.scalars(
                text(
                    "explain select row_id from audit_entry where table_name = 'order_line'"
                    " and whole_id = 77 order by at desc limit 500"
                )
            )
        )
    asked = [line.strip() for line in plan.splitlines() if "whole_id = 77" in line]
    assert asked, plan
    assert all(line.startswith("Index Cond") for line in asked), plan
