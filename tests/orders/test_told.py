"""What a payment provider tells: by right only, in one spelling, and again after a person's no."""

import importlib.util
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import NullPool, make_url, select, text

from app.company.operations.role_templates import template
from app.kit.access import reading
from app.kit.database.session import make_engine, psycopg2_url, work
from app.kit.database.stamp import Role, Stamp
from app.kit.errors import Conflict, Invalid
from app.kit.security.permissions import asked_rights
from app.orders import operations
from app.orders.choices import PaymentDirection, PaymentMethod, PaymentStatus
from app.orders.models import Order, PaidByWay, Payment
from app.orders.operations.payments import TELL
from tests import factories
from tests.factories import make_store
from tests.orders.paying import EDGE, ONLINE, nothing_disagrees, order_of, pay, told
from tests.orders.test_screens import app, client, post  # noqa: F401 -- the app of these tests
from tests.screens import bench

RECEIVED = PaymentDirection.RECEIVED
AT_THE_TILL = {("write", "Payment"), ("read", "money")}


@pytest.fixture
def order(session):
    yield order_of(session, make_store(session), 50)
    nothing_disagrees(session)


def test_a_refund_that_a_person_cancelled_is_believed_when_it_is_told_again(session, order):
    early = told(session, order, 20, "re_1")
    operations.cancel_payment(session, early, **EDGE)
    again = told(session, order, 20, "re_1")
    assert (again.id, again.status) == (early.id, PaymentStatus.TO_CHECK)
    operations.cancel_payment(session, again, **EDGE)
    told(session, order, 50, "pi_1", RECEIVED)
    assert early.status is PaymentStatus.CANCELLED
    assert told(session, order, 20, "re_1").status is PaymentStatus.SETTLED
    assert (order.paid, order.refunded) == (30, 20)


def test_a_payment_that_a_person_cancelled_counts_when_its_provider_tells_it(session, order):
    typed = {"provider": "stripe", "external_ref": "pi_1", "settled": False}
    waiting = pay(session, order, 50, ONLINE, **typed)
    operations.cancel_payment(session, waiting, **EDGE)
    assert told(session, order, 50, "pi_1", RECEIVED).id == waiting.id
    assert order.paid == 50


@pytest.mark.parametrize(
    ("provider", "ref"), [("Stripe", "pi_1"), (" stripe ", "pi_1 "), ("STRIPE", " pi_1")]
)
def test_one_event_is_one_payment_however_it_is_written(session, order, provider, ref):
    first = told(session, order, 50, "pi_1", RECEIVED)
    again = told(session, order, 50, ref, RECEIVED, provider=provider)
    assert again.id == first.id
    assert (first.provider, first.external_ref, order.paid) == ("stripe", "pi_1", 50)
    other = told(session, order, 10, "pi_2", RECEIVED, provider=provider)
    assert other.provider == "stripe"


def test_telling_is_a_right_of_its_own(session, order):
    mine = {"method": PaymentMethod.OTHER, "provider": "x"}
    with reading(bench.reader_with(AT_THE_TILL)), pytest.raises(Conflict, match="Only €50"):
        told(session, order, 100000, "m1", RECEIVED, **mine)
    assert order.paid == 0
    with reading(bench.reader_with(AT_THE_TILL | {TELL})):
        told(session, order, 60, "m1", RECEIVED, **mine)
    assert order.paid == 60


def test_a_refund_told_through_the_api_is_kept_when_it_cannot_be(app, client):
    with bench.at_work() as session:
        order = factories.make_order(session)
        factories.make_payment(session, order=order)
        order = order.id
    out = {"order": order, "direction": "returned", "amount": "10.00"}
    event = {**out, "method": "online", "provider": "stripe", "external_ref": "re_1"}
    # Without the right to tell it is an ordinary refund.
    assert post(client, "payments", event).status_code == 409
    with app.app_context():
        may = {*asked_rights(), TELL, *(("read", guard) for guard in bench.GUARDS)}
    with bench.signed_in(bench.reader_with(may)):
        answer = post(client, "payments", event)
    assert (answer.status_code, answer.json["result"]["status"]) == (201, "to_check")
    assert post(client, "payments", {**out, "method": "cash"}).status_code == 409
    typed = {**out, "method": "card", "provider": "stripe", "external_ref": "re_2"}
    answer = client.post("/payments/add", data=typed)
    assert answer.status_code == 409
    assert "money goes back as it came" in answer.text
    with bench.at_work() as session:
        found = session.get_one(Order, order)
        assert (found.paid, found.refunded) == (10, 0)


def test_a_program_without_the_right_books_an_ordinary_payment(client):
    with bench.at_work() as session:
        pk = order_of(session, make_store(session), 50).id

    def send(amount, ref):
        body = {"order": pk, "method": "other", "provider": "x", "external_ref": ref}
        once = {"Idempotency-Key": f"told {ref}"}
        return client.post("/api/v1/payments", json={**body, "amount": amount}, headers=once)

    assert send("100000", "m1").status_code == 409
    assert send("50", "m2").status_code == 201


@pytest.mark.parametrize("field", ["provider", "external_ref"])
@pytest.mark.parametrize("blank", ["", "  ", "\t\n"])
def test_a_provider_is_named_or_left_out_and_never_blank(session, order, client, field, blank):
    """Booked without its provider, a payment would not count for the refunds of that provider."""
    said = {"provider": "stripe", "external_ref": "pi_7", field: blank}
    with pytest.raises(Invalid) as refused:
        pay(session, order, 10, ONLINE, **said)
    assert refused.value.field == field
    with bench.at_work() as kept:
        pk = order_of(kept, make_store(kept), 50).id
    body = {"order": pk, "method": "other", "amount": "10", **said}
    once = {"Idempotency-Key": f"{field} {blank!r}"}
    answer = client.post("/api/v1/payments", json=body, headers=once)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    # An empty field of a form is one that was left out.
    typed = {"order": pk, "method": "other", "amount": "10", "direction": "received"}
    answer = client.post("/payments/add", data={**typed, "provider": blank, "external_ref": ""})
    assert answer.status_code == 302, answer.text
    with bench.at_work() as kept:
        found = select(Payment.provider, Payment.external_ref).where(Payment.order_id == pk)
        assert kept.execute(found).all() == [(None, None)]


@pytest.mark.parametrize(
    ("role", "tells"),
    [("owner", True), ("administrator", True)]
    + [(one, False) for one in ("store_manager", "order_manager", "cashier", "accountant")],
)
def test_who_tells(app, role, tells):
    with app.app_context():
        assert (TELL in template(role).rights({TELL})) is tells


def test_what_was_written_in_many_ways_gets_one_name_and_what_would_become_one_stays(app, client):
    with bench.at_work() as session:
        order = order_of(session, make_store(session), 90)
        for amount, ref in ((10, "a"), (20, "b"), (30, "c"), (5, "d")):
            told(session, order, amount, ref, RECEIVED)
        told(session, order, 5, "e")
        pk = order.id
    before = (("b", "Stripe", "b"), ("c", " stripe ", "c "), ("d", "STRIPE", "a"))
    made = migration()
    url = make_url(psycopg2_url(app.config["CRM"].database_url)).set(username="crm_migrate")
    engine = make_engine(url.render_as_string(hide_password=False), poolclass=NullPool)
    with work(Stamp(Role.OWNER), on=engine) as connection:
        for table in ("payment", "paid_by_way"):
            connection.execute(text(f"alter table {table} disable trigger user"))
        for ref, provider, written in (*before, ("e", "Stripe", "e")):
            connection.execute(
                text("update payment set provider = :p, external_ref = :w where external_ref = :r"),
                {"p": provider, "w": written, "r": ref},
            )
        connection.execute(text("update paid_by_way set provider = 'Stripe' where provider > ''"))
        for step in (made.PAYMENTS, *made.WAYS):
            connection.execute(text(step))
        for table in ("payment", "paid_by_way"):
            connection.execute(text(f"alter table {table} enable trigger user"))
    with bench.at_work() as session:
        named = select(Payment.provider, Payment.external_ref).where(Payment.order_id == pk)
        kept = [tuple(one) for one in session.execute(named.order_by(Payment.id))]
        ways = session.execute(
            select(PaidByWay.provider, PaidByWay.received, PaidByWay.returned)
            .where(PaidByWay.order_id == pk, PaidByWay.provider.is_not(None))
            .order_by(PaidByWay.received)
        )
        assert [tuple(one) for one in ways] == [
            ("STRIPE", Decimal(5), Decimal(0)),
            ("stripe", Decimal(60), Decimal(5)),
        ]
        nothing_disagrees(session)
    assert kept == [
        ("stripe", "a"),
        ("stripe", "b"),
        ("stripe", "c"),
        ("STRIPE", "a"),
        ("stripe", "e"),
    ]


def migration():
    """The migration under test, which is no module that can be imported by its name."""
    path = Path("migrations/versions/2026-11-30-1659_a_provider_has_one_name.py")
    spec = importlib.util.spec_from_file_location("one_name", path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.mark.parametrize("differs", [None, "order", "direction", "method", "amount"])
def test_what_bears_a_reference_that_is_booked_is_the_same_in_everything(session, order, differs):
    other = order_of(session, make_store(session), 50)
    paid = told(session, order, 50, "pi_1", RECEIVED)

    def again():
        return told(
            session,
            other if differs == "order" else order,
            "49.99" if differs == "amount" else 50,
            "pi_1",
            PaymentDirection.RETURNED if differs == "direction" else RECEIVED,
            method=PaymentMethod.OTHER if differs == "method" else ONLINE,
        )

    if differs is None:
        assert again().id == paid.id
    else:
        with pytest.raises(Conflict, match="booked already"):
            again()
    assert (order.paid, order.refunded, other.paid) == (50, 0, 0)
