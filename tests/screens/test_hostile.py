"""What strangers and accidents send: nothing breaks, nothing opens, nothing is lost in silence."""

import random
import re
import time
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from flask import jsonify, render_template_string
from flask_babel import lazy_gettext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.catalogue.models import Brand, Product, Variant
from app.clients.models import Client
from app.kit.screens import selection
from app.kit.screens.dberrors import as_refusal
from app.kit.screens.models import BulkRun
from app.kit.screens.paging import Cursor, write_cursor
from tests.screens import bench
from tests.screens.bench import at_work, counted, page, reader_with, signed_in
from tests.screens.filling import as_data, form_values
from tests.screens.test_lists import names_in
from tests.screens.test_taking_out import member, run_last  # noqa: F401 -- fixtures

UNREADABLE = '<p class="err" role="alert">'
DIGITS = "9" * 5000
# No compression helps: each letter is another one.
LONG = "".join(random.Random(7).choices([chr(i) for i in range(0x4E00, 0x9F00)], k=3000))


def stored(sql: str) -> object:
    with at_work() as session:
        return session.execute(text(sql)).one_or_none()


def product(name: str = "Rod", **values: object) -> int:
    with at_work() as session:
        made = Product(name=name, **values)
        session.add(made)
        session.flush()
        return made.id


# --- values ---------------------------------------------------------------------------------------


def test_a_name_of_three_thousand_letters_is_refused_beside_its_field(client, everything):
    answer = client.post("/bench-brands/add", data={"name": LONG})
    assert answer.status_code == 422
    assert answer.text.count("At most 500 characters.") == 2
    answer = client.post("/api/v1/bench-brands", json={"name": LONG})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["name"])


def test_a_name_inside_a_lazy_text_is_escaped_on_a_page_and_plain_in_json(app):
    told = lazy_gettext("“%(name)s” is not for sale.", name="<b>Rod</b>")
    with app.test_request_context():
        assert "&lt;b&gt;Rod&lt;/b&gt;" in render_template_string("{{ told }}", told=told)
        assert jsonify(message=told).json == {"message": "“<b>Rod</b>” is not for sale."}


def test_a_text_too_long_for_an_index_is_a_sentence_wherever_it_comes_from(app):
    with pytest.raises(DBAPIError) as refused, at_work() as session:
        session.add(Brand(name=LONG))
        session.flush()
    with app.test_request_context():
        said = as_refusal(refused.value)
        assert said is not None
        assert (said.status, str(said)) == (422, "A value is too long or too large.")


def test_emoji_and_other_scripts_come_back_as_they_were(client, everything):
    name = '🎣 Ґанок «Ё» \u202eabc <b>& "quotes"'
    assert client.post("/bench-brands/add", data={"name": name}).status_code == 302
    assert stored("select name from brand") == (name,)
    assert "<b>&" not in page(client, "/bench-brands/list/")
    assert name.replace('"', '""') in client.get("/bench-brands/export").text


def test_nul_bytes_are_refused_in_forms_and_left_out_of_addresses(client, everything):
    answer = client.post("/bench-brands/add", data={"name": "Dai\x00wa"})
    assert answer.status_code == 422
    assert "characters that cannot be kept" in answer.text
    data = {"name": "Daiwa", "once": "a\x00b"}
    assert client.post("/bench-brands/add", data=data).status_code == 302
    assert stored("select name from brand") == ("Daiwa",)
    for url in ("list/?q=%00", "list/?f.name.is=Dai%00wa", "lookup/name?q=%00", "list/?cols=%00"):
        assert client.get(f"/bench-brands/{url}").status_code in (200, 404)


def test_numbers_of_five_thousand_digits_are_no_bug(client, everything):
    pk = product()
    data = as_data(form_values(page(client, f"/bench-products/edit/{pk}")))
    for sent in (
        {"variants-0-id": DIGITS, "variants-0-sku": ""},
        {f"variants-{DIGITS}-sku": "x"},
        {"brand": DIGITS},
        {"duration": DIGITS},
        {"version": DIGITS},
        {"tax_rate": DIGITS},
    ):
        answer = client.post(f"/bench-products/edit/{pk}", data={**data, **sent})
        assert answer.status_code in (302, 409, 422), sent
        data["version"] = str(stored("select version from product")[0])
    bulk = {"action": "archive", "rowid": DIGITS}
    assert client.post("/bench-brands/bulk", data=bulk).status_code == 422
    for url in (
        f"lookup/brand?id={DIGITS}",
        f"history/{pk}?before={DIGITS}",
        f"list/?of.brand={DIGITS}",
    ):
        assert client.get(f"/bench-products/{url}").status_code == 200


def test_junk_in_the_place_of_a_choice_means_the_first_page(client, everything):
    product()
    for value in ("junk", 5, None, True, "\ud800", ""):
        junk = write_cursor(Cursor(forward=True, value=value, id=1))
        html = page(client, f"/bench-products/list/?o=status&at={junk}")
        assert names_in(html) in (["Rod"], [])


# --- nothing opens --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["f.name.is=", "f.brand.is=", "f.status.is=", "of.brand=", "f.name.=x", "f.=x"]
)
def test_a_filter_without_its_value_shows_nothing(client, everything, query):
    product("Secret")
    html = page(client, f"/bench-products/list/?{query}")
    assert (names_in(html), UNREADABLE in html) == ([], True)
    assert client.get(f"/bench-products/export?{query}").status_code == 422
    url = f"/bench-products/bulk?{query}"
    assert client.post(url, data={"action": "archive", "all": "1"}).status_code == 422


def test_searching_a_list_without_a_search_shows_nothing(client, everything):
    product("Secret")
    html = page(client, "/bench-drafts/list/?q=other")
    assert (names_in(html), UNREADABLE in html) == ([], True)
    answer = client.get("/api/v1/bench-drafts/?search=other")
    assert answer.status_code == 400
    assert "Secret" not in answer.text


def test_an_export_of_a_search_is_all_of_it_or_refused(client, everything, monkeypatch):
    for name in ("Rod 1", "Rod 2", "Rod 3"):
        product(name)
    monkeypatch.setattr(selection, "COUNT_CAP", 2)
    assert client.get("/bench-products/export?q=rod").status_code == 422
    url = "/bench-products/bulk?q=rod"
    assert client.post(url, data={"action": "archive", "all": "1"}).status_code == 422
    monkeypatch.setattr(selection, "COUNT_CAP", 3)
    assert client.get("/bench-products/export?q=rod").text.count("Rod") == 3


def test_all_that_match_in_a_tab_are_those_of_its_record(client, member):
    with at_work() as session:
        ours, other = Brand(name="Ours"), Brand(name="Other")
        session.add_all([Product(name="In", brand=ours), Product(name="Out", brand=other)])
        session.flush()
        pk = ours.id
    url = f"/bench-products/bulk?of.brand={pk}"
    assert client.post(url, data={"action": "archive", "all": "1"}).status_code == 302
    run = run_last(client)
    assert (run.total, run.done) == (1, 1)
    assert stored("select name from product where archived_at is not null") == ("In",)


def test_a_bulk_action_reaches_only_the_rows_of_its_screen(client, member):
    draft, sold = product("Draft"), product("Sold", status="published")
    data = {"action": "rename", "rowid": [draft, sold]}
    assert client.post("/bench-drafts/bulk", data=data).status_code == 302
    run: BulkRun = run_last(client)
    assert (run.done, run.skipped) == (1, 1)
    assert stored("select name from product where status = 'published'") == ("Sold",)
    assert client.get(f"/bench-drafts/show/{sold}").status_code == 404
    assert client.get(f"/api/v1/bench-drafts/{sold}").status_code == 404


def test_what_a_role_must_not_see_is_in_no_order_and_no_offer(client):
    with at_work() as session:
        rod = Product(name="Rod")
        session.add_all(
            [rod, Variant(product=rod, sku="S", name="V", price=1, cost=2, currency="EUR")]
        )
    with signed_in(reader_with(set(bench.EVERYTHING) - {("read", "costs")})):
        info = client.get("/api/v1/bench-variants/_info").json
        assert "cost" not in info["order_columns"]
        q = {"q": "(order_column:cost)"}
        assert client.get("/api/v1/bench-variants/", query_string=q).status_code == 400
        pk = stored("select id from product")[0]
        row = client.get(f"/api/v1/bench-products/{pk}").json["result"]["variants"][0]
        assert "price" in row
        assert "cost" not in row
        line = {"sku": "S2", "name": "V2", "currency": "EUR", "cost": "1"}
        answer = client.post("/api/v1/bench-products", json={"name": "X", "variants": [line]})
        assert list(answer.json["errors"]) == ["variants.0.cost"]


@pytest.mark.parametrize("value", ["maybe", "2", 5, "yes"])
def test_a_truth_that_is_none_is_refused(client, everything, value):
    q = f"(filters:!((col:made_up,opr:eq,value:{value})))"
    answer = client.get("/api/v1/bench-clients/", query_string={"q": q})
    assert answer.status_code == 400


# --- nothing is lost in silence ---------------------------------------------------------------------


def test_what_must_be_there_cannot_be_deleted_in_silence(client, everything):
    pk = product(tax_rate=19)
    data = as_data(form_values(page(client, f"/bench-products/edit/{pk}")))
    answer = client.post(f"/bench-products/edit/{pk}", data={**data, "tax_rate": ""})
    assert answer.status_code == 422
    assert "This is needed." in answer.text
    blank = client.post("/api/v1/bench-brands", json={"name": "  "})
    assert (blank.status_code, list(blank.json["errors"])) == (422, ["name"])


def test_a_second_click_on_save_is_no_conflict(client, everything):
    pk = product()
    url = f"/bench-products/edit/{pk}"
    data = {**as_data(form_values(page(client, url))), "name": "New"}
    assert [client.post(url, data=data).status_code for _click in range(2)] == [302, 302]
    assert stored("select name, version from product") == ("New", 2)
    with at_work(user_id=8) as session:
        session.get_one(Product, pk).name = "Theirs"
    assert client.post(url, data=data).status_code == 409


def test_a_conflict_shows_lines_too(client, everything):
    with at_work() as session:
        rod = Product(name="Rod")
        session.add_all([rod, Variant(product=rod, sku="S", name="V", price=1, currency="EUR")])
        session.flush()
        pk = rod.id
    url = f"/bench-products/edit/{pk}"
    data = {**as_data(form_values(page(client, url))), "variants-0-price": "7"}
    with at_work(user_id=8) as session:
        rod = session.get_one(Product, pk)
        rod.description = "theirs"
        session.add(Variant(product=rod, sku="S2", name="Added", price=5, currency="EUR"))
    answer = client.post(url, data=data)
    assert answer.status_code == 409
    rows = re.findall(r"<tr><th scope=.row.>(.*?)</tr>", answer.text, re.DOTALL)
    said = [re.sub(r"<[^>]+>|\s+", " ", row).split() for row in rows]
    assert ["Variants", "1,", "Price", "7.00", "1.00"] in said
    assert any("Added" in words for words in said)


def test_the_newlines_and_seconds_of_a_browser_change_nothing(client, everything):
    with at_work() as session:
        session.add(Product(name="Rod", description="one\ntwo"))
        session.add(
            Client(name="Anna", registered_at=datetime(2026, 11, 20, 12, 30, 45, tzinfo=UTC))
        )
    pk = stored("select id from product")[0]
    data = as_data(form_values(page(client, f"/bench-products/edit/{pk}")))
    data["description"] = ["one\r\ntwo"]
    assert client.post(f"/bench-products/edit/{pk}", data=data).status_code == 302
    assert stored("select description, version from product") == ("one\ntwo", 1)


def test_more_lines_than_can_be_kept_are_refused(client, everything, monkeypatch):
    from app.kit.screens import forms

    monkeypatch.setattr(forms, "MOST_LINES", 2)
    lines = {f"variants-{i}-{name}": f"{i}" for i in range(3) for name in ("sku", "name")}
    money = {f"variants-{i}-currency": "EUR" for i in range(3)}
    answer = client.post("/bench-products/add", data={"name": "Rod", **lines, **money})
    assert answer.status_code == 422
    assert "At most 2 lines." in answer.text
    assert stored("select count(*) from product") == (0,)


def sheet(count):
    """A new rod with so many lines, as a browser sends it."""
    lines = {f"variants-{i}-sku": f"s{i}" for i in range(count)}
    return {"name": "Rod", **lines}


def test_a_long_form_is_refused_before_it_is_read_whoever_sends_it(client, app):
    """Ten seconds and a gigabyte for thirty of them, signed out: only files may be large."""
    form = "application/x-www-form-urlencoded"
    body = b"login=a&password=" + b"%41" * (app.config["MAX_JSON_LENGTH"] // 3)
    for kind in (form, "text/plain", ""):
        for url in ("/login/", "/forgotten/", "/bench-brands/add"):
            with counted(app) as queries:
                answer = client.post(url, data=body, content_type=kind)
            assert (answer.status_code, len(queries)) == (413, 0), (url, kind)


def test_forty_thousand_lines_are_refused_before_any_work_is_done(client, everything, app):
    """A minute of a web process, for one form of a megabyte."""
    data = urlencode(sheet(40_000))
    started = time.process_time()
    with counted(app) as queries:
        answer = client.post(
            "/bench-products/add",
            data=data,
            content_type="application/x-www-form-urlencoded",
        )
    assert answer.status_code == 413
    assert "A form of more than 30000 fields is not taken." in answer.text
    assert (len(queries), stored("select count(*) from product")) == (0, (0,))
    assert time.process_time() - started < 5


def test_of_too_many_lines_no_more_are_made_than_can_be_kept(client, everything, monkeypatch):
    from app.kit.screens import forms

    made = []
    monkeypatch.setattr(forms, "MOST_LINES", 20)
    plain = forms.LinesForm._form
    monkeypatch.setattr(
        forms.LinesForm, "_form", lambda self, *what: made.append(what) or plain(self, *what)
    )
    answer = client.post("/bench-products/add", data=sheet(5_000))
    assert answer.status_code == 422
    assert "At most 20 lines." in answer.text
    assert len(made) < 40  # and the empty one that a browser copies, once for each column


def test_lines_that_go_and_empty_ones_do_not_count(client, everything, monkeypatch):
    from app.kit.screens import forms

    monkeypatch.setattr(forms, "MOST_LINES", 2)
    lines = {f"variants-{i}-{name}": f"{i}" for i in range(4) for name in ("sku", "name")}
    money = {f"variants-{i}-currency": "EUR" for i in range(4)}
    gone = {"variants-0-delete": "1", "variants-3-delete": "1"}
    empty = {"variants-9-sku": " "}
    form = {"name": "Rod", **lines, **money, **gone, **empty}
    assert client.post("/bench-products/add", data=form).status_code == 302
    assert stored("select count(*) from variant") == (2,)


def test_the_api_refuses_as_many_lines_with_the_same_sentence(client, everything):
    lines = [{"sku": "x"}] * 1001
    answer = client.post("/api/v1/bench-products", json={"name": "Rod", "variants": lines})
    assert (answer.status_code, answer.json["errors"]) == (
        422,
        {"variants": ["At most 1000 lines."]},
    )


def test_an_archived_record_is_restored_before_it_is_changed(client, everything):
    pk = product(archived_at=datetime.now(UTC))
    assert client.get(f"/bench-products/edit/{pk}").status_code == 409
    answer = client.put(f"/api/v1/bench-products/{pk}", json={"name": "X", "version": 1})
    assert answer.status_code == 409


def test_nothing_is_done_with_an_archived_record_but_restoring_it(client, everything):
    with at_work() as session:
        brand = Brand(name="Gone", archived_at=datetime.now(UTC))
        session.add(brand)
        session.flush()
        pk = brand.id
    assert "do/rename" not in page(client, f"/bench-brands/show/{pk}")
    answer = client.post(f"/bench-brands/do/rename/{pk}", data={"version": 1})
    assert answer.status_code == 409
    assert "This is archived. Restore it first." in answer.text
    assert stored("select name, version from brand") == ("Gone", 1)
    assert client.post(f"/bench-brands/restore/{pk}", data={"version": 1}).status_code == 302
    assert client.post(f"/bench-brands/do/rename/{pk}", data={"version": 2}).status_code == 302
    assert stored("select name from brand") == ("Gone (renamed)",)
