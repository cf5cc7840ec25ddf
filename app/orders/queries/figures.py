"""What figures must be, and what must always hold for orders, returns and payments."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import aliased

from app.clients.choices import SeenBecause
from app.clients.models import Client, ClientFigures, ClientStore
from app.clients.queries import day_in_words
from app.kit.database.balances import off_balance
from app.kit.money import ZERO, MoneyType, money_sum
from app.messages.queries import Values
from app.orders.choices import (
    COUNTED,
    LineKind,
    OrderStatus,
    PaymentDirection,
    PaymentState,
    PaymentStatus,
    ReturnStatus,
)
from app.orders.models import (
    Adjustment,
    GivenForReturn,
    GoodsReturn,
    Order,
    OrderLine,
    PaidByWay,
    Payment,
    ReturnLine,
)
from app.stock.models import ReservationEntry

# Placed and not yet handed over: what they need is held back.
WAITING = (
    OrderStatus.PLACED,
    OrderStatus.CONFIRMED,
    OrderStatus.ASSEMBLING,
    OrderStatus.READY,
)


def client_sums(
    client_ids: Collection[int] | None = None, *, by_store: bool = False
) -> Select[Any]:
    """Return what the figures of clients must be, one row for each with an order or return.

    With `by_store` one for each client and store.
    """

    def key(document: Any) -> tuple[Any, ...]:
        return (document.client_id, document.store_id) if by_store else (document.client_id,)

    orders = select(
        *key(Order),
        func.count().label("orders_count"),
        money_sum(Order.total_company).label("orders_sum"),
        func.min(Order.placed_at).label("first_order_at"),
        func.max(Order.placed_at).label("last_order_at"),
    ).where(Order.client_id.is_not(None), Order.status.in_(COUNTED))
    returns = select(
        *key(GoodsReturn),
        func.count().label("returns_count"),
        money_sum(GoodsReturn.total_company).label("returns_sum"),
    ).where(GoodsReturn.client_id.is_not(None), GoodsReturn.status == ReturnStatus.RECEIVED)
    if client_ids is not None:
        orders = orders.where(Order.client_id.in_(client_ids))
        returns = returns.where(GoodsReturn.client_id.in_(client_ids))
    bought = orders.group_by(*key(Order)).subquery("bought")
    back = returns.group_by(*key(GoodsReturn)).subquery("back")
    same = [one == other for one, other in zip(key(bought.c), key(back.c), strict=True)]
    joined = bought.outerjoin(back, and_(*same), full=True)
    return select(
        *(
            func.coalesce(one, other).label(one.name)
            for one, other in zip(key(bought.c), key(back.c), strict=True)
        ),
        func.coalesce(bought.c.orders_count, 0).label("orders_count"),
        func.coalesce(bought.c.orders_sum, 0).label("orders_sum"),
        bought.c.first_order_at,
        bought.c.last_order_at,
        func.coalesce(back.c.returns_count, 0).label("returns_count"),
        func.coalesce(back.c.returns_sum, 0).label("returns_sum"),
    ).select_from(joined)


FIGURES = (
    "orders_count",
    "orders_sum",
    "first_order_at",
    "last_order_at",
    "returns_count",
    "returns_sum",
)


def _lines_disagree(document: Any, line: Any, key: Any) -> Select[Any]:
    goods = func.sum(case((line.kind == LineKind.GOODS, line.amount), else_=0))
    sums = (
        select(
            key.label("id"),
            goods.label("goods"),
            func.sum(line.amount).label("amount"),
            func.sum(line.tax).label("tax"),
        )
        .group_by(key)
        .subquery("sums")
    )
    return (
        select(document.id, document.number, document.goods, document.charges, sums.c.amount)
        .outerjoin(sums, sums.c.id == document.id)
        .where(
            or_(
                document.goods.is_distinct_from(func.coalesce(sums.c.goods, 0)),
                (document.goods + document.charges).is_distinct_from(
                    func.coalesce(sums.c.amount, 0)
                ),
                document.tax.is_distinct_from(func.coalesce(sums.c.tax, 0)),
            )
        )
    )


def orders_that_disagree() -> Select[Any]:
    """Orders whose sums are not those of their lines."""
    return _lines_disagree(Order, OrderLine, OrderLine.order_id)


def returns_that_disagree() -> Select[Any]:
    """Find returns whose sums are not those of their lines."""
    return _lines_disagree(GoodsReturn, ReturnLine, ReturnLine.goods_return_id)


_RECEIVED = case((Payment.direction == PaymentDirection.RECEIVED, Payment.amount), else_=0)
_RETURNED = case((Payment.direction == PaymentDirection.RETURNED, Payment.amount), else_=0)


def _off_payments(kept: Any, entry: Any) -> Select[Any]:
    return off_balance(
        kept,
        Order.id,
        entry=entry,
        of=Payment.order_id,
        where=Payment.status == PaymentStatus.SETTLED,
    )


def paid_that_disagrees() -> Select[Any]:
    """Orders whose paid sum is not that of their settled payments."""
    return _off_payments(Order.paid, type_coerce(_RECEIVED - _RETURNED, MoneyType()))


def refunded_that_disagrees() -> Select[Any]:
    """Orders whose sum of money given back is not that of their settled payments."""
    return _off_payments(Order.refunded, type_coerce(_RETURNED, MoneyType()))


def payment_state_of(due: Any, received: Any, given_back: Any) -> ColumnElement[str]:
    """How far an order is paid, in SQL: see `operations.figures.payment_state`."""
    kept = received - given_back
    return case(
        (and_(given_back > 0, kept <= 0), PaymentState.REFUNDED.value),
        (kept > due, PaymentState.OVERPAID.value),
        (and_(received <= 0, due > 0), PaymentState.UNPAID.value),
        (received <= 0, PaymentState.NOTHING_DUE.value),
        (kept == due, PaymentState.PAID.value),
        else_=PaymentState.PARTLY_PAID.value,
    )


def payment_states_that_disagree() -> Select[Any]:
    """Placed orders whose payment state is not what their sums say."""
    owed = type_coerce(func.greatest(Order.total - Order.returned + Order.adjusted, 0), MoneyType())
    due = case((Order.status == OrderStatus.CANCELLED, literal(ZERO, MoneyType())), else_=owed)
    received = type_coerce(Order.paid + Order.refunded, MoneyType())
    wanted = payment_state_of(due, received, Order.refunded)
    columns: list[Any] = [Order.id, Order.number, Order.payment_state, wanted.label("wanted")]
    return select(*columns).where(
        Order.placed_at.is_not(None), cast(Order.payment_state, Text) != wanted
    )


def ways_that_disagree() -> Select[Any]:
    """Ways of orders whose sums are not those of their settled payments; of providers as well."""
    settled = (Payment.status == PaymentStatus.SETTLED, Payment.order_id.is_not(None))
    whole, told = (
        select(
            Payment.order_id,
            Payment.method,
            Payment.certificate_id,
            provider.label("provider"),
            money_sum(_RECEIVED).label("received"),
            money_sum(_RETURNED).label("returned"),
        )
        .where(*settled, *more)
        .group_by(Payment.order_id, Payment.method, Payment.certificate_id, provider)
        for provider, more in (
            (cast(null(), Text), ()),
            (Payment.provider, (Payment.provider.is_not(None),)),
        )
    )
    right = union_all(whole, told).subquery("right_ways")
    same = and_(
        right.c.order_id == PaidByWay.order_id,
        right.c.method == PaidByWay.method,
        right.c.certificate_id.is_not_distinct_from(PaidByWay.certificate_id),
        right.c.provider.is_not_distinct_from(PaidByWay.provider),
    )
    columns: list[Any] = [
        func.coalesce(PaidByWay.order_id, right.c.order_id).label("order_id"),
        PaidByWay.received,
        PaidByWay.returned,
        right.c.received.label("right_received"),
        right.c.returned.label("right_returned"),
    ]
    kept: Any = PaidByWay.__table__
    return (
        select(*columns)
        .select_from(kept.outerjoin(right, same, full=True))
        .where(
            or_(
                PaidByWay.received.is_distinct_from(right.c.received),
                PaidByWay.returned.is_distinct_from(right.c.returned),
            )
        )
    )


def given_that_disagrees() -> Select[Any]:
    """Find returns whose kept sum of money given back is not that of their payments."""
    return off_balance(
        GivenForReturn.given,
        GivenForReturn.goods_return_id,
        entry=type_coerce(_RETURNED - _RECEIVED, MoneyType()),
        of=Payment.goods_return_id,
        where=Payment.status == PaymentStatus.SETTLED,
    )


def returned_that_disagrees() -> Select[Any]:
    """Orders whose returned sum is not that of their returns."""
    return off_balance(
        Order.returned,
        Order.id,
        entry=GoodsReturn.total,
        of=GoodsReturn.order_id,
        where=GoodsReturn.status == ReturnStatus.RECEIVED,
    )


def adjusted_that_disagrees() -> Select[Any]:
    """Orders whose adjusted sum is not that of their adjustments."""
    # One in another currency, from before this was refused, is no part of what is due.
    own = select(Order.currency).where(Order.id == Adjustment.order_id).scalar_subquery()
    return off_balance(
        Order.adjusted,
        Order.id,
        entry=Adjustment.amount,
        of=Adjustment.order_id,
        where=Adjustment.currency == own,
    )


def reservations_that_disagree() -> Select[Any]:
    """Variants of which an order holds back another quantity than its lines wait for."""
    held = (
        select(
            ReservationEntry.ref_id.label("order_id"),
            ReservationEntry.variant_id,
            func.sum(ReservationEntry.quantity).label("quantity"),
        )
        .where(ReservationEntry.ref_kind == "order")
        .group_by(ReservationEntry.ref_id, ReservationEntry.variant_id)
        .having(func.sum(ReservationEntry.quantity) != 0)
        .subquery("held")
    )
    needed = (
        select(
            OrderLine.order_id,
            OrderLine.variant_id,
            func.sum(OrderLine.quantity).label("quantity"),
        )
        .join(Order, Order.id == OrderLine.order_id)
        .where(Order.status.in_(WAITING), OrderLine.stocked, OrderLine.variant_id.is_not(None))
        .group_by(OrderLine.order_id, OrderLine.variant_id)
        .subquery("needed")
    )
    same = (held.c.order_id == needed.c.order_id) & (held.c.variant_id == needed.c.variant_id)
    return (
        select(
            func.coalesce(held.c.order_id, needed.c.order_id).label("order_id"),
            func.coalesce(held.c.variant_id, needed.c.variant_id).label("variant_id"),
            held.c.quantity.label("held"),
            needed.c.quantity.label("needed"),
        )
        .select_from(held.outerjoin(needed, same, full=True))
        .where(held.c.quantity.is_distinct_from(needed.c.quantity))
    )


def returned_beyond_the_sold() -> Select[Any]:
    """Lines of orders of which more pieces or money came back than were sold."""
    back = (
        select(
            ReturnLine.order_line_id,
            func.sum(ReturnLine.quantity).label("quantity"),
            money_sum(ReturnLine.amount).label("amount"),
        )
        .join(GoodsReturn, GoodsReturn.id == ReturnLine.goods_return_id)
        .where(ReturnLine.order_line_id.is_not(None), GoodsReturn.status == ReturnStatus.RECEIVED)
        .group_by(ReturnLine.order_line_id)
        .subquery("back")
    )
    more = or_(back.c.quantity > OrderLine.quantity, back.c.amount > OrderLine.amount)
    return (
        select(OrderLine.id, OrderLine.order_id, OrderLine.quantity, back.c.quantity.label("back"))
        .join(back, back.c.order_line_id == OrderLine.id)
        .where(more)
    )


def refunds_off_their_order() -> Select[Any]:
    """Payments for a return that count on another order than the return's."""
    columns: list[Any] = [Payment.id, Payment.order_id, GoodsReturn.order_id.label("wanted")]
    return (
        select(*columns)
        .join(GoodsReturn, GoodsReturn.id == Payment.goods_return_id)
        .where(Payment.order_id.is_distinct_from(GoodsReturn.order_id))
    )


def lines_in_another_store() -> Select[Any]:
    """Lines whose store, by which readers are bound, is not that of their document."""
    sold = select(OrderLine.id, OrderLine.store_id, Order.store_id.label("wanted")).join(
        Order, Order.id == OrderLine.order_id
    )
    back = select(ReturnLine.id, ReturnLine.store_id, GoodsReturn.store_id.label("wanted")).join(
        GoodsReturn, GoodsReturn.id == ReturnLine.goods_return_id
    )
    both = union_all(
        sold.where(OrderLine.store_id != Order.store_id),
        back.where(ReturnLine.store_id != GoodsReturn.store_id),
    ).subquery("elsewhere")
    elsewhere: Select[Any] = select(*both.c)
    return elsewhere


def figures_that_disagree() -> Select[Any]:
    """Clients whose figures are not what their orders and returns say."""
    right = client_sums().subquery("right_figures")
    return (
        select(ClientFigures.client_id, *(right.c[name] for name in FIGURES))
        .outerjoin(right, right.c.client_id == ClientFigures.client_id)
        .where(or_(*(_differs(name, right.c[name]) for name in FIGURES)))
    )


def store_figures_that_disagree() -> Select[Any]:
    """Clients of a store whose figures there are not what the store's documents say.

    Document by document and in both directions, apart from how the figures are made.
    """
    no_time = cast(null(), DateTime(timezone=True))
    documents = union_all(
        select(
            Order.client_id, Order.store_id, literal(1).label("orders"), literal(0).label("backs"),
            Order.total_company.label("bought"), literal_column("0::bigint").label("back"),
            Order.placed_at.label("at"),
        ).where(Order.client_id.is_not(None), Order.status.in_(COUNTED)),
        select(
            GoodsReturn.client_id, GoodsReturn.store_id, literal(0), literal(1),
            literal_column("0::bigint"), GoodsReturn.total_company, no_time,
        ).where(
            GoodsReturn.client_id.is_not(None), GoodsReturn.status == ReturnStatus.RECEIVED
        ),
        # Named by no counted document: nothing, and the row is there all the same.
        select(
            ClientStore.client_id, ClientStore.store_id, literal(0), literal(0),
            literal_column("0::bigint"), literal_column("0::bigint"), no_time,
        ).where(ClientStore.why == SeenBecause.BOUGHT),
    ).subquery("documents")  # fmt: skip
    d, kept = documents.c, aliased(ClientStore)
    right = (
        select(
            d.client_id,
            d.store_id,
            func.sum(d.orders).label("orders_count"),
            func.sum(d.bought).label("orders_sum"),
            func.sum(d.backs).label("returns_count"),
            func.sum(d.back).label("returns_sum"),
            func.min(d.at).label("first_order_at"),
            func.max(d.at).label("last_order_at"),
        )
        .group_by(d.client_id, d.store_id)
        .subquery("right_figures")
    )
    same = (
        (kept.client_id == right.c.client_id)
        & (kept.store_id == right.c.store_id)
        & (kept.why == SeenBecause.BOUGHT)
    )
    differs = [getattr(kept, name).is_distinct_from(right.c[name]) for name in FIGURES]
    columns: list[Any] = list(right.c)
    return select(*columns).outerjoin(kept, same).where(or_(*differs))


def _differs(name: str, wanted: ColumnElement[Any]) -> ColumnElement[bool]:
    kept = getattr(ClientFigures, name)
    if name.endswith("_at"):
        return kept.is_distinct_from(wanted)
    return kept.is_distinct_from(func.coalesce(wanted, 0))


# --- what texts say ---------------------------------------------------------------------------


def told_of_orders(client_id: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the day of the last order where it was placed: on the clocks of its store."""
    c = aliased(Client)
    day = (
        select(cast(Order.business_date, DateTime))
        .where(Order.client_id == c.id, Order.status.in_(COUNTED), Order.placed_at.is_not(None))
        .order_by(Order.placed_at.desc(), Order.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    # Where no order stands, what the figures say stays.
    told = func.jsonb_build_object(literal("last_order"), day_in_words(day, c.locale))
    return select(func.jsonb_strip_nulls(told)).where(c.id == client_id).scalar_subquery()


TOLD = Values("orders", told_of_orders)
