"""What the sample pages share: names that strain, forms, the shell."""

# ruff: noqa: FBT001, FBT002, FBT003 - sample values stand in the order of the dataclass
# ruff: noqa: RUF005 - long sample values are added up

from datetime import UTC, datetime
from decimal import Decimal

from flask import request
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    DecimalField,
    FileField,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired

from app.kit.screens import pages as p

NOW = datetime(2026, 11, 21, 9, 52, tzinfo=UTC)


LONG = "Überlange " * 300


EMOJI = "🎣 Jörg 👨‍👩‍👧‍👦 Hansen"


NAMES = (
    "Jörg Hansen",
    "Nordsee-Angelverein e. V.",
    "Anneliese Schmidt-Rottluff",
    "Mehmet Yılmaz",
    "Оксана Коваленко",
) + (
    "Björn Petersen",
    "Café am Hafen GmbH & Co. KG",
    "Siobhán O’Connor",
    "<b>Not bold</b>",
    EMOJI,
    LONG,
)


LANGUAGES = [
    ("en", "English"),
    ("de", "Deutsch"),
    ("pt_BR", "Português"),
    ("uk", "Українська"),
    ("ru", "Русский"),
]


POST = {"method": "post"}


ARCHIVE = p.Action(
    "Archive",
    "/row/1/archive",
    "archive",
    method="post",
    danger=True,
    confirm="The client no longer appears in lists. Orders stay as they are.",
    version=3,
)


def options(pairs: list[tuple[str, str]]) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in pairs]


class OrderForm(FlaskForm):
    name = StringField("Name", [DataRequired("Say what it is called.")])
    sku = StringField("SKU", [DataRequired()], description="Printed on the label.")
    price = DecimalField("Price with VAT", [DataRequired()], render_kw={"suffix": "€"})
    stock = IntegerField("Minimum stock", description="For all stores together")
    brand = SelectField(
        "Brand", choices=options([("1", "Shimano"), ("2", "Daiwa"), ("3", "Abu Garcia")])
    )
    category = SelectField(
        "Category", choices=options([(str(n), f"Category {n}") for n in range(30)])
    )
    tags = SelectMultipleField(
        "Tags", choices=options([("p", "Pike"), ("z", "Zander"), ("f", "Front drag")])
    )
    supplier = SelectField(
        "Supplier",
        choices=options([("7", "Nordfisch Großhandel")]),
        render_kw={"data_lookup_url": "/lookup"},
        validate_choice=False,
    )
    valid_from = DateField("Valid from")
    starts = DateTimeLocalField("Starts", format="%Y-%m-%dT%H:%M")
    opens = TimeField("Opens")
    text = TextAreaField("Description", description="Shown in the web shop.")
    photo = FileField("Photo", render_kw={"accept": "image/*"})
    sell_out = BooleanField("Sell while stock lasts, then hide from the site")
    kind = RadioField("Kind", choices=options([("g", "Goods"), ("s", "Service")]))
    secret = PasswordField("Password")
    id = HiddenField()


class LineForm(FlaskForm):
    id = HiddenField()
    product = SelectField(
        "Product",
        choices=options([("1", "Reel")]),
        render_kw={"data_lookup_url": "/lookup"},
        validate_choice=False,
    )
    quantity = IntegerField("Quantity")
    price = DecimalField("Price")
    until = DateField("Valid until")


def line(index: object, stored: str = "", errors: bool = False) -> list[object]:
    form = LineForm(formdata=None, prefix=f"lines-{index}", meta={"csrf": False})
    form.id.data, form.quantity.data, form.price.data, form.product.data = (
        stored,
        2,
        Decimal("179.90"),
        "1",
    )
    if index == "__i__":
        form.quantity.data = form.price.data = None
        form.product.choices = []
    if errors:
        form.price.errors = ["€129.00 is €4.00 under cost before VAT."]
    return [form.product, form.quantity, form.price, form.until, form.id]


def shell() -> p.Shell:
    item = p.MenuItem
    areas = [
        p.MenuArea(
            "",
            [
                item(
                    "Dashboard",
                    "/dashboard",
                    "layout-dashboard",
                    current=request.path == "/dashboard",
                ),
                item("Orders", "/show", "shopping-cart", 12, current=request.path == "/show"),
                item("Clients", "/list", "users", current=request.path == "/list"),
                item("Products", "/form", "fish", current=request.path == "/form"),
            ],
        ),
        p.MenuArea(
            "Selling",
            [
                item("Invoices", "#", "file-invoice"),
                item("Marketing", "/campaign", "speakerphone", 1),
            ],
        ),
        p.MenuArea(
            "Running",
            [
                item("Warehouse", "#", "building-warehouse", 3),
                item("Settings", "/rights", "settings"),
            ],
        ),
    ]
    return p.Shell(
        company="Angelhaus Petersen",
        areas=areas,
        user_name="Katrin Petersen",
        user_text="Administrator",
        home_url="/dashboard",
        search_url="/search",
        stores=[
            p.StoreChoice("All stores", "", True),
            p.StoreChoice("Hamburg Altona", "1"),
            p.StoreChoice("Kiel Hafen", "2"),
        ],
        store_url="/store",
        quick_add=[p.Link("Order", "/form"), p.Link("Client", "/form")],
        notifications_url="/list",
        unread=3,
        profile=[p.Link("My settings", "/form"), p.Link("Where I am signed in", "/list")],
        sign_out_url="/signout",
        languages=[p.Language(code, name, current=code == "en") for code, name in LANGUAGES],
        language_url="/language",
    )
