from decimal import Decimal

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError

from app.kit.errors import Conflict, Invalid
from app.kit.events.models import Event
from app.stock import operations
from app.stock.choices import BY_HAND, MovementKind, ReceiptStatus
from app.stock.models import GoodsReceipt, Movement, StockBalance
from app.stock.operations import Move, OutOfStock
from app.stock.queries import goods_moved_otherwise, receipts_that_disagree
from tests.factories import (
    NOON,
    make_goods_receipt,
    make_goods_receipt_line,
    make_store,
    make_variant,
    receive,
)

REF = ("order", 1)
EDGE = {"by": None, "at": NOON}


def balance(session, store, variant):
    row = session.scalar(
        select(StockBalance)
        .where(StockBalance.store_id == store.id, StockBalance.variant_id == variant.id)
        .execution_options(populate_existing=True)
    )
    return (row.on_hand, row.reserved, row.available, row.counted)


@pytest.fixture
def store(session):
    return make_store(session)


@pytest.fixture
def variant(session):
    return make_variant(session)


def test_a_delivery_is_on_hand_and_from_then_on_counted(session, store, variant):
    receive(session, variant, 5, store_id=store.id)
    receive(session, variant, 2, store_id=store.id)
    assert balance(session, store, variant) == (7, 0, 7, True)


def test_what_is_reserved_is_not_available_and_no_more_can_be_reserved(session, store, variant):
    receive(session, variant, 5, store_id=store.id)
    operations.reserve(session, store.id, {variant.id: 4}, ref=REF)
    assert balance(session, store, variant) == (5, 4, 1, True)
    with pytest.raises(OutOfStock):
        operations.reserve(session, store.id, {variant.id: 2}, ref=("order", 2))


def test_a_release_gives_back_what_is_still_held(session, store, variant):
    receive(session, variant, 5, store_id=store.id)
    operations.reserve(session, store.id, {variant.id: 4}, ref=REF)
    operations.release(session, store.id, ref=REF)
    operations.release(session, store.id, ref=REF)
    assert balance(session, store, variant) == (5, 0, 5, True)


def test_more_than_is_there_cannot_be_written_off(session, store, variant):
    receive(session, variant, 5, store_id=store.id)
    facts = {"store_id": store.id, "variant_id": variant.id, "reason": "Broken"}
    operations.move_by_hand(session, MovementKind.WRITE_OFF, quantity=2, by=None, at=NOON, **facts)
    assert balance(session, store, variant) == (3, 0, 3, True)
    with pytest.raises(OutOfStock):
        operations.move_by_hand(
            session, MovementKind.WRITE_OFF, quantity=4, by=None, at=NOON, **facts
        )


def test_goods_that_are_used_go_and_goods_that_are_taken_in_come(session, store, variant):
    facts = {"store_id": store.id, "variant_id": variant.id, "reason": "Found", **EDGE}
    came = operations.move_by_hand(session, MovementKind.GOODS_RECEIPT, quantity=5, **facts)
    went = operations.move_by_hand(session, MovementKind.SERVICE_USE, quantity=2, **facts)
    assert (came.kind, came.quantity) == (MovementKind.GOODS_RECEIPT, 5)
    assert (went.kind, went.quantity) == (MovementKind.SERVICE_USE, -2)
    assert balance(session, store, variant) == (3, 0, 3, True)
    with pytest.raises(OutOfStock):
        operations.move_by_hand(session, MovementKind.SERVICE_USE, quantity=4, **facts)


@pytest.mark.parametrize("kind", BY_HAND)
@pytest.mark.parametrize("wrong", [{"quantity": 0}, {"quantity": -2}, {"reason": " "}])
def test_what_is_moved_by_hand_has_a_quantity_without_a_sign_and_a_reason(
    session, store, variant, kind, wrong
):
    facts = {"store_id": store.id, "variant_id": variant.id, "quantity": 1, "reason": "Because"}
    with pytest.raises(Invalid) as refused:
        operations.move_by_hand(session, kind, **{**facts, **wrong}, **EDGE)
    assert [refused.value.field] == list(wrong)


def test_imported_history_may_go_below_zero_until_somebody_counts(session, store, variant):
    operations.post(session, [Move(store.id, variant.id, MovementKind.SALE, -9)], at=NOON)
    assert balance(session, store, variant) == (-9, 0, -9, False)
    receive(session, variant, 4, store_id=store.id)
    assert balance(session, store, variant) == (-5, 0, -5, False)
    found = operations.count_stock(session, store.id, {variant.id: 6}, by=None, at=NOON)
    assert found == {variant.id: 11}
    assert balance(session, store, variant) == (6, 0, 6, True)


def test_a_transfer_moves_between_stores(session, store, variant):
    other = make_store(session)
    receive(session, variant, 5, store_id=store.id)
    operations.transfer(
        session,
        from_store_id=store.id,
        to_store_id=other.id,
        variant_id=variant.id,
        quantity=2,
        by=None,
        at=NOON,
    )
    assert balance(session, store, variant)[0] == 3
    assert balance(session, other, variant)[0] == 2


def test_many_movements_of_one_statement_count_each(session, store):
    variants = [make_variant(session) for _ in range(3)]
    kinds = [MovementKind.GOODS_RECEIPT, MovementKind.SALE]
    moves = [
        Move(store.id, v.id, kind, 10 if kind is MovementKind.GOODS_RECEIPT else -n)
        for n, v in enumerate(variants, 1)
        for kind in kinds
    ]
    operations.post(session, moves, at=NOON)
    assert [balance(session, store, v)[0] for v in variants] == [9, 8, 7]


@pytest.mark.parametrize("table", ["movement", "reservation_entry", "stock_balance"])
def test_neither_ledger_nor_balance_can_be_edited(session, table):
    with pytest.raises(DBAPIError, match="permission denied"):
        session.execute(text(f"update {table} set company_id = company_id"))


def test_a_sale_that_adds_to_stock_is_refused(session, store, variant):
    with pytest.raises(DBAPIError, match="ck_movement_sign"):
        operations.post(session, [Move(store.id, variant.id, MovementKind.SALE, 2)], at=NOON)


def test_receiving_a_delivery_fills_stock_cost_and_sums(session, store, variant):
    receipt = make_goods_receipt(session, store=store, currency="USD", rate=Decimal("0.5"))
    line = make_goods_receipt_line(
        session, goods_receipt=receipt, variant=variant, quantity=3, unit_cost=Decimal("1.34")
    )
    operations.receive_goods(session, receipt, by=None, at=NOON)
    session.refresh(variant)
    assert balance(session, store, variant) == (3, 0, 3, True)
    assert (receipt.status, receipt.total) == (ReceiptStatus.RECEIVED, Decimal("4.02"))
    assert receipt.number.startswith("GR-2026-")
    assert (line.amount, variant.cost) == (Decimal("4.02"), Decimal("0.67"))


def test_a_delivery_is_received_once(session):
    receipt = make_goods_receipt(session)
    make_goods_receipt_line(session, goods_receipt=receipt)
    operations.receive_goods(session, receipt, by=None, at=NOON)
    with pytest.raises(Conflict):
        operations.receive_goods(session, receipt, by=None, at=NOON)


def test_a_delivery_without_lines_is_refused(session):
    with pytest.raises(Conflict, match="line"):
        operations.receive_goods(session, make_goods_receipt(session), by=None, at=NOON)


def test_a_delivery_in_another_currency_needs_its_rate(session, store):
    receipt = GoodsReceipt(store_id=store.id, currency="usd")
    with pytest.raises(Invalid, match="USD"):
        operations.save_receipt(session, receipt, by=None, at=NOON)
    receipt.rate = Decimal("0.9")
    operations.save_receipt(session, receipt, by=None, at=NOON)
    assert (receipt.currency, receipt.rate) == ("USD", Decimal("0.9"))


@pytest.mark.parametrize(("priced_in", "cost"), [("EUR", "0.67"), ("USD", "1.34"), ("GBP", None)])
def test_what_a_delivery_cost_is_kept_in_the_currency_of_the_variant(
    session, store, priced_in, cost
):
    variant = make_variant(session, currency=priced_in)
    receipt = make_goods_receipt(session, store=store, currency="USD", rate=Decimal("0.5"))
    make_goods_receipt_line(
        session, goods_receipt=receipt, variant=variant, quantity=3, unit_cost=Decimal("1.34")
    )
    operations.receive_goods(session, receipt, by=None, at=NOON)
    session.refresh(variant)
    assert variant.cost == (Decimal(cost) if cost else None)


def test_goods_priced_in_another_currency_are_written_off_without_a_cost(session, store):
    variant = make_variant(session, currency="USD", cost=Decimal(3), stock=2, store_id=store.id)
    facts = {"store_id": store.id, "variant_id": variant.id, "reason": "Broken"}
    taken = operations.move_by_hand(
        session, MovementKind.WRITE_OFF, quantity=1, by=None, at=NOON, **facts
    )
    assert taken.unit_cost is None


def test_a_delivery_whose_sum_disagrees_is_found(session):
    receipt = make_goods_receipt(session)
    make_goods_receipt_line(session, goods_receipt=receipt, quantity=3, unit_cost=Decimal(4))
    assert [row.id for row in session.execute(receipts_that_disagree())] == [receipt.id]
    operations.receive_goods(session, receipt, by=None, at=NOON)
    assert session.execute(receipts_that_disagree()).all() == []


def test_a_draft_is_given_up_without_a_number(session, store):
    receipt = make_goods_receipt(session, store=store)
    operations.cancel_receipt(session, receipt, **EDGE)
    assert (receipt.status, receipt.number) == (ReceiptStatus.CANCELLED, None)


@pytest.mark.parametrize(
    ("kind", "moved", "event"),
    [
        (MovementKind.WRITE_OFF, -2, "stock.written_off"),
        (MovementKind.SERVICE_USE, -2, "stock.used"),
        (MovementKind.GOODS_RECEIPT, 2, "stock.taken_in"),
    ],
)
def test_others_are_told_what_goes_or_comes_by_hand(session, store, variant, kind, moved, event):
    receive(session, variant, 5, store_id=store.id)
    before = session.scalar(select(func.coalesce(func.max(Event.id), 0)))
    facts = {"store_id": store.id, "variant_id": variant.id}
    operations.move_by_hand(session, kind, quantity=2, reason="Why", **facts, **EDGE)
    assert balance(session, store, variant)[0] == 5 + moved
    told = select(Event.name, Event.data).where(Event.id > before)
    assert session.execute(told).all() == [(event, facts | {"quantity": 2})]


@pytest.mark.parametrize("quantity", [0, -1])
def test_by_hand_goes_or_comes_at_least_one(session, store, variant, quantity):
    facts = {"store_id": store.id, "variant_id": variant.id, "reason": "Why"}
    with pytest.raises(Invalid) as refused:
        operations.move_by_hand(session, MovementKind.WRITE_OFF, quantity=quantity, **facts, **EDGE)
    assert refused.value.field == "quantity"


@pytest.mark.parametrize("out", [False, True])
@pytest.mark.parametrize(
    ("differs", "expected"),
    [
        (None, []),
        ("quantity", [(1, 5, 2)]),
        ("id", [(1, None, 5), (9, 5, None)]),
        ("variant_id", [(1, None, 5), (1, 5, None)]),
        ("store_id", [(1, None, 5), (1, 5, None)]),
        ("kind", [(1, 5, None)]),
    ],
)
def test_goods_that_a_document_did_not_move_are_found(
    session, store, variant, differs, expected, out
):
    document, other_document = ("order", "none") if out else ("goods_receipt", "goods_return")
    came, sign = ("sale", -1) if out else ("goods_receipt", 1)
    said = {"id": 1, "variant_id": variant.id, "store_id": store.id, "quantity": 5}
    # Of another store, and another document of the same goods: neither is this one's.
    beside = [said | {"store_id": make_store(session).id}, said | {"id": 2}]
    other = {
        "quantity": 2,
        "id": 9,
        "variant_id": make_variant(session).id,
        "store_id": make_store(session).id,
    }
    for one in (said if differs != "quantity" else said | {"quantity": 2}, *beside):
        facts = {"ref_id" if key == "id" else key: value for key, value in one.items()}
        facts["ref_kind"] = other_document if differs == "kind" and one is said else document
        facts["quantity"] *= sign
        session.execute(insert(Movement).values(kind=came, at=NOON, **facts))
    if differs in ("id", "variant_id", "store_id"):
        said = said | {differs: other[differs]}
    goods = " union all ".join(
        f"select {one['id']} id, {one['variant_id']} variant_id, {one['store_id']} store_id,"
        f" {one['quantity']} quantity"
        for one in (said, *beside)
    )
    found = session.execute(goods_moved_otherwise(document, goods, out=out)).all()
    told = [(row[0], row.quantity, row.moved) for row in found]
    assert sorted(told, key=str) == sorted(expected, key=str)


def test_what_a_document_moved_is_told_at_its_own_costs(session, store, variant):
    receive(session, variant, 9, store_id=store.id)
    for kind, number, cost in (("order", 1, 3), ("order", 2, 4), ("goods_return", 1, 5)):
        sale = Move(store.id, variant.id, MovementKind.SALE, -1, Decimal(cost))
        if kind == "goods_return":
            sale = Move(store.id, variant.id, MovementKind.RETURN, 1, Decimal(cost))
        operations.post(session, [sale], at=NOON, ref=(kind, number))
    costs = [operations.costs_moved(session, ref) for ref in (("order", 1), ("goods_return", 1))]
    assert costs == [{variant.id: 3}, {variant.id: 5}]
    assert operations.costs_moved(session, ("order", 3)) == {}
