"""Taking clients into the base, and what people change on their cards."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.clients.models import Client, ContactPoint
from app.clients.operations.contact_points import choose_main, complete
from app.company.models import Company
from app.kit import clock
from app.kit.codes import read_country
from app.kit.database.stamp import Role, current_stamp
from app.kit.errors import Invalid, Refused
from app.kit.events import emit
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
            complete(session, point, client.id, client.country, touched)
        gone = {
            one.channel
            for one in session.deleted
            if isinstance(one, ContactPoint) and one.client_id == client.id and one.primary
        }
    session.flush()
    for channel in gone:
        choose_main(session, client.id, channel)


def _owner_id(point: ContactPoint) -> int | None:
    return point.client.id if point.client else None


def _refuse_unborn(session: Session, client: Client) -> None:
    """Refuse a birthday after the company's today; the database refuses any that is nowhere."""
    if client.birthday is None:
        return
    zone = session.scalars(select(Company.time_zone)).one()
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
