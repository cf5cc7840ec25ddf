"""Roles: which there are, what each may do in plain words, and what a change gives and takes."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select
from wtforms import Form, StringField
from wtforms.validators import InputRequired, Length

from app.company import operations, queries
from app.company.models import Membership
from app.company.screens.shared import areas_to_edit
from app.kit import clock
from app.kit.access import Right, reader, require
from app.kit.database.session import db
from app.kit.errors import CrmError
from app.kit.rights import parse, word, words_of
from app.kit.screens.areas import SETTINGS
from app.kit.screens.authorization import needs
from app.kit.screens.pages import (
    Action,
    Cell,
    Column,
    Field,
    FormError,
    Link,
    ListPage,
    Note,
    PersonLine,
    RightsPage,
    Row,
)
from app.kit.screens.paging import BIGGEST_ID
from app.kit.security.menu import ENTRIES, Entry
from app.kit.security.models import Role

VIEW = "Role"
SHOWN = 6
word("read", VIEW, area=SETTINGS.name, label=_l("See roles and what they may do"))
word("write", VIEW, area=SETTINGS.name, label=_l("Make and change roles"))
word("delete", VIEW, area=SETTINGS.name, label=_l("Remove roles"))
ENTRIES.register(
    Entry(
        "roles", SETTINGS, _l("Roles"), "shield", ("read", VIEW), lambda: url_for("RoleView.list")
    )
)


class RoleForm(Form):  # type: ignore[misc]  # WTForms is untyped
    """Name and description."""

    name = StringField(_l("Name"), [InputRequired(_l("A role needs a name.")), Length(max=64)])
    description = StringField(_l("Description"), [Length(max=200)])


class RoleView(BaseView):  # type: ignore[misc]  # Flask-AppBuilder is untyped
    """The company's roles."""

    route_base = "/roles"
    default_view = "list"
    class_permission_name = view = VIEW
    base_permissions = ["can_read", "can_write", "can_delete"]

    @expose("/list/")
    @needs("read")
    def list(self) -> Any:
        """All roles with how many people have them."""
        session = db.session()
        counts = queries.people_by_role(session)
        may_write = reader().may("write", VIEW)
        page = ListPage(
            title=_("Roles"),
            crumbs=(Link(SETTINGS.label),),
            searchable=False,
            columns=(
                Column("name", _("Name"), "lead"),
                Column("description", _("What it is for"), wide=True),
                Column("people", _("People"), "num"),
            ),
            rows=[_row(role, counts.get(role.id, 0)) for role in queries.roles(session)],
            add_url=url_for(".add") if may_write else "",
            add_label=_("New role"),
        )
        return render_template("tresen/list.html", page=page)

    @expose("/add", methods=["GET", "POST"])
    @needs("write")
    def add(self) -> Any:
        """Make a role, from nothing or from another one (`?like=`)."""
        like = request.args.get("like", type=int)
        given: frozenset[Right] = frozenset()
        if like is not None:
            base = _load(like)
            given = queries.rights_of_roles(db.session(), [base.id])[base.id] & reader().rights
        return self._edit(None, given)

    @expose("/edit/<int:pk>", methods=["GET", "POST"])
    @needs("read")
    def edit(self, pk: int) -> Any:
        """See what a role may do, and change it within one's own rights."""
        role = _load(pk)
        if request.method == "POST":
            require("write", VIEW)
        return self._edit(role, queries.rights_of_roles(db.session(), [role.id])[role.id])

    @expose("/delete/<int:pk>", methods=["POST"])
    @needs("delete")
    def delete(self, pk: int) -> Any:
        """Remove a role that nobody has."""
        operations.remove_role(db.session(), _load(pk), by=reader(), at=clock.now())
        flash(_("The role is gone."), "success")
        return redirect(url_for(".list"))

    def _edit(self, role: Role | None, given: frozenset[Right]) -> Any:
        form = RoleForm(request.form or None, obj=role)
        errors: list[FormError] = []
        status = 200
        if request.method == "POST":
            given = frozenset(parse(name) for name in request.form.getlist("right"))
            if form.validate():
                try:
                    saved = _save(role, form, given)
                except CrmError as refused:
                    db.session.rollback()
                    errors, status = [FormError(str(words_of(refused)))], refused.status
                else:
                    flash(_("Saved. It counts from the next click."), "success")
                    return redirect(url_for(".edit", pk=saved))
            else:
                status = 422
        page = _page(role, form, given, errors)
        return render_template("tresen/rights.html", page=page), status


def _save(role: Role | None, form: Any, rights: frozenset[Right]) -> int:
    session, by, at = db.session(), reader(), clock.now()
    name, description = form.name.data, form.description.data or ""
    if role is None:
        made = operations.make_role(
            session, name=name, rights=rights, description=description, by=by, at=at
        )
        return int(made.id)
    operations.change_role(
        session,
        role,
        name=name,
        rights=rights,
        description=description,
        version=request.form.get("version", 0, type=int),
        by=by,
        at=at,
    )
    return int(role.id)


def _page(role: Role | None, form: Any, given: frozenset[Right], errors: Any) -> RightsPage:
    session, by = db.session(), reader()
    people = queries.members_with(session, role.id) if role else []
    present = queries.rights_of_roles(session, [role.id])[role.id] if role else frozenset()
    stronger = not present <= by.rights
    told = ngettext(
        "%(num)d person has this role. It counts from the next click.",
        "%(num)d people have this role. It counts from the next click.",
        len(people),
    )
    more = [Action(_("Make another one like this"), url_for(".add", like=role.id))] if role else []
    if role and by.may("delete", VIEW):
        more.append(
            Action(
                _("Remove"),
                url_for(".delete", pk=role.id),
                "trash",
                "post",
                danger=True,
                confirm=_("The role is gone for good."),
                disabled=_("Take it from everybody first.") if people else "",
            )
        )
    return RightsPage(
        title=role.name if role else _("New role"),
        crumbs=(Link(SETTINGS.label), Link(_("Roles"), url_for(".list"))),
        facts=role.description if role else "",
        areas=areas_to_edit(queries.known_rights(session), given, by),
        fields=[Field(form.name, "half"), Field(form.description, "half")],
        errors=errors,
        more=more,
        people=[_person(one) for one in people[:SHOWN]],
        people_more=_others(len(people)),
        told=told if role else "",
        save_label=_("Save the role"),
        discard_url=url_for(".list"),
        version=role.version if role else None,
        # Nobody changes a role that is stronger than they are.
        readonly=not by.may("write", VIEW) or stronger,
        notes=[Note(_("It has rights that you do not have, so only others can change it."))]
        if stronger and by.may("write", VIEW)
        else (),
    )


def _person(member: Membership) -> PersonLine:
    shown = reader().may("read", "Membership")
    url = url_for("MembershipScreen.show", pk=member.id) if shown else ""
    return PersonLine(member.person.name, member.person.email, url)


def _others(number: int) -> Link | None:
    if number <= SHOWN or not reader().may("read", "Membership"):
        return None
    more = number - SHOWN
    label = ngettext("and %(num)d more person", "and %(num)d more people", more)
    return Link(label, url_for("MembershipScreen.list"))


def _load(pk: int) -> Role:
    if not 0 < pk <= min(BIGGEST_ID, 2**31 - 1):
        abort(404)
    own = Role.company_id.is_not(None)  # type: ignore[attr-defined]  # added to FAB's class
    found = db.session().scalar(select(Role).where(Role.id == pk, own))
    if found is None:
        abort(404)
    return found


def _row(role: Role, people: int) -> Row:
    url = url_for(".edit", pk=role.id)
    return Row(
        str(role.id),
        (Cell(role.name, url), Cell(role.description), Cell(people)),
        label=role.name,
        url=url,
    )
