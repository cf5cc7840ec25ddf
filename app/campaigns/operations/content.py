"""From what was typed to what is sent: paragraphs become HTML, a version fixes the words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import escape
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.kit.errors import Invalid
from app.messages.choices import MessageChannel, MessagePurpose
from app.messages.engine.html_text import text_of_html
from app.messages.engine.render import Template, refuse_too_long
from app.messages.engine.tags import split_tags
from app.messages.models import MessageTemplate, MessageTemplateVersion
from app.messages.operations import save_wording
from app.messages.operations.templates import with_way_out

_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")
_WAY_OUT = re.compile(r"\{\{\s*unsubscribe_url\s*\}\}")

# Wordings that nobody chose a template for are versions of these.
CAMPAIGNS, TESTS, SINGLES = "Campaigns", "Tests of campaigns", "Single messages"


def collecting_names() -> list[str]:
    """Return the names of the templates that only collect wordings; nobody begins with one."""
    kinds = (CAMPAIGNS, TESTS, SINGLES)
    return [f"{kind}: {purpose.value}" for kind in kinds for purpose in MessagePurpose]


class Typed(Protocol):
    """What a person typed, a campaign for example."""

    channel: MessageChannel
    purpose: Any
    subject: str
    text: str
    html: str
    content_sid: str | None
    content_variables: dict[str, Any]


@dataclass
class Message:
    """A message that is no campaign: a form as sent, a test, a single one."""

    channel: MessageChannel
    purpose: MessagePurpose
    subject: str = ""
    text: str = ""
    html: str = ""
    content_sid: str | None = None
    content_variables: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rendered:
    """A message as one reader gets it."""

    subject: str
    text: str


def sources(campaign: Any) -> dict[str, str]:
    """Return every source with variables, by the name of its field."""
    found = {"text": campaign.text}
    if campaign.channel is MessageChannel.EMAIL:
        found = {"subject": campaign.subject, "html": campaign.html, "text": campaign.text}
    for number, source in (campaign.content_variables or {}).items():
        found[f"content_variables {number}"] = str(source)
    return {name: source for name, source in found.items() if source}


def html_of(typed: Typed) -> str:
    """Return the email's HTML source: the layout of its own, else the paragraphs of the text."""
    if typed.channel is not MessageChannel.EMAIL:
        return ""
    html = typed.html if typed.html.strip() else paragraphs(typed.text)
    if html and "unsubscribe_url" not in html and typed.purpose != MessagePurpose.TRANSACTIONAL:
        html = with_way_out(html)
    return html


def paragraphs(text: str) -> str:
    """Return HTML for plain paragraphs; template tags pass through, addresses become links."""
    parts = [one.strip() for one in re.split(r"\n\s*\n", text.replace("\r\n", "\n"))]
    return "\n".join(f"<p>{_inline(one)}</p>" for one in parts if one)


def _inline(text: str) -> str:
    pieces = []
    for number, piece in enumerate(split_tags(text)):
        if number % 2 == 0:
            safe = str(escape(piece)).replace("\n", "<br>\n")
            pieces.append(_LINK.sub(lambda m: f'<a href="{m.group()}">{m.group()}</a>', safe))
        elif _WAY_OUT.fullmatch(piece):
            pieces.append(f'<a href="{piece}">{_("Unsubscribe")}</a>')
        else:
            pieces.append(piece)
    return "".join(pieces)


def render(typed: Typed, values: Mapping[str, Any]) -> Rendered:
    """Return what one reader gets. Raises Invalid for the source, RenderError for the values."""
    refuse_too_long(typed.subject, typed.text, typed.html)
    if typed.channel is not MessageChannel.EMAIL:
        if typed.content_sid and not typed.text.strip():
            return Rendered("", "\n".join(_filled(typed, values)))
        return Rendered("", Template(typed.text).render(values))
    body = text_of_html(html_of(typed))
    subject = " ".join(Template(typed.subject, most=998).render(values).split())
    return Rendered(subject, Template(body).render(values))


def _filled(typed: Typed, values: Mapping[str, Any]) -> list[str]:
    """Return what stands at each number of the provider's template, whose words we do not know."""
    found = typed.content_variables.items()
    return [f"{{{number}}}: {Template(str(source)).render(values)}" for number, source in found]


def make_version(
    session: Session, typed: Typed, purpose: MessagePurpose, *, name: str
) -> MessageTemplateVersion:
    """Fix the words as a version of the template `name` of this channel and purpose.

    Raises Invalid.
    """
    if typed.channel is MessageChannel.EMAIL and not typed.text.strip() and not typed.html.strip():
        raise Invalid(_l("Write a text."), field="text")
    template = _template(session, f"{name}: {purpose.value}", typed.channel, purpose)
    mail = typed.channel is MessageChannel.EMAIL
    return save_wording(
        session,
        template,
        subject=typed.subject if mail else "",
        html=html_of(typed),
        body="" if mail else typed.text,
        content_sid=typed.content_sid or None,
        content_variables={str(k): str(v) for k, v in typed.content_variables.items()},
    )


def _template(
    session: Session, name: str, channel: MessageChannel, purpose: MessagePurpose
) -> MessageTemplate:
    """Return the template that collects such wordings; two who need it first do not collide."""
    session.execute(
        insert(MessageTemplate)
        .values(name=name, channel=channel, purpose=purpose)
        .on_conflict_do_nothing(index_elements=["company_id", "channel", "name"])
    )
    return session.scalars(
        select(MessageTemplate).where(
            MessageTemplate.name == name, MessageTemplate.channel == channel
        )
    ).one()
