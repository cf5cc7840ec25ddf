"""A form with the fields of several controls: opening hours, and texts in other languages."""

from werkzeug.datastructures import MultiDict
from wtforms import Form

from app.catalogue.models import Product
from app.company.models import Store
from app.kit.screens import pages as p
from app.kit.screens.attrs import resolve
from app.kit.screens.making import make_field
from tests.web.samples.common import EMOJI, LONG

HOURS = {
    "mon": [["09:00", "12:30"], ["13:30", "18:00"]],
    "tue": [["09:00", "18:00"]],
    "exceptions": {"2026-12-24": [["09:00", "13:00"]], "2026-12-25": []},
}
WRONG = [
    ("opening_hours-mon-from", "18:00"),
    ("opening_hours-mon-to", "09:00"),
    ("opening_hours-on-0-date", "2026-12-24"),
    ("opening_hours-on-0-from", "soon"),
    ("opening_hours-on-0-to", "13:00"),
    ("texts-de-name", "x" * 600),
]


def groups_page(*, errors: bool = False) -> p.FormPage:
    """Return the form as it is opened, or as it comes back with something wrong."""
    fields = {
        "opening_hours": make_field(resolve(Store, "opening_hours"), required=False, lookup=""),
        "texts": make_field(resolve(Product, "texts"), required=False, lookup=""),
    }
    data = {"opening_hours": HOURS, "texts": {"de": {"name": EMOJI, "description": LONG}}}
    made = type("GroupsForm", (Form,), fields)
    form = made(MultiDict(WRONG) if errors else None, data=data)
    form.validate()
    return p.FormPage(
        title="Edit Hamburg Altona",
        sections=[
            p.FormSection("How to reach it", [p.Field(form["opening_hours"], width="full")]),
            p.FormSection("Texts", [p.Field(form["texts"], width="full")]),
        ],
        discard_url="/list",
    )
