"""A campaign that was scheduled: how far it is, what became of everybody, and its brakes."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns import queries
from app.campaigns.choices import OVER, CampaignStatus
from app.campaigns.models import Campaign
from app.campaigns.screens import preparing
from app.kit.database.audit import AuditEntry
from app.kit.errors import Conflict
from app.kit.screens import user_names
from app.kit.screens.pages import (
    Action,
    Badge,
    Card,
    Cell,
    Column,
    HistoryEntry,
    HtmlCard,
    Link,
    Note,
    ProgressPage,
    Row,
    StatTile,
    TableCard,
)
from app.messages.choices import DispatchStatus, MessageChannel, RecipientState
from app.messages.models import Dispatch, MessageTemplateVersion
from app.web import formats

S = RecipientState
# What counts as gone out, whatever was heard of it later.
SENT = (S.ACCEPTED, S.OUTBOX, S.DELIVERED, S.BOUNCED)
WAITING = (S.PENDING, S.DEFERRED)
_TONES: dict[RecipientState, Any] = {
    S.FAILED: "bad",
    S.BOUNCED: "bad",
    S.UNCERTAIN: "warn",
    S.DEFERRED: "warn",
}


def page(screen: Any, session: Session, campaign: Campaign) -> ProgressPage:
    """Everything the page shows; while it lasts it is asked for again."""
    dispatch = _sending(session, campaign)
    states = queries.outcomes(session, dispatch.id)
    out = queries.left_out(session, dispatch.id)
    over = dispatch.status in OVER
    # From the recipients, of whom everybody reads those they see: never from what is kept of all.
    total = sum(states.values()) - sum(out.values())
    waiting = sum(states.get(one, 0) for one in WAITING)
    primary, actions, more = _buttons(screen, campaign)
    lively = dispatch.status in (DispatchStatus.RUNNING, DispatchStatus.SCHEDULED)
    return ProgressPage(
        title=campaign.name,
        crumbs=[Link(screen.area.label), Link(screen.label, screen.list_url())],
        badges=[preparing.status_badge(campaign)],
        facts=_facts(session, campaign, dispatch),
        notes=_notes(session, campaign, dispatch, states),
        actions=actions,
        more=more,
        primary=primary,
        headline=_headline(states, total),
        done=total - waiting,
        total=total,
        sentence=_sentence(dispatch, waiting),
        state=Badge(_("Live"), "good") if lively else None,
        tiles=_tiles(screen, session, campaign, states, total),
        cards=_cards(screen, session, campaign, states, out),
        timeline=_timeline(session, dispatch),
        poll_url=screen.url("progress", campaign.id) if lively and not over else "",
        poll_seconds=3 if dispatch.status is DispatchStatus.RUNNING else 10,
    )


def figures(session: Session, campaign: Campaign) -> Response:
    """Answer GET figures/<pk>."""
    if campaign.dispatch_id is None:
        return jsonify(status=campaign.status.value, audience=0, states={}, left_out={})
    dispatch = _sending(session, campaign)
    states = queries.outcomes(session, dispatch.id)
    out = queries.left_out(session, dispatch.id)
    return jsonify(
        status=campaign.status.value,
        audience=sum(states.values()),
        states={state.value: n for state, n in states.items()},
        left_out={reason.value: n for reason, n in out.items()},
    )


def _sending(session: Session, campaign: Campaign) -> Dispatch:
    if campaign.dispatch_id is None:
        raise Conflict(_("It is not scheduled yet."))
    return session.get_one(Dispatch, campaign.dispatch_id)


def _headline(states: dict[RecipientState, int], total: int) -> str:
    kept = states.get(S.OUTBOX, 0)
    gone = sum(states.get(one, 0) for one in SENT) - kept
    if kept:
        return _(
            "%(n)s of %(total)s in the outbox, not sent",
            n=formats.number(kept),
            total=formats.number(total),
        )
    return _("%(n)s of %(total)s sent", n=formats.number(gone), total=formats.number(total))


def _sentence(dispatch: Dispatch, waiting: int) -> str:
    n = formats.number(waiting)
    if dispatch.status is DispatchStatus.SCHEDULED:
        return _(
            "It begins %(when)s. Words and audience are fixed.",
            when=preparing.moment(dispatch.send_at),
        )
    if dispatch.status is DispatchStatus.CANCELLED:
        return _("It was cancelled. Whoever was not written to by then never will be.")
    if dispatch.status is DispatchStatus.COMPLETED:
        return _("Everybody has an outcome.")
    return ngettext(
        "Nobody is written to twice, and a pause loses nobody: %(n)s is still waiting.",
        "Nobody is written to twice, and a pause loses nobody: %(n)s are still waiting.",
        waiting,
        n=n,
    )


def _facts(session: Session, campaign: Campaign, dispatch: Dispatch) -> str:
    parts = [str(campaign.channel.label), str(campaign.purpose.label)]
    if dispatch.started_at:
        parts.append(_("started %(when)s", when=preparing.moment(dispatch.started_at)))
    if dispatch.finished_at:
        parts.append(_("over %(when)s", when=preparing.moment(dispatch.finished_at)))
    who = user_names.names(session, {dispatch.created_by}).get(dispatch.created_by)
    if who:
        parts.append(_("scheduled by %(who)s", who=who))
    return " · ".join(parts)


def _notes(
    session: Session, campaign: Campaign, dispatch: Dispatch, states: dict[RecipientState, int]
) -> list[Note]:
    notes = []
    if dispatch.status_reason is not None:
        words = dispatch.status_reason.label
        if dispatch.status_text:
            words = _("%(reason)s: %(text)s", reason=words, text=dispatch.status_text)
        notes.append(Note(words, "warn", "player-pause"))
    if states.get(S.OUTBOX):
        words = _("Nothing was sent: no provider is set up. The messages lie in the outbox.")
        notes.append(Note(words, "warn", "inbox"))
    elif dispatch.status not in OVER:
        notes += preparing.banners(session, campaign)
    if states.get(S.UNCERTAIN):
        n = formats.number(states[S.UNCERTAIN])
        words = ngettext(
            "Of %(n)s message nobody knows whether it left; it is not sent again.",
            "Of %(n)s messages nobody knows whether they left; they are not sent again.",
            states[S.UNCERTAIN],
            n=n,
        )
        notes.append(Note(words, "warn"))
    return notes


def _buttons(screen: Any, campaign: Campaign) -> tuple[Action | None, list[Action], list[Action]]:
    """Return the filled one, quiet ones, the menu: only what is possible and allowed now."""
    made = {}
    for name in ("pause", "resume", "cancel"):
        do = screen.actions_on[name]
        if screen.may(name) and do.when(campaign):
            made[name] = Action(
                do.label,
                screen.url(f"do/{name}", campaign.id),
                do.icon,
                "post",
                danger=do.danger,
                confirm=do.confirm,
                version=campaign.version,
            )
    primary = made.pop("resume", None) or made.pop("pause", None)
    more = []
    if screen.may("write"):
        more.append(Action(_("Copy"), screen.url("copy", campaign.id), "copy", "post"))
    if screen.may("delete") and campaign.status in (
        CampaignStatus.COMPLETED,
        CampaignStatus.CANCELLED,
    ):
        url = screen.url("archive", campaign.id)
        sentence = _("It leaves the lists and can be restored later.")
        more.append(
            Action(
                _("Archive"),
                url,
                method="post",
                danger=True,
                confirm=sentence,
                version=campaign.version,
            )
        )
    return primary, list(made.values()), more


def _tiles(
    screen: Any,
    session: Session,
    campaign: Campaign,
    states: dict[RecipientState, int],
    total: int,
) -> list[StatTile]:
    base = screen.url("recipients", campaign.id)
    # Nothing at nought but what everybody looks for.
    always = (
        {S.ACCEPTED, S.FAILED}
        if campaign.channel is MessageChannel.EMAIL
        else {S.DELIVERED, S.FAILED}
    )
    tiles = []
    for state in RecipientState:
        n = states.get(state, 0)
        if state is S.SKIPPED or (not n and state not in always):
            continue
        share = formats.percent(100 * n / total) if total else ""
        tone: Any = _TONES.get(state, "") if n else ""
        tiles.append(
            StatTile(
                state.label, formats.number(n), f"{base}?state={state.value}", share, tone,
                _("of recipients") if share else "",
            )
        )  # fmt: skip
    marks = queries.marks(session, _sending(session, campaign).id)
    if marks.unsubscribed:
        share = formats.percent(100 * marks.unsubscribed / total) if total else ""
        tiles.append(StatTile(_("Unsubscribed"), formats.number(marks.unsubscribed), "", share))
    if marks.segments and campaign.channel is MessageChannel.SMS:
        tiles.append(StatTile(_("SMS parts"), formats.number(marks.segments)))
    return tiles


def _cards(
    screen: Any,
    session: Session,
    campaign: Campaign,
    states: dict[RecipientState, int],
    out: dict[Any, int],
) -> list[Card]:
    base = screen.url("recipients", campaign.id)
    rows = [
        Row(
            reason.value,
            [Cell(reason.label, url=f"{base}?reason={reason.value}"), Cell(n)],
            label=reason.label,
            url=f"{base}?reason={reason.value}",
        )
        for reason, n in out.items()
    ]
    for one in queries.refusals(session, _sending(session, campaign).id):
        words = one.state.label if one.code is None else f"{one.state.label}: {one.code}"
        url = f"{base}?state={one.state.value}"
        rows.append(
            Row(
                f"{one.state}-{one.code}", [Cell(words, url=url), Cell(one.n)], label=words, url=url
            )
        )
    columns = [Column("why", _("Reason"), "link"), Column("n", _("Clients"), "num")]
    actions = []
    if screen.may("export"):
        url = screen.url("recipients", campaign.id) + "/export"
        actions.append(Action(_("Download"), url, "download"))
    why = TableCard(
        _("Not sent, and why"),
        columns,
        rows,
        all_url=base,
        empty=_("Nobody was left out."),
        actions=actions,
    )
    return [why, _message_card(session, campaign)]


def _message_card(session: Session, campaign: Campaign) -> Card:
    """Return the words as they were fixed."""
    version = session.get_one(MessageTemplateVersion, campaign.message_template_version_id)
    text = preparing.lines_of(version.body)
    if version.subject:
        text = preparing.with_subject(version.subject, text)
    return HtmlCard(_("Message"), text, hint=_("as it was fixed"))


def _timeline(session: Session, dispatch: Dispatch) -> list[HistoryEntry]:
    """Who did what with the sending, newest first."""
    entries = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.table_name == "dispatch", AuditEntry.row_id == dispatch.id)
        .order_by(AuditEntry.id.desc())
        .limit(20)
    ).all()
    who = user_names.names(session, {dispatch.created_by, *(one.user_id for one in entries)})
    found = []
    for one in entries:
        status = (one.after or {}).get("status")
        if status is None:
            continue
        label = DispatchStatus(status).label
        found.append(HistoryEntry(one.at, label, who.get(one.user_id, ""), "speakerphone"))
    began = who.get(dispatch.created_by, "")
    found.append(HistoryEntry(dispatch.created_at, _("Scheduled"), began, "calendar"))
    return found
