"""One message to one client, from the client's card, and what they were written so far."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_appbuilder import BaseView
from flask_appbuilder.baseviews import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import Form, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from app.campaigns import operations
from app.campaigns.operations.content import Message
from app.campaigns.screens import preparing
from app.clients.models import Client
from app.kit.access import may
from app.kit.database.session import db
from app.kit.errors import Invalid, NotFound
from app.kit.rights import word, words_of
from app.kit.screens import ActionParameter, Panel, RecordAction
from app.kit.screens.areas import CLIENTS
from app.kit.screens.authorization import needs
from app.kit.screens.pages import (
    Action,
    Card,
    Cell,
    Column,
    Field,
    FormError,
    FormPage,
    FormSection,
    HtmlCard,
    Link,
    Note,
    Row,
    TableCard,
)
from app.kit.screens.paging import BIGGEST_ID
from app.kit.screens.saving import attempted
from app.kit.screens.screen_registry import screen_of_model
from app.messages.choices import MessageChannel, MessagePurpose
from app.messages.models import Dispatch, DispatchRecipient
from app.messages.queries import route

VIEW = "ClientMessage"
MOST_SHOWN = 50

word(
    "read",
    VIEW,
    area=CLIENTS.name,
    label=_l("See which messages a client got"),
    description=_l("By email, SMS and WhatsApp, with what became of them."),
)
word(
    "write",
    VIEW,
    area=CLIENTS.name,
    label=_l("Write a message to a client"),
    description=_l("By email, SMS or WhatsApp, as far as the client agreed to it."),
)


class WriteForm(Form):  # type: ignore[misc]  # WTForms is untyped
    """One message."""

    purpose = SelectField(
        _l("Purpose"),
        choices=[SelectChoice(value, label) for value, label in MessagePurpose.options()],
        default=MessagePurpose.TRANSACTIONAL.value,
        description=_l("Decides whose consent is needed."),
    )
    subject = StringField(_l("Subject"), [Length(max=500)])
    text = TextAreaField(
        _l("Text"), [InputRequired(_l("Write a text.")), Length(max=20_000)], render_kw={"rows": 8}
    )


class ClientMessageView(BaseView):  # type: ignore[misc]  # Flask-AppBuilder is untyped
    """The form behind “Write” on a client's card."""

    route_base = "/client-messages"
    default_view = "write"
    class_permission_name = VIEW
    base_permissions = ("can_read", "can_write")
    view = VIEW

    @expose("/write/<int:pk>/<channel>", methods=["GET", "POST"])
    @needs("write")
    def write(self, pk: int, channel: str) -> Any:
        """Ask for the words; send them to the client's main address."""
        session = db.session()
        client = _client(session, pk)
        if channel not in set(MessageChannel):
            raise NotFound
        by = MessageChannel(channel)
        form, errors, status = WriteForm(request.form), [], 200
        if by is not MessageChannel.EMAIL:
            del form.subject
        if request.method == "POST":
            refused = self._send(session, client, by, form)
            if refused is None:
                flash(_("The message is on its way."), "success")
                return redirect(_card_of(client))
            client = _client(session, pk)
            status = refused.status
            errors = [] if form.errors else [FormError(str(words_of(refused)))]
        return render_template(
            "tresen/form.html", page=_page(session, client, by, form, errors)
        ), status

    def _send(self, session: Session, client: Client, by: MessageChannel, form: Any) -> Any:
        if not form.validate():
            return Invalid()
        message = Message(
            by,
            MessagePurpose(form.purpose.data),
            subject=form.subject.data if by is MessageChannel.EMAIL else "",
            text=form.text.data.replace("\r\n", "\n"),
        )
        refused = attempted(lambda: operations.write_to_client(session, client, message))
        if refused is not None:
            session.expire_all()
        return refused


def _write(
    session: Session,
    client: Client,
    /,
    *,
    by: int | None,
    at: datetime,
    channel: str,
    text: str,
    purpose: str = MessagePurpose.TRANSACTIONAL.value,
    subject: str = "",
) -> None:
    """Do what the form does, for programs."""
    way = MessageChannel(channel)
    said = subject if way is MessageChannel.EMAIL else ""
    message = Message(way, MessagePurpose(purpose), subject=said, text=text)
    operations.write_to_client(session, client, message)


WRITE = RecordAction(
    _write,
    _l("Write"),
    done=_l("The message is on its way."),
    needs=("write", VIEW),
    parameters=(
        ActionParameter("channel", _l("Channel"), required=True, values=tuple(MessageChannel)),
        ActionParameter("purpose", _l("Purpose"), values=tuple(MessagePurpose)),
        ActionParameter("subject", _l("Subject"), longest=500),
        ActionParameter("text", _l("Text"), required=True, longest=20_000),
    ),
)


def _client(session: Session, pk: int) -> Client:
    found = session.get(Client, pk) if 0 < pk <= BIGGEST_ID else None
    if found is None or found.archived_at is not None:
        raise NotFound
    return found


def _card_of(client: Client) -> str:
    screen = screen_of_model(Client)
    return screen.url("show", client.id) if screen is not None and screen.may("read") else "/"


def _page(
    session: Session, client: Client, by: MessageChannel, form: Any, errors: list[FormError]
) -> FormPage:
    fields = [Field(form.purpose, "half")]
    if by is MessageChannel.EMAIL:
        fields.append(Field(form.subject, "full"))
    fields.append(Field(form.text, "full"))
    notes = []
    if route(session, by, current_app.config["CRM"]).to_outbox:
        words = _(
            "No provider is set up for %(channel)s: messages go to the outbox and reach nobody.",
            channel=by.label,
        )
        notes.append(Note(words, "warn", "inbox"))
    names = "".join(f"{{{{ {name} }}}}\n" for name in preparing.variables())
    return FormPage(
        title=_("%(channel)s to %(client)s", channel=by.label, client=client.name),
        crumbs=[Link(_("Clients")), Link(client.name, _card_of(client))],
        notes=notes,
        sections=[FormSection(_("Message"), fields)],
        errors=errors,
        save_label=_("Send"),
        discard_url=_card_of(client),
        aside=[HtmlCard(_("Variables"), preparing.lines_of(names.strip()))],
    )


def draw(session: Session, client: Any) -> list[Card]:
    """Return what a client was written, newest first, and the ways to write."""
    rows = session.execute(
        select(DispatchRecipient, Dispatch.channel, Dispatch.purpose, Dispatch.created_at)
        .join(Dispatch, Dispatch.id == DispatchRecipient.dispatch_id)
        .where(DispatchRecipient.client_id == client.id)
        .order_by(DispatchRecipient.dispatch_id.desc(), DispatchRecipient.ord.desc())
        .limit(MOST_SHOWN)
    ).all()
    found = []
    for one, channel, purpose, created in rows:
        state: Any = one.skip_reason or one.state
        tone: Any = one.state.tone
        cells = [
            Cell(one.done_at or created),
            Cell(channel.label),
            Cell(purpose.label),
            Cell(one.state.label, tone=tone),
            Cell(state.label if one.skip_reason else ""),
        ]
        found.append(Row(f"{one.dispatch_id}-{one.ord}", cells, label=str(channel.label)))
    columns = [
        Column("at", _("Time"), "datetime"),
        Column("channel", _("Channel")),
        Column("purpose", _("Purpose")),
        Column("state", _("State"), "badge"),
        Column("why", _("Why left out")),
    ]
    actions = []
    if may("write", VIEW) and client.archived_at is None:
        for channel, icon in _ICONS.items():
            url = url_for("ClientMessageView.write", pk=client.id, channel=channel.value)
            actions.append(Action(channel.label, url, icon))
    return [
        TableCard(
            _("Messages"), columns, found, empty=_("Nothing was written yet."), actions=actions
        )
    ]


_ICONS = {
    MessageChannel.EMAIL: "mail",
    MessageChannel.SMS: "message",
    MessageChannel.WHATSAPP: "brand-whatsapp",
}
TAB = Panel("messages", _l("Messages"), draw, needs=("read", VIEW))
