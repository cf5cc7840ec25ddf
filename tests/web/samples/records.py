"""One record, its history and its form."""

# ruff: noqa: FBT001, FBT002 - sample values stand in the order of the dataclass
# ruff: noqa: RUF005 - long sample values are added up

from datetime import timedelta
from decimal import Decimal

from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from app.kit.screens import pages as p
from tests.web.samples.common import ARCHIVE, EMOJI, LONG, NOW, OrderForm, line


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
            changes=[
                p.FieldChange("Status", "Draft", "Confirmed"),
                p.FieldChange("Note", None, LONG[:300]),
            ],
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
    conflict = p.EditConflict(
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
