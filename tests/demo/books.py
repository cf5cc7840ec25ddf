"""A few documents of every kind, made by the operations that make them, for the walk of planted faults."""

from decimal import Decimal

from sqlalchemy.orm import Session

from app.catalogue.models import Variant
from app.clients.models import Client
from app.company.models import Store
from app.orders import operations as orders
from app.orders.choices import ChargeKind, PaymentDirection, PaymentMethod
from app.orders.operations import Item, ReturnItem
from app.stock import operations as stock
from app.stock.choices import MovementKind
from tests import factories
from tests.events.delivering import deliver

AT = factories.NOON
EDGE = {"by": None, "at": AT}


def write_books(session: Session, shop: str) -> None:
    """Sell, pay, take back, receive, count, write off, correct and spend a little.

    `shop` names another system that one of the orders comes from.
    """
    store = factories.make_store(session, currency="EUR")
    client = factories.make_client(session, store=store)
    factories.make_consent_event(session, client=client)
    variant = factories.make_variant(
        session, product=factories.make_product(session, tax_rate=Decimal(19))
    )
    _receive(session, store, variant)
    certificate = factories.make_certificate(session, client=client)
    lines = (
        Item(3, variant.id, unit_price=Decimal("7.99"), discount=Decimal("1.50")),
        Item(charge=ChargeKind.FEE, unit_price=Decimal(1)),
    )
    order = factories.make_completed_order(session, *lines, store=store, client=client)
    by_certificate = {"method": PaymentMethod.CERTIFICATE, "certificate": certificate}
    orders.add_payment(session, order, amount=Decimal(10), **by_certificate, **EDGE)
    orders.add_payment(
        session,
        order,
        amount=order.total - 10,
        tendered=order.total,
        method=PaymentMethod.CASH,
        **EDGE,
    )
    back = orders.take_back(
        session,
        [ReturnItem(1, order_line_id=line.id) for line in order.lines],
        order=order,
        store_id=store.id,
        **EDGE,
    )
    orders.add_payment(
        session,
        order,
        amount=Decimal(5),
        method=PaymentMethod.CASH,
        direction=PaymentDirection.RETURNED,
        goods_return=back,
        **EDGE,
    )
    service = factories.make_variant(
        session,
        product=factories.make_service(session, tax_rate=Decimal(19)),
        cost=Decimal(2),
    )
    both = (Item(2, variant.id), Item(1, service.id))
    waiting = factories.make_order(session, *both, store=store, client=client)
    orders.confirm_order(session, waiting, **EDGE)
    by_card = {"amount": waiting.total, "method": PaymentMethod.CARD}
    orders.add_payment(session, waiting, settled=False, **by_card, **EDGE)
    _sell_online(session, store, client, variant, shop)
    came_from = {"source": shop, "source_key": "1"}
    concerns = {"store_id": store.id, "order_id": order.id, "client_id": client.id}
    factories.make_adjustment(session, **concerns, **came_from)
    stock.move_by_hand(
        session,
        MovementKind.WRITE_OFF,
        store_id=store.id,
        variant_id=variant.id,
        quantity=1,
        reason="Broken",
        **EDGE,
    )
    stock.count_stock(session, store.id, {variant.id: 20}, **EDGE)
    factories.make_expense(session, store=store)
    expense = factories.make_expense(session, approved=True, store=store)
    factories.make_expense_payment(session, expense=expense)
    deliver(session)


def _sell_online(
    session: Session, store: Store, client: Client, variant: Variant, shop: str
) -> None:
    """An order of another system with a charge, shipped and paid online, and one called off."""
    lines = (Item(1, variant.id), Item(charge=ChargeKind.DELIVERY, unit_price=Decimal(4)))
    source = {"source": shop, "source_key": "1"}
    order = factories.make_order(session, *lines, store=store, client=client, **source)
    for step in (orders.confirm_order, orders.assemble_order, orders.ship_order):
        step(session, order, **EDGE)
    told = {"method": PaymentMethod.ONLINE, "provider": "stripe", "external_ref": f"pi_{shop}"}
    orders.add_payment(session, order, amount=order.total, **told, **EDGE)
    off = factories.make_order(session, Item(1, variant.id), store=store, client=client)
    orders.cancel_order(session, off, **EDGE)


def _receive(session: Session, store: Store, variant: Variant) -> None:
    receipt = factories.make_goods_receipt(session, store=store)
    factories.make_goods_receipt_line(
        session, goods_receipt=receipt, variant=variant, quantity=30, unit_cost=Decimal(3)
    )
    stock.receive_goods(session, receipt, **EDGE)
