"""People: the list, their roles and stores, what they may and why, their sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Session
from wtforms import EmailField, Form, RadioField, SelectMultipleField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from app.company import operations, queries
from app.company.models import Invitation, Membership
from app.company.operations.privileges import stores_of
from app.company.screens.shared import areas_to_read, refuse_beside, store_choices
from app.kit import clock
from app.kit.access import reader
from app.kit.database.session import db
from app.kit.errors import CrmError, NotFound
from app.kit.screens import ActionParameter, Computed, RecordAction, Screen
from app.kit.screens.areas import SETTINGS
from app.kit.screens.authorization import needs
from app.kit.screens.pages import (
    Action,
    Fact,
    Field,
    FormPage,
    FormSection,
    KvCard,
    Link,
    ListPage,
    Note,
    RightsPage,
    ShowPage,
)
from app.kit.screens.record import eager, load_or_404, show_page
from app.kit.security.account import session_columns, session_row
from app.kit.security.authentication import network
from app.kit.security.reset import way


class PlaceForm(Form):  # type: ignore[misc]  # WTForms is untyped
    """Roles and stores of somebody."""

    roles = SelectMultipleField(_l("Roles"), description=_l("What they may do."))
    scope = RadioField(
        _l("Whose data"),
        choices=[
            SelectChoice("all", _l("All stores of the company")),
            SelectChoice("some", _l("Only these stores")),
        ],
        default="all",
    )
    stores = SelectMultipleField(_l("Stores"))


class InviteForm(PlaceForm):
    """Where the invitation goes, and what it offers."""

    roles = SelectMultipleField(
        _l("Roles"),
        [InputRequired(_l("Choose at least one role."))],
        description=_l("What they may do."),
    )
    email = EmailField(_l("Email"), [InputRequired(_l("An email address is needed."))])


def _deactivate(session: Session, obj: Membership, /, *, by: int | None, at: datetime) -> None:
    operations.deactivate(session, obj, by=reader(), at=at)


def _reactivate(session: Session, obj: Membership, /, *, by: int | None, at: datetime) -> None:
    operations.reactivate(session, obj, by=reader(), at=at)


def _send_reset(session: Session, obj: Membership, /, *, by: int | None, at: datetime) -> None:
    # An administrator never sets a password: the link goes to the person alone.
    operations.remind(session, obj, by=reader(), at=at, network=network())


def _link(session: Session, obj: Membership, /, *, by: int | None, at: datetime) -> None:
    operations.link_employee(session, obj, by=reader(), at=at)


def _sign_out(session: Session, obj: Membership, /, *, by: int | None, at: datetime) -> None:
    operations.end_sessions(session, obj, by=reader(), at=at)


def _roles_of(session: Session, ids: Sequence[int]) -> Mapping[int, object]:
    return queries.role_names(session, ids)


def _place(
    session: Session,
    obj: Membership,
    /,
    *,
    by: int | None,
    at: datetime,
    roles: Sequence[int],
    all_stores: bool = True,
    stores: Sequence[int] = (),
) -> None:
    who = reader()
    operations.set_roles(session, obj, roles, by=who, at=at)
    operations.set_stores(session, obj, all_stores=all_stores, store_ids=stores, by=who, at=at)


def _end(
    session: Session, obj: Membership, /, *, by: int | None, at: datetime, session_id: int
) -> None:
    if not operations.end_sessions(session, obj, by=reader(), at=at, only=session_id):
        raise NotFound


PLACE = (
    ActionParameter("all_stores", _l("All stores of the company"), "flag"),
    ActionParameter("stores", _l("Stores"), "ids", longest=1000),
)


class MembershipScreen(Screen):
    """The company's people."""

    model = Membership
    area = SETTINGS
    icon = "users"
    label, one = _l("People"), _l("Person")
    path = "people"
    help = _l("Who signs in for the company, with which roles and in which stores.")
    list_columns = ("person", "person.email", "roles", "employee", "active", "all_stores")
    computed = {"roles": Computed(_l("Roles"), _roles_of)}
    filters = ("employee",)
    search_hint = _l("Name or email")
    sections = (
        (_l("Person"), ("person", "person.email", "employee")),
        (_l("Access"), ("active", "created_at")),
    )
    read_only = ("person", "person.email", "active", "created_at")
    archives = False
    on_edit = staticmethod(_link)
    page_actions = {
        "roles": RecordAction(
            _place,
            _l("Change roles and stores"),
            needs=("write", "Membership"),
            parameters=(
                ActionParameter("roles", _l("Roles"), "ids", required=True, longest=100),
                *PLACE,
            ),
        ),
        "end": RecordAction(
            _end,
            _l("Sign out there"),
            done=_l("That device is signed out."),
            needs=("sign_out", "Membership"),
            parameters=(ActionParameter("session_id", _l("Session"), "id", required=True),),
        ),
    }
    actions_on = {
        "deactivate": RecordAction(
            _deactivate,
            _l("Deactivate"),
            icon="lock",
            danger=True,
            confirm=_l("They are signed out everywhere and cannot come in any more."),
            done=_l("Deactivated and signed out."),
            when=lambda obj: bool(obj.active),
        ),
        "reactivate": RecordAction(
            _reactivate,
            _l("Let in again"),
            icon="lock-open",
            when=lambda obj: not obj.active,
        ),
        "send_reset": RecordAction(
            _send_reset,
            _l("Send a link for a new password"),
            icon="mail",
            done=LazyString(way),
            when=lambda obj: bool(obj.active),
        ),
        "sign_out": RecordAction(
            _sign_out,
            _l("Sign out everywhere"),
            icon="logout",
            confirm=_l("They have to sign in again on every device."),
            done=_l("Signed out."),
        ),
    }

    @expose("/add", methods=["GET", "POST"])
    @needs("write", "Invitation")
    def add(self) -> Any:
        """Nobody is added without being asked: the form writes an invitation."""
        return invitation_form(self)

    @expose("/show/<int:pk>")
    @needs("read")
    def show(self, pk: int) -> Any:
        """One member, with the ways to their rights, their roles and where they are signed in."""
        session = db.session()
        member = load_or_404(self, session, pk, *eager(self))
        page = show_page(self, session, member)
        roles = ", ".join(role.name for role in queries.roles_of(session, member)) or _("no role")
        ways = [
            Action(_("What they may do"), self.url("rights", pk), "shield-check"),
            Action(_("Where they are signed in"), self.url("sessions", pk), "device-desktop"),
        ]
        page = replace(
            page,
            title=member.person.name,
            facts=roles,
            cards=[*page.cards, _place_card(session, member, roles)],
            actions=[*(one for one in page.actions if one.method == "get"), *ways],
            more=[*(one for one in page.actions if one.method == "post"), *page.more],
            primary=self._edit_roles(pk),
        )
        return render_template("tresen/show.html", page=page)

    @expose("/rights/<int:pk>")
    @needs("read")
    def rights(self, pk: int) -> Any:
        """Return what a member may do, and which role gives it."""
        session = db.session()
        member = load_or_404(self, session, pk)
        granted = queries.rights_by_role(session, member)
        roles = queries.roles_of(session, member)
        page = RightsPage(
            title=_("Rights of %(name)s", name=member.person.name),
            crumbs=self._crumbs(member),
            facts=", ".join(role.name for role in roles) or _("no role"),
            areas=areas_to_read(queries.known_rights(session), granted),
            primary=self._edit_roles(pk),
            readonly=True,
        )
        return render_template("tresen/rights.html", page=page)

    @expose("/roles/<int:pk>", methods=["GET", "POST"])
    @needs("write")
    def roles(self, pk: int) -> Any:
        """Choose a member's roles and stores."""
        session = db.session()
        member = load_or_404(self, session, pk)
        present = {str(role.id) for role in queries.roles_of(session, member)}
        form = PlaceForm(
            request.form or None,
            data={
                "roles": present,
                "scope": "all" if member.all_stores else "some",
                "stores": {str(one) for one in stores_of(session, member)},
            },
        )
        _fill(session, form)
        status = 200
        if request.method == "POST" and not form.validate():
            status = 422
        elif request.method == "POST":
            try:
                _save_place(session, member, form)
            except CrmError as refused:
                session.rollback()
                member = load_or_404(self, session, pk)
                refuse_beside(form, refused)
                status = refused.status
            else:
                flash(_("Saved. It counts from their next click."), "success")
                return redirect(self.url("rights", pk))
        page = FormPage(
            title=_("Roles of %(name)s", name=member.person.name),
            crumbs=self._crumbs(member),
            sections=_sections(form),
            save_label=_("Save"),
            discard_url=self.url("show", pk),
        )
        return render_template("tresen/form.html", page=page), status

    @expose("/sessions/<int:pk>")
    @needs("read")
    def sessions(self, pk: int) -> Any:
        """Where a member is signed in for this company."""
        session, by = db.session(), reader()
        member = load_or_404(self, session, pk)
        page = ListPage(
            title=_("Where %(name)s is signed in", name=member.person.name),
            crumbs=self._crumbs(member),
            searchable=False,
            columns=session_columns(),
            rows=[
                session_row(one, by.session_id, self.url("end", f"{pk}/{one.id}"))
                for one in queries.sessions_of(session, member)
            ],
        )
        return render_template("tresen/list.html", page=page)

    @expose("/end/<int:pk>/<int:session_id>", methods=["POST"])
    @needs("sign_out")
    def end(self, pk: int, session_id: int) -> Any:
        """End one of a member's sessions."""
        session = db.session()
        member = load_or_404(self, session, pk)
        ended = operations.end_sessions(
            session, member, by=reader(), at=clock.now(), only=session_id
        )
        if not ended:
            raise NotFound
        flash(_("That device is signed out."), "success")
        return redirect(self.url("sessions", pk))

    def _crumbs(self, member: Membership) -> list[Link]:
        return [
            Link(self.area.label),
            Link(self.label, self.list_url()),
            Link(member.person.name, self.url("show", member.id)),
        ]

    def _edit_roles(self, pk: int) -> Action | None:
        url = self.url("roles", pk)
        label = _("Change roles and stores")
        return Action(label, url, "key") if self.may("write") else None


class InvitationScreen(Screen):
    """Places offered by mail."""

    model = Invitation
    area = SETTINGS
    icon = "mail"
    label, one = _l("Invitations"), _l("Invitation")
    help = _l("Places in the company that were offered by mail.")
    list_columns = ("email", "sent_at", "expires_at", "accepted_at", "revoked_at")
    sections = (
        (_l("Invitation"), ("email", "all_stores", "employee_id")),
        (_l("Course"), ("sent_at", "expires_at", "accepted_at", "revoked_at")),
    )
    edits = archives = exports = False
    actions_on = {
        "resend": RecordAction(
            lambda session, obj, /, *, by, at: operations.resend_invitation(
                session, obj, by=reader(), at=at
            ),
            _l("Send again"),
            icon="send",
            done=_l("Sent. The earlier link does not work any more."),
            when=lambda obj: not (obj.accepted_at or obj.revoked_at),
        ),
        "revoke": RecordAction(
            lambda session, obj, /, *, by, at: operations.revoke_invitation(
                session, obj, by=reader(), at=at
            ),
            _l("Withdraw"),
            icon="ban",
            danger=True,
            confirm=_l("The link in the mail stops working."),
            when=lambda obj: not (obj.accepted_at or obj.revoked_at),
        ),
    }

    @expose("/add", methods=["GET", "POST"])
    @needs("write")
    def add(self) -> Any:
        """Offer somebody a place."""
        return invitation_form(self)


def invitation_form(screen: Screen) -> Any:
    """Answer GET and POST of the form that invites somebody, opened from one list or the other."""
    session = db.session()
    form, status = InviteForm(request.form or None), 200
    _fill(session, form)
    if request.method == "POST" and not form.validate():
        status = 422
    elif request.method == "POST":
        try:
            offer = _invite(session, form)
        except CrmError as refused:
            session.rollback()
            refuse_beside(form, refused)
            status = refused.status
        else:
            if offer.link is not None:
                return _shown_once(screen, offer)
            flash(_("The invitation is on its way. It works for seven days."), "success")
            return redirect(screen.list_url())
    page = FormPage(
        title=_("Invite somebody"),
        crumbs=[Link(screen.area.label), Link(screen.label, screen.list_url())],
        sections=[FormSection(_("Person"), [Field(form.email, "half")]), *_sections(form)],
        save_label=_("Send the invitation"),
        discard_url=screen.list_url(),
    )
    return render_template("tresen/form.html", page=page), status


def _shown_once(screen: Screen, offer: operations.Offer) -> Any:
    """Give the link to the inviter, who has all that it gives: no mail could carry it."""
    told = _("No mail server is set up, so nothing was sent. Hand this link over yourself.")
    page = ShowPage(
        title=_("Invitation for %(email)s", email=offer.invitation.email),
        crumbs=[Link(screen.area.label), Link(screen.label, screen.list_url())],
        notes=(
            Note(told, "warn", "alert-triangle"),
            Note(_("Copy the link now: it is not shown again. It works once, for seven days.")),
        ),
        cards=(KvCard(_("Invitation"), (Fact(_("Link to hand over"), offer.link),)),),
        primary=Action(_("Done"), screen.list_url()),
    )
    return render_template("tresen/show.html", page=page)


def _place_card(session: Session, member: Membership, roles: str) -> KvCard:
    stores = _("All stores of the company")
    if not member.all_stores:
        stores = ", ".join(queries.store_names(session, member)) or _("no store")
    facts = (Fact(_("Roles"), roles), Fact(_("Stores"), stores))
    return KvCard(_("What they see"), facts)


def _fill(session: Session, form: Any) -> None:
    form.roles.choices = [SelectChoice(str(role.id), role.name) for role in queries.roles(session)]
    form.stores.choices = store_choices(session, reader())


def _sections(form: Any) -> list[FormSection]:
    return [
        FormSection(_("Roles"), [Field(form.roles, "full")]),
        FormSection(
            _("Whose data"),
            [Field(form.scope, "full"), Field(form.stores, "full")],
            _("Orders, stock and clients of other stores stay out of sight."),
        ),
    ]


def _save_place(session: Session, member: Membership, form: Any) -> None:
    by, at = reader(), clock.now()
    operations.set_roles(session, member, [int(one) for one in form.roles.data or ()], by=by, at=at)
    operations.set_stores(
        session,
        member,
        all_stores=form.scope.data == "all",
        store_ids=[int(one) for one in form.stores.data or ()],
        by=by,
        at=at,
    )


def _invite(session: Session, form: Any) -> operations.Offer:
    return operations.invite(
        session,
        email=form.email.data,
        role_ids=[int(one) for one in form.roles.data or ()],
        all_stores=form.scope.data == "all",
        store_ids=[int(one) for one in form.stores.data or ()],
        by=reader(),
        at=clock.now(),
    )
