"""A little application of nothing but app.web, showing each template with values that strain it."""

# ruff: noqa: FBT001, FBT002, FBT003 - sample values stand in the order of the dataclass
# ruff: noqa: C408, C901, RUF005 - keyword arguments read best, and the routes are one list

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from flask import Flask, abort, jsonify, render_template, request
from flask_babel import Babel
from flask_wtf import CSRFProtect, FlaskForm
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
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

from app.kit import clock
from app.kit.screens import pages as p
from app.web import init_app

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


COLUMNS = [
    p.Column("name", "Client", "lead", sort_url="?o=name"),
    p.Column("stage", "Stage", "badge"),
    p.Column("category", "Category", wide=True),
    p.Column("phone", "Phone"),
    p.Column("store", "Home store", wide=True),
    p.Column("points", "Points", "num", wide=True),
    p.Column("orders", "Orders", "num", wide=True),
    p.Column("sum", "Orders sum", "money", sort_url="?o=sum", currency="EUR"),
    p.Column("last", "Last order", "date", sort_url="?o=last", sorted="desc"),
]
STAGES = [("Active", "green"), ("Returned", "blue"), ("Lapsing", "amber"), ("Lost", "red")]


def row(n: int) -> p.Row:
    name = NAMES[n % len(NAMES)]
    stage, tone = STAGES[n % 4]
    cells = [
        p.Cell(name, tags=["VIP"] if n % 3 == 0 else []),
        p.Cell(stage, tone=tone),
        p.Cell("Club member"),
        p.Cell(f"+49 171 555 {n:04}", extra=""),
        p.Cell("Hamburg Altona"),
        p.Cell(n * 37),
        p.Cell(n),
        p.Cell(Decimal(n * 4100 - 900) / 100),
        p.Cell(NOW - timedelta(days=n * 9, hours=2)),
    ]
    actions = [p.Action("New order", "/form"), p.Action("Write a message", "/form"), ARCHIVE]
    return p.Row(str(n), cells, label=name, url=f"/show?id={n}", actions=actions)


OPERATORS = [
    p.FilterOperator("is", "is"),
    p.FilterOperator("more", "is more than"),
    p.FilterOperator("none", "is empty", "none"),
]
FILTERS = [
    p.FilterField("name", "Name", "text", OPERATORS),
    p.FilterField(
        "sum", "Orders sum", "money", [*OPERATORS, p.FilterOperator("between", "is between", "two")]
    ),
    p.FilterField("last", "Last order", "date", OPERATORS),
    p.FilterField(
        "stage",
        "Stage",
        "choice",
        [p.FilterOperator("in", "is one of", "many")],
        [("a", "Active"), ("l", "Lost")],
    ),
    p.FilterField(
        "store",
        "Home store",
        "lookup",
        [p.FilterOperator("in", "is one of", "many")],
        lookup_url="/lookup",
    ),
]


def list_page(rows: int = 50, **more: object) -> p.ListPage:
    values: dict[str, object] = dict(
        title="Clients",
        count_text="more than 10,000",
        columns=COLUMNS,
        rows=[row(n) for n in range(1, rows + 1)],
        views=[
            p.SavedView(
                "Active regulars",
                "?v=1",
                current=True,
                delete=p.Action("Delete this view", "/v", **POST),
            ),
            p.SavedView("All", "?v=2"),
            p.SavedView("Mine", "?v=3", 214),
            p.SavedView("Birthday this week", "?v=4", "1,806"),
        ],
        search_hint="Name, phone, email, number",
        filters=FILTERS,
        chips=[
            p.Chip("Stage is one of", "Active", "?", "stage", "in", ["a"]),
            p.Chip("Last order is", "in the last 90 days", "?"),
            p.Chip("Orders sum is", "more than €500.00", "?", "sum", "more", ["500"]),
        ],
        clear_url="?",
        view=p.ViewPanel(
            [p.ColumnChoice(c.name, c.label, True, c.name == "name") for c in COLUMNS],
            "/views",
            True,
        ),
        bulk=[
            p.BulkAction("write", "Write a message", "send"),
            p.BulkAction("tag", "Add a tag", "tag"),
            p.BulkAction(
                "archive",
                "Archive",
                "archive",
                True,
                "{n} clients are archived. Their orders stay.",
            ),
        ],
        bulk_url="/bulk",
        pager=p.Pager("", "?after=50", 1, rows, "more than 10,000"),
        more=[p.Action("Import from a file", "/form"), p.Action("Find duplicates", "/list")],
        add_url="/form",
        add_label="New client",
        export_url="/export",
        totals={
            "points": p.Cell(1284310),
            "orders": p.Cell(61077),
            "sum": p.Cell(Decimal("4918204.35")),
        },
    )
    return p.ListPage(**{**values, **more})  # type: ignore[arg-type]


def show_page() -> p.ShowPage:
    lines = p.TableCard(
        "Lines",
        [
            p.Column("p", "Product", "lead"),
            p.Column("a", "Available", "badge"),
            p.Column("q", "Quantity", "num"),
            p.Column("t", "Total", "money", currency="EUR"),
        ],
        [
            p.Row(
                str(n),
                [
                    p.Cell(name, url="/form", extra="STRFM-2500 · 4969363 120014"),
                    p.Cell("9 on the shelf", tone="good"),
                    p.Cell(2),
                    p.Cell(Decimal("161.91")),
                ],
                label=name,
                actions=[p.Action("Change the quantity", "/form"), ARCHIVE],
            )
            for n, name in enumerate(
                ["Shimano Stradic FM 2500", "Savage Gear SG4 Spinning Rod, 2.59 m, 20–60 g", LONG]
            )
        ],
        totals={"t": p.Cell(Decimal("298.62"))},
        totals_label="Total",
        footer="The missing 2 arrive on Monday at 09:00.",
    )
    payment = p.KvCard(
        "Payment",
        [
            p.Fact("Method", "Card, Stripe payment link"),
            p.Fact("Received", NOW - timedelta(minutes=36), "datetime"),
            p.Fact("Amount", Decimal(200), "money", currency="EUR"),
            p.Fact("Certificate", None),
            p.Fact("State", "Partly paid", "badge", tone="amber"),
            p.Fact("Client", EMOJI, url="/show"),
            p.Fact("Note", LONG),
        ],
        badge=p.Badge("€48.62 to pay", "warn"),
        actions=[p.Action("Take a payment", "/form")],
    )
    delivery = p.KvCard(
        "Delivery",
        [p.Fact("Method", "DHL parcel"), p.Fact("To", "Große Elbstraße 145 b\n22767 Hamburg")],
    )
    summary = p.SlipCard(
        "Summary",
        [
            p.SlipLine("Goods, 4 lines", Decimal("349.70"), "EUR"),
            p.SlipLine("Promotion “Herbstangeln”", Decimal("-34.97"), "EUR"),
        ],
        p.SlipLine("Total", Decimal("298.62"), "EUR"),
        "includes €47.68 VAT (19 %)",
    )
    return p.ShowPage(
        title="Order 10482",
        crumbs=[p.Link("Sales", "/list"), p.Link("Orders", "/list")],
        badges=[p.Badge("Confirmed", "info"), p.Badge("Partly paid", "warn")],
        facts="Placed today at 09:14 in the web shop · promised for Mon 23 Nov · Hamburg Altona",
        path=[
            p.Step("Placed", "09:14"),
            p.Step("Confirmed", "09:20"),
            p.Step("Assembling"),
            p.Step("Shipped"),
            p.Step("Completed"),
        ],
        path_at=1,
        previous_url="/show",
        next_url="/show",
        more=[
            p.Action("Print the invoice", "/form"),
            p.Action("Cancel the order", "/x", method="post", danger=True, confirm="Gone."),
        ],
        actions=[
            p.Action("Write", "/form", "send"),
            p.Action("Refund", disabled="Nothing was paid back yet."),
        ],
        primary=p.Action("Start assembly", "/x", "box", "post", version=4),
        first_tab="Order",
        tabs=[
            p.Tab("payments", "Payments", "/fragment/list", 2),
            p.Tab("changes", "Changes", "/fragment/history", 4),
            p.Tab("broken", "Broken", "/gone"),
        ],
        cards=[lines, payment, delivery, p.LazyCard("Returns", "/fragment/small", 1, "/list")],
        aside=[
            summary,
            p.HtmlCard(
                "Worth offering",
                Markup('<p class="s">Clients took the <a href="/form">line</a>.</p>'),
            ),
        ],
        notes=[p.Note("Two parcels to this address were left with neighbours.", "warn")],
    )


def history_page(older: bool = True) -> p.HistoryPage:
    entries = [
        p.HistoryEntry(
            NOW,
            "changed the order",
            "Katrin Petersen",
            "edit",
            changes=[p.Change("Status", "Draft", "Confirmed"), p.Change("Note", None, LONG[:300])],
        ),
        p.HistoryEntry(
            NOW - timedelta(days=1),
            "wrote by WhatsApp",
            EMOJI,
            "message",
            "Moin! Bitte vorher anrufen.",
        ),
        p.HistoryEntry(NOW - timedelta(days=400), "Placed in the web shop", icon="shopping-cart"),
    ]
    return p.HistoryPage(entries=entries, older_url="/fragment/history?older=1" if older else "")


def form_page(errors: bool = True) -> p.FormPage:
    data = (
        MultiDict(
            {
                "name": "",
                "sku": "STRFM-2500",
                "price": "189.90",
                "tags": "p",
                "valid_from": "2026-11-21",
                "starts": "2026-11-21T16:00",
            }
        )
        if errors
        else None
    )
    form = OrderForm(formdata=data, meta={"csrf": False})
    if errors:
        form.validate()
        form.supplier.data = "7"
    place = p.Field
    basics = p.FormSection(
        "Basics",
        [
            place(form.name, "full"),
            place(form.sku),
            place(form.price),
            place(form.stock, hint="For all stores together"),
        ]
        + [
            place(form.brand),
            place(form.category),
            place(form.supplier),
            place(form.tags, "half"),
            place(form.photo, "half"),
        ]
        + [
            place(form.text, "full"),
            place(form.sell_out, "full"),
            place(form.kind, "half"),
            place(form.secret, "half"),
        ],
        hint="cost €112.40, average",
    )
    times = p.FormSection("Times", [place(form.valid_from), place(form.starts), place(form.opens)])
    sheet = p.Sheet(
        "Price breaks",
        "lines",
        [
            p.Column("product", "Product"),
            p.Column("q", "Quantity", "num"),
            p.Column("price", "Price", "money", currency="EUR"),
            p.Column("until", "Valid until"),
        ],
        [line(0, "11"), line(1, "12", errors), line(2)],
        line("__i__"),
        "Add a price break",
    )
    conflict = p.Conflict(
        "Jonas Weiß",
        NOW - timedelta(minutes=4),
        [p.ConflictField("Name", "Stradic", LONG[:200])],
        "/form",
    )
    return p.FormPage(
        title="Shimano Stradic FM 2500",
        crumbs=[p.Link("Products", "/list"), p.Link("Reels", "/list")],
        badges=[p.Badge("Published", "good")],
        facts="Goods · changed yesterday at 17:40 by Jonas Weiß",
        sections=[basics, times, sheet],
        hidden=[form.id],
        version=3,
        conflict=conflict if errors else None,
        save_label="Save the product",
        save_actions=[("add", "Save and add another")],
        discard_url="/list",
        multipart=True,
        aside=[
            p.SlipCard(
                "On hand",
                [p.SlipLine("Hamburg Altona", "9"), p.SlipLine("Reserved by orders", "−4")],
                p.SlipLine("Available", "7"),
            )
        ],
    )


def dashboard_page() -> p.DashboardPage:
    days = [date(2026, 10, 23) + timedelta(days=n) for n in range(30)]
    revenue = p.Figure(
        "rev",
        "Revenue by day",
        [
            p.Column("d", "Day", "date"),
            p.Column("a", "Last 30 days", "money", currency="EUR"),
            p.Column("b", "Previous 30 days", "money", currency="EUR"),
        ],
        [
            p.Row(
                str(d),
                [
                    p.Cell(d),
                    p.Cell(Decimal(6000 + (n * 37 % 9) * 300), url=f"/list?day={d}"),
                    p.Cell(Decimal(5000 + (n * 53 % 7) * 300)),
                ],
            )
            for n, d in enumerate(days)
        ],
    )
    stores = p.Figure(
        "stores",
        "Revenue by store",
        [p.Column("s", "Store"), p.Column("a", "Revenue", "money", currency="EUR")],
        [
            p.Row(str(n), [p.Cell(name), p.Cell(Decimal(81204 // (n + 1)))], url=f"/list?store={n}")
            for n, name in enumerate(["Hamburg Altona", "Web shop", "Kiel Hafen"])
        ],
        chart="bar",
        full=False,
    )
    shares = p.Figure("pie", "Categories", stores.columns, stores.rows, chart="pie", full=False)
    hours = p.Figure(
        "hours",
        "Orders by hour",
        [p.Column("d", "Day"), *[p.Column(str(h), f"{h}", "num") for h in range(9, 20)]],
        [
            p.Row(d, [p.Cell(d), *[p.Cell((h * 7 + n * 3) % 11) for h in range(9, 20)]])
            for n, d in enumerate(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat"])
        ],
        chart="heatmap",
    )
    best = p.TableCard(
        "Best sellers",
        [
            p.Column("p", "Product", "lead"),
            p.Column("n", "Sold", "num"),
            p.Column("r", "Revenue", "money", currency="EUR"),
        ],
        [
            p.Row(str(n), [p.Cell(name), p.Cell(38), p.Cell(Decimal("7104.20"))], url="/list")
            for n, name in enumerate(["Stradic FM 2500", "Power Pro braid 0.19", LONG])
        ],
        all_url="/list",
    )
    low = p.TableCard("Low stock", best.columns, [], empty="Everything is on the shelf.")
    empty = p.Figure("none", "Returns", revenue.columns, [])
    tile = p.StatTile
    return p.DashboardPage(
        title="Good morning, Katrin",
        facts="Saturday 21 November 2026 · figures up to 09:52",
        controls=[
            p.ControlMenu(
                "Period",
                [p.Link("Last 7 days", "?d=7"), p.Link("Last 30 days", "?d=30")],
                "Last 30 days",
                "calendar",
            ),
            p.ControlMenu(
                "Compare with", [p.Link("Previous 30 days", "?")], "vs previous 30 days", quiet=True
            ),
        ],
        tiles=[
            tile("Revenue", "€184,320", "/list", "▲ 12.4 %", "good", "from €163,986"),
            tile("Gross margin", "31.8 %", "", "▲ 0.6 points", "good", "from 31.2 %"),
            tile("Orders", "2,914", "/list", "▲ 14.7 %", "good", "from 2,541"),
            tile("Average order", "€63.25", "", "▼ 2.0 %", "bad", "from €64.54"),
            tile("New clients", "412", "/list", "▲ 18.4 %", "green", "from 348"),
            tile("Returns", "2.9 %", "", "– unchanged", "", "from 2.9 %"),
        ],
        figures=[revenue, best, low, stores, shares, hours],
        aside=[
            p.SlipCard(
                "Till",
                [p.SlipLine("Cash", Decimal("412.5"), "EUR")],
                p.SlipLine("Expected", Decimal(1386), "EUR"),
            ),
            empty,
        ],
    )


def rights_page(readonly: bool = False) -> p.RightsPage:
    right = p.Right
    orders = [
        right(
            "o1",
            "See orders",
            "Lines, sums, delivery and payment state",
            True,
            level="see",
            granted_by=["Order manager"],
        ),
        right(
            "o2",
            "Take a payment",
            "Card, bank transfer, certificate",
            True,
            marks=["money"],
            granted_by=["Order manager", "Cashier"],
        ),
        right("o3", "Refund a payment", "Up to €200", False, marks=["new", "money"]),
        right(
            "o4",
            "Erase a client",
            "Removes all",
            False,
            "You do not have this right, so you cannot give it",
            ["private"],
        ),
    ]
    return p.RightsPage(
        title="Order manager",
        crumbs=[p.Link("Settings", "/list"), p.Link("Roles", "/list")],
        facts="A role of Angelhaus Petersen · 6 people have it",
        areas=[
            p.RightsArea("orders", "Orders", "shopping-cart", orders, "2 of 4"),
            p.RightsArea(
                "clients", "Clients", "users", [right("c1", "See clients", checked=True)], "1 of 1"
            ),
        ],
        scope=[
            p.ScopeOption(
                "own", "Only the stores each person works in", "Others stay out of sight", True
            ),
            p.ScopeOption("all", "All stores"),
        ],
        in_words="People with this role take, change and confirm orders of their own stores.",
        people=[
            p.Person("Jonas Weiß", "Hamburg Altona", "/show"),
            p.Person("Олена Ткаченко", "Web shop"),
            p.Person(EMOJI),
        ],
        people_more=p.Link("and 3 more", "/list"),
        invite_url="/form",
        told="6 people are told. It takes effect on their next click.",
        save_label="Save the role",
        discard_url="/list",
        version=1,
        readonly=readonly,
    )


class MessageForm(FlaskForm):
    sender = SelectField("From", choices=options([("p", "Petersen")]))
    text = TextAreaField("Text", [DataRequired()])
    day = DateField("Day")
    cap = DecimalField("Spend cap")


def campaign_page(channel: str) -> p.CampaignPage:
    form = MessageForm(
        formdata=None,
        meta={"csrf": False},
        text="Moin {first_name}, nur noch bis Sonntag: 10% auf alle Hechtruten. Stop: STOP",
        day=date(2026, 11, 21),
        cap=Decimal(320),
    )
    rows = [
        ("In the segment", 5120, "counted 2 minutes ago"),
        ("No consent to SMS", -412, "still reached by email: 388"),
        ("Unsubscribed", -38, ""),
    ]
    audience = p.TableCard(
        "Audience",
        [
            p.Column("w", "Who", "lead"),
            p.Column("n", "Clients", "num"),
            p.Column("why", "Why", wide=True),
        ],
        [
            p.Row(str(i), [p.Cell(a, url="/list"), p.Cell(b), p.Cell(c)])
            for i, (a, b, c) in enumerate(rows)
        ],
        totals={"n": p.Cell(3920)},
        totals_label="Recipients",
    )
    return p.CampaignPage(
        channel=channel,  # type: ignore[arg-type]
        title="Herbstangeln, last weekend",
        crumbs=[p.Link("Marketing", "/list"), p.Link("Campaigns", "/list")],
        badges=[p.Badge("Draft")],
        facts="SMS · saved a minute ago",
        actions=[p.Action("Send a test", "/x", "send", "post")],
        primary=p.Action(
            "Check and schedule", "/x", method="post", confirm="3,920 clients are written to."
        ),
        steps=[
            p.Step("Audience", "3,920 recipients"),
            p.Step("Message", "1 SMS each"),
            p.Step("Schedule"),
            p.Step("Check"),
        ],
        step_at=1,
        segment=p.Link("Pike anglers, active", "/list"),
        segment_chips=[("bought in", "Rods or Reels"), ("last order is", "in the last 12 months")],
        change_segment=p.Action("Change the segment", "/list"),
        audience=audience,
        message=[p.Field(form.sender, "half"), p.Field(form.text, "full")],
        sections=[
            p.FormSection(
                "Schedule",
                [p.Field(form.day), p.Field(form.cap, suffix="€", hint="Pauses when reached")],
            )
        ],
        variables=[("{first_name}", "First name"), ("{points}", "Points")],
        meter=p.SmsMeter(
            3920, Decimal("0.0749"), "EUR", {"first_name": "Anneliese"}, {"first_name": "Jörg"}
        )
        if channel == "sms"
        else None,
        preview_of="Jörg Hansen",
        preview="Moin Jörg",
        preview_url="/preview",
        preview_from="Petersen",
        cost=p.SlipCard(
            "Cost",
            [p.SlipLine("Recipients", "3,920")],
            p.SlipLine("At most", Markup('<span data-sms="cost">€293.61</span>')),
            "Under the cap of €320.00.",
        ),
        questions=[
            p.Note(
                "One question left: 61 recipients in quiet hours get the message later.",
                "info",
                "help-circle",
                [p.Action("Leave them out", "/x", method="post")],
            )
        ],
        save_label="Save the campaign",
        discard_url="/list",
        version=2,
    )


def progress_page(done: int = 2614, polled: bool = False) -> p.ProgressPage:
    why = p.TableCard(
        "Not sent, and why",
        [p.Column("r", "Reason", "lead"), p.Column("n", "Clients", "num")],
        [p.Row("1", [p.Cell("No consent to SMS", url="/list"), p.Cell(412)])],
    )
    return p.ProgressPage(
        title="Herbstangeln, last weekend",
        badges=[p.Badge("Sending", "info")],
        facts="SMS · started today at 16:00 by Lena Vogt",
        actions=[
            p.Action(
                "Cancel what is left",
                "/x",
                method="post",
                danger=True,
                confirm="1,306 clients are not written to.",
            )
        ],
        primary=p.Action("Pause", "/x", "player-pause", "post"),
        headline=f"{done:,} of 3,920 sent",
        done=done,
        total=3920,
        sentence="Nobody is written to twice, and a pause loses nobody.",
        state=p.Badge("Live", "good"),
        tiles=[
            p.StatTile("Delivered", "2,431", "/list", "93.0 %", "", "of sent"),
            p.StatTile("Failed", "41", "/list", "1.6 %", "bad", "usual: 1.1 %"),
        ],
        cards=[why],
        timeline=history_page().entries,
        poll_url="/poll" if polled else "",
        poll_seconds=1,
    )


def search_page() -> p.SearchPage:
    hits = [
        p.SearchHit(name, "/show", "+49 171 555 0142 · Hamburg Altona", p.Badge("Active", "good"))
        for name in NAMES
    ]
    return p.SearchPage(
        title="Search: hansen",
        query="hansen",
        groups=[p.SearchGroup("Clients", "users", hits, "/list?q=hansen")],
    )


def sign_in_page(**more: object) -> p.SignInPage:
    class SignIn(FlaskForm):
        email = StringField("Email", [DataRequired()], render_kw={"autocomplete": "username"})
        password = PasswordField(
            "Password", [DataRequired()], render_kw={"autocomplete": "current-password"}
        )

    form = SignIn(formdata=None, meta={"csrf": False})
    values: dict[str, object] = dict(
        title="Sign in",
        text="Welcome back to the counter.",
        fields=[p.Field(form.email, "full"), p.Field(form.password, "full")],
        error="This email and password do not belong together. You can try 3 more times.",
        forgot_url="/reset",
        company="Angelhaus Petersen",
    )
    return p.SignInPage(**{**values, **more})  # type: ignore[arg-type]


PAGES = {
    "list": lambda: ("list.html", list_page(12)),
    "list-long": lambda: ("list.html", list_page(50)),
    "list-empty": lambda: (
        "list.html",
        list_page(
            0,
            views=[],
            chips=[],
            count_text="none yet",
            pager=p.Pager(),
            filters=[],
            searchable=False,
            view=None,
            totals={},
            empty=p.Empty(
                "Everyone who buys from you, in one place",
                "A client appears here by buying in the web shop.",
                "users",
                [
                    p.Action("Import from a file", "/form", "upload"),
                    p.Action("Add one by hand", "/form"),
                ],
            ),
        ),
    ),
    "list-wrong": lambda: (
        "list.html",
        list_page(
            0,
            chips=[p.Chip("Region is", "“Hambrug” – no such region", "?", tone="bad")],
            error="One filter could not be read, so nothing is shown.",
        ),
    ),
    "list-bare": lambda: (
        "list.html",
        p.ListPage(
            title="Jobs",
            columns=COLUMNS[:2],
            rows=[p.Row("1", [p.Cell("send"), p.Cell("done", tone="green")])],
            searchable=False,
        ),
    ),
    "show": lambda: ("show.html", show_page()),
    "form": lambda: ("form.html", form_page()),
    "form-new": lambda: ("form.html", form_page(errors=False)),
    "dashboard": lambda: ("dashboard.html", dashboard_page()),
    "rights": lambda: ("rights.html", rights_page()),
    "rights-user": lambda: ("rights.html", rights_page(readonly=True)),
    "campaign": lambda: ("campaign.html", campaign_page("sms")),
    "campaign-email": lambda: ("campaign.html", campaign_page("email")),
    "progress": lambda: ("campaign_running.html", progress_page()),
    "search": lambda: ("search.html", search_page()),
    "search-empty": lambda: ("search.html", p.SearchPage(title="Search: xyz", query="xyz")),
    "signin": lambda: ("signin.html", sign_in_page()),
    "invite": lambda: (
        "invite.html",
        sign_in_page(
            title="Welcome to Angelhaus Petersen", submit_label="Set the password", error=""
        ),
    ),
    "reset": lambda: (
        "reset.html",
        sign_in_page(
            done="If this address is known, a link is on its way.",
            error="",
            back=p.Link("Back to signing in", "/signin"),
        ),
    ),
}
ERRORS = ("403", "404", "409", "413", "429", "500")


def create_demo(time: bool = True) -> Flask:
    if time:
        clock.set_clock(lambda: NOW)
    app = Flask("demo", template_folder=None)
    app.config.update(SECRET_KEY="demo", WTF_CSRF_CHECK_DEFAULT=False, TEMPLATES_AUTO_RELOAD=True)
    Babel(
        app,
        locale_selector=lambda: request.args.get("lang", "en"),
        timezone_selector=lambda: "Europe/Berlin",
    )
    CSRFProtect(app)
    init_app(app, shell=shell)
    app.config["RECEIVED"] = []

    @app.get("/<name>")
    def page(name: str) -> str:
        if name not in PAGES:
            abort(404)
        template, value = PAGES[name]()
        return render_template(f"tresen/{template}", page=value)

    @app.get("/error/<code>")
    def error(code: str) -> str:
        return render_template(
            f"tresen/{code}.html",
            missing="Refund a payment" if code == "403" else "",
            who=["Katrin Petersen"],
            reference="a1b2c3",
        )

    @app.get("/lookup")
    def lookup() -> object:
        ids = request.args.getlist("id")
        names = {"7": "Nordfisch Großhandel", "8": "Shimano Deutschland", "9": "Daiwa"}
        word = request.args.get("q", "").lower()
        return jsonify(
            results=[
                {"id": k, "text": v}
                for k, v in names.items()
                if (k in ids if ids else word in v.lower())
            ]
        )

    @app.get("/fragment/list")
    def fragment_list() -> str:
        return render_template(
            "tresen/fragment/list.html",
            page=list_page(3, views=[], filters=[], view=None, bulk_url="/bulk2", chips=[]),
        )

    @app.get("/fragment/small")
    def fragment_small() -> str:
        return render_template(
            "tresen/fragment/list.html",
            page=p.ListPage(title="Returns", columns=COLUMNS[:2], rows=[], searchable=False),
        )

    @app.get("/fragment/history")
    def fragment_history() -> str:
        return render_template(
            "tresen/fragment/history.html", page=history_page("older" not in request.args)
        )

    polls = iter(range(2700, 10_000, 100))

    @app.get("/polled")
    def polled() -> str:
        return render_template("tresen/campaign_running.html", page=progress_page(2614, True))

    @app.get("/poll")
    def poll() -> str:
        return render_template(
            "tresen/fragment/progress.html", page=progress_page(next(polls), True)
        )

    @app.post("/<path:where>")
    def received(where: str) -> str:
        app.config["RECEIVED"].append((where, request.form.to_dict(flat=False)))
        return "<p>received</p>"

    app.register_error_handler(404, lambda e: (render_template("tresen/404.html"), 404))
    return app


if __name__ == "__main__":
    create_demo().run(port=5055)
