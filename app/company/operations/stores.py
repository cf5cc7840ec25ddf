"""What is checked before a company, store or employee is saved."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import BigInteger, cast, func, inspect, select
from sqlalchemy.orm import Session

from app.company.models import Company, Employee, Store
from app.kit.codes import read_country
from app.kit.email_address import normalise_email
from app.kit.errors import Conflict, Invalid
from app.kit.money import currency_digits
from app.kit.opening_hours import check_hours
from app.kit.phone import phones_of, read_phone
from app.kit.zones import canonical_zone


def check_company(session: Session, company: Company, /, *, by: int | None, at: datetime) -> None:
    """Put zone, currency and country into their usual form.

    Raises Invalid, and Conflict for another currency than that of documents which are written.
    """
    check_place(company)
    _check_currency_stays(session, company, store_id=None)
    session.flush()


def check_store(session: Session, store: Store, /, *, by: int | None, at: datetime) -> None:
    """Put zone, currency, phone and address into their usual form.

    Raises Invalid, and Conflict for another currency than that of the store's documents.
    """
    _take_usual_values(session, store)
    check_place(store)
    _check_currency_stays(session, store, store_id=store.id)
    _check_contacts(session, store, store.country)
    check_opening_hours(store.opening_hours or {})
    session.add(store)
    session.flush()


def _take_usual_values(session: Session, store: Store) -> None:
    """Fill what was not said from the company's own values."""
    missing = [name for name in ("currency", "country", "time_zone") if not getattr(store, name)]
    if missing:
        company = session.scalars(select(Company)).one()
        for name in missing:
            setattr(store, name, getattr(company, name))


def check_employee(
    session: Session, employee: Employee, /, *, by: int | None, at: datetime
) -> None:
    """Put phone and address into their usual form. Raises Invalid."""
    _check_contacts(session, employee, None)
    if employee.left_on and employee.entered_on and employee.left_on < employee.entered_on:
        raise Invalid(_("Nobody leaves before they came."), field="left_on")
    session.add(employee)
    session.flush()


def check_opening_hours(hours: dict[str, Any]) -> None:
    """Raise Invalid unless like {"mon": [["09:00", "18:00"]], "exceptions": {"2026-12-24": []}}."""
    try:
        check_hours(hours)
    except Invalid as refused:
        raise Invalid(refused.message, field="opening_hours") from refused


def check_place(obj: Any) -> None:
    """Put currency, country and zone into their usual form. Raises Invalid."""
    readers = {"currency": _currency, "country": read_country, "time_zone": canonical_zone}
    for field, read in readers.items():
        try:
            setattr(obj, field, read(getattr(obj, field) or ""))
        except Invalid as refused:
            raise Invalid(refused.message, field=field) from refused


def _check_currency_stays(
    session: Session, place: Company | Store, *, store_id: int | None
) -> None:
    """Raise Conflict where the books are written in the former currency; the database does, too."""
    former = next(iter(inspect(place).attrs.currency.history.deleted or ()), None)
    if former in (None, place.currency):
        return
    with session.no_autoflush:
        asked = func.crm_has_documents(func.crm_company(), cast(store_id, BigInteger))
        if session.scalar(select(asked)):
            raise Conflict(
                _("Documents are written in %(currency)s already, so it stays.", currency=former),
                field="currency",
            )


def _currency(code: str) -> str:
    """Return a code that has, or had when the company took it, an amount."""
    currency_digits(code)
    return code.strip().upper()


def _check_contacts(session: Session, obj: Any, country: str | None) -> None:
    checks = {"phone": lambda raw: read_phone(raw, session), "email": normalise_email}
    with phones_of(country), session.no_autoflush:
        for field, normalise in checks.items():
            value = (getattr(obj, field) or "").strip()
            try:
                setattr(obj, field, normalise(value) if value else None)
            except Invalid as refused:
                raise Invalid(refused.message, field=field) from refused
