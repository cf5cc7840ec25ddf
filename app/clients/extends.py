"""What the clients' domain gives to the rest.

Screens, timeline kinds, invariants, erasing, demo data.
"""

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select, text, update
from sqlalchemy.orm import Session, aliased

from app.clients import api, queries, screens
from app.clients.choices import SeenBecause, ServedBecause
from app.clients.demo import load_clients
from app.clients.models import Client, ClientEmployee, ClientFigures, ClientStore
from app.clients.segments import conditions
from app.kit.database.invariants import offending
from app.kit.registry import (
    DemoData,
    EraseHandler,
    Invariant,
    TimelineKind,
    demo_data,
    erase_handlers,
    invariants,
    segment_conditions,
    timeline_kinds,
)
from app.kit.screens.dberrors import say
from app.messages.queries import eligibility_rules, values


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


def erase_client(session: Session, client_id: int) -> None:
    """Blank what is personal; the books keep a client without a name, the register its entries."""
    session.execute(text("delete from contact_point where client_id = :id"), {"id": client_id})
    personal = ("salutation", "first_name", "last_name", "tax_number", "postcode", "address")
    blank = dict.fromkeys((*personal, "birthday", "note"))
    session.execute(
        update(Client)
        .where(Client.id == client_id)
        .values(**blank, name="—", custom={}, archived_at=func.now(), version=Client.version + 1)
        .execution_options(synchronize_session=False)
    )


KINDS = (
    TimelineKind("note", _l("Note"), "note"),
    TimelineKind("consent.grant", _l("Consent granted"), "shield-check", "green"),
    TimelineKind("consent.withdraw", _l("Consent withdrawn"), "shield-lock", "red"),
)


def extend(builder: Any) -> None:
    """Register everything; called once per application."""
    builder.add_all([*screens.ALL, *api.ALL])
    eligibility_rules.register(queries.CONSENT)
    values.register(queries.TOLD)
    timeline_kinds.register(*KINDS)
    segment_conditions.register(*conditions.ALL)
    invariants.register(
        Invariant(
            "clients.figures_there",
            _l("Every client has a row of figures."),
            clients_without_figures,
        ),
        Invariant(
            "clients.consents",
            _l("What counts as consent is what the register says last."),
            consents_that_disagree,
        ),
        Invariant(
            "clients.stores",
            _l("A client is seen by the home store, and by no former one for that reason."),
            stores_that_disagree,
        ),
        Invariant(
            "clients.employees",
            _l("A client is seen by whoever looks after them."),
            employees_that_disagree,
        ),
    )
    erase_handlers.register(EraseHandler("clients", "client", erase_client))
    demo_data.register(DemoData("clients", load_clients, order=20))
    say(
        "ck_contact_point_phone_e164",
        _l("Write the number with its country code, like +49."),
        "value",
    )
    say("uq_contact_point_primary", _l("There is a main one for this channel already."), "primary")
    say("uq_contact_point_of_client", _l("The client has this already."))
    say("ck_contact_point_email_lower", _l("An email address is kept in small letters."), "value")
