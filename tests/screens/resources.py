"""What every resource must do, whoever declared it: test_walk.py gives all there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from app.kit.database.install.fixed import REFUSED_CHANGE
from app.kit.database.install.rules import store_key
from app.kit.database.session import work
from app.kit.database.stamp import company_stamp
from app.kit.rest import Resource
from app.kit.rest.known import resources
from app.kit.screens.attrs import table_of
from tests.screens import filling, telling
from tests.screens.base import all_rights
from tests.screens.bench import counted, owner, reader_with, signed_in


class ResourceTests:
    """The walk over one resource; parametrised over the registered ones."""

    @pytest.fixture
    def rights(self, whole_app: Flask) -> set[tuple[str, str]]:
        return all_rights(whole_app)

    @pytest.fixture
    def client(self, whole_app: Flask) -> FlaskClient:
        return whole_app.test_client()

    @pytest.fixture
    def resource(self, whole_app: Flask, resource_class: type[Resource]) -> Resource:
        with whole_app.app_context():
            return next(one for one in resources().values() if type(one).__name__ == resource_class)

    @pytest.fixture
    def make(self, resource: Resource) -> Callable[..., int]:
        def one(company: int = 1) -> int:
            with work(company_stamp(company, user_id=7)) as session:
                return int(filling.make(session, type(resource.of)).id)

        return one

    def test_nobody_reads_or_writes_without_signing_in_or_the_right(
        self, resource: Resource, client: FlaskClient, make: Any
    ) -> None:
        pk = make()
        calls = [
            ("get", "/"),
            ("get", "/_info"),
            ("get", f"/{pk}"),
            ("post", "/"),
            ("put", f"/{pk}"),
            ("patch", f"/{pk}"),
            ("delete", f"/{pk}"),
            *(("post", tail) for tail in done_with(resource, pk)),
            *(("post", f"/bulk/{name}") for name in bulk_of(resource)),
        ]
        absent = resource.exclude_route_methods
        for method, tail in calls:
            if method in absent and tail != "/_info" and tail.count("/") == 1:
                answer = call(client, resource, method, tail)
                assert answer.status_code == 405
                assert method.upper() not in answer.headers["Allow"]
                continue
            assert call(client, resource, method, tail).status_code == 401, (method, tail)
            with signed_in(reader_with(set())):
                assert call(client, resource, method, tail).status_code == 403, (method, tail)

    def test_what_has_changed_is_told_once(
        self, resource: Resource, client: FlaskClient, make: Any, rights: set[tuple[str, str]]
    ) -> None:
        with signed_in(reader_with(rights)):
            if resource.resource_name in telling.NOT_BY_CHANGE:
                asked = {"changed_since": telling.EARLY}
                answer = client.get(f"/api/v1/{resource.resource_name}/", query_string=asked)
                assert answer.status_code == 400
                return
            before = make()
            told, since = telling.rounds(client, resource, telling.EARLY)
            assert before in told
            assert len(told) == len(set(told))
            after = make()
            told, since = telling.rounds(client, resource, since)
            assert after in told or after == before
            assert len(told) == len(set(told))
            assert telling.rounds(client, resource, since)[0] == []

    def test_a_record_is_told_when_anything_that_it_shows_has_changed(
        self,
        resource: Resource,
        client: FlaskClient,
        make: Any,
        rights: set[tuple[str, str]],
        whole_app: Flask,
    ) -> None:
        with signed_in(reader_with(rights)):
            pk = telling.complete(resource, make())
            for what, statement in telling.shown_elsewhere(resource).items():
                _told, since = telling.rounds(client, resource, telling.EARLY)
                seen = client.get(f"/api/v1/{resource.resource_name}/{pk}").json["result"]
                try:
                    with owner(whole_app) as connection:
                        changed = connection.execute(text(statement), {"pk": pk}).all()
                except DatabaseError as error:
                    # What counts is never deleted: then there is nothing to tell.
                    if getattr(error.orig, "pgcode", "") != REFUSED_CHANGE:
                        raise
                    continue
                assert changed, what
                told, since = telling.rounds(client, resource, since)
                assert told == [pk], what
                assert telling.rounds(client, resource, since)[0] == [], what
                now = client.get(f"/api/v1/{resource.resource_name}/{pk}").json["result"]
                assert now["version"] == seen["version"], "what people have open is not stale by it"

    def test_records_of_another_company_or_store_are_not_there(
        self, resource: Resource, client: FlaskClient, make: Any, rights: set[tuple[str, str]]
    ) -> None:
        theirs, ours = make(company=2), make()
        with signed_in(reader_with(rights)):
            assert_gone(resource, client, theirs)
            assert theirs not in newest(client, resource)
            assert ours in newest(client, resource)
        if store_key(table_of(resource.model)) is not None:
            with signed_in(reader_with(rights, store_ids=(10**9,))):
                assert_gone(resource, client, ours)
                assert ours not in newest(client, resource)

    def test_each_action_needs_its_own_right(
        self, resource: Resource, client: FlaskClient, make: Any, rights: set[tuple[str, str]]
    ) -> None:
        pk = make()
        tails = [*done_with(resource, pk), *(f"/bulk/{name}" for name in bulk_of(resource))]
        with signed_in(reader_with({right for right in rights if right[0] == "read"})):
            for tail in tails:
                answer = client.post(base(resource) + tail, json={"ids": [pk]})
                assert answer.status_code == 403, tail

    def test_no_action_is_a_bug_and_a_stale_version_is_a_conflict(
        self, resource: Resource, client: FlaskClient, make: Any, rights: Any
    ) -> None:
        with signed_in(reader_with(rights)):
            for name in resource.of.all_operations():
                pk = make()
                where = f"{base(resource)}/{pk}/{name}"
                if hasattr(resource.model, "version"):
                    stale = client.post(where, json={"version": 99})
                    assert (stale.status_code, list(stale.json["errors"])) == (409, ["version"])
                    assert stale.json["result"]["id"] == pk
                answer = client.post(where, headers={"Idempotency-Key": where})
                assert answer.status_code in (200, 404, 409, 422), (name, answer.text)
                if answer.status_code == 200:
                    assert answer.json["result"]["id"] == pk
                    assert answer.json["message"]
                # What a page says in passing would be kept in a cookie, which no program reads.
                assert "Set-Cookie" not in answer.headers, name
                again = client.post(where, headers={"Idempotency-Key": where})
                assert again.status_code == answer.status_code
                assert again.json == {**answer.json, **instance_of(again)}
                assert again.headers["Idempotency-Replayed"] == "true"

    def test_archived_is_restored(
        self, resource: Resource, client: FlaskClient, make: Any, rights: Any
    ) -> None:
        if not resource.archives:
            return
        with signed_in(reader_with(rights)):
            pk = make()
            assert client.delete(f"{base(resource)}/{pk}").status_code == 200
            answer = client.post(f"{base(resource)}/{pk}/restore")
            assert (answer.status_code, answer.json["result"]["archived_at"]) == (200, None)

    def test_what_is_done_with_records_is_described(
        self, resource: Resource, client: FlaskClient, rights: Any
    ) -> None:
        with signed_in(reader_with(rights)):
            paths = client.get("/api/v1/_openapi").json["paths"]
        said = {f"{base(resource)}{tail}" for tail in done_with(resource, "{pk}")}
        said |= {f"{base(resource)}/bulk/{name}" for name in bulk_of(resource)}
        assert {one for one in said if "post" not in paths.get(one, {})} == set()

    def test_a_list_needs_as_many_queries_for_three_rows_as_for_one(
        self, resource: Resource, client: FlaskClient, make: Any, rights: Any, whole_app: Flask
    ) -> None:
        with signed_in(reader_with(rights)):
            make()
            client.get(f"{base(resource)}/")
            with counted(whole_app) as one:
                assert client.get(f"{base(resource)}/").status_code == 200
            make()
            make()
            with counted(whole_app) as three:
                client.get(f"{base(resource)}/")
        assert len(one) == len(three) == 2, three.statements

    def test_a_record_is_read_and_described(
        self, resource: Resource, client: FlaskClient, make: Any, rights: Any
    ) -> None:
        pk = make()
        with signed_in(reader_with(rights)):
            row = client.get(f"{base(resource)}/{pk}").json["result"]
            assert row["id"] == pk
            described = client.get(f"{base(resource)}/_info").json["fields"]
            assert set(described) <= set(row)

    def test_an_empty_body_is_refused_in_words(
        self, resource: Resource, client: FlaskClient, make: Any, rights: Any
    ) -> None:
        with signed_in(reader_with(rights)):
            answer = client.post(
                f"{base(resource)}/", json={}, headers={"Idempotency-Key": f"e{make()}"}
            )
        assert answer.status_code in (201, 403, 405, 409, 422), answer.text
        assert answer.status_code == 201 or answer.json["detail"]


def base(resource: Resource) -> str:
    return f"/api/v1/{resource.resource_name}"


def done_with(resource: Resource, pk: object) -> list[str]:
    """Every address below the resource's that does something with a record."""
    names = [*resource.of.all_operations(), *(["restore"] if resource.archives else [])]
    return [f"/{pk}/{name}" for name in names]


def bulk_of(resource: Resource) -> list[str]:
    return [*resource.of.bulk, *(["archive"] if resource.archives else [])]


def instance_of(answer: Any) -> dict[str, str]:
    """The name of its request, which a refusal bears."""
    return {"instance": answer.headers["X-Request-Id"]} if answer.status_code >= 400 else {}


def newest(client: FlaskClient, resource: Resource) -> list[int]:
    """The ids that the resource lists, the newest record first."""
    asked = {"q": "(order_column:id,order_direction:desc,page_size:100)"}
    found: list[int] = client.get(f"{base(resource)}/", query_string=asked).json["ids"]
    return found


def call(client: FlaskClient, resource: Resource, method: str, tail: str) -> Any:
    body = {"json": {"version": 1}} if method in ("post", "put", "patch") else {}
    return getattr(client, method)(base(resource) + tail, **body)


def assert_gone(resource: Resource, client: FlaskClient, pk: int) -> None:
    """Nothing of the record can be read or changed by this reader."""
    assert call(client, resource, "get", f"/{pk}").status_code == 404
    for tail in done_with(resource, pk):
        assert call(client, resource, "post", tail).status_code == 404, tail
    changes = ("put", resource.edits), ("patch", resource.edits), ("delete", resource.archives)
    for method, possible in changes:
        answer = call(client, resource, method, f"/{pk}")
        assert answer.status_code == 404 if possible else answer.status_code in (403, 404, 405), (
            method
        )
