"""Everything a dashboard shows, read from the facts in a fixed number of statements."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import request
from sqlalchemy.orm import Session

from app.insights.queries import figures
from app.insights.queries.figures import Both, SalesFigures, Seller
from app.insights.screens import parameters as address
from app.insights.screens.measures import BY_NAME, MEASURES, Measure
from app.insights.screens.parameters import Asked
from app.kit import clock
from app.kit.access import Reader
from app.kit.zones import local


@dataclass(slots=True)
class Reading:
    """One look at the facts."""

    who: Reader
    asked: Asked
    measure: Measure
    money: bool
    stores: dict[int, tuple[str, int | None]]
    countries: list[str]
    total: Both = field(default_factory=Both)
    by_step: dict[date, Both] = field(default_factory=dict)
    by_store: dict[int, Both] = field(default_factory=dict)
    by_country: dict[str, Both] = field(default_factory=dict)
    sellers: list[Seller] = field(default_factory=list)

    def value(self, measure: Measure, found: SalesFigures) -> Any:
        return measure.value(found, self.who.currency)


def today_of(who: Reader) -> date:
    """Return the day it is where the reader is."""
    return local(clock.now(), who.time_zone).date()


def asked_of(session: Session, who: Reader, base: str) -> tuple[Asked, dict[int, Any]]:
    """Return what the address asks for, and the stores there are to choose from."""
    stores = figures.store_names(session)
    shows = tuple(one.name for one in MEASURES if not one.money or who.may("read", "money"))
    found = address.read(request.args, today=today_of(who), stores=stores, base=base, shows=shows)
    return found, stores


def read(session: Session, who: Reader, base: str) -> Reading:
    """Ask the facts for what the address says."""
    asked, stores = asked_of(session, who, base)
    money = who.may("read", "money")
    measure = BY_NAME[asked.show or ("revenue" if money else "orders")]
    spans, scope = asked.spans, asked.scope
    found = Reading(who, asked, measure, money, stores, figures.countries(session, spans))
    by_step = figures.sales(session, spans, scope, asked.step)
    people = figures.clients(session, spans, scope, "all").get("all", Both())
    found.total = _added(by_step, people)
    source = figures.clients if measure.of_clients else figures.sales
    found.by_step = source(session, spans, scope, asked.step) if measure.of_clients else by_step
    found.by_store = source(session, spans, scope, "store")
    found.by_country = source(session, spans, scope, "country")
    found.sellers = figures.best_sellers(session, spans, scope, by_revenue=money)
    return found


def _added(parts: dict[Any, Both], people: Both) -> Both:
    """Return the sum of all days; clients are counted over the whole period, not added."""
    total = Both()
    for part in parts.values():
        total.now.add(part.now)
        total.before.add(part.before)
    total.now.new, total.now.returning = people.now.new, people.now.returning
    total.before.new, total.before.returning = people.before.new, people.before.returning
    return total
