"""What every resource must do, whoever declared it: test_walk.py gives all there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from app.kit.database.install.immutability import REFUSED_CHANGE
from app.kit.database.install.rules import store_key
from app.kit.database.session import work
from app.kit.database.stamp import company_stamp
from app.kit.rest import Resource
from app.kit.rest.resource_registry import resources
from app.kit.screens.attrs import table_of
from tests.screens import change_tracking, filling
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

    def test_what_a_resource_does_not_do_is_not_allowed(
        self, resource: Resource, client: FlaskClient, make: Any, rights: set[tuple[str, str]]
    ) -> None:
        absent = set(resource.exclude_route_methods)
        calls = {"get": "/", "post": "/", "put": "/1", "patch": "/1", "delete": "/1"}
        with signed_in(reader_with(rights)):
            for method, tail in calls.items():
                if method in absent:
                    answer = call(client, resource, method, tail)
                    assert answer.status_code == 405, method
                    assert method.upper() not in answer.headers["Allow"]

    def test_a_record_is_told_when_anything_that_it_shows_has_changed(
        self,
        resource: Resource,
        client: FlaskClient,
        make: Any,
        rights: set[tuple[str, str]],
        whole_app: Flask,
    ) -> None:
        with signed_in(reader_with(rights)):
            pk = change_tracking.complete(resource, make())
            elsewhere = change_tracking.shown_elsewhere(resource)
            if not elsewhere:
                return
            _told, since = change_tracking.rounds(
                client, resource, change_tracking.EARLY, page_size=100
            )
            for what, statement in elsewhere.items():
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
                told, since = change_tracking.rounds(client, resource, since)
                assert told == [pk], what
                assert change_tracking.rounds(client, resource, since)[0] == [], what
                now = client.get(f"/api/v1/{resource.resource_name}/{pk}").json["result"]
                assert now["version"] == seen["version"], "what people have open is not stale by it"

    def test_records_of_another_company_or_store_are_not_listed(
        self, resource: Resource, client: FlaskClient, make: Any, rights: set[tuple[str, str]]
    ) -> None:
        theirs, ours = make(company=2), make()
        with signed_in(reader_with(rights)):
            found = newest(client, resource)
            assert theirs not in found
            assert ours in found
        if store_key(table_of(resource.model)) is not None:
            with signed_in(reader_with(rights, store_ids=(10**9,))):
                assert ours not in newest(client, resource)

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
        self, resource: Resource, client: FlaskClient, rights: Any, described: Any
    ) -> None:
        if not resource.adds:
            return
        name = f"e {resource.resource_name}"
        with signed_in(reader_with(rights)):
            answer = client.post(f"{base(resource)}/", json={}, headers={"Idempotency-Key": name})
        schema = described["components"]["schemas"][f"{type(resource).__name__}.post"]
        if needed := schema.get("required"):
            assert answer.status_code == 422, answer.text
            assert answer.json["detail"]
            assert set(needed) <= set(answer.json["errors"])
        else:
            assert answer.status_code in (201, 422), answer.text


def base(resource: Resource) -> str:
    return f"/api/v1/{resource.resource_name}"


def done_with(resource: Resource, pk: object) -> list[str]:
    """Every address below the resource's that does something with a record."""
    names = [*resource.of.all_operations(), *(["restore"] if resource.archives else [])]
    return [f"/{pk}/{name}" for name in names]


def bulk_of(resource: Resource) -> list[str]:
    return [*resource.of.bulk, *(["archive"] if resource.archives else [])]


def newest(client: FlaskClient, resource: Resource) -> list[int]:
    """The ids that the resource lists, the newest record first."""
    asked = {"q": "(order_column:id,order_direction:desc,page_size:100)"}
    found: list[int] = client.get(f"{base(resource)}/", query_string=asked).json["ids"]
    return found


def call(client: FlaskClient, resource: Resource, method: str, tail: str) -> Any:
    body = {"json": {"version": 1}} if method in ("post", "put", "patch") else {}
    return getattr(client, method)(base(resource) + tail, **body)
