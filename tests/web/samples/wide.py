"""A dashboard."""

from datetime import date, timedelta
from decimal import Decimal

from app.kit.screens import pages as p
from tests.web.samples.common import LONG


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
