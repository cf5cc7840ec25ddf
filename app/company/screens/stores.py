"""Companies, franchises, stores and employees: generated."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp

from app.company import operations
from app.company.models import Company, Employee, Franchise, Store
from app.kit.screens import Related, Screen
from app.kit.screens.areas import COMPANY, SETTINGS


class CompanyScreen(Screen):
    """The settings of the company itself: one record."""

    model = Company
    area = SETTINGS
    icon = "building"
    label, one = _l("Company"), _l("Company")
    path = "company"
    help = _l("Name, currency, time zone and language.")
    list_columns = ("name", "country", "currency", "time_zone")
    sections = (
        (_l("Company"), ("name", "legal_name", "country")),
        (_l("Usual values"), ("currency", "time_zone", "locale")),
        (
            _l("Clients"),
            ("clients_seen",),
            _l("Whoever is not bound to stores sees all clients. It counts from the next click."),
        ),
    )
    adds = archives = exports = False
    on_edit = staticmethod(operations.check_company)
    api = True


class FranchiseScreen(Screen):
    """Stores under one name."""

    model = Franchise
    area = COMPANY
    icon = "flag"
    label, one = _l("Franchises"), _l("Franchise")
    help = _l("Stores under one name whose owner looks at them together.")
    list_columns = ("name", "note")
    order = ("name", "asc")
    sections = ((_l("Franchise"), ("name", "note")),)
    related = (Related("Store", by="franchise"),)
    api = True


class StoreScreen(Screen):
    """Places of business."""

    model = Store
    area = COMPANY
    icon = "building-store"
    label, one = _l("Stores"), _l("Store")
    help = _l("Shops, salons, warehouses and web shops.")
    list_columns = ("name", "number", "kind", "city", "franchise", "phone")
    filters = ("kind", "franchise", "city", "number")
    order = ("name", "asc")
    search_hint = _l("Number, name or city")
    sections = (
        (_l("Store"), ("number", "name", "kind", "franchise")),
        (
            _l("Place"),
            ("address", "postal_code", "city", "country", "latitude", "longitude", "time_zone"),
        ),
        (_l("How to reach it"), ("phone", "email", "opening_hours")),
        (
            _l("Legal entity"),
            ("legal_name", "tax_number", "bank_account", "currency"),
            _l("Only if the store is a legal entity of its own."),
        ),
    )
    related = (Related("Employee", by="store"),)
    on_add = staticmethod(operations.check_store)
    on_edit = staticmethod(operations.check_store)
    api = True


class EmployeeScreen(Screen):
    """Who works here, with or without signing in."""

    model = Employee
    area = COMPANY
    icon = "id"
    label, one = _l("Employees"), _l("Employee")
    help = _l("Who works here, whether or not they sign in.")
    list_columns = ("name", "position", "store", "phone", "entered_on", "left_on")
    filters = ("position", "store", "entered_on")
    order = ("name", "asc")
    search_hint = _lp("of somebody", "Name")
    sections = (
        (_l("Person"), ("first_name", "last_name", "number")),
        (_l("Work"), ("position", "store", "entered_on", "left_on")),
        (_l("How to reach them"), ("phone", "email")),
        (_l("Pay"), ("monthly_salary", "hourly_rate")),
        (_l("Note"), ("note",)),
    )
    on_add = staticmethod(operations.check_employee)
    on_edit = staticmethod(operations.check_employee)
    api = True
