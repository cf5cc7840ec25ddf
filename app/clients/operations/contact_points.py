"""Ways to reach a client: one form in which they are compared, one main one for each channel."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.clients.choices import ContactChannel
from app.clients.models import Client, ContactPoint
from app.kit.email_address import normalise_email
from app.kit.errors import Invalid
from app.kit.phone import phones_of, read_phone


def as_written(value: str) -> str:
    """Return the key of what is no phone and no email address, as it stands on somebody's card."""
    return value.strip().lower()


def normalised(
    session: Session, channel: ContactChannel, value: str, *, region: str | None = None
) -> str:
    """Return the one form in which a way to reach somebody is kept and compared.

    A phone is read in the client's country, else in the company's. Raises Invalid.
    """
    if channel is ContactChannel.PHONE:
        with phones_of(region), session.no_autoflush:
            return read_phone(value, session)
    if channel is ContactChannel.EMAIL:
        return normalise_email(value)
    if not value.strip():
        raise Invalid(_l("Write how to reach them."))
    return as_written(value)


def add_contact_point(
    session: Session,
    client: Client,
    channel: ContactChannel,
    value: str,
    *,
    by: int | None,
    at: datetime,
    **facts: Any,
) -> ContactPoint:
    """Note a way to reach the client, or return the one that is there.

    The first of its kind is the main one.
    """
    try:
        key = normalised(session, channel, value, region=client.country)
    except Invalid:
        key = as_written(value)
    known = select(ContactPoint).where(
        ContactPoint.client_id == client.id,
        ContactPoint.channel == channel,
        ContactPoint.normalised == key,
    )
    point = session.scalar(known.order_by(ContactPoint.valid.desc()).limit(1))
    if point is not None:
        point.archived_at = None
        session.flush()
        choose_main(session, client.id, channel)
        return point
    point = ContactPoint(client_id=client.id, channel=channel, value=value.strip(), **facts)
    with session.no_autoflush:
        complete(session, point, client.id, client.country, ())
        session.add(point)
    session.flush()
    return point


def save_contact_point(
    session: Session,
    point: ContactPoint,
    *,
    by: int | None,
    at: datetime,
    region: str | None = None,
) -> None:
    """Keep a contact point as typed.

    Normalised, unverified when it changed, one main one for each channel. Raises Invalid for what
    is no address: with a whole client it is kept as written, alone it is a slip of the hand.
    """
    client_id = point.client_id or point.client.id
    with session.no_autoflush:
        region = region or session.scalar(select(Client.country).where(Client.id == client_id))
        if point.valid is not False:
            try:
                normalised(session, point.channel, point.value or "", region=region)
            except Invalid as refused:
                raise Invalid(refused.message, field="value", record=point) from refused
        complete(session, point, client_id, region, ())
        session.add(point)
    session.flush()


def archive_contact_point(
    session: Session, point: ContactPoint, *, by: int | None, at: datetime
) -> None:
    """Put a way to reach the client away; another of its channel is the main one from then on."""
    point.archived_at, point.primary = at, False
    session.flush()
    choose_main(session, point.client_id, point.channel)


def choose_main(session: Session, client_id: int, channel: ContactChannel) -> None:
    """Make the first good point of a channel the main one, where there is none."""
    usable = (
        ContactPoint.client_id == client_id,
        ContactPoint.channel == channel,
        ContactPoint.archived_at.is_(None),
    )
    best = select(ContactPoint.id).where(*usable)
    best = best.order_by(ContactPoint.valid.desc(), ContactPoint.id).limit(1)
    main = select(ContactPoint.id).where(*usable, ContactPoint.primary)
    if session.scalar(main.limit(1)) is None and (chosen := session.scalar(best)) is not None:
        session.get_one(ContactPoint, chosen).primary = True
        session.flush()


def complete(
    session: Session,
    point: ContactPoint,
    client_id: int,
    region: str | None,
    beside: Collection[ContactPoint],
) -> None:
    """Normalise a point and see to one main one for its channel.

    `beside` are saved in the same moment. What is no address, or the same once more, stays as
    written and is not valid: it is on the card, and nobody writes to it.
    """
    if not (point.value or "").strip():
        raise Invalid(_l("Write how to reach them."), field="value", record=point)
    _judge(session, point, client_id, region, beside)
    others = (
        ContactPoint.client_id == client_id,
        ContactPoint.channel == point.channel,
        ContactPoint.primary,
        ContactPoint.archived_at.is_(None),
        ContactPoint.id != (point.id or 0),
    )
    good = (*others, ContactPoint.valid) if point.valid else others
    if not point.primary and session.scalar(select(ContactPoint.id).where(*good)) is None:
        # The first of its channel, or the first that can be written to.
        point.primary = not any(
            one.primary and one.valid and one.channel == point.channel
            for one in beside
            if one is not point
        )
    if point.primary:
        # Before this one is written: the database knows of one main one at any moment.
        session.execute(update(ContactPoint).where(*others).values(primary=False))
        for other in beside:
            if other is not point and other.channel == point.channel:
                other.primary = False


def _judge(
    session: Session,
    point: ContactPoint,
    client_id: int,
    region: str | None,
    beside: Collection[ContactPoint],
) -> None:
    """Give a point its one form, and say whether anybody may write to it."""
    point.valid = True if point.valid is None else point.valid
    try:
        key = normalised(session, point.channel, point.value, region=region)
    except Invalid:
        point.normalised, point.valid, point.verified_at = as_written(point.value), False, None
        return
    if key != point.normalised:
        was_kept = point.normalised is not None
        point.normalised = key
        point.verified_at = None if point.id else point.verified_at
        point.valid = True if was_kept else point.valid
    if not point.valid:
        return
    same = select(ContactPoint.id).where(
        ContactPoint.client_id == client_id,
        ContactPoint.channel == point.channel,
        ContactPoint.normalised == key,
        ContactPoint.valid,
        ContactPoint.id.not_in([one.id for one in (point, *beside) if one.id]),
    )
    twice = any(
        one is not point and one.valid and (one.channel, one.normalised) == (point.channel, key)
        for one in beside
    )
    point.valid = not twice and session.scalar(same.limit(1)) is None
