"""What was sold in one store and comes back in another."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.kit.errors import Conflict
from app.orders import operations
from app.orders.choices import PaymentDirection, PaymentMethod, PaymentState
from app.orders.models import GoodsReturn, PaidByWay, ReturnLine
from app.orders.operations import Item
from app.orders.queries.recalculated import RECKONED
from tests.factories import NOON, make_completed_order, make_payment, make_store, make_variant

CASH = PaymentMethod.CASH


def sold_and_back(session, country=None):
    berlin = make_store(session)
    kiritimati = make_store(session, time_zone="Pacific/Kiritimati", country="KI")
    item = Item(2, make_variant(session, stock=5, store_id=berlin.id).id, unit_price=Decimal(50))
    order = make_completed_order(session, item, store=berlin, country="FR")
    make_payment(session, order=order, method=CASH)
    document = GoodsReturn(store_id=kiritimati.id, order_id=order.id, country=country)
    document.lines = [ReturnLine(variant_id=order.lines[0].variant_id, quantity=1)]
    operations.save_return(session, document, by=None, at=NOON)
    operations.receive_return(session, document, by=None, at=NOON)
    return order, document


def test_money_for_it_leaves_the_till_and_on_the_day_of_the_store_it_came_back_in(session):
    order, document = sold_and_back(session)
    given = make_payment(
        session,
        order=order,
        goods_return=document,
        direction=PaymentDirection.RETURNED,
        method=CASH,
        amount=None,
    )
    assert (given.store_id, given.amount) == (document.store_id, 50)
    assert document.business_date == given.business_date == date(2026, 11, 3)
    session.refresh(order)
    assert (order.refunded, order.payment_state) == (50, PaymentState.PAID)
    for invariant in RECKONED:
        assert session.execute(invariant.offending()).all() == [], invariant.name


def test_what_comes_in_again_there_counts_on_the_way_of_the_order(session):
    """A way that began in another store was not seen by who is bound to that of the order."""
    order, document = sold_and_back(session)
    for values in (
        {"goods_return": document, "direction": PaymentDirection.RETURNED, "method": CASH},
        {"direction": PaymentDirection.RETURNED, "method": CASH, "amount": Decimal(40)},
        {"method": PaymentMethod.CARD, "goods_return": document, "amount": Decimal(20)},
    ):
        make_payment(session, order=order, **{"amount": None, **values})
    stores = select(PaidByWay.store_id).where(PaidByWay.order_id == order.id).distinct()
    assert session.scalars(stores).all() == [order.store_id]


def test_its_country_is_that_of_the_order_unless_it_says_another(session):
    assert sold_and_back(session)[1].country == "FR"
    assert sold_and_back(session, country="KI")[1].country == "KI"


def test_nothing_comes_back_in_a_store_with_another_currency(session):
    order = make_completed_order(session)
    tokyo = make_store(session, currency="JPY")
    items = [operations.ReturnItem(1, order_line_id=order.lines[0].id)]
    with pytest.raises(Conflict, match="the order's currency") as refused:
        operations.take_back(session, items, order=order, store_id=tokyo.id, by=None, at=NOON)
    assert refused.value.field == "store"
    draft = GoodsReturn(store_id=tokyo.id, order_id=order.id)
    draft.lines = [ReturnLine(variant_id=order.lines[0].variant_id, quantity=1)]
    with pytest.raises(Conflict, match="the order's currency"):
        operations.save_return(session, draft, by=None, at=NOON)
