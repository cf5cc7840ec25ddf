"""Screens of clients: generated, with the timeline as a tab."""

from collections.abc import Iterable
from typing import Any

from flask_appbuilder.baseviews import expose
from flask_babel import format_decimal, ngettext
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp
from sqlalchemy.orm import Session, joinedload

from app.clients import operations
from app.clients.choices import SegmentKind
from app.clients.models import (
    Client,
    ConsentCurrent,
    ConsentEvent,
    ContactPoint,
    Segment,
    TimelineEntry,
)
from app.clients.queries import main_contacts, timeline, with_email, with_phone
from app.clients.segments import count_and_sample, editor, segment_clients
from app.kit.access import may
from app.kit.database.session import db
from app.kit.registry import timeline_kinds
from app.kit.screens import Code, Computed, Lines, Panel, Related, Screen
from app.kit.screens.areas import CLIENTS, MARKETING
from app.kit.screens.authorization import needs
from app.kit.screens.pages import Card, Cell, Column, Row, TableCard
from app.kit.screens.record import load_or_404


def draw_timeline(session: Session, client: Any) -> list[Card]:
    """Return the client's timeline, without what the reader has no right to know of."""
    statement = timeline(client.id).options(joinedload(TimelineEntry.store))
    rows = []
    entries: Iterable[Any] = session.scalars(statement)
    for entry in entries:
        kind = timeline_kinds.get(entry.kind)
        if kind is not None and kind.permission and not may("read", kind.permission):
            continue
        url = kind.link(entry.ref_id) if kind and kind.link and entry.ref_id else ""
        words = kind.label if kind is not None else entry.kind
        store = entry.store.name if entry.store else None
        cells = [Cell(entry.at), Cell(words, url=url), Cell(_details(entry)), Cell(store)]
        rows.append(Row(str(entry.id), cells, label=words))
    columns = [
        Column("at", _l("Time"), "datetime"),
        Column("kind", _l("What happened"), "link"),
        Column("data", _l("Details")),
        Column("store", _l("Store")),
    ]
    return [TableCard(_l("Timeline"), columns, rows, empty=_l("Nothing has happened yet."))]


def _details(entry: TimelineEntry) -> str:
    hidden = () if may("read", "money") else ("total", "amount", "currency")
    return " · ".join(str(value) for key, value in entry.data.items() if key not in hidden)


def draw_segment(session: Session, segment: Any) -> list[Card]:
    """How many clients a segment has now, and the newest of them."""
    number, sample = count_and_sample(session, segment_clients(session, segment), sample=50)
    if not may("read", "Client"):
        sample = ()
    rows = [
        Row(
            str(one.id),
            [Cell(one.name, url=f"/clients/show/{one.id}"), Cell(one.number)],
            label=one.name,
        )
        for one in sample
    ]
    columns = [Column("name", _l("Client"), "link"), Column("number", _l("Number"))]
    title = ngettext(
        "%(count)s client matches now",
        "%(count)s clients match now",
        number,
        count=format_decimal(number),
    )
    return [TableCard(title, columns, rows, empty=_l("Nobody matches."))]


class ClientScreen(Screen):
    """Everybody who bought something or may buy."""

    model = Client
    area = CLIENTS
    icon = "users"
    label, one = _l("Clients"), _l("Client")
    help = _l("Everybody who bought something or may buy, with all that is known about them.")
    empty = _l("Add the first client, or import a list.")
    list_columns = (
        "name",
        "number",
        "stage",
        "country",
        "figures.orders_count",
        "figures.orders_sum",
        "figures.average",
        "figures.last_order_at",
        "registered_at",
    )
    phone_columns = ("name", "stage", "country", "figures.orders_sum", "figures.last_order_at")
    filters = (
        "stage",
        "kind",
        "country",
        "region",
        "city",
        "store",
        "employee",
        "source",
        "registered_at",
        "birthday",
        "figures.orders_count",
        "figures.orders_sum",
        "figures.average",
        "figures.first_order_at",
        "figures.last_order_at",
    )
    order = ("name", "asc")
    search_hint = _l("Name, number, phone or email")
    sections = (
        (_l("Client"), ("name", "number", "kind", "salutation", "first_name", "last_name")),
        (_l("Place"), ("country", "region", "city", "postcode", "address")),
        (_l("Belongs to"), ("store", "employee")),
        (_l("Writing to them"), ("locale", "time_zone", "preferred_channel", "birthday")),
        (_l("Background"), ("source", "stage", "registered_at", "tax_number", "note", "made_up")),
        (_l("Your own fields"), ("custom",)),
        (
            _lp("of a client", "Purchases"),
            (
                "figures.orders_count",
                "figures.orders_sum",
                "figures.average",
                "figures.first_order_at",
                "figures.last_order_at",
                "figures.returns_count",
                "figures.returns_sum",
            ),
            _l("In the company's currency."),
        ),
    )
    # The stage is moved by what happens: a form would put back the one it was opened with.
    read_only = ("registered_at", "made_up", "stage")
    computed = {"reach": Computed(_l("How to reach them"), main_contacts, guard="contacts")}
    lines = (
        Lines(
            "contact_points",
            _l("Contact points"),
            ("channel", "value", "label", "primary", "valid"),
            add_label=_l("Add a contact point"),
        ),
    )
    related = (
        Panel("timeline", _l("Timeline"), draw_timeline),
        Related("ConsentCurrent", by="client"),
    )
    codes = {
        "email": Code(with_email, _l("Email"), guard="contacts"),
        "phone": Code(with_phone, _l("Phone"), guard="contacts"),
    }
    on_add = operations.register_client
    on_edit = operations.save_client
    api = True


class ContactPointScreen(Screen):
    """Phones, emails and messengers of all clients."""

    model = ContactPoint
    area = CLIENTS
    menu = False
    icon = "phone"
    label, one = _l("Contact points"), _l("Contact point")
    help = _l("Every phone, email and messenger of a client; each verified or not.")
    list_columns = ("value", "channel", "client", "primary", "valid", "verified_at", "created_at")
    filters = ("value", "created_at")
    order = ("created_at", "desc")
    search_hint = _l("Digits of a phone, part of an email")
    sections = (
        (
            _l("Contact point"),
            ("client", "channel", "value", "label", "primary", "valid", "verified_at"),
        ),
    )
    read_only = ("verified_at",)
    fixed = ("client", "channel")
    on_add = operations.save_contact_point
    on_edit = operations.save_contact_point
    on_archive = operations.archive_contact_point
    api = True


class ConsentScreen(Screen):
    """What clients allow now."""

    model = ConsentCurrent
    area = CLIENTS
    menu = False
    icon = "shield-check"
    label, one = _l("Consents"), _l("Consent")
    help = _l("What each client allows now; how it came about stands in the register.")
    list_columns = ("client", "channel", "purpose", "granted", "at")
    filters = ("client", "channel")
    sections = ((_l("Consent"), ("client", "channel", "purpose", "granted", "at", "event")),)
    adds = edits = archives = False
    api = True


class ConsentEventScreen(Screen):
    """The register of consents: who allowed what, when, to which words."""

    model = ConsentEvent
    area = CLIENTS
    icon = "file-text"
    label, one = _l("Register of consents"), _l("Consent entry")
    help = _l(
        "Every consent and withdrawal with source, time and wording. Nothing is changed here."
    )
    list_columns = ("at", "client", "channel", "purpose", "action", "source")
    filters = ("client", "at")
    order = ("at", "desc")
    sections = (
        (_l("Entry"), ("client", "channel", "purpose", "action", "at")),
        (_l("Proof"), ("wording", "source", "evidence")),
    )
    adds = edits = archives = False
    api = True


class SegmentScreen(Screen):
    """Saved conditions over clients, put together on a page of their own."""

    model = Segment
    area = MARKETING
    menu_rank = 2
    icon = "filter"
    label, one = _l("Segments"), _l("Segment")
    help = _l("Clients that belong together, by conditions that are asked anew each time.")
    empty = _l("Put the first one together: clients who have not bought for three months, say.")
    list_columns = ("name", "kind", "changed_at")
    filters = ("kind",)
    order = ("name", "asc")
    sections = ((_l("Segment"), ("name", "kind", "note")),)
    related = (Panel("clients", _l("Clients"), draw_segment),)
    api = False

    @expose("/add", methods=["GET", "POST"])
    @needs("write")
    def add(self) -> Any:
        return editor.respond(self, None)

    @expose("/edit/<int:pk>", methods=["GET", "POST"])
    @needs("write")
    def edit(self, pk: int) -> Any:
        segment = load_or_404(self, db.session(), pk)
        if segment.kind is SegmentKind.FIXED or segment.archived_at is not None:
            return super().edit(pk)
        return editor.respond(self, segment)

    @expose("/count", methods=["POST"])
    @needs("read")
    def count(self) -> Any:
        """How many clients match the posted conditions, and a few of them."""
        return editor.count(db.session())

    @expose("/lookup/<name>")
    @needs("read")
    def lookup(self, name: str) -> Any:
        """Return the products that a condition may name; anything else as on every screen."""
        if name == "product":
            return editor.products(db.session())
        return super().lookup(name)


ALL = [ClientScreen, SegmentScreen, ContactPointScreen, ConsentScreen, ConsentEventScreen]
