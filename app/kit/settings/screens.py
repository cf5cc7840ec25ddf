"""One page for the company's settings: a section for each area, secrets never shown again."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_appbuilder.baseviews import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from wtforms import (
    BooleanField,
    DecimalField,
    Form,
    IntegerField,
    PasswordField,
    SelectField,
    StringField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from app.kit.access import OfTheWhole, may
from app.kit.choices import Choice
from app.kit.column_validation import UNKEPT
from app.kit.database.session import db
from app.kit.errors import Invalid
from app.kit.rights import word
from app.kit.screens.areas import SETTINGS
from app.kit.screens.authorization import is_closed, needs
from app.kit.screens.pages import (
    Fact,
    Field,
    FormPage,
    FormSection,
    KvCard,
    Link,
    Note,
    ShowPage,
)
from app.kit.security.menu import ENTRIES, Entry
from app.kit.settings.definitions import Setting, areas, definitions
from app.kit.settings.models import CompanySetting
from app.kit.settings.operations import SecretLost, get_many, put, reset, secret_state

VIEW = "Setting"
# Said for the areas that domains name; an area without words is shown by its name.
AREAS: dict[str, Any] = {
    "company": _l("Company"),
    "messages": _l("Messages"),
    "orders": _l("Orders"),
    "clients": _l("Clients"),
    "stock": _l("Warehouse"),
}
LONGEST = 2000


def _shown() -> list[Setting[Any]]:
    """Return the settings that a form can hold; lists and mappings have pages of their own."""
    return [
        one
        for one in definitions()
        if one.type not in (list, dict) and (one.permission is None or may("write", one.permission))
    ]


def _form(session: Session) -> Any:
    shown = _shown()
    fields = {one.name: _field(session, one) for one in shown}
    kept = get_many(session, shown)
    data = {name: value.value if isinstance(value, Enum) else value for name, value in kept.items()}
    return type("SettingsForm", (Form,), fields)(request.form, data=data)


def _field(session: Session, one: Setting[Any]) -> Any:
    if one.secret:
        state = secret_state(session, one)
        words = one.help
        if state.is_lost:
            words = str(SecretLost(one).message)
        elif state.is_set:
            words = _(
                "Set, ends in %(hint)s. Empty keeps it; “-” forgets it.", hint=state.hint or "…"
            )
        return PasswordField(one.label, [Length(max=LONGEST)], description=words)
    if one.type is bool:
        return BooleanField(one.label, description=one.help)
    if issubclass(one.type, Enum):
        members: Any = one.type
        choices = [SelectChoice(member.value, member.label) for member in members]
        return SelectField(one.label, choices=choices, description=one.help)
    if one.type is int:
        return IntegerField(one.label, [Optional()], description=one.help)
    if one.type is Decimal:
        return DecimalField(one.label, [Optional()], places=None, description=one.help)
    return StringField(one.label, [Length(max=LONGEST)], description=one.help)


class SettingsView(BaseView):  # type: ignore[misc]  # Flask-AppBuilder is untyped
    """What a company has set."""

    route_base = "/settings"
    default_view = "form"
    class_permission_name = VIEW
    base_permissions = ("can_read", "can_write")
    view = VIEW
    # Of the whole company: see `is_closed`.
    model = CompanySetting

    @expose("/", methods=["GET"])
    @needs("read")
    def form(self) -> Any:
        """Show what is set; to whoever cannot change it, without fields."""
        if not may("write", VIEW) or is_closed("write", CompanySetting):
            return _only_shown(db.session())
        return _answer(_form(db.session()), 200)

    @expose("/", methods=["POST"])
    @needs("write")
    def save(self) -> Any:
        """Keep what was changed; what does not fit is said beside its field and nothing is kept."""
        session = db.session()
        form = _form(session)
        if not form.validate() or not _kept(session, form):
            return _answer(form, 422)
        flash(_("Saved."), "success")
        return redirect(url_for(".form"))


def _only_shown(session: Session) -> Any:
    kept = get_many(session, _shown())
    cards = []
    for area, shown in _by_area():
        facts = [Fact(one.label, _fact(session, one, kept)) for one in shown]
        cards.append(KvCard(AREAS.get(area, area.capitalize()), facts))
    closed = may("write", VIEW)
    page = ShowPage(
        title=_("Settings"),
        crumbs=[Link(SETTINGS.label)],
        notes=[Note(OfTheWhole.default_message, "info", "lock")] if closed else (),
        cards=cards,
    )
    return render_template("tresen/show.html", page=page)


def _fact(session: Session, one: Setting[Any], kept: dict[str, Any]) -> str:
    if one.secret:
        state = secret_state(session, one)
        return _("Set, ends in %(hint)s.", hint=state.hint or "…") if state.is_set else ""
    value = kept[one.name]
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value.label if isinstance(value, Choice) else value)


def _by_area() -> list[tuple[str, list[Setting[Any]]]]:
    found = [(area, [one for one in _shown() if one.area == area]) for area in areas()]
    return [(area, shown) for area, shown in found if shown]


def _kept(session: Session, form: Any) -> bool:
    """Keep every value of the form; False when one did not fit."""
    fine = True
    now = get_many(session, _shown())
    for one in _shown():
        field = form[one.name]
        try:
            _keep(session, one, field.data, now.get(one.name))
        except Invalid as error:
            field.errors = [*field.errors, str(error.message)]
            fine = False
    return fine


def _keep(session: Session, one: Setting[Any], raw: Any, now: Any) -> None:
    if one.secret:
        if raw == "-":
            reset(session, one)
        elif raw:
            put(session, one, raw)
        return
    if isinstance(raw, str):
        if UNKEPT.search(raw):
            raise Invalid(_("A text holds characters that cannot be kept."))
        raw = raw.strip()
    if raw is None:
        reset(session, one)
    elif raw != (now.value if isinstance(now, Enum) else now) and str(raw) != str(now):
        put(session, one, raw)


def _answer(form: Any, status: int) -> Any:
    sections = []
    for area, shown in _by_area():
        fields = [Field(form[one.name], "half") for one in shown]
        sections.append(FormSection(AREAS.get(area, area.capitalize()), fields))
    page = FormPage(
        title=_("Settings"),
        crumbs=[Link(SETTINGS.label)],
        sections=sections,
        save_label=_("Save the settings"),
    )
    return render_template("tresen/form.html", page=page), status


word(
    "read",
    VIEW,
    area=SETTINGS.name,
    label=_l("See the company's settings"),
    description=_l("Secrets are never shown."),
)
word(
    "write",
    VIEW,
    area=SETTINGS.name,
    label=_l("Change the company's settings"),
    description=_l("Mail server, Twilio account, numbers and more."),
)
ENTRIES.register(
    Entry(
        "settings",
        SETTINGS,
        _l("Settings"),
        "settings",
        ("read", VIEW),
        lambda: url_for("SettingsView.form"),
        0,
    )
)

SCREENS = (SettingsView,)
