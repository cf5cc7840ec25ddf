"""A form with the fields of several controls: opening hours, texts, an address, own fields."""

from werkzeug.datastructures import MultiDict
from wtforms import Form

from app.catalogue.models import Product
from app.clients.models import Client
from app.company.models import Store
from app.kit.screens import pages as p
from app.kit.screens.attrs import resolve
from app.kit.screens.field_types import make_field
from app.orders.models import Order
from tests.web.samples.common import EMOJI, LONG

HOURS = {
    "mon": [["09:00", "12:30"], ["13:30", "18:00"]],
    "tue": [["09:00", "18:00"]],
    "exceptions": {"2026-12-24": [["09:00", "13:00"]], "2026-12-25": []},
}
ADDRESS = {
    "name": EMOJI,
    "street": LONG,
    "postal_code": "22767",
    "city": "Hamburg",
    "country": "DE",
    "phone": "+4940123456",
    "Etage": "3",
}
OWN = {EMOJI: True, "Shoe size": 42, "Remarks": LONG, "Waters": ["Elbe", "Alster"], "": "unnamed"}
WRONG = [
    ("opening_hours-mon-from", "18:00"),
    ("opening_hours-mon-to", "09:00"),
    ("opening_hours-on-0-date", "2026-12-24"),
    ("opening_hours-on-0-from", "soon"),
    ("opening_hours-on-0-to", "13:00"),
    ("texts-de-name", "x" * 600),
    ("delivery_address-postal_code", "2" * 30),
    ("delivery_address-country", "Atlantis"),
    ("delivery_address-phone", "ask her"),
    ("custom-0-name", "Boat"),
    ("custom-0-value", "x" * 3000),
    ("custom-1-value", "42"),
    ("custom-2-name", "Card"),
    ("custom-2-value", "no"),
    ("custom-3-name", "Card"),
]


def groups_page(*, errors: bool = False) -> p.FormPage:
    """Return the form as it is opened, or as it comes back with something wrong."""
    fields = {
        "opening_hours": make_field(resolve(Store, "opening_hours"), required=False),
        "texts": make_field(resolve(Product, "texts"), required=False),
        "delivery_address": make_field(resolve(Order, "delivery_address"), required=False),
        "custom": make_field(resolve(Client, "custom"), required=False),
    }
    data = {
        "opening_hours": HOURS,
        "texts": {"de": {"name": EMOJI, "description": LONG}},
        "delivery_address": ADDRESS,
        "custom": OWN,
    }
    made = type("GroupsForm", (Form,), fields)
    form = made(MultiDict(WRONG) if errors else None, data=data)
    form.validate()
    return p.FormPage(
        title="Edit Hamburg Altona",
        sections=[
            p.FormSection("How to reach it", [p.Field(form["opening_hours"], width="full")]),
            p.FormSection("Texts", [p.Field(form["texts"], width="full")]),
            p.FormSection("Delivery", [p.Field(form["delivery_address"], width="full")]),
            p.FormSection("Your own fields", [p.Field(form["custom"], width="full")]),
        ],
        discard_url="/list",
    )
