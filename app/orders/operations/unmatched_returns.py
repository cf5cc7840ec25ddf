"""Goods that nobody bought here, or not at that price, are taken back by right only."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.catalogue.models import Product, Variant
from app.kit.access import MissingRight, Right, may, reader_or_none
from app.kit.money import ZERO, from_stored, percent_of, round_line
from app.orders.models import GoodsReturn, ReturnLine

TAKE_BACK_UNSOLD: Right = ("take_back_unsold", "GoodsReturn")


def refuse_never_sold(session: Session, document: GoodsReturn, lines: Sequence[ReturnLine]) -> None:
    """Ask for a right of its own where more comes back than was ever sold and not brought back.

    Such goods were not bought here, or came back without their order being named: money and stock
    would come from nowhere. Without an order only what is paid counts as sold, and each piece is
    worth what it costs today, or was last sold for. A job of the system, behind which nobody
    stands, is not asked. Raises MissingRight.
    """
    if reader_or_none() is None or may(*TAKE_BACK_UNSOLD):
        return
    wanted: dict[int, int] = {}
    for line in lines:
        if line.variant_id is not None:
            wanted[line.variant_id] = wanted.get(line.variant_id, 0) + line.quantity
    # Without it each of several at once finds the one piece that was sold.
    session.execute(select(func.crm_pieces_in_turn(list(wanted))))
    known = document.order_id is not None
    count = func.crm_sold_and_not_back if known else func.crm_paid_and_not_back
    sold = count(list(wanted)).table_valued("variant_id", "pieces")
    left = {row.variant_id: row.pieces for row in session.execute(select(sold))}
    if any(quantity > left.get(variant, 0) for variant, quantity in wanted.items()):
        raise MissingRight(*TAKE_BACK_UNSOLD)
    if not known and _worth_too_much(session, document, lines):
        raise MissingRight(*TAKE_BACK_UNSOLD)


def _worth_too_much(session: Session, document: GoodsReturn, lines: Sequence[ReturnLine]) -> bool:
    """Say whether more is given for a line, tax included, than its pieces cost today or lately.

    What has never had a price in the document's currency is worth nothing; so is a charge.
    """
    prices = _prices(session, document, [one.variant_id for one in lines if one.variant_id])
    for line in lines:
        most = [
            round_line(line.quantity, one, document.currency)
            for one in prices.get(line.variant_id or 0, ())
        ]
        tax = ZERO if document.prices_include_tax else line.tax
        if line.amount + tax > max(most, default=ZERO):
            return True
    return False


def _prices(
    session: Session, document: GoodsReturn, variants: Sequence[int]
) -> dict[int, list[Decimal]]:
    """Return for each variant the prices of one piece in the document's currency, with tax."""
    today = session.execute(
        select(Variant.id, Variant.price, Product.tax_rate)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.id.in_(variants), Variant.currency == document.currency)
    )
    found: dict[int, list[Decimal]] = {}
    for row in today:
        on_top = ZERO
        if not document.prices_include_tax:
            on_top = percent_of(row.price, row.tax_rate, document.currency)
        found[row.id] = [row.price + on_top]
    columns = ("variant_id", "amount", "pieces")
    last = func.crm_last_sold_for(list(variants), document.currency).table_valued(*columns)
    for row in session.execute(select(last)):
        found.setdefault(row.variant_id, []).append(from_stored(row.amount) / row.pieces)
    return found
