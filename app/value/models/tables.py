"""Tables of the value ledger.

Certificates, the lots that value came in, and every entry on them.
"""

from datetime import date, datetime
from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.clients.models import Client
from app.company.models import Store
from app.kit.choices import choice
from app.kit.database.install.immutability import Fixed
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
from app.kit.database.source import Source, source_args
from app.kit.database.stamp import Role
from app.kit.money import currency_column, money
from app.value.choices import CERTIFICATE_MOVES, CertificateStatus, EntryReason, LotKind
from app.value.models import triggers  # noqa: F401 -- registers the triggers of these tables

_READ_ONLY = {Role.APP: "select", Role.STORE: "select"}


class Certificate(Business, Source, Model):
    """A card with a balance. The balance is the sum of its entries and stands in its own table."""

    __tablename__ = "certificate"
    __table_args__ = (
        *source_args("certificate"),
        UniqueConstraint("company_id", "code"),
        CheckConstraint("code ~ '^[A-Z0-9-]{6,40}$'", name="code"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("valid_until is null or valid_until >= valid_from", name="validity"),
        *sort_indexes("amount", "status", "valid_until", "created_at", "changed_at"),
        trigram_index("code_search"),
        {
            "info": {
                "label": _l("Certificate"),
                # Sold in one store, good in all: every store must be able to look one up.
                "store_bound": False,
                "search": (Look("certificate", "id", "code_search"),),
                "transitions": {"status": CERTIFICATE_MOVES},
                "fixed": (Fixed(("code", "amount", "currency"), "old.status <> 'draft'"),),
                "kept": "old.status <> 'draft'",
            }
        },
    )

    code: Mapped[str] = mapped_column(
        Text, info={"label": _l("Code"), "help": _l("Made by the system; it cannot be guessed.")}
    )
    code_search: Mapped[str] = fold_of("code")
    status: Mapped[CertificateStatus] = choice(
        CertificateStatus,
        default=CertificateStatus.DRAFT,
        server_default=CertificateStatus.DRAFT.value,
        info={"label": _l("Status")},
    )
    amount: Mapped[Decimal] = money(
        info={"label": _l("Amount"), "currency": "currency", "guard": "money"}
    )
    currency: Mapped[str] = currency_column()
    client_id: Mapped[int | None] = link(
        "client",
        info={"label": _l("Client"), "help": _l("Who holds it, if known."), "living": True},
    )
    client: Mapped[Client | None] = relationship(foreign_keys=client_id)
    store_id: Mapped[int | None] = link("store", info={"label": _l("Sold in")})
    store: Mapped[Store | None] = relationship(foreign_keys=store_id)
    valid_from: Mapped[date | None] = mapped_column(info={"label": _l("Valid from")})
    valid_until: Mapped[date | None] = mapped_column(info={"label": _l("Valid until")})
    note: Mapped[str | None] = note_column()
    balance: Mapped["CertificateBalance | None"] = relationship(
        foreign_keys="CertificateBalance.certificate_id",
        viewonly=True,
        uselist=False,
        info={"always": True},
    )

    def __str__(self) -> str:
        return self.code


class CertificateBalance(Told, Figures, Model):
    """What is left on a certificate; only a trigger on the ledger writes it."""

    __tablename__ = "certificate_balance"
    __table_args__ = (
        UniqueConstraint("company_id", "certificate_id"),
        CheckConstraint("balance >= 0", name="balance"),
        *sort_indexes("balance", "changed_at"),
        {
            "info": {
                "label": _l("Balance"),
                "audit": False,
                "kept": "true",
                "grants": _READ_ONLY,
                "follows": "certificate_id",
            }
        },
    )

    certificate_id: Mapped[int] = link(
        "certificate", index=False, info={"label": _l("Certificate")}
    )
    certificate: Mapped[Certificate] = relationship(foreign_keys=certificate_id, viewonly=True)
    balance: Mapped[Decimal] = money(info={"label": _l("Balance"), "guard": "money"})


class Lot(Ledger, Model):
    """What one earning opened: how much, from which store, good from when until when."""

    __tablename__ = "lot"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("num_nonnulls(certificate_id, client_id) >= 1", name="owner"),
        CheckConstraint(
            "(kind = 'certificate') = (certificate_id is not null)", name="certificate_lot"
        ),
        {
            "info": {
                "label": _l("Lot"),
                "append_only": True,
                "books": True,
                "store_bound": False,
            }
        },
    )

    kind: Mapped[LotKind] = choice(LotKind, info={"label": _l("Kind")})
    certificate_id: Mapped[int | None] = link("certificate", info={"label": _l("Certificate")})
    certificate: Mapped[Certificate | None] = relationship(foreign_keys=certificate_id)
    client_id: Mapped[int | None] = link("client", info={"label": _l("Client")})
    client: Mapped[Client | None] = relationship(foreign_keys=client_id)
    store_id: Mapped[int | None] = link(
        "store",
        info={"label": _l("Store of origin"), "help": _l("It owes what other stores give for it.")},
    )
    store: Mapped[Store | None] = relationship(foreign_keys=store_id)
    amount: Mapped[Decimal] = money(
        info={"label": _l("Amount"), "currency": "currency", "guard": "money"}
    )
    currency: Mapped[str] = currency_column()
    valid_from: Mapped[date | None] = mapped_column(info={"label": _l("Valid from")})
    valid_until: Mapped[date | None] = mapped_column(info={"label": _l("Valid until")})


class LotBalance(Figures, Model):
    """What is left of a lot; only a trigger on the ledger writes it."""

    __tablename__ = "lot_balance"
    __table_args__ = (
        UniqueConstraint("company_id", "lot_id"),
        CheckConstraint("remaining >= 0", name="remaining"),
        {
            "info": {
                "label": _l("Lot balance"),
                "audit": False,
                "kept": "true",
                "grants": _READ_ONLY,
                "follows": "lot_id",
            }
        },
    )

    lot_id: Mapped[int] = link("lot", index=False, info={"label": _l("Lot")})
    lot: Mapped[Lot] = relationship(foreign_keys=lot_id, viewonly=True)
    remaining: Mapped[Decimal] = money(info={"label": _l("Remaining"), "guard": "money"})


class ValueEntry(Ledger, Model):
    """One line of the value ledger.

    So much came to or left one lot, in one store, for one reason.
    """

    __tablename__ = "value_entry"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint(
            "case reason when 'earned' then amount > 0 when 'given_back' then amount > 0"
            " when 'corrected' then true else amount < 0 end",
            name="sign",
        ),
        *sort_indexes("at"),
        Index(None, "company_id", "certificate_id", "at"),
        Index(None, "company_id", "ref_kind", "ref_id"),
        {
            "info": {
                "label": _l("Value entry"),
                "append_only": True,
                "books": True,
                "store_bound": False,
                "follows": "lot_id",
                "currency_of": "lot",
            }
        },
    )

    lot_id: Mapped[int] = link("lot", info={"label": _l("Lot")})
    lot: Mapped[Lot] = relationship(foreign_keys=lot_id)
    certificate_id: Mapped[int | None] = link(
        "certificate", index=False, info={"label": _l("Certificate")}
    )
    certificate: Mapped[Certificate | None] = relationship(foreign_keys=certificate_id)
    store_id: Mapped[int | None] = link("store", info={"label": _l("Store")})
    store: Mapped[Store | None] = relationship(foreign_keys=store_id)
    reason: Mapped[EntryReason] = choice(EntryReason, info={"label": _l("Reason")})
    amount: Mapped[Decimal] = money(info={"label": _l("Amount"), "guard": "money"})
    # What an entry gives or takes back: the entry that spent or earned it.
    reverses_id: Mapped[int | None] = link("value_entry", info={"label": _l("Reverses")})
    ref_kind: Mapped[str | None] = mapped_column(Text)
    ref_id: Mapped[int | None] = mapped_column(BigInteger)
    note: Mapped[str | None] = note_column()
    at: Mapped[datetime] = moment_column()
