"""A test of a draft, and the last look before it goes out."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import Form, StringField
from wtforms.validators import InputRequired, Length

from app.campaigns import operations, queries
from app.campaigns.choices import CampaignStatus
from app.campaigns.models import Campaign
from app.campaigns.operations.launching import TEST_OWNER
from app.campaigns.screens import preparing
from app.kit.access import may, reader
from app.kit.errors import Conflict
from app.kit.rights import words_of
from app.kit.screens.pages import (
    Action,
    Card,
    Cell,
    Column,
    Fact,
    Field,
    FormError,
    FormPage,
    FormSection,
    HtmlCard,
    KvCard,
    Link,
    Note,
    Row,
    ShowPage,
    TableCard,
)
from app.kit.screens.saving import attempted
from app.messages.models import Dispatch, DispatchRecipient
from app.web import formats

MOST_SHOWN = 10


class TestForm(Form):  # type: ignore[misc]  # WTForms is untyped
    """Where a test goes."""

    addresses = StringField(
        _l("Addresses"),
        [InputRequired(_l("Write an address to send it to.")), Length(max=1000)],
        description=_l("At most five, with commas between them."),
    )


def crumbs(screen: Any, campaign: Campaign) -> list[Link]:
    """Where a page below a campaign is."""
    return [
        Link(screen.area.label),
        Link(screen.label, screen.list_url()),
        Link(campaign.name, screen.url("show", campaign.id)),
    ]


def _only_draft(campaign: Campaign) -> None:
    if campaign.status is not CampaignStatus.DRAFT:
        raise Conflict(_("It is scheduled already."))


def test(screen: Any, session: Session, campaign: Campaign) -> Any:
    """Answer GET and POST test/<pk>."""
    _only_draft(campaign)
    form, errors, status = TestForm(request.form), [], 200
    if request.method == "POST":
        addresses = (form.addresses.data or "").replace(";", ",").split(",")
        if not form.validate():
            status = 422
        else:
            refused = attempted(lambda: operations.send_test(session, campaign, addresses))
            if refused is None:
                flash(_("The test is on its way."), "success")
                return redirect(screen.url("test", campaign.id))
            session.expire_all()
            campaign = screen.load(campaign.id)
            errors, status = [FormError(str(words_of(refused)))], refused.status
    elif may("read", "contacts") and not form.addresses.data:
        form.addresses.data = reader().email if campaign.channel.value == "email" else ""
    page = FormPage(
        title=_("Send a test"),
        crumbs=crumbs(screen, campaign),
        notes=preparing.banners(session, campaign),
        sections=[
            FormSection(
                _("Send a test"),
                [Field(form.addresses, "full")],
                _("It goes the way of a real message, is marked as a test and counts nowhere."),
            )
        ],
        errors=errors,
        save_label=_("Send the test"),
        discard_url=screen.url("show", campaign.id),
        aside=_tests(session, campaign),
    )
    return render_template("tresen/form.html", page=page), status


def _tests(session: Session, campaign: Campaign) -> list[Card]:
    """Return what became of the last tests."""
    rows = session.execute(
        select(DispatchRecipient, Dispatch.created_at)
        .join(Dispatch, Dispatch.id == DispatchRecipient.dispatch_id)
        .where(Dispatch.owner_kind == TEST_OWNER, Dispatch.owner_id == campaign.id)
        .order_by(Dispatch.id.desc(), DispatchRecipient.ord)
        .limit(MOST_SHOWN)
    ).all()
    seen = may("read", "contacts")
    found = []
    for row, at in rows:
        state = row.skip_reason.label if row.skip_reason else row.state.label
        address = row.address if seen else _("hidden")
        found.append(Row(f"{row.dispatch_id}-{row.ord}", [Cell(address), Cell(state), Cell(at)]))
    columns = [
        Column("address", _("Address")),
        Column("state", _("State")),
        Column("at", _("Time"), "datetime"),
    ]
    return [TableCard(_("Tests so far"), columns, found, empty=_("None yet."))]


def check(screen: Any, session: Session, campaign: Campaign) -> Any:
    """Answer GET check/<pk>: all of it once more, and the button where nothing is wrong."""
    _only_draft(campaign)
    counts, problem = preparing.counted(session, campaign)
    findings = operations.check(session, campaign, counts) if not problem else []
    stopped = bool(problem) or any(one.problem for one in findings)
    shown = queries.example(session, campaign, 0) if not problem else None
    notes = [*preparing.banners(session, campaign)]
    notes += [Note(problem, "bad")] if problem else []
    notes += [
        Note(one.sentence, "bad" if one.problem else "info", "" if one.problem else "help-circle")
        for one in findings
    ]
    if not findings and not problem:
        notes.append(Note(_("Nothing stands against it."), "good"))
    audience = preparing.audience_table(campaign, counts)
    when = _("At once")
    if campaign.send_at:
        # On whose clocks: a person may have chosen another zone than the company's.
        when = f"{preparing.moment(campaign.send_at)} · {reader().time_zone}"
    facts = [
        Fact(_("Channel"), campaign.channel, "badge"),
        Fact(_("Purpose"), campaign.purpose, "badge"),
        Fact(_("Send at"), when),
        Fact(_("At most per second"), campaign.rate_cap, "num"),
        Fact(_("When unknown whether it left"), campaign.uncertain_policy, "badge"),
    ]
    cards: list[Card] = [KvCard(_("How it goes out"), facts)]
    cards += [audience] if audience else []
    name = _("As %(client)s sees it", client=shown.name) if shown else _("Preview")
    words = preparing.shown_to(session, campaign, shown)
    page = ShowPage(
        title=_("Check and schedule"),
        crumbs=crumbs(screen, campaign),
        badges=[preparing.status_badge(campaign)],
        path=preparing.steps_of(campaign, counts, findings),
        path_at=preparing.step_at(campaign, counts, findings),
        first_tab=_("Check"),
        notes=notes,
        actions=[Action(_("Back to the draft"), screen.url("show", campaign.id), "arrow-left")],
        primary=None if stopped else _button(screen, campaign, counts),
        cards=cards,
        aside=[HtmlCard(name, words)],
    )
    return render_template("tresen/show.html", page=page)


def _button(screen: Any, campaign: Campaign, counts: Any) -> Action:
    count = counts.recipients if counts else 0
    n = formats.number(count)
    if campaign.send_at:
        when = preparing.moment(campaign.send_at)
        label = _("Schedule for %(when)s", when=when)
    else:
        label = ngettext("Send to %(n)s client now", "Send to %(n)s clients now", count, n=n)
    return Action(
        label,
        screen.url("do/schedule", campaign.id),
        "send",
        "post",
        confirm=ngettext(
            "%(n)s client is written to. Words and audience are fixed from then on.",
            "%(n)s clients are written to. Words and audience are fixed from then on.",
            count,
            n=n,
        ),
        confirm_label=label,
        version=campaign.version,
    )
