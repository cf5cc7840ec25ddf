"""`make_*`: one saved record of each entity with everything it needs, unless it is given.

    order = make_order(session, client=make_client(session, name="Ada"))

Whatever is not said is valid and told apart by a running number. Nothing is committed.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.cashier import operations as cashier
from app.cashier.choices import ExpensePaymentMethod
from app.cashier.models import Expense, ExpenseCategory, ExpensePayment
from app.catalogue.choices import ProductKind, ProductStatus
from app.catalogue.models import Brand, Category, Product, Supplier, SupplierProduct, Variant
from app.clients import operations as clients
from app.clients.choices import Channel, ConsentSource, ContactChannel, Purpose
from app.clients.models import Client, ConsentEvent, ContactPoint, Segment, TimelineEntry
from app.company.models import Employee, Franchise, Store
from app.kit.events.models import Event, EventDelivery
from app.kit.imports.models import ImportRun
from app.kit.jobs.models import Job
from app.messages.choices import (
    DispatchKind,
    MessageChannel,
    MessagePurpose,
    SuppressionReason,
)
from app.messages.engine.addresses import address_hash
from app.messages.models import (
    Dispatch,
    MessageTemplate,
    MessageTemplateVersion,
    OutboxMessage,
    Suppression,
)
from app.orders import operations as orders
from app.orders.choices import AdjustmentReason, ChargeKind, PaymentMethod
from app.orders.models import Adjustment, GoodsReturn, Order, OrderLine, Payment, ReturnLine
from app.stock import operations as stock
from app.stock.choices import MovementKind
from app.stock.models import GoodsReceipt, GoodsReceiptLine, Movement, StockBalance
from app.value import operations as value
from app.value.models import Certificate, CertificateBalance, Lot, ValueEntry

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)

_numbers = count(1)


def number() -> int:
    """Return a number that no other record of this run has."""
    return next(_numbers)


def _save(session: Session, record: Any) -> Any:
    session.add(record)
    session.flush()
    return record


def _pick(values: dict[str, Any], name: str, make: Any, session: Session) -> None:
    """Give `values` the record it hangs on, unless it was given or its id was."""
    if name not in values and f"{name}_id" not in values:
        values[name] = make(session)


# --- company ---------------------------------------------------------------------------------


def make_franchise(session: Session, **values: Any) -> Franchise:
    return _save(session, Franchise(**{"name": f"Franchise {number()}", **values}))


def make_store(session: Session, **values: Any) -> Store:
    n = number()
    return _save(session, Store(**{"number": f"S{n}", "name": f"Store {n}", **values}))


def make_employee(session: Session, **values: Any) -> Employee:
    n = number()
    usual = {"number": f"E{n}", "first_name": "Mara", "last_name": f"Linden {n}"}
    return _save(session, Employee(**{**usual, **values}))


# --- catalogue -------------------------------------------------------------------------------


def make_brand(session: Session, **values: Any) -> Brand:
    return _save(session, Brand(**{"name": f"Brand {number()}", **values}))


def make_category(session: Session, **values: Any) -> Category:
    return _save(session, Category(**{"name": f"Category {number()}", **values}))


def make_product(session: Session, **values: Any) -> Product:
    usual = {"name": f"Product {number()}", "status": ProductStatus.PUBLISHED}
    return _save(session, Product(**{**usual, **values}))


def make_service(session: Session, **values: Any) -> Product:
    return make_product(session, **{"kind": ProductKind.SERVICE, "duration": 30, **values})


def make_variant(session: Session, *, stock: int | None = None, **values: Any) -> Variant:
    """`stock` receives so many in the store `store_id`, a new one unless given."""
    n = number()
    store_id = values.pop("store_id", None)
    _pick(values, "product", make_product, session)
    usual = {"sku": f"SKU-{n}", "name": f"Variant {n}", "price": Decimal(10), "currency": "EUR"}
    variant = _save(session, Variant(**{**usual, **values}))
    if stock is not None:
        receive(session, variant, stock, store_id=store_id)
    return variant


def make_supplier(session: Session, **values: Any) -> Supplier:
    return _save(session, Supplier(**{"name": f"Supplier {number()}", "currency": "EUR", **values}))


def make_supplier_product(session: Session, **values: Any) -> SupplierProduct:
    n = number()
    _pick(values, "supplier", make_supplier, session)
    _pick(values, "variant", make_variant, session)
    usual = {"code": f"C-{n}", "name": f"Theirs {n}", "price": Decimal(4), "currency": "EUR"}
    return _save(session, SupplierProduct(**{**usual, **values}))


# --- clients ---------------------------------------------------------------------------------


def make_client(session: Session, **values: Any) -> Client:
    n = number()
    usual = {"name": f"Client {n}", "number": f"C{n}", "country": "DE", "registered_at": NOON}
    return _save(session, Client(**{**usual, **values}))


def make_contact_point(session: Session, **values: Any) -> ContactPoint:
    client = values.pop("client", None) or make_client(session)
    channel = values.pop("channel", ContactChannel.EMAIL)
    usual = f"client{number()}@example.com"
    if channel is ContactChannel.PHONE:
        usual = f"+4477009{number() % 1000:05d}"[:13]
    return clients.add_contact_point(
        session, client, channel, values.pop("value", usual), by=None, at=NOON, **values
    )


def make_consent_event(session: Session, **values: Any) -> ConsentEvent:
    usual: dict[str, Any] = {
        "channel": Channel.EMAIL,
        "purpose": Purpose.MARKETING,
        "wording": "Yes, write to me about offers.",
        "source": ConsentSource.FORM,
        "by": None,
        "at": NOON,
    }
    client = values.pop("client", None) or make_client(session)
    return clients.record_consent(session, client, **{**usual, **values})


def make_timeline_entry(session: Session, **values: Any) -> TimelineEntry:
    _pick(values, "client", make_client, session)
    return _save(session, TimelineEntry(**{"kind": "note", "at": NOON, **values}))


# --- value -----------------------------------------------------------------------------------


def make_certificate(session: Session, *, active: bool = True, **values: Any) -> Certificate:
    usual = {"amount": Decimal(50), "currency": "EUR"}
    certificate = Certificate(**{**usual, **values})
    value.issue_certificate(session, certificate, by=None, at=NOON)
    if active:
        value.activate_certificate(session, certificate, by=None, at=NOON)
    return certificate


def make_lot(session: Session, **values: Any) -> Lot:
    certificate = values.pop("certificate", None) or make_certificate(session)
    return session.query(Lot).filter_by(certificate_id=certificate.id).first()


def make_value_entry(session: Session, **values: Any) -> ValueEntry:
    certificate = values.pop("certificate", None) or make_certificate(session)
    return session.query(ValueEntry).filter_by(certificate_id=certificate.id).first()


# --- stock -----------------------------------------------------------------------------------


def receive(
    session: Session, variant: Variant, quantity: int, *, store_id: int | None = None
) -> None:
    """Put goods into stock as a delivery would."""
    store_id = store_id or make_store(session).id
    move = stock.Move(store_id, variant.id, MovementKind.GOODS_RECEIPT, quantity, reason="Opening")
    stock.post(session, [move], at=NOON)


def make_movement(session: Session, **values: Any) -> Movement:
    _pick(values, "store", make_store, session)
    _pick(values, "variant", make_variant, session)
    usual = {"kind": MovementKind.GOODS_RECEIPT, "quantity": 5, "reason": "Opening", "at": NOON}
    return _save(session, Movement(**{**usual, **values}))


def make_stock_balance(session: Session, **values: Any) -> StockBalance:
    made = make_movement(session, **values)
    wanted = {"store_id": made.store_id, "variant_id": made.variant_id}
    return session.query(StockBalance).filter_by(**wanted).one()


def make_goods_receipt(session: Session, **values: Any) -> GoodsReceipt:
    _pick(values, "store", make_store, session)
    _pick(values, "supplier", make_supplier, session)
    return _save(session, GoodsReceipt(**{"currency": "EUR", **values}))


def make_goods_receipt_line(session: Session, **values: Any) -> GoodsReceiptLine:
    receipt = values.pop("goods_receipt", None) or make_goods_receipt(session)
    _pick(values, "variant", make_variant, session)
    usual = {"position": number(), "quantity": 3, "unit_cost": Decimal(4)}
    values = {**usual, **values}
    amount = values["quantity"] * values["unit_cost"]
    line = GoodsReceiptLine(
        goods_receipt_id=receipt.id, store_id=receipt.store_id, amount=amount, **values
    )
    return _save(session, line)


# --- orders ----------------------------------------------------------------------------------


def make_draft(session: Session, *items: orders.Item, **values: Any) -> Order:
    """Return an order that is not saved yet, of `items` or of one new variant."""
    store, store_id = values.pop("store", None), values.pop("store_id", None)
    where = orders.selling_store(
        session, store_id or (store or make_store(session)).id, to_sell=True
    )
    client = values.pop("client", None)
    if client is not None:
        values["client_id"] = client.id
    items = items or (orders.Item(1, make_variant(session).id),)
    return orders.draft_order(session, items, where=where, by=None, **{"at": NOON, **values})


def make_order(session: Session, *items: orders.Item, **values: Any) -> Order:
    """Return a placed order."""
    at = values.get("at", NOON)
    order = make_draft(session, *items, **values)
    orders.place_order(session, order, by=None, at=at)
    return order


def make_completed_order(session: Session, *items: orders.Item, **values: Any) -> Order:
    order = make_order(session, *items, **values)
    orders.complete_order(session, order, by=None, at=values.get("at", NOON))
    return order


def make_order_line(session: Session, **values: Any) -> OrderLine:
    order = values.pop("order", None)
    if order is None:
        return make_order(session).lines[0]
    usual = {
        "kind": "charge",
        "charge_kind": ChargeKind.FEE,
        "description": "Fee",
        "quantity": 1,
        "unit_price": Decimal(0),
        "position": number() + 1000,
        "stocked": False,
    }
    return _save(session, OrderLine(order_id=order.id, store_id=order.store_id, **usual | values))


def make_goods_return(session: Session, **values: Any) -> GoodsReturn:
    order = values.pop("order", None) or make_completed_order(
        session, **{k: values.pop(k) for k in ("store", "client") if k in values}
    )
    items = [orders.ReturnItem(1, order_line_id=order.lines[0].id)]
    usual = {"store_id": order.store_id, "by": None, "at": NOON}
    return orders.take_back(session, items, order=order, **{**usual, **values})


def make_return_line(session: Session, **values: Any) -> ReturnLine:
    return make_goods_return(session, **values).lines[0]


def make_payment(session: Session, **values: Any) -> Payment:
    order = values.pop("order", None) or make_order(
        session, **{k: values.pop(k) for k in ("store", "client") if k in values}
    )
    usual = {"amount": order.total, "method": PaymentMethod.CARD, "by": None, "at": NOON}
    return orders.add_payment(session, order, **{**usual, **values})


def make_adjustment(session: Session, **values: Any) -> Adjustment:
    usual = {"reason": AdjustmentReason.FEE, "description": "Fee", "amount": Decimal(-5)}
    if "store" not in values and "store_id" not in values:
        values["store_id"] = make_store(session).id
    adjustment = Adjustment(**{**usual, **values})
    orders.add_adjustment(session, adjustment, by=None, at=NOON)
    return adjustment


# --- cashier ---------------------------------------------------------------------------------


def make_expense_category(session: Session, **values: Any) -> ExpenseCategory:
    return _save(session, ExpenseCategory(**{"name": f"Expenses {number()}", **values}))


def make_expense(session: Session, *, approved: bool = False, **values: Any) -> Expense:
    _pick(values, "category", make_expense_category, session)
    usual = {
        "description": f"Bill {number()}",
        "amount": Decimal(100),
        "currency": "EUR",
        "incurred_on": date(2026, 11, 2),
    }
    expense = Expense(**{**usual, **values})
    cashier.record_expense(session, expense, by=None, at=NOON)
    if approved:
        cashier.approve_expense(session, expense, by=None, at=NOON)
    return expense


def make_expense_payment(session: Session, **values: Any) -> ExpensePayment:
    expense = values.pop("expense", None) or make_expense(session, approved=True)
    usual = {"amount": Decimal(40), "method": ExpensePaymentMethod.TRANSFER, "by": None, "at": NOON}
    return cashier.pay_expense(session, expense, **{**usual, **values})


def make_job(session: Session, **values: Any) -> Job:
    return _save(session, Job(**{"queue": "default", "name": f"tests.job_{number()}"} | values))


def make_event(session: Session, **values: Any) -> Event:
    return _save(session, Event(**{"name": f"tests.event_{number()}", "data": {"n": 1}} | values))


def make_event_delivery(session: Session, **values: Any) -> EventDelivery:
    event = values.pop("event", None) or make_event(session)
    known = {"event": event, "subscriber": f"tests.subscriber_{number()}"}
    return _save(session, EventDelivery(**known | values))


def make_segment(session: Session, **values: Any) -> Segment:
    return _save(session, Segment(**{"name": f"Segment {number()}", "definition": {}} | values))


def make_import_run(session: Session, **values: Any) -> ImportRun:
    known = {"kind": "tests", "source": f"file {number()}", "digest": f"{number():064d}"}
    return _save(session, ImportRun(**known | values))


# --- messages and campaigns --------------------------------------------------------------------


def make_message_template(session: Session, **values: Any) -> MessageTemplate:
    usual = {"name": f"Template {number()}", "channel": MessageChannel.EMAIL}
    return _save(session, MessageTemplate(**{**usual, **values}))


def make_message_template_version(session: Session, **values: Any) -> MessageTemplateVersion:
    _pick(values, "message_template", make_message_template, session)
    usual = {"number": 1, "subject": "Hello", "body": "Tea", "html": "<p>Tea</p>"}
    return _save(session, MessageTemplateVersion(**{**usual, **values}))


def make_dispatch(session: Session, **values: Any) -> Dispatch:
    _pick(values, "message_template_version", make_message_template_version, session)
    usual = {
        "kind": DispatchKind.CAMPAIGN,
        "channel": MessageChannel.EMAIL,
        "purpose": MessagePurpose.MARKETING,
    }
    return _save(session, Dispatch(**{**usual, **values}))


def make_outbox_message(session: Session, **values: Any) -> OutboxMessage:
    _pick(values, "dispatch", make_dispatch, session)
    usual = {
        "ord": number(),
        "channel": MessageChannel.EMAIL,
        "address": f"client{number()}@example.com",
        "subject": f"Subject {number()}",
        "body": "Tea is here.",
    }
    return _save(session, OutboxMessage(**{**usual, **values}))


def make_suppression(session: Session, **values: Any) -> Suppression:
    usual = {
        "channel": MessageChannel.EMAIL,
        "address_hash": address_hash("email", f"gone{number()}@example.com"),
        "reason": SuppressionReason.MANUAL,
    }
    return _save(session, Suppression(**{**usual, **values}))


def make_campaign(session: Session, **values: Any) -> Campaign:
    _pick(values, "segment", make_segment, session)
    usual = {
        "name": f"Campaign {number()}",
        "channel": MessageChannel.EMAIL,
        "subject": "Autumn for {{ first_name }}",
        "text": "Hello {{ first_name|default('you', true) }},\n\nten per cent on everything.",
    }
    return _save(session, Campaign(**{**usual, **values}))


def balance_of(session: Session, certificate: Any) -> Decimal:
    """What is left on a certificate."""
    left = select(CertificateBalance.balance).where(
        CertificateBalance.certificate_id == certificate.id
    )
    return session.scalars(left).one_or_none() or Decimal(0)
