"""Pages about oneself: name, language, password, sessions, and which company to work in."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, render_template, request, session, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import pgettext
from wtforms.fields.choices import SelectChoice

from app.kit.access import NobodyReads, Reader, reader_or_none
from app.kit.errors import CrmError, NotFound
from app.kit.rights import words_of
from app.kit.screens.pages import (
    Action,
    Cell,
    Column,
    Field,
    FormPage,
    FormSection,
    Link,
    ListPage,
    Row,
    SignInChoice,
    SignInPage,
)
from app.kit.screens.paging import read_id
from app.kit.security import auth_functions, authentication
from app.kit.security.addresses import safe_next
from app.kit.security.forms import ChangePasswordForm, ProfileForm
from app.kit.security.passwords import hash_password
from app.kit.security.user_agents import device_of
from app.kit.zones import zone_names

_INSTALLATION = "installation"


class AccountView(BaseView):  # type: ignore[misc]  # Flask-AppBuilder is untyped
    """Open to whoever is signed in; nobody changes anybody else here."""

    route_base = "/account"
    base_permissions: list[str] = []

    @expose("/companies/", methods=["GET", "POST"])
    def companies(self) -> Any:
        """Choose the company to work in; the next request is stamped so."""
        who = _person()
        onward = safe_next(request.args.get("next"))
        with auth_functions.opened() as door:
            if request.method == "POST":
                return _choose(door, who, onward)
            places = auth_functions.memberships(door, who.session_id or 0)
        page = SignInPage(
            title=_("Where do you want to work?"),
            text=who.email,
            choices=[_place(place) for place in places],
        )
        return render_template("tresen/signin.html", page=page)

    @expose("/", methods=["GET", "POST"])
    def profile(self) -> Any:
        """Change one's own name, language and time zone."""
        who = _person()
        form = ProfileForm(
            request.form or None,
            data={
                "first_name": who.first_name,
                "last_name": who.last_name,
                "locale": who.locale,
                "time_zone": who.time_zone,
            },
        )
        form.locale.choices = [SelectChoice(*one) for one in _languages().items()]
        form.time_zone.choices = [
            SelectChoice("", _("That of the company")),
            *(SelectChoice(name, name) for name in zone_names()),
        ]
        if request.method == "POST" and form.validate():
            return _save_profile(who, form)
        page = FormPage(
            title=_("My profile"),
            facts=who.email,
            sections=[
                FormSection(
                    pgettext("of somebody", "Name"), [Field(form.first_name), Field(form.last_name)]
                ),
                FormSection(_("Language and time"), [Field(form.locale), Field(form.time_zone)]),
            ],
            actions=(
                Action(_("Change the password"), url_for(".password"), "key"),
                Action(_("Where I am signed in"), url_for(".sessions"), "device-desktop"),
            ),
            save_label=_("Save"),
            discard_url="/",
        )
        return render_template("tresen/form.html", page=page), 422 if form.errors else 200

    @expose("/password/", methods=["GET", "POST"])
    def password(self) -> Any:
        """Change one's own password; all other sessions end."""
        who = _person()
        personal = (who.email, who.first_name, who.last_name, who.company_name)
        form, status = ChangePasswordForm(request.form, personal=personal), 200
        if request.method == "POST":
            if form.validate():
                try:
                    return _change_password(who, form)
                except CrmError as refused:
                    form.present.errors, status = [str(words_of(refused))], refused.status
            else:
                status = 422
        page = FormPage(
            title=_("Change the password"),
            crumbs=(Link(_("My profile"), url_for(".profile")),),
            sections=[
                FormSection(
                    _("Password"),
                    [Field(form.present, "half"), Field(form.password, "half")],
                    _("All other devices are signed out."),
                )
            ],
            save_label=_("Change the password"),
            discard_url=url_for(".profile"),
        )
        return render_template("tresen/form.html", page=page), status

    @expose("/sessions/")
    def sessions(self) -> Any:
        """Where one is signed in, with the way to end each."""
        who = _person()
        with auth_functions.opened() as door:
            found = auth_functions.own_sessions(door, who.session_id or 0)
        page = ListPage(
            title=_("Where I am signed in"),
            crumbs=(Link(_("My profile"), url_for(".profile")),),
            searchable=False,
            columns=session_columns(),
            rows=[session_row(one, who.session_id, url_for(".end", pk=one.id)) for one in found],
        )
        return render_template("tresen/list.html", page=page)

    @expose("/sessions/<int:pk>/end", methods=["POST"])
    def end(self, pk: int) -> Any:
        """End one of one's own sessions."""
        who = _person()
        with auth_functions.opened() as door:
            if not auth_functions.end_own(door, who.session_id or 0, pk):
                raise NotFound
        flash(_("That device is signed out."), "success")
        return redirect(url_for(".sessions"))


def session_columns() -> tuple[Column, ...]:
    """Return the columns of a list of sessions."""
    return (
        Column("device", _("Device"), "lead"),
        Column("ip", _("Address"), wide=True),
        Column("created_at", _("Since"), "datetime", wide=True),
        Column("last_seen_at", _("Last seen"), "datetime"),
    )


def session_row(one: Any, present: int | None, end_url: str) -> Row:
    """Return a session as a row; `present` is the reader's own."""
    here = one.id == present
    name = device_of(one.user_agent) if one.kind == "browser" else _("A program (API)")
    return Row(
        str(one.id),
        (
            Cell(name, tags=(_("this device"),) if here else ()),
            Cell(one.ip),
            Cell(one.created_at),
            Cell(one.last_seen_at),
        ),
        label=name,
        actions=() if here else (Action(_("End"), end_url, "logout", method="post"),),
    )


def _person() -> Reader:
    """Return the reader with a session of their own: a key has no profile. Raises NobodyReads."""
    who = reader_or_none()
    if who is None or who.session_id is None:
        raise NobodyReads
    return who


def _place(place: Any) -> SignInChoice:
    # No membership: the installation itself, offered to its administrators.
    return SignInChoice(
        str(place.membership_id or _INSTALLATION),
        place.company_name or _("Tresen: all companies"),
        _("now") if place.current else "",
    )


def _choose(door: Any, who: Reader, onward: str) -> Any:
    wanted = request.form.get("choice", "")
    membership = None if wanted == _INSTALLATION else read_id(wanted)
    if membership is None and wanted != _INSTALLATION:
        raise NotFound
    if not auth_functions.choose(door, who.session_id or 0, membership):
        raise NotFound
    return redirect(onward)


def _save_profile(who: Reader, form: Any) -> Any:
    with auth_functions.opened() as door:
        auth_functions.change_profile(
            door,
            who.session_id or 0,
            first=form.first_name.data,
            last=form.last_name.data,
            locale=form.locale.data or None,
            zone=form.time_zone.data or None,
        )
    session["locale"] = form.locale.data or session.get("locale")
    flash(_("Saved."), "success")
    return redirect(url_for(".profile"))


def _change_password(who: Reader, form: Any) -> Any:
    authentication.check(who.email, form.present.data)
    with auth_functions.opened() as door:
        auth_functions.change_password(door, who.session_id or 0, hash_password(form.password.data))
    flash(_("The password is changed. Other devices are signed out."), "success")
    return redirect(url_for(".profile"))


def _languages() -> dict[str, str]:
    return {code: one["name"] for code, one in current_app.config["LANGUAGES"].items()}
