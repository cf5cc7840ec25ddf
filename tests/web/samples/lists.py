"""A list with every kind of column and filter."""

# ruff: noqa: FBT003 - sample values stand in the order of the dataclass
# ruff: noqa: C408 - keyword arguments read best

from datetime import timedelta
from decimal import Decimal

from app.kit.screens import pages as p
from tests.web.samples.common import ARCHIVE, NAMES, NOW, POST

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
            p.ViewTab(
                "Active regulars",
                "?v=1",
                current=True,
                delete=p.Action("Delete this view", "/v", **POST),
            ),
            p.ViewTab("All", "?v=2"),
            p.ViewTab("Mine", "?v=3", 214),
            p.ViewTab("Birthday this week", "?v=4", "1,806"),
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
            p.BulkButton("write", "Write a message", "send"),
            p.BulkButton("tag", "Add a tag", "tag"),
            p.BulkButton(
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
