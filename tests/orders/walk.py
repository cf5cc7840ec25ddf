"""What the walk is told about orders, returns and payments."""

from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from app.orders import operations
from app.orders.choices import PaymentMethod
from app.orders.models import GoodsReturn, Order, ReturnLine
from app.orders.screens import AdjustmentScreen, GoodsReturnScreen, OrderScreen, PaymentScreen
from tests.factories import (
    NOON,
    make_completed_order,
    make_draft,
    make_order,
    make_payment,
    make_store,
    make_variant,
    number,
)
from tests.screens.declaring import On, Told

ON_THE_WAY = (operations.confirm_order, operations.assemble_order, operations.ship_order)


def _draft(session: Session) -> Order:
    order = make_draft(session)
    operations.save_order(session, order, by=None, at=NOON)
    session.add(order)
    return order


def _at(steps: int, session: Session) -> Order:
    order = make_order(session)
    for step in ON_THE_WAY[:steps]:
        step(session, order, by=None, at=NOON)
    return order


def _called_off(session: Session) -> Order:
    order = make_order(session)
    make_payment(session, order=order, method=PaymentMethod.CASH)
    operations.cancel_order(session, order, by=None, at=NOON)
    return order


def _returned(session: Session) -> GoodsReturn:
    line = ReturnLine(variant_id=make_variant(session).id, quantity=1, position=1)
    document = GoodsReturn(store_id=make_store(session).id, lines=[line])
    operations.save_return(session, document, by=None, at=NOON)
    return document


def _paid_in_cash(session: Session) -> dict[str, Any]:
    order = make_order(session)
    fitting = {"amount": str(order.total), "tendered": str(order.total), "change": None}
    told = {"provider": f"walked {number()}"}
    return {"order": order.id, "goods_return": None, "certificate": None, **fitting, **told}


# A charge is not a variant too; what a line comes to follows from it.
LINE = {"charge_kind": None, "amount": None, "discount": "0"}

_pending = partial(make_payment, settled=False)

WALK = {
    OrderScreen: Told(
        does={
            "place": _draft,
            "confirm": make_order,
            "assemble": partial(_at, 1),
            "ship": partial(_at, 2),
            "make_ready": partial(_at, 2),
            "complete": make_order,
            "take_back": On(make_completed_order, writes=GoodsReturn),
            "cancel": On(make_order, told={"reason": "Asked for by phone"}),
            "refund": _called_off,
        },
        adds={"rate": None, "lines": LINE},
        open=_draft,
    ),
    GoodsReturnScreen: Told(
        does={"receive": _returned, "cancel": _returned},
        # Without an order, from which client, store and lines would follow.
        adds={"rate": None, "order": None, "lines": LINE | {"order_line": None}},
        open=_returned,
    ),
    PaymentScreen: Told(
        does={"settle": _pending, "fail": _pending, "cancel": _pending}, adds=_paid_in_cash
    ),
    AdjustmentScreen: Told(adds={"rate": None, "client": None, "order": None}),
}
