"""API keys: some of their maker's rights for a machine. A key is shown once, kept nowhere."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.company.models import ApiKey
from app.company.operations.privileges import check_reach, check_rights
from app.kit.access import Reader, Right
from app.kit.errors import Conflict, Invalid, Refused
from app.kit.security.auth_functions import hash_of

PREFIX = "tk_"


def make_key(
    session: Session,
    *,
    name: str,
    scopes: Collection[Right],
    by: Reader,
    at: datetime,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key and give it with its text. Raises NotYours for more than the maker's rights."""
    if by.membership_id is None or by.api_key_id is not None:
        raise Refused(_("Only people can make keys."))
    if not name.strip():
        raise Invalid(_("Say what will use the key."), field="name")
    if not scopes:
        raise Invalid(_("Choose at least one right."), field="scopes")
    if expires_at is not None and expires_at <= at:
        raise Invalid(_("This day is over already."), field="expires_at")
    check_rights(by, scopes)
    token = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(
        name=name.strip(),
        prefix=token[:9],
        key_hash=hash_of(token),
        scopes=sorted(f"{permission} {view}" for permission, view in scopes),
        membership_id=by.membership_id,
        expires_at=expires_at,
    )
    session.add(key)
    session.flush()
    return key, token


def revoke_key(session: Session, key: ApiKey, *, by: Reader, at: datetime) -> ApiKey:
    """Make a key worthless at once. Raises NotYours for that of somebody stronger."""
    check_reach(session, by, key)
    if key.revoked_at is not None:
        raise Conflict(_("This key is revoked already."))
    key.revoked_at = at
    session.flush()
    return key
