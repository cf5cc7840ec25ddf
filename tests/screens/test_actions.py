"""What can be done with records, by the API: one by one, many, and each of it once for a key."""

from __future__ import annotations

import contextvars
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.catalogue.models import Brand, Category
from app.kit.database.session import after_commit, db
from app.kit.errors import Conflict
from app.kit.screens.elements import RecordAction
from app.kit.screens.jobs import run_bulk
from tests.screens.bench import at_work, reader_with, signed_in
from tests.screens.declared import BenchBrands
from tests.screens.test_rest import BRANDS, PRODUCTS, add, stored

CATEGORIES = "/api/v1/bench-categories"


def key(name: str) -> dict[str, str]:
    return {"Idempotency-Key": name}


def said(answer: Any) -> dict[str, Any]:
    """What an answer says, but for the request's name."""
    return {name: value for name, value in answer.json.items() if name != "instance"}


def rename(pk: int, name: str) -> None:
    with at_work() as session:
        session.get_one(Brand, pk).name = name


def name_of(pk: int) -> str:
    with at_work() as session:
        return str(session.get_one(Brand, pk).name)


# --- one record -----------------------------------------------------------------------------------


def test_an_action_answers_with_the_record_in_its_new_state(client, everything):
    (pk,) = add("Daiwa")
    answer = client.post(f"{BRANDS}/{pk}/rename")
    assert answer.status_code == 200
    assert answer.json["message"] == "It has another name."
    assert (answer.json["result"]["name"], answer.headers["ETag"]) == ("Daiwa (renamed)", '"2"')
    assert answer.json["result"] == client.get(f"{BRANDS}/{pk}").json["result"]


def test_a_refused_action_says_why_and_changes_nothing(client, everything):
    refused, fixed = add("Refused", "Fixed")
    answer = client.post(f"{BRANDS}/{refused}/rename", json={})
    assert (answer.status_code, answer.json["detail"]) == (409, "This brand keeps its name.")
    assert client.post(f"{BRANDS}/{fixed}/rename").status_code == 409
    assert (name_of(refused), name_of(fixed)) == ("Refused", "Fixed")


@pytest.mark.parametrize("sent", [{"json": {"version": 7}}, {"headers": {"If-Match": '"7"'}}])
def test_a_version_that_is_sent_must_be_the_present_one(client, everything, sent):
    (pk,) = add("Daiwa")
    stale = client.post(f"{BRANDS}/{pk}/rename", **sent)
    assert (stale.status_code, stale.json["result"]["name"]) == (409, "Daiwa")
    assert client.post(f"{BRANDS}/{pk}/rename", json={"version": 1}).status_code == 200


def test_an_action_is_told_what_it_asks_and_says_what_it_made(client, everything):
    (pk,) = add("Daiwa")
    where = f"{BRANDS}/{pk}/copy"
    assert list(client.post(where).json["errors"]) == ["name"]
    for body in ({"name": ""}, {"name": "x" * 21}, {"name": 5}, {"name": "A", "colour": "red"}):
        assert client.post(where, json=body).status_code == 422, body
    made = client.post(where, json={"name": "Shimano"}).json["made"]
    assert made["resource"] == "bench-brands"
    assert name_of(made["id"]) == "Shimano"


def test_what_is_no_action_is_not_there_and_what_is_archived_is_restored_first(client, everything):
    (pk,) = add("Daiwa")
    assert client.post(f"{BRANDS}/{pk}/explode").status_code == 404
    client.delete(f"{BRANDS}/{pk}")
    assert client.post(f"{BRANDS}/{pk}/rename").status_code == 409
    assert client.post(f"{BRANDS}/{pk}/restore").json["result"]["archived_at"] is None
    assert client.post(f"{BRANDS}/{pk}/rename").status_code == 200


# --- many -----------------------------------------------------------------------------------------


def bulk(client: FlaskClient, body: Any, **more: Any) -> Any:
    return client.post(f"{BRANDS}/bulk/rename", json=body, **more)


def test_many_are_done_by_a_job_whose_progress_can_be_read(client, everything, app, monkeypatch):
    one, two, refused = add("Daiwa", "Shimano", "Refused")
    add("Left alone")
    started = bulk(client, {"ids": [one, two, refused, one]})
    assert (started.status_code, started.json["result"]["status"]) == (202, "queued")
    monkeypatch.setattr("app.kit.screens.jobs.resolve", lambda _door, **_who: everything)
    with app.app_context(), at_work() as session:
        run_bulk(session, started.json["id"], 5)
    row = client.get(started.headers["Location"]).json["result"]
    assert (row["status"], row["total"], row["done"], row["skipped"]) == ("done", 3, 2, 1)
    assert row["reasons"] == {"This brand keeps its name.": 1}
    assert stored("select count(*) from brand where name like '%renamed%'") == (2,)


@pytest.mark.parametrize(
    ("body", "total"),
    [
        ({"filters": [{"col": "name", "opr": "sw", "value": "Da"}]}, 2),
        ({"search": "daiwa", "filters": [{"col": "name", "opr": "eq", "value": "Daiwa"}]}, 1),
        ({"filters": [{"col": "name", "opr": "eq", "value": "Nobody"}]}, 0),
    ],
)
def test_all_that_match_are_meant_as_the_list_finds_them(client, everything, body, total):
    add("Daiwa", "Daiwa two", "Shimano")
    answer = bulk(client, body)
    assert (answer.status_code, answer.json["result"]["total"]) == (202, total)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ids": []},
        {"ids": ["1"]},
        {"ids": [True]},
        {"ids": [1], "filters": []},
        {"filters": []},
        {"filters": [{"col": "colour", "value": "red"}]},
        {"ids": [1], "all": True},
        {"ids": list(range(1, 1002))},
    ],
)
def test_whom_nobody_can_mean_is_refused(client, everything, body):
    assert bulk(client, body).status_code in (400, 422)


def test_a_run_is_its_starters_alone(client, everything):
    (pk,) = add("Daiwa")
    where = bulk(client, {"ids": [pk]}).headers["Location"]
    with signed_in(reader_with(set(everything.rights), user_id=8)):
        assert client.get(where).status_code == 404
    with signed_in(reader_with({("read", "BenchBrand")})):
        assert bulk(client, {"ids": [pk]}).status_code == 403


# --- PATCH ----------------------------------------------------------------------------------------


def test_patch_sets_what_is_sent_and_asks_for_the_version(client, everything):
    pk = client.post(BRANDS, json={"name": "Daiwa", "note": "Rods"}).json["id"]
    assert client.patch(f"{BRANDS}/{pk}", json={"name": "A"}).status_code == 422
    answer = client.patch(f"{BRANDS}/{pk}", json={"note": None, "version": 1})
    assert (answer.json["result"]["name"], answer.json["result"]["note"]) == ("Daiwa", None)
    assert client.patch(f"{BRANDS}/{pk}", json={"name": "B", "version": 1}).status_code == 409


def test_patch_merges_objects_and_put_takes_them_whole(client, everything):
    texts = {"de": {"name": "Ruten"}, "fr": {"name": "Cannes"}}
    with at_work() as session:
        made = Category(name="Rods", texts=texts)
        session.add(made)
        session.flush()
        pk = made.id
    patch = {"texts": {"fr": None, "pl": {"name": "Wędki"}}, "version": 1}
    answer = client.patch(
        f"{CATEGORIES}/{pk}", json=patch, content_type="application/merge-patch+json"
    )
    assert answer.json["result"]["texts"] == {"de": {"name": "Ruten"}, "pl": {"name": "Wędki"}}
    answer = client.put(
        f"{CATEGORIES}/{pk}", json={"texts": {"fr": {"name": "Cannes"}}, "version": 2}
    )
    assert answer.json["result"]["texts"] == {"fr": {"name": "Cannes"}}
    assert (
        client.put(
            f"{CATEGORIES}/{pk}", json={}, content_type="application/merge-patch+json"
        ).status_code
        == 415
    )


def test_patch_leaves_lines_alone_unless_they_are_sent(client, everything):
    line = {"sku": "A", "name": "Rod", "price": "10.00", "currency": "EUR"}
    made = client.post(PRODUCTS, json={"name": "Rod", "variants": [line]}).json
    where = f"{PRODUCTS}/{made['id']}"
    row = client.patch(where, json={"name": "Stick", "version": 1}).json["result"]
    assert (row["name"], len(row["variants"])) == ("Stick", 1)
    known = row["variants"][0]["id"]
    lines = [{"id": known, "name": "Long rod"}, {**line, "sku": "B"}]
    row = client.patch(where, json={"variants": lines, "version": row["version"]}).json["result"]
    assert [(one["id"] == known, one["name"]) for one in row["variants"]] == [
        (True, "Long rod"),
        (False, "Rod"),
    ]


# --- once for a key -------------------------------------------------------------------------------


def test_a_refusal_is_the_answer_for_good(client, everything):
    (pk,) = add("Refused")
    where = f"{BRANDS}/{pk}/rename"
    first = client.post(where, headers=key("k"))
    assert first.status_code == 409
    rename(pk, "Daiwa")
    again = client.post(where, headers=key("k"))
    assert (again.status_code, said(again)) == (409, said(first))
    assert again.headers["Idempotency-Replayed"] == "true"
    # It bears the name of the request that reads it.
    assert again.json["instance"] == again.headers["X-Request-Id"] != first.json["instance"]
    assert name_of(pk) == "Daiwa"
    assert client.post(where, headers=key("another")).status_code == 200


@pytest.mark.parametrize(
    ("method", "tail", "body"),
    [
        ("post", "", {"name": ""}),
        ("put", "/{pk}", {"name": "A", "version": 9}),
        ("patch", "/{pk}", {"name": "A", "version": 9}),
        ("put", "/{pk}", {"colour": "red", "version": 1}),
        ("post", "/{pk}/copy", {}),
        ("post", "/9999999/rename", {}),
        ("post", "/bulk/rename", {}),
    ],
)
def test_every_change_keeps_its_refusal(client, everything, method, tail, body):
    (pk,) = add("Daiwa")
    call = getattr(client, method)
    where = BRANDS + tail.format(pk=pk)
    first = call(where, json=body, headers=key("k"))
    again = call(where, json=body, headers=key("k"))
    assert 400 <= first.status_code < 500
    assert (again.status_code, said(again)) == (first.status_code, said(first))
    assert again.headers["Idempotency-Replayed"] == "true"
    other = call(where, json={**body, "note": "x"}, headers=key("k"))
    assert (other.status_code, other.json["detail"]) == (
        422,
        "This Idempotency-Key was used for another request.",
    )


def test_a_version_in_the_head_is_part_of_the_request(client, everything):
    (pk,) = add("Daiwa")
    where = f"{BRANDS}/{pk}"
    first = client.put(where, json={"name": "A"}, headers={**key("k"), "If-Match": '"1"'})
    again = client.put(where, json={"name": "A"}, headers={**key("k"), "If-Match": '"1"'})
    other = client.put(where, json={"name": "A"}, headers={**key("k"), "If-Match": '"2"'})
    assert [one.status_code for one in (first, again, other)] == [200, 200, 422]
    assert again.headers["ETag"] == first.headers["ETag"] == '"2"'


def test_who_may_not_ask_has_no_answer_to_keep(client, everything):
    (pk,) = add("Daiwa")
    where = f"{BRANDS}/{pk}/rename"
    with signed_in(reader_with({("read", "BenchBrand")})):
        assert client.post(where, headers=key("k")).status_code == 403
    assert client.post(where, headers=key("k")).status_code == 200
    with signed_in(None):
        assert client.post(where, headers=key("m")).status_code == 401
    assert stored("select count(*) from idempotency") == (1,)


def test_another_callers_key_is_another_key(client, everything):
    (pk,) = add("Daiwa")
    assert client.post(f"{BRANDS}/{pk}/rename", headers=key("k")).status_code == 200
    with signed_in(reader_with(set(everything.rights), user_id=8)):
        assert client.post(f"{BRANDS}/{pk}/copy", json={"name": "B"}, headers=key("k")).json["made"]


def test_a_program_and_the_maker_of_its_key_are_two_callers(client, everything):
    (pk,) = add("Daiwa")
    assert client.post(f"{BRANDS}/{pk}/rename", headers=key("k")).status_code == 200
    with signed_in(replace(everything, api_key_id=5)):
        assert client.post(f"{BRANDS}/{pk}/copy", json={"name": "B"}, headers=key("k")).json["made"]


@pytest.fixture
def moody(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], None]]:
    """Return a function that puts another operation behind the button “Rename it”."""

    def use(operation: Any) -> None:
        monkeypatch.setitem(BenchBrands.actions_on, "rename", RecordAction(operation, "Rename it"))

    return use


def in_threads(app: Flask, count: int, call: Callable[[FlaskClient], Any]) -> list[Any]:
    """Call from so many threads at once, each as the present reader."""
    start = threading.Barrier(count)

    def one(context: contextvars.Context) -> Any:
        def go() -> Any:
            start.wait()
            return call(app.test_client())

        return context.run(go)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, [contextvars.copy_context() for _ in range(count)]))


def test_of_many_at_once_all_read_the_first_ones_refusal(app, everything, moody):
    (pk,) = add("Daiwa")
    calls = []

    def refuse_only_once(session, obj, /, *, by, at):
        calls.append(obj.id)
        if len(calls) == 1:
            obj.name = "Half done"
            session.flush()
            raise Conflict("Not the first time.")

    moody(refuse_only_once)
    answers = in_threads(
        app, 6, lambda client: client.post(f"{BRANDS}/{pk}/rename", headers=key("k"))
    )
    assert {(one.status_code, one.json["detail"]) for one in answers} == {
        (409, "Not the first time.")
    }
    assert (calls, name_of(pk)) == ([pk], "Daiwa")


def test_a_bug_keeps_nothing_and_the_same_key_may_ask_again(client, everything, moody):
    (pk,) = add("Daiwa")
    calls = []

    def break_once(session, obj, /, *, by, at):
        calls.append(1)
        obj.name = f"Try {len(calls)}"
        session.flush()
        if len(calls) == 1:
            raise ZeroDivisionError

    moody(break_once)
    where = f"{BRANDS}/{pk}/rename"
    assert [client.post(where, headers=key("k")).status_code for _ in range(3)] == [500, 200, 200]
    assert name_of(pk) == "Try 2"


def test_a_wake_up_of_refused_work_is_dropped(client, everything, moody):
    (pk,) = add("Refused")
    woken = []

    def promise(session, obj, /, *, by, at):
        after_commit(session, woken.append, 1)
        raise Conflict("No.")

    moody(promise)
    assert client.post(f"{BRANDS}/{pk}/rename", headers=key("k")).status_code == 409
    assert woken == []


def killed(app: Flask, call: Callable[[FlaskClient], Any]) -> int:
    """Make a call in a process of its own that ends before it can answer; return its signal."""
    child = os.fork()
    if child == 0:
        try:
            with app.app_context():
                db.engine.dispose(close=False)
            call(app.test_client())
        finally:
            os._exit(1)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


def die(*_nothing: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("moment", ["before the commit", "between commit and answer"])
@pytest.mark.parametrize("refused", [False, True])
def test_a_process_that_is_killed_leaves_both_or_neither(
    app, client, everything, moody, moment, refused
):
    (pk,) = add("Daiwa")

    def work(session, obj, /, *, by, at):
        obj.name = f"{obj.name}!"
        session.flush()
        if refused:
            raise Conflict("No.")

    def fatal(session, obj, /, *, by, at):
        if moment == "before the commit":
            work(session, obj, by=by, at=at) if not refused else None
            die()
        work(session, obj, by=by, at=at)

    moody(fatal)
    where = f"{BRANDS}/{pk}/rename"

    def call(one: FlaskClient) -> None:
        if moment != "before the commit":
            # The last thing that a request does, after the boundary has committed.
            app.after_request_funcs.setdefault(None, []).insert(0, die)
        one.post(where, headers=key("k"))

    assert killed(app, call) == signal.SIGKILL
    moody(work)
    answers = [client.post(where, headers=key("k")) for _ in range(2)]
    assert {one.status_code for one in answers} == {409 if refused else 200}
    kept = ["Idempotency-Replayed" in one.headers for one in answers]
    assert kept == [moment != "before the commit", True]
    assert name_of(pk) == ("Daiwa" if refused else "Daiwa!")
