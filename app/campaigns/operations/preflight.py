"""What stands against sending a campaign, and what somebody should look at again, in sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from app.campaigns import queries
from app.campaigns.models import Campaign
from app.campaigns.operations.content import html_of, render, sources
from app.campaigns.queries import AudienceCounts, Example
from app.kit import clock
from app.kit.errors import Invalid
from app.messages.choices import MessageChannel
from app.messages.engine.render import RenderError, Template, unknown_of
from app.messages.engine.sms_length import SmsLength, sms_length
from app.messages.operations.templates import SYSTEM_VARIABLES
from app.messages.queries import known_variables

_ADDRESS = "https://example.com/u/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
_LATE = timedelta(minutes=5)
_LARGEST_MAIL = 102_000


@dataclass(frozen=True)
class Finding:
    """One sentence. A problem stops the campaign, a question only asks."""

    sentence: str
    problem: bool = True
    field: str = ""


def check(session: Session, campaign: Campaign, counts: AudienceCounts | None) -> list[Finding]:
    """Return what is wrong or doubtful, problems first. `counts` are those of the audience now."""
    found = [*_audience(campaign, counts), *_time(campaign), *_words(campaign)]
    if not any(one.problem for one in found) and campaign.segment is not None:
        found += _fit(campaign, queries.examples(session, campaign, queries.PREVIEWS))
    return sorted(found, key=lambda one: not one.problem)


def _audience(campaign: Campaign, counts: AudienceCounts | None) -> Iterator[Finding]:
    if campaign.segment is None or counts is None:
        yield Finding(_("Choose a segment: nobody is written to yet."), field="segment")
    elif campaign.segment.archived_at is not None:
        yield Finding(_("The segment is archived. Choose another one."), field="segment")
    elif not counts.recipients:
        yield Finding(_("Nobody is left to write to."), field="segment")


def _time(campaign: Campaign) -> Iterator[Finding]:
    if campaign.send_at is not None and campaign.send_at < clock.now() - _LATE:
        words = _("Its time has passed. Choose another one, or none to send at once.")
        yield Finding(words, field="send_at")


def _words(campaign: Campaign) -> Iterator[Finding]:
    mail = campaign.channel is MessageChannel.EMAIL
    if mail and not campaign.subject.strip():
        yield Finding(_("Write a subject."), field="subject")
    if not (campaign.text.strip() or (mail and campaign.html.strip()) or campaign.content_sid):
        yield Finding(_("Write a text."), field="text")
    for name, source in sources(campaign).items():
        try:
            unknown = Template(source, html=name == "html").variables - _known()
        except Invalid as error:
            yield Finding(str(error.message), field=name)
            continue
        if unknown:
            words = _("Unknown variable: %(names)s", names=unknown_of(unknown))
            yield Finding(words, field=name)
    yield from _doubts(campaign)


def _doubts(campaign: Campaign) -> Iterator[Finding]:
    if campaign.channel is MessageChannel.WHATSAPP and not campaign.content_sid:
        words = _(
            "Without an approved template WhatsApp delivers only to those who wrote to you in the"
            " last 24 hours."
        )
        yield Finding(words, problem=False, field="content_sid")
    says_how = re.search(r"\bstop\b|unsubscribe_url", campaign.text, re.IGNORECASE)
    if campaign.channel is MessageChannel.SMS and campaign.text.strip() and not says_how:
        words = _("The text does not say how to unsubscribe: add “STOP” or the link.")
        yield Finding(words, problem=False, field="text")
    if len(html_of(campaign).encode()) > _LARGEST_MAIL:
        words = _("Mail programs cut mails of more than 102 KB.")
        yield Finding(words, problem=False, field="html")


def _known() -> frozenset[str]:
    return frozenset(known_variables()) | SYSTEM_VARIABLES


def _fit(campaign: Campaign, found: Sequence[Example]) -> Iterator[Finding]:
    """Return what some of the clients would get."""
    empty: dict[str, int] = {}
    used = {name for source in sources(campaign).values() for name in Template(source).variables}
    for one in found:
        try:
            render(campaign, filled(one.values))
        except RenderError as error:
            words = _("The text does not fit %(name)s: %(what)s", name=one.name, what=str(error))
            yield Finding(words, field="text")
            return
        for name in used & set(one.values):
            empty[name] = empty.get(name, 0) + (one.values[name] in (None, ""))
    labels = known_variables()
    for name, n in sorted(empty.items()):
        if n and not _has_default(campaign, name):
            words = ngettext(
                "“%(label)s” is empty for %(n)s of %(all)s client looked at. Write"
                " {{ %(name)s|default('…') }} to put something else there.",
                "“%(label)s” is empty for %(n)s of %(all)s clients looked at. Write"
                " {{ %(name)s|default('…') }} to put something else there.",
                len(found), label=labels.get(name, name), n=n, all=len(found), name=name,
            )  # fmt: skip
            yield Finding(words, problem=False, field="text")
    yield from _length(campaign, found)


def _has_default(campaign: Campaign, name: str) -> bool:
    pattern = rf"{name}\s*\|\s*(d|default)\s*\("
    guarded = rf"if\s+{name}\b"
    texts = " ".join(sources(campaign).values())
    return bool(re.search(pattern, texts) or re.search(guarded, texts))


def _length(campaign: Campaign, found: Sequence[Example]) -> Iterator[Finding]:
    length = sms_of(campaign, found)
    if length is None:
        return
    if length.culprits:
        words = _(
            "%(signs)s makes it Unicode: 70 characters fit one SMS instead of 160.",
            signs=" ".join(_("“%(sign)s”", sign=sign) for sign in length.culprits[:5]),
        )
        yield Finding(words, problem=False, field="text")
    if length.segments > 1:
        words = _("With the longest values it is %(n)s SMS for each client.", n=length.segments)
        yield Finding(words, problem=False, field="text")


def sms_of(campaign: Any, found: Sequence[Example]) -> SmsLength | None:
    """Return how long the SMS is for the longest values; None for other channels."""
    if campaign.channel is not MessageChannel.SMS:
        return None
    try:
        text = Template(campaign.text).render(filled(queries.longest_values(found)))
    except (Invalid, RenderError):
        return sms_length(campaign.text)
    return sms_length(text)


def filled(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with those that every message has; the link is as long as a real one."""
    return {"company": "", "unsubscribe_url": _ADDRESS, **values}
