"""Writing templates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.kit.errors import Invalid
from app.messages.choices import MessageChannel, MessagePurpose
from app.messages.engine.html_text import text_of_html
from app.messages.engine.render import check
from app.messages.models import MessageTemplate, MessageTemplateVersion
from app.messages.queries import known_variables

# Known to every template, whatever the clients tell.
SYSTEM_VARIABLES = frozenset({"unsubscribe_url", "company"})
_LONGEST_SMS = 1600
_CONTENT = re.compile("HX[0-9a-fA-F]{32}", re.ASCII)
_NUMBER = re.compile("[1-9][0-9]?", re.ASCII)


def make_template(
    session: Session,
    name: str,
    channel: MessageChannel,
    purpose: MessagePurpose = MessagePurpose.MARKETING,
) -> MessageTemplate:
    """Return a new template, still without wording."""
    template = MessageTemplate(name=name, channel=channel, purpose=purpose)
    session.add(template)
    session.flush()
    return template


def content_sid_of(text: str | None) -> str | None:
    """Return the number of a template at Twilio as it is kept. Raises Invalid for what is none."""
    found = (text or "").strip()
    if found and not _CONTENT.fullmatch(found):
        raise Invalid(
            _l("The number at Twilio is HX and 32 digits or letters from a to f."),
            field="content_sid",
        )
    return found or None


def content_variables_of(found: Any) -> dict[str, str]:
    """Return the texts of a template at Twilio by their numbers. Raises Invalid for others."""
    if found is None:
        return {}
    if not isinstance(found, Mapping) or not all(
        _NUMBER.fullmatch(str(number)) and isinstance(source, str)
        for number, source in found.items()
    ):
        raise Invalid(_l("Write each number with its text."), field="content_variables")
    return {str(number): source for number, source in found.items()}


def save_wording(
    session: Session,
    template: MessageTemplate,
    *,
    subject: str = "",
    body: str = "",
    html: str = "",
    content_sid: str | None = None,
    content_variables: Mapping[str, str] | None = None,
    variables: frozenset[str] = frozenset(),
) -> MessageTemplateVersion:
    """Return a new version of the wording. Earlier ones stay as they were sent.

    `variables` are those that this template's sender gives besides the clients' own. Raises Invalid
    for an unknown variable, a missing part or a text that is too long.
    """
    known = frozenset(known_variables()) | SYSTEM_VARIABLES | variables
    content_sid, numbered = content_sid_of(content_sid), content_variables_of(content_variables)
    if template.channel is MessageChannel.EMAIL:
        # Before anything is made of it.
        check(html, known, html=True, field="html")
        body, html = _mail_parts(template, subject, body, html)
    elif not body and not content_sid:
        raise Invalid(_l("Write a text."), field="body")
    elif len(body) > _LONGEST_SMS:
        raise Invalid(_l("At most 1,600 characters fit."), field="body")
    used = check(subject, known, field="subject") | check(body, known, field="body")
    used |= check(html, known, html=True, field="html")
    for source in numbered.values():
        used |= check(source, known, field="content_variables")
    version = MessageTemplateVersion(
        message_template=template,
        number=_next_number(session, template),
        subject=subject,
        body=body,
        html=html,
        variables=sorted(used),
        content_sid=content_sid,
        content_variables=numbered,
    )
    session.add(version)
    session.flush()
    return version


def _mail_parts(template: MessageTemplate, subject: str, body: str, html: str) -> tuple[str, str]:
    if not subject.strip():
        raise Invalid(_l("Write a subject."), field="subject")
    if not html.strip():
        raise Invalid(_l("Write a text."), field="html")
    if template.purpose is not MessagePurpose.TRANSACTIONAL and "unsubscribe_url" not in html:
        html = with_way_out(html)
    return body or text_of_html(html), html


def with_way_out(html: str) -> str:
    """Add the link that advertising must have, at the end of the mail."""
    link = f'<p><a href="{{{{ unsubscribe_url }}}}">{_("Unsubscribe")}</a></p>'
    head, end, rest = html.rpartition("</body>")
    return f"{head}{link}{end}{rest}" if end else f"{html}{link}"


def _next_number(session: Session, template: MessageTemplate) -> int:
    session.refresh(template, with_for_update={"of": MessageTemplate})
    last = session.scalar(
        select(func.max(MessageTemplateVersion.number)).where(
            MessageTemplateVersion.message_template_id == template.id
        )
    )
    return (last or 0) + 1
