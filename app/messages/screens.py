"""Screens of messages: templates, sendings, the outbox, addresses that get nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request
from flask_appbuilder.baseviews import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import Form, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from app.kit.choices import can_move
from app.kit.database.session import db
from app.kit.errors import CrmError, Invalid
from app.kit.rights import words_of
from app.kit.screens import ActionParameter, RecordAction, Related, Screen
from app.kit.screens.areas import MARKETING
from app.kit.screens.authorization import needs
from app.kit.screens.pages import Action, Field, FormError, FormPage, FormSection, Link, Note
from app.kit.screens.record import eager, load_or_404, show_page
from app.messages import operations
from app.messages.choices import (
    MOVES,
    DispatchKind,
    DispatchStatus,
    MessageChannel,
    SuppressionReason,
)
from app.messages.engine.addresses import address_hash, normalise
from app.messages.models import (
    Dispatch,
    MessageTemplate,
    MessageTemplateVersion,
    OutboxMessage,
    Suppression,
)
from app.messages.operations.feedback import lift
from app.messages.operations.mailing import of_the_house


class MessageTemplateScreen(Screen):
    """Messages that are written once and used often."""

    model = MessageTemplate
    area = MARKETING
    icon = "file-text"
    label, one = _l("Templates"), _l("Template")
    help = _l("Messages that are written once and used often; each wording is kept.")
    list_columns = ("name", "channel", "purpose", "created_at")
    filters = ("channel", "purpose", "created_at")
    order = ("created_at", "desc")
    sections = ((_l("Template"), ("name", "channel", "purpose")),)
    fixed = ("channel",)
    related = (Related("MessageTemplateVersion", by="message_template", label=_l("Wordings")),)
    api = True


def save_version(
    session: Session, version: MessageTemplateVersion, *, by: int | None, at: datetime
) -> MessageTemplateVersion:
    """Keep a new wording; what was sent before keeps its own."""
    # The record only carried what was typed, or sent with the template's id: the wording
    # is made by the operation.
    template = version.message_template
    if template is None and version.message_template_id is not None:
        template = session.get(MessageTemplate, version.message_template_id)
    if template is None:
        raise Invalid(_("Choose a template."), field="message_template")
    return operations.save_wording(
        session,
        template,
        subject=version.subject or "",
        body=version.body or "",
        html=version.html or "",
        content_sid=version.content_sid,
        content_variables=version.content_variables or {},
    )


class MessageTemplateVersionScreen(Screen):
    """The wordings of templates; none is ever changed."""

    model = MessageTemplateVersion
    area = MARKETING
    icon = "versions"
    label, one = _l("Wordings"), _l("Wording")
    help = _l(
        "What templates say, each change as a new version."
        " Sendings keep the one they went out with."
    )
    menu = False
    list_columns = ("number", "message_template", "subject", "created_at")
    filters = ("message_template",)
    order = ("id", "desc")
    sections = (
        (_l("Wording"), ("message_template", "number", "subject", "html", "body")),
        (_l("WhatsApp"), ("content_sid", "content_variables")),
    )
    read_only = ("number",)
    edits = archives = False
    on_add = save_version
    api = True


def _on_dispatch(operation: Any) -> Any:
    def act(session: Session, dispatch: Any, /, *, by: int | None, at: datetime) -> object:
        return operation(session, dispatch)

    return act


def _can(to: DispatchStatus) -> Any:
    def when(dispatch: Any) -> bool:
        single = dispatch.kind is DispatchKind.TRANSACTIONAL
        possible = can_move(dispatch.status, MOVES, to)
        return possible and not (single and to is DispatchStatus.CANCELLED)

    return when


class DispatchScreen(Screen):
    """Everything that goes out, whoever ordered it."""

    model = Dispatch
    area = MARKETING
    icon = "send"
    label, one = _l("Sendings"), _l("Sending")
    help = _l("Campaigns, tests and single messages, with what became of them.")
    empty = _l("Nothing was sent yet.")
    list_columns = (
        "id",
        "kind",
        "channel",
        "purpose",
        "status",
        "audience",
        "send_at",
        "finished_at",
    )
    phone_columns = ("id", "kind", "status", "audience", "send_at")
    filters = ("status", "send_at", "created_at")
    order = ("created_at", "desc")
    sections = (
        (
            _l("Sending"),
            ("kind", "channel", "purpose", "message_template_version.subject", "audience"),
        ),
        (_l("State"), ("status", "status_reason", "status_text")),
        (_l("Time"), ("send_at", "started_at", "finished_at", "rate_cap", "uncertain_policy")),
    )
    adds = edits = archives = False
    actions_on = {
        "pause": RecordAction(
            _on_dispatch(operations.pause),
            _l("Pause"),
            icon="player-pause",
            confirm=_l("What is on its way arrives; everybody else waits until you go on."),
            done=_l("It is paused."),
            when=_can(DispatchStatus.PAUSED),
        ),
        "resume": RecordAction(
            _on_dispatch(operations.resume),
            _l("Go on"),
            icon="player-play",
            done=_l("It goes on."),
            when=lambda one: one.status is DispatchStatus.PAUSED,
        ),
        "cancel": RecordAction(
            _on_dispatch(operations.cancel),
            _l("Cancel what is left"),
            icon="ban",
            danger=True,
            confirm=_l("Whoever was not written to yet never will be. This cannot be taken back."),
            done=_l("It is cancelled."),
            when=_can(DispatchStatus.CANCELLED),
        ),
    }
    api = True


def _for_everybody() -> Any:
    """Leave out the mails that open a door, should one lie here: staff must not use its link."""
    house = (
        select(Dispatch.id)
        .join(MessageTemplateVersion, Dispatch.message_template_version)
        .where(of_the_house())
    )
    return OutboxMessage.dispatch_id.not_in(house)


class OutboxScreen(Screen):
    """What would have been sent, had there been a provider."""

    model = OutboxMessage
    area = MARKETING
    icon = "inbox"
    label, one = _l("Outbox (not sent)"), _l("Message in the outbox")
    help = _l(
        "None of these was sent: no mail server and no Twilio account is set up. Nobody got them."
    )
    empty = _l("Nothing lies here: messages go out by a provider, or none was written.")
    list_columns = ("created_at", "channel", "address", "subject", "dispatch")
    filters = ("dispatch", "created_at")
    order = ("created_at", "desc")
    sections = (
        (_l("Not sent"), ("channel", "address", "created_at", "dispatch")),
        (_l("Message"), ("subject", "body", "html")),
    )
    where = _for_everybody
    adds = edits = archives = False

    @expose("/show/<int:pk>")
    @needs("read")
    def show(self, pk: int) -> Any:
        """One message, said to be unsent. Its HTML is shown as the source that it is."""
        session = db.session()
        found = load_or_404(self, session, pk, *eager(self))
        note = Note(_("This was not sent and reached nobody."), "warn", "inbox")
        return render_template("tresen/show.html", page=show_page(self, session, found, [note]))


class SuppressForm(Form):  # type: ignore[misc]  # WTForms is untyped
    """An address that shall get nothing more."""

    channel = SelectField(
        _l("Channel"),
        choices=[SelectChoice(value, label) for value, label in MessageChannel.options()],
    )
    address = StringField(
        _l("Address"),
        [InputRequired(_l("Write the address.")), Length(max=320)],
        description=_l("An email address, or a phone number with its country code."),
    )
    source = StringField(_l("Why"), [InputRequired(_l("Say why.")), Length(max=200)])


class LiftForm(Form):  # type: ignore[misc]  # WTForms is untyped
    """Why an address may be written to again."""

    reason = StringField(
        _l("Why"),
        [InputRequired(_l("Say why.")), Length(max=200)],
        description=_l("Like: asked by phone on 3 May to get the news again. It is kept."),
    )


def _lift(
    session: Session, found: Suppression, /, *, by: int | None, at: datetime, reason: str
) -> None:
    lift(session, found, reason=reason)


def suppress_by_hand(
    session: Session, channel: MessageChannel, address: str, words: str
) -> tuple[bytes, bool]:
    """Let nothing more go to an address; return its fingerprint, and whether that is new."""
    kind = "email" if channel is MessageChannel.EMAIL else "phone"
    try:
        hashed = address_hash(kind, normalise(kind, address))  # type: ignore[arg-type]
    except Invalid as error:
        error.field = "address"
        raise
    reason = SuppressionReason.MANUAL
    return hashed, bool(operations.suppress(session, channel, hashed, reason, source=words))


class SuppressionScreen(Screen):
    """Addresses that nothing is sent to, kept as fingerprints."""

    model = Suppression
    area = MARKETING
    icon = "ban"
    label, one = _l("Suppressed addresses"), _l("Suppressed address")
    help = _l(
        "Nothing goes to these, whatever a campaign says."
        " Kept as fingerprints that outlive the client."
    )
    list_columns = ("created_at", "channel", "reason", "source", "expires_at")
    filters = ("reason", "created_at")
    order = ("created_at", "desc")
    sections = (
        (_l("Suppressed address"), ("channel", "reason", "source", "expires_at", "created_at")),
    )
    read_only = ("channel", "reason", "source", "created_at")
    edits = archives = False
    page_actions = {
        "lift": RecordAction(
            _lift,
            _l("Lift"),
            done=_l("It may be written to again, as far as the client agreed."),
            parameters=(ActionParameter("reason", _l("Why"), required=True),),
        )
    }

    def permissions(self) -> list[str]:
        """Return the usual ones and lifting."""
        return [*super().permissions(), "lift"]

    @expose("/add", methods=["GET", "POST"])
    @needs("write")
    def add(self) -> Any:
        """Suppress an address by hand."""
        form, error, status = SuppressForm(request.form), None, 200
        if request.method == "POST":
            try:
                if form.validate():
                    return self._suppress(form)
                status = 422
            except CrmError as refused:
                error, status = refused, refused.status
        fields = [Field(form.channel), Field(form.address, "half"), Field(form.source, "full")]
        return self._form(
            _("Suppress an address"), fields, error, _("Suppress"), self.list_url()
        ), status

    def _suppress(self, form: Any) -> Any:
        channel = MessageChannel(form.channel.data)
        words = form.source.data.strip()
        _hash, news = suppress_by_hand(db.session(), channel, form.address.data, words)
        flash(_("It gets nothing more.") if news else _("It was suppressed before."), "success")
        return redirect(self.list_url())

    @expose("/show/<int:pk>")
    @needs("read")
    def show(self, pk: int) -> Any:
        """One of them, with the way to lift it."""
        session = db.session()
        found = load_or_404(self, session, pk)
        page = show_page(self, session, found)
        if self.may("lift"):
            action = Action(_("Lift"), self.url("lift", pk), "lock-open")
            page = _with_action(page, action)
        return render_template("tresen/show.html", page=page)

    @expose("/lift/<int:pk>", methods=["GET", "POST"])
    @needs("lift")
    def lift(self, pk: int) -> Any:
        """Let the address be written to again, with the reason."""
        session = db.session()
        found = load_or_404(self, session, pk)
        form, status = LiftForm(request.form), 200
        if request.method == "POST":
            if form.validate():
                lift(session, found, reason=form.reason.data.strip())
                flash(_("It may be written to again, as far as the client agreed."), "success")
                return redirect(self.list_url())
            status = 422
        page = self._form(
            _("Lift the suppression"),
            [Field(form.reason, "full")],
            None,
            _("Lift"),
            self.url("show", pk),
        )
        return page, status

    def _form(
        self, title: str, fields: list[Field], error: CrmError | None, save: str, back: str
    ) -> str:
        page = FormPage(
            title=title,
            crumbs=[Link(self.area.label), Link(self.label, self.list_url())],
            sections=[FormSection(title, fields)],
            errors=[FormError(str(words_of(error)))] if error else (),
            save_label=save,
            discard_url=back,
        )
        return render_template("tresen/form.html", page=page)


def _with_action(page: Any, action: Action) -> Any:
    return replace(page, actions=[*page.actions, action])


ALL = [
    MessageTemplateScreen,
    MessageTemplateVersionScreen,
    DispatchScreen,
    OutboxScreen,
    SuppressionScreen,
]
