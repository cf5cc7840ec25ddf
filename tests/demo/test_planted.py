"""One wrong value in every figure of the books, planted by the owner of the tables.

Each is refused by the database or found by `flask crm check`: nobody has to believe a figure. What
people type and nothing follows from is named in `typed.txt`, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Connection, NullPool, String, Table
from sqlalchemy.exc import DBAPIError

from app.kit.choices import choices_of
from app.kit.database.model import Model
from app.kit.database.session import make_engine, work
from app.kit.database.stamp import company_stamp
from app.kit.money import is_money
from app.kit.registry import invariants
from tests.demo.books import write_books
from tests.demo.conftest import DemoHouse

COMPANY = 1
# The tables in which figures stand. Every other table of a company is named in typed.txt.
BOOKS = (
    "adjustment",
    "certificate",
    "certificate_balance",
    "client_fact",
    "client_figures",
    "client_store",
    "consent_current",
    "consent_event",
    "day_fact",
    "expense",
    "expense_balance",
    "expense_payment",
    "given_for_return",
    "goods_receipt",
    "goods_receipt_line",
    "goods_return",
    "lot",
    "lot_balance",
    "movement",
    "number_counter",
    "order_line",
    "orders",
    "paid_by_way",
    "payment",
    "product_fact",
    "reservation_entry",
    "return_line",
    "stock_balance",
    "value_entry",
)
_NO_FIGURE = {
    "id", "company_id", "version", "created_at", "created_by", "changed_at", "changed_by",
    "archived_at", "change_id",
}  # fmt: skip


def _typed() -> dict[str, str]:
    lines = (Path(__file__).parent / "typed.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split(" ", 1) for line in lines if line and not line.startswith("#"))
    return dict(pairs)


TYPED = _typed()


def figures() -> Iterator[Column[Any]]:
    for name in BOOKS:
        for column in Model.metadata.tables[name].c:
            if column.name in _NO_FIGURE or column.computed is not None:
                continue
            if f"{name}.{column.name}" not in TYPED:
                yield column


@pytest.fixture(scope="module")
def books(demo_house: DemoHouse) -> Iterator[Connection]:
    """A connection that may be anybody, on books in which everything agrees."""
    with demo_house.app.app_context():
        with work(company_stamp(COMPANY)) as session:
            # Twice, so that every key has another record that it could point to.
            for shop in ("one", "two"):
                write_books(session, shop)
        # Not the login of migrations: it may not become the application's role.
        url = demo_house.owner_url.replace("crm_migrate@", "postgres@")
        engine = make_engine(url, poolclass=NullPool)
        with engine.connect() as connection:
            yield connection


def others(column: Column[Any]) -> list[str]:
    """SQL for values that the column may hold, and does not hold now; of figures also near ones."""
    name = f'"{column.name}"'
    near: tuple[str, ...] = ()
    if is_money(column):
        # The finest of a price, and the coin of most currencies: rounding may hide both.
        near = ("1", "100")
    elif column.type.python_type is Decimal:
        near = ("0.0001",)
    return [another(column), *(f"{name} + {step}" for step in near)]


def another(column: Column[Any]) -> str:
    name, kind = f'"{column.name}"', column.type
    choices = choices_of(column)
    if "link" in column.info:
        target = f'select id from "{column.info["link"]}" where company_id = {COMPANY}'
        return f"({target} and id <> {name} order by id limit 1)"
    if choices is not None:
        values = ", ".join(f"'{one.value}'" for one in choices)
        return f"(select v from unnest(array[{values}]) v where v <> {name} limit 1)"
    if isinstance(kind, String) and kind.length in _CODES:
        one, other = _CODES[kind.length]
        return f"case {name} when '{one}' then '{other}' else '{one}' end"
    return _OTHER[str if isinstance(kind, String) else kind.python_type].format(name)


_CODES = {2: ("SE", "FI"), 3: ("USD", "CHF")}
# Of money, an integer in the database, a whole unit.
_OTHER = {
    Decimal: "{0} + case when abs({0}) < 1000 then 1 else 10000 end",
    int: "{} + 1",
    bool: "not {}",
    date: "{} - 1",
    datetime: "{} - interval '40 days'",
    str: "{} || '9'",
    object: "jsonb_build_object('planted', 1)",
}


# What is still being typed, or still waits for somebody to say that it has happened.
_OPEN = {"payment": "status <> 'settled'"}


def kind_of_row(table: Table) -> str:
    """SQL for what tells rows apart that are guarded in another way: how far a document is."""
    if "line_of" in table.info:
        key = table.c[table.info["line_of"]]
        document = key.info["link"]
        return f'(select status from "{document}" d where d.id = "{table.name}"."{key.name}")'
    return "status" if "status" in table.c else "''"


def rows_of(connection: Connection, table: Table, where: str = "true") -> list[str]:
    """Return where one row of each kind is, of those that stand."""
    stands = f"not ({_OPEN.get(table.name, 'false')})"
    found = connection.exec_driver_sql(
        f"select distinct on (kind_of_row) ctid::text from"
        f' (select ctid, {kind_of_row(table)} as kind_of_row, * from "{table.name}") t'
        f" where company_id = {COMPANY} and kind_of_row <> 'draft' and {stands} and {where}"
        " order by kind_of_row, ctid"
    )
    return list(found.scalars())


def plants(connection: Connection, column: Column[Any]) -> list[str]:
    """Return statements that put each of some wrong values into one row of each kind."""
    table = f'"{column.table.name}"'
    made = []
    for wrong in others(column):
        there = f'"{column.name}" is not null and ({wrong}) is not null'
        made += [
            f"update {table} set \"{column.name}\" = {wrong} where ctid = '{row}'"
            for row in rows_of(connection, column.table, there)
        ]
    return made


def found_by(connection: Connection) -> str | None:
    """Return the first invariant that the company breaks, as `flask crm check` asks for them."""
    connection.exec_driver_sql("set local role crm_app")
    connection.exec_driver_sql(f"select set_config('app.company_id', '{COMPANY}', true)")
    for invariant in invariants:
        if connection.execute(invariant.offending().limit(1)).first() is not None:
            return invariant.name
    return None


def test_the_books_agree_before_anything_is_planted(books):
    with books.begin() as transaction:
        assert found_by(books) is None
        transaction.rollback()


def test_every_fault_in_the_books_is_refused_or_found(books):
    unnoticed, unplanted = [], []
    for column in figures():
        with books.begin() as transaction:
            statements = plants(books, column)
            transaction.rollback()
        if not statements and not column.table.info.get("books"):
            # A ledger's columns are all fixed: tests/kit/database/test_fixed.py.
            unplanted.append(str(column))
        unnoticed += [one for one in statements if not is_noticed(books, one)]
    assert unnoticed == [], (
        "what people type gets a line in typed.txt; what follows, an invariant; what stays, fixed"
    )
    assert unplanted == [], "write_books makes no row with these"


# Made anew from what they follow from, or said by a person.
_MAY_GO: set[str] = set()


def test_every_row_that_is_taken_out_of_the_books_is_missed(books):
    missing = []
    for name in sorted(set(BOOKS) - _MAY_GO):
        table = Model.metadata.tables[name]
        with books.begin() as transaction:
            rows = rows_of(books, table)
            transaction.rollback()
        taken = (f"delete from \"{name}\" where ctid = '{row}'" for row in rows)
        missing += [one for one in taken if not is_noticed(books, one)]
    assert missing == []


# What was said to be well by `flask crm check`, as it was said.
REPORTED = {
    "a negative paid sum": "update orders set paid = -10000 where id = {order}",
    "a payment state": "update orders set payment_state = 'unpaid' where id = {order}",
    "a certificate payment without its entry": "delete from value_entry where reason = 'spent'",
    "a receipt line": "update goods_receipt_line set quantity = quantity + 1, amount = amount + unit_cost",
    "a discount": "update orders set discount = discount + 10000 where id = {order}",
    "a payment's currency": "update payment set currency = 'CHF' where order_id = {order}",
    "a payment's day": "update payment set business_date = business_date - 1 where order_id = {order}",
    "a certificate": "update certificate set amount = amount + 10000",
    "a number": "update orders set number = number || '0' where id = {order}",
    "a fact of a day": "update day_fact set orders = orders + 1",
    "a fact of a product": "update product_fact set units = units + 1",
    "a balance that is gone": "delete from lot_balance",
    "a balance of stock that is gone": "delete from stock_balance",
    "a certificate's balance that is gone": "delete from certificate_balance",
    "an expense's balance that is gone": "delete from expense_balance",
    "what was given for a return that is gone": "delete from given_for_return",
    "a counter that is gone": "delete from number_counter where series = 'order'",
    "a return's line without its origin": "update return_line set order_line_id = null",
    "an expense after it was approved": "update expense set amount = amount * 10, tax = tax * 10",
    "a sale of no order": (
        "insert into movement (company_id, store_id, variant_id, kind, quantity, at)"
        " select company_id, store_id, variant_id, 'sale', -1, at from movement"
        " where company_id = 1 limit 1"
    ),
    "a spending for nothing": (
        "insert into value_entry (company_id, lot_id, certificate_id, reason, amount, at)"
        " select company_id, lot_id, certificate_id, 'spent', -1, at from value_entry"
        " where company_id = 1 limit 1"
    ),
    "a coin of tax from one line to another": (
        "alter table order_line disable trigger fixed_with;"
        " update order_line l set tax = l.tax + m.coins from (select id,"
        " case row_number() over (order by id) when 1 then 100 when 2 then -100 end coins"
        " from order_line where order_id = (select order_id from order_line"
        "  where company_id = 1 and tax >= 100 group by 1 having count(*) > 1 limit 1)"
        " and tax >= 100) m where m.id = l.id and m.coins is not null"
    ),
    "goods sent that arrived nowhere": (
        "insert into movement (company_id, store_id, variant_id, kind, quantity, at)"
        " select company_id, store_id, variant_id, 'transfer', 1, at from movement"
        " where company_id = 1 limit 1"
    ),
    "goods held back for nobody": (
        "insert into reservation_entry (company_id, store_id, variant_id, quantity, ref_kind,"
        " ref_id) select company_id, store_id, variant_id, 1, 'nobody', 1 from movement"
        " where company_id = 1 and kind = 'stocktake' limit 1"
    ),
    "goods held back for an order that is not there": (
        "insert into reservation_entry (company_id, store_id, variant_id, quantity, ref_kind,"
        " ref_id) select company_id, store_id, variant_id, 1, 'order', 0 from movement"
        " where company_id = 1 and kind = 'stocktake' limit 1"
    ),
    "a certificate corrected by nobody": (
        "insert into value_entry (company_id, lot_id, certificate_id, reason, amount, at)"
        " select company_id, lot_id, certificate_id, 'corrected', 1, at from value_entry"
        " where company_id = 1 limit 1"
    ),
    "a certificate that expired by itself": (
        "insert into value_entry (company_id, lot_id, certificate_id, reason, amount, at)"
        " select company_id, lot_id, certificate_id, 'expired', -1, at from value_entry"
        " where company_id = 1 limit 1"
    ),
    "the holder of what a certificate holds": (
        "update lot set client_id = (select max(id) from client where company_id = 1)"
        " where company_id = 1 and client_id is not null"
    ),
    "a paid expense that is a draft again": (
        "update expense set status = 'draft' where id = (select max(expense_id)"
        " from expense_payment where company_id = 1)"
    ),
    "a payment of a draft": (
        "insert into expense_payment (company_id, expense_id, method, amount)"
        " select 1, id, 'cash', 100 from expense where company_id = 1 and status = 'draft' limit 1"
    ),
    "a payment that waits and is gone": (
        "delete from payment where company_id = 1 and status = 'pending'"
    ),
    "the price of what came back": "update return_line set unit_price = unit_price + 1",
    "a discount of what came back": "update return_line set discount = discount + 100",
    "the finest of a price": "update order_line set unit_price = unit_price + 1",
    "the rate of a tax": "update order_line set tax_rate = tax_rate + 0.0001",
    "the cost of a service": (
        "update order_line set cost = coalesce(cost, 0) + 10000 where company_id = 1"
        " and not stocked and kind = 'goods'"
    ),
    "the cost of what waits": (
        "update order_line set cost = coalesce(cost, 0) + 10000 where company_id = 1"
        " and order_id in (select id from orders where status = 'confirmed')"
    ),
    "the country of an order that was called off": (
        "update orders set country = 'SE' where company_id = 1 and status = 'cancelled'"
    ),
    "the client of an order that was called off": (
        "update orders set client_id = null where company_id = 1 and status = 'cancelled'"
    ),
    "what was called off": (
        "update order_line set stocked = not stocked where company_id = 1"
        " and order_id in (select id from orders where status = 'cancelled')"
    ),
    "an adjustment": "update adjustment set amount = amount - 10000, amount_company = amount_company - 10000",
    "a fact while another day is still owed": (
        "update day_fact set orders = orders + 1;"
        " insert into event (company_id, name, data) select 1, 'order.placed',"
        " jsonb_build_object('store_id', store_id, 'business_date', '1999-01-01') from day_fact limit 1;"
        " insert into event_delivery (company_id, event_id, subscriber, state)"
        " select 1, max(id), 'insights.facts', 'waiting' from event where company_id = 1"
    ),
}


@pytest.mark.parametrize("statement", REPORTED.values(), ids=REPORTED)
def test_a_fault_that_was_once_believed_is_not(books, statement):
    order = "(select min(id) from orders where company_id = 1 and status = 'completed')"
    assert is_noticed(books, statement.format(order=order))


def test_a_sale_that_is_taken_out_of_the_stock_with_its_balance_is_not_believed(books):
    statement = """
        alter table movement disable trigger kept;
        update stock_balance b set on_hand = b.on_hand - m.quantity from movement m
         where m.kind = 'sale' and m.company_id = 1 and b.store_id = m.store_id
           and b.variant_id = m.variant_id;
        delete from movement where kind = 'sale' and company_id = 1"""
    assert is_noticed(books, statement)


def is_a_rule(refused: DBAPIError) -> bool:
    """Whether a constraint or what is fixed refused it, and not a statement that cannot be run."""
    return str(getattr(refused.orig, "pgcode", ""))[:2] in ("23", "TR")


def is_noticed(connection: Connection, statement: str) -> bool:
    """Whether the database refuses it, or the check finds it."""
    with connection.begin() as transaction:
        try:
            connection.exec_driver_sql("set local role crm_owner")
            connection.exec_driver_sql(statement.replace("%", "%%"))
            return found_by(connection) is not None
        except DBAPIError as refused:
            return is_a_rule(refused)
        finally:
            transaction.rollback()


def test_a_table_is_in_the_books_or_has_a_reason():
    of_companies = {t.name for t in Model.metadata.tables.values() if "company_id" in t.c}
    said = {*BOOKS, *(name for name in TYPED if "." not in name)}
    assert of_companies == said, f"in BOOKS or in typed.txt, not both: {of_companies ^ said}"
    columns = {f"{t.name}.{c.name}" for t in Model.metadata.tables.values() for c in t.c}
    assert {name for name in TYPED if "." in name} <= columns
