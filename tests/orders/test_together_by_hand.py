"""Two at once, past every operation: what the database alone sees to. As in `test_together`."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Event

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.kit.errors import Conflict
from app.orders import operations, queries
from app.orders.models import GoodsReturn, Order, OrderLine, PaidByWay, Payment
from app.orders.operations import ReturnItem
from tests import factories
from tests.orders.test_together import (  # noqa: F401 -- the database of these tests
    EDGE,
    at_once,
    engine,
    made,
    order,
    ours,
    pay,
    store,
)


def test_past_every_operation_the_database_lets_money_out_once(order: int) -> None:
    made(lambda s: pay(s, order, 40))
    out = text("""
        insert into payment (store_id, order_id, direction, method, status, amount, currency,
          business_date)
        select store_id, id, 'returned', 'cash', 'settled', 250000, 'EUR', current_date
          from orders where id = :id""")
    refused = at_once([lambda s: s.execute(out, {"id": order})] * 4)
    assert len([one for one in refused if one]) == 3
    with ours() as session:
        assert session.execute(queries.ways_that_disagree()).all() == []
        assert session.scalar(select(PaidByWay.returned)) == 25


@pytest.mark.parametrize("table", ["store", "company"])
def test_a_document_on_its_way_keeps_its_currency(store: int, table: str) -> None:
    written = Event()

    def write(session: Session) -> None:
        session.add(factories.make_draft(session, store_id=store))
        session.flush()
        written.set()
        session.execute(text("select pg_sleep(0.3)"))

    def change(session: Session) -> None:
        written.wait(10)
        pk = store if table == "store" else 1
        session.execute(text(f"update {table} set currency = 'USD' where id = :id"), {"id": pk})

    assert [type(one) for one in at_once([write, change])] == [type(None), Conflict]


def test_past_every_operation_two_certificates_take_what_is_due_once(order: int) -> None:
    cards = [made(factories.make_certificate) for _ in range(3)]
    spent = text("""
        insert into payment (store_id, order_id, certificate_id, direction, method, status, amount,
          currency, business_date)
        select store_id, id, :card, 'received', 'certificate', 'settled', 300000, 'EUR',
          current_date
          from orders where id = :id""")

    def spend(card: int) -> Callable[[Session], object]:
        def call(session: Session) -> None:
            session.execute(spent, {"id": order, "card": card})
            # Nobody has committed before the others have asked.
            session.execute(text("select pg_sleep(0.2)"))

        return call

    refused = at_once([spend(card) for card in cards])
    assert len([one for one in refused if one]) == 2
    with ours() as session:
        assert session.scalar(select(func.count()).select_from(Payment)) == 1


def test_what_was_paid_for_pieces_goes_out_for_one_return_without_an_order(
    order: int, store: int
) -> None:
    made(lambda s: pay(s, order, 40))
    out = text("""
        insert into payment (store_id, goods_return_id, direction, method, status, amount, currency,
          business_date)
        select store_id, id, 'returned', 'cash', 'settled', 400000, 'EUR', current_date
          from goods_return where id = :id""")

    def bring_back(session: Session) -> GoodsReturn:
        line = session.scalars(select(OrderLine).where(OrderLine.order_id == order)).one()
        items = [ReturnItem(4, variant_id=line.variant_id, unit_price=Decimal(10))]
        return operations.take_back(session, items, store_id=store, **EDGE)

    def give(pk: int) -> Callable[[Session], object]:
        def call(session: Session) -> None:
            session.execute(out, {"id": pk})
            # Nobody has committed before the others have asked.
            session.execute(text("select pg_sleep(0.2)"))

        return call

    refused = at_once([give(made(bring_back)) for _ in range(3)])
    assert len([one for one in refused if one]) == 2
    with ours() as session:
        assert session.execute(queries.given_that_disagrees()).all() == []


def test_a_line_is_written_before_its_order_is_placed_or_not_at_all(store: int) -> None:
    def make(session: Session) -> Order:
        draft = factories.make_draft(session, store_id=store)
        session.add(draft)
        session.flush()
        return draft

    draft = made(make)

    def change(session: Session) -> None:
        change = text("update order_line set quantity = 2, unit_price = unit_price / 2")
        session.execute(change)

    with ThreadPoolExecutor(1) as pool:
        with ours() as session:
            operations.place_order(session, session.get_one(Order, draft), **EDGE)
            changing = pool.submit(at_once, [change])
            with pytest.raises(TimeoutError):
                changing.result(timeout=0.5)
        [refusal] = changing.result(timeout=10)
    assert isinstance(refusal, Conflict)
    with ours() as session:
        assert session.execute(queries.reservations_that_disagree()).all() == []
