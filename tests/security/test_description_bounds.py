"""At the bounds of each described field: what is just forbidden is refused by its name.

Then with the type "fields"; what is just allowed is never refused so. test_description.py tries
what lies between.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import count, zip_longest
from typing import Any

import pytest

from app.kit.database.session import work
from app.kit.database.stamp import company_stamp
from tests.screens import filling
from tests.security.bounds import least, samples

pytestmark = pytest.mark.filterwarnings("ignore")
FIELDS = "urn:tresen:problem:fields"
NOTHING = object()
_numbers = count()


class Api:
    """The API as an integrator sees it: its description, and calls with a key."""

    def __init__(self, site: Any, headers: Mapping[str, str]) -> None:
        self.site, self.headers, self.client = site, headers, site.test_client()
        self.described = self.client.get("/api/v1/_openapi", headers=headers).json
        self.made: dict[str, int] = {}

    def whole(self, schema: Any) -> Any:
        """The schema that a reference leads to."""
        while "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            schema = self.described["components"]["schemas"][name]
        return schema

    def writes(self, *methods: str) -> Iterator[tuple[str, str, Any]]:
        """Every operation that takes fields: method, path, schema."""
        for path, item in self.described["paths"].items():
            for method in methods:
                if "requestBody" in item.get(method, {}) and "/bulk/" not in path:
                    content = item[method]["requestBody"]["content"]["application/json"]
                    schema = self.whole(content["schema"])
                    yield method, path, self.whole(schema.get("anyOf", [schema])[0])

    def record(self, path: str, *, new: bool) -> int:
        """A record of the resource that a path is of."""
        name = path.split("/")[3]
        if not new and name in self.made:
            return self.made[name]
        with work(company_stamp(1, user_id=7)) as session:
            screen = type(self.site.extensions["crm_resources"][name].of)
            made = int(filling.make(session, screen).id)
        if not new:
            self.made[name] = made
        return made

    def send(self, method: str, path: str, body: Any, *, new: bool = False) -> Any:
        """Send a body to an operation, where it is of a record to any version of one."""
        pk = self.record(path, new=new) if "{pk}" in path else 0
        number = next(_numbers)
        where = path.replace("{pk}", str(pk)).replace("{source}", "bounds")
        headers = {**self.headers, "Idempotency-Key": f"bounds-{number}"}
        if pk and "version" not in body:
            headers["If-Match"] = "*"
        return self.client.open(
            where.replace("{key}", f"k{number}"), method=method, json=body, headers=headers
        )


@pytest.fixture(scope="module")
def api(site, bearer) -> Api:
    return Api(site, bearer)


def rounds(schema: Any, which: int) -> Iterator[dict[str, Any]]:
    """Bodies that hold a value for each field at once: of each the first, the second and so on."""
    columns = {name: samples(one)[which] for name, one in schema["properties"].items()}
    for values in zip_longest(*columns.values(), fillvalue=NOTHING):
        yield {n: v for n, v in zip(columns, values, strict=True) if v is not NOTHING}


def lines_of(schema: Any) -> Iterator[tuple[str, Any]]:
    """The lists of objects that a body may hold, each with the schema of a new line."""
    for name, one in schema["properties"].items():
        items = one.get("items", {})
        new = items["anyOf"][-1] if "anyOf" in items else items
        if new.get("type") == "object":
            yield name, new


def named(answer: Any) -> set[str]:
    errors = answer.json["errors"] if answer.status_code >= 400 else {}
    return {*errors, *(name.split(".")[0] for name in errors)}


def forbidden(api: Api, method: str, path: str, schema: Any) -> Iterator[str]:
    for body in rounds(schema, 1):
        if "version" in body:
            answer = api.send(method, path, {"version": body.pop("version")})
            if "version" not in named(answer):
                yield f"{method} {path}: version {answer.status_code} {answer.text:.300}"
        answer = api.send(method, path, body) if body else answer
        for name in body.keys() - named(answer):
            yield f"{method} {path}: {name}={body[name]!r:.60} {answer.text:.300}"
        if answer.status_code != 422 or answer.json["type"] != FIELDS:
            yield f"{method} {path}: {body!r:.60} {answer.text:.300}"
    for name, line in lines_of(schema):
        for body in rounds(line, 1):
            answer = api.send(method, path, {name: [body]})
            for field in body:
                if f"{name}.0.{field}" not in named(answer):
                    yield f"{method} {path}: {name}.{field}={body[field]!r:.60} {answer.text:.300}"


def test_what_is_just_forbidden_is_refused_by_its_name(api):
    # PUT takes what PATCH takes.
    found = [odd for one in api.writes("post", "patch") for odd in forbidden(api, *one)]
    assert found == []


def allowed(api: Api, method: str, path: str, schema: Any) -> Iterator[str]:
    needed = least(schema)
    for body in rounds(schema, 0):
        body.pop("version", None)
        answer = api.send(method, path, {**needed, **body}, new=True)
        if answer.status_code >= 500:
            yield f"{method} {path}: {body!r:.100} {answer.status_code}"
        elif answer.status_code >= 400 and answer.json["type"] == FIELDS:
            yield f"{method} {path}: {body!r:.100} {answer.text:.300}"


def test_what_is_just_allowed_is_never_called_wrong(api):
    found = [odd for one in api.writes("post", "patch") for odd in allowed(api, *one)]
    assert found == []


def test_what_is_unknown_is_refused_by_its_name(api):
    found = []
    for method, path, _schema in api.writes("post", "put", "patch"):
        answer = api.send(method, path, {"no_such": 1})
        if (answer.status_code, "no_such" in named(answer)) != (422, True):
            found.append(f"{method} {path}: {answer.text}")
    assert found == []


def test_each_answer_bears_the_headers_that_are_described(api):
    told, path = api.described["components"]["headers"], "/api/v1/brands/"
    made = api.send("post", path, {"name": "Headers"})
    own = f"{path}{made.json['id']}"
    answers = {
        (path, "post"): [made, api.send("post", path, {}), api.send("post", path, {"x": 1})],
        ("/api/v1/brands/{pk}", "get"): [api.send("get", own, {}), api.send("get", f"{path}0", {})],
        ("/api/v1/brands/{pk}", "delete"): [api.send("delete", own, {})],
        ("/api/v1/brands/bulk/archive", "post"): [
            api.send("post", f"{path}bulk/archive", {"ids": [made.json["id"]]})
        ],
    }
    for (where, method), some in answers.items():
        for answer in some:
            responses = api.described["paths"][where][method]["responses"]
            names = responses[str(answer.status_code)]["headers"]
            needed = {name for name in names if told[name].get("required")}
            assert needed <= set(answer.headers.keys()), (where, method, answer.status_code)
            assert {name for name, _value in answer.headers if name in told} <= set(names)
    assert made.headers["ETag"] == '"1"'


def test_what_is_needed_is_asked_for_by_its_name(api):
    found = []
    for method, path, schema in api.writes("post", "put"):
        answer = api.send(method, path, {})
        if missing := set(schema.get("required", ())) - named(answer):
            found.append(f"{method} {path}: {missing} {answer.text}")
    assert found == []


def test_a_bound_of_the_database_is_told_and_refused_before_it(api):
    posted = api.whole({"$ref": "#/components/schemas/VariantScreenApi.post"})["properties"]
    assert (posted["min_stock"]["minimum"], posted["price"]["anyOf"][1]["minimum"]) == (0, 0)
    stores = api.whole({"$ref": "#/components/schemas/StoreScreenApi.put"})["properties"]
    latitude = stores["latitude"]["anyOf"][1]
    assert (latitude["minimum"], latitude["maximum"]) == (-90, 90)
    answer = api.send("patch", "/api/v1/variants/{pk}", {"min_stock": -1, "price": "-1"})
    assert answer.json["type"] == FIELDS
    assert answer.json["errors"]["min_stock"] == ["This must be at least 0."]
    assert answer.json["errors"]["price"] == ["This must be at least 0."]


def test_zeros_that_say_nothing_are_no_decimals(api):
    sent = {"price": f"0001.5000{'0' * 20}"}
    answer = api.send("patch", "/api/v1/variants/{pk}", sent, new=True)
    assert (answer.status_code, answer.json["result"]["price"]) == (200, "1.50")


def test_a_version_of_what_has_none_is_no_field(api):
    answer = api.send("post", "/api/v1/jobs/{pk}/cancel", {"version": 1})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["version"])
    described = api.described["paths"]["/api/v1/jobs/{pk}/cancel"]["post"]
    assert "version" not in described["requestBody"]["content"]["application/json"]["schema"]


def test_what_is_refused_of_an_address_names_it(api):
    body = {"channel": "email", "address": "nobody", "source": "by hand"}
    answer = api.send("post", "/api/v1/suppressions/", body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["address"])


@pytest.mark.parametrize(
    ("pair", "odd"),
    [
        (("x" * 61, "1"), "source"),
        (("a b", "1"), "source"),
        (("shop", "x" * 201), "source_key"),
        (("shop", " "), "source_key"),
    ],
)
def test_a_source_by_which_nothing_could_be_read_is_refused(api, pair, odd):
    sent = dict(zip(("source", "source_key"), pair, strict=True))
    answer = api.send("post", "/api/v1/brands/", {"name": "Sourced", **sent})
    assert (answer.status_code, list(answer.json["errors"])) == (422, [odd])


def test_what_the_address_says_may_be_said_again(api):
    path = "/api/v1/brands/by/bounds/told-twice"
    sent = {"name": "Told twice", "source": "bounds", "source_key": "told-twice"}
    assert [api.send("put", path, sent).status_code for _ in range(2)] == [201, 200]
    other = api.send("put", "/api/v1/brands/by/bounds/other", sent)
    assert (other.status_code, list(other.json["errors"])) == (422, ["source_key"])


def test_a_needed_field_is_not_null(api):
    described = api.whole({"$ref": "#/components/schemas/MovementScreenApi.post"})
    assert "nullable" not in described["properties"]["reason"]
    answer = api.send("post", "/api/v1/movements/", {"reason": None})
    assert answer.json["errors"]["reason"] == ["This is needed."]


def test_what_takes_no_post_describes_none(api):
    names = set(api.described["components"]["schemas"])
    assert "ApiKeyResource.get" in names
    assert not {"ApiKeyResource.post", "ConsentScreenApi.post", "ConsentScreenApi.put"} & names


def test_a_version_that_is_none_is_refused_of_what_is_not_there_yet_too(api):
    path = "/api/v1/brands/by/{source}/{key}"
    answer = api.send("put", path, {"name": "Versioned", "version": "1"})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["version"])
    assert "required" not in api.whole({"$ref": "#/components/schemas/BrandScreenApi.by"})


def languages(number: int, said: Any) -> dict[str, Any]:
    """Texts in so many languages."""
    names = [f"{a}{b}" for a in "abcdefg" for b in "abcdefg"]
    return dict.fromkeys(names[:number], said)


def test_what_a_patch_takes_away_is_described_so(api):
    texts = api.whole({"$ref": "#/components/schemas/CategoryScreenApi.put"})["properties"]["texts"]
    assert (texts["maxProperties"], "nullable" in texts["additionalProperties"]) == (40, False)
    for kind in ("patch", "by"):
        schema = api.whole({"$ref": f"#/components/schemas/CategoryScreenApi.{kind}"})
        texts = schema["properties"]["texts"]
        assert "maxProperties" not in texts
        assert texts["additionalProperties"]["nullable"]
        assert texts["additionalProperties"]["properties"]["name"]["nullable"]
    path = "/api/v1/categories/{pk}"
    taken_away = {**languages(41, None), "gg": {"name": None}}
    assert api.send("patch", path, {"texts": taken_away}, new=True).status_code == 200
    assert api.send("put", path, {"texts": languages(1, None)}).json["type"] == FIELDS
    answer = api.send("patch", path, {"texts": languages(41, {"name": "x"})}, new=True)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["texts"])
    assert answer.json["type"] != FIELDS  # What comes out is too much; a program need not know.


def test_a_record_made_by_its_key_is_merged_into_nothing(api):
    told = {"name": "Rods", "texts": {"de": None, "fr": {"name": "Cannes"}}}
    for status in (201, 200):
        answer = api.send("put", "/api/v1/categories/by/bounds/merged", told)
        assert answer.status_code == status, answer.text
        assert answer.json["result"]["texts"] == {"fr": {"name": "Cannes"}}


def test_null_of_a_member_that_cannot_be_is_refused(api):
    where = "/api/v1/categories/by/bounds/misspelt"
    assert api.send("put", where, {"name": "Reels"}).status_code == 201
    odd = {"texts": {"de": {"nmae": None}}}
    for method, path in (
        ("put", where),
        ("put", f"{where}-new"),
        ("patch", "/api/v1/categories/{pk}"),
    ):
        answer = api.send(method, path, {"name": "Reels", **odd})
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["texts"]), answer.text
        assert answer.json["type"] == FIELDS


@pytest.mark.parametrize("space", [" ", "\x1c", "\x1f", "\x85"])
def test_what_is_needed_is_described_as_more_than_any_of_our_spaces(api, space):
    name = api.whole({"$ref": "#/components/schemas/BrandScreenApi.by"})["properties"]["name"]
    # In ASCII fewer are spaces, as for the programs of others.
    assert not re.search(name["pattern"], space, re.ASCII)
    answer = api.send("put", "/api/v1/brands/by/{source}/{key}", {"name": space})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["name"])


def test_a_name_made_of_two_is_no_longer_than_described(api):
    described = api.whole({"$ref": "#/components/schemas/EmployeeScreenApi.get"})["properties"]
    both = {"first_name": "\U0001f600" * 200, "last_name": "\U0001f601" * 200}
    answer = api.send("patch", "/api/v1/employees/{pk}", both, new=True)
    assert answer.status_code == 200, answer.text
    assert len(answer.json["result"]["name"]) == 401 <= described["name"]["maxLength"]
    for name in both:
        answer = api.send("patch", "/api/v1/employees/{pk}", {name: "x" * 201})
        assert (answer.status_code, list(answer.json["errors"])) == (422, [name])
