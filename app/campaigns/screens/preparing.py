"""Preparing a campaign on one page: audience, message with preview, schedule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import current_app, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from markupsafe import Markup, escape
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns import operations, queries
from app.campaigns.models import Campaign
from app.campaigns.operations.content import Message, collecting_names, render
from app.campaigns.operations.preflight import Finding, filled, sms_of
from app.campaigns.queries import AudienceCounts, Example
from app.company.queries import company_name
from app.kit.access import may
from app.kit.errors import CrmError, Invalid
from app.kit.rights import words_of
from app.kit.screens import forms
from app.kit.screens.pages import (
    Action,
    Badge,
    CampaignPage,
    Cell,
    Column,
    Field,
    FormPage,
    FormSection,
    Link,
    Note,
    Row,
    SlipCard,
    SlipLine,
    SmsMeter,
    Step,
    TableCard,
)
from app.kit.screens.saving import Attempt
from app.kit.screens.screen_registry import screen_of_model
from app.messages.choices import MessageChannel, MessagePurpose
from app.messages.engine.render import RenderError
from app.messages.models import MessageTemplate, MessageTemplateVersion
from app.messages.queries import known_variables, route
from app.web import formats

_BASICS = ("name", "channel", "segment", "purpose")
_MESSAGE = {
    MessageChannel.EMAIL: ("subject", "text", "html"),
    MessageChannel.SMS: ("text",),
    MessageChannel.WHATSAPP: ("text", "content_sid", "content_variables"),
}
_SCHEDULE = ("send_at", "rate_cap", "uncertain_policy")
MOST_TEMPLATES = 7


class Beginning(Attempt):
    """Adding: what cannot be done without."""

    def page(self) -> FormPage:
        page = super().page()
        fields = [Field(self.form[name], "half") for name in _BASICS if name in self.attrs]
        section = FormSection(_("Campaign"), fields, _("The message is written on the next page."))
        return replace(page, sections=[section], save_label=_("Go on"), save_actions=())


class Preparing(Attempt):
    """Editing a draft, with the audience and a client's view beside it."""

    def answer(self, status: int = 200) -> Any:
        return render_template("tresen/campaign.html", page=self.campaign_page()), status

    def campaign_page(self) -> CampaignPage:
        """Everything the page shows."""
        base = super().page()
        session, campaign, screen = self.session, self.obj, self.screen
        # Counted and shown is what is stored, whatever stands in a form that was refused.
        with session.no_autoflush:
            counts, problem = counted(session, campaign)
            found = [] if problem else queries.examples(session, campaign, queries.SAMPLE)
            findings = operations.check(session, campaign, counts) if not problem else []
        shown = found[0] if found else None
        return CampaignPage(
            title=campaign.name,
            crumbs=[Link(screen.area.label), Link(screen.label, screen.list_url())],
            badges=[status_badge(campaign)],
            facts=_(
                "%(channel)s · %(purpose)s",
                channel=campaign.channel.label,
                purpose=campaign.purpose.label,
            ),
            actions=_actions(screen, campaign),
            more=_more(session, screen, campaign),
            primary=_primary(screen, campaign),
            notes=[*banners(session, campaign), *([Note(problem, "bad")] if problem else [])],
            channel=campaign.channel.value,
            steps=steps_of(campaign, counts, findings),
            step_at=step_at(campaign, counts, findings),
            segment=segment_link(campaign),
            audience=audience_table(campaign, counts),
            basics=self._section(_("Campaign"), ("name", "segment", "purpose")),
            sections=[self._section(_("Schedule"), _SCHEDULE)],
            message=self._message(campaign.channel),
            variables=[(f"{{{{ {name} }}}}", label) for name, label in variables().items()],
            meter=_meter(session, campaign, found, counts),
            preview_of=shown.name if shown else "",
            preview=shown_to(session, campaign, shown),
            preview_url=screen.url("preview", campaign.id),
            cost=_slip(campaign, found, counts),
            questions=[_note(one) for one in findings],
            hidden=base.hidden,
            errors=base.errors,
            version=self.version,
            conflict=self.conflict,
            action_url=screen.url("edit", campaign.id),
            aside=_templates_card(session, screen, campaign),
            save_label=_("Save the draft"),
            discard_url=screen.url("show", campaign.id),
        )

    def _section(self, title: str, names: Sequence[str]) -> FormSection:
        return FormSection(title, [Field(self.form[n]) for n in names if n in self.form])

    def _message(self, channel: MessageChannel) -> list[Field]:
        """Return the fields of this channel; the others' are sent along hidden, as they were."""
        hints = {
            "text": _("An empty line begins a new paragraph; addresses become links."),
            "html": _("In place of the text above: a whole HTML source."),
        }
        hints = hints if channel is MessageChannel.EMAIL else {}
        return [
            Field(self.form[name], "full", hints.get(name, ""))
            for name in _MESSAGE[channel]
            if name in self.form
        ]


def status_badge(campaign: Campaign) -> Badge:
    """Return where the campaign is."""
    status: Any = campaign.status
    return Badge(status.label, status.tone)


def counted(session: Session, campaign: Campaign) -> tuple[AudienceCounts | None, str]:
    """Return the audience now, or the sentence why it cannot be counted."""
    if campaign.segment is None:
        return None, ""
    try:
        return queries.count(session, campaign), ""
    except CrmError as error:
        return None, str(words_of(error))


def variables() -> dict[str, Any]:
    """Return what the menu of the editor offers."""
    return {
        **known_variables(),
        "company": _l("Name of the company"),
        "unsubscribe_url": _l("Link to unsubscribe"),
    }


def banners(session: Session, campaign: Campaign) -> list[Note]:
    """Where the messages really go."""
    if not route(session, campaign.channel, current_app.config["CRM"]).to_outbox:
        return []
    words = _(
        "No provider is set up for %(channel)s: messages go to the outbox and reach nobody.",
        channel=campaign.channel.label,
    )
    return [Note(words, "warn", "inbox")]


def segment_link(campaign: Campaign) -> Link | None:
    """Return the segment, leading to its page for who may see it."""
    if campaign.segment is None:
        return None
    screen = screen_of_model(type(campaign.segment))
    seen = screen is not None and screen.may("read")
    url = screen.url("show", campaign.segment.id) if screen is not None and seen else ""
    return Link(campaign.segment.name, url)


def audience_table(campaign: Campaign, counts: AudienceCounts | None) -> TableCard | None:
    """Who is left out and why, before anything is sent."""
    if counts is None:
        return None
    rows = [Row("segment", [Cell(_("In the segment")), Cell(counts.segment)])]
    rows += [
        Row(reason.value, [Cell(reason.label), Cell(-n)], label=reason.label)
        for reason, n in counts.left_out.items()
    ]
    return TableCard(
        _("Audience"),
        [Column("who", _("Who")), Column("n", _("Clients"), "num")],
        rows,
        totals={"n": Cell(counts.recipients)},
        totals_label=_("Recipients"),
    )


def steps_of(
    campaign: Campaign, counts: AudienceCounts | None, findings: Sequence[Finding]
) -> list[Step]:
    """Return the way to a campaign that was sent."""
    problems = sum(one.problem for one in findings)
    who = _("no segment")
    if counts:
        n = formats.number(counts.recipients)
        who = ngettext("%(n)s recipient", "%(n)s recipients", counts.recipients, n=n)
    when = moment(campaign.send_at) if campaign.send_at else _("at once")
    state = _("%(n)s to do", n=problems) if problems else _("ready")
    return [
        Step(_("Audience"), who),
        Step(_("Message"), campaign.subject or campaign.channel.label),
        Step(_("Schedule"), when),
        Step(_("Check"), state),
    ]


def step_at(campaign: Campaign, counts: AudienceCounts | None, findings: Sequence[Finding]) -> int:
    """Return the first step that is not done."""
    wrong = {one.field for one in findings if one.problem}
    if counts is None or "segment" in wrong:
        return 0
    if wrong - {"send_at"}:
        return 1
    return 2 if wrong else 3


def _actions(screen: Any, campaign: Campaign) -> list[Action]:
    if not screen.may("test"):
        return []
    return [Action(_("Send a test"), screen.url("test", campaign.id), "send")]


def _primary(screen: Any, campaign: Campaign) -> Action | None:
    if not screen.may("schedule"):
        return None
    return Action(_("Check and schedule"), screen.url("check", campaign.id))


def _more(session: Session, screen: Any, campaign: Campaign) -> list[Action]:
    version = campaign.version
    found = [Action(_("Copy"), screen.url("copy", campaign.id), "copy", "post")]
    if may("write", "MessageTemplate"):
        found.append(
            Action(_("Save as a template"), screen.url("keep", campaign.id), method="post")
        )
    if screen.may("delete"):
        url = screen.url("archive", campaign.id)
        sentence = _("It leaves the lists and can be restored later.")
        found.append(
            Action(_("Archive"), url, method="post", danger=True, confirm=sentence, version=version)
        )
    return found


def templates(session: Session, channel: MessageChannel) -> list[MessageTemplate]:
    """Return the newest templates that somebody wrote; not those that collect wordings."""
    has_wording = select(MessageTemplateVersion.id).where(
        MessageTemplateVersion.message_template_id == MessageTemplate.id
    )
    return list(
        session.scalars(
            select(MessageTemplate)
            .where(
                MessageTemplate.channel == channel,
                MessageTemplate.purpose != MessagePurpose.TRANSACTIONAL,
                MessageTemplate.archived_at.is_(None),
                MessageTemplate.name.not_in(collecting_names()),
                has_wording.exists(),
            )
            .order_by(MessageTemplate.id.desc())
            .limit(MOST_TEMPLATES)
        )
    )


def _templates_card(session: Session, screen: Any, campaign: Campaign) -> list[TableCard]:
    if not may("read", "MessageTemplate"):
        return []
    rows = []
    for one in templates(session, campaign.channel):
        url = f"{screen.url('template', campaign.id)}?template={one.id}"
        sentence = _("The present words are replaced.") if campaign.text or campaign.html else ""
        use = Action(_("Use"), url, method="post", confirm=sentence)
        rows.append(Row(str(one.id), [Cell(one.name)], label=one.name, actions=[use]))
    return (
        [TableCard(_("Begin with a template"), [Column("name", _("Template"))], rows)]
        if rows
        else []
    )


def _note(one: Finding) -> Note:
    return Note(
        one.sentence, "bad" if one.problem else "info", "" if one.problem else "help-circle"
    )


def _meter(
    session: Session, campaign: Campaign, found: Sequence[Example], counts: AudienceCounts | None
) -> SmsMeter | None:
    if campaign.channel is not MessageChannel.SMS:
        return None
    longest = {**queries.longest_values(found), "company": company_name(session)}
    return SmsMeter(
        recipients=counts.recipients if counts else 0,
        longest={name: _said(value) for name, value in filled_link(longest).items()},
    )


def filled_link(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with a link as long as a real one."""
    public = current_app.config["CRM"].public_url
    return {**filled(values), "unsubscribe_url": f"{public}/u/{'x' * 34}"}


def _said(value: Any) -> str:
    return "" if value is None else str(value)


def _slip(
    campaign: Campaign, found: Sequence[Example], counts: AudienceCounts | None
) -> SlipCard | None:
    if counts is None:
        return None
    length = sms_of(campaign, found)
    lines = [SlipLine(_("Recipients"), formats.number(counts.recipients))]
    total = None
    if length is not None:
        lines.append(SlipLine(_("SMS each, for the longest values"), str(length.segments)))
        most = formats.number(length.segments * counts.recipients)
        total = SlipLine(_("SMS at most"), most)
    return SlipCard(
        _("What goes out"), lines, total, _("The audience is fixed when it is scheduled.")
    )


# --- as a client sees it ----------------------------------------------------------------------


def preview(screen: Any, session: Session, campaign: Campaign) -> str:
    """Answer POST preview/<pk>: the form's words as the next client sees them, as HTML."""
    raw = request.form.get("preview", "0")
    number = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 6 else 0
    shown = queries.example(session, campaign, number)
    head = Markup('<span hidden data-preview-of="{}"></span>').format(
        _("As %(client)s sees it", client=shown.name) if shown else _("Preview")
    )
    return str(head + shown_to(session, typed_in(screen, campaign), shown))


def typed_in(screen: Any, campaign: Campaign) -> Message:
    """Return what stands in the form, not yet saved."""
    form = request.form
    return Message(
        campaign.channel,
        MessagePurpose(campaign.purpose.value),
        subject=form.get("subject", campaign.subject)[:1000],
        text=form.get("text", campaign.text)[:200_000].replace("\r\n", "\n"),
        html=form.get("html", campaign.html),
        content_sid=form.get("content_sid", campaign.content_sid or ""),
        content_variables=_variables_typed(screen, campaign),
    )


def _variables_typed(screen: Any, campaign: Campaign) -> dict[str, Any]:
    """Return the WhatsApp variables of the form; as stored while something in them is wrong."""
    name = "content_variables"
    attrs = forms.form_attrs(screen, adding=False)
    if name not in attrs:
        return campaign.content_variables
    form = forms.make_form(screen, {name: attrs[name]}, campaign, request.form)
    return form[name].data or {}


def shown_to(session: Session, typed: Any, shown: Example | None) -> Markup:
    """Return the message as text that cannot do anything, or the sentence why there is none."""
    values = filled_link({**(shown.values if shown else {}), "company": company_name(session)})
    if shown is None:
        values = {**dict.fromkeys(known_variables(), ""), **values}
    try:
        made = render(typed, values)
    except (Invalid, RenderError) as error:
        words = error.message if isinstance(error, Invalid) else error
        return Markup('<span class="err">{}</span>').format(str(words))
    return with_subject(made.subject, lines_of(made.text))


def lines_of(text: str) -> Markup:
    """Return a text as HTML that cannot do anything."""
    return Markup("<br>").join(escape(line) for line in text.split("\n"))


def with_subject(subject: str, text: Markup) -> Markup:
    """Return the same under its subject, if it has one."""
    return Markup("<b>{}</b><br><br>").format(subject) + text if subject else text


def moment(at: datetime) -> str:
    """Return a moment in the reader's words, with the time of day."""
    return str(formats.when(at, clock_time=True).striptags())
