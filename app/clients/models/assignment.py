"""Whose client somebody is: of which stores, and of whom among those who work there.

The triggers in `triggers.py` and those of the documents make the rows; policies read them
(docs/decisions/who-sees-which-clients.md).
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Index,
    PrimaryKeyConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.clients.choices import SeenBecause, ServedBecause
from app.kit.choices import choice
from app.kit.database.install.rules import COMPANY_IS, STORES
from app.kit.database.install.visibility import Visibility
from app.kit.database.model import COMPANY_DEFAULT, Model, link
from app.kit.database.stamp import Role
from app.kit.money import money

SIGHT = {
    Role.STORE_CLIENTS: Visibility("client_store", "client_id", "s.store_id = any ($4)"),
    Role.OWN_CLIENTS: Visibility("client_employee", "client_id", "s.employee_id = crm_employee()"),
}
# The own column first, because a new row stands in no other table yet.
IS_OURS = (
    f"{COMPANY_IS} and case when store_id = any ({STORES}) then true"
    f" else {SIGHT[Role.STORE_CLIENTS].of('client.id')} end"
)
IS_MINE = (
    f"{COMPANY_IS} and case when employee_id = (select crm_employee()) then true"
    f" else {SIGHT[Role.OWN_CLIENTS].of('client.id')} end"
)

# What somebody bound to stores reads as `client_figures`.
STORES_SUMS = """
select c.id, c.company_id, c.id client_id, s.orders_count, s.orders_sum, s.returns_count,
  s.returns_sum,
  case when s.orders_count > 0
    then round(s.orders_sum::numeric / s.orders_count)::bigint end average,
  s.first_order_at, s.last_order_at, c.changed_at
from public.client c cross join lateral (
  select coalesce(sum(orders_count), 0)::integer orders_count,
    coalesce(sum(orders_sum), 0)::bigint orders_sum,
    coalesce(sum(returns_count), 0)::integer returns_count,
    coalesce(sum(returns_sum), 0)::bigint returns_sum,
    min(first_order_at) first_order_at, max(last_order_at) last_order_at
  from public.client_store b
  where b.company_id = c.company_id and b.client_id = c.id and b.why = 'bought') s"""

# An import that works in several hands makes the rows of its buyers before them.
_KEY = "client_id, store_id, why"
_COUNTED = "orders_count, orders_sum, returns_count, returns_sum, first_order_at, last_order_at"


class ClientStore(Model):
    """That a client has to do with a store, one row for each reason; triggers make the rows.

    With `bought` stand the figures of what was bought in that store, in the company's currency.
    """

    __tablename__ = "client_store"
    __table_args__ = (
        PrimaryKeyConstraint("company_id", "client_id", "store_id", "why"),
        Index(None, "company_id", "store_id", "client_id"),
        CheckConstraint("orders_count >= 0 and returns_count >= 0", name="counts"),
        CheckConstraint(
            "why = 'bought' or orders_count + returns_count = 0 and orders_sum = 0"
            " and returns_sum = 0 and first_order_at is null and last_order_at is null",
            name="figures",
        ),
        {
            "info": {
                "title": "why",
                "audit": False,
                "grants": {
                    Role.APP: f"select, insert ({_KEY}), update ({_COUNTED})",
                    Role.STORE: "select",
                },
                "policy": {
                    Role.STORE_CLIENTS: f"{COMPANY_IS} and store_id = any ({STORES})",
                },
            }
        },
    )

    company_id: Mapped[int] = mapped_column(BigInteger, server_default=COMPANY_DEFAULT)
    client_id: Mapped[int] = link("client", index=False)
    store_id: Mapped[int] = link("store", index=False)
    why: Mapped[SeenBecause] = choice(SeenBecause)
    orders_count: Mapped[int] = mapped_column(server_default=text("0"))
    orders_sum: Mapped[Decimal] = money(server_default=text("0"))
    returns_count: Mapped[int] = mapped_column(server_default=text("0"))
    returns_sum: Mapped[Decimal] = money(server_default=text("0"))
    first_order_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_order_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ClientEmployee(Model):
    """That an employee looks after a client or served them; `note_served` adds the second."""

    __tablename__ = "client_employee"
    __table_args__ = (
        PrimaryKeyConstraint("company_id", "client_id", "employee_id", "why"),
        Index(None, "company_id", "employee_id", "client_id"),
        {
            "info": {
                "title": "why",
                "audit": False,
                "grants": {Role.APP: "select, insert", Role.STORE: "select"},
                "policy": {
                    Role.OWN_CLIENTS: f"{COMPANY_IS} and employee_id = (select crm_employee())",
                },
            }
        },
    )

    company_id: Mapped[int] = mapped_column(BigInteger, server_default=COMPANY_DEFAULT)
    client_id: Mapped[int] = link("client", index=False)
    employee_id: Mapped[int] = link("employee", index=False)
    why: Mapped[ServedBecause] = choice(ServedBecause)
