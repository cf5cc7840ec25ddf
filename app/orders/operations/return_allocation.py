"""Which lines of its order those of a return made by hand take from, and what they give for it."""

from collections.abc import Sequence
from decimal import ROUND_UP, Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from app.catalogue.models import Variant
from app.kit.database.lines import place_of, put_at
from app.kit.database.model import linked_id
from app.kit.errors import Invalid
from app.kit.money import ZERO, allocate, currency_digits, round_line
from app.orders.models import GoodsReturn, Order, OrderLine, ReturnLine
from app.orders.operations.pricing import settle
from app.orders.operations.returnable import OpenLine, open_lines, refuse_too_many

_FINEST = Decimal("0.0001")

Linked = tuple[ReturnLine, OpenLine, tuple[Decimal, Decimal]]
"""A line of a return, what it takes from, and its share in amount and tax."""


def link_lines(
    session: Session, document: GoodsReturn, order: Order, lines: Sequence[ReturnLine]
) -> list[Linked]:
    """Find for each line of a return made by hand the line of the order that it takes from.

    One that names none takes from the line with most pieces left, and what is not left there as a
    new line of the return from the next. A line without a price gets the one that was paid.

    Raises Invalid for what was not bought with this order, Conflict for more than has not come back
    yet.
    """
    known = open_lines(session, order)
    linked, spread = [], []
    for line in lines:
        line.quantity = 1 if line.quantity is None else line.quantity
        if line.quantity <= 0:
            raise Invalid(_l("The quantity must be more than zero."), field="quantity", record=line)
        found = _named(session, line, known)
        if found is None or (found.quantity < line.quantity and _has_grown(line)):
            spread.append((line, found))
        else:
            linked.append(_take(session, line, found, order))
    for line, found in spread:
        for part, one in _parts(session, document, line, found, known):
            linked.append(_take(session, part, one, order))
    return linked


def _named(session: Session, line: ReturnLine, known: dict[int, OpenLine]) -> OpenLine | None:
    """Return the line of the order that a line names or has been given, None without one."""
    wanted = linked_id(line, "order_line")
    found = known.get(wanted or 0)
    line.variant_id = linked_id(line, "variant")
    if found is not None and line.variant_id is None and line.charge_kind is None:
        line.charge_kind = found.sold.charge_kind
        _lead(session, line, "variant", found.sold.variant_id)
    if found is not None and _is_of(found, line):
        return found
    if wanted is not None and is_changed(line, "order_line_id"):
        words = _l("Choose a line of the order with the same product.")
        raise Invalid(words, field="order_line", record=line)
    return None


def _is_of(found: OpenLine, line: ReturnLine) -> bool:
    same = (line.variant_id, line.charge_kind)
    return (found.sold.variant_id, found.sold.charge_kind) == same


def _has_grown(line: ReturnLine) -> bool:
    """Whether a saved line was given more pieces, and not another line of the order."""
    state: Any = inspect(line)
    is_new = is_changed(line, "order_line_id")
    return bool(state.persistent and is_changed(line, "quantity") and not is_new)


def _parts(
    session: Session,
    document: GoodsReturn,
    line: ReturnLine,
    first: OpenLine | None,
    known: dict[int, OpenLine],
) -> list[tuple[ReturnLine, OpenLine]]:
    """Part a line over those of the order, `first` before the others, then most pieces first."""
    same = [one for one in known.values() if _is_of(one, line)]
    if not same:
        raise Invalid(_l("This line is not one of the order's."), field="variant", record=line)
    same.sort(key=lambda one: (one is not first, -one.quantity))
    refuse_too_many(line.quantity, sum(one.quantity for one in same), same[0], line)
    pieces, rest = [], line.quantity
    for one in same:
        pieces.append(min(rest, one.quantity))
        rest -= pieces[-1]
    found = [(one, number) for one, number in zip(same, pieces, strict=True) if number]
    discounts = [line.discount]
    if len(found) > 1 and line.discount:
        numbers = [number for _one, number in found]
        discounts = allocate(line.discount, numbers, document.currency)
    line.quantity, line.discount = found[0][1], discounts[0]
    parts = [(line, found[0][0])]
    for selling_store, (one, number) in enumerate(found[1:], 1):
        part = _beside(session, document, line)
        part.quantity = number
        part.discount = discounts[selling_store] if len(discounts) > 1 else ZERO
        parts.append((part, one))
    return parts


def _beside(session: Session, document: GoodsReturn, line: ReturnLine) -> ReturnLine:
    """Return a new line of the return for more of the same."""
    part = ReturnLine(
        variant_id=line.variant_id,
        charge_kind=line.charge_kind,
        description=line.description,
        unit_price=line.unit_price,
        restock=True if line.restock is None else line.restock,
    )
    put_at(part, place_of(line))
    if document.id:
        part.goods_return_id = document.id
        session.add(part)
    else:
        document.lines.append(part)
    return part


def _take(session: Session, line: ReturnLine, found: OpenLine, order: Order) -> Linked:
    share = found.take(line.quantity, order.currency, line=line)
    _forget(line, found, order.currency)
    line.tax_rate = found.sold.tax_rate
    _lead(session, line, "order_line", found.sold.id)
    if line.unit_price is None:
        line.unit_price = found.sold.unit_price
    return line, found, share


_LEADS: dict[str, type[Any]] = {"variant": Variant, "order_line": OrderLine}


def _lead(session: Session, line: ReturnLine, relation: str, pk: int | None) -> None:
    """Let a line lead to a record. A relation that a form has set has the last word over its id."""
    setattr(line, f"{relation}_id", pk)
    if relation in line.__dict__:
        setattr(line, relation, session.get(_LEADS[relation], pk) if pk else None)


def _forget(line: ReturnLine, found: OpenLine, currency: str) -> None:
    """Forget a price and a discount that nobody named: an earlier saving had computed them."""
    state: Any = inspect(line)
    if not state.persistent:
        return
    named = {name for name in ("unit_price", "discount") if is_changed(line, name)}
    if _before(line, "order_line_id") not in (None, found.sold.id):
        for name in {"unit_price", "discount"} - named:
            setattr(line, name, None)
        return
    is_other = named == {"unit_price"} or (not named and is_changed(line, "quantity"))
    # What gave all that was paid had no discount but that of the sale.
    if is_other and line.amount >= _least(found, _before(line, "quantity"), currency):
        line.discount = ZERO


def is_changed(line: ReturnLine, name: str) -> bool:
    """Whether a line says something else than what is stored of it."""
    state: Any = inspect(line)
    return bool(state.attrs[name].history.has_changes())


def _before(line: ReturnLine, name: str) -> Any:
    """Return the value as it is stored."""
    state: Any = inspect(line)
    old = state.attrs[name].history.deleted
    return old[0] if old else getattr(line, name)


def _least(found: OpenLine, quantity: int, currency: str) -> Decimal:
    """Return the least that so many pieces give where nothing is withheld: rounded down."""
    coin = Decimal(1).scaleb(-currency_digits(currency))
    return int(found.sold.amount / coin) * quantity // found.sold.quantity * coin


def give(line: ReturnLine, share: tuple[Decimal, Decimal], currency: str) -> None:
    """Set what the client gets for a line: its share, the rest of its price being a discount.

    The last pieces take what rounding left of the others: then their price follows from the share.
    """
    amount, tax = share
    full = round_line(line.quantity, line.unit_price, currency)
    if amount > full:
        line.unit_price = (amount / line.quantity).quantize(_FINEST, ROUND_UP)
        full = round_line(line.quantity, line.unit_price, currency)
    line.amount, line.tax, line.discount = amount, tax, full - amount


def give_shares(document: GoodsReturn, linked: Sequence[Linked]) -> None:
    """Give for each line what was paid for it; at a lower price or with a discount less.

    Never more. A discount that takes off no more than the sale did and rounding may is none.
    """
    for line, found, share in linked:
        sold, currency = found.sold, document.currency
        # A price above the paid one gives no more; a saved share may imply one: see `give`.
        if line.unit_price >= sold.unit_price:
            line.unit_price = sold.unit_price
            asked = round_line(line.quantity, line.unit_price, currency) - (line.discount or ZERO)
            if asked >= _least(found, line.quantity, currency):
                give(line, share, currency)
                continue
        settle(line, document)
        if line.amount > share[0]:
            line.discount += line.amount - share[0]
            settle(line, document)
        line.tax = min(line.tax, share[1])
