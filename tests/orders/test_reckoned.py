"""Every figure of orders, in two currencies, reckoned again in plain Python from the rows alone."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session, object_session

from app.clients.choices import SeenBecause
from app.clients.models import ClientFigures, ClientStore
from app.kit.errors import CrmError
from app.orders import operations as orders
from app.orders.choices import (
    AdjustmentReason,
    OrderStatus,
    PaymentDirection,
    PaymentMethod,
    PaymentStatus,
    ReturnStatus,
)
from app.orders.extends import INVARIANTS as OF_ORDERS
from app.orders.models import Adjustment, GoodsReturn, Order, OrderLine, Payment
from app.stock.choices import MovementKind
from app.stock.extends import INVARIANTS as OF_STOCK
from app.stock.models import Movement, StockBalance
from app.value.extends import INVARIANTS as OF_VALUE
from app.value.models import CertificateBalance, ValueEntry
from tests import factories
from tests.factories import NOON
from tests.orders.paying import bring_back

ZERO = Decimal(0)
RATES = {"EUR": None, "USD": Decimal("0.92345"), "JPY": Decimal("0.006117")}
PRICES = {"EUR": Decimal("7.99"), "USD": Decimal("8.35"), "JPY": Decimal(1249)}
WAYS = (PaymentMethod.CASH, PaymentMethod.CARD)
NOT_SOLD = {OrderStatus.DRAFT, OrderStatus.CANCELLED}


class Life:
    """A shop in each currency; what is refused, as it would be to a person, does not happen."""

    def __init__(self, session: Session, seed: int) -> None:
        self.session, self.chance = session, random.Random(seed)
        self.stores = [factories.make_store(session, currency=code) for code in RATES]
        self.clients = [factories.make_client(session) for _ in range(3)]
        product = factories.make_product(session, tax_rate=Decimal(19))
        self.variants = [factories.make_variant(session, product=product) for _ in range(2)]
        for store in self.stores:
            for variant in self.variants:
                factories.receive(session, variant, 400, store_id=store.id)
        self.certificate = factories.make_certificate(session, amount=Decimal(40))
        self.orders: list[Order] = []

    def step(self) -> None:
        doing = (
            self.sell, self.sell, self.pay, self.pay, self.pay, self.by_certificate, self.complete,
            self.complete, self.back, self.refund, self.adjust, self.cancel,
        )  # fmt: skip
        with suppress(CrmError), self.session.begin_nested():
            self.chance.choice(doing)()
        self.session.expire_all()

    def edge(self) -> dict[str, Any]:
        return {"by": None, "at": NOON + timedelta(minutes=self.chance.randrange(60 * 24 * 9))}

    def one(self) -> Order:
        return self.chance.choice(self.orders) if self.orders else self.sell()

    def sell(self) -> Order:
        store = self.chance.choice(self.stores)
        price = PRICES[store.currency]
        items = [
            orders.Item(
                self.chance.randrange(1, 5),
                variant.id,
                unit_price=price,
                discount=self.chance.choice((ZERO, price.quantize(Decimal(1)) / 4 // 1)),
            )
            for variant in self.variants
        ]
        made = factories.make_order(
            self.session,
            *items,
            store=store,
            client=self.chance.choice((*self.clients, None)),
            rate=RATES[store.currency],
            at=self.edge()["at"],
        )
        self.orders.append(made)
        return made

    def pay(self) -> None:
        order = self.one()
        part = (order.total / self.chance.choice((1, 2, 3))) // 1
        amount = self.chance.choice((part, None))
        way = {"method": self.chance.choice(WAYS), "settled": self.chance.random() < 0.8}
        orders.add_payment(self.session, order, amount=amount, **way, **self.edge())

    def by_certificate(self) -> None:
        way = {"method": PaymentMethod.CERTIFICATE, "certificate": self.certificate}
        orders.add_payment(self.session, self.one(), amount=None, **way, **self.edge())

    def refund(self) -> None:
        amount = self.chance.choice((Decimal(1), None))
        way = {"method": self.chance.choice(WAYS), "direction": PaymentDirection.RETURNED}
        orders.add_payment(self.session, self.one(), amount=amount, **way, **self.edge())

    def complete(self) -> None:
        orders.complete_order(self.session, self.one(), **self.edge())

    def cancel(self) -> None:
        orders.cancel_order(self.session, self.one(), **self.edge())

    def back(self) -> None:
        order = self.one()
        items = [orders.ReturnItem(1, order_line_id=self.chance.choice(lines_of(order)).id)]
        given = {"store_id": order.store_id, "order": order}
        orders.take_back(self.session, items, **given, **self.edge())

    def adjust(self) -> None:
        order = self.one()
        adjustment = Adjustment(
            store_id=order.store_id,
            order_id=order.id,
            rate=RATES[order.currency],
            reason=AdjustmentReason.FEE,
            description="By hand",
            amount=Decimal(self.chance.choice((-2, -1, 1, 3))),
        )
        orders.add_adjustment(self.session, adjustment, **self.edge())


def lines_of(order: Order) -> Sequence[OrderLine]:
    session = object_session(order)
    assert session is not None
    return session.scalars(select(OrderLine).where(OrderLine.order_id == order.id)).all()


def at_home(document: Any) -> Decimal:
    return (document.total * document.rate).quantize(Decimal("0.01"), ROUND_HALF_UP)


def reckon_order(session: Session, order: Order) -> None:
    """The sums on an order are those of its lines, payments, returns and adjustments."""
    mine = session.scalars(select(Payment).where(Payment.order_id == order.id)).all()
    settled = [one for one in mine if one.status is PaymentStatus.SETTLED]
    came = sum((p.amount for p in settled if p.direction is PaymentDirection.RECEIVED), ZERO)
    went = sum((p.amount for p in settled if p.direction is PaymentDirection.RETURNED), ZERO)
    backs = session.scalars(select(GoodsReturn).where(GoodsReturn.order_id == order.id)).all()
    back = sum((one.total for one in backs if one.status is ReturnStatus.RECEIVED), ZERO)
    given = session.scalars(select(Adjustment).where(Adjustment.order_id == order.id)).all()
    adjusted = sum((one.amount for one in given), ZERO)
    assert (order.paid, order.refunded) == (came - went, went)
    assert (order.returned, order.adjusted) == (back, adjusted)
    assert order.total == sum((line.amount for line in lines_of(order)), ZERO)
    assert order.total_company == at_home(order)
    due = (
        ZERO if order.status is OrderStatus.CANCELLED else max(order.total - back + adjusted, ZERO)
    )
    assert order.payment_state.value == state(due, came, went)
    documents: list[Any] = [*mine, *backs, *given]
    assert {one.currency for one in documents} <= {order.currency}


def state(due: Decimal, came: Decimal, went: Decimal) -> str:
    if went and came <= went:
        return "refunded"
    if not came:
        return "unpaid" if due else "nothing_due"
    left = due - (came - went)
    return "overpaid" if left < 0 else "partly_paid" if left else "paid"


def reckon_clients(session: Session, life: Life) -> None:
    """The figures of a client, and those in each store, are of what was placed and not cancelled."""
    bought: dict[tuple[int, int | None], list[Order]] = defaultdict(list)
    brought: dict[tuple[int, int | None], list[GoodsReturn]] = defaultdict(list)
    for order in session.scalars(select(Order).where(Order.client_id.is_not(None))):
        if order.status not in NOT_SOLD:
            for store in (order.store_id, None):
                bought[order.client_id or 0, store].append(order)
    for back in session.scalars(select(GoodsReturn).where(GoodsReturn.client_id.is_not(None))):
        if back.status is ReturnStatus.RECEIVED:
            for store in (back.store_id, None):
                brought[back.client_id or 0, store].append(back)
    kept: list[Any] = [*session.scalars(select(ClientFigures))]
    in_stores = select(ClientStore).where(ClientStore.why == SeenBecause.BOUGHT)
    kept += session.scalars(in_stores)
    seen = set()
    for figures in kept:
        key = (figures.client_id, getattr(figures, "store_id", None))
        seen.add(key)
        mine, theirs = bought[key], brought[key]
        times = sorted(one.placed_at for one in mine)
        assert (figures.orders_count, figures.returns_count) == (len(mine), len(theirs))
        assert figures.orders_sum == sum(map(at_home, mine), ZERO)
        assert figures.returns_sum == sum((one.total_company for one in theirs), ZERO)
        assert (figures.first_order_at, figures.last_order_at) == (
            (times[0], times[-1]) if times else (None, None)
        )
    assert {key for key, found in bought.items() if found} <= seen
    assert {client.id for client in life.clients} <= {client for client, store in seen if not store}


def reckon_stock(session: Session) -> None:
    """What lies in a store is what moved there; what is held back is what waiting orders need."""
    moved: dict[tuple[int, int], int] = defaultdict(int)
    for move in session.scalars(select(Movement)):
        moved[move.store_id, move.variant_id] += move.quantity
    waits: dict[tuple[int, int], int] = defaultdict(int)
    for order in session.scalars(select(Order)):
        if order.status not in {*NOT_SOLD, OrderStatus.COMPLETED}:
            for line in lines_of(order):
                if line.variant_id is not None and line.stocked:
                    waits[order.store_id, line.variant_id] += line.quantity
    for balance in session.scalars(select(StockBalance)):
        key = (balance.store_id, balance.variant_id)
        assert (balance.on_hand, balance.reserved) == (moved.pop(key, 0), waits.pop(key, 0))
    assert not any(moved.values())
    assert not any(waits.values())


def reckon_certificate(session: Session, life: Life) -> None:
    """A certificate holds what it was loaded with, without what orders spent and did not get back."""
    mine = ValueEntry.certificate_id == life.certificate.id
    entries = sum(session.scalars(select(ValueEntry.amount).where(mine)), ZERO)
    paid = ZERO
    by_it = Payment.certificate_id == life.certificate.id, Payment.status == PaymentStatus.SETTLED
    for one in session.scalars(select(Payment).where(*by_it)):
        paid += one.amount if one.direction is PaymentDirection.RECEIVED else -one.amount
    of = CertificateBalance.certificate_id == life.certificate.id
    left = session.scalar(select(CertificateBalance.balance).where(of))
    assert left == entries == life.certificate.amount - paid


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_whatever_happens_every_figure_is_that_of_the_rows(session: Session, seed: int) -> None:
    life = Life(session, seed)
    for number in range(90):
        life.step()
        if number % 15 == 14:
            for order in session.scalars(select(Order)).all():
                reckon_order(session, order)
            reckon_clients(session, life)
            reckon_stock(session)
            reckon_certificate(session, life)
    assert len({order.currency for order in life.orders}) == len(RATES)
    assert session.scalar(text("select count(distinct payment_state) from orders")) > 3
    # What is set right anew finds nothing to set right.
    figures = text("select * from client_figures order by id")
    before = session.execute(figures).all()
    orders.recount_clients(session)
    assert session.execute(figures).all() == before
    reckon_clients(session, life)
    for invariant in (*OF_ORDERS, *OF_STOCK, *OF_VALUE):
        assert session.execute(invariant.offending()).all() == [], invariant.name


def test_goods_come_back_at_the_cost_of_their_own_order(session: Session) -> None:
    """Whatever else the same goods were sold for, in this order or another."""
    (asked,) = (one for one in OF_ORDERS if one.name == "orders.return_costs")
    store, made = factories.make_store(session), []
    variant = factories.make_variant(session, cost=Decimal(3), stock=9, store_id=store.id)
    for cost in (3, 5):
        variant.cost = Decimal(cost)
        session.flush()
        made.append(
            factories.make_completed_order(session, orders.Item(2, variant.id), store=store)
        )
    returns = [bring_back(session, order) for order in made]
    assert session.execute(asked.offending()).all() == []
    # By hand, as if the first had come back at what the second had cost.
    wrong = {"unit_cost": Decimal(5), "store_id": store.id, "variant_id": variant.id}
    ref = {"ref_kind": "goods_return", "ref_id": returns[0].id}
    session.add(Movement(kind=MovementKind.RETURN, quantity=1, at=NOON, **ref, **wrong))
    session.flush()
    found = session.execute(asked.offending()).all()
    assert [(row.goods_return_id, row.variant_id) for row in found] == [(returns[0].id, variant.id)]
