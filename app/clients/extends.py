"""What the clients' domain gives to the rest.

Screens, timeline kinds, invariants, erasing, demo data.
"""

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, text, update
from sqlalchemy.orm import Session

from app.clients import api, queries, screens
from app.clients.demo import load_clients
from app.clients.models import Client
from app.clients.segments import conditions
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
            queries.clients_without_figures,
        ),
        Invariant(
            "clients.consents",
            _l("What counts as consent is what the register says last."),
            queries.consents_that_disagree,
        ),
        Invariant(
            "clients.stores",
            _l("A client is seen by the home store, and by no former one for that reason."),
            queries.stores_that_disagree,
        ),
        Invariant(
            "clients.employees",
            _l("A client is seen by whoever looks after them."),
            queries.employees_that_disagree,
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
