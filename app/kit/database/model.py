"""The base of every table: companies kept apart, links that carry the company, audit columns.

Business tables are `class Client(Business, Model)`; append-only ones `class Movement(Ledger,
Model)`. A listener on the metadata adds to every table of a company what nobody may forget: the key
(company_id, id), the composite foreign keys of `link` columns and an index for each of them.
"""

from datetime import datetime
from typing import Any

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    BigInteger,
    Column,
    Computed,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    event,
    func,
    text,
)
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from app.kit import clock
from app.kit.database.stamp import current_user_id

Model.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# Evaluated by the database, so that COPY and INSERT … SELECT get it right as well.
USER_DEFAULT = text("nullif(current_setting('app.user_id', true), '')::bigint")
COMPANY_DEFAULT = text("crm_company()")


class OfCompany:
    """A row of exactly one company. The id is no secret: policies and signed links protect.

    The table's key is (company_id, id). The mapper's is the id, which the sequence alone gives, so
    that no two companies have one twice.
    """

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, autoincrement=True, sort_order=-10
    )
    company_id: Mapped[int] = mapped_column(
        BigInteger, server_default=COMPANY_DEFAULT, primary_key=True, sort_order=-9
    )

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 -- SQLAlchemy hands over the class
        return {"primary_key": ["id"]}


class Created:
    """Who made the row, and when."""

    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True),
        default=clock.now,
        server_default=func.now(),
        sort_order=90,
        info={"label": _l("Created")},
    )
    created_by: Mapped[int | None] = mapped_column(
        BigInteger, default=current_user_id, server_default=USER_DEFAULT, sort_order=91
    )


class Business(OfCompany, Created):
    """An editable record: versioned, audited, archived instead of deleted."""

    version: Mapped[int] = mapped_column(server_default=text("1"), sort_order=89)
    changed_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True),
        default=clock.now,
        onupdate=clock.now,
        server_default=func.now(),
        sort_order=92,
        info={"label": _l("Changed")},
    )
    changed_by: Mapped[int | None] = mapped_column(
        BigInteger,
        default=current_user_id,
        onupdate=current_user_id,
        server_default=USER_DEFAULT,
        sort_order=93,
    )
    archived_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), sort_order=94)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 -- SQLAlchemy hands over the class
        return {"primary_key": ["id"], "version_id_col": cls.version}


class Ledger(OfCompany, Created):
    """An append-only row: the application roles may insert and read it, nothing else.

    Give the table `info={"append_only": True}`; `install` reads that.
    """


class Told:
    """When a row without a version was last changed; a trigger keeps it (install/changes.py).

    Programs read such rows by change: give the table `sort_indexes("changed_at")`.
    """

    changed_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), sort_order=92
    )


class Figures(OfCompany):
    """Figures kept up by others beside a record: no version, no audit (`info={"audit": False}`)."""


def link(table: str, *, ondelete: str | None = None, index: bool = True, **options: Any) -> Any:
    """Return a column that refers to `table` of the same company.

    `ondelete` is CASCADE, or SET NULL (of this column only; the company stays). `index` adds
    (company_id, column). The other options are those of `mapped_column`.
    """
    info = {**options.pop("info", {}), "link": table, "ondelete": ondelete, "link_index": index}
    return mapped_column(BigInteger, info=info, **options)


def linked_id(record: Any, relation: str) -> int | None:
    """Return the id a relation leads to, also of one that was set and not flushed yet."""
    if found := getattr(record, f"{relation}_id"):
        return int(found)
    other = getattr(record, relation)
    return other.id if other is not None else None


def moment_column(label: Any = None) -> Any:
    """Return the column of when something happened: now, unless somebody says it."""
    return mapped_column(
        DateTime(timezone=True),
        default=clock.now,
        server_default=text("now()"),
        info={"label": _l("Time") if label is None else label},
    )


def note_column() -> Any:
    """Return the column of what people write beside a record, in several lines."""
    return mapped_column(Text, info={"label": _l("Note"), "format": "long"})


def fold_of(column: str) -> Any:
    """Return a stored search and sort key of a text column: lower case, marks removed."""
    return mapped_column(Text, Computed(f"fold({column})", persisted=True), info={"label": None})


def sort_indexes(*columns: str) -> tuple[Index, ...]:
    """Return an index (company_id, column, id) for each column that a screen may sort by."""
    return tuple(Index(None, "company_id", column, "id") for column in columns)


def trigram_index(column: str) -> Index:
    """Return the index that the search functions use for `like '%…%'`."""
    return Index(None, column, postgresql_using="gin", postgresql_ops={column: "gin_trgm_ops"})


def _foreign_key(table: Table, column: Column[Any]) -> ForeignKeyConstraint:
    target, ondelete = column.info["link"], column.info["ondelete"]
    if ondelete == "SET NULL":
        ondelete = f"SET NULL ({column.name})"  # never the company
    return ForeignKeyConstraint(
        ["company_id", column.name],
        [f"{target}.company_id", f"{target}.id"],
        name=f"fk_{table.name}_{column.name}",
        ondelete=ondelete,
    )


@event.listens_for(Table, "after_parent_attach")
def _keep_company(table: Table, parent: MetaData) -> None:
    if parent is not Model.metadata or "company_id" not in table.c:
        return
    if table.name.startswith("ab_"):
        return
    key = table.primary_key.columns.keys()
    if "company_id" in key and key[0] != "company_id":
        key.remove("company_id")
        table.append_constraint(PrimaryKeyConstraint("company_id", *key))
    if not any("link" in column.info and not column.nullable for column in table.c):
        # Else the row it hangs on has the company's key, and each further key is paid for by each
        # row.
        table.append_constraint(
            ForeignKeyConstraint(["company_id"], ["company.id"], name=f"fk_{table.name}_company_id")
        )
    for column in list(table.c):
        if "link" in column.info:
            table.append_constraint(_foreign_key(table, column))
            if column.info["link_index"] and not column.unique:
                Index(f"ix_{table.name}_{column.name}", table.c.company_id, column)
