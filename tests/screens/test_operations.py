"""Whatever a page changes, the API changes too: the application's map against its resources.

A new page that changes something without an operation of the API fails here, until it has one or
a reason.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from app.kit.rest import Resource
from app.kit.screens import Screen
from tests.screens.base import all_rights
from tests.screens.bench import reader_with, signed_in

# What a page changes and the API does not, each with its reason.
NO_OPERATION = {
    "save_view": "a person's own look at a list; programs send their filters",
    "delete_view": "a person's own look at a list; programs send their filters",
    "SignInView.": "a browser's session; programs have keys, and sign in at /api/v1/security",
    "AccountView.": "about the person alone: own password, own sessions, own company of the moment",
    "RoleView.": "what roles give is weighed by a person, on the page that shows what a change takes",
    "SettingsView.": "keys and providers of the company are set by a person, whom the page warns",
    "ApiKeyScreen.add": "a key is shown once to the person who makes it; none makes itself another",
    "CampaignScreen.preview": "shows a draft; changes nothing",
    "SegmentScreen.count": "counts; changes nothing",
    "messages.": "the outside itself calls: one-click unsubscribing, reports of providers",
}

# Pages whose operation is another screen's.
ELSEWHERE = {
    "ClientMessageView.write": ("ClientScreen", "write"),
    "MembershipScreen.add": ("InvitationScreen", "add"),
}


def pages(app: Flask) -> Iterator[tuple[str, str]]:
    """Every (view, method) of a page that is posted to."""
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or set()) and not rule.rule.startswith("/api/"):
            owner, _dot, method = rule.endpoint.partition(".")
            yield owner, method


def excused(owner: str, method: str) -> list[str]:
    return [
        name
        for name in NO_OPERATION
        if name in (method, f"{owner}.{method}") or (name[-1] == "." and f"{owner}." == name)
    ]


def offered(screen: Screen, resource: Resource | None, method: str) -> bool:
    """Whether the API offers what the page does, as far as the page does anything."""
    wanted = {
        "add": screen.adds and "post",
        "edit": screen.edits and "put",
        "archive": screen.archives and "delete",
        "restore": screen.archives and "restore",
        "do": bool(screen.all_actions()) and "do",
        "start_bulk": bool(screen.bulk or screen.archives) and "start_bulk",
    }
    if method in wanted:
        route = wanted[method]
        return not route or (resource is not None and route not in resource.exclude_route_methods)
    there = resource is not None and "do" not in resource.exclude_route_methods
    return there and method in screen.all_operations()


def test_every_page_that_changes_something_has_an_operation_or_a_reason(whole_app):
    screens = whole_app.extensions["crm_screens"]
    by_screen = {one.of.name: one for one in whole_app.extensions["crm_resources"].values()}
    without = []
    for owner, method in pages(whole_app):
        name, action = ELSEWHERE.get(f"{owner}.{method}", (owner, method))
        good = name in screens and offered(screens[name], by_screen.get(name), action)
        if not good and not excused(owner, method):
            without.append(f"{owner}.{method}")
    assert without == []


def test_every_reason_is_needed(whole_app):
    used = {name for owner, method in pages(whole_app) for name in excused(owner, method)}
    assert used == set(NO_OPERATION)


def test_every_screen_whose_records_can_be_acted_on_is_reachable(whole_app):
    reachable = {one.of.name for one in whole_app.extensions["crm_resources"].values()}
    acting = {
        name
        for name, one in whole_app.extensions["crm_screens"].items()
        if one.all_operations() or one.bulk or one.archives
    }
    assert acting - reachable == set()


def test_every_operation_is_described_with_what_it_asks(whole_app):
    with signed_in(reader_with(all_rights(whole_app))):
        paths = whole_app.test_client().get("/api/v1/_openapi").json["paths"]
    cancel = paths["/api/v1/orders/{pk}/confirm"]["post"]
    assert {one["name"] for one in cancel["parameters"]} == {"Idempotency-Key", "If-Match"}
    lift = paths["/api/v1/suppressions/{pk}/lift"]["post"]["requestBody"]
    schema = lift["content"]["application/json"]["schema"]
    assert (lift["required"], schema["required"]) == (True, ["reason"])
    for path in ("products/{pk}/publish", "goods-receipts/{pk}/receive", "payments/{pk}/settle"):
        assert "post" in paths[f"/api/v1/{path}"]
    for path in ("certificates/{pk}/activate", "orders/bulk/confirm", "campaigns/{pk}/schedule"):
        assert "post" in paths[f"/api/v1/{path}"]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_every_change_takes_an_idempotency_key(whole_app, method):
    with signed_in(reader_with(all_rights(whole_app))):
        paths = whole_app.test_client().get("/api/v1/_openapi").json["paths"]
    without = [
        path
        for path, verbs in paths.items()
        if method in verbs
        and not any(one["name"] == "Idempotency-Key" for one in verbs[method].get("parameters", ()))
    ]
    assert without == []
