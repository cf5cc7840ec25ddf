"""People of a company: invited, given roles and stores, let out. Never their password."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from app.company.models import (
    Invitation,
    Membership,
    Person,
    UserSession,
    membership_role,
    membership_store,
)
from app.company.operations.privileges import (
    check_reach,
    check_roles,
    check_stores,
    somebody_in_charge,
    stores_of,
)
from app.company.queries import roles_of
from app.kit.access import Reader
from app.kit.account_mail import can_deliver
from app.kit.email_address import normalise_email
from app.kit.errors import Conflict, Invalid
from app.kit.jobs import defer
from app.kit.security import reset
from app.kit.security.addresses import public_url
from app.kit.security.auth_functions import hash_of, new_token

VALID_FOR = timedelta(days=7)


def set_roles(
    session: Session, membership: Membership, role_ids: Collection[int], *, by: Reader, at: datetime
) -> None:
    """Give exactly these roles. Raises NotYours, NotFound, LastAdministrator."""
    with somebody_in_charge(session):
        check_reach(session, by, membership)
        present = {role.id for role in roles_of(session, membership)}
        wanted = set(role_ids)
        check_roles(session, by, present ^ wanted)
        if gone := present - wanted:
            session.execute(
                delete(membership_role).where(
                    membership_role.c.membership_id == membership.id,
                    membership_role.c.role_id.in_(gone),
                )
            )
            _withdraw_offers(session, membership, at)
        if new := wanted - present:
            rows = [{"membership_id": membership.id, "role_id": one} for one in sorted(new)]
            session.execute(insert(membership_role), rows)
        membership.changed_at = at


def set_stores(
    session: Session,
    membership: Membership,
    *,
    all_stores: bool,
    store_ids: Collection[int] = (),
    by: Reader,
    at: datetime,
) -> None:
    """Open all stores or exactly these. Raises Invalid for none, Refused, LastAdministrator."""
    with somebody_in_charge(session):
        check_reach(session, by, membership)
        present = stores_of(session, membership)
        wanted = set() if all_stores else set(store_ids)
        if (all_stores, wanted) == (membership.all_stores, present):
            return
        if not all_stores and not wanted:
            raise Invalid(_("Name at least one store, or open all."), field="store_ids")
        check_stores(by, all_stores=all_stores, store_ids=wanted)
        if gone := present - wanted:
            session.execute(
                delete(membership_store).where(
                    membership_store.c.membership_id == membership.id,
                    membership_store.c.store_id.in_(gone),
                )
            )
        if not all_stores and (gone or membership.all_stores):
            _withdraw_offers(session, membership, at)
        if new := wanted - present:
            rows = [{"membership_id": membership.id, "store_id": one} for one in sorted(new)]
            session.execute(insert(membership_store), rows)
        membership.all_stores = all_stores
        membership.changed_at = at


def deactivate(session: Session, membership: Membership, *, by: Reader, at: datetime) -> None:
    """Close the company to somebody; their sessions, keys and invitations end at once."""
    with somebody_in_charge(session):
        check_reach(session, by, membership)
        membership.active = False
        _withdraw_offers(session, membership, at)
        session.flush()


def link_employee(
    session: Session, membership: Membership, *, by: Reader, at: datetime
) -> Membership:
    """Let a membership say which employee it is. Raises NotYours for somebody stronger."""
    check_reach(session, by, membership)
    session.flush()
    return membership


def _withdraw_offers(session: Session, membership: Membership, at: datetime) -> None:
    """Let nobody offer to a second address of theirs what they are about to lose."""
    session.execute(
        update(Invitation)
        .where(Invitation.created_by == membership.user_id, *_is_open())
        .values(revoked_at=at)
    )


def reactivate(session: Session, membership: Membership, *, by: Reader, at: datetime) -> None:
    """Open the company again to somebody. Raises NotYours for roles beyond the reader's."""
    check_reach(session, by, membership)
    membership.active = True
    session.flush()


def end_sessions(
    session: Session, membership: Membership, *, by: Reader, at: datetime, only: int | None = None
) -> int:
    """End a member's sessions in this company, or one of them; give how many ended."""
    check_reach(session, by, membership)
    which = [UserSession.membership_id == membership.id, UserSession.ended_at.is_(None)]
    if only is not None:
        which.append(UserSession.id == only)
    ended = session.execute(update(UserSession).where(*which).values(ended_at=at))
    return int(ended.rowcount)  # type: ignore[attr-defined]  # a cursor's result


def remind(
    session: Session, membership: Membership, *, by: Reader, at: datetime, network: str
) -> None:
    """Have a link for a new password sent to a member: nobody else sees it, nor sets one.

    Raises NotYours for somebody stronger, Conflict after too many of them.
    """
    check_reach(session, by, membership)
    if not reset.ask(membership.person.email, network=network):
        raise Conflict(_("Links were sent to this address already. Wait a quarter of an hour."))


class Offer(NamedTuple):
    """An invitation; with its link where there is no mail server that could have sent it."""

    invitation: Invitation
    link: str | None


def invite(
    session: Session,
    *,
    email: str,
    role_ids: Collection[int],
    all_stores: bool = True,
    store_ids: Collection[int] = (),
    by: Reader,
    at: datetime,
) -> Offer:
    """Offer somebody a place by mail. Raises Invalid, NotYours, Conflict.

    NotYours as well when the address has a stronger offer, which this one would replace.
    Where no mail server is set up, the inviter is given the link, and nobody else can read it.
    """
    address = normalise_email(email)
    if not role_ids:
        raise Invalid(_("Choose at least one role."), field="role_ids")
    if not all_stores and not store_ids:
        raise Invalid(_("Name at least one store, or open all."), field="store_ids")
    check_roles(session, by, role_ids)
    check_stores(by, all_stores=all_stores, store_ids=store_ids)
    _check_not_there(session, address, by)
    # One open invitation for an address: the older link stops working.
    for older in session.scalars(
        select(Invitation).where(Invitation.email == address, *_is_open()).with_for_update()
    ):
        revoke_invitation(session, older, by=by, at=at)
    made = Invitation(
        email=address,
        token_hash="",
        role_ids=sorted(role_ids),
        all_stores=all_stores,
        store_ids=[] if all_stores else sorted(store_ids),
        expires_at=at + VALID_FOR,
        sent_at=at,
    )
    session.add(made)
    return Offer(made, _send(session, made, by, at))


def resend_invitation(
    session: Session, invitation: Invitation, *, by: Reader, at: datetime
) -> Invitation:
    """Send a fresh link for another seven days; the older one stops working.

    Raises NotYours and Refused for what the reader could not offer, Conflict when nothing is sent.
    """
    _check_open(invitation)
    check_reach(session, by, invitation)
    check_roles(session, by, invitation.role_ids)
    if _send(session, invitation, by, at) is not None:
        raise Conflict(
            _("No mail server is set up, so nothing can be sent. Invite again to see the link.")
        )
    return invitation


def revoke_invitation(
    session: Session, invitation: Invitation, *, by: Reader, at: datetime
) -> Invitation:
    """Withdraw the offer: the link stops working. Raises NotYours for one beyond the reader's."""
    _check_open(invitation)
    check_reach(session, by, invitation)
    invitation.revoked_at = at
    session.flush()
    return invitation


def _is_open() -> tuple[Any, ...]:
    return (Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))


def _check_open(invitation: Invitation) -> None:
    if invitation.accepted_at or invitation.revoked_at:
        raise Conflict(_("This invitation is accepted or withdrawn already."))


def _check_not_there(session: Session, address: str, by: Reader) -> None:
    """Raise Conflict for a member, NotYours for somebody let out whose place is stronger.

    Accepted, the offer would open that place again with less than it held.
    """
    there = session.scalar(
        select(Membership).join(Membership.person).where(Person.email == address)
    )
    if there is None:
        return
    if there.active and there.archived_at is None:
        raise Conflict(_("This person works here already."), field="email")
    check_reach(session, by, there)


def _send(session: Session, invitation: Invitation, by: Reader, at: datetime) -> str | None:
    """Have the link made and sent by a job; without a mail server return it, for the inviter.

    By the installation's mail server and no other: whoever reads the link can take the place, and
    who may set the company's server need not have its rights.
    """
    token = new_token()
    invitation.token_hash = hash_of(token)
    invitation.sent_at, invitation.expires_at = at, at + VALID_FOR
    session.flush()
    if not can_deliver():
        return public_url("SignInView.invitation", token=token)
    words = (by.name, by.company_name, str(get_locale() or "en"))
    defer(session, "app.company.jobs.send_invitation", invitation.id, *words)
    return None
