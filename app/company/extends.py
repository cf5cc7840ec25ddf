"""What this domain gives: its screens, who can give rights, roles at deploy, demo people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.company import api, screens
from app.company.models import Company
from app.company.operations import sync_roles
from app.company.operations.demo import DEMO
from app.company.operations.privileges import LastAdministrator
from app.company.queries import ADMINISTERS, holders
from app.kit.access import Right, reader_or_none
from app.kit.database.session import work
from app.kit.phone import tell_home
from app.kit.registry import demo_data
from app.kit.rights import who_gives
from app.kit.screens.dberrors import say
from app.kit.security.permissions import on_permissions


def givers(right: Right) -> Iterable[str]:
    """Name people who have the right and may give it.

    In a transaction of its own: the reader's has been rolled back.
    """
    who = reader_or_none()
    stamp = who.stamp() if who is not None else None
    if stamp is None or stamp.company_id is None:
        return []
    with work(stamp) as session:
        return [str(one.person) for one in holders(session, {right, *ADMINISTERS})[:3]]


def country_at_home(session: Session) -> str | None:
    """Return the country of the stamped company."""
    return session.scalar(select(Company.country))


def extend(builder: Any) -> None:
    """Register everything; called once per application."""
    builder.add_all([*screens.ALL, *api.ALL])
    who_gives(givers)
    on_permissions(sync_roles)
    say("last_administrator", LastAdministrator.default_message)
    say("uq_membership_employee", _l("Somebody else signs in as this employee already."))
    tell_home(country_at_home)
    say("ck_store_position", _l("A position has both a latitude and a longitude."), "longitude")
    say("ck_employee_dates", _l("Nobody leaves before they came."), "left_on")
    demo_data.register(*DEMO)
