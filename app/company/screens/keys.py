"""API keys: made with some of one's own rights, shown once, revoked at once."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from flask import render_template, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, Form, StringField
from wtforms.validators import InputRequired, Length, Optional

from app.company import operations, queries
from app.company.models import ApiKey
from app.company.screens.shared import areas_to_edit
from app.kit import clock
from app.kit.access import reader
from app.kit.database.session import db
from app.kit.errors import CrmError
from app.kit.rights import parse, wording, words_of
from app.kit.screens import Computed, RecordAction, Screen
from app.kit.screens.areas import SETTINGS
from app.kit.screens.authorization import needs
from app.kit.screens.pages import (
    Action,
    Fact,
    Field,
    FormError,
    KvCard,
    Link,
    Note,
    RightsPage,
    ShowPage,
)
from app.kit.zones import zone


class KeyForm(Form):  # type: ignore[misc]  # WTForms is untyped
    """What a key is for and how long it works."""

    name = StringField(
        _l("Name"),
        [InputRequired(_l("Say what will use the key.")), Length(max=100)],
        description=_l("What uses it, such as “web shop”."),
    )
    expires_on = DateField(_l("Works until"), [Optional()], description=_l("Empty: until revoked."))


class ApiKeyScreen(Screen):
    """Keys of machines."""

    model = ApiKey
    area = SETTINGS
    icon = "key"
    label, one = _l("API keys"), _l("API key")
    help = _l("How other programs get in, with some of the rights of whoever made the key.")
    list_columns = ("name", "prefix", "created_at", "used", "expires_at", "revoked_at")
    computed = {"used": Computed(_l("Last used"), queries.keys_used, kind="datetime")}
    sections = ((_l("Key"), ("name", "prefix", "scopes", "expires_at", "revoked_at")),)
    edits = archives = exports = False
    actions_on = {
        "revoke": RecordAction(
            lambda session, obj, /, *, by, at: operations.revoke_key(
                session, obj, by=reader(), at=at
            ),
            _l("Revoke"),
            icon="ban",
            danger=True,
            confirm=_l("Programs that use it are shut out at once."),
            when=lambda obj: obj.revoked_at is None,
        )
    }

    @expose("/add", methods=["GET", "POST"])
    @needs("write")
    def add(self) -> Any:
        """Make a key and show it, this once."""
        session, by = db.session(), reader()
        form, errors, status = KeyForm(request.form or None), [], 200
        ticked = frozenset(parse(name) for name in request.form.getlist("right"))
        if request.method == "POST" and form.validate():
            try:
                key, token = operations.make_key(
                    session,
                    name=form.name.data,
                    scopes=ticked,
                    expires_at=_end_of(form.expires_on.data, by.time_zone),
                    by=by,
                    at=clock.now(),
                )
            except CrmError as refused:
                session.rollback()
                errors, status = [FormError(str(words_of(refused)))], refused.status
            else:
                return self._shown_once(key, token)
        page = RightsPage(
            title=_("New API key"),
            crumbs=(Link(self.area.label), Link(self.label, self.list_url())),
            areas=areas_to_edit(
                [one for one in queries.known_rights(session) if one in by.rights], ticked, by
            ),
            fields=[Field(form.name, "half"), Field(form.expires_on, "half")],
            errors=errors,
            save_label=_("Make the key"),
            discard_url=self.list_url(),
        )
        return render_template("tresen/rights.html", page=page), 422 if form.errors else status

    def _shown_once(self, key: ApiKey, token: str) -> Any:
        may = [wording(*parse(name)).label for name in key.scopes]
        page = ShowPage(
            title=key.name,
            crumbs=(Link(self.area.label), Link(self.label, self.list_url())),
            notes=(Note(_("Copy the key now: it is not shown again."), "warn", "alert-triangle"),),
            cards=(KvCard(_("Key"), (Fact(_("Key"), token), Fact(_("May"), may, "tags"))),),
            primary=Action(_("Done"), self.list_url()),
        )
        return render_template("tresen/show.html", page=page)


def _end_of(day: Any, zone_name: str) -> datetime | None:
    return datetime.combine(day, time(23, 59, 59), zone(zone_name)) if day else None
