"""What is done with clients.

Registering, ways to reach them, consents, the timeline, their figures.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from app.clients.choices import (
    Channel,
    ConsentAction,
    ConsentSource,
    ContactChannel,
    Purpose,
    SeenBecause,
    ServedBecause,
    Stage,
)
from app.clients.models import (
    Client,
    ClientEmployee,
    ClientFigures,
    ClientStore,
    ConsentEvent,
    ContactPoint,
    TimelineEntry,
)
from app.company.models import Company
from app.kit import clock
from app.kit.codes import read_country
from app.kit.database.session import unbound
from app.kit.database.stamp import Role, current_stamp
from app.kit.email_address import normalise_email
from app.kit.errors import Invalid, Refused
from app.kit.events import emit
from app.kit.phone import phones_of, read_phone
from app.kit.zones import canonical_zone, local


def register_client(session: Session, client: Client, *, by: int | None, at: datetime) -> None:
    """Take a client into the base. Raises Refused where they would be nobody's whom `by` sees."""
    _refuse_nobodys(session)
    _tidy(client)
    _refuse_unborn(session, client)
    if client.registered_at is None:
        client.registered_at = at
    session.add(client)
    session.flush()
    emit(session, "client.registered", client_id=client.id, source=client.source, at=at)


def _refuse_nobodys(session: Session) -> None:
    """Say why before the policy refuses it: a client of theirs needs an employee behind them."""
    stamp = session.info.get("stamp") or current_stamp()
    if stamp is None or stamp.role is not Role.OWN_CLIENTS:
        return
    if session.scalar(select(func.crm_employee())) is None:
        raise Refused(
            _l("You see the clients you look after, and are linked to no employee who could.")
        )


def save_client(session: Session, client: Client, *, by: int | None, at: datetime) -> None:
    """Keep what was changed on the card, the contact points among it."""
    with session.no_autoflush:
        _tidy(client)
        _refuse_unborn(session, client)
        touched = [
            one
            for one in (*session.new, *session.dirty)
            if isinstance(one, ContactPoint) and client.id in {one.client_id, _owner_id(one)}
        ]
        # The main ones first: the first of a channel becomes the main one only where none is.
        for point in sorted(touched, key=lambda one: not one.primary):
            _complete(session, point, client.id, client.country, touched)
        gone = {
            one.channel
            for one in session.deleted
            if isinstance(one, ContactPoint) and one.client_id == client.id and one.primary
        }
    session.flush()
    for channel in gone:
        _choose_main(session, client.id, channel)


def _owner_id(point: ContactPoint) -> int | None:
    return point.client.id if point.client else None


def _refuse_unborn(session: Session, client: Client) -> None:
    """Refuse a birthday after the company's today; the database refuses any that is nowhere."""
    if client.birthday is None:
        return
    zone = session.scalar(select(Company.time_zone)) or "UTC"
    if client.birthday > local(clock.now(), zone).date():
        raise Invalid(_l("A birthday cannot be in the future."), field="birthday")


def _tidy(client: Client) -> None:
    client.name = (client.name or "").strip()
    if not client.name:
        parts = (client.first_name, client.last_name)
        client.name = " ".join(part.strip() for part in parts if part)
    if not client.name:
        raise Invalid(_l("A client needs a name."), field="name")
    if client.time_zone:
        client.time_zone = canonical_zone(client.time_zone)
    if client.country:
        try:
            client.country = read_country(client.country)
        except Invalid as refused:
            raise Invalid(refused.message, field="country") from refused


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
    return value.strip().lower()


def as_written(value: str) -> str:
    """Return the key of what is no phone and no email address, as it stands on somebody's card."""
    return value.strip().lower()


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
        _choose_main(session, client.id, channel)
        return point
    point = ContactPoint(client_id=client.id, channel=channel, value=value.strip(), **facts)
    with session.no_autoflush:
        _complete(session, point, client.id, client.country, ())
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
        _complete(session, point, client_id, region, ())
        session.add(point)
    session.flush()


def archive_contact_point(
    session: Session, point: ContactPoint, *, by: int | None, at: datetime
) -> None:
    """Put a way to reach the client away; another of its channel is the main one from then on."""
    point.archived_at, point.primary = at, False
    session.flush()
    _choose_main(session, point.client_id, point.channel)


def _choose_main(session: Session, client_id: int, channel: ContactChannel) -> None:
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


def _complete(
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


def record_consent(  # noqa: PLR0913 -- one row of a ledger has as many facts
    session: Session,
    client: Client,
    channel: Channel,
    purpose: Purpose,
    *,
    wording: str,
    source: ConsentSource,
    by: int | None,
    at: datetime,
    evidence: dict[str, Any] | None = None,
) -> ConsentEvent:
    """Note that the client allowed to be written to, and to which words."""
    return _consent(
        session, ConsentAction.GRANT, client, channel, purpose, wording, source, at, evidence
    )


def withdraw_consent(  # noqa: PLR0913 -- one row of a ledger has as many facts
    session: Session,
    client: Client,
    channel: Channel,
    purpose: Purpose,
    *,
    source: ConsentSource,
    by: int | None,
    at: datetime,
    wording: str = "",
    evidence: dict[str, Any] | None = None,
) -> ConsentEvent:
    """Note that the client no longer wants it; it counts from this transaction on."""
    words = wording or f"{channel.value} {purpose.value} withdrawn"
    return _consent(
        session, ConsentAction.WITHDRAW, client, channel, purpose, words, source, at, evidence
    )


def _consent(  # noqa: PLR0913, PLR0917 -- one row of a ledger has as many facts
    session: Session,
    action: ConsentAction,
    client: Client,
    channel: Channel,
    purpose: Purpose,
    wording: str,
    source: ConsentSource,
    at: datetime,
    evidence: dict[str, Any] | None,
) -> ConsentEvent:
    entry = ConsentEvent(
        client_id=client.id,
        channel=channel,
        purpose=purpose,
        action=action,
        wording=wording,
        source=source,
        evidence=evidence or {},
        at=at,
    )
    session.add(entry)
    session.flush()
    facts = {"channel": channel.value, "purpose": purpose.value, "source": source.value}
    add_to_timeline(session, client.id, f"consent.{action.value}", at=at, data=facts)
    emit(
        session,
        "consent.granted" if action is ConsentAction.GRANT else "consent.withdrawn",
        client_id=client.id,
        channel=channel.value,
        purpose=purpose.value,
    )
    return entry


def add_to_timeline(
    session: Session,
    client_id: int,
    kind: str,
    *,
    at: datetime,
    ref: tuple[str, int] | None = None,
    store_id: int | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Write into the client's timeline. `kind` is registered with the kit, `ref` is (kind, id)."""
    ref_kind, ref_id = ref or (None, None)
    session.execute(
        insert(TimelineEntry),
        [
            {
                "client_id": client_id,
                "store_id": store_id,
                "kind": kind,
                "at": at,
                "ref_kind": ref_kind,
                "ref_id": ref_id,
                "data": data or {},
            }
        ],
    )


def note_served(session: Session, client_id: int, employee_id: int) -> None:
    """Note that an employee served the client, who is one of theirs from then on.

    For what serves clients: visits, appointments. The caller has seen to it that it happened.
    """
    served = pg_insert(ClientEmployee).values(
        client_id=client_id, employee_id=employee_id, why=ServedBecause.SERVED
    )
    with unbound(session):
        session.execute(served.on_conflict_do_nothing())


def count_order(
    session: Session, client_id: int, store_id: int, amount: Decimal, at: datetime
) -> None:
    """Add one order to the client's figures, the store's among them, and move on a lead.

    `amount` is in the company's currency.
    """

    def more(of: type[ClientFigures | ClientStore]) -> dict[str, Any]:
        return {
            "orders_count": of.orders_count + 1,
            "orders_sum": of.orders_sum + amount,
            "first_order_at": func.least(of.first_order_at, at),
            "last_order_at": func.greatest(of.last_order_at, at),
        }

    with unbound(session):
        count = session.scalar(_count(client_id, store_id, more))
    # Only the first two orders can change the stage here: later ones cost no further statement.
    if count == 1:
        _move_stage(session, client_id, {Stage.LEAD}, Stage.FIRST_ORDER)
    elif count == 2:
        _move_stage(session, client_id, {Stage.LEAD, Stage.FIRST_ORDER}, Stage.ACTIVE)


def _move_stage(session: Session, client_id: int, before: set[Stage], to: Stage) -> None:
    # Without a new version: somebody with the card open has not been overtaken by a person.
    session.execute(
        update(Client)
        .where(Client.id == client_id, Client.stage.in_(before))
        .values(stage=to)
        .execution_options(synchronize_session=False)
    )


def count_return(session: Session, client_id: int, store_id: int, amount: Decimal) -> None:
    """Add one return to the client's figures, the store's among them."""

    def more(of: type[ClientFigures | ClientStore]) -> dict[str, Any]:
        return {
            "returns_count": of.returns_count + 1,
            "returns_sum": of.returns_sum + amount,
        }

    with unbound(session):
        session.execute(_count(client_id, store_id, more))


def _count(
    client_id: int, store_id: int, more: Callable[[type[ClientFigures | ClientStore]], Any]
) -> ReturningUpdate[int]:
    """Return the one statement that adds to both, the client's row first: nobody deadlocks."""
    in_store = update(ClientStore).where(
        ClientStore.client_id == client_id,
        ClientStore.store_id == store_id,
        ClientStore.why == SeenBecause.BOUGHT,
    )
    return (
        update(ClientFigures)
        .where(ClientFigures.client_id == client_id)
        .values(more(ClientFigures))
        .add_cte(in_store.values(more(ClientStore)).cte("in_store"))
        .returning(ClientFigures.orders_count)
        .execution_options(synchronize_session=False)
    )
