"""Templates: a name, and versions that never change once they were used."""

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kit.choices import choice
from app.kit.database.model import Business, Ledger, Model, fold_of, link, sort_indexes
from app.messages.choices import MessageChannel, MessagePurpose

CONTENT_VARIABLES = {
    "label": _l("WhatsApp variables"),
    "help": _l("What stands at each number of the template. Variables work as in a text."),
    "format": "pairs",
    "pairs": (_l("Number"), _l("Text")),
}
"""`info` of a column with them: {"1": "{{ first_name }}"}."""


class MessageTemplate(Business, Model):
    """A message that is written once and sent to many."""

    __tablename__ = "message_template"
    __table_args__ = (
        UniqueConstraint("company_id", "channel", "name"),
        CheckConstraint("name <> ''", name="name_given"),
        *sort_indexes("name_fold", "channel", "purpose", "created_at", "changed_at"),
        {"info": {"label": _l("Template")}},
    )

    name: Mapped[str] = mapped_column(
        Text, info={"label": _l("Name"), "help": _l("Seen by your staff only.")}
    )
    name_fold: Mapped[str] = fold_of("name")
    channel: Mapped[MessageChannel] = choice(MessageChannel, info={"label": _l("Channel")})
    purpose: Mapped[MessagePurpose] = choice(
        MessagePurpose,
        default=MessagePurpose.MARKETING,
        server_default=MessagePurpose.MARKETING.value,
        info={"label": _l("Purpose"), "help": _l("Decides whose consent is needed.")},
    )

    def __str__(self) -> str:
        return self.name


class MessageTemplateVersion(Ledger, Model):
    """One wording of a template. Sendings refer to it, so it never changes."""

    __tablename__ = "message_template_version"
    __table_args__ = (
        UniqueConstraint("company_id", "message_template_id", "number"),
        CheckConstraint("number > 0", name="number"),
        {"info": {"label": _l("Wording"), "append_only": True}},
    )

    message_template_id: Mapped[int] = link(
        "message_template", index=False, info={"label": _l("Template")}
    )
    message_template: Mapped[MessageTemplate] = relationship(foreign_keys=message_template_id)
    number: Mapped[int] = mapped_column(info={"label": _l("Version")})
    subject: Mapped[str] = mapped_column(
        Text, server_default=text("''"), info={"label": _l("Subject")}
    )
    body: Mapped[str] = mapped_column(
        Text,
        server_default=text("''"),
        info={
            "label": _l("Text"),
            "help": _l("For emails: the part without layout."),
            "format": "long",
        },
    )
    html: Mapped[str] = mapped_column(
        Text,
        server_default=text("''"),
        info={"label": _l("Email as HTML"), "format": "long"},
    )
    variables: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default=text("'{}'"), info={"label": _l("Variables")}
    )
    content_sid: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("WhatsApp template"), "help": _l("Its number at Twilio, HX….")}
    )
    content_variables: Mapped[dict[str, Any]] = mapped_column(
        JSONB,
        server_default=text("'{}'"),
        info=dict(CONTENT_VARIABLES),
    )

    def __str__(self) -> str:
        return f"{self.number}"
