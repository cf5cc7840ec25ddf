"""What tests of sending share: a company's database with real commits, an audience, a worker's turn."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Integer, Select, String, cast, func, select

from app.kit.database.session import work
from app.kit.database.stamp import company_stamp
from app.messages import operations, queries
from app.messages.choices import DispatchStatus, MessageChannel, MessagePurpose
from app.messages.jobs import recording
from app.messages.jobs.recording import Terms
from app.messages.jobs.serving import serve
from app.messages.models import Dispatch, DispatchBatch, MessageTemplateVersion

HTML = "<h1>Hello {{ name|default('you', true) }}</h1><p>{{ offer }}</p>"
COMPANY = company_stamp(1)


@dataclass(frozen=True)
class Installation:
    """The configuration of a test."""

    public_url: str = "http://127.0.0.1:8080"
    smtp_url: str | None = None
    mail_from: str = "Shop <shop@example.com>"
    twilio_account_sid: str | None = None
    twilio_auth_token: str | None = None
    twilio_api_base: str | None = None


def audience(count: int) -> Select[Any]:
    """Clients 1 to `count` at u<n>@example.com."""
    n = func.generate_series(1, count).table_valued("n", name="n").c.n
    return select(
        cast(n, Integer).label("client_id"), func.concat("u", n, "@example.com").label("address")
    )


def phones(count: int) -> Select[Any]:
    """Clients 1 to `count` at reserved British numbers."""
    n = func.generate_series(1, count).table_valued("n", name="n").c.n
    address = func.concat("+44770090", func.lpad(cast(n, String), 4, "0"))
    return select(cast(n, Integer).label("client_id"), address.label("address"))


@dataclass
class House:
    """A database of the test's own, and how its messages leave."""

    folder: Path
    installation: Installation = field(default_factory=Installation)
    terms: Terms = field(init=False)

    def __post_init__(self) -> None:
        self.terms = Terms(
            "tester", self.folder, lease=timedelta(seconds=20), retries=(0.2, 0.2, 0.2)
        )

    def with_relay(self, port: int, connections: int = 4) -> None:
        url = f"smtp://127.0.0.1:{port}?connections={connections}"
        self.installation = replace(self.installation, smtp_url=url)

    def start(self, audience: Select[Any], **options: Any) -> int:
        """Order a sending of a mail and return its id."""
        channel = options.pop("channel", MessageChannel.EMAIL)
        purpose = options.pop("purpose", MessagePurpose.TRANSACTIONAL)
        html = options.pop("html", HTML)
        body = options.pop("body", "")
        with work(COMPANY) as session:
            version = make_version(session, channel, purpose, html, body)
            return operations.start(session, version, audience, **options).id

    def turn(self, channels: Iterable[MessageChannel] = tuple(MessageChannel)) -> bool:
        """One turn of a worker; False when nothing was due."""
        claim = recording.claim_next(self.terms, list(channels))
        if claim is None:
            return False
        serve(claim, self.terms, self.installation, lambda: False)
        return True

    def drain(self) -> None:
        while self.turn():
            pass

    def states(self, dispatch_id: int) -> dict[str, int]:
        with work(COMPANY) as session:
            return {str(state): n for state, n in session.execute(queries.by_state(dispatch_id))}

    def status(self, dispatch_id: int) -> DispatchStatus:
        with work(COMPANY) as session:
            return session.get_one(Dispatch, dispatch_id).status

    def counts(self, dispatch_id: int) -> dict[str, int]:
        with work(COMPANY) as session:
            return dict(session.execute(queries.progress(dispatch_id)).one()._mapping)

    def batches(self, dispatch_id: int) -> list[DispatchBatch]:
        with work(COMPANY) as session:
            found = select(DispatchBatch).where(DispatchBatch.dispatch_id == dispatch_id)
            return list(session.scalars(found.order_by(DispatchBatch.no)))


_names = iter(range(1_000_000))


def make_version(
    session: Any, channel: MessageChannel, purpose: MessagePurpose, html: str = HTML, body: str = ""
) -> MessageTemplateVersion:
    """Make a wording of a template of its own."""
    template = operations.make_template(
        session, f"Test {os.getpid()} {next(_names)}", channel, purpose
    )
    known = frozenset({"name", "offer"})
    if channel is MessageChannel.EMAIL:
        return operations.save_wording(
            session, template, subject="Hello", html=html, variables=known
        )
    return operations.save_wording(session, template, body=body or "Hello", variables=known)


OFFER = {"offer": "Tea", "name": None}
