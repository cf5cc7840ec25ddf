"""Two megabytes of JSON, of every kind there is, against every way to write by the API.

Whatever is in them, they are refused in the time that it takes to read them: the processor's time
of the process is counted, of which the machine's other work is no part. The resources are `slow`:
`make test` tries the sign-in, which the same code reads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.kit.rest import Resource
from app.kit.rest.resource_registry import resources
from tests.messages.hostile import quick
from tests.screens import filling
from tests.screens.base import all_rights
from tests.screens.bench import at_work, reader_with, signed_in
from tests.screens.resources import base, bulk_of, done_with
from tests.screens.test_walk import RESOURCES

MOST = 2 * 2**20
# To read two megabytes of the smallest values takes half a second of this machine's.
SECONDS = 2.5
REFUSED = {400, 404, 405, 409, 413, 415, 422}


@pytest.fixture(autouse=True)
def empty_tables() -> None:
    """The walk keeps its records."""


def fitted(before: str, one: str, after: str, between: str = ",") -> str:
    """As many of `one` as fit into a body."""
    room = MOST - len(before) - len(after) - 100
    return before + between.join([one] * (room // (len(one) + len(between)))) + after


def many(pattern: str, before: str = "{", after: str = "}") -> str:
    """As many of a pattern as fit, each with its own number."""
    number = (MOST - 100) // (len(pattern) + 6)
    return before + ",".join(pattern.replace("#", str(one)) for one in range(number)) + after


WHOLE = {
    "a deep list": '{"x":' + "[" * (MOST // 2 - 20) + "]" * (MOST // 2 - 20) + "}",
    "a deep object": fitted("", '{"a":', "", "") + "1",
    "deep and readable": '{"x":' + "[" * 900 + "]" * 900 + "}",
    "wide": many('"x#":1'),
    "one name again and again": fitted("{", '"name":1', "}"),
    "a list": fitted("[", "1", "]"),
    "a long name": '{"' + "n" * (MOST - 100) + '":1}',
    "many digits": '{"name":' + "9" * (MOST - 100) + "}",
    "many places": '{"name":0.' + "9" * (MOST - 100) + "}",
    "escapes": '{"name":"' + "\\u00e4" * (MOST // 6 - 20) + '"}',
    "broken": fitted('{"name":"x"', '"name":"x"', "", ","),
    "ids": fitted('{"ids":[', "123456", "]}"),
    "filters": fitted('{"filters":[', '{"col":"name","opr":"eq","value":"a"}', "]}"),
    "a search": '{"search":"' + "a " * (MOST // 2 - 60) + '"}',
    "as many sources": fitted('{"source":"', "a:", '","source_key":"k"}', ""),
}

LONG = {
    "a long text": '"' + "a" * (MOST - 200) + '"',
    "spaces": '"' + " " * (MOST - 200) + '"',
    "digits in a text": '"' + "9" * (MOST - 200) + '"',
    "a decimal": '"' + "9" * 1000 + "." + "9" * (MOST - 1300) + '"',
    "an address": '"' + "a@" * (MOST // 2 - 100) + '"',
    "a phone": '"+' + "49 171 " * (MOST // 7 - 50) + '"',
    "a template": '"' + "{{ a }}" * (MOST // 7 - 50) + '"',
    "markup": '"' + "<p>" * (MOST // 3 - 80) + '"',
    "numbers": fitted("[", "1", "]").replace(",1]", ",1]")[: MOST - 400].rstrip(",") + "]",
    "pairs": many('"#":"x"'),
    "objects": fitted("[", "{}", "]"),
    "lines": fitted("[", '{"quantity":1,"variant":1}', "]"),
    "wide lines": "[" + ",".join([many('"x#":1')[:2000].rpartition(",")[0] + "}"] * 1000) + "]",
    "deep": "[" * 900 + "]" * 900,
}


@pytest.fixture
def caller(whole_app: Flask) -> Iterator[FlaskClient]:
    with signed_in(reader_with(all_rights(whole_app))):
        yield whole_app.test_client()


def send(
    client: FlaskClient,
    method: str,
    url: str,
    body: str,
    what: str,
    *,
    also: Collection[int] = (),
) -> None:
    """One call, refused in time."""
    assert len(body) <= MOST, what
    key = {"Idempotency-Key": f"{what} {url}"[:200]}
    with quick(SECONDS, f"{method} {url}: {what}"):
        answer = client.open(
            url, method=method.upper(), data=body, content_type="application/json", headers=key
        )
    assert answer.status_code in {*REFUSED, *also}, (
        what,
        method,
        url,
        answer.status_code,
        answer.text[:500],
    )
    assert len(answer.data) < 20_000


# All kinds against these; against the others, which the same code reads, some in turn.
THOROUGH = ("OrderResource", "MessageTemplateVersionScreenApi")


def turns(kinds: dict[str, str], *, each: int, whole: bool) -> Iterator[list[str]]:
    """Some of the kinds, and the next ones with every turn; or all of them each time."""
    names = list(kinds)
    at = 0
    while True:
        yield names if whole else [names[(at + step) % len(names)] for step in range(each)]
        at += each


@pytest.mark.slow
@pytest.mark.parametrize("resource_class", RESOURCES)
@pytest.mark.timeout(300)
def test_a_body_of_two_megabytes_is_refused_in_the_time_of_reading_it(
    whole_app: Flask, caller: FlaskClient, resource_class: str
) -> None:
    with whole_app.app_context():
        one: Resource = next(
            found for found in resources().values() if type(found).__name__ == resource_class
        )
        with at_work() as session:
            pk = int(filling.make(session, type(one.of)).id)
        tails = [*done_with(one, pk), *(f"/bulk/{name}" for name in bulk_of(one))]
        fields = sorted({*one.writable_fields, *one.new_fields, *one.nested})
    thorough = resource_class in THOROUGH
    ways = [("post", "/"), ("put", f"/{pk}"), ("patch", f"/{pk}"), *(("post", t) for t in tails)]
    for (method, tail), kinds in zip(ways, turns(WHOLE, each=1, whole=thorough), strict=False):
        for what in kinds:
            send(caller, method, base(one) + tail, WHOLE[what], what)
    for name, kinds in zip(fields, turns(LONG, each=1, whole=thorough), strict=False):
        for what in kinds:
            send(caller, "post", f"{base(one)}/", f'{{"{name}":{LONG[what]}}}', f"{name} {what}")


def test_nobody_signs_in_with_two_megabytes(whole_app: Flask) -> None:
    client, url = whole_app.test_client(), "/api/v1/security/login"
    for what, body in WHOLE.items():
        send(client, "post", url, body, what)
    for what, said in LONG.items():
        for name in ("username", "password"):
            both = {"username": '"x"', "password": '"x"', name: said}
            body = ",".join(f'"{key}":{value}' for key, value in both.items())
            send(client, "post", url, f"{{{body}}}", f"{name} {what}", also={401, 429})
