"""Companies, franchises and stores."""

from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    Identity,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.company.choices import ClientsSeen, Locale, StoreKind
from app.kit.choices import choice
from app.kit.codes import country_column
from app.kit.database.install.search import Look
from app.kit.database.model import (
    Business,
    Model,
    fold_of,
    link,
    note_column,
    sort_indexes,
    trigram_index,
)
from app.kit.database.source import Source, source_args
from app.kit.database.stamp import Role
from app.kit.money import currency_column

_EDITABLE = (
    "name, legal_name, currency, country, time_zone, locale, clients_seen, version, changed_at,"
    " changed_by"
)


class Company(Business, Model):
    """The licence holder. Made by `auth.create_company`, edited by its administrators."""

    __tablename__ = "company"
    __table_args__ = (
        # The one key that is unique across companies: `--company SLUG` names it.
        Index("uq_company_slug", "slug", unique=True),
        *sort_indexes("changed_at"),
        CheckConstraint("slug ~ '^[a-z][a-z0-9-]{1,38}$'", name="slug"),
        {
            "info": {
                "label": _l("Company"),
                "whole": True,
                "grants": {
                    Role.APP: f"select, update ({_EDITABLE})",
                    Role.STORE: "select",
                    Role.PLATFORM: "select",
                },
                "platform": True,
            }
        },
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True, sort_order=-10)
    # A company's own row belongs to it like any other: policies and audit need no exception.
    company_id: Mapped[int] = mapped_column(
        BigInteger, Computed("id", persisted=True), sort_order=-9
    )
    slug: Mapped[str] = mapped_column(Text, info={"label": _l("Short name")})
    name: Mapped[str] = mapped_column(Text, info={"label": _l("Name")})
    legal_name: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("Legal name"), "help": _l("As it stands on invoices.")}
    )
    currency: Mapped[str] = currency_column(Text, default="EUR", server_default="EUR")
    country: Mapped[str] = country_column(Text, default="DE", server_default="DE")
    time_zone: Mapped[str] = mapped_column(
        Text,
        default="Europe/Berlin",
        server_default="Europe/Berlin",
        info={"label": _l("Time zone"), "format": "zone"},
    )
    locale: Mapped[Locale] = choice(
        Locale,
        default=Locale.EN,
        server_default="en",
        info={"label": _l("Language"), "help": _l("For those who chose none, and for clients.")},
    )
    # A column, because it is asked for with every sign-in and decides the role of the database.
    clients_seen: Mapped[ClientsSeen] = choice(
        ClientsSeen,
        default=ClientsSeen.ALL,
        server_default=ClientsSeen.ALL.value,
        info={
            "label": _l("Who sees which clients"),
            "help": _l(
                "Whoever is bound to stores sees all clients, or those who registered, bought,"
                " booked or belong there."
            ),
        },
    )

    def __str__(self) -> str:
        return self.name


class Franchise(Business, Source, Model):
    """Stores under one name whose owner looks at them together."""

    __tablename__ = "franchise"
    __table_args__ = (
        *source_args("franchise"),
        UniqueConstraint("company_id", "name"),
        *sort_indexes("name_fold", "changed_at"),
        {"info": {"label": _l("Franchise"), "whole": True}},
    )

    name: Mapped[str] = mapped_column(Text, info={"label": _l("Name"), "sort_by": "name_fold"})
    name_fold: Mapped[str] = fold_of("name")
    note: Mapped[str | None] = note_column()

    stores: Mapped[list["Store"]] = relationship(
        back_populates="franchise", foreign_keys="Store.franchise_id", lazy="raise"
    )

    def __str__(self) -> str:
        return self.name


class Store(Business, Source, Model):
    """A place of business: shop, salon, warehouse or web shop; may be a legal entity of its own."""

    __tablename__ = "store"
    __table_args__ = (
        *source_args("store"),
        UniqueConstraint("company_id", "number"),
        CheckConstraint("latitude between -90 and 90", name="latitude"),
        CheckConstraint("longitude between -180 and 180", name="longitude"),
        CheckConstraint("(latitude is null) = (longitude is null)", name="position"),
        CheckConstraint("jsonb_typeof(opening_hours) = 'object'", name="opening_hours"),
        *sort_indexes("name_fold", "city_fold", "kind", "changed_at"),
        trigram_index("search_fold"),
        {
            "info": {
                "label": _l("Store"),
                "store_key": "id",
                "search": (Look("store", "id", "search_fold"),),
            }
        },
    )

    number: Mapped[str] = mapped_column(
        Text, info={"label": _l("Number"), "help": _l("Printed on slips and lists.")}
    )
    name: Mapped[str] = mapped_column(Text, info={"label": _l("Name"), "sort_by": "name_fold"})
    name_fold: Mapped[str] = fold_of("name")
    kind: Mapped[StoreKind] = choice(
        StoreKind, default=StoreKind.SHOP, server_default="shop", info={"label": _l("Kind")}
    )
    franchise_id: Mapped[int | None] = link("franchise", info={"label": _l("Franchise")})
    address: Mapped[str | None] = mapped_column(Text, info={"label": _l("Street and number")})
    postal_code: Mapped[str | None] = mapped_column(Text, info={"label": _l("Postal code")})
    city: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("City"), "sort_by": "city_fold"}
    )
    city_fold: Mapped[str | None] = fold_of("city")
    search_fold: Mapped[str] = mapped_column(
        Text,
        Computed("fold(number || ' ' || name || ' ' || coalesce(city, ''))", persisted=True),
        info={"label": None},
    )
    country: Mapped[str] = country_column(Text, default="DE", server_default="DE")
    latitude: Mapped[Decimal | None] = mapped_column(
        Numeric(9, 6), info={"label": _l("Latitude"), "help": _l("For the map, such as 53.5503.")}
    )
    longitude: Mapped[Decimal | None] = mapped_column(
        Numeric(9, 6), info={"label": _l("Longitude")}
    )
    time_zone: Mapped[str] = mapped_column(
        Text,
        default="Europe/Berlin",
        server_default="Europe/Berlin",
        info={
            "label": _l("Time zone"),
            "format": "zone",
            "help": _l("Decides on which day a sale falls."),
        },
    )
    currency: Mapped[str] = currency_column(Text, default="EUR", server_default="EUR")
    phone: Mapped[str | None] = mapped_column(Text, info={"label": _l("Phone"), "format": "phone"})
    email: Mapped[str | None] = mapped_column(Text, info={"label": _l("Email"), "format": "email"})
    opening_hours: Mapped[dict[str, Any]] = mapped_column(
        JSONB,
        default=dict,
        server_default=text("'{}'"),
        info={
            "label": _l("Opening hours"),
            "help": _l("By day of the week, with exceptions by date."),
            "format": "hours",
        },
    )
    legal_name: Mapped[str | None] = mapped_column(
        Text,
        info={"label": _l("Legal name"), "help": _l("If the store is a legal entity of its own.")},
    )
    tax_number: Mapped[str | None] = mapped_column(Text, info={"label": _l("Tax number")})
    bank_account: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("Bank account (IBAN)")}
    )

    franchise: Mapped[Franchise | None] = relationship(
        back_populates="stores", foreign_keys=franchise_id
    )

    def __str__(self) -> str:
        return self.name
