"""The page of one record: its sections, lines, figures, tabs and what can be done with it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from flask import abort, render_template
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.kit.access import may, reader, require
from app.kit.choices import Choice
from app.kit.column_validation import COMPANY
from app.kit.database.session import db
from app.kit.i18n.reading import number_text
from app.kit.screens.attrs import (
    Attr,
    apart_title_of,
    lines_of,
    mapper_of,
    resolve,
    table_of,
    title_of,
)
from app.kit.screens.cells import has_archive, phone_text, record_url
from app.kit.screens.contributions import FIGURES, added
from app.kit.screens.declaration import Declaration
from app.kit.screens.elements import Lines, Panel, RecordAction, Related
from app.kit.screens.json_formats import in_words, told
from app.kit.screens.pages import (
    Action,
    Badge,
    Card,
    Cell,
    Column,
    Fact,
    HtmlCard,
    KvCard,
    Link,
    Note,
    Row,
    ShowPage,
    Step,
    Tab,
    TableCard,
)
from app.kit.screens.paging import BIGGEST_ID
from app.kit.screens.screen_registry import screen_of_model, screen_of_view

MOST_SHOWN = 200


def load_or_404(screen: Declaration, session: Session, pk: int, *options: Any) -> Any:
    """Return the record, under the policies and the screen's own condition, or 404."""
    if not 0 < pk <= BIGGEST_ID:
        abort(404)
    own = table_of(screen.model).c.id == pk
    statement = select(screen.model).where(own, *screen.always()).options(*options)
    obj = session.scalars(statement).one_or_none()
    if obj is None:
        abort(404)
    return obj


def eager(screen: Declaration) -> list[Any]:
    """Loader options for every relation that the sections name: they come with the record."""
    options = []
    for name in screen.section_names:
        if name in screen.computed:
            continue
        attr = screen.attr(name)
        steps = (*attr.path, attr.key) if attr.target is not None else attr.path
        load, owner = None, screen.model
        for step in steps:
            entity = getattr(owner, step)
            load = joinedload(entity) if load is None else load.joinedload(entity)
            owner = mapper_of(owner).relationships[step].mapper.class_
        if load is not None:
            options.append(load)
    return options


def value_of(obj: Any, attr: Attr) -> Any:
    """Return the value behind a name; None where a relation on the way is empty."""
    for step in (*attr.path, attr.key):
        if obj is None:
            return None
        obj = getattr(obj, step)
    return obj


def respond(screen: Declaration, pk: int) -> Any:
    """Answer GET show/<pk>."""
    session = db.session()
    obj = load_or_404(screen, session, pk, *eager(screen))
    return render_template("tresen/show.html", page=show_page(screen, session, obj))


def show_page(
    screen: Declaration, session: Session, obj: Any, notes: Sequence[Note] = ()
) -> ShowPage:
    """Everything the page of a record shows."""
    quiet, more, primary = _actions(screen, obj)
    archived = getattr(obj, "archived_at", None)
    if archived is not None:
        notes = (*notes, Note(_("This is archived: lists leave it out."), "warn", "archive"))
    steps, at = _path(screen, obj)
    cards = [*_cards(screen, obj), *_line_cards(screen, session, obj)]
    return ShowPage(
        title=title_of(obj),
        crumbs=[Link(screen.area.label), Link(screen.label, screen.list_url())],
        badges=_badges(screen, obj),
        actions=quiet,
        more=more,
        primary=primary,
        notes=notes,
        cards=cards,
        aside=[*_figures(screen, session, obj)],
        path=steps,
        path_at=at,
        tabs=_tabs(screen, obj),
    )


def fact(attr: Attr, obj: Any, document: Any = None) -> Fact:
    """One label with its value; a line of a `document` is in its currency."""
    value = value_of(obj, attr)
    owner = obj
    for step in attr.path:
        owner = getattr(owner, step, None)
    currency = ""
    if attr.kind == "money":
        currency = _currency(attr, owner, obj, document) or reader().currency
    if attr.target is not None and value is not None:
        prefix = record_url(attr.target)
        return Fact(
            attr.label, apart_title_of(value), "link", url=f"{prefix}{value.id}" if prefix else ""
        )
    if attr.form == "phone" and value:
        value = phone_text(value)
    if attr.unit and value is not None and attr.kind == "num":
        value = f"{number_text(value)} {attr.unit}"
        return Fact(attr.label, value, "text")
    return Fact(attr.label, shown(attr, value), attr.shown_as, currency=currency)


def shown(attr: Attr, value: Any) -> Any:
    """Return a value as pages take it: records and codes by name, structured data in words."""
    if attr.target is not None:
        return title_of(value) if value is not None else None
    if attr.codes is not None and isinstance(value, str):
        return attr.codes.name(value)
    return in_words(attr.column, value) if attr.is_structured else told(attr.column, value)


def _currency(attr: Attr, owner: Any, obj: Any, document: Any) -> str | None:
    if attr.currency == COMPANY:
        return None
    if document is None and not attr.path:
        document = getattr(obj, table_of(type(obj)).info.get("currency_of", ""), None)
    own = getattr(owner, attr.currency or "currency", None)
    return own or getattr(document, "currency", None) or getattr(obj, "currency", None)


def _cards(screen: Declaration, obj: Any) -> list[Card]:
    cards: list[Card] = []
    for section in screen.sections:
        attrs = screen.seen([name for name in section[1] if name not in screen.computed])
        if attrs:
            facts = [fact(attr, obj) for attr in attrs.values()]
            cards.append(KvCard(section[0], facts, hint=section[2] if len(section) > 2 else ""))
    return cards


def _line_cards(screen: Declaration, session: Session, obj: Any) -> list[Card]:
    return [
        _lines_card(screen, session, obj, lines)
        for lines in screen.lines
        if line_attrs(screen, lines)
    ]


def line_attrs(screen: Declaration, lines: Lines) -> list[Attr]:
    """Return the columns of a line that this reader may see."""
    child = lines_of(screen.model, lines.name)[0]
    return [attr for attr in (resolve(child, name) for name in lines.columns) if screen.sees(attr)]


def load_lines(
    screen: Declaration, session: Session, obj: Any, lines: Lines, most: int
) -> list[Any]:
    """Return the lines of a record by id, with what their columns lead to, in one query.

    One more than are shown, where there are more.
    """
    child, link = lines_of(screen.model, lines.name)
    table = table_of(child)
    options = []
    for attr in line_attrs(screen, lines):
        if attr.target is not None and not attr.path:
            options.append(joinedload(getattr(child, attr.key)))
        elif attr.path:
            options.append(joinedload(getattr(child, attr.path[0])))
    statement = select(child).where(table.c[link] == obj.id).options(*options)
    if "archived_at" in table.c:
        statement = statement.where(table.c.archived_at.is_(None))
    return list(session.scalars(statement.order_by(table.c.id).limit(most + 1)))


def _lines_card(screen: Declaration, session: Session, obj: Any, lines: Lines) -> Card:
    attrs = line_attrs(screen, lines)
    rows = []
    found = load_lines(screen, session, obj, lines, MOST_SHOWN)
    for line in found[:MOST_SHOWN]:
        facts = [fact(attr, line, obj) for attr in attrs]
        cells = [Cell(one.value, url=one.url, currency=one.currency) for one in facts]
        rows.append(Row(str(line.id), cells, label=str(facts[0].value or "")))
    columns = [
        Column(attr.name, attr.label, "lead" if number == 0 else attr.shown_as)
        for number, attr in enumerate(attrs)
    ]
    card = TableCard(lines.label, columns, rows, hint=lines.hint, empty=_("None yet."))
    if len(found) <= MOST_SHOWN:
        return card
    footer = _("The first %(number)s are shown.", number=MOST_SHOWN)
    return replace(card, footer=footer, all_url=_all_lines_url(screen, obj, lines))


def _all_lines_url(screen: Declaration, obj: Any, lines: Lines) -> str:
    """Return the address of the list of all lines, where they have a screen of their own."""
    child, link = lines_of(screen.model, lines.name)
    other = screen_of_model(child)
    if other is None or not other.may("read"):
        return ""
    by = next((name for name, attr in other.relations.items() if attr.column.name == link), None)
    return f"{other.list_url()}?of.{by}={obj.id}" if by else ""


def _badges(screen: Declaration, obj: Any) -> list[Badge]:
    found = []
    for name in screen.shown:
        if name in screen.computed:
            continue
        attr = screen.attr(name)
        if attr.kind == "badge" and not attr.path and screen.sees(attr):
            value = value_of(obj, attr)
            if value is not None:
                found.append(Badge(value.label, value.tone))
    return found[:3]


def _path(screen: Declaration, obj: Any) -> tuple[list[Step], int]:
    """Return the states of the record's choice; those it left the usual way for are not drawn."""
    if not screen.path_of:
        return [], 0
    attr = screen.attr(screen.path_of)
    choices = cast("type[Choice]", attr.choices)
    present = value_of(obj, attr)
    usual = [member for member in choices if member.tone != "red" or member is present]
    return [Step(member.label) for member in usual], usual.index(present) if present else 0


def _figures(screen: Declaration, session: Session, obj: Any) -> list[Card]:
    cards = (figure(session, obj) for figure in added(FIGURES, screen.view).values())
    return [card for card in cards if card is not None]


def _tabs(screen: Declaration, obj: Any) -> list[Tab]:
    """Only those whose content the reader may see; each is fetched when it is opened."""
    tabs = []
    for name, tab in screen.all_tabs().items():
        if isinstance(tab, Related):
            other = screen_of_view(tab.view)
            if other is not None and other.may("read") and other.sees(other.attr(tab.by)):
                url = f"{other.list_url()}?part=1&of.{tab.by}={obj.id}"
                if tab.columns:
                    url += "&cols=" + ",".join(tab.columns)
                tabs.append(Tab(name, tab.label or other.label, url))
        elif tab.needs is None or may(*tab.needs):
            tabs.append(Tab(name, tab.label, screen.url("tab", f"{obj.id}/{name}")))
    return [*tabs, Tab("history", _("History"), screen.url("history", obj.id))]


def tab(screen: Declaration, pk: int, name: str) -> Any:
    """Answer GET tab/<pk>/<name>: what a panel draws."""
    session = db.session()
    found = screen.all_tabs().get(name)
    if not isinstance(found, Panel):
        abort(404)
    if found.needs is not None:
        require(*found.needs)
    obj = load_or_404(screen, session, pk)
    return _drawn(found.render(session, obj))


def _drawn(made: Any) -> Any:
    if isinstance(made, str | Markup):
        return str(made)
    return render_template("tresen/fragment/cards.html", cards=[_card(one) for one in made])


def _card(one: Any) -> Any:
    return HtmlCard("", one) if isinstance(one, Markup) else one


def _actions(screen: Declaration, obj: Any) -> tuple[list[Action], list[Action], Action | None]:
    """(quiet buttons, the menu, the one filled button)."""
    quiet, more, primary = [], [], None
    version = getattr(obj, "version", None)
    live = getattr(obj, "archived_at", None) is None
    for name, do in screen.all_actions().items():
        if not live or not screen.may(name) or (do.when is not None and not do.when(obj)):
            continue
        action = _button(screen, obj, name, do)
        if do.primary and primary is None:
            primary = action
        elif do.danger:
            more.append(action)
        else:
            quiet.append(action)
    open_still = screen.edits_when is None or screen.edits_when(obj)
    if screen.edits and live and open_still and screen.may("write"):
        edit = Action(_("Edit"), screen.url("edit", obj.id), "edit")
        quiet.insert(0, edit)
    if screen.archives and has_archive(screen.model) and screen.may("delete"):
        what, label, icon = (
            ("archive", _("Archive"), "archive")
            if live
            else ("restore", _("Restore"), "archive-off")
        )
        sentence = _("It leaves the lists and can be restored later.") if live else ""
        url = screen.url(what, obj.id)
        more.append(
            Action(label, url, icon, "post", danger=live, confirm=sentence, version=version)
        )
    return quiet, more, primary


def _button(screen: Declaration, obj: Any, name: str, do: RecordAction) -> Action:
    return Action(
        do.label,
        screen.url(f"do/{name}", obj.id),
        do.icon,
        "post",
        danger=do.danger,
        confirm=do.confirm,
        version=getattr(obj, "version", None),
    )
