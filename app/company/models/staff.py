"""Employees: who works for a company, whether or not they sign in."""

from datetime import date
from decimal import Decimal

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    Index,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.company.models.stores import Store
from app.kit.database.install.search import Look
from app.kit.database.model import (
    COMPANY_DEFAULT,
    Business,
    Model,
    link,
    note_column,
    sort_indexes,
    trigram_index,
)
from app.kit.database.source import Source, source_args
from app.kit.money import money

# Where somebody works besides the main store.
employee_store = Table(
    "employee_store",
    Model.metadata,
    Column("company_id", BigInteger, server_default=COMPANY_DEFAULT, primary_key=True),
    Column(
        "employee_id",
        BigInteger,
        primary_key=True,
        info={"link": "employee", "ondelete": "CASCADE", "link_index": False},
    ),
    Column(
        "store_id",
        BigInteger,
        primary_key=True,
        info={"link": "store", "ondelete": None, "link_index": True},
    ),
    info={"store_bound": False},
)


class Employee(Business, Source, Model):
    """Somebody who works for the company. Store-bound readers see those of their stores."""

    __tablename__ = "employee"
    __table_args__ = (
        *source_args("employee"),
        CheckConstraint("left_on >= entered_on", name="dates"),
        UniqueConstraint("company_id", "number"),
        *sort_indexes("name_fold", "entered_on", "position", "changed_at"),
        Index(None, "company_id", "store_id", "name_fold"),
        trigram_index("name_fold"),
        {
            "info": {
                "label": _l("Employee"),
                "title": "name",
                "search": (Look("employee", "id", "name_fold"),),
            }
        },
    )

    number: Mapped[str | None] = mapped_column(Text, info={"label": _l("Number")})
    # Both together, with the space between, are no longer than the name they make may be.
    first_name: Mapped[str] = mapped_column(
        Text, default="", server_default="", info={"label": _l("First name"), "longest": 200}
    )
    last_name: Mapped[str] = mapped_column(Text, info={"label": _l("Last name"), "longest": 200})
    name: Mapped[str] = mapped_column(
        Text,
        Computed("trim(first_name || ' ' || last_name)", persisted=True),
        info={"label": _lp("of somebody", "Name"), "sort_by": "name_fold"},
    )
    name_fold: Mapped[str] = mapped_column(
        Text,
        Computed("fold(trim(last_name || ' ' || first_name))", persisted=True),
        info={"label": None},
    )
    position: Mapped[str | None] = mapped_column(
        Text,
        info={
            "label": _lp("job", "Position"),
            "help": _l("What they do: master, cashier, buyer."),
        },
    )
    store_id: Mapped[int | None] = link("store", index=False, info={"label": _l("Main store")})
    phone: Mapped[str | None] = mapped_column(Text, info={"label": _l("Phone"), "format": "phone"})
    email: Mapped[str | None] = mapped_column(Text, info={"label": _l("Email"), "format": "email"})
    entered_on: Mapped[date | None] = mapped_column(info={"label": _l("Works here since")})
    left_on: Mapped[date | None] = mapped_column(info={"label": _l("Left on")})
    monthly_salary: Mapped[Decimal | None] = money(
        info={"label": _l("Monthly salary"), "guard": "salaries"}, nullable=True
    )
    hourly_rate: Mapped[Decimal | None] = money(
        info={"label": _l("Hourly rate"), "guard": "salaries"}, nullable=True
    )
    note: Mapped[str | None] = note_column()

    store: Mapped[Store | None] = relationship(foreign_keys=store_id)
    # The company column is part of both keys; it is filled by the database, so one side writes it.
    other_stores: Mapped[list[Store]] = relationship(
        secondary=employee_store,
        primaryjoin="Employee.id == employee_store.c.employee_id",
        secondaryjoin="Store.id == employee_store.c.store_id",
        foreign_keys=[employee_store.c.employee_id, employee_store.c.store_id],
        lazy="raise",
        info={"label": _l("Also works in")},
    )

    def __str__(self) -> str:
        return self.name
