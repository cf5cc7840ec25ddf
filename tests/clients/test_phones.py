"""Phones are found as people dictate them, and what is no address refuses no client."""

from __future__ import annotations

import secrets

import pytest
from sqlalchemy import select, update

from app.campaigns.queries import address_of
from app.clients import operations
from app.clients.choices import ContactChannel
from app.clients.models import Client, ContactPoint
from app.company.models import Company
from app.kit.errors import Invalid
from app.kit.phone import normalise_phone
from app.kit.security.permissions import asked_rights
from app.messages.choices import MessageChannel
from tests.factories import NOON, make_client
from tests.messages.hostile import quick
from tests.orders.test_screens import app  # noqa: F401 -- the fixture of the domains' application
from tests.screens import bench

PHONE, EMAIL = ContactChannel.PHONE, ContactChannel.EMAIL
DICTATED = [
    "0171 1234567",
    "01711234567",
    "0049 171 1234567",
    "0049 (0)171 1234567",
    "+49 (0)171/123.45-67",
    "011 49 171 1234567",
    "+491711234567",
    "171 1234567",
]


@pytest.fixture
def client(app):
    with bench.at_work() as session:
        session.execute(update(Company).values(country="DE"))
    with app.app_context():
        every = set(asked_rights()) | {("read", guard) for guard in bench.GUARDS}
    with bench.signed_in(bench.reader_with(every)):
        yield app.test_client()


@pytest.fixture
def known(client):
    with bench.at_work() as session:
        for point in session.scalars(select(ContactPoint)):
            session.delete(point)
        session.flush()
        one = make_client(session, name=f"Mobil {secrets.token_hex(4)}", country="DE")
        operations.add_contact_point(session, one, PHONE, "+491711234567", by=None, at=NOON)
        return one.id, one.name


@pytest.mark.parametrize("typed", DICTATED)
def test_a_phone_is_found_however_it_is_dictated(client, known, typed):
    pk, name = known
    asked = {"q": typed}
    assert name in client.get("/search/", query_string=asked).text
    assert name in client.get("/clients/list/", query_string=asked).text
    found = client.get("/api/v1/clients", query_string={"search": typed}).json
    assert found["ids"] == [pk]
    offered = client.get("/orders/lookup/client", query_string=asked).json["results"]
    assert [one["id"] for one in offered] == [pk]
    points = client.get("/contact-points/list/", query_string={"f.value.is": typed})
    assert name in points.text


def test_a_number_of_another_country_is_found_without_its_code(client):
    with bench.at_work() as session:
        one = make_client(session, name="Wiener", country="AT")
        operations.add_contact_point(session, one, PHONE, "0664 1234567", by=None, at=NOON)
        pk = one.id
        assert (
            session.scalar(select(ContactPoint.normalised).where(ContactPoint.client_id == pk))
            == "+436641234567"
        )
    found = client.get("/api/v1/clients", query_string={"search": "0664/1234567"}).json
    assert found["ids"] == [pk]


@pytest.mark.parametrize("typed", [*DICTATED, " 491711234567", "491711234567"])
def test_a_program_finds_a_phone_however_it_is_dictated(client, known, typed):
    found = client.get("/api/v1/clients", query_string={"phone": typed})
    assert found.json["ids"] == [known[0]], found.json


def test_a_program_finds_a_phone_at_home_in_the_clients_country_else_in_the_companys(client):
    kept = {}
    with bench.at_work() as session:
        for point in session.scalars(select(ContactPoint)):
            session.delete(point)
        for country, number in (("AT", "+431717654321"), ("DE", "+491717654321"), ("FR", None)):
            one = make_client(session, name=f"Zu Hause {country}", country=country)
            said = number or "+491717654321"
            operations.add_contact_point(session, one, PHONE, said, by=None, at=NOON)
            kept[country] = one.id
        abroad = make_client(session, name="Woanders", country="FR")
        operations.add_contact_point(session, abroad, PHONE, "+431717654321", by=None, at=NOON)
        mobile = make_client(session, name="Mobil in Wien", country="AT")
        operations.add_contact_point(session, mobile, PHONE, "0664 1234567", by=None, at=NOON)
        kept["mobile"] = mobile.id
    for typed, names in (
        ("0171 7654321", ["AT", "DE", "FR"]),
        ("0043 1 717654321", ["AT", None]),
        ("0664 1234567", ["mobile"]),
    ):
        found = client.get("/api/v1/clients", query_string={"phone": typed}).json
        assert sorted(found["ids"]) == sorted(kept.get(name, abroad.id) for name in names), typed


@pytest.mark.parametrize("typed", ["0", "12 oder so", "Zimt", "+49 30"])
def test_a_program_is_told_that_something_is_no_phone(client, known, typed):
    found = client.get("/api/v1/clients", query_string={"phone": typed})
    assert (found.status_code, list(found.json["errors"])) == (400, ["phone"]), found.json


def test_spaces_are_no_phone_however_many_there_are():
    """Twenty thousand of them cost two seconds; only the beginning says how one dials abroad."""
    with quick(0.1):
        for typed in (" " * 200_000, " " * 200_000 + "5", "00" + " " * 200_000):
            with pytest.raises(Invalid):
                normalise_phone(typed, "DE")
    with pytest.raises(Invalid):
        normalise_phone("5 0049 171 1234567", "DE")


def test_a_phone_is_at_home_in_the_clients_country_else_in_the_companys(client):
    body = {"name": "Zu Hause", "contact_points": [{"channel": "phone", "value": "0171 7654321"}]}
    for said, number in (
        ({}, "+491717654321"),
        ({"country": "DE"}, "+491717654321"),
        ({"country": "Österreich"}, "+431717654321"),
        ({"country": "FR"}, "+491717654321"),  # no number there, but one at home
    ):
        made = client.post("/api/v1/clients", json={**body, **said})
        assert made.status_code == 201, made.json
        with bench.at_work() as session:
            kept = select(ContactPoint.normalised, ContactPoint.valid).where(
                ContactPoint.client_id == made.json["id"]
            )
            assert session.execute(kept).one() == (number, True), said


@pytest.mark.parametrize("way", ["form", "api"])
def test_a_suppliers_phone_takes_the_suppliers_country(client, way):
    body = {"name": f"Lieferant {secrets.token_hex(4)}", "country": "AT", "phone": "0664 1234567"}
    if way == "api":
        made = client.post("/api/v1/suppliers", json=body)
        assert made.json["result"]["phone"] == "+436641234567"
        again = client.put(
            f"/api/v1/suppliers/{made.json['id']}",
            json={"version": made.json["result"]["version"], "phone": "0664 7654321"},
        )
        assert again.json["result"]["phone"] == "+436647654321"
    else:
        made = client.post("/suppliers/add", data={**body, "currency": "EUR"})
        assert made.status_code == 302, made.text[-2000:]
        assert "+43 664 1234567" in client.get(made.headers["Location"]).text


UNREAL = [
    [{"channel": "phone", "value": "12 oder so"}],
    [{"channel": "phone", "value": "+49 30"}],
    [{"channel": "email", "value": "keine Mail"}],
    [
        {"channel": "phone", "value": "030 901820"},
        {"channel": "phone", "value": "+49 30 901820", "label": "Fax"},
    ],
]


@pytest.mark.parametrize("points", UNREAL, ids=["words", "too short", "no mail", "fax"])
@pytest.mark.parametrize("way", ["form", "api"])
def test_an_unreal_address_is_kept_as_written_and_refuses_no_client(client, points, way):
    name = f"Unreal {secrets.token_hex(4)}"
    if way == "api":
        made = client.post("/api/v1/clients", json={"name": name, "contact_points": points})
        assert made.status_code == 201, made.json
    else:
        data = {"name": name, "kind": "person", "source": "manual"}
        for number, point in enumerate(points):
            data |= {f"contact_points-{number}-{key}": value for key, value in point.items()}
            data[f"contact_points-{number}-valid"] = "y"
        assert client.post("/clients/add", data=data).status_code == 302
    with bench.at_work() as session:
        pk = session.scalar(select(Client.id).where(Client.name == name))
        kept = session.scalars(
            select(ContactPoint).where(ContactPoint.client_id == pk).order_by(ContactPoint.id)
        ).all()
        assert [one.value for one in kept] == [one["value"] for one in points]
        assert [one.valid for one in kept] == [len(points) > 1, False][-len(points) :]
        channel = MessageChannel.EMAIL if kept[0].channel is EMAIL else MessageChannel.SMS
        wanted = "+4930901820" if len(points) > 1 else None
        assert address_of(session, pk, channel) == wanted


def test_a_real_address_takes_the_place_of_an_unreal_one(session):
    one = make_client(session, country="DE")
    add = operations.add_contact_point
    bad = add(session, one, PHONE, "keins", by=None, at=NOON)
    assert (bad.valid, bad.primary) == (False, True)
    good = add(session, one, PHONE, "0171 1234567", by=None, at=NOON)
    session.refresh(bad)
    assert (good.valid, good.primary, bad.primary) == (True, True, False)
    assert add(session, one, PHONE, "Keins", by=None, at=NOON).id == bad.id


def test_a_number_that_is_there_is_kept_once_more_as_written(session):
    one = make_client(session, country="DE")
    first = operations.add_contact_point(session, one, PHONE, "0171 1234567", by=None, at=NOON)
    again = ContactPoint(client_id=one.id, channel=PHONE, value="+49 171 1234567")
    operations.save_contact_point(session, again, by=None, at=NOON)
    assert (first.valid, again.valid, again.primary) == (True, False, False)


def test_one_contact_point_alone_is_refused_where_it_is_none(session):
    one = make_client(session, country="DE")
    point = ContactPoint(client_id=one.id, channel=PHONE, value="+49 30")
    with pytest.raises(Invalid, match="not a complete phone number") as refused:
        operations.save_contact_point(session, point, by=None, at=NOON)
    assert refused.value.field == "value"


def test_no_message_goes_to_what_was_kept_as_written(session):
    from app.messages.operations import send_one
    from tests.factories import make_message_template_version

    version = make_message_template_version(session)
    with pytest.raises(Invalid):
        send_one(session, version, "keine Mail")


@pytest.mark.parametrize(
    "said", ["uk", "U.K.", "GB", "gbr", "England", "Great Britain", "Vereinigtes Königreich",
             "Reino Unido", "Великобритания", "Велика Британія"],
)  # fmt: skip
def test_a_country_is_understood_however_it_is_written(client, said):
    made = client.post("/api/v1/clients", json={"name": "Weit weg", "country": said})
    assert (made.status_code, made.json["result"]["country"]) == (201, "GB")
    data = {"name": "Weit weg", "kind": "person", "source": "manual", "country": said}
    assert client.post("/clients/add", data=data).status_code == 302


def test_no_country_is_told_at_its_field(client):
    made = client.post("/api/v1/clients", json={"name": "Nirgends", "country": "Atlantis"})
    assert (made.status_code, list(made.json["errors"])) == (422, ["country"])


def test_a_corrected_address_may_be_written_to_again(session):
    one = make_client(session, country="DE")
    point = operations.add_contact_point(session, one, PHONE, "keins", by=None, at=NOON)
    assert not point.valid
    point.value = "0171 1234567"
    operations.save_client(session, one, by=None, at=NOON)
    assert (point.valid, point.normalised) == (True, "+491711234567")


def test_an_address_that_came_back_stays_away_until_it_is_corrected(session):
    one = make_client(session, country="DE")
    point = operations.add_contact_point(session, one, PHONE, "0171 1234567", by=None, at=NOON)
    point.valid = False
    operations.save_contact_point(session, point, by=None, at=NOON)
    assert not point.valid
    point.value = "0171 7654321"
    operations.save_contact_point(session, point, by=None, at=NOON)
    assert point.valid
