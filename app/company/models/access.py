"""Who signs in for whom: memberships, their roles and stores, sessions, invitations, API keys.

Nothing here lets the role of a company make a person, a membership, a session or a key's secret
readable: that is done by the functions of the schema `auth`, one narrow contract each.
"""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.company.choices import InvitationState
from app.company.models.staff import Employee
from app.company.models.stores import Store
from app.kit import clock
from app.kit.database.install.search import Look
from app.kit.database.model import COMPANY_DEFAULT, Business, Model, link, sort_indexes
from app.kit.database.sql_functions import SqlFunction, register
from app.kit.database.stamp import Role as DatabaseRole
from app.kit.retention import keep
from app.kit.security.models import Person, Role

APP, STORE = DatabaseRole.APP, DatabaseRole.STORE
_STAMP = "version, changed_at, changed_by, archived_at"


def _of_membership(name: str, *more: Any, target: str, kind: Any) -> Table:
    return Table(
        f"membership_{name}",
        Model.metadata,
        Column("company_id", BigInteger, server_default=COMPANY_DEFAULT, primary_key=True),
        Column(
            "membership_id",
            BigInteger,
            primary_key=True,
            info={"link": "membership", "ondelete": "CASCADE", "link_index": False},
        ),
        Column(f"{name}_id", kind, primary_key=True),
        ForeignKeyConstraint(
            ["company_id", f"{name}_id"],
            [f"{target}.company_id", f"{target}.id"],
            name=f"fk_membership_{name}_{name}_id",
            ondelete="CASCADE" if name == "store" else None,
        ),
        Index(f"ix_membership_{name}_{name}_id", "company_id", f"{name}_id"),
        *more,
        info={"store_bound": False, "grants": {APP: "select, insert, delete", STORE: "select"}},
    )


# The company is in the key to the role as well: no membership can hold another company's role.
membership_role = _of_membership("role", target="ab_role", kind=Integer)
membership_store = _of_membership("store", target="store", kind=BigInteger)


class Membership(Business, Model):
    """A person's place in a company: which roles, which stores, which employee they are."""

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("company_id", "user_id"),
        # A person's sessions name their place by it alone: whoever signs in is of no company yet.
        UniqueConstraint("id"),
        Index("ix_membership_user_id", "user_id"),
        *sort_indexes("changed_at"),
        # What an employee did and earned is read through their one place.
        Index(
            "uq_membership_employee",
            "company_id",
            "employee_id",
            unique=True,
            postgresql_where=text("employee_id is not null and archived_at is null"),
        ),
        {
            "info": {
                "label": _l("Person"),
                "search": (Look("membership", "id", "id"),),
                "grants": {
                    APP: f"select, update (active, all_stores, employee_id, {_STAMP})",
                    STORE: "select",
                },
            }
        },
    )

    user_id: Mapped[int] = mapped_column(
        Integer,
        ForeignKey("ab_user.id", name="fk_membership_user_id"),
        info={"label": _l("Person")},
    )
    employee_id: Mapped[int | None] = link("employee", info={"label": _l("Employee")})
    active: Mapped[bool] = mapped_column(
        Boolean, default=True, server_default=text("true"), info={"label": _l("Active")}
    )
    all_stores: Mapped[bool] = mapped_column(
        Boolean,
        default=True,
        server_default=text("true"),
        info={"label": _l("All stores"), "help": _l("Else only the stores named here.")},
    )

    person: Mapped[Person] = relationship(foreign_keys=user_id, viewonly=True)
    employee: Mapped[Employee | None] = relationship(foreign_keys=employee_id)
    roles: Mapped[list[Role]] = relationship(
        secondary=membership_role,
        primaryjoin="Membership.id == membership_role.c.membership_id",
        secondaryjoin=lambda: Role.id == membership_role.c.role_id,
        foreign_keys=[membership_role.c.membership_id, membership_role.c.role_id],
        order_by=lambda: Role.name,
        lazy="raise",
        viewonly=True,
        info={"label": _l("Roles")},
    )
    stores: Mapped[list[Store]] = relationship(
        secondary=membership_store,
        primaryjoin="Membership.id == membership_store.c.membership_id",
        secondaryjoin="Store.id == membership_store.c.store_id",
        foreign_keys=[membership_store.c.membership_id, membership_store.c.store_id],
        order_by="Store.name_fold",
        lazy="raise",
        viewonly=True,
        info={"label": _l("Stores")},
    )

    def __str__(self) -> str:
        return str(self.person)


# The text stands in the person's row, which belongs to no company: written by hand for that reason.
register(
    SqlFunction(
        "membership(text, integer)",
        """create or replace function search.membership(q text, n integer) returns setof bigint
language plpgsql stable security definer set search_path = pg_catalog, public as $$
begin
  return query select m.id from membership m join ab_user u on u.id = m.user_id
   where m.company_id = nullif(current_setting('app.company_id', true), '')::bigint
     and (strpos(fold(u.name), fold(q)) > 0 or strpos(lower(u.email), lower(q)) > 0) limit n;
end $$""",
        schema="search",
        owner=DatabaseRole.SEARCH,
        definer=True,
    )
)


class PermVersion(Model):
    """Grows with every change of a company's roles and memberships: the key of caches."""

    __tablename__ = "perm_version"
    __table_args__ = ({"info": {"audit": False, "grants": {APP: "", STORE: ""}}},)

    company_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    # Whether somebody has held every essential right; from then on somebody always does.
    administered: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))


_SEEN_OF_SESSIONS = (
    "select (id, user_id, membership_id, kind, created_at, last_seen_at, expires_at, ended_at, ip,"
    " user_agent), update (ended_at)"
)
_OWN_SESSIONS = "membership_id in (select m.id from membership m)"


class UserSession(Model):
    """A signed-in browser or pair of API tokens: the cookie holds the token, this its hash."""

    __tablename__ = "user_session"
    __table_args__ = (
        Index("uq_user_session_token_hash", "token_hash", unique=True),
        Index("ix_user_session_user_id", "user_id"),
        Index("ix_user_session_membership_id", "membership_id"),
        CheckConstraint("kind in ('browser', 'api')", name="kind"),
        {
            "info": {
                "grants": dict.fromkeys((APP, STORE), _SEEN_OF_SESSIONS),
                # Those of this company; one's own in others are listed by `auth.own_sessions`.
                "policy": dict.fromkeys((APP, STORE), _OWN_SESSIONS),
            }
        },
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    token_hash: Mapped[str] = mapped_column(Text, deferred=True, deferred_raiseload=True)
    user_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("ab_user.id", name="fk_user_session_user_id", ondelete="CASCADE")
    )
    membership_id: Mapped[int | None] = mapped_column(
        BigInteger,
        ForeignKey("membership.id", name="fk_user_session_membership_id", ondelete="CASCADE"),
    )
    kind: Mapped[str] = mapped_column(Text, server_default="browser")
    stays: Mapped[bool] = mapped_column(
        Boolean, server_default=text("false"), deferred=True, deferred_raiseload=True
    )
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ip: Mapped[str] = mapped_column(Text, server_default="")
    user_agent: Mapped[str] = mapped_column(Text, server_default="")


class PasswordReset(Model):
    """A single-use link for a forgotten password; only its hash is kept."""

    __tablename__ = "password_reset"
    __table_args__ = (
        Index("uq_password_reset_token_hash", "token_hash", unique=True),
        Index("ix_password_reset_user_id", "user_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("ab_user.id", name="fk_password_reset_user_id", ondelete="CASCADE")
    )
    token_hash: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SignInThrottle(Model):
    """How often somebody failed lately, by account and by address of the network."""

    __tablename__ = "sign_in_throttle"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class Invitation(Business, Model):
    """A place in the company offered by email: once, for seven days, until revoked."""

    __tablename__ = "invitation"
    __table_args__ = (
        # Found before the company is known; the token is random.
        Index("ix_invitation_token_hash", "token_hash"),
        Index("ix_invitation_company_id_expires_at", "company_id", "expires_at"),
        Index(
            "uq_invitation_open_email",
            "company_id",
            "email",
            unique=True,
            postgresql_where=text("accepted_at is null and revoked_at is null"),
        ),
        CheckConstraint("email = lower(email)", name="email"),
        *sort_indexes("changed_at"),
        {"info": {"label": _l("Invitation"), "title": "email", "store_bound": False}},
    )

    email: Mapped[str] = mapped_column(Text, info={"label": _l("Email")})
    token_hash: Mapped[str] = mapped_column(Text, info={"label": None, "audit": False})
    # Ids of this company's own; whoever accepts gets those that still exist.
    role_ids: Mapped[list[int]] = mapped_column(
        ARRAY(Integer), server_default=text("'{}'"), info={"label": None}
    )
    all_stores: Mapped[bool] = mapped_column(
        Boolean, default=True, server_default=text("true"), info={"label": _l("All stores")}
    )
    store_ids: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), server_default=text("'{}'"), info={"label": None}
    )
    employee_id: Mapped[int | None] = link("employee", info={"label": _l("Employee")})
    expires_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), info={"label": _l("Valid until")}
    )
    sent_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), info={"label": _l("Sent")})
    accepted_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _l("Accepted")}
    )
    revoked_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _lp("invitation", "Withdrawn")}
    )

    @property
    def state(self) -> InvitationState:
        """What became of it, as of now."""
        if self.accepted_at:
            return InvitationState.ACCEPTED
        if self.revoked_at:
            return InvitationState.REVOKED
        return InvitationState.EXPIRED if self.expires_at <= clock.now() else InvitationState.OPEN


class ApiKey(Business, Model):
    """A machine's way in: some of the rights its maker has, for as long as the maker has them."""

    __tablename__ = "api_key"
    __table_args__ = (
        # Found before the company is known; the token is random.
        Index("ix_api_key_key_hash", "key_hash"),
        # Work that a key began asks for the key before it goes on, through `auth.live_key`.
        Index("ix_api_key_id", "id"),
        Index("ix_api_key_membership_id", "company_id", "membership_id"),
        *sort_indexes("changed_at"),
        {"info": {"label": _l("API key"), "title": "name", "store_bound": False}},
    )

    name: Mapped[str] = mapped_column(
        Text, info={"label": _l("Name"), "help": _l("What uses it, such as “web shop”.")}
    )
    prefix: Mapped[str] = mapped_column(Text, info={"label": _l("Begins with")})
    key_hash: Mapped[str] = mapped_column(Text, info={"label": None, "audit": False})
    # Rights as "permission View".
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text), info={"label": _l("May")})
    membership_id: Mapped[int] = link("membership", index=False, info={"label": _l("Made by")})
    expires_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _l("Valid until")}
    )
    revoked_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _l("Revoked")}
    )

    membership: Mapped[Membership] = relationship(foreign_keys=membership_id)


class ApiKeyUse(Model):
    """When a key was last used: beside the key, so that use is no change of it."""

    __tablename__ = "api_key_use"
    __table_args__ = ({"info": {"grants": {APP: "select", STORE: "select"}, "store_bound": False}},)

    company_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    api_key_id: Mapped[int] = link("api_key", ondelete="CASCADE", index=False, primary_key=True)
    last_used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


# Whoever asks who was signed in three months ago still gets an answer.
keep("user_session", "least(ended_at, expires_at)", days=90)
keep("password_reset", "expires_at", days=30)
keep("sign_in_throttle", "since", days=1)
