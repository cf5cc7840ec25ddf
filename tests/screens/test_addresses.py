"""A postal address: an input for each part, lines for readers, checked from programs."""

import html

import pytest
from sqlalchemy import text

from app.kit import postal_address
from app.kit.errors import Invalid
from app.orders.models import Order
from tests.factories import make_order
from tests.screens.bench import at_work, page, reader_with, signed_in
from tests.screens.filling import as_data, form_values
from tests.screens.test_forms import hidden

ADDRESS = {
    "name": "Ada Lovelace",
    "street": "Große Bergstraße 12",
    "street2": "3. Stock",
    "postal_code": "22767",
    "city": "Hamburg",
    "region": "Altona",
    "country": "DE",
    "phone": "+4940123456",
}
LINES = "Ada Lovelace\nGroße Bergstraße 12\n3. Stock\n22767 Hamburg\nAltona\nGermany\n+49 40 123456"


def order(address: dict | None = None) -> int:
    with at_work() as session:
        return make_order(session, delivery_address=address).id


def edit(client, pk: int, **parts: object):
    url = f"/bench-orders/edit/{pk}"
    sent = {f"delivery_address-{part}": value for part, value in parts.items()}
    return client.post(url, data={**as_data(form_values(page(client, url))), **sent})


def send(client, pk: int, address: object):
    body = {"delivery_address": address, "version": stored(pk, "version")}
    return client.put(f"/api/v1/bench-orders/{pk}", json=body)


def stored(pk: int, what: str = "delivery_address") -> object:
    with at_work() as session:
        return session.scalar(text(f"select {what} from orders where id = {pk}"))


def test_an_address_is_typed_part_by_part(client, everything):
    pk = order()
    typed = {**ADDRESS, "name": "  Ada   Lovelace ", "country": "de", "phone": "040 123456"}
    assert edit(client, pk, **typed).status_code == 302
    assert stored(pk) == ADDRESS
    form = page(client, f"/bench-orders/edit/{pk}")
    assert 'for="delivery_address-postal_code">Postal code</label>' in form
    assert 'value="+49 40 123456"' in form
    assert "<textarea" not in form.partition('id="delivery_address"')[2].partition("</fieldset>")[0]


def test_an_address_is_read_in_lines_on_the_record_the_list_the_history_and_in_the_export(
    client, everything
):
    pk = order(ADDRESS)
    for url in (f"/bench-orders/show/{pk}", "/bench-orders/list/", "/bench-orders/export"):
        # In a file a line that begins like a formula is none: some readers split at line ends.
        said = html.unescape(client.get(url).text).replace("\n'+", "\n+")
        assert LINES in said, url
    assert edit(client, pk, city="Kyiv", country="UA", phone="").status_code == 302
    said = html.unescape(page(client, f"/bench-orders/history/{pk}"))
    assert LINES in said
    assert "22767 Kyiv\nAltona\nUkraine<" in said
    assert "22767 Kyiv\nAltona\nUkraine" in client.get("/bench-orders/export").text
    assert "22767 Kyiv\nAltona\nУкраїна" in client.get("/bench-orders/export?lang=uk").text


def test_an_address_that_is_emptied_is_none(client, everything):
    pk = order(ADDRESS)
    assert edit(client, pk, **dict.fromkeys(ADDRESS, " ")).status_code == 302
    assert stored(pk, "delivery_address is null") is True
    # And a form without any stays so.
    version = stored(pk, "version")
    assert edit(client, pk).status_code == 302
    assert (stored(pk, "delivery_address is null"), stored(pk, "version")) == (True, version)


@pytest.mark.parametrize(
    "address",
    [
        ADDRESS,
        {"street": "Secret Lane 1"},
        {"Straße": "Weg 1", "city": "Ulm"},  # typed as JSON, before there were rules
        {"street": 5, "floor": None, "phone": "ask", "country": "Deutschland"},
        {"street": {"name": "Weg", "number": [1, 2]}},
    ],
)
def test_a_form_saved_as_it_is_changes_nothing(client, everything, address):
    pk = order(address)
    version = stored(pk, "version")
    assert page(client, f"/bench-orders/show/{pk}")
    assert edit(client, pk).status_code == 302
    assert (stored(pk), stored(pk, "version")) == (address, version)
    assert edit(client, pk, region="Bayern").status_code == 302
    kept = {part: said for part, said in address.items() if said is not None}
    assert stored(pk) == {**kept, "region": "Bayern"}


def test_a_part_of_an_older_record_is_shown_and_can_be_emptied(client, everything):
    pk = order({"Straße": "Weg 1", "city": "Ulm"})
    assert "Ulm\nStraße: Weg 1" in page(client, f"/bench-orders/show/{pk}")
    assert ">Straße</label>" in page(client, f"/bench-orders/edit/{pk}")
    sent = {"street": "Weg 1", "other-0": ""}
    assert edit(client, pk, **sent).status_code == 302
    assert stored(pk) == {"street": "Weg 1", "city": "Ulm"}


@pytest.mark.parametrize(
    ("part", "typed", "said"),
    [
        ("country", "U-K-K", "“U-K-K” is not a country. Write two letters, such as DE."),
        ("country", "Atlantis", "“Atlantis” is not a country."),
        ("country", "ZZ", "“ZZ” is not a country."),
        ("postal_code", "2" * 21, "At most 20 characters."),
        ("street", "ж" * 3000, "At most 200 characters."),
        ("phone", "soon", "“soon” is not a phone number."),
        ("phone", "1" * 3000, "At most 40 characters."),
    ],
)
def test_a_wrong_part_is_said_beside_it_and_kept_as_typed(client, everything, part, typed, said):
    pk = order()
    answer = edit(client, pk, city="Ulm", **{part: typed})
    assert answer.status_code == 422
    beside = html.unescape(answer.text).partition(f'id="delivery_address-{part}-h"')[2]
    assert said in beside.partition("</p>")[0]
    assert f'href="#delivery_address-{part}"' in answer.text
    field, _, after = answer.text.partition(f'id="delivery_address-{part}"')[2].partition(">")
    if part == "country":
        assert f'<option value="{typed}" selected>' in after
    else:
        assert f'value="{typed}"' in field
    assert f'aria-invalid="true" aria-describedby="delivery_address-{part}-h"' in field
    assert stored(pk, "delivery_address is null") is True


def test_odd_texts_come_back_as_they_were_and_are_no_formulas(client, everything):
    pk = order()
    name = "=cmd()|' /C calc'!A0 🎣 <b>& \"Ґанок\""
    assert edit(client, pk, name=f"{name}\x00", street="Weg 1").status_code == 422
    assert edit(client, pk, name=name, street="Weg\r\n1").status_code == 302
    assert stored(pk) == {"name": name, "street": "Weg 1"}
    assert "<b>&" not in page(client, f"/bench-orders/show/{pk}")
    assert name in html.unescape(page(client, f"/bench-orders/edit/{pk}"))
    assert "'=cmd()" in client.get("/bench-orders/export").text


def test_a_phone_number_is_read_at_home_of_the_address(client, everything):
    pk = order()
    assert edit(client, pk, country="ua", phone="044 123 4567").status_code == 302
    assert stored(pk) == {"country": "UA", "phone": "+380441234567"}


def test_a_stale_form_shows_both_addresses_in_lines(client, everything):
    pk = order(ADDRESS)
    url = f"/bench-orders/edit/{pk}"
    data = as_data(form_values(page(client, url)))
    with at_work(user_id=8) as session:
        session.get_one(Order, pk).delivery_address = {"city": "Lviv", "country": "UA"}
    answer = client.post(url, data={**data, "delivery_address-city": "Odesa"})
    assert answer.status_code == 409
    assert "22767 Odesa" in answer.text
    assert "Lviv\nUkraine" in answer.text
    again = as_data(form_values(answer.text))
    assert again["version"] == [hidden(answer.text, "version")]
    assert client.post(url, data=again).status_code == 302
    assert stored(pk) == {**ADDRESS, "city": "Odesa"}


def test_who_may_not_see_contacts_has_no_address(client):
    pk = order(ADDRESS)
    who = reader_with({("read", "BenchOrder"), ("write", "BenchOrder")})
    with signed_in(who):
        for url in (f"show/{pk}", f"edit/{pk}", f"history/{pk}", "list/"):
            assert "Bergstra" not in page(client, f"/bench-orders/{url}"), url
        url = f"/bench-orders/edit/{pk}"
        data = as_data(form_values(page(client, url)))
        sent = {"note": "Ring twice", "delivery_address-city": "Ulm"}
        assert client.post(url, data={**data, **sent}).status_code == 302
    assert (stored(pk), stored(pk, "note")) == (ADDRESS, "Ring twice")


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("Weg 1", "Send an object or a list."),
        ([ADDRESS], "Send an address by its parts, like"),
        ({"Straße": "Weg 1"}, "An address has these parts: name, street, street2, postal_code"),
        ({"city": 5}, "city: send a text."),
        ({"city": ["Ulm"]}, "city: send a text."),
        ({"city": "x" * 101}, "city: At most 100 characters."),
        ({"country": "Atlantis"}, "country: “Atlantis” is not a country."),
        ({"phone": "040 123456"}, "phone: Begin “040 123456” with the country code"),
        ({"city": "Ul\x00m"}, "cannot be kept"),
    ],
)
def test_programs_send_an_address_or_are_told(client, everything, sent, said):
    pk = order()
    answer = send(client, pk, sent)
    assert answer.status_code == 422, answer.text
    assert said in str(answer.json), answer.json
    assert stored(pk, "delivery_address is null") is True


def test_programs_read_an_address_as_it_is_kept(client, everything):
    pk = order()
    sent = {**ADDRESS, "country": "de", "phone": "040 123456", "region": None, "street2": " "}
    answer = send(client, pk, sent)
    assert answer.status_code == 200, answer.text
    kept = {k: v for k, v in ADDRESS.items() if k not in ("region", "street2")}
    assert answer.json["result"]["delivery_address"] == kept
    for nothing in ({}, {"city": "  "}, None):
        assert send(client, pk, ADDRESS).status_code == 200
        answer = send(client, pk, nothing)
        assert (answer.status_code, answer.json["result"]["delivery_address"]) == (200, None)
        assert stored(pk, "delivery_address is null") is True


def test_every_part_has_a_name_and_a_length():
    assert list(postal_address.LABELS) == list(postal_address.LONGEST)
    with pytest.raises(Invalid):
        postal_address.read_address({"Stadt": "Ulm"})
