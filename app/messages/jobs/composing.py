"""From a recipient's row to the message on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.kit.errors import Invalid
from app.messages.choices import (
    DispatchKind,
    MessageChannel,
    MessagePurpose,
    SkipReason,
    UncertainPolicy,
)
from app.messages.engine.addresses import mail_path
from app.messages.engine.mime import BulkHeaders, MailSkeleton, UnsafeHeader
from app.messages.engine.references import Reference, sign_reference
from app.messages.engine.render import RenderError, Template
from app.messages.engine.smtp import Outgoing, UnsafeAddress, outgoing
from app.messages.engine.text_message import TextMessage, content_variables
from app.messages.queries.routes import Route


class OutboxDraft(NamedTuple):
    """A message for the built-in outbox."""

    key: int
    address: str
    subject: str
    body: str
    html: str
    client_id: int | None
    batch: int = 0


class Skip(NamedTuple):
    """Somebody who is left out at the last moment."""

    reason: SkipReason
    text: str = ""


Draft = Outgoing | TextMessage | OutboxDraft


class Recipient(NamedTuple):
    """A recipient as loaded for sending."""

    ord: int
    client_id: int | None
    address: str
    values: Mapping[str, Any]
    allowed: bool
    suppressed: bool
    attempt: int


@dataclass(frozen=True)
class MessageWording:
    """The sources of a message."""

    subject: str = ""
    body: str = ""
    html: str = ""
    content_sid: str = ""
    content_variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """All that is the same for every message of a sending."""

    company_id: int
    dispatch_id: int
    channel: MessageChannel
    purpose: MessagePurpose
    kind: DispatchKind
    wording: MessageWording
    route: Route
    values: Mapping[str, Any]
    uncertain_policy: UncertainPolicy
    rate_cap: int | None
    audience: int
    priority: int = 5


class Drafter:
    """Makes the messages of one sending; compiles everything once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        wording = plan.wording
        self._subject = Template(wording.subject, most=998)
        self._body = Template(wording.body)
        self._html = Template(wording.html, html=True)
        self._content = {
            name: Template(source) for name, source in wording.content_variables.items()
        }
        self._names_unsubscribe = any(
            "unsubscribe_url" in part.variables for part in (self._subject, self._body, self._html)
        )
        if plan.route.relay is not None:
            self._skeleton = self._make_skeleton()
            self._bounce = plan.route.sender.address

    def draft(self, row: Recipient, batch: int) -> Draft | Skip:
        """Return the message for a recipient, or why there is none."""
        if row.suppressed:
            return Skip(SkipReason.SUPPRESSED)
        if not row.allowed:
            return Skip(SkipReason.NO_CONSENT)
        try:
            return self._draft(row, batch)
        except RenderError as error:
            return Skip(SkipReason.RENDER_ERROR, str(error))
        except (UnsafeAddress, UnsafeHeader, Invalid) as error:
            return Skip(SkipReason.BAD_ADDRESS, str(error))

    def _draft(self, row: Recipient, batch: int) -> Draft:
        plan = self._plan
        reference = Reference(plan.company_id, plan.dispatch_id, row.ord)
        url = self._unsubscribe_url(reference)
        values = {**row.values, "unsubscribe_url": url}
        if plan.route.relay is not None:
            return self._mail(row, batch, values, url)
        if plan.route.account is not None:
            return self._text(row, batch, values, reference)
        return OutboxDraft(
            row.ord,
            row.address,
            " ".join(self._subject.render(values).split()),
            self._body.render(values),
            self._html.render(values),
            row.client_id,
            batch,
        )

    def _unsubscribe_url(self, reference: Reference) -> str:
        if self._plan.purpose is MessagePurpose.TRANSACTIONAL and not self._names_unsubscribe:
            return ""
        token = sign_reference("unsubscribe", reference)
        return f"{self._plan.route.public_url}/u/{token}"

    def _mail(self, row: Recipient, batch: int, values: Mapping[str, Any], url: str) -> Outgoing:
        address = mail_path(row.address)
        raw = self._skeleton.build(
            to=address,
            subject=" ".join(self._subject.render(values).split()),
            text=self._body.render(values),
            html=self._html.render(values),
            # The same at every attempt: some mail programs then show a double once.
            message_id=f"{self._plan.company_id}.{self._plan.dispatch_id}.{row.ord}",
            unsubscribe_url="" if self._plan.purpose is MessagePurpose.TRANSACTIONAL else url,
        )
        return outgoing(row.ord, self._bounce, address, raw, batch=batch, fit=True)

    def _text(
        self, row: Recipient, batch: int, values: Mapping[str, Any], reference: Reference
    ) -> TextMessage:
        plan = self._plan
        whatsapp = plan.channel is MessageChannel.WHATSAPP
        filled = {name: part.render(values) for name, part in self._content.items()}
        token = sign_reference("callback", reference)
        return TextMessage(
            row.ord,
            f"whatsapp:{row.address}" if whatsapp else row.address,
            plan.route.number,
            body="" if plan.wording.content_sid else self._body.render(values),
            content_sid=plan.wording.content_sid,
            variables=content_variables(filled) if filled else "",
            status_callback=f"{plan.route.public_url}/hooks/twilio/{token}",
            batch=batch,
        )

    def _make_skeleton(self) -> MailSkeleton:
        plan = self._plan
        domain = mail_path(plan.route.sender.address).rpartition("@")[2]
        bulk = None
        if plan.purpose is not MessagePurpose.TRANSACTIONAL:
            bulk = BulkHeaders(
                f"d{plan.dispatch_id}.c{plan.company_id}.{domain}",
                f"{plan.dispatch_id}:{plan.company_id}:{plan.kind.value}:{domain}",
            )
        return MailSkeleton(plan.route.sender, domain=domain, bulk=bulk)
