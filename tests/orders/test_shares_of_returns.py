"""What comes back of an order, in pieces or at once: never more than was paid, and all of it."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from sqlalchemy import func, select, text

from app.catalogue.models import Variant
from app.clients.models import ClientFigures
from app.insights.models import DayFact
from app.kit.database.stamp import Role, company_stamp
from app.kit.errors import Conflict, Invalid
from app.orders import operations, queries
from app.orders.choices import ChargeKind
from app.orders.models import GoodsReturn, ReturnLine
from app.orders.operations import Item, ReturnItem
from app.stock.models import Movement
from tests.events.delivering import deliver
from tests.factories import (
    NOON,
    make_client,
    make_completed_order,
    make_order,
    make_product,
    make_store,
    make_variant,
)

EDGE = {"by": None, "at": NOON}
RECKONED = {one.name: one for one in queries.RECKONED}


@pytest.fixture
def store(session):
    return make_store(session)


def take_back(session, order, pieces, line=None, **values):
    item = ReturnItem(pieces, order_line_id=line or order.lines[0].id)
    usual = {"store_id": order.store_id, "order": order, **EDGE}
    return operations.take_back(session, [item], **{**usual, **values})


def draft(session, order, *lines):
    document = GoodsReturn(store_id=order.store_id, order_id=order.id)
    operations.save_return(session, document, **EDGE)
    for line in lines:
        session.add(ReturnLine(goods_return_id=document.id, **line))
    operations.save_return(session, document, **EDGE)
    return document


def lines_of(session, document):
    found = select(ReturnLine).where(ReturnLine.goods_return_id == document.id)
    return session.scalars(found.order_by(ReturnLine.position)).all()


def bring(session, order, **line):
    """Bring back a line as the form does; return what is given for it."""
    line.setdefault("variant_id", order.lines[0].variant_id)
    document = draft(session, order, line)
    operations.receive_return(session, document, **EDGE)
    return document.total


def found_by(session, name):
    return session.execute(RECKONED[name].offending()).all()


# --- in the company's currency -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("currency", "rate", "price", "parts"),
    [
        ("JPY", "0.00612345", 2000, [1, 1, 1, 1]),
        ("JPY", "0.00612345", 2, [1, 1, 1, 1]),
        ("JPY", "0.00612345", 817, [2, 1, 3, 1]),
        ("USD", "0.91375", "0.55", [1, 1, 1]),
        ("KWD", "2.9871", "0.005", [1, 2, 1, 1]),
    ],
)
def test_what_came_back_in_pieces_nets_to_zero_in_the_companys_currency(
    session, currency, rate, price, parts
):
    shop = make_store(session, currency=currency)
    buyer = make_client(session)
    rod = make_variant(session, price=Decimal(price), currency=currency)
    order = make_completed_order(
        session, Item(sum(parts), rod.id), store=shop, client=buyer, rate=Decimal(rate)
    )
    back = Decimal(0)
    for pieces in parts:
        one = take_back(session, order, pieces)
        assert one.total_company >= 0
        back += one.total_company
        assert back <= order.total_company
        assert found_by(session, "orders.back_in_company_currency") == []
    assert (order.returned, back) == (order.total, order.total_company)
    session.expire_all()
    figures = session.scalar(select(ClientFigures).where(ClientFigures.client_id == buyer.id))
    assert figures.returns_sum == figures.orders_sum == back
    deliver(session)
    assert session.scalar(select(func.sum(DayFact.net)).where(DayFact.store_id == shop.id)) == 0


def test_a_coin_too_much_in_the_companys_currency_is_found(session):
    shop = make_store(session, currency="JPY")
    rod = make_variant(session, price=Decimal(2000), currency="JPY")
    order = make_completed_order(session, Item(4, rod.id), store=shop, rate=Decimal("0.00612345"))
    take_back(session, order, 1)
    assert found_by(session, "orders.back_in_company_currency") == []
    session.execute(
        text("""
        insert into goods_return (store_id, order_id, number, status, returned_at, business_date,
          currency, rate, total_company)
        select store_id, order_id, 'coin', status, returned_at, business_date, currency, rate, 100
          from goods_return where order_id = :order"""),
        {"order": order.id},
    )
    assert len(found_by(session, "orders.back_in_company_currency")) == 1


def test_the_database_takes_no_more_back_than_was_sold(session, store):
    order = make_completed_order(session, store=store)
    with pytest.raises(Exception, match="ck_orders_returned"):
        session.execute(
            text("update orders set returned = total + 1 where id = :id"), {"id": order.id}
        )


def test_what_came_back_elsewhere_counts_for_somebody_bound_to_a_store(session, store, as_stamp):
    order = make_completed_order(session, Item(2, make_variant(session).id), store=store)
    line = order.lines[0].id
    take_back(session, order, 2, store_id=make_store(session).id)
    stamp = company_stamp(1, user_id=7, store_ids=(store.id,), bound_as=Role.STORE)
    with as_stamp(stamp), pytest.raises(Conflict, match="Only 0"):
        take_back(session, order, 1, line)


# --- a piece gives back what was paid for it at most --------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "prices", "given"),
    [
        (2, ["40", None], [40, 50]),
        (2, ["0", None], [0, 50]),
        (3, ["20", None, None], [20, 50, 50]),
        (3, [None, "49.99", None], [50, "49.99", 50]),
    ],
)
def test_what_is_kept_back_of_one_piece_is_not_paid_out_with_the_next(
    session, store, pieces, prices, given
):
    rod = make_variant(session, price=Decimal(50))
    order = make_completed_order(session, Item(pieces, rod.id), store=store)
    back = [
        bring(session, order, quantity=1, **({"unit_price": Decimal(price)} if price else {}))
        for price in prices
    ]
    assert back == [Decimal(one) for one in given]
    assert order.returned == sum(back)
    assert all(found_by(session, name) == [] for name in RECKONED)


def test_what_is_kept_back_takes_its_tax_along(session, store):
    product = make_product(session, tax_rate=Decimal(19))
    rod = make_variant(session, product=product, price=Decimal("9.97"))
    order = make_completed_order(session, Item(3, rod.id), store=store, prices_include_tax=False)
    first = bring(session, order, quantity=1, unit_price=Decimal("9.96"))
    rest = [bring(session, order, quantity=1) for _ in range(2)]
    assert first == Decimal("11.85")
    assert rest == [Decimal("11.87"), Decimal("11.86")]
    assert all(one <= Decimal("11.87") for one in rest)


@pytest.mark.parametrize(
    ("currency", "price", "included", "cheaper", "its_own"),
    [
        # The tax of each, rounded by itself, makes a coin more than that of both.
        ("EUR", "1.04", True, "1.0399", "0.17"),
        ("EUR", "0.87", False, "0.8699", "0.17"),
        ("JPY", "104", True, "103.9999", "17"),
        ("JPY", "87", False, "86.9999", "17"),
        # What is really cheaper takes its own along.
        ("EUR", "1.04", True, "0.50", "0.08"),
        ("JPY", "87", False, "50", "10"),
    ],
)
def test_a_piece_takes_no_more_tax_along_than_was_paid_for_it(
    session, currency, price, included, cheaper, its_own
):
    product = make_product(session, tax_rate=Decimal(19))
    rod = make_variant(session, product=product, price=Decimal(price), currency=currency)
    values = {
        "store": make_store(session, currency=currency),
        "rate": None if currency == "EUR" else Decimal("0.5"),
        "prices_include_tax": included,
    }
    line, asked = {"variant_id": rod.id, "quantity": 1}, {"unit_price": Decimal(cheaper)}
    for turns in ((True, False), (False, True)):
        order = make_completed_order(session, Item(2, rod.id), **values)
        assert order.tax == (Decimal("0.33") if currency == "EUR" else 33)
        taxes = {}
        for is_cheaper in turns:
            document = draft(session, order, line | asked if is_cheaper else line)
            operations.receive_return(session, document, **EDGE)
            taxes[is_cheaper] = document.tax
        assert taxes[True] == min(Decimal(its_own), order.tax - taxes[False])


def test_pieces_give_the_same_however_they_are_brought(session, store):
    rod = make_variant(session, price=Decimal(10))
    for parts in ([1, 1, 1, 1, 1, 1, 1], [3, 4], [2, 2, 3], [6, 1], [7]):
        order = make_completed_order(session, Item(7, rod.id, discount=Decimal(6)), store=store)
        sums = [Decimal(0)]
        for pieces in parts:
            take_back(session, order, pieces)
            sums.append(order.returned)
        assert sums[-1] == 64
        for pieces, (before, after) in zip(parts, pairwise(sums), strict=True):
            assert abs(after - before - Decimal(64) * pieces / 7) < Decimal("0.01")


# --- a discount of what comes back ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ({"discount": "10"}, 40),
        ({"discount": "50"}, 0),
        ({"discount": "0.01"}, "49.99"),
        ({"unit_price": "30", "discount": "10"}, 20),
        ({"unit_price": "90", "discount": "10"}, 40),
        ({"discount": "0"}, 50),
    ],
)
def test_a_discount_of_a_line_that_comes_back_is_taken_off(session, store, line, given):
    rod = make_variant(session, price=Decimal(50))
    order = make_completed_order(session, Item(2, rod.id), store=store)
    values = {name: Decimal(value) for name, value in line.items()}
    assert bring(session, order, quantity=1, **values) == Decimal(given)
    assert bring(session, order, quantity=1) == 50


@pytest.mark.parametrize("discount", ["50.01", "0.001"])
def test_a_discount_that_cannot_be_is_refused(session, store, discount):
    rod = make_variant(session, price=Decimal(50))
    order = make_completed_order(session, Item(2, rod.id), store=store)
    with pytest.raises(Invalid) as refused:
        bring(session, order, quantity=1, discount=Decimal(discount))
    assert refused.value.field == "discount"


def test_the_discount_of_the_sale_is_no_discount_of_the_return(session, store):
    rod = make_variant(session, price=Decimal(10))
    order = make_completed_order(session, Item(3, rod.id, discount=Decimal(10)), store=store)
    document = draft(session, order, {"variant_id": rod.id, "quantity": 2})
    (line,) = lines_of(session, document)
    assert (line.amount, line.discount) == (Decimal("13.33"), Decimal("6.67"))
    line.quantity = 1
    operations.save_return(session, document, **EDGE)
    assert (line.amount, line.discount) == (Decimal("6.67"), Decimal("3.33"))
    line.unit_price = Decimal(5)
    operations.save_return(session, document, **EDGE)
    assert (line.amount, line.discount) == (5, 0)
    line.unit_price, line.discount = Decimal(10), Decimal("4.33")
    operations.save_return(session, document, **EDGE)
    assert line.amount == Decimal("5.67")
    line.quantity = 2
    operations.save_return(session, document, **EDGE)
    assert (line.amount, line.discount) == (Decimal("13.33"), Decimal("6.67"))


def test_drafts_that_were_saved_at_once_give_all_of_it(session, store):
    rod = make_variant(session, price=Decimal(5))
    order = make_completed_order(session, Item(3, rod.id, discount=Decimal(5)), store=store)
    drafts = [draft(session, order, {"variant_id": rod.id, "quantity": 1}) for _ in range(3)]
    for document in drafts:
        operations.receive_return(session, document, **EDGE)
    assert [one.total for one in drafts] == [Decimal("3.33"), Decimal("3.34"), Decimal("3.33")]
    assert order.returned == order.total == 10


# --- of which line it is -------------------------------------------------------------------------


@pytest.fixture
def mixed(session, store):
    """A completed order of three pieces at 100 and one of the same for nothing."""
    rod = make_variant(session, price=Decimal(100), stock=9, store_id=store.id)
    lines = (Item(3, rod.id), Item(1, rod.id, discount=Decimal(100)))
    return make_completed_order(session, *lines, store=store)


def test_a_piece_that_was_free_comes_back_for_nothing(session, mixed):
    free = mixed.lines[1]
    assert bring(session, mixed, quantity=1, order_line_id=free.id) == 0
    assert bring(session, mixed, quantity=1) == 100


def test_a_line_of_the_order_says_what_it_is(session, mixed):
    document = draft(session, mixed, {"quantity": 1, "order_line_id": mixed.lines[1].id})
    (line,) = lines_of(session, document)
    assert (line.variant_id, line.amount) == (mixed.lines[1].variant_id, 0)


def test_more_than_one_line_has_comes_of_the_next_line_too(session, mixed):
    variant = mixed.lines[0].variant_id
    document = draft(session, mixed, {"variant_id": variant, "quantity": 4, "restock": False})
    first, second = lines_of(session, document)
    assert [(one.quantity, one.amount, one.order_line_id) for one in (first, second)] == [
        (3, 300, mixed.lines[0].id),
        (1, 0, mixed.lines[1].id),
    ]
    assert (first.restock, second.restock, document.total) == (False, False, 300)
    operations.receive_return(session, document, **EDGE)
    assert mixed.returned == mixed.total == 300
    with pytest.raises(Conflict, match="Only 0"):
        draft(session, mixed, {"variant_id": variant, "quantity": 1})


def test_more_than_all_lines_have_is_refused(session, mixed):
    variant = mixed.lines[0].variant_id
    with pytest.raises(Conflict, match="Only 4"):
        draft(session, mixed, {"variant_id": variant, "quantity": 5})


def test_what_is_named_goes_before_what_is_not(session, mixed):
    variant = mixed.lines[0].variant_id
    document = draft(
        session,
        mixed,
        {"variant_id": variant, "quantity": 2},
        {"variant_id": variant, "quantity": 2, "order_line_id": mixed.lines[0].id},
    )
    given = [(one.quantity, one.amount) for one in lines_of(session, document)]
    assert given == [(1, 100), (2, 200), (1, 0)]


def test_a_named_line_gives_no_more_pieces_than_it_has(session, mixed):
    with pytest.raises(Conflict, match="Only 1"):
        draft(session, mixed, {"quantity": 2, "order_line_id": mixed.lines[1].id})


def test_another_line_of_the_order_brings_its_own_price(session, store):
    rod = make_variant(session, price=Decimal(100))
    lines = (Item(3, rod.id), Item(1, rod.id, unit_price=Decimal(60)))
    order = make_completed_order(session, *lines, store=store)
    document = draft(session, order, {"variant_id": rod.id, "quantity": 1})
    (line,) = lines_of(session, document)
    for wanted, given in ((1, 60), (0, 100)):
        line.order_line_id = order.lines[wanted].id
        operations.save_return(session, document, **EDGE)
        assert (line.unit_price, line.amount, line.discount) == (given, given, 0)


def test_a_saved_line_that_grows_takes_from_the_next_too(session, mixed):
    document = draft(session, mixed, {"variant_id": mixed.lines[0].variant_id, "quantity": 2})
    (line,) = lines_of(session, document)
    line.quantity = 4
    operations.save_return(session, document, **EDGE)
    given = [(one.quantity, one.amount) for one in lines_of(session, document)]
    assert given == [(3, 300), (1, 0)]


def test_a_draft_is_not_received_for_another_piece_than_it_names(session, mixed):
    variant = mixed.lines[0].variant_id
    first, second = (
        draft(session, mixed, {"variant_id": variant, "quantity": quantity}) for quantity in (3, 1)
    )
    operations.receive_return(session, first, **EDGE)
    with pytest.raises(Conflict, match="Only 0"):
        operations.receive_return(session, second, **EDGE)


def test_what_is_no_line_of_the_order_with_that_product_is_refused(session, store, mixed):
    other = make_completed_order(session, Item(1, mixed.lines[0].variant_id), store=store)
    fee = Item(1, charge=ChargeKind.FEE, unit_price=Decimal(3))
    charged = make_completed_order(session, Item(1, make_variant(session).id), fee, store=store)
    for order, line in (
        (mixed, {"quantity": 1, "order_line_id": other.lines[0].id}),
        (
            charged,
            {"variant_id": charged.lines[0].variant_id, "order_line_id": charged.lines[1].id},
        ),
    ):
        document = GoodsReturn(store_id=order.store_id, order_id=order.id)
        operations.save_return(session, document, **EDGE)
        made = ReturnLine(goods_return_id=document.id, **line)
        session.add(made)
        with pytest.raises(Invalid) as refused:
            operations.save_return(session, document, **EDGE)
        assert refused.value.field == "order_line"
        session.expunge(made)


def test_without_its_order_a_return_names_no_line_of_one(session, store, mixed):
    document = GoodsReturn(store_id=store.id)
    operations.save_return(session, document, **EDGE)
    line = mixed.lines[0]
    session.add(
        ReturnLine(
            goods_return_id=document.id,
            quantity=1,
            variant_id=line.variant_id,
            order_line_id=line.id,
        )
    )
    with pytest.raises(Invalid) as refused:
        operations.save_return(session, document, **EDGE)
    assert refused.value.field == "order_line"


# --- at what cost it enters the stock ------------------------------------------------------------


def costs(session, kind):
    found = select(Movement.unit_cost).where(Movement.kind == kind).order_by(Movement.id)
    return session.scalars(found).all()


def test_goods_come_back_at_the_cost_at_which_they_left(session, store):
    rod = make_variant(session, stock=5, store_id=store.id, cost=Decimal("1.25"))
    order = make_completed_order(session, Item(2, rod.id), store=store)
    session.get_one(Variant, rod.id).cost = Decimal(7)
    session.flush()
    take_back(session, order, 1)
    bring(session, order, quantity=1)
    assert costs(session, "return") == [Decimal("1.25")] * 2
    assert found_by(session, "orders.return_costs") == []
    session.execute(
        text("""
        insert into movement (store_id, variant_id, kind, quantity, unit_cost, ref_kind, ref_id)
        select store_id, variant_id, kind, quantity, c, ref_kind, ref_id
          from movement, (values (null::bigint), (12400)) v(c) where kind = 'return'"""),
    )
    assert len(found_by(session, "orders.return_costs")) == 4


def test_goods_of_no_known_order_come_back_at_the_cost_of_today(session, store):
    known = make_variant(session, stock=5, store_id=store.id, cost=Decimal("1.25"))
    unknown = make_variant(session, stock=5, store_id=store.id)
    abroad = make_variant(session, stock=5, store_id=store.id, currency="USD", cost=Decimal(3))
    for variant in (known, unknown, abroad):
        item = ReturnItem(1, variant_id=variant.id, unit_price=Decimal(1))
        operations.take_back(session, [item], store_id=store.id, **EDGE)
    assert costs(session, "return") == [Decimal("1.25"), None, None]


def test_what_was_sold_before_it_had_a_cost_comes_back_without(session, store):
    rod = make_variant(session, stock=5, store_id=store.id)
    order = make_order(session, Item(1, rod.id), store=store)
    operations.complete_order(session, order, by=None, at=NOON + timedelta(hours=1))
    rod.cost = Decimal(3)
    session.flush()
    take_back(session, order, 1)
    assert costs(session, "return") == [None]


@pytest.mark.parametrize(
    ("currency", "price"), [("EUR", "3.3333"), ("JPY", "33.4"), ("KWD", "1.1111")]
)
def test_what_came_back_follows_from_its_price_to_the_coin(session, currency, price):
    store = make_store(session, currency=currency)
    rod = make_variant(session)
    values = {"store": store, "rate": None if currency == "EUR" else Decimal("0.5")}
    order = make_completed_order(session, Item(3, rod.id, unit_price=Decimal(price)), **values)
    for _piece in range(3):
        take_back(session, order, 1)
    assert session.execute(RECKONED["orders.return_lines"].offending()).all() == []
    assert order.returned == order.total
