"""Fields of several controls: opening hours, and texts in other languages."""

import html
import re

import pytest
from sqlalchemy import text

from app.catalogue.models import Category
from app.company.models import Store
from app.kit import opening_hours
from app.kit.errors import Invalid
from tests.screens.bench import at_work, page
from tests.screens.filling import as_data, form_values
from tests.screens.test_forms import hidden

HOURS = {
    "mon": [["09:00", "12:30"], ["13:30", "18:00"]],
    "tue": [["09:00", "18:00"]],
    "wed": [["09:00", "18:00"]],
    "exceptions": {"2026-12-24": [], "2026-12-31": [["09:00", "13:00"]]},
}


def store(hours: dict | None = None) -> int:
    with at_work() as session:
        made = Store(number="1", name="Altona", opening_hours=hours or {})
        session.add(made)
        session.flush()
        return made.id


def category(texts: dict) -> int:
    with at_work() as session:
        made = Category(name="Rods", texts=texts)
        session.add(made)
        session.flush()
        return made.id


def stored(sql: str) -> object:
    with at_work() as session:
        return session.scalar(text(sql))


def edit(client, pk: int, **changes: object):
    url = f"/bench-stores/edit/{pk}"
    return client.post(url, data={**as_data(form_values(page(client, url))), **changes})


def test_hours_are_typed_as_people_write_them(client, everything):
    pk = store()
    answer = edit(
        client,
        pk,
        **{
            "opening_hours-mon-from": ["9", "13.30"],
            "opening_hours-mon-to": ["12:30", "1800"],
            "opening_hours-sat-from": "10 am",
            "opening_hours-sat-to": "24:00",
            "opening_hours-sun-closed": "1",
            "opening_hours-on-0-date": "2026-12-24",
            "opening_hours-on-0-from": "9",
            "opening_hours-on-0-to": "1 pm",
        },
    )
    assert answer.status_code == 302, answer.text
    assert stored("select opening_hours from store") == {
        "mon": [["09:00", "12:30"], ["13:30", "18:00"]],
        "sat": [["10:00", "24:00"]],
        "exceptions": {"2026-12-24": [["09:00", "13:00"]]},
    }


def test_hours_are_read_on_the_record_the_list_the_history_and_in_the_export(client, everything):
    pk = store(HOURS)
    words = "Mon 09:00–12:30, 13:30–18:00\nTue–Wed 09:00–18:00\nThu–Sun closed"
    words += "\n24 Dec 2026: closed\n31 Dec 2026: 09:00–13:00"
    assert words in html.unescape(page(client, f"/bench-stores/show/{pk}"))
    assert "Tue–Wed 09:00–18:00" in page(client, "/bench-stores/list/")
    assert words in client.get("/bench-stores/export").text
    assert edit(client, pk, **{"opening_hours-tue-to": "20:00"}).status_code == 302
    assert "Tue 09:00–20:00" in page(client, f"/bench-stores/history/{pk}")
    german = client.get("/bench-stores/export?lang=de").text
    assert "Do–So" in german


def test_a_form_of_hours_saved_as_it_is_changes_nothing(client, everything):
    for hours in ({}, HOURS, {**HOURS, "sun": []}, {"sun": [], "mon": []}):
        pk = store(hours)
        assert edit(client, pk).status_code == 302
        assert stored("select (opening_hours, version)::text from store") == stored(
            "select (opening_hours, 1)::text from store"
        )
        with at_work() as session:
            session.execute(text("delete from store"))


@pytest.mark.parametrize(
    ("typed", "said", "control"),
    [
        ({"mon-from": "18:00", "mon-to": "9"}, "from earlier to later", "mon-from"),
        ({"mon-from": "25:00", "mon-to": "26:00"}, "“25:00” is not a time", "mon-from"),
        ({"tue-from": "9"}, "Say both when it opens and when it closes.", "tue-from"),
        ({"wed-from": "soon", "wed-to": "x" * 3000}, "“soon” is not a time", "wed-from"),
        ({"on-0-date": "24.12.", "on-0-closed": "1"}, "is not a date", "on-0-from"),
        ({"on-0-from": "9", "on-0-to": "10"}, "Say which day.", "on-0-date"),
        ({"on-3-date": "2026-12-24"}, "or that it is closed", "on-3-from"),
    ],
)
def test_wrong_hours_are_said_beside_their_day_and_kept_as_typed(
    client, everything, typed, said, control
):
    pk = store()
    sent = {f"opening_hours-{name}": value for name, value in typed.items()}
    answer = edit(client, pk, **sent)
    assert answer.status_code == 422
    text_of = html.unescape(answer.text)
    assert text_of.count(said) == 2  # in the summary and beside the control
    assert f'href="#opening_hours-{control}"' in answer.text
    assert f'id="opening_hours-{control}"' in answer.text
    first = next(iter(typed.values()))
    assert f'value="{first}"' in answer.text
    assert stored("select opening_hours from store") == {}


def test_a_day_twice_is_refused_and_a_span_over_another_too():
    spans = [["09:00", "12:00"], ["11:00", "18:00"]]
    with pytest.raises(Invalid):
        opening_hours.check_spans(spans)
    for wrong in ([], {"mon": {}}, {"exceptions": []}, {"exceptions": {"2026-2-3": []}}, "x"):
        with pytest.raises(Invalid):
            opening_hours.check_hours(wrong)
    for wrong in ({"mon": [{"09:00": 1, "10:00": 2}]}, {"mon": [[9, 10]]}, {"mon": [["09:00"]]}):
        with pytest.raises(Invalid):
            opening_hours.check_hours(wrong)


def test_a_form_without_the_days_leaves_the_hours_alone(client, everything):
    pk = store(HOURS)
    data = {"number": "1", "name": "Other", "time_zone": "Europe/Berlin", "version": "1"}
    assert client.post(f"/bench-stores/edit/{pk}", data=data).status_code == 302
    assert stored("select opening_hours from store") == HOURS


def test_a_stale_form_shows_both_hours_in_words(client, everything):
    pk = store(HOURS)
    url = f"/bench-stores/edit/{pk}"
    data = as_data(form_values(page(client, url)))
    with at_work(user_id=8) as session:
        session.get_one(Store, pk).opening_hours = {"fri": [["07:00", "08:00"]]}
    answer = client.post(url, data=data)
    assert answer.status_code == 409
    assert "Fri 07:00–08:00" in answer.text
    assert "Thu–Sun closed" in answer.text
    assert hidden(answer.text, "version") == "2"


def test_each_language_has_a_field_of_its_own(client, everything):
    pk = category({"de": {"name": "Ruten"}})
    url = f"/bench-categories/edit/{pk}"
    form = page(client, url)
    for label in ("German", "Ukrainian", "Portuguese (Brazil)"):
        assert re.search(rf'<label[^>]*for="texts-[^"]*">{re.escape(label)}</label>', form), label
    data = as_data(form_values(form))
    assert data["texts-de-name"] == ["Ruten"]
    sent = {**data, "texts-uk-name": " Вудилища ", "texts-de-name": ""}
    assert client.post(url, data=sent).status_code == 302
    assert stored("select texts from category") == {"uk": {"name": "Вудилища"}}
    assert "Ukrainian: Вудилища" in page(client, f"/bench-categories/show/{pk}")
    long = {**as_data(form_values(page(client, url))), "texts-ru-name": "ж" * 501}
    answer = client.post(url, data=long)
    assert answer.status_code == 422
    assert answer.text.count("At most 500 characters.") == 2
    assert 'href="#texts-ru-name"' in answer.text


def test_other_languages_and_older_shapes_are_kept(client, everything):
    pk = category({"fr": {"name": "Cannes"}, "de": "Ruten"})
    url = f"/bench-categories/edit/{pk}"
    form = page(client, url)
    assert ">French</label>" in form
    data = as_data(form_values(form))
    assert data["texts-de-name"] == ["Ruten"]
    assert client.post(url, data={**data, "texts-en-name": "Rods"}).status_code == 302
    assert stored("select texts from category") == {
        "en": {"name": "Rods"},
        "de": {"name": "Ruten"},
        "fr": {"name": "Cannes"},
    }


@pytest.mark.parametrize(
    "hours", [{"mon": "9-18"}, {"monday": []}, [], {"mon": [["18:00", "09:00"]]}, "x", 5]
)
def test_callers_send_hours_as_json_or_are_told(client, everything, hours):
    body = {"number": "7", "name": "A", "opening_hours": hours}
    answer = client.post("/api/v1/bench-stores", json=body)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["opening_hours"]


@pytest.mark.parametrize(
    "texts",
    [{"de": "Ruten"}, {"de": {"colour": "x"}}, {"de": {"name": 5}}, {"d e": {}}, [], {"de": {"name": "x" * 501}}],
)  # fmt: skip
def test_callers_send_texts_by_language_or_are_told(client, everything, texts):
    answer = client.post("/api/v1/bench-categories", json={"name": "Rods", "texts": texts})
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["texts"]


def test_callers_read_what_they_have_sent(client, everything):
    body = {"number": "7", "name": "A", "opening_hours": HOURS}
    made = client.post("/api/v1/bench-stores", json=body)
    assert (made.status_code, made.json["result"]["opening_hours"]) == (201, HOURS)
    body = {"name": "Rods", "texts": {"pt_BR": {"name": "Varas"}}}
    made = client.post("/api/v1/bench-categories", json=body)
    assert made.json["result"]["texts"] == {"pt_BR": {"name": "Varas"}}
