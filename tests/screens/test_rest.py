"""Resources: reading, writing, refusing; what a fuzzer finds."""

import json

import pytest
from sqlalchemy import text

from app.catalogue.models import Brand, Product, Variant
from tests.screens import bench
from tests.screens.bench import at_work, counted, reader_with, signed_in

BRANDS = "/api/v1/bench-brands"
PRODUCTS = "/api/v1/bench-products"
VARIANTS = "/api/v1/bench-variants"
CLIENTS = "/api/v1/bench-clients"


def rison(client, url: str, q: str):
    return client.get(url + "/", query_string={"q": q})


def add(*names: str, company: int = 1) -> list[int]:
    with at_work(company) as session:
        made = [Brand(name=name) for name in names]
        session.add_all(made)
        session.flush()
        return [one.id for one in made]


def stored(sql: str) -> object:
    with at_work() as session:
        return session.execute(text(sql)).one_or_none()


def test_a_record_is_added_read_changed_and_archived(client, everything):
    made = client.post(BRANDS, json={"name": "Daiwa"})
    assert made.status_code == 201
    pk = made.json["id"]
    assert made.headers["Location"].endswith(f"{BRANDS}/{pk}")
    assert made.json["result"]["version"] == 1
    found = client.get(f"{BRANDS}/{pk}")
    assert found.json == {"id": pk, "result": made.json["result"]}
    assert found.headers["ETag"] == '"1"'
    changed = client.put(f"{BRANDS}/{pk}", json={"note": "Rods", "version": 1})
    assert (
        changed.status_code,
        changed.json["result"]["note"],
        changed.json["result"]["version"],
    ) == (200, "Rods", 2)
    assert client.delete(f"{BRANDS}/{pk}").status_code == 200
    assert rison(client, BRANDS, "()").json["result"] == []
    assert stored("select archived_at is not null from brand") == (True,)


def test_a_stale_version_is_answered_with_the_present_record(client, everything):
    (pk,) = add("Daiwa")
    assert (
        client.put(f"{BRANDS}/{pk}", json={"name": "A"}, headers={"If-Match": '"1"'}).status_code
        == 200
    )
    late = client.put(f"{BRANDS}/{pk}", json={"name": "B", "version": 1})
    assert late.status_code == 409
    assert late.json["result"]["name"] == "A"
    assert client.put(f"{BRANDS}/{pk}", json={"name": "B"}).status_code == 422
    assert client.delete(f"{BRANDS}/{pk}", headers={"If-Match": '"1"'}).status_code == 409


@pytest.mark.parametrize(
    "brand", [999, {"id": 1, "name": "New"}, {"name": "New"}, [1], True, "1", -1, 0, 2**70, 1.5]
)
def test_an_unknown_relation_is_the_fields_error_and_makes_nothing(client, everything, brand):
    answer = client.post(PRODUCTS, json={"name": "Rod", "brand": brand})
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["brand"]
    assert stored("select (select count(*) from brand), (select count(*) from product)") == (0, 0)


def test_a_relation_of_another_company_does_not_exist(client, everything):
    (theirs,) = add("Theirs", company=2)
    assert client.post(PRODUCTS, json={"name": "Rod", "brand": theirs}).status_code == 422
    for method in ("get", "put", "delete"):
        assert getattr(client, method)(f"{BRANDS}/{theirs}", json={"version": 1}).status_code == 404


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"name"}),
        ({"name": None}, {"name"}),
        ({"name": 5}, {"name"}),
        ({"name": "x", "colour": "red"}, {"colour"}),
        ({"name": "x", "company_id": 2}, {"company_id"}),
        ({"name": "x", "id": 5}, {"id"}),
        ({"name": "x", "created_by": 5}, {"created_by"}),
    ],
)
def test_wrong_fields_are_named(client, everything, body, fields):
    answer = client.post(BRANDS, json=body)
    assert answer.status_code == 422
    assert set(answer.json["errors"]) == fields


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("1.23456", "price"),
        ("NaN", "price"),
        ("1e400", "price"),
        ([], "price"),
        (True, "price"),
        ("x", "price"),
        (10**30, "price"),
    ],
)
def test_money_is_read_exactly_or_refused(client, everything, value, field):
    with at_work() as session:
        session.add(Product(name="Rod"))
    pk = stored("select id from product")[0]
    body = {"product": pk, "sku": "S", "name": "N", "currency": "EUR", field: value}
    answer = client.post(VARIANTS, json=body)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [field]
    good = client.post(
        VARIANTS, data=json.dumps({**body, "price": 12.5}), content_type="application/json"
    )
    assert good.json["result"]["price"] == "12.50"


def test_a_unique_violation_is_409_with_its_field_and_no_sql(client, everything):
    add("Daiwa")
    answer = client.post(BRANDS, json={"name": "Daiwa"})
    assert answer.status_code == 409
    assert list(answer.json["errors"]) == ["name"]
    assert "INSERT" not in answer.text
    (pk,) = add("Shimano")
    answer = client.put(f"{BRANDS}/{pk}", json={"name": "Daiwa", "version": 1})
    assert answer.status_code == 409
    assert "UPDATE" not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b"NaN",
        b'{"name": NaN}',
        b'{"name": "\\ud800"}',
        b'{"name": "a\\u0000b"}',
        b"[" * 5000,
    ],
)
def test_a_body_that_cannot_be_read_is_refused(client, everything, body):
    answer = client.post(BRANDS, data=body, content_type="application/json")
    assert answer.status_code in (400, 422)
    assert answer.json["detail"]


def test_a_body_of_another_type_is_415(client, everything):
    assert client.post(BRANDS, data="name=x").status_code == 415


@pytest.mark.parametrize(
    "q",
    [
        "(filters:!((col:name,opr:like,value:x)))",
        "(filters:!((col:secret,opr:eq,value:x)))",
        "(filters:!((col:created_at,opr:gt,value:soon)))",
        "(filters:5)",
        "(filters:!(5))",
        "(order_column:note)",
        "(order_column:5)",
        "(page:3)",
        "(page_size:x)",
        "(columns:!(secret))",
        "(columns:5)",
        "(next:junk)",
        "(unknown:1)",
        "!!!",
        "5",
        '{"filters": [{"col": "name", "opr": "eq", "value": {"a": 1}}]}',
        '{"search": "\\ud800"}',
    ],
)
def test_a_question_that_cannot_be_read_is_400_and_shows_no_rows(client, everything, q):
    add("Daiwa")
    answer = rison(client, BRANDS, q)
    assert answer.status_code == 400
    assert "Daiwa" not in answer.text


def test_lists_filter_sort_choose_columns_and_go_on(client, everything):
    add(*[f"Brand {i:03}" for i in range(120)])
    found = rison(
        client,
        BRANDS,
        "(filters:!((col:name,opr:sw,value:'Brand 00')),order_column:name,order_direction:desc,columns:!(name))",
    )
    assert [row["name"] for row in found.json["result"]] == [
        f"Brand {i:03}" for i in range(9, -1, -1)
    ]
    assert set(found.json["result"][0]) == {"id", "version", "name"}
    seen, token = [], ""
    while True:
        asked = {"order_column": "name", "page_size": 1000, **({"next": token} if token else {})}
        answer = rison(client, BRANDS, json.dumps(asked)).json
        assert len(answer["result"]) <= 100
        seen += [row["name"] for row in answer["result"]]
        token = answer["next"]
        if not token:
            break
    assert seen == [f"Brand {i:03}" for i in range(120)]


def test_relations_come_as_id_and_name_in_a_fixed_number_of_queries(app, client, everything):
    counts = []
    for i in range(3):
        with at_work() as session:
            session.add(Product(name=f"P{i}", brand=Brand(name=f"B{i}")))
        client.get(f"{PRODUCTS}/")
        with counted(app) as queries:
            rows = client.get(f"{PRODUCTS}/").json["result"]
        counts.append(len(queries))
    assert counts == [2, 2, 2]
    assert {row["brand_name"] for row in rows} == {"B0", "B1", "B2"}


@pytest.mark.parametrize("pk", [0, 10**18 * 9, 2**63, 10**40])
@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_huge_ids_are_404(client, everything, method, pk):
    assert getattr(client, method)(f"{BRANDS}/{pk}", json={}).status_code == 404


def test_the_same_idempotency_key_gives_the_kept_answer(client, everything):
    key = {"Idempotency-Key": "abc"}
    first = client.post(BRANDS, json={"name": "Daiwa"}, headers=key)
    second = client.post(BRANDS, json={"name": "Daiwa"}, headers=key)
    assert (second.status_code, second.json) == (201, first.json)
    assert second.headers["Idempotency-Replayed"] == "true"
    for name in ("Location", "ETag"):
        assert second.headers[name] == first.headers[name]
    assert client.post(BRANDS, json={"name": "Other"}, headers=key).status_code == 422
    assert stored("select count(*) from brand") == (1,)


@pytest.mark.parametrize(
    ("method", "missing"),
    [("get", "read"), ("post", "write"), ("put", "write"), ("delete", "delete")],
)
def test_without_the_right_a_method_is_refused(client, method, missing):
    (pk,) = add("Daiwa")
    url = BRANDS if method == "post" else f"{BRANDS}/{pk}"
    rights = {(p, v) for p, v in bench.EVERYTHING if (p, v) != (missing, "BenchBrand")}
    with signed_in(reader_with(rights)):
        assert getattr(client, method)(url, json={"name": "x", "version": 1}).status_code == 403
    assert stored("select name, archived_at from brand") == ("Daiwa", None)


def test_a_guarded_field_cannot_be_written_or_asked_for(client):
    with at_work() as session:
        product = Product(name="Rod")
        session.add_all(
            [product, Variant(product=product, sku="S", name="V", price=1, cost=2, currency="EUR")]
        )
    pk = stored("select id from variant")[0]
    with signed_in(reader_with(set(bench.EVERYTHING) - {("read", "costs")})):
        assert client.put(f"{VARIANTS}/{pk}", json={"cost": "1", "version": 1}).status_code == 422
        for q in (
            "(columns:!(cost))",
            "(order_column:cost)",
            "(filters:!((col:cost,opr:gt,value:1)))",
        ):
            answer = rison(client, VARIANTS, q)
            assert answer.status_code == 400 or "cost" not in answer.text, q
        assert "cost" not in client.get(f"{VARIANTS}/_info").json["fields"]


def test_info_describes_fields_filters_and_rights(client, everything):
    info = client.get(f"{PRODUCTS}/_info").json
    assert info["fields"]["status"]["enum"] == ["draft", "published", "discontinued"]
    assert info["fields"]["name"]["required"] is True
    assert {"operator": "starts", "name": "starts with"} in info["filters"]["name"]
    assert set(info["permissions"]) == {"can_read", "can_write", "can_delete"}


def test_the_description_names_every_resource(client, everything):
    spec = client.get("/api/v1/_openapi").json
    for name in ("bench-brands", "bench-products", "bench-variants", "bench-clients"):
        assert f"/api/v1/{name}/" in spec["paths"]


@pytest.mark.slow
def test_a_fuzzer_finds_no_server_error(app, everything):
    import schemathesis
    from hypothesis import HealthCheck, Phase, settings
    from schemathesis.checks import not_a_server_error

    with at_work() as session:
        product = Product(name="Rod", brand=Brand(name="Daiwa"))
        session.add_all(
            [product, Variant(product=product, sku="S", name="V", price=1, currency="EUR")]
        )
    spec = app.test_client().get("/api/v1/_openapi").json
    schema = schemathesis.openapi.from_dict(spec)
    schema.config.generation.update(max_examples=25) if hasattr(
        schema.config.generation, "update"
    ) else None
    found = []
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=25,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @__import__("hypothesis").given(case=operation.as_strategy())
        def attempt(case):
            kwargs = case.as_transport_kwargs(base_url="http://localhost")
            answer = app.test_client().open(
                kwargs["url"].removeprefix("http://localhost"),
                method=kwargs["method"],
                query_string=kwargs.get("params"),
                headers={k: v for k, v in (kwargs.get("headers") or {}).items() if v is not None},
                **({"json": kwargs["json"]} if "json" in kwargs else {"data": kwargs.get("data")}),
            )
            if answer.status_code >= 500:
                found.append((kwargs, answer.text))

        attempt()
    assert not_a_server_error
    assert found == []
