"""Two at once: on a database of its own, with commits and threads that wait for each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.cashier import operations as cashier
from app.cashier.choices import ExpensePaymentMethod
from app.cashier.models import Expense
from app.catalogue.models import Category
from app.kit.access import MissingRight, reading
from app.kit.database import session as sessions
from app.kit.database.session import bind, make_engine, work
from app.kit.database.stamp import company_stamp
from app.kit.errors import Conflict, CrmError
from app.kit.idempotency import idempotent
from app.kit.screens.dberrors import as_refusal
from app.orders import operations, queries
from app.orders.choices import PaymentDirection, PaymentMethod, PaymentState
from app.orders.models import GoodsReturn, Order, OrderLine, Payment
from app.orders.operations import Item, ReturnItem
from app.stock.models import StockBalance
from app.stock.operations import OutOfStock, count_stock
from app.stock.queries import on_hand_that_disagrees, reserved_that_disagrees
from app.value import operations as value
from app.value.choices import CertificateStatus
from app.value.models import Certificate
from tests import factories
from tests.factories import NOON
from tests.screens import bench

EDGE: dict[str, Any] = {"by": None, "at": NOON}
RETURNED = PaymentDirection.RETURNED
INVARIANTS = (
    on_hand_that_disagrees,
    reserved_that_disagrees,
    queries.orders_that_disagree,
    queries.returns_that_disagree,
    queries.paid_that_disagrees,
    queries.refunded_that_disagrees,
    queries.payment_states_that_disagree,
    queries.ways_that_disagree,
    queries.given_that_disagrees,
    queries.returned_that_disagrees,
    queries.reservations_that_disagree,
    queries.returned_beyond_the_sold,
    queries.refunds_off_their_order,
    queries.lines_in_another_store,
    queries.figures_that_disagree,
)


@pytest.fixture(autouse=True)
def engine(own_database: str) -> Iterator[None]:
    before, made = sessions._engine, make_engine(own_database, pool_size=12)
    bind(made)
    yield
    made.dispose()
    sessions._engine = before


def ours() -> Any:
    return work(company_stamp(1))


def made(make: Callable[[Session], Any]) -> Any:
    """Commit what `make` makes; return its id."""
    with ours() as session:
        return make(session).id


def at_once(calls: Sequence[Callable[[Session], object]]) -> list[CrmError | None]:
    """Run each call in a transaction of its own, all started together; return who was refused."""
    start = Barrier(len(calls))

    def one(call: Callable[[Session], object]) -> CrmError | None:
        try:
            with ours() as session:
                session.connection()
                start.wait()
                call(session)
        except Exception as error:
            refusal = as_refusal(error)
            if refusal is None:
                raise
            return refusal
        return None

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def nothing_disagrees() -> None:
    with ours() as session:
        broken = {one.__name__: session.execute(one()).all() for one in INVARIANTS}
        broken |= {one.name: session.execute(one.offending()).all() for one in queries.RECKONED}
    assert {name: rows for name, rows in broken.items() if rows} == {}


@pytest.fixture
def store() -> int:
    found: int = made(factories.make_store)
    return found


@pytest.fixture
def order(store: int) -> int:
    """A completed order of one line of four pieces at 10."""

    def make(session: Session) -> Order:
        rod = factories.make_variant(session, stock=9, store_id=store)
        placed = factories.make_order(session, Item(4, rod.id), store_id=store)
        operations.complete_order(session, placed, **EDGE)
        return placed

    found: int = made(make)
    return found


def pay(session: Session, order: int, amount: int, **more: Any) -> Payment:
    found = session.get_one(Order, order)
    usual = {"amount": Decimal(amount), "method": PaymentMethod.CASH, **EDGE}
    return operations.add_payment(session, found, **{**usual, **more})


def state(order: int) -> tuple[Any, ...]:
    with ours() as session:
        found = session.get_one(Order, order)
        return found.paid, found.returned, found.payment_state


def test_the_last_pieces_are_sold_once_and_numbers_have_no_gap(store: int) -> None:
    rod = made(lambda s: factories.make_variant(s, stock=5, store_id=store))
    buyer = made(factories.make_client)

    def buy(session: Session) -> None:
        factories.make_order(session, Item(1, rod), store_id=store, client_id=buyer)

    refused = at_once([buy] * 10)
    assert [type(one) for one in refused if one] == [OutOfStock] * 5
    with ours() as session:
        numbers = sorted(session.scalars(select(Order.number)))
        balance = session.execute(
            select(StockBalance.on_hand, StockBalance.reserved, StockBalance.available)
        ).one()
    assert numbers == [f"2026-{n:06}" for n in range(1, 6)]
    assert tuple(balance) == (5, 5, 0)
    nothing_disagrees()


def test_payments_of_one_order_all_count(order: int) -> None:
    assert at_once([lambda s: pay(s, order, 10)] * 4) == [None] * 4
    assert state(order) == (40, 0, PaymentState.PAID)
    nothing_disagrees()


def test_pending_payments_settled_at_once_all_count(order: int) -> None:
    pending = [made(lambda s: pay(s, order, 10, settled=False)) for _ in range(4)]

    def settle(payment: int) -> Callable[[Session], None]:
        return lambda s: operations.settle_payment(s, s.get_one(Payment, payment), **EDGE)

    assert at_once([settle(one) for one in pending]) == [None] * 4
    assert state(order) == (40, 0, PaymentState.PAID)
    nothing_disagrees()


def test_one_payment_is_settled_once(order: int) -> None:
    pending = made(lambda s: pay(s, order, 40, settled=False))
    loaded = Barrier(2)

    def settle(session: Session) -> None:
        payment = session.get_one(Payment, pending)
        loaded.wait()
        operations.settle_payment(session, payment, **EDGE)

    refused = at_once([settle] * 2)
    assert len([one for one in refused if one]) == 1
    assert state(order) == (40, 0, PaymentState.PAID)
    nothing_disagrees()


def test_money_goes_back_once(order: int) -> None:
    made(lambda s: pay(s, order, 40))
    refused = at_once([lambda s: pay(s, order, 40, direction=RETURNED)] * 4)
    assert [type(one) for one in refused if one] == [Conflict] * 3
    assert state(order)[0] == 0
    nothing_disagrees()


def test_a_refund_sees_what_was_paid_while_it_waited(order: int) -> None:
    with ours() as slow:
        unpaid = slow.get_one(Order, order)
        made(lambda s: pay(s, order, 40))
        assert unpaid.paid == 0
        pay(slow, order, 40, direction=RETURNED)
    assert state(order)[0] == 0
    nothing_disagrees()


def test_a_return_is_paid_out_once(order: int, store: int) -> None:
    made(lambda s: pay(s, order, 40))

    def bring_back(session: Session) -> GoodsReturn:
        sold = session.get_one(Order, order)
        line = session.scalar(select(OrderLine.id).where(OrderLine.order_id == order))
        items = [ReturnItem(2, order_line_id=line)]
        return operations.take_back(session, items, store_id=store, order=sold, **EDGE)

    back = made(bring_back)
    refused = at_once(
        [lambda s: pay(s, order, 20, direction=RETURNED, goods_return=s.get_one(GoodsReturn, back))]
        * 4
    )
    assert [type(one) for one in refused if one] == [Conflict] * 3
    assert state(order) == (20, 20, PaymentState.PAID)
    nothing_disagrees()


def test_two_tills_do_not_both_take_what_is_due(order: int) -> None:
    refused = at_once([lambda s: pay(s, order, 40)] * 4)
    assert [type(one) for one in refused if one] == [Conflict] * 3
    assert state(order) == (40, 0, PaymentState.PAID)
    nothing_disagrees()


def test_one_certificate_pays_for_two_orders_what_it_holds(store: int) -> None:
    card = made(lambda s: factories.make_certificate(s, amount=Decimal(15)))
    orders = [made(lambda s: factories.make_order(s, store_id=store)) for _ in range(2)]

    def spend(pk: int) -> Callable[[Session], None]:
        by = PaymentMethod.CERTIFICATE
        return lambda s: (
            pay(s, pk, 10, method=by, certificate=s.get_one(Certificate, card)) and None
        )

    refused = at_once([spend(pk) for pk in orders])
    assert [type(one) for one in refused if one] == [Conflict]
    nothing_disagrees()


@pytest.mark.parametrize("more", [{}, {"provider": "stripe", "external_ref": "re_1"}])
def test_a_refund_and_the_calling_off_leave_nothing_and_take_nothing_twice(
    store: int, more: dict[str, Any]
) -> None:
    for _ in range(3):
        pk = made(lambda s: factories.make_order(s, store_id=store))
        came = {"provider": "stripe"} if more else {}
        made(lambda s, pk=pk, came=came: pay(s, pk, 10, method=PaymentMethod.CARD, **came))
        said = {name: f"{value} {pk}" for name, value in more.items() if name == "external_ref"}

        def refund(session: Session, pk: int = pk, said: dict[str, str] = said) -> None:
            told = {**more, **said}
            pay(session, pk, 10, method=PaymentMethod.CARD, direction=RETURNED, **told)

        def cancel(session: Session, pk: int = pk) -> None:
            operations.cancel_order(session, session.get_one(Order, pk), **EDGE)

        assert at_once([refund, cancel]) == [None, None]
        assert state(pk) == (0, 0, PaymentState.REFUNDED)
        with ours() as session:
            waiting = select(Payment.id).where(Payment.status == "pending")
            assert session.scalars(waiting).all() == []
        nothing_disagrees()


def test_the_money_of_a_cancelled_order_goes_back_once(store: int) -> None:
    pk = made(lambda s: factories.make_order(s, store_id=store))
    made(lambda s: pay(s, pk, 10))
    with ours() as session:
        operations.cancel_order(session, session.get_one(Order, pk), **EDGE)
    refused = at_once([lambda s: operations.refund_order(s, s.get_one(Order, pk), **EDGE)] * 4)
    assert [type(one) for one in refused if one] == [Conflict] * 3
    assert state(pk) == (0, 0, PaymentState.REFUNDED)
    nothing_disagrees()


def test_an_event_told_twice_at_once_is_booked_once(order: int) -> None:
    made(lambda s: pay(s, order, 40, method=PaymentMethod.ONLINE, provider="stripe"))

    def tell(session: Session) -> None:
        facts = {"amount": Decimal(15), "method": PaymentMethod.ONLINE, "direction": RETURNED}
        payment = Payment(order_id=order, provider="stripe", external_ref="re_9", **facts)
        operations.book_told(session, payment, **EDGE)

    assert at_once([tell] * 4) == [None] * 4
    assert state(order)[0] == 25
    nothing_disagrees()


@pytest.mark.parametrize("direction", list(PaymentDirection))
def test_a_double_click_with_one_key_is_one_payment(
    order: int, direction: PaymentDirection
) -> None:
    if direction is RETURNED:
        made(lambda s: pay(s, order, 40))

    def click(session: Session) -> None:
        with idempotent(session, "till 7", b"{}", key_id="user:7", operation="POST") as this:
            if this.answer is None:
                this.keep(201, {"id": pay(session, order, 10, direction=direction).id})

    assert at_once([click] * 4) == [None] * 4
    assert state(order)[0] == (30 if direction is RETURNED else 10)
    nothing_disagrees()


def test_the_same_pieces_come_back_once(order: int, store: int) -> None:
    with ours() as session:
        line = session.get_one(Order, order).id and session.scalar(
            text("select id from order_line where order_id = :id"), {"id": order}
        )

    def take_back(session: Session) -> GoodsReturn:
        sold = session.get_one(Order, order)
        items = [ReturnItem(3, order_line_id=line)]
        return operations.take_back(session, items, store_id=store, order=sold, **EDGE)

    refused = at_once([take_back] * 4)
    assert [type(one) for one in refused if one] == [Conflict] * 3
    assert state(order)[1] == 30
    nothing_disagrees()


def test_pieces_that_come_back_at_once_share_out_what_the_order_came_to() -> None:
    abroad = made(lambda s: factories.make_store(s, currency="JPY"))

    def sell(session: Session) -> Order:
        rod = factories.make_variant(session, price=Decimal(2000), currency="JPY")
        rate = Decimal("0.00612345")
        return factories.make_completed_order(session, Item(4, rod.id), store_id=abroad, rate=rate)

    sold = made(sell)
    with ours() as session:
        line = session.scalar(select(OrderLine.id).where(OrderLine.order_id == sold))

    def take_back(session: Session) -> GoodsReturn:
        items = [ReturnItem(1, order_line_id=line)]
        order = session.get_one(Order, sold)
        return operations.take_back(session, items, store_id=abroad, order=order, **EDGE)

    assert at_once([take_back] * 4) == [None] * 4
    with ours() as session:
        back = session.scalars(select(GoodsReturn.total_company)).all()
        assert sum(back) == session.get_one(Order, sold).total_company
    nothing_disagrees()


def test_one_sold_piece_comes_back_loose_once(store: int) -> None:
    def sell(session: Session) -> Order:
        rod = factories.make_variant(session, stock=1, store_id=store)
        return factories.make_completed_order(session, Item(1, rod.id), store_id=store)

    sold = made(sell)
    made(lambda s: pay(s, sold, 10))
    with ours() as session:
        rod = session.scalar(select(OrderLine.variant_id).where(OrderLine.order_id == sold))

    def take_back(session: Session) -> None:
        with reading(bench.reader_with(set())):
            items = [ReturnItem(1, variant_id=rod)]
            operations.take_back(session, items, store_id=store, **EDGE)

    refused = at_once([take_back] * 8)
    assert [type(one) for one in refused if one] == [MissingRight] * 7
    nothing_disagrees()


def test_two_drafts_of_the_same_pieces_are_not_both_received(order: int, store: int) -> None:
    def draft(session: Session) -> GoodsReturn:
        variant = session.scalar(select(StockBalance.variant_id))
        document = GoodsReturn(store_id=store, order_id=order)
        operations.save_return(session, document, **EDGE)
        line = {"goods_return_id": document.id, "variant_id": variant, "quantity": 3}
        session.add(operations.returns.ReturnLine(**line))
        operations.save_return(session, document, **EDGE)
        return document

    drafts = [made(draft), made(draft)]

    def receive(pk: int) -> Callable[[Session], None]:
        return lambda s: operations.receive_return(s, s.get_one(GoodsReturn, pk), **EDGE)

    refused = at_once([receive(pk) for pk in drafts])
    assert [type(one) for one in refused if one] == [Conflict]
    assert state(order)[1] == 30
    nothing_disagrees()


def test_a_client_is_counted_right_while_orders_come_and_go(store: int) -> None:
    buyer = made(factories.make_client)

    def buy(session: Session) -> Order:
        return factories.make_order(session, store_id=store, client_id=buyer)

    def cancel(pk: int) -> Callable[[Session], None]:
        return lambda s: operations.cancel_order(s, s.get_one(Order, pk), **EDGE)

    for _ in range(5):
        there = [made(buy) for _ in range(3)]
        assert at_once([*(cancel(pk) for pk in there), buy, buy, buy]) == [None] * 6
        nothing_disagrees()


def test_an_order_is_shipped_or_cancelled_never_both(store: int) -> None:
    def assembling(session: Session) -> Order:
        rod = factories.make_variant(session, stock=4, store_id=store)
        placed = factories.make_order(session, Item(3, rod.id), store_id=store)
        operations.confirm_order(session, placed, **EDGE)
        operations.assemble_order(session, placed, **EDGE)
        return placed

    pk = made(assembling)
    refused = at_once(
        [
            lambda s: operations.ship_order(s, s.get_one(Order, pk), **EDGE),
            lambda s: operations.cancel_order(s, s.get_one(Order, pk), **EDGE),
        ]
    )
    assert len([one for one in refused if one]) == 1
    nothing_disagrees()


def test_what_is_counted_is_what_is_there(store: int) -> None:
    rod = made(lambda s: factories.make_variant(s, stock=10, store_id=store))
    for counted in (7, 12, 3):
        at_once([lambda s, n=counted: count_stock(s, store, {rod: n}, **EDGE)] * 4)
        with ours() as session:
            assert session.scalar(select(StockBalance.on_hand)) == counted
    nothing_disagrees()


def test_a_certificate_is_spent_and_activated_once() -> None:
    card = made(lambda s: factories.make_certificate(s, active=False))

    def activate(session: Session) -> None:
        value.activate_certificate(session, session.get_one(Certificate, card), **EDGE)

    def spend(session: Session) -> None:
        found = session.get_one(Certificate, card)
        day = NOON.date()
        value.redeem(session, found, Decimal(50), ref=("order", 1), store_id=None, day=day, **EDGE)

    assert len([one for one in at_once([activate] * 3) if one]) == 2
    assert [type(one) for one in at_once([spend] * 3) if one] == [Conflict] * 2
    with ours() as session:
        found = session.get_one(Certificate, card)
        assert found.status is CertificateStatus.ACTIVE
        assert factories.balance_of(session, found) == 0


def test_an_expense_that_was_cancelled_meanwhile_is_not_paid() -> None:
    pk = made(lambda s: factories.make_expense(s, approved=True))
    with ours() as slow:
        expense = slow.get_one(Expense, pk)  # read as approved
        with ours() as session:
            cashier.cancel_expense(session, session.get_one(Expense, pk), **EDGE)
        with pytest.raises(Conflict):
            cashier.pay_expense(
                slow, expense, Decimal(10), method=ExpensePaymentMethod.CASH, **EDGE
            )


def test_an_expense_is_paid_in_full_once() -> None:
    pk = made(lambda s: factories.make_expense(s, approved=True))
    refused = at_once(
        [lambda s: cashier.pay_in_full(s, s.get_one(Expense, pk), **EDGE)] * 3,
    )
    assert [type(one) for one in refused if one] == [Conflict] * 2


def test_a_category_added_below_one_that_moves_has_the_new_path() -> None:
    branch, goal = made(factories.make_category), made(factories.make_category)
    with ours() as mover:
        mover.execute(
            text("update category set parent_id = :goal where id = :branch"),
            {"goal": goal, "branch": branch},
        )
        with ThreadPoolExecutor(1) as pool:
            added = pool.submit(made, lambda s: factories.make_category(s, parent_id=branch))
            with pytest.raises(TimeoutError):
                added.result(timeout=0.3)  # it waits for the move
            mover.commit()
            child = added.result(timeout=10)
    with ours() as session:
        path = session.scalar(select(Category.path).where(Category.id == child))
        assert path == f"/{goal}/{branch}/{child}/"
        assert session.scalar(select(func.max(Category.depth))) == 2
