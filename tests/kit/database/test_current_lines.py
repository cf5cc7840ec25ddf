"""The lines of a document as they will be written, asked for in the middle of saving it."""

import pytest
from sqlalchemy.orm import Session

from app.kit.database.lines import current_lines
from app.orders.models import GoodsReturn, Order, OrderLine, ReturnLine
from app.stock.models import GoodsReceipt, GoodsReceiptLine
from tests import factories


def test_kept_changed_and_new_ones_without_the_deleted_and_without_anothers(
    session: Session,
) -> None:
    receipt, other = factories.make_goods_receipt(session), factories.make_goods_receipt(session)
    last, changed, gone = (
        factories.make_goods_receipt_line(session, goods_receipt=receipt, position=position)
        for position in (9, 2, 1)
    )
    factories.make_goods_receipt_line(session, goods_receipt=other)
    with session.no_autoflush:
        changed.quantity = 77
        session.delete(gone)
        new, anothers = (
            GoodsReceiptLine(goods_receipt_id=one.id, store_id=one.store_id, position=3)
            for one in (receipt, other)
        )
        session.add_all([new, anothers])
        found = current_lines(session, receipt, GoodsReceiptLine)
        assert found == [changed, last, new]
        assert found[0].quantity == 77
        session.expunge(new)
        session.expunge(anothers)


@pytest.mark.parametrize(
    ("document", "line"),
    [(GoodsReceipt, GoodsReceiptLine), (Order, OrderLine), (GoodsReturn, ReturnLine)],
)
def test_a_document_that_is_not_saved_yet_has_those_it_was_given(
    session: Session, document: type, line: type
) -> None:
    lines = [line(), line()]
    assert current_lines(session, document(lines=lines), line) == lines
    assert current_lines(session, document(), line) == []
