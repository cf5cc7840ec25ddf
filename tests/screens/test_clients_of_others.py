"""Every route and page with a client of another store, or of a colleague: neither is there.

The same walk as with the ids of other stores (`test_every_route.py`), for the two roles that do not
see all clients.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.campaigns.choices import CampaignStatus
from app.clients.models import Client, SegmentMember
from app.kit.database.install import visibility
from app.kit.database.session import work
from app.kit.database.stamp import NARROW_ROLES, Role, company_stamp
from app.kit.screens.attrs import table_of
from app.messages.choices import DispatchStatus
from app.messages.models import DispatchBatch
from tests import factories
from tests.screens.base import all_rights
from tests.screens.bench import reader_with, signed_in
from tests.screens.test_every_route import (
    ELSEWHERE,
    Called,
    Filler,
    names_a_record,
    status,
    without_arguments,
)

MARK = "Zzunseen"
# By which all that bears the mark is found; a page repeats what it was asked.
WORD = "qqfinder"


@pytest.fixture(autouse=True)
def empty_tables() -> None:
    """The walk keeps its records."""


@pytest.fixture(scope="module")
def rights(whole_app: Flask) -> set[tuple[str, str]]:
    return all_rights(whole_app)


def of_a_client(filler: Filler, one: Called) -> bool:
    """Say whether the record of this route is read by whoever sees its client."""
    owner = one.rule.endpoint.partition(".")[0]
    if owner == "ClientMessageView":
        return True
    screen = filler.screens.get(owner) or getattr(filler.resources.get(owner), "of", None)
    if screen is None or one.rule.endpoint.endswith(("show_bulk", "delete_view")):
        return False
    table = table_of(screen.model)
    if table.info.get("visibility") or table.info.get("follows"):
        return True
    keys = [name for name in visibility.keys(table) if not visibility.read_as_the_stores(table)]
    if not keys:
        return False
    with work(company_stamp(1)) as session:
        row = session.execute(select(table.c[keys[0]]).where(table.c.id == filler.ids[screen.name]))
        return row.scalar_one() is not None


@pytest.fixture(scope="module")
def of_clients(whole_app: Flask) -> list[Called]:
    """The routes to records that hang on a client, whose certificate is one of a holder's."""
    filler = Filler(whole_app, 1)
    with work(company_stamp(1, user_id=7)) as session:
        holder = factories.make_client(session, store=factories.make_store(session))
        certificate = factories.make_certificate(session, client=holder)
        filler.ids["CertificateScreen"] = certificate.id
        filler.ids["ValueEntryScreen"] = factories.make_value_entry(
            session, certificate=certificate
        ).id
    with whole_app.app_context():
        calls = [one for one in filler.calls() if names_a_record(one)]
    return [one for one in calls if of_a_client(filler, one)]


@pytest.mark.parametrize("role", NARROW_ROLES)
def test_no_route_knows_a_client_whom_the_reader_does_not_see(
    whole_app: Flask, rights: set[tuple[str, str]], of_clients: list[Called], role: Role
) -> None:
    client = whole_app.test_client()
    owners = {one.rule.endpoint.partition(".")[0] for one in of_clients}
    assert owners >= {
        "ClientScreen",
        "ContactPointScreen",
        "ConsentScreen",
        "ConsentEventScreen",
        "CertificateScreen",
        "ClientMessageView",
    }
    with signed_in(reader_with(rights, store_ids=ELSEWHERE, bound_as=role)):
        answers = {
            (one.url, verb): status(client, one.url, verb)
            for one in of_clients
            for verb in one.verbs
        }
    assert {call: code for call, code in answers.items() if code not in (403, 404, 405)} == {}
    # A refusal for another reason is the same for somebody who sees the client.
    with signed_in(reader_with(rights)):
        refused = {call: status(client, *call) for call, code in answers.items() if code != 404}
    assert {call: answers[call] for call in refused} == refused


@pytest.fixture(scope="module")
def unseen(whole_app: Flask) -> int:
    """A client of another store, with one of everything that hangs on a client."""
    with work(company_stamp(1, user_id=7)) as session:
        store = factories.make_store(session)
        client = factories.make_client(session, name=f"{MARK} {WORD}", store=store)
        factories.make_contact_point(
            session, client=client, value=f"{WORD}.{MARK}@x.example".lower(), primary=True
        )
        factories.make_consent_event(session, client=client, wording=f"{MARK} agreed")
        certificate = factories.make_certificate(
            session, client=client, code=f"{WORD}-{MARK}".upper()
        )
        factories.make_value_entry(session, certificate=certificate)
        segment = factories.make_segment(session, kind="fixed")
        session.add(SegmentMember(segment_id=segment.id, client_id=client.id))
        factories.make_completed_order(session, store=store, client=client)
        session.flush()
        return int(client.id)


# Of a number that counts clients of the whole company, wherever it is kept. (Seven ids in a list,
# the newest first, would read as 7654321.)
COUNTED = 7_352_918


@pytest.fixture(scope="module")
def counting(unseen: int) -> list[str]:
    """Records that keep how many clients there were of the whole company; their own pages."""
    with work(company_stamp(1, user_id=7)) as session:
        sent = factories.make_dispatch(
            session, audience=COUNTED, last_ord=COUNTED, status=DispatchStatus.COMPLETED
        )
        batch = {"no": 1, "lo": 1, "hi": COUNTED, "cursor": COUNTED, "accepted": COUNTED}
        session.add(DispatchBatch(dispatch_id=sent.id, **batch))
        campaign = factories.make_campaign(
            session,
            dispatch_id=sent.id,
            status=CampaignStatus.COMPLETED,
            message_template_version_id=sent.message_template_version_id,
        )
        told = {"dispatch_id": sent.id, "owner_kind": "campaign", "audience": COUNTED}
        event = factories.make_event(session, name="dispatch.completed", data=told)
        run = factories.make_import_run(session, report={"clients": COUNTED})
        session.flush()
        sent.audience = COUNTED - 1
        session.flush()
        sent.audience = COUNTED
        return [
            f"/dispatches/show/{sent.id}",
            f"/dispatches/history/{sent.id}",
            f"/api/v1/dispatches/{sent.id}",
            f"/campaigns/show/{campaign.id}",
            f"/campaigns/progress/{campaign.id}",
            f"/campaigns/figures/{campaign.id}",
            f"/campaigns/history/{campaign.id}",
            f"/api/v1/campaigns/{campaign.id}?expand=dispatch",
            f"/events/show/{event.id}",
            f"/import_runs/show/{run.id}",
        ]


@pytest.fixture(scope="module")
def read_as(
    whole_app: Flask, rights: set[tuple[str, str]], unseen: int, counting: list[str]
) -> Callable[[Role | None], dict[str, str]]:
    """Return a function that gives the text of every page, list, export and search for a reader.

    Without a role the reader sees everything. Each reader reads them once.
    """
    client = whole_app.test_client()
    pages = [*counting, *(one.url for one in without_arguments(whole_app) if "GET" in one.verbs)]
    for screen in whole_app.extensions["crm_screens"].values():
        base = screen.route_base
        pages += [f"{base}/list/?psize=100&o=-id", f"{base}/export?o=-id"]
        pages += [f"{base}/list/?q={WORD}", f"{base}/lookup/client?q={WORD}"]
    for resource in whole_app.extensions["crm_resources"].values():
        pages += [f"{resource.route_base}/?limit=100&order=-id", f"{resource.route_base}/?q={WORD}"]

    @cache
    def read(role: Role | None) -> dict[str, str]:
        bound = {"store_ids": ELSEWHERE, "bound_as": role} if role else {}
        with signed_in(reader_with(rights, **bound)):
            return {url: client.get(url).text.lower() for url in pages}

    return read


def _marked(texts: dict[str, str]) -> set[str]:
    return {url for url, text in texts.items() if MARK.lower() in text}


def _counts(texts: dict[str, str]) -> set[str]:
    digits = str(COUNTED)
    return {url for url, text in texts.items() if digits in re.sub(r"[,.\s]", "", text)}


@pytest.mark.parametrize("role", NARROW_ROLES)
def test_no_page_or_search_shows_a_client_whom_the_reader_does_not_see(
    read_as: Callable[[Role | None], dict[str, str]], role: Role
) -> None:
    # Without this the walk could not fail.
    assert len(_marked(read_as(None))) > 12
    assert _marked(read_as(role)) == set()


@pytest.mark.parametrize("role", NARROW_ROLES)
def test_no_page_tells_how_many_clients_there_are_that_the_reader_does_not_see(
    read_as: Callable[[Role | None], dict[str, str]], role: Role
) -> None:
    # Without this the walk could not fail.
    assert len(_counts(read_as(None))) > 8
    assert _counts(read_as(role)) == set()


def test_a_store_and_a_master_open_the_clients_they_see(
    whole_app: Flask, rights: set[tuple[str, str]], unseen: int
) -> None:
    """Else the walks above would prove nothing but that everything is shut."""
    with work(company_stamp(1)) as session:
        store = session.get_one(Client, unseen).store_id
    client = whole_app.test_client()
    for role, code in ((Role.STORE_CLIENTS, 200), (Role.OWN_CLIENTS, 404)):
        with signed_in(reader_with(rights, store_ids=(store,), bound_as=role)):
            assert client.get(f"/clients/show/{unseen}").status_code == code
    for role in (Role.STORE, Role.APP):
        with signed_in(reader_with(rights, store_ids=ELSEWHERE, bound_as=role)):
            found: Any = client.get(f"/clients/show/{unseen}")
        assert found.status_code == 200
