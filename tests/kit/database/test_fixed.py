"""What was written stays, whoever asks: ledgers whole, documents in the columns they name."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.kit.database.install.immutability import REFUSED_CHANGE, Fixed, moving, statements
from app.kit.database.model import Model
from app.kit.screens.dberrors import as_refusal
from app.orders.models import Order
from app.stock.models import Movement
from tests import factories


def refusal(session, statement, **values):
    with pytest.raises(DBAPIError) as caught, session.begin_nested():
        session.execute(text(statement), values)
    assert caught.value.orig.pgcode == REFUSED_CHANGE
    return as_refusal(caught.value)


def test_a_placed_order_keeps_its_number_and_says_so_beside_it(session):
    order = factories.make_order(session)
    refused = refusal(session, "update orders set number = 'X' where id = :id", id=order.id)
    assert refused.field == "number"
    assert "stays as it was written" in str(refused.message)


def test_a_draft_may_still_change(session):
    order = factories.make_draft(session)
    session.add(order)
    session.flush()
    session.execute(text("update orders set currency = 'USD' where id = :id"), {"id": order.id})
    assert session.scalar(select(Order.currency).where(Order.id == order.id)) == "USD"


def test_a_moment_is_noted_once_and_then_stays(session):
    order = factories.make_order(session)
    change = "update orders set confirmed_at = :at where id = :id"
    session.execute(text(change), {"at": factories.NOON, "id": order.id})
    session.refresh(order)
    assert refusal(session, change, at="2020-01-01", id=order.id).field == "confirmed_at"


def test_a_change_that_changes_nothing_is_none(session):
    order = factories.make_order(session)
    session.execute(text("update orders set number = number where id = :id"), {"id": order.id})
    assert session.scalar(select(Order.number).where(Order.id == order.id)) == order.number


@pytest.mark.parametrize(
    "name", sorted(t.name for t in Model.metadata.tables.values() if t.info.get("books"))
)
def test_a_ledger_refuses_every_change_and_removal(name):
    made = "\n".join(statements(Model.metadata.tables[name]))
    assert "before delete on" in made
    columns = {c.name for c in Model.metadata.tables[name].c if c.computed is None}
    update = made.partition("create trigger books_update")[2].partition(" on ")[0]
    assert {word.strip(' ",') for word in update.split()} >= columns


def test_the_ledger_of_stock_has_its_triggers(session):
    factories.make_variant(session, stock=3)
    found = session.scalar(select(Movement.id).limit(1))
    triggers = session.scalars(
        text(
            "select tgname from pg_trigger where tgrelid = 'movement'::regclass"
            " and tgname in ('books_update', 'kept') and tgenabled = 'O' order by 1"
        )
    ).all()
    assert found
    assert triggers == ["books_update", "kept"]


LINE = "update order_line set {} where id = :id"


@pytest.mark.parametrize(
    "change",
    [
        "unit_price = unit_price + 1",
        "cost = 1",
        "description = 'Other'",
        "stocked = not stocked",
        "tax_rate = tax_rate + 0.0001",
        "position = position + 1",
    ],
)
def test_a_line_stays_as_it_was_when_its_order_was_placed(session, change):
    line = factories.make_order(session).lines[0]
    refused = refusal(session, LINE.format(change), id=line.id)
    assert refused.field == change.split()[0]


def test_a_line_of_what_stands_is_never_taken_out(session):
    line = factories.make_order(session).lines[0]
    refusal(session, "delete from order_line where id = :id", id=line.id)
    back = factories.make_goods_return(session).lines[0]
    refusal(session, "delete from return_line where id = :id", id=back.id)


def test_a_line_comes_into_no_order_that_stands_and_leaves_none(session):
    placed, draft = factories.make_order(session), factories.make_draft(session)
    session.add(draft)
    session.flush()
    move = LINE.format("order_id = :other, position = 99")
    refusal(session, move, id=draft.lines[0].id, other=placed.id)
    refusal(session, move, id=placed.lines[0].id, other=draft.id)


def test_a_line_of_a_draft_changes_and_goes(session):
    draft = factories.make_draft(session)
    session.add(draft)
    session.flush()
    session.execute(text(LINE.format("description = 'Other'")), {"id": draft.lines[0].id})
    session.execute(text("delete from order_line where id = :id"), {"id": draft.lines[0].id})


def test_a_state_goes_only_where_its_moves_lead(session):
    expense = factories.make_expense(session, approved=True)
    change = "update expense set status = '{}' where id = :id"
    assert refusal(session, change.format("draft"), id=expense.id).field == "status"
    session.execute(text(change.format("cancelled")), {"id": expense.id})


def test_merging_moves_what_is_fixed_from_the_one_to_the_other_only(session):
    one, other, third = (factories.make_client(session) for _ in range(3))
    order = factories.make_order(session, client=one)
    change = "update orders set client_id = :into where id = :id"
    assert refusal(session, change, id=order.id, into=other.id).field == "client"
    with moving(session, "client_id", one.id, other.id):
        refusal(session, change, id=order.id, into=third.id)
        session.execute(text(change), {"id": order.id, "into": other.id})
    refusal(session, change, id=order.id, into=one.id)


def test_a_column_that_does_not_exist_cannot_be_fixed():
    table = Model.metadata.tables["brand"]
    table.info["fixed"] = (Fixed(("nothing",)),)
    try:
        with pytest.raises(ValueError, match="brand"):
            statements(table)
    finally:
        del table.info["fixed"]
