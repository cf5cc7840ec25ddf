"""Public links: a signed value that carries company and id, for pages read without signing in.

Short, since it also goes into text messages: three numbers in base 36 and 128 bits of HMAC. The
purpose is part of the signature: a link that shows an invoice does not unsubscribe anybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from flask_babel import lazy_gettext as _l
from itsdangerous import BadSignature, Signer
from itsdangerous.signer import HMACAlgorithm

from app.kit import clock
from app.kit.errors import CrmError, NotFound

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class LinkExpired(CrmError):
    status = 410
    default_message = _l("This link has expired. Please ask for a new one.")


class LinkBroken(NotFound):
    default_message = _l("This link is not complete. Please open it again from the message.")


@dataclass(frozen=True, slots=True)
class SignedLink:
    """What a valid link points to."""

    company_id: int
    id: int
    expires_at: datetime | None


class _Short(HMACAlgorithm):
    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return super().get_signature(key, value)[:16]


_keys: list[str] = []


def use_keys(keys: Sequence[str]) -> None:
    """Set the keys of this process, newest first: it signs with that one and accepts all."""
    if not keys or not all(keys):
        raise ValueError("Signing needs at least one key.")
    _keys[:] = reversed(keys)
    _signer.cache_clear()


def sign_link(
    purpose: str, company_id: int, object_id: int, *, expires_at: datetime | None = None
) -> str:
    """Return the value to put into a public address. It is safe in a URL as it is."""
    until = 0 if expires_at is None else int(expires_at.timestamp())
    value = ".".join(_base36(number) for number in (company_id, object_id, until))
    return _signer(purpose).sign(value).decode()


def read_link(purpose: str, token: str) -> SignedLink:
    """Return what the link points to.

    Raises LinkBroken for any change in it, LinkExpired after its time.
    """
    try:
        value = _signer(purpose).unsign(token).decode()
    except (BadSignature, UnicodeError) as error:
        raise LinkBroken from error
    company_id, object_id, until = (int(part, 36) for part in value.split("."))
    expires_at = datetime.fromtimestamp(until, UTC) if until else None
    if expires_at is not None and clock.now() >= expires_at:
        raise LinkExpired
    return SignedLink(company_id, object_id, expires_at)


@cache  # a campaign signs a link a message; making the signer was half of that
def _signer(purpose: str) -> Signer:
    if not _keys:
        raise RuntimeError("No keys yet: call create_app() or use_keys() first.")
    return Signer(
        _keys,
        salt="link " + purpose,
        key_derivation="hmac",
        algorithm=_Short(_Short.default_digest_method),
    )


def _base36(number: int) -> str:
    if number < 0:
        raise ValueError("Ids in links are not negative.")
    digits = ""
    while True:
        number, last = divmod(number, 36)
        digits = _DIGITS[last] + digits
        if not number:
            return digits
