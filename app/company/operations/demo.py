"""The demo company's places, staff and sign-ins. What is there already stays as it is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from flask import current_app
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.company.choices import StoreKind
from app.company.models import Employee, Franchise, Membership, Person, Store
from app.company.operations.companies import add_member, add_person
from app.company.operations.roles import seed_roles
from app.kit.errors import Refused
from app.kit.registry import DemoData
from app.kit.security import auth_functions

_WEEK = {day: [["09:00", "18:30"]] for day in ("mon", "tue", "wed", "thu", "fri")}
HOURS = {**_WEEK, "sat": [["10:00", "16:00"]], "exceptions": {"2026-12-24": [["09:00", "13:00"]]}}

# number, name, kind, street, postal code, city, latitude, longitude, of the franchise
PLACES: tuple[tuple[Any, ...], ...] = (
    (
        "001",
        "Hamburg Altona",
        "shop",
        "Große Bergstraße 160",
        "22767",
        "Hamburg",
        "53.5503",
        "9.9352",
        True,
    ),
    ("002", "Kiel Hafen", "shop", "Kaistraße 12", "24103", "Kiel", "54.3176", "10.1357", True),
    (
        "003",
        "Salon Lübeck",
        "salon",
        "Mühlenstraße 40",
        "23552",
        "Lübeck",
        "53.8638",
        "10.6866",
        True,
    ),
    (
        "090",
        "Lager Norderstedt",
        "warehouse",
        "Gutenbergring 7",
        "22848",
        "Norderstedt",
        "53.6859",
        "9.9882",
        False,
    ),
    ("099", "Web shop", "web_shop", None, None, None, None, None, False),
)
CITIES = (
    "Bremen", "Hannover", "Berlin", "Leipzig", "Dresden", "Köln", "Bonn", "Münster", "Kassel",
    "Erfurt", "Mainz", "Mannheim", "Stuttgart", "Ulm", "München",
)  # fmt: skip

# sign-in, first name, last name, position, template, numbers of the stores (None: all)
PEOPLE: tuple[tuple[str, str, str, str, str, tuple[str, ...] | None], ...] = (
    ("owner", "Katrin", "Petersen", "Owner", "owner", None),
    ("admin", "Jonas", "Weiß", "Administrator", "administrator", None),
    ("manager", "Aylin", "Bakır", "Store manager", "store_manager", ("001",)),
    ("orders", "Олена", "Ткаченко", "Order manager", "order_manager", None),
    ("warehouse", "Piotr", "Nowak", "Warehouse", "warehouse", ("090", "099")),
    ("cashier", "Lena", "Schröder", "Cashier", "cashier", ("001",)),
    ("reception", "Mariana", "Souza", "Reception", "reception", ("003",)),
    ("master", "Daniel", "Koch", "Master", "master", ("003",)),
    ("content", "Sofia", "Lindner", "Content manager", "content_manager", None),
    ("marketing", "Tim", "Brandt", "Campaign manager", "campaign_manager", None),
    ("accountant", "Ирина", "Соколова", "Accountant", "accountant", None),
    ("franchise", "Henrik", "Möller", "Franchise owner", "franchise_owner", ("001", "002", "003")),
)


def load_places(session: Session, size: str) -> None:
    """Make franchise and stores: five, or twenty of a large demo."""
    if session.scalar(select(func.count()).select_from(Store)):
        return
    currency = session.scalar(text("select currency from company where id = crm_company()"))
    franchise = Franchise(name="Küste")
    session.add(franchise)
    session.flush()
    for number, name, kind, street, postal, city, latitude, longitude, inside in PLACES:
        session.add(
            Store(
                number=number,
                name=name,
                kind=StoreKind(kind),
                address=street,
                postal_code=postal,
                city=city,
                latitude=latitude and Decimal(latitude),
                longitude=longitude and Decimal(longitude),
                currency=currency,
                opening_hours={} if kind in ("warehouse", "web_shop") else HOURS,
                franchise_id=franchise.id if inside else None,
            )
        )
    if size == "large":
        for number, city in enumerate(CITIES, start=10):
            store = Store(number=f"{number:03}", name=city, city=city, opening_hours=HOURS)
            store.currency = currency
            session.add(store)
    session.flush()


def load_people(session: Session, size: str) -> None:
    """Make the employees and the sign-ins of every role. Raises Refused in production."""
    config = _config()
    company_id = session.scalar(text("select crm_company()"))
    roles = seed_roles(session, int(company_id or 0))
    stores = {store.number: store.id for store in session.scalars(select(Store))}
    there = set(
        session.scalars(select(Person.email).join(Membership, Membership.user_id == Person.id))
    )
    for login, first, last, position, template, numbers in PEOPLE:
        email = f"{login}@demo.example"
        if email in there:
            continue
        bound = None if numbers is None else [stores[number] for number in numbers]
        employee = Employee(
            first_name=first,
            last_name=last,
            position=position,
            email=email,
            store_id=bound[0] if bound else None,
            entered_on=date(2023, 4, 1),
            monthly_salary=Decimal(3200),
        )
        session.add(employee)
        session.flush()
        user = add_person(session, email, first=first, last=last, password=config.demo_password)
        add_member(
            session,
            user,
            role_ids=[roles[template].id],
            store_ids=bound,
            employee_id=employee.id,
        )


def _config() -> Any:
    config = current_app.config["CRM"]
    if config.production:
        # Everybody knows the password.
        raise Refused("The demo's sign-ins are no good in production.")
    return config


def load_superuser(session: Session, size: str) -> None:
    """Make the installation's administrator, of no company. Raises Refused in production."""
    config = _config()
    user = add_person(
        session,
        "superuser@demo.example",
        first="Super",
        last="User",
        password=config.demo_password,
    )
    with auth_functions.through(session) as door:
        auth_functions.appoint_superuser(door, user)


DEMO = (
    DemoData("stores", load_places, order=0),
    DemoData("people", load_people, order=1),
    DemoData("superuser", load_superuser, order=2),
)
