"""Tables of clients."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.clients.choices import (
    Channel,
    ClientKind,
    ClientSource,
    ConsentAction,
    ConsentSource,
    ContactChannel,
    Purpose,
    Stage,
)
from app.clients.models import triggers  # noqa: F401 -- registers the triggers of the tables below
from app.clients.models.assignment import IS_MINE, IS_OURS, SIGHT, STORES_SUMS
from app.company.models import Employee, Store
from app.kit.choices import choice
from app.kit.codes import country_column
from app.kit.database.install.rules import COMPANY_IS, STORES
from app.kit.database.install.search import Look
from app.kit.database.model import (
    Business,
    Figures,
    Ledger,
    Model,
    Told,
    fold_of,
    link,
    moment_column,
    note_column,
    sort_indexes,
    trigram_index,
)
from app.kit.database.source import source_args, source_key, source_name
from app.kit.database.stamp import Role
from app.kit.money import MoneyType, money

_READ_ONLY = {Role.APP: "select", Role.STORE: "select"}


class Client(Business, Model):
    """A person or legal entity that buys or may buy."""

    __tablename__ = "client"
    __table_args__ = (
        UniqueConstraint("company_id", "number"),
        *source_args("client", "source_system"),
        CheckConstraint("name <> ''", name="name_given"),
        # A day more than here: somewhere it is tomorrow already.
        CheckConstraint("birthday <= current_date + 1", name="birthday"),
        *sort_indexes(
            "name_fold",
            "number_sort",
            "registered_at",
            "created_at",
            "country",
            "region_fold",
            "stage",
            "source",
            "kind",
            "birthday",
            "city_fold",
            "changed_at",
        ),
        trigram_index("name_fold"),
        trigram_index("number"),
        {
            "info": {
                "label": _l("Client"),
                # A client is one row for all stores of the company; which of them see it is a
                # setting of the company, and which of their people a right.
                "store_bound": False,
                "visibility": SIGHT,
                "policy": {Role.STORE_CLIENTS: IS_OURS, Role.OWN_CLIENTS: IS_MINE},
                "search": (
                    Look("client", "id", "name_fold"),
                    Look("client", "id", "number"),
                    Look("contact_point", "client_id", "search_key"),
                ),
            }
        },
    )

    number: Mapped[str | None] = mapped_column(
        Text,
        info={
            "label": _l("Number"),
            "sort_by": "number_sort",
            "help": _l("Your own client number."),
        },
    )
    # So that 9 stands before 10: digits are padded, anything else is itself.
    number_sort: Mapped[str | None] = mapped_column(
        Text,
        Computed(
            "case when number ~ '^[0-9]{1,18}$' then lpad(number, 18, '0') else number end",
            persisted=True,
        ),
    )
    kind: Mapped[ClientKind] = choice(
        ClientKind,
        default=ClientKind.PERSON,
        server_default=ClientKind.PERSON.value,
        info={"label": _l("Kind")},
    )
    name: Mapped[str] = mapped_column(
        Text,
        info={
            "label": _lp("of somebody", "Name"),
            "sort_by": "name_fold",
            "help": _l("As it stands on lists and documents."),
        },
    )
    name_fold: Mapped[str] = fold_of("name")
    salutation: Mapped[str | None] = mapped_column(
        Text,
        info={"label": _l("Salutation"), "help": _l("How letters begin, like “Dear Ms Weber”.")},
    )
    first_name: Mapped[str | None] = mapped_column(Text, info={"label": _l("First name")})
    last_name: Mapped[str | None] = mapped_column(Text, info={"label": _l("Last name")})
    tax_number: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("Tax number"), "help": _l("Of a legal entity.")}
    )
    country: Mapped[str | None] = country_column()
    region: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("Region"), "sort_by": "region_fold"}
    )
    region_fold: Mapped[str | None] = fold_of("region")
    city: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("City"), "sort_by": "city_fold"}
    )
    city_fold: Mapped[str | None] = fold_of("city")
    postcode: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("Postcode"), "guard": "contacts"}
    )
    address: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("Address"), "guard": "contacts"}
    )
    locale: Mapped[str | None] = mapped_column(
        Text,
        info={
            "label": _l("Language"),
            "format": "language",
            "help": _l("In which the client is written to."),
        },
    )
    time_zone: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("Time zone"), "format": "zone"}
    )
    birthday: Mapped[date | None] = mapped_column(info={"label": _l("Birthday")})
    source: Mapped[ClientSource] = choice(
        ClientSource,
        default=ClientSource.MANUAL,
        server_default=ClientSource.MANUAL.value,
        info={"label": _l("Source"), "help": _l("How the client came to be known.")},
    )
    # `source` is how they came to be known, so the other program has another name here.
    source_system: Mapped[str | None] = source_name()
    source_key: Mapped[str | None] = source_key()
    registered_at: Mapped[datetime] = moment_column(_l("Registered"))
    preferred_channel: Mapped[Channel | None] = choice(
        Channel, info={"label": _l("Preferred channel")}
    )
    stage: Mapped[Stage] = choice(
        Stage, default=Stage.LEAD, server_default=Stage.LEAD.value, info={"label": _l("Stage")}
    )
    store_id: Mapped[int | None] = link("store", info={"label": _l("Home store")})
    store: Mapped[Store | None] = relationship(foreign_keys=store_id)
    employee_id: Mapped[int | None] = link(
        "employee",
        info={"label": _l("Looked after by"), "help": _l("Who looks after the client.")},
    )
    employee: Mapped[Employee | None] = relationship(foreign_keys=employee_id)
    note: Mapped[str | None] = note_column()
    made_up: Mapped[bool] = mapped_column(
        default=False,
        server_default=text("false"),
        info={"label": _l("Made up"), "help": _l("Demo data: no real person.")},
    )
    custom: Mapped[dict[str, Any]] = mapped_column(
        JSONB,
        default=dict,
        server_default=text("'{}'"),
        info={"label": _l("Your own fields"), "format": "pairs"},
    )

    contact_points: Mapped[list["ContactPoint"]] = relationship(
        foreign_keys="ContactPoint.client_id", back_populates="client", lazy="raise"
    )
    figures: Mapped["ClientFigures | None"] = relationship(
        foreign_keys="ClientFigures.client_id",
        viewonly=True,
        uselist=False,
        info={"always": True},
    )

    def __str__(self) -> str:
        return self.name


class ClientFigures(Told, Figures, Model):
    """What a client has bought so far, in the company's currency; a trigger makes the row.

    Who is bound to stores reads the sums of those under the same name, and never these.
    """

    __tablename__ = "client_figures"
    __table_args__ = (
        UniqueConstraint("company_id", "client_id"),
        CheckConstraint("orders_count >= 0 and returns_count >= 0", name="counts"),
        *sort_indexes("orders_count", "orders_sum", "average", "first_order_at", "last_order_at"),
        *sort_indexes("changed_at"),
        {
            "info": {
                "label": _l("Figures"),
                "audit": False,
                "grants": {Role.APP: "select, update", Role.STORE: ""},
                "bound_as": STORES_SUMS,
                "bound_by": ("client_store", "client_id"),
            }
        },
    )

    client_id: Mapped[int] = link("client", index=False, info={"label": _l("Client")})
    client: Mapped[Client] = relationship(foreign_keys=client_id, viewonly=True)
    orders_count: Mapped[int] = mapped_column(
        default=0, server_default=text("0"), info={"label": _l("Orders")}
    )
    orders_sum: Mapped[Decimal] = money(
        default=Decimal(0),
        server_default=text("0"),
        info={"label": _l("Orders summed"), "guard": "money"},
    )
    returns_count: Mapped[int] = mapped_column(
        default=0, server_default=text("0"), info={"label": _l("Returns")}
    )
    returns_sum: Mapped[Decimal] = money(
        default=Decimal(0),
        server_default=text("0"),
        info={"label": _l("Returned"), "guard": "money"},
    )
    # Rounded half away from zero like all money; by the database, so that it cannot lag behind.
    average: Mapped[Decimal | None] = mapped_column(
        MoneyType(),
        Computed(
            "case when orders_count > 0 then round(orders_sum::numeric / orders_count)::bigint end",
            persisted=True,
        ),
        info={"label": _l("Average order"), "guard": "money"},
    )
    first_order_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _l("First order")}
    )
    last_order_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _l("Last order")}
    )


class ContactPoint(Business, Model):
    """One way to reach a client.

    Families share phones, so a value may belong to several clients.
    """

    __tablename__ = "contact_point"
    __table_args__ = (
        # Twice the same, as phone and fax often are: one is valid, the other kept as written.
        Index(
            "uq_contact_point_of_client",
            "company_id",
            "client_id",
            "channel",
            "normalised",
            unique=True,
            postgresql_where=text("valid"),
        ),
        Index(
            "uq_contact_point_primary",
            "company_id",
            "client_id",
            "channel",
            unique=True,
            postgresql_where=text('"primary" and archived_at is null'),
        ),
        CheckConstraint("normalised <> ''", name="normalised_given"),
        CheckConstraint(
            "channel <> 'phone' or not valid or normalised ~ '^[+][1-9][0-9]{5,14}$'",
            name="phone_e164",
        ),
        CheckConstraint("channel <> 'email' or normalised = lower(normalised)", name="email_lower"),
        *sort_indexes("normalised", "created_at", "changed_at"),
        trigram_index("search_key"),
        {
            "info": {
                "label": _l("Contact point"),
                "title": "label",
                "line_of": "client_id",
                "search": (Look("contact_point", "id", "search_key"),),
            }
        },
    )

    client_id: Mapped[int] = link("client", info={"label": _l("Client")})
    client: Mapped[Client] = relationship(foreign_keys=client_id, back_populates="contact_points")
    channel: Mapped[ContactChannel] = choice(ContactChannel, info={"label": _l("Channel")})
    value: Mapped[str] = mapped_column(
        Text,
        info={
            "label": _l("Value"),
            "guard": "contacts",
            "sort_by": "normalised",
            "phones": True,
            "help": _l("A phone number begins with the country code, like +49."),
        },
    )
    normalised: Mapped[str] = mapped_column(
        Text,
        info={
            "label": _l("Normalised"),
            "guard": "contacts",
            "computed": True,
            "made_of": "value",
        },
    )
    search_key: Mapped[str] = mapped_column(
        Text,
        Computed(
            "case when channel = 'phone' then regexp_replace(normalised, '[^0-9]', '', 'g')"
            " else fold(normalised) end",
            persisted=True,
        ),
        info={"guard": "contacts", "phones": True},
    )
    label: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("Label"), "help": _l("Like “work” or “mother”.")}
    )
    primary: Mapped[bool] = mapped_column(
        default=False,
        server_default=text("false"),
        info={"label": _l("Main one"), "help": _l("Written to first; one for each channel.")},
    )
    valid: Mapped[bool] = mapped_column(
        default=True,
        server_default=text("true"),
        info={
            "label": _l("Valid"),
            "help": _l("Off where it is no address, and once messages to it came back."),
        },
    )
    verified_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _l("Verified")}
    )

    def __str__(self) -> str:
        return self.value


class ConsentEvent(Ledger, Model):
    """What a client allowed or withdrew, when, to which words, and how we know. Never changed."""

    __tablename__ = "consent_event"
    __table_args__ = (
        CheckConstraint("wording <> ''", name="wording_given"),
        *sort_indexes("at"),
        Index(None, "company_id", "client_id", "at"),
        {"info": {"label": _l("Consent entry"), "append_only": True, "books": True}},
    )

    client_id: Mapped[int] = link("client", index=False, info={"label": _l("Client")})
    client: Mapped[Client] = relationship(foreign_keys=client_id)
    channel: Mapped[Channel] = choice(Channel, info={"label": _l("Channel")})
    purpose: Mapped[Purpose] = choice(Purpose, info={"label": _l("Purpose")})
    action: Mapped[ConsentAction] = choice(ConsentAction, info={"label": _l("Action")})
    wording: Mapped[str] = mapped_column(
        Text, info={"label": _l("Wording"), "help": _l("The words the client agreed to.")}
    )
    source: Mapped[ConsentSource] = choice(ConsentSource, info={"label": _l("Source")})
    evidence: Mapped[dict[str, Any]] = mapped_column(
        JSONB,
        default=dict,
        server_default=text("'{}'"),
        info={"label": _l("Evidence"), "format": "json"},
    )
    at: Mapped[datetime] = moment_column()


class ConsentCurrent(Told, Figures, Model):
    """What counts now for a client, channel and purpose; only a trigger on the ledger writes it."""

    __tablename__ = "consent_current"
    __table_args__ = (
        UniqueConstraint("company_id", "client_id", "channel", "purpose"),
        Index(None, "company_id", "channel", "purpose", "granted", "client_id"),
        *sort_indexes("changed_at"),
        {"info": {"label": _l("Consent"), "audit": False, "grants": _READ_ONLY}},
    )

    client_id: Mapped[int] = link("client", index=False, info={"label": _l("Client")})
    client: Mapped[Client] = relationship(foreign_keys=client_id, viewonly=True)
    channel: Mapped[Channel] = choice(Channel, info={"label": _l("Channel")})
    purpose: Mapped[Purpose] = choice(Purpose, info={"label": _l("Purpose")})
    granted: Mapped[bool] = mapped_column(info={"label": _l("Granted")})
    event_id: Mapped[int] = link("consent_event", index=False, info={"label": _l("Entry")})
    event: Mapped[ConsentEvent] = relationship(foreign_keys=event_id, viewonly=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), info={"label": _l("Since")})


class TimelineEntry(Ledger, Model):
    """One thing that happened with a client. Written by whoever acts; kinds are registered."""

    __tablename__ = "timeline_entry"
    __table_args__ = (
        CheckConstraint("kind <> ''", name="kind_given"),
        Index(None, "company_id", "client_id", "at", "id"),
        {
            "info": {
                "label": _l("Timeline entry"),
                "append_only": True,
                # What happened in no store is for all; what happened in one, for that store.
                "policy": {
                    Role.STORE: f"{COMPANY_IS} and (store_id is null or store_id = any ({STORES}))"
                },
            }
        },
    )

    client_id: Mapped[int] = link("client", index=False, info={"label": _l("Client")})
    client: Mapped[Client] = relationship(foreign_keys=client_id)
    store_id: Mapped[int | None] = link("store", index=False, info={"label": _l("Store")})
    store: Mapped[Store | None] = relationship(foreign_keys=store_id)
    kind: Mapped[str] = mapped_column(Text, info={"label": _l("Kind")})
    at: Mapped[datetime] = moment_column()
    # Points downward, where no key may point: an order, a message, a visit.
    ref_kind: Mapped[str | None] = mapped_column(Text)
    ref_id: Mapped[int | None] = mapped_column(BigInteger)
    data: Mapped[dict[str, Any]] = mapped_column(
        JSONB,
        default=dict,
        server_default=text("'{}'"),
        info={"label": _l("Details"), "format": "json"},
    )
