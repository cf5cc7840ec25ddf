"""By which provider a company's messages go: its own settings, else those of the installation."""

import re
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Protocol

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.kit import settings
from app.kit.email_address import normalise_email
from app.kit.errors import Invalid
from app.kit.mailbox import read_mailbox
from app.kit.outgoing import check_host
from app.kit.settings import Setting
from app.messages.choices import MessageChannel
from app.messages.engine.mime import FromAddress
from app.messages.engine.smtp import SmtpUrl, SmtpUrlError
from app.messages.engine.text_message import TwilioAccount

_ACCOUNT = re.compile("AC[0-9a-fA-F]{32}", re.ASCII)
_SERVICE = re.compile("MG[0-9a-fA-F]{32}", re.ASCII)
# Also a short code, which has no country.
_NUMBER = re.compile(r"\+[1-9][0-9]{5,14}|[0-9]{5,6}", re.ASCII)
_NAME = re.compile("[A-Za-z0-9](?:[A-Za-z0-9 +&_-]{0,9}[A-Za-z0-9])?", re.ASCII)
_SECRET = re.compile("[A-Za-z0-9_-]{1,200}", re.ASCII)
_WHATSAPP = "whatsapp:"


class Installation(Protocol):
    """What of the configuration messages need."""

    @property
    def public_url(self) -> str: ...
    @property
    def smtp_url(self) -> str | None: ...
    @property
    def mail_from(self) -> str: ...
    @property
    def twilio_account_sid(self) -> str | None: ...
    @property
    def twilio_auth_token(self) -> str | None: ...
    @property
    def twilio_api_base(self) -> str | None: ...


def _relay(text: str) -> str:
    try:
        return text if not text or SmtpUrl.parse(text) else ""
    except SmtpUrlError as error:
        raise Invalid(str(error), field="smtp_url") from error


def _outside(text: str) -> None:
    if text:
        url = SmtpUrl.parse(text)
        check_host(url.host, url.port)


def _sender(text: str) -> str:
    if text:
        read_mailbox(text)
    return text


def _mailbox(text: str) -> str:
    return normalise_email(text) if text else ""


def _account(text: str) -> str:
    """Take what Twilio gives out and nothing else: it becomes a part of addresses."""
    if text and not _ACCOUNT.fullmatch(text):
        raise Invalid(_l("A Twilio account is AC and 32 digits or letters from a to f."))
    return text


def _sms_sender(text: str) -> str:
    if text and not (_NUMBER.fullmatch(text) or _SERVICE.fullmatch(text) or _is_name(text)):
        raise Invalid(
            _l(
                "Write a number like +4930123456, a service (MG…), or a name of at most 11 letters"
                " and digits."
            )
        )
    return text


def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None and any(sign.isalpha() for sign in text)


def _whatsapp_sender(text: str) -> str:
    bare = text.removeprefix(_WHATSAPP)
    if text and not (_NUMBER.fullmatch(bare) or _SERVICE.fullmatch(text)):
        raise Invalid(_l("Write a number like +4930123456, or a service (MG…)."))
    return text


def _check_token(text: str) -> None:
    if text and not _SECRET.fullmatch(text):
        raise Invalid(_l("A Twilio token is of letters and digits."))


SMTP_URL = settings.define(
    Setting(
        "smtp_url",
        str,
        "",
        _l("Mail server"),
        "messages",
        secret=True,
        check=_relay,
        before_put=_outside,
    )
)
MAIL_FROM = settings.define(
    Setting(
        "mail_from",
        str,
        "",
        _l("Sender of emails"),
        "messages",
        _l("Like: Tea House <news@example.com>"),
        check=_sender,
    )
)
REPLY_TO = settings.define(
    Setting("reply_to", str, "", _l("Answers go to"), "messages", check=_mailbox)
)
TWILIO_SID = settings.define(
    Setting("twilio_account_sid", str, "", _l("Twilio account"), "messages", check=_account)
)
TWILIO_TOKEN = settings.define(
    Setting(
        "twilio_auth_token",
        str,
        "",
        _l("Twilio token"),
        "messages",
        secret=True,
        before_put=_check_token,
    )
)
SMS_SENDER = settings.define(
    Setting("sms_sender", str, "", _l("SMS number or service"), "messages", check=_sms_sender)
)
WHATSAPP_SENDER = settings.define(
    Setting("whatsapp_sender", str, "", _l("WhatsApp number"), "messages", check=_whatsapp_sender)
)


@dataclass(frozen=True)
class Route:
    """How a sending leaves. Neither relay nor account: into the built-in outbox."""

    public_url: str
    sender: FromAddress
    relay: SmtpUrl | None = None
    account: TwilioAccount | None = None
    number: str = ""

    @property
    def to_outbox(self) -> bool:
        return self.relay is None and self.account is None


def route(session: Session, channel: MessageChannel, at: Installation) -> Route:
    """Return how this company's messages leave by `channel`."""
    if channel is MessageChannel.EMAIL:
        return _mail(session, at)
    sid = settings.get(session, TWILIO_SID)
    token = settings.get(session, TWILIO_TOKEN) if sid else at.twilio_auth_token
    sid = sid or at.twilio_account_sid or ""
    whatsapp = channel is MessageChannel.WHATSAPP
    number = settings.get(session, WHATSAPP_SENDER if whatsapp else SMS_SENDER)
    if not (sid and token and number):
        return Route(at.public_url, FromAddress(""))
    if whatsapp and not number.startswith((_WHATSAPP, "MG")):
        number = f"{_WHATSAPP}{number}"
    account = TwilioAccount(sid, token, at.twilio_api_base or "")
    return Route(at.public_url, FromAddress(""), account=account, number=number)


def _mail(session: Session, at: Installation) -> Route:
    name, address = parseaddr(settings.get(session, MAIL_FROM) or at.mail_from)
    sender = FromAddress(address, name, settings.get(session, REPLY_TO))
    own = settings.get(session, SMTP_URL)
    url = own or at.smtp_url
    relay = SmtpUrl.parse(url, trusted=not own) if url else None
    return Route(at.public_url, sender, relay=relay)
