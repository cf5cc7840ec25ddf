"""Records, forms and addresses for the walk over every registered screen.

What the walk cannot fill, it fails on: a screen needs a factory `make_<entity>` in
tests/factories.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from importlib import import_module
from typing import Any

from sqlalchemy.orm import Session

from app import parts
from app.clients.models import ConsentCurrent
from app.company import models as access
from app.company import operations
from app.kit import clock
from app.kit.events import emit
from app.kit.events.models import Event, EventDelivery
from app.kit.jobs import defer
from app.kit.jobs.models import Job
from app.kit.screens import Screen
from tests import factories

# Of these there is exactly one in a company: it cannot be listed three times.
SINGLE = {"company"}


class CannotFill(AssertionError):
    """The walk does not know how to make what a route needs."""


def screen_classes() -> list[type[Screen]]:
    """Every screen that the domains and the kit declare."""
    for room in ("screens", "api"):
        parts.load_room(room)
    for name in parts.KIT_SCREENS:
        import_module(name)
    found: list[type[Screen]] = []
    waiting = [Screen]
    while waiting:
        for one in waiting.pop().__subclasses__():
            waiting.append(one)
            if "model" in vars(one) and one.__module__.startswith("app."):
                found.append(one)
    return sorted(set(found), key=lambda one: one.__name__)


def resource_names(screens: list[type[Screen]]) -> list[str]:
    """The class names of every resource: generated from a screen, or declared."""
    from app.kit.rest import Resource

    declared = [
        one.__name__ for one in Resource.__subclasses__() if one.__module__.endswith(".api")
    ]
    return sorted([*declared, *(f"{one.__name__}Api" for one in screens if one.api)])


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def make(session: Session, screen: type[Screen]) -> Any:
    """A saved record of the screen's model. Raises CannotFill."""
    return make_one(session, screen.model)


def make_one(session: Session, model: type[Any]) -> Any:
    """A saved record of a model. Raises CannotFill."""
    name = f"make_{snake(model.__name__)}"
    maker = SPECIAL.get(model.__tablename__) or getattr(factories, name, None)
    if maker is None:
        raise CannotFill(f"tests/factories.py has no {name}")
    made = maker(session)
    session.flush()
    return made


def _company(session: Session) -> Any:
    return session.query(access.Company).one()


def _membership(session: Session) -> Any:
    n = factories.number()
    user = operations.add_person(session, f"filled{n}@example.com", first="Ada", last=f"Nr {n}")
    return session.get_one(access.Membership, operations.add_member(session, user))


def _invitation(session: Session) -> Any:
    n = factories.number()
    made = access.Invitation(
        email=f"new{n}@example.com",
        token_hash=f"{n:064}",
        sent_at=clock.now(),
        expires_at=clock.now() + timedelta(days=7),
    )
    session.add(made)
    return made


def _api_key(session: Session) -> Any:
    n = factories.number()
    made = access.ApiKey(
        name=f"Key {n}",
        prefix="tk_abcdef",
        key_hash=f"{n:064}",
        scopes=["read Client"],
        membership_id=_membership(session).id,
    )
    session.add(made)
    return made


def _consent_current(session: Session) -> Any:
    event = factories.make_consent_event(session)
    session.flush()
    return session.query(ConsentCurrent).filter_by(event_id=event.id).one()


def _job(session: Session) -> Any:
    return session.get_one(Job, defer(session, "app.kit.screens.jobs.run_bulk", 0, None))


def _event(session: Session) -> Any:
    emit(session, "walk.walked", number=factories.number())
    return session.query(Event).order_by(Event.id.desc()).first()


def _event_delivery(session: Session) -> Any:
    made = EventDelivery(event_id=_event(session).id, subscriber="tests.nobody")
    session.add(made)
    return made


# Screens whose records nobody makes by a factory, with how they come to be.
SPECIAL: dict[str, Callable[[Session], Any]] = {
    "company": _company,
    "membership": _membership,
    "invitation": _invitation,
    "api_key": _api_key,
    "consent_current": _consent_current,
    "job": _job,
    "event": _event,
    "event_delivery": _event_delivery,
}


class _Form(HTMLParser):
    """The values that a browser would send with the page's main form."""

    def __init__(self) -> None:
        super().__init__()
        self.values: list[tuple[str, str]] = []
        self.names: set[str] = set()
        """Of every control, whether or not it would send something."""
        self._inside = self._template = False
        self._select: str | None = None
        self._area: str | None = None
        self._text = ""
        self._first: str | None = None
        self._chosen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form" and "data-guard" in given:
            self._inside = True
        if tag == "template":
            self._template = True
        if not self._inside or self._template:
            return
        name = given.get("name")
        self.names |= {name} if name else set()
        if tag == "input" and name:
            kind = given.get("type", "text")
            if kind in ("checkbox", "radio") and "checked" not in given:
                return
            self.values.append((name, given.get("value") or ""))
        elif tag == "select" and name:
            self._select, self._first, self._chosen = name, None, []
        elif tag == "option" and self._select:
            value = given.get("value") or ""
            self._first = value if self._first is None else self._first
            if "selected" in given:
                self._chosen.append(value)
        elif tag == "textarea" and name:
            self._area, self._text = name, ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "template":
            self._template = False
        if tag == "form":
            self._inside = False
        if tag == "select" and self._select:
            for value in self._chosen or ([self._first] if self._first is not None else []):
                self.values.append((self._select, value))
            self._select = None
        if tag == "textarea" and self._area:
            self.values.append((self._area, self._text.lstrip("\r\n")))
            self._area = None


def form_values(html: str) -> list[tuple[str, str]]:
    """What the form on this page sends when it is saved as it is."""
    reading = _Form()
    reading.feed(html)
    if not reading.values:
        raise CannotFill("There is no form on this page.")
    return reading.values


def form_names(html: str) -> set[str]:
    """The names of all controls of the form on this page."""
    reading = _Form()
    reading.feed(html)
    return reading.names


def as_data(values: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in values:
        found.setdefault(name, []).append(value)
    return found
