"""Adding, editing, archiving and acting on a record."""

import re
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text

from app.catalogue.models import Brand, Category, Product, Variant
from app.clients.models import Client
from tests.screens import bench
from tests.screens.bench import at_work, counted, page, reader_with, signed_in


def hidden(html: str, name: str) -> str:
    found = re.search(rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', html) or re.search(
        rf'<input[^>]*value="([^"]*)"[^>]*name="{name}"', html
    )
    assert found, name
    return found[1]


def brand(name: str = "Shimano", company: int = 1) -> int:
    with at_work(company) as session:
        made = Brand(name=name)
        session.add(made)
        session.flush()
        return made.id


def stored(sql: str, **values: object) -> object:
    with at_work() as session:
        return session.execute(text(sql), values).one_or_none()


def test_adding_saves_and_leads_to_the_record(client, everything):
    answer = client.post("/bench-brands/add", data={"name": " Daiwa ", "website": ""})
    assert answer.status_code == 302
    assert stored("select name, website, created_by from brand") == ("Daiwa", None, 7)
    assert "Daiwa" in page(client, answer.location)


def test_a_form_sent_twice_makes_one_record(client, everything):
    once = hidden(page(client, "/bench-brands/add"), "once")
    first = client.post("/bench-brands/add", data={"name": "Daiwa", "once": once})
    second = client.post("/bench-brands/add", data={"name": "Daiwa", "once": once})
    assert first.location == second.location
    assert stored("select count(*) from brand") == (1,)


def test_a_missing_value_is_said_beside_its_field(client, everything):
    answer = client.post("/bench-brands/add", data={"name": "  ", "website": "kept.example"})
    assert answer.status_code == 422
    assert "This is needed." in answer.text
    assert "kept.example" in answer.text


def test_a_value_used_before_is_said_beside_its_field_without_sql(client, everything):
    brand("Daiwa")
    answer = client.post("/bench-brands/add", data={"name": "Daiwa"})
    assert answer.status_code == 409
    assert "already used" in answer.text
    for word in ("INSERT", "uq_brand", "psycopg", "duplicate key"):
        assert word not in answer.text
    assert stored("select count(*) from brand") == (1,)


def test_the_form_loads_nothing_to_be_drawn(app, client, everything):
    for i in range(30):
        brand(f"Brand {i}")
    page(client, "/bench-products/add")
    with counted(app) as queries:
        html = page(client, "/bench-products/add")
    assert len(queries) == 0
    assert "Brand 7" not in html
    assert "/bench-products/lookup/brand" in html


def test_choosing_a_record_loads_that_one_row(app, client, everything):
    pk = brand()
    with counted(app) as queries:
        answer = client.post(
            "/bench-products/add",
            data={"name": "Rod", "brand": pk, "tax_rate": "0", "kind": "goods", "status": "draft"},
        )
    assert answer.status_code == 302, answer.text
    loads = [s for s in queries.statements if s.startswith("SELECT brand")]
    assert len(loads) == 1
    assert stored("select brand_id from product") == (pk,)


@pytest.mark.parametrize("pk", ["999", "x", "-1", "99999999999999999999999"])
def test_an_unknown_choice_is_the_fields_error(client, everything, pk):
    answer = client.post("/bench-products/add", data={"name": "Rod", "brand": pk})
    assert answer.status_code == 422
    assert "Choose one of the list." in answer.text


def test_a_record_of_another_company_cannot_be_chosen(client, everything):
    theirs = brand("Theirs", company=2)
    answer = client.post("/bench-products/add", data={"name": "Rod", "brand": theirs})
    assert answer.status_code == 422
    assert "Theirs" not in answer.text
    assert client.get(f"/bench-products/lookup/brand?id={theirs}").json["results"] == []


def test_a_lookup_gives_a_few_rows_for_what_was_typed(client, everything):
    for name in [f"Brand {i:02}" for i in range(30)]:
        brand(name)
    found = client.get("/bench-products/lookup/brand?q=brand").json
    assert len(found["results"]) == 20
    assert found["pagination"] == {"more": True}
    assert [
        one["text"] for one in client.get("/bench-products/lookup/brand?q=brand 07").json["results"]
    ] == ["Brand 07"]
    for name in ("name", "nothing", "variants"):
        assert client.get(f"/bench-products/lookup/{name}").status_code == 404


def test_editing_changes_only_what_was_changed(client, everything):
    pk = brand()
    version = hidden(page(client, f"/bench-brands/edit/{pk}"), "version")
    answer = client.post(
        f"/bench-brands/edit/{pk}", data={"name": "Shimano", "note": "Reels", "version": version}
    )
    assert answer.status_code == 302
    assert stored("select name, note, version, changed_by from brand") == ("Shimano", "Reels", 2, 7)


def test_a_stale_form_shows_both_versions_and_loses_nothing(client, everything):
    pk = brand()
    with at_work(user_id=8) as session:
        session.get_one(Brand, pk).note = "theirs"
    answer = client.post(
        f"/bench-brands/edit/{pk}", data={"name": "Mine", "note": "mine", "version": "1"}
    )
    assert answer.status_code == 409
    assert "theirs" in answer.text
    assert "mine" in answer.text
    assert stored("select note from brand") == ("theirs",)
    assert hidden(answer.text, "version") == "2"
    again = client.post(
        f"/bench-brands/edit/{pk}", data={"name": "Mine", "note": "mine", "version": "2"}
    )
    assert again.status_code == 302
    assert stored("select name, note from brand") == ("Mine", "mine")


def test_a_form_without_its_version_is_stale(client, everything):
    pk = brand()
    assert client.post(f"/bench-brands/edit/{pk}", data={"name": "X"}).status_code == 409


@pytest.mark.parametrize("pk", [999, 2**63, 10**30])
@pytest.mark.parametrize("what", ["show", "edit", "history"])
def test_what_is_not_there_is_404(client, everything, what, pk):
    assert client.get(f"/bench-brands/{what}/{pk}").status_code == 404


def test_records_of_another_company_are_404_in_every_route(client, everything):
    pk = brand("Theirs", company=2)
    for what in ("show", "edit", "history", "tab"):
        tail = "/x" if what == "tab" else ""
        assert client.get(f"/bench-brands/{what}/{pk}{tail}").status_code == 404
    for what in ("edit", "archive", "restore", "do/rename"):
        assert (
            client.post(
                f"/bench-brands/{what}/{pk}", data={"name": "Ours", "version": 1}
            ).status_code
            == 404
        )


def test_archiving_and_restoring(client, everything):
    pk = brand()
    assert client.post(f"/bench-brands/archive/{pk}", data={"version": 1}).status_code == 302
    assert "archived" in page(client, f"/bench-brands/show/{pk}")
    assert (
        client.post(f"/bench-brands/edit/{pk}", data={"name": "X", "version": 2}).status_code == 409
    )
    assert client.post(f"/bench-brands/restore/{pk}", data={"version": 2}).status_code == 302
    assert stored("select archived_at from brand") == (None,)


def test_an_action_calls_its_operation(client, everything):
    pk = brand()
    assert client.post(f"/bench-brands/do/rename/{pk}", data={"version": 1}).status_code == 302
    assert stored("select name from brand") == ("Shimano (renamed)",)


def test_a_refused_action_is_a_sentence_and_a_status(client, everything):
    pk = brand("Refused")
    answer = client.post(f"/bench-brands/do/rename/{pk}", data={"version": 1})
    assert answer.status_code == 409
    assert "This brand keeps its name." in answer.text


def test_an_action_on_a_stale_page_is_refused(client, everything):
    pk = brand()
    with at_work() as session:
        session.get_one(Brand, pk).note = "changed"
    assert client.post(f"/bench-brands/do/rename/{pk}", data={"version": 1}).status_code == 409


def test_an_action_that_is_not_offered_is_refused(client, everything):
    pk = brand("Fixed")
    assert "do/rename" not in page(client, f"/bench-brands/show/{pk}")
    assert client.post(f"/bench-brands/do/rename/{pk}", data={"version": 1}).status_code == 409
    assert client.post(f"/bench-brands/do/explode/{pk}").status_code == 404


@pytest.mark.parametrize(
    ("missing", "method", "url"),
    [
        ("read", "get", "/bench-brands/list/"),
        ("read", "get", "/bench-brands/show/{pk}"),
        ("read", "get", "/bench-brands/history/{pk}"),
        ("read", "get", "/bench-products/lookup/brand"),
        ("export", "get", "/bench-brands/export"),
        ("write", "get", "/bench-brands/add"),
        ("write", "post", "/bench-brands/add"),
        ("write", "get", "/bench-brands/edit/{pk}"),
        ("delete", "post", "/bench-brands/archive/{pk}"),
        ("delete", "post", "/bench-brands/restore/{pk}"),
        ("rename", "post", "/bench-brands/do/rename/{pk}"),
    ],
)
def test_without_the_right_a_route_is_refused(client, missing, method, url):
    pk = brand()
    rights = {(p, v) for p, v in bench.EVERYTHING if p != missing or v in bench.GUARDS}
    with signed_in(reader_with(rights)):
        assert getattr(client, method)(url.format(pk=pk)).status_code == 403
    with signed_in(reader_with(set())):
        assert getattr(client, method)(url.format(pk=pk)).status_code == 403


def test_signed_out_a_page_leads_to_the_sign_in_and_a_script_gets_401(client):
    answer = client.get("/bench-brands/list/?q=x")
    assert answer.status_code == 302
    assert "next=" in answer.location
    assert (
        client.get("/bench-brands/list/", headers={"Accept": "application/json"}).status_code == 401
    )
    assert client.get("/api/v1/bench-brands/").status_code == 401


def test_values_are_read_as_the_reader_writes_them(client):
    with at_work() as session:
        product = Product(name="Rod")
        session.add(product)
        session.flush()
        pk = product.id
    data = {
        "product": pk,
        "sku": "S1",
        "name": "Rod 1",
        "price": "1.234,56",
        "currency": "EUR",
        "unit": "piece",
    }
    with signed_in(reader_with(set(bench.EVERYTHING))), client.session_transaction() as kept:
        kept["locale"] = "de"
    with signed_in(reader_with(set(bench.EVERYTHING), locale="de")):
        answer = client.post("/bench-variants/add", data=data)
        assert answer.status_code == 302, answer.text
        assert stored("select price from variant") == (12345600,)
        assert "1234,56" in page(client, answer.location.replace("show", "edit"))


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("price", "abc", "is not an amount"),
        ("price", "9" * 40, "too large"),
        ("cost", "1.23456", "decimals"),
        ("product", "", "This is needed."),
    ],
)
def test_what_cannot_be_read_is_said_in_words(client, everything, field, value, sentence):
    data = {"sku": "S", "name": "N", "price": "1", "currency": "EUR", "product": "1", field: value}
    answer = client.post("/bench-variants/add", data=data)
    assert answer.status_code == 422
    assert sentence in answer.text


def test_a_check_of_the_database_is_a_sentence(client, everything):
    with at_work() as session:
        product = Product(name="Rod")
        session.add(product)
        session.flush()
        pk = product.id
    data = {"product": pk, "sku": "S", "name": "N", "price": "-1", "currency": "EUR"}
    answer = client.post("/bench-variants/add", data=data)
    assert answer.status_code == 422
    assert "not allowed" in answer.text
    assert "ck_variant" not in answer.text


def test_fixed_fields_are_asked_once(client, everything):
    with at_work() as session:
        product = Product(name="Rod")
        made = Variant(product=product, sku="S1", name="Rod 1", price=Decimal(1), currency="EUR")
        session.add_all([product, made])
        session.flush()
        pk, product_id = made.id, product.id
    html = page(client, f"/bench-variants/edit/{pk}")
    assert 'name="sku"' not in html
    data = {
        "product": product_id,
        "sku": "HACK",
        "name": "New",
        "price": "2",
        "currency": "EUR",
        "version": 1,
    }
    assert client.post(f"/bench-variants/edit/{pk}", data=data).status_code == 302
    assert stored("select sku, name from variant") == ("S1", "New")


def test_lines_are_added_changed_and_removed_with_their_record(client, everything):
    with at_work() as session:
        product = Product(name="Rod")
        session.add(product)
        session.flush()
        session.add(
            Variant(product=product, sku="S1", name="One", price=Decimal(1), currency="EUR")
        )
        session.add(
            Variant(product=product, sku="S2", name="Two", price=Decimal(2), currency="EUR")
        )
        pk = product.id
    with at_work() as session:
        one, two = session.scalars(text("select id from variant order by id")).all()
    html = page(client, f"/bench-products/edit/{pk}")
    assert "S1" in html
    data = {
        "name": "Rod",
        "kind": "goods",
        "status": "draft",
        "tax_rate": "0",
        "version": hidden(html, "version"),
        "variants-0-id": one,
        "variants-0-sku": "S1",
        "variants-0-name": "First",
        "variants-0-price": "9",
        "variants-0-currency": "EUR",
        "variants-1-id": two,
        "variants-1-delete": "1",
        "variants-7-sku": "S3",
        "variants-7-name": "Three",
        "variants-7-price": "3",
        "variants-7-currency": "EUR",
    }
    answer = client.post(f"/bench-products/edit/{pk}", data=data)
    assert answer.status_code == 302, re.findall(r'class="err[^>]*>(.*?)</', answer.text)
    with at_work() as session:
        rows = session.execute(text("select sku, name, price from variant order by sku")).all()
    assert rows == [("S1", "First", 90000), ("S3", "Three", 30000)]
    assert stored("select version from product") == (2,)


def test_a_wrong_line_is_said_and_nothing_is_saved(client, everything):
    data = {
        "name": "Rod",
        "kind": "goods",
        "status": "draft",
        "tax_rate": "0",
        "variants-0-sku": "S1",
        "variants-0-name": "x",
        "variants-0-price": "dear",
        "variants-0-currency": "EUR",
    }
    answer = client.post("/bench-products/add", data=data)
    assert answer.status_code == 422
    assert "is not an amount" in answer.text
    assert stored("select count(*) from product") == (0,)


def test_lines_of_another_record_cannot_be_taken_over(client, everything):
    with at_work() as session:
        mine, other = Product(name="Mine"), Product(name="Other")
        session.add_all([mine, other])
        session.flush()
        session.add(Variant(product=other, sku="S1", name="One", price=Decimal(1), currency="EUR"))
        pk = mine.id
    theirs = stored("select id from variant")[0]
    data = {
        "name": "Mine",
        "kind": "goods",
        "status": "draft",
        "tax_rate": "0",
        "version": 1,
        "variants-0-id": theirs,
        "variants-0-delete": "1",
    }
    client.post(f"/bench-products/edit/{pk}", data=data)
    assert stored("select count(*) from variant") == (1,)


def test_an_address_can_fill_in_a_relation(client, everything):
    pk = brand("Daiwa")
    assert "Daiwa" in page(client, f"/bench-products/add?brand={pk}")
    assert client.get("/bench-products/add?brand=nonsense").status_code == 200


def test_a_record_needs_as_many_queries_whatever_it_holds(app, client, everything):
    with at_work() as session:
        product = Product(name="Rod", brand=Brand(name="B"), category=Category(name="C"))
        session.add(product)
        session.flush()
        for i in range(5):
            session.add(
                Variant(product=product, sku=f"S{i}", name="V", price=Decimal(1), currency="EUR")
            )
        born = Client(name="Anna", birthday=date(2000, 1, 1))
        session.add(born)
        session.flush()
        pk, client_id = product.id, born.id
    for url, most in ((f"/bench-products/show/{pk}", 2), (f"/bench-clients/show/{client_id}", 2)):
        page(client, url)
        with counted(app) as queries:
            page(client, url)
        assert len(queries) == most, queries.statements
