"""Flask-AppBuilder's own tables, made fit for many companies. Imported before any mapper is used.

Columns are added to FAB's classes instead of subclassing them: FAB hands out its own classes
whatever is configured, and two classes on one row go stale in a session. Who may read or write a
row says `Table.info`, as for every other table.
"""

from typing import Any

from flask_appbuilder.security.sqla import models as fab
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp
from sqlalchemy import (
    BigInteger,
    Boolean,
    Computed,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database.model import COMPANY_DEFAULT, Model
from app.kit.database.stamp import Role as DatabaseRole

User = fab.User
Role = fab.Role
Permission = fab.Permission
ViewMenu = fab.ViewMenu
PermissionView = fab.PermissionView
role_rights: Table = fab.assoc_permissionview_role
installation_roles: Table = fab.assoc_user_role

APP, STORE = DatabaseRole.APP, DatabaseRole.STORE
PLATFORM, SEARCH = DatabaseRole.PLATFORM, DatabaseRole.SEARCH


def _table(model: Any) -> Table:
    table: Table = model.__table__
    return table


def _number_by_identity(table: Table) -> None:
    """FAB names a sequence in Python only; an identity also serves plain SQL and needs no grant."""
    column = table.c.id
    sequence = column.default
    if sequence is None:
        return
    table.metadata._sequences.pop(str(sequence.name), None)  # type: ignore[attr-defined]  # noqa: SLF001 -- no public way
    column.default = None
    column._init_items(Identity())  # noqa: SLF001 -- as above


def _extend_user() -> None:
    User.locale = mapped_column(Text, info={"label": None})
    User.time_zone = mapped_column(Text, info={"label": None})
    User.name = mapped_column(
        Text,
        Computed("trim(first_name || ' ' || last_name)", persisted=True),
        info={"label": _lp("of somebody", "Name")},
    )
    table = _table(User)
    # Sign-in compares in lower case; two spellings of one address must not be two people.
    Index("uq_ab_user_lower_email", func.lower(table.c.email), unique=True)
    Index("uq_ab_user_lower_username", func.lower(table.c.username), unique=True)
    # Never the password: it is seen by functions of the schema `auth` only.
    seen = "select (id, first_name, last_name, name, email, active, locale, time_zone)"
    colleagues = "id in (select m.user_id from membership m)"
    table.info["grants"] = {APP: seen, STORE: seen, SEARCH: "select (id, name, email)"}
    table.info["policy"] = {APP: colleagues, STORE: colleagues, SEARCH: "true"}
    table.info["title"] = "name"
    table.c.email.info["label"] = _l("Email")


def _extend_role() -> None:
    Role.company_id = mapped_column(
        BigInteger,
        ForeignKey("company.id", name="fk_ab_role_company_id"),
        server_default=COMPANY_DEFAULT,
    )
    Role.template = mapped_column(Text)
    Role.follows = mapped_column(Boolean, server_default=text("false"), nullable=False)
    Role.description = mapped_column(Text, server_default="", nullable=False)
    Role.version = mapped_column(Integer, server_default=text("1"), nullable=False)
    table = _table(Role)
    for constraint in list(table.constraints):
        if isinstance(constraint, UniqueConstraint) and list(constraint.columns) == [table.c.name]:
            table.constraints.discard(constraint)
    table.c.name.unique = None
    table.append_constraint(
        UniqueConstraint(
            "company_id", "name", name="uq_ab_role_name", postgresql_nulls_not_distinct=True
        )
    )
    table.append_constraint(UniqueConstraint("company_id", "id", name="uq_ab_role_company_id_id"))
    table.info["grants"] = {APP: "select, insert, update, delete", STORE: "select"}


def _share_rights() -> None:
    # In every company somebody has all of these: said at deploy, held to by a trigger.
    PermissionView.essential = mapped_column(Boolean, server_default=text("false"), nullable=False)
    for model in (Permission, ViewMenu, PermissionView):
        _table(model).info["grants"] = {APP: "select", STORE: "select", PLATFORM: "select"}
    own = "role_id in (select r.id from ab_role r)"
    role_rights.info["grants"] = {APP: "select, insert, delete", STORE: "select"}
    role_rights.info["policy"] = {APP: own, STORE: own}


def _adapt() -> None:
    _extend_user()
    _extend_role()
    _share_rights()
    for table in Model.metadata.tables.values():
        if table.name.startswith("ab_"):
            _number_by_identity(table)


_adapt()


class Person(Model):
    """A user as colleagues see them: a name and an address, never a password.

    Operations and screens of a company use this; `User` itself cannot be read by its role.
    """

    __table__ = _table(User)
    __mapper_args__ = {
        "include_properties": [
            "id",
            "first_name",
            "last_name",
            "name",
            "email",
            "active",
            "locale",
        ],
        "confirm_deleted_rows": False,
    }

    id: Mapped[int]
    first_name: Mapped[str]
    last_name: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]
    active: Mapped[bool | None]
    locale: Mapped[str | None]

    def __str__(self) -> str:
        return self.name or self.email
