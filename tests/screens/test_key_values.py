"""Names with values: a row for each; what a program sent stays what it was until it is changed."""

import html

import pytest
from sqlalchemy import Column, Index, MetaData, Table, Text, UniqueConstraint, text

from app.clients.models import Client
from app.kit import key_values
from app.kit.rest.natural_keys import _is_unique
from tests.screens.bench import at_work, page
from tests.screens.filling import as_data, form_values

OWN = {
    "Boat": True,
    "Card": None,
    "Shoe size": 42,
    "Weight": 71.5,
    "Waters": ["Elbe", "Alster"],
    "Licence": {"number": "A 1", "until": 2030},
    "Word": "rod  and reel",
    "Poem": "One line\nand another",
}


def person(own: object = None) -> int:
    with at_work() as session:
        made = Client(number="1", name="Ada", custom={} if own is None else own)
        session.add(made)
        session.flush()
        return made.id


def sent_from(client, pk: int) -> dict[str, list[str]]:
    return as_data(form_values(page(client, f"/bench-clients/edit/{pk}")))


def edit(client, pk: int, **cells: object):
    data = {**sent_from(client, pk), **{f"custom-{k}": value for k, value in cells.items()}}
    return client.post(f"/bench-clients/edit/{pk}", data=data)


def row_of(data: dict[str, list[str]], name: str) -> str:
    """The number of the row with this name."""
    key = next(k for k, value in data.items() if k.endswith("-name") and value == [name])
    return key.split("-")[1]


def stored(pk: int, what: str = "custom") -> object:
    with at_work() as session:
        return session.scalar(text(f"select {what} from client where id = {pk}"))


def test_pairs_are_typed_in_rows_and_there_is_always_an_empty_one(client, everything):
    pk = person()
    assert edit(client, pk, **{"0-name": " Shoe  size ", "0-value": " 42 "}).status_code == 302
    assert stored(pk) == {"Shoe size": "42"}
    assert sent_from(client, pk)["custom-1-name"] == [""]
    assert edit(client, pk, **{"1-name": "Boat", "1-value": "no"}).status_code == 302
    assert stored(pk) == {"Shoe size": "42", "Boat": "no"}


def test_a_row_that_is_emptied_or_taken_out_is_gone(client, everything):
    pk = person({"A": "1", "B": 2, "C": "3"})
    assert edit(client, pk, **{"0-name": "", "0-value": " "}).status_code == 302
    assert stored(pk) == {"B": 2, "C": "3"}
    # As the script sends it: all rows taken out, the empty one too.
    data = {k: v for k, v in sent_from(client, pk).items() if not k.startswith("custom-")}
    sent = {**data, "custom-sent": "1"}
    assert client.post(f"/bench-clients/edit/{pk}", data=sent).status_code == 302
    assert stored(pk) == {}


def test_a_form_without_the_rows_leaves_them_alone(client, everything):
    pk = person(OWN)
    data = {k: v for k, v in sent_from(client, pk).items() if not k.startswith("custom-")}
    sent = {**data, "name": "Grace"}
    assert client.post(f"/bench-clients/edit/{pk}", data=sent).status_code == 302
    assert (stored(pk), stored(pk, "name")) == (OWN, "Grace")


ODD_NAMES = {" two ": 1, "two": 2, "a\nb": 3, "c\r\nd": [4], "=cmd()": "=cmd()", "ж" * 150: True}


@pytest.mark.parametrize(
    "own", [{}, OWN, ODD_NAMES, {"": "x"}, {"a": "x\r\ny\n"}, {"a": "\n x "}, ["a", {"b": 1}]]
)
def test_a_form_saved_as_it_is_changes_nothing(client, everything, own):
    pk = person(own)
    assert page(client, f"/bench-clients/show/{pk}")
    for language in ("en", "uk"):
        url = f"/bench-clients/edit/{pk}?lang={language}"
        data = as_data(form_values(page(client, url)))
        # A browser ends all lines so.
        data = {k: ["\r\n".join(one.splitlines()) for one in v] for k, v in data.items()}
        assert client.post(url, data=data).status_code == 302
        assert (stored(pk), stored(pk, "version")) == (own, 1)


def test_only_what_was_changed_is_changed(client, everything):
    pk = person(OWN)
    row = row_of(sent_from(client, pk), "Word")
    assert edit(client, pk, **{f"{row}-value": "reel"}).status_code == 302
    assert stored(pk) == {**OWN, "Word": "reel"}
    # Called otherwise it is still the same value.
    row = row_of(sent_from(client, pk), "Waters")
    assert edit(client, pk, **{f"{row}-name": "Rivers"}).status_code == 302
    assert stored(pk) == {
        **{k: v for k, v in OWN.items() if k != "Waters"},
        "Word": "reel",
        "Rivers": ["Elbe", "Alster"],
    }


@pytest.mark.parametrize(
    ("before", "typed", "after"),
    [
        (42, "43", 43),
        (42, "43.5", 43.5),
        (42, "043", "043"),
        (42, "43 EU", "43 EU"),
        (42, "nan", "nan"),
        (42, "1e999", "1e999"),
        (True, "no", False),
        (True, "perhaps", "perhaps"),
        (None, "x", "x"),
        (["a"], "a, b", "a, b"),
        ("42", "43", "43"),
    ],
)
def test_a_number_stays_a_number_where_one_is_typed(client, everything, before, typed, after):
    pk = person({"it": before})
    assert edit(client, pk, **{"0-value": typed}).status_code == 302
    now = stored(pk)
    assert now == {"it": after}
    assert type(now["it"]) is type(after)


def test_pairs_are_read_on_the_record_in_the_history_and_on_the_page_of_a_conflict(
    client, everything
):
    pk = person(OWN)
    said = html.unescape(page(client, f"/bench-clients/show/{pk}"))
    for line in ("Shoe size: 42", "Boat: yes", "Waters: Elbe, Alster", "Word: rod  and reel"):
        assert line in said, line
    data = sent_from(client, pk)
    row = row_of(data, "Shoe size")
    assert edit(client, pk, **{f"{row}-value": "43"}).status_code == 302
    assert "Shoe size: 43" in page(client, f"/bench-clients/history/{pk}")
    with at_work(user_id=8) as session:
        session.get_one(Client, pk).custom = {"Shoe size": "44"}
    answer = client.post(f"/bench-clients/edit/{pk}", data={**data, f"custom-{row}-value": "45"})
    assert answer.status_code == 409
    for line in ("Shoe size: 45", "Shoe size: 44"):
        assert line in html.unescape(answer.text), line


@pytest.mark.parametrize(
    ("cells", "said", "control"),
    [
        ({"0-name": "", "0-value": "42"}, "Say what it is called.", "0-name"),
        ({"1-name": "Boat"}, "This name is there twice.", "1-name"),
        ({"1-name": "x" * 101}, "At most 100 characters.", "1-name"),
        ({"1-name": "x", "1-value": "ж" * 3000}, "At most 1000 characters.", "1-value"),
    ],
)
def test_a_wrong_row_is_said_beside_it_and_kept_as_typed(client, everything, cells, said, control):
    pk = person({"Boat": "no"})
    answer = edit(client, pk, **cells)
    assert answer.status_code == 422
    number = control[0]
    shown = html.unescape(answer.text)
    assert said in shown.partition(f'id="custom-{number}-h"')[2].partition("</p>")[0]
    assert f'href="#custom-{control}"' in answer.text
    field = shown.partition(f'id="custom-{control}"')[2].partition(">")[0]
    assert f'aria-invalid="true" aria-describedby="custom-{number}-h"' in field
    data = as_data(form_values(answer.text))
    assert {k: data[f"custom-{k}"] for k in cells} == {k: [v] for k, v in cells.items()}
    assert stored(pk) == {"Boat": "no"}


def test_there_are_only_so_many(client, everything):
    pk = person({f"n{n}": n for n in range(key_values.MOST)})
    assert edit(client, pk, **{"0-value": "x"}).status_code == 302
    answer = edit(client, pk, **{f"{key_values.MOST}-name": "one more"})
    assert answer.status_code == 422
    assert answer.text.count(f"At most {key_values.MOST} rows can be kept.") == 2


def test_odd_texts_come_back_as_they_were(client, everything):
    pk = person()
    name, value = "🎣 <b>Ґ&", '=cmd()|" /C calc"!A0 \u202eabc </textarea>'
    assert edit(client, pk, **{"0-name": f"{name}\x00", "0-value": "x"}).status_code == 422
    sent = {"0-name": name, "0-value": value, "1-name": "__i__"}
    assert edit(client, pk, **sent, **{"__i__-name": "x", "99999999-name": "y"}).status_code == 302
    assert stored(pk) == {name: value, "__i__": ""}
    assert "<b>Ґ" not in page(client, f"/bench-clients/show/{pk}")
    data = sent_from(client, pk)
    assert data[f"custom-{row_of(data, name)}-value"] == [value]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ([1], "Send names with values, like"),
        ("x", "Send an object or a list."),
        ({" ": "x"}, "Say what it is called."),
        ({"x" * 101: "x"}, "At most 100 characters."),
        ({"Boat": "x" * 1001}, "Boat: At most 1000 characters."),
        ({"Boat": ["x" * 600, "x" * 600]}, "Boat: At most 1000 characters."),
        ({str(n): 1 for n in range(101)}, "At most 100 rows can be kept."),
    ],
)
def test_programs_send_pairs_or_are_told(client, everything, sent, said):
    pk = person({"Boat": 1})
    answer = client.put(f"/api/v1/bench-clients/{pk}", json={"custom": sent, "version": 1})
    assert answer.status_code == 422, answer.text
    assert said in str(answer.json), answer.json
    assert stored(pk) == {"Boat": 1}


def test_programs_read_what_they_have_sent(client, everything):
    pk = person()
    answer = client.put(f"/api/v1/bench-clients/{pk}", json={"custom": OWN, "version": 1})
    assert (answer.status_code, answer.json["result"]["custom"]) == (200, OWN)


def test_what_is_unique_is_so_by_itself_in_its_company():
    table = Table(
        "shelf",
        MetaData(),
        *(Column(name, Text) for name in ("company_id", "code", "place", "colour", "room")),
        UniqueConstraint("company_id", "code"),
        UniqueConstraint("company_id", "place", "colour"),
        UniqueConstraint("colour"),
        Index("one", "company_id", "room", unique=True),
        Index("two", "company_id", "place"),
    )
    names = ("code", "place", "colour", "room")
    assert [one for one in names if _is_unique(table, (one,))] == ["code", "room"]
    assert _is_unique(table, ("place", "colour"))
    assert not _is_unique(table, ("colour", "place"))
