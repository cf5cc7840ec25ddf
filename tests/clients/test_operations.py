from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.clients import operations, queries
from app.clients.choices import (
    Channel,
    ConsentSource,
    ContactChannel,
    Purpose,
    Stage,
)
from app.clients.extends import erase_client
from app.clients.models import Client, ClientFigures, ConsentCurrent, ContactPoint, TimelineEntry
from app.kit.errors import Invalid
from app.messages.choices import MessageChannel, MessagePurpose
from app.orders.extends import erase_from_orders
from app.orders.queries import figures_that_disagree
from tests.factories import (
    NOON,
    make_client,
    make_consent_event,
    make_contact_point,
    make_order,
    make_store,
)

EMAIL, PHONE = ContactChannel.EMAIL, ContactChannel.PHONE


def figures(session, client):
    return session.scalar(
        select(ClientFigures)
        .where(ClientFigures.client_id == client.id)
        .execution_options(populate_existing=True)
    )


def granted(session, client):
    rows = session.execute(
        select(ConsentCurrent.channel, ConsentCurrent.purpose, ConsentCurrent.granted).where(
            ConsentCurrent.client_id == client.id
        )
    )
    return {(row.channel, row.purpose): row.granted for row in rows}


def test_a_new_client_has_figures_of_nothing(session):
    client = make_client(session)
    assert (figures(session, client).orders_count, figures(session, client).average) == (0, None)


def test_a_client_without_a_name_gets_it_from_its_parts(session):
    client = Client(name="", first_name="Ada", last_name="Lovelace")
    operations.register_client(session, client, by=None, at=NOON)
    assert client.name == "Ada Lovelace"
    with pytest.raises(Invalid):
        operations.register_client(session, Client(name=" "), by=None, at=NOON)


def test_numbers_of_clients_are_sorted_as_numbers(session):
    for number in ("10", "9", "K1"):
        make_client(session, number=number)
    found = session.scalars(
        select(Client.number)
        .where(Client.number.in_(["10", "9", "K1"]))
        .order_by(Client.number_sort)
    )
    assert list(found) == ["9", "10", "K1"]


def test_contact_points_are_kept_in_one_form_and_once(session):
    client = make_client(session, country="DE")
    add = operations.add_contact_point
    mail = add(session, client, EMAIL, " Ada@Example.COM ", by=None, at=NOON)
    phone = add(session, client, PHONE, "030 901820", by=None, at=NOON)
    again = add(session, client, PHONE, "+49 30 901820", by=None, at=NOON)
    assert (mail.normalised, phone.normalised) == ("ada@example.com", "+4930901820")
    assert again.id == phone.id


def test_a_phone_is_found_by_digits_inside_it(session):
    client = make_client(session)
    make_contact_point(session, client=client, channel=PHONE, value="+4930901820")
    found = session.scalars(text("select * from search.client('090182', 10)"))
    assert list(found) == [client.id]


def test_a_client_is_found_by_part_of_name_and_mail(session):
    client = make_client(session, name="Jürgen Groß")
    make_contact_point(session, client=client, value="somebody.rare@example.com")
    for typed in ("gross", "JURGEN", "body.rare"):
        found = session.scalars(text("select * from search.client(:q, 10)"), {"q": typed})
        assert client.id in list(found)


def test_families_share_a_phone(session):
    one = make_contact_point(session, channel=PHONE, value="+4930901820")
    two = make_contact_point(session, channel=PHONE, value="+4930901820")
    assert one.client_id != two.client_id


def test_the_first_contact_point_is_the_main_one_until_another_is(session):
    client = make_client(session)
    one = make_contact_point(session, client=client)
    two = make_contact_point(session, client=client)
    assert (one.primary, two.primary) == (True, False)
    two.primary = True
    operations.save_contact_point(session, two, by=None, at=NOON)
    assert (one.primary, two.primary) == (False, True)


def test_a_changed_address_is_not_verified_any_more(session):
    point = make_contact_point(session, verified_at=NOON)
    assert point.verified_at == NOON
    point.value = "new@example.com"
    operations.save_contact_point(session, point, by=None, at=NOON)
    assert point.verified_at is None


def test_the_database_refuses_a_phone_that_is_not_in_the_one_form(session):
    session.add(
        ContactPoint(
            client_id=make_client(session).id, channel=PHONE, value="030", normalised="030"
        )
    )
    with pytest.raises(IntegrityError, match="phone_e164"):
        session.flush()


def test_what_counts_is_the_latest_consent_of_each_channel_and_purpose(session):
    client = make_client(session)
    make_consent_event(session, client=client)
    make_consent_event(session, client=client, channel=Channel.SMS)
    operations.withdraw_consent(
        session,
        client,
        Channel.EMAIL,
        Purpose.MARKETING,
        source=ConsentSource.LINK,
        by=None,
        at=NOON + timedelta(hours=1),
    )
    assert granted(session, client) == {
        (Channel.EMAIL, Purpose.MARKETING): False,
        (Channel.SMS, Purpose.MARKETING): True,
    }


def test_a_consent_recorded_late_does_not_undo_a_later_withdrawal(session):
    client = make_client(session)
    operations.withdraw_consent(
        session,
        client,
        Channel.EMAIL,
        Purpose.MARKETING,
        source=ConsentSource.LINK,
        by=None,
        at=NOON,
    )
    make_consent_event(session, client=client, at=NOON - timedelta(days=3))
    assert granted(session, client) == {(Channel.EMAIL, Purpose.MARKETING): False}


@pytest.mark.parametrize(
    "statement",
    [
        "update consent_event set at = now()",
        "delete from consent_event",
        "update consent_current set granted = true",
        "insert into consent_current (client_id) values (1)",
        "delete from timeline_entry",
        "delete from client_figures",
    ],
)
def test_ledgers_and_what_follows_from_them_cannot_be_written_by_hand(session, statement):
    with pytest.raises(DBAPIError, match="permission denied"):
        session.execute(text(statement))


def test_orders_move_figures_and_stage(session):
    client, store = make_client(session), make_store(session).id
    operations.count_order(session, client.id, store, Decimal("10.00"), NOON)
    session.refresh(client)
    assert client.stage is Stage.FIRST_ORDER
    operations.count_order(session, client.id, store, Decimal("5.01"), NOON - timedelta(days=1))
    session.refresh(client)
    found = figures(session, client)
    assert client.stage is Stage.ACTIVE
    assert (found.orders_count, found.orders_sum) == (2, Decimal("15.01"))
    assert found.average == Decimal("7.505")
    assert (found.first_order_at, found.last_order_at) == (NOON - timedelta(days=1), NOON)


def test_a_consent_stands_in_the_timeline(session):
    client = make_client(session)
    make_consent_event(session, client=client)
    kinds = session.scalars(select(TimelineEntry.kind).where(TimelineEntry.client_id == client.id))
    assert list(kinds) == ["consent.grant"]


def mains(session, client):
    rows = select(ContactPoint.normalised).where(
        ContactPoint.client_id == client.id,
        ContactPoint.primary,
        ContactPoint.archived_at.is_(None),
    )
    return set(session.scalars(rows))


def test_when_the_main_contact_goes_another_is_the_main_one(session):
    client = make_client(session)
    first, bad, good = (make_contact_point(session, client=client) for _ in range(3))
    bad.valid = False
    operations.archive_contact_point(session, first, by=None, at=NOON)
    assert mains(session, client) == {good.normalised}
    session.delete(good)
    operations.save_client(session, client, by=None, at=NOON)
    assert mains(session, client) == {bad.normalised}
    operations.archive_contact_point(session, bad, by=None, at=NOON)
    assert mains(session, client) == set()
    operations.add_contact_point(session, client, EMAIL, first.value, by=None, at=NOON)
    assert mains(session, client) == {first.normalised}


def test_an_erased_client_leaves_no_address_on_orders_and_the_books_balanced(session):
    client = make_client(session)
    address = {"street": "Secret Lane 1"}
    order = make_order(session, client=client, note="Ring twice", delivery_address=address)
    make_contact_point(session, client=client)
    total = order.total
    erase_client(session, client.id)
    erase_from_orders(session, client.id)
    session.expire_all()
    assert (order.note, order.delivery_address, order.total) == (None, None, total)
    assert (client.name, client.archived_at is not None) == ("—", True)
    raw = session.scalar(text("select delivery_address is null from orders where id = :id"),
                         {"id": order.id})  # fmt: skip
    assert raw is True
    assert session.execute(figures_that_disagree()).all() == []


def test_a_list_shows_the_main_contacts_that_are_still_in_use(session):
    both, one, none = (make_client(session) for _ in range(3))
    make_contact_point(session, client=both, value="ada@example.com")
    make_contact_point(session, client=both, value="second@example.com")
    make_contact_point(session, client=both, channel=PHONE, value="+4940123456")
    make_contact_point(session, client=one, value="bo@example.com")
    gone = make_contact_point(session, client=none, value="cy@example.com")
    gone.archived_at = NOON
    session.flush()
    # Of others nothing is asked.
    make_contact_point(session, value="dan@example.com")
    shown = queries.main_contacts(session, [both.id, one.id, none.id])
    assert shown == {both.id: "+4940123456, ada@example.com", one.id: "bo@example.com"}


@pytest.mark.parametrize(
    ("channel", "purpose", "expected"),
    [
        (MessageChannel.EMAIL, MessagePurpose.MARKETING, ["agreed"]),
        (MessageChannel.EMAIL, MessagePurpose.REVIEW, ["other purpose"]),
        (MessageChannel.SMS, MessagePurpose.MARKETING, ["other channel"]),
    ],
)
def test_who_may_be_written_to_agreed_to_this_channel_for_this_purpose(
    session, channel, purpose, expected
):
    people = {}
    for name, consent in {
        "agreed": {},
        "other purpose": {"purpose": Purpose.REVIEW},
        "other channel": {"channel": Channel.SMS},
        "took it back": {},
        "left": {},
    }.items():
        people[name] = make_client(session, name=name)
        make_consent_event(session, client=people[name], **consent)
    make_client(session, name="was not asked")
    took_it_back = people["took it back"], Channel.EMAIL, Purpose.MARKETING
    later = {"source": ConsentSource.LINK, "by": None, "at": NOON + timedelta(hours=1)}
    operations.withdraw_consent(session, *took_it_back, **later)
    people["left"].archived_at = NOON
    session.flush()
    allowed = queries.has_consented(Client.id, channel, purpose)
    assert session.scalars(select(Client.name).where(allowed)).all() == expected
