"""Rights, campaigns, searching and signing in."""

# ruff: noqa: FBT001, FBT002, FBT003 - sample values stand in the order of the dataclass
# ruff: noqa: C408 - keyword arguments read best

from datetime import date
from decimal import Decimal
from typing import Any

from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import DateField, DecimalField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired

from app.kit.screens import pages as p
from tests.web.samples.common import EMOJI, LONG, NAMES, options
from tests.web.samples.records import history_page


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
            p.PersonLine("Jonas Weiß", "Hamburg Altona", "/show"),
            p.PersonLine("Олена Ткаченко", "Web shop"),
            p.PersonLine(EMOJI),
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


def segment_page() -> tuple[p.FormPage, dict[str, Any]]:
    """Return the editor of a segment with one condition, and what only its template is given."""
    days = {"name": "older", "label": "is longer ago than … days", "value": "days"}
    ever = {"name": "ever", "label": "is known", "value": "none"}
    conditions = [
        ("last_order", "Last order", "date", "", [days, ever]),
        ("name", "Name", "text", "", [{"name": "is", "label": "is", "value": "one"}]),
        ("sum", "Orders sum", "money", "", [{"name": "in", "label": "is between", "value": "two"}]),
        ("store", "Store", "link", "/lookup", [{"name": "in", "label": "is", "value": "many"}]),
    ]
    definition = '{"all": [{"field": "last_order", "op": "older", "value": 90}]}'
    return p.FormPage(title=LONG, crumbs=[p.Link("Segments", "/list")], sections=[], errors=()), {
        "values": {"name": LONG, "note": EMOJI, "definition": definition, "version": 3},
        "back": "/list",
        "count_url": "/count",
        "fields": [
            dict(
                name=name,
                label=label,
                area="Buying",
                kind=kind,
                lookup=lookup,
                options=[],
                operators=operators,
            )
            for name, label, kind, lookup, operators in conditions
        ],
    }
