"""What the walk is told about the warehouse."""

from typing import Any

from sqlalchemy.orm import Session

from app.stock.models import GoodsReceipt
from app.stock.screens import GoodsReceiptScreen, MovementScreen
from tests.factories import make_goods_receipt, make_goods_receipt_line
from tests.screens.declaring import Told


def _delivered(session: Session) -> GoodsReceipt:
    receipt = make_goods_receipt(session)
    make_goods_receipt_line(session, goods_receipt=receipt)
    session.refresh(receipt)
    return receipt


_FOUND: dict[str, Any] = {"kind": "goods_receipt"}
"""What is written off loses its sign."""

WALK = {
    GoodsReceiptScreen: Told(
        does={"receive": _delivered, "cancel": make_goods_receipt},
        # In the company's own currency; a line's amount follows from its price.
        adds={"rate": None, "lines": {"amount": None}},
    ),
    MovementScreen: Told(adds=_FOUND),
}
