"""Countries, languages, currencies and zones: kept as codes, read and chosen by name."""

import html
import re

import pytest
from sqlalchemy import text

from app.clients.models import Client
from app.company.models import Store
from app.kit.codes import CODES
from app.kit.errors import Invalid
from tests.screens.bench import at_work, page
from tests.screens.filling import as_data, form_values
from tests.screens.test_lists import names_in


def client_of(**values: object) -> int:
    with at_work() as session:
        made = Client(**{"name": "Ada", "first_name": "Ada", **values})
        session.add(made)
        session.flush()
        return made.id


def store_of(**values: object) -> int:
    with at_work() as session:
        made = Store(**{"number": "77", "name": "Here", **values})
        session.add(made)
        session.flush()
        return made.id


def stored(sql: str) -> object:
    with at_work() as session:
        return session.scalar(text(sql))


def options(form: str, name: str) -> dict[str, str]:
    found = re.search(rf'<select [^>]*name="{name}"[^>]*>(.*?)</select>', form, re.DOTALL)
    assert found, name
    return dict(re.findall(r'<option value="([^"]*)"[^>]*>([^<]*)<', found[1]))


def edit(client, kind: str, pk: int, **changed: str):
    url = f"/bench-{kind}/edit/{pk}"
    return client.post(url, data={**as_data(form_values(page(client, url))), **changed})


def test_a_country_is_read_and_chosen_by_its_name_in_the_readers_language(client, everything):
    pk = client_of(country="DE")
    assert "Germany" in page(client, f"/bench-clients/show/{pk}")
    assert options(page(client, f"/bench-clients/edit/{pk}"), "country")["DE"] == "Germany (DE)"
    german = options(page(client, f"/bench-clients/edit/{pk}?lang=de"), "country")
    assert german["DE"] == "Deutschland (DE)"
    names = list(german.values())
    assert names.index("Österreich (AT)") < names.index("Pakistan (PK)")


@pytest.mark.parametrize(("sent", "kept"), [("at", "AT"), ("", None)])
def test_a_code_is_kept_in_its_one_form(client, everything, sent, kept):
    pk = client_of(country="DE")
    assert edit(client, "clients", pk, country=sent).status_code == 302
    assert stored("select country from client") == kept


def test_what_is_no_code_is_refused_beside_its_field(client, everything):
    pk = client_of(country="DE")
    answer = edit(client, "clients", pk, country="XX")
    assert answer.status_code == 422
    assert "“XX” is not a country." in html.unescape(answer.text)
    assert stored("select country from client") == "DE"


def test_a_code_that_no_list_has_stays_until_it_is_changed(client, everything):
    pk = client_of(country="XX")
    assert options(page(client, f"/bench-clients/edit/{pk}"), "country")["XX"] == "XX"
    assert edit(client, "clients", pk, name="Ada L").status_code == 302
    assert stored("select country from client") == "XX"


def test_lists_are_filtered_by_countries_of_which_some_are_said_by_name(client, everything):
    client_of(name="Anna", country="AT")
    client_of(name="Bert", country="DE")
    client_of(name="Cem", country=None)
    list_ = "/bench-clients/list/"
    assert names_in(page(client, f"{list_}?f.country.is=AT&f.country.is=DE")) == ["Anna", "Bert"]
    only = page(client, f"{list_}?f.country.is=AT")
    assert names_in(only) == ["Anna"]
    assert "is Austria" in only
    assert names_in(page(client, f"{list_}?f.country.not=AT")) == ["Bert"]
    assert names_in(page(client, f"{list_}?f.country.empty=1")) == ["Cem"]
    assert names_in(page(client, f"{list_}?f.country.is=XX")) == []


def test_the_filter_editor_offers_the_names_of_the_language_that_is_read(client, everything):
    assert '["AT", "Austria (AT)"]' in page(client, "/bench-clients/list/")
    assert '["AT", "Österreich (AT)"]' in page(client, "/bench-clients/list/?lang=de")


def test_a_zone_by_its_former_name_is_kept_by_its_present_one(client, everything):
    pk = store_of(time_zone="Europe/Berlin")
    assert edit(client, "stores", pk, time_zone="Europe/Kiev").status_code == 302
    assert stored("select time_zone from store where number = '77'") == "Europe/Kyiv"


def test_a_currency_says_its_name(client, everything):
    assert options(page(client, "/bench-variants/add"), "currency")["EUR"] == "EUR · Euro"


def test_programs_get_and_send_codes(client, everything):
    pk = client_of(country="DE")
    assert client.get(f"/api/v1/bench-clients/{pk}").json["result"]["country"] == "DE"
    answer = client.put(f"/api/v1/bench-clients/{pk}", json={"country": "pl", "version": 1})
    assert answer.json["result"]["country"] == "PL"
    answer = client.put(f"/api/v1/bench-clients/{pk}", json={"country": "XX", "version": 2})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["country"])


@pytest.mark.parametrize(("sent", "kept"), [("de", "de"), ("pt-BR", "pt_BR"), ("fr", "fr")])
def test_a_language_may_be_one_that_nobody_here_writes(app, sent, kept):
    with app.test_request_context():
        assert CODES["language"].read(sent) == kept


def test_what_is_no_language_is_refused(app):
    with app.test_request_context(), pytest.raises(Invalid, match="“klingon” is not a language"):
        CODES["language"].read("klingon")
