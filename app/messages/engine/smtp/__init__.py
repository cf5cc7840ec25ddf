"""A pipelined SMTP client: one round trip per message, every reply checked, every outcome named."""

from app.messages.engine.smtp.connection import RelayRefused, Timeouts
from app.messages.engine.smtp.message import Outgoing, UnsafeAddress, outgoing
from app.messages.engine.smtp.pool import SmtpPool
from app.messages.engine.smtp.url import SmtpUrl, SmtpUrlError

__all__ = [
    "Outgoing",
    "RelayRefused",
    "SmtpPool",
    "SmtpUrl",
    "SmtpUrlError",
    "Timeouts",
    "UnsafeAddress",
    "outgoing",
]
