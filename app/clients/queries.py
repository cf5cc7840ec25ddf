"""What pages ask about clients."""

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp
from sqlalchemy import ColumnElement, Select, case, exists, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from app.clients.choices import Channel, ContactChannel, Purpose, SeenBecause, ServedBecause
from app.clients.models import (
    Client,
    ClientEmployee,
    ClientFigures,
    ClientStore,
    ConsentCurrent,
    ContactPoint,
    TimelineEntry,
)
from app.company.models import Company
from app.kit.database.invariants import offending
from app.kit.email_address import normalise_email
from app.kit.phone import readings
from app.messages.choices import MessageChannel, MessagePurpose
from app.messages.queries import EligibilityRule, Values


def main_contacts(session: Session, ids: Sequence[int]) -> dict[int, object]:
    """Return the main contact points of these clients, one text for each, in one statement."""
    rows = session.execute(
        select(ContactPoint.client_id, ContactPoint.value)
        .where(
            ContactPoint.client_id.in_(ids),
            ContactPoint.primary,
            ContactPoint.archived_at.is_(None),
        )
        .order_by(ContactPoint.client_id, ContactPoint.channel.desc())
    )
    found: dict[int, object] = {}
    for client_id, value in rows:
        found[client_id] = f"{found[client_id]}, {value}" if client_id in found else value
    return found


def with_phone(session: Session, value: str) -> ColumnElement[bool]:
    """Return the condition that a client has this phone; it may be written as one dials it.

    Without a country code it is read as phones are kept: in the client's country, else in the
    company's. Raises Invalid.
    """
    # In an address an unescaped plus is a space.
    written = f"+{value.strip()}" if value.startswith(" ") else value
    meant = readings(written, session.scalar(select(Company.country)))
    owner = aliased(Client)
    country_and_number = tuple_(owner.country, ContactPoint.normalised)
    anybodys = [number for country, number in meant if country is None]
    of_country = [(country, number) for country, number in meant if country is not None]
    return _reached_by(
        ContactChannel.PHONE,
        # All of them first: by this one the index is read.
        ContactPoint.normalised.in_([number for _country, number in meant]),
        or_(
            ContactPoint.normalised.in_(anybodys),
            exists().where(owner.id == ContactPoint.client_id, country_and_number.in_(of_country)),
        ),
    )


def with_email(_session: Session, value: str) -> ColumnElement[bool]:
    """Return the condition that a client has this email. Raises Invalid."""
    return _reached_by(ContactChannel.EMAIL, ContactPoint.normalised == normalise_email(value))


def _reached_by(channel: ContactChannel, *address: ColumnElement[bool]) -> ColumnElement[bool]:
    return Client.id.in_(
        select(ContactPoint.client_id).where(
            ContactPoint.channel == channel,
            *address,
            ContactPoint.archived_at.is_(None),
        )
    )


def timeline(client_id: int, *, limit: int = 100) -> Select[tuple[TimelineEntry]]:
    """Return what happened with a client, newest first, as far as the reader may see it."""
    return (
        select(TimelineEntry)
        .where(TimelineEntry.client_id == client_id)
        .order_by(TimelineEntry.at.desc(), TimelineEntry.id.desc())
        .limit(limit)
    )


# --- what clients tell the messages ----------------------------------------------------------

VARIABLES = (
    ("first_name", _l("First name")),
    ("last_name", _l("Last name")),
    ("name", _lp("of somebody", "Name")),
    ("salutation", _l("Salutation")),
    ("city", _l("City")),
    ("orders_count", _l("Number of orders")),
    ("last_order", _l("Day of the last order")),
)


def has_consented(
    client_id: ColumnElement[Any], channel: MessageChannel, purpose: MessagePurpose
) -> ColumnElement[bool]:
    """Return the condition that the client is there and allows this channel for this purpose."""
    # Under names of their own: `client_id` may be a column of these very tables.
    consent, client = aliased(ConsentCurrent), aliased(Client)
    return (
        select(consent.id)
        .join(client, client.id == consent.client_id)
        .where(
            consent.client_id == client_id,
            consent.channel == Channel(channel.value),
            consent.purpose == Purpose(purpose.value),
            consent.granted,
            client.archived_at.is_(None),
        )
        .exists()
    )


def day_in_words(moment: Any, locale: ColumnElement[Any] | Any) -> ColumnElement[Any]:
    """Return the day of a local time as a client of this language writes it."""
    pattern = case(
        (locale.startswith("en"), literal("FMDD Mon YYYY")),
        (locale.startswith("pt"), literal("DD/MM/YYYY")),
        else_=literal("DD.MM.YYYY"),
    )
    return func.to_char(moment, pattern)


def values_of(client_id: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return what a text may say of a client, every variable present, dates in their way."""
    c, f = aliased(Client), aliased(ClientFigures)
    zone = select(Company.time_zone).scalar_subquery()
    told = {
        "first_name": c.first_name,
        "last_name": c.last_name,
        "name": c.name,
        "salutation": c.salutation,
        "city": c.city,
        "orders_count": func.coalesce(f.orders_count, 0),
        "last_order": day_in_words(func.timezone(zone, f.last_order_at), c.locale),
    }
    pairs = [part for name, value in told.items() for part in (literal(name), value)]
    return (
        select(func.jsonb_build_object(*pairs))
        .select_from(c)
        .outerjoin(f, f.client_id == c.id)
        .where(c.id == client_id)
        .scalar_subquery()
    )


CONSENT = EligibilityRule("consent", has_consented)
TOLD = Values("client", values_of, VARIABLES)


# What must hold


def clients_without_figures() -> Any:
    """Clients whose row of figures is missing."""
    there = select(ClientFigures.id).where(ClientFigures.client_id == Client.id)
    return select(Client.id, Client.name).where(~there.exists())


_CONSENTS = """
select coalesce(l.client_id, c.client_id) client_id, coalesce(l.channel, c.channel) channel,
  coalesce(l.purpose, c.purpose) purpose, c.event_id, l.id wanted
from (
  select distinct on (client_id, channel, purpose) client_id, channel, purpose, action, id, at
  from consent_event order by client_id, channel, purpose, at desc, id desc
) l full join consent_current c using (client_id, channel, purpose)
where c.event_id is distinct from l.id or c.at <> l.at or c.granted <> (l.action = 'grant')"""


def consents_that_disagree() -> Select[Any]:
    """Consents in force that are not what the latest entry of the register says."""
    return offending(_CONSENTS, "client_id", "channel", "purpose", "event_id", "wanted")


def stores_that_disagree() -> Select[Any]:
    """Clients whose home store is not the one by which that store sees them."""
    home = aliased(ClientStore)
    same = (home.client_id == Client.id) & (home.why == SeenBecause.HOME)
    columns: list[Any] = [Client.id, Client.name, Client.store_id, home.store_id.label("seen_in")]
    return (
        select(*columns)
        .outerjoin(home, same)
        .where(home.store_id.is_distinct_from(Client.store_id))
    )


def employees_that_disagree() -> Select[Any]:
    """Clients who are not seen by the one who looks after them, or by another in their place."""
    after = aliased(ClientEmployee)
    same = (after.client_id == Client.id) & (after.why == ServedBecause.ASSIGNED)
    seen_by = after.employee_id.label("seen_by")
    columns: list[Any] = [Client.id, Client.name, Client.employee_id, seen_by]
    return (
        select(*columns)
        .outerjoin(after, same)
        .where(after.employee_id.is_distinct_from(Client.employee_id))
    )
