"""What is done with certificates: issue, activate, spend in parts, give back.

All of it is entries on lots.
"""

import secrets
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.company.models import Company, Store
from app.kit.choices import move
from app.kit.database.locking import lock
from app.kit.database.model import linked_id
from app.kit.errors import Conflict, Invalid
from app.kit.events import emit
from app.kit.money import currency_code
from app.kit.money_text import amount_text
from app.kit.zones import business_date
from app.value.choices import CERTIFICATE_MOVES, CertificateStatus, EntryReason, LotKind
from app.value.models import Certificate, Lot, LotBalance, ValueEntry

# No 0 and O, 1 and I and L: a code is read out at the counter. 31^16 codes cannot be guessed.
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


def new_code() -> str:
    """Return a code like 7KQF-M2XC-9TPA-W3HD."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(16))
    return "-".join(letters[n : n + 4] for n in range(0, 16, 4))


def issue_certificate(
    session: Session, certificate: Certificate, *, by: int | None, at: datetime
) -> None:
    """Make a certificate with a code of its own; it holds nothing until it is activated."""
    certificate.code = (certificate.code or new_code()).strip().upper()
    certificate.currency = currency_code(certificate.currency)
    certificate.status = CertificateStatus.DRAFT
    with session.no_autoflush:
        certificate.valid_from = certificate.valid_from or _day(session, certificate, at)
    session.add(certificate)
    session.flush()
    emit(session, "certificate.issued", certificate_id=certificate.id)


def _day(session: Session, certificate: Certificate, at: datetime) -> date:
    """Return the day where the certificate is sold: in its store, else at the company's seat."""
    store_id = linked_id(certificate, "store")
    zone = select(Company.time_zone)
    if store_id is not None:
        zone = select(Store.time_zone).where(Store.id == store_id)
    return business_date(at, session.scalar(zone) or "UTC")


def activate_certificate(
    session: Session, certificate: Certificate, *, by: int | None, at: datetime
) -> None:
    """Load the certificate with its amount: one lot, one entry."""
    lock(session, certificate)
    move(certificate, CERTIFICATE_MOVES, CertificateStatus.ACTIVE)
    lot = Lot(
        kind=LotKind.CERTIFICATE,
        certificate_id=certificate.id,
        client_id=certificate.client_id,
        store_id=certificate.store_id,
        amount=certificate.amount,
        currency=certificate.currency,
        valid_from=certificate.valid_from,
        valid_until=certificate.valid_until,
    )
    session.add(lot)
    session.flush()
    session.add(
        ValueEntry(
            lot_id=lot.id,
            certificate_id=certificate.id,
            store_id=certificate.store_id,
            reason=EntryReason.EARNED,
            amount=certificate.amount,
            at=at,
        )
    )
    session.flush()
    emit(session, "certificate.activated", certificate_id=certificate.id)


def block_certificate(
    session: Session, certificate: Certificate, *, by: int | None, at: datetime
) -> None:
    """Refuse the certificate from now on; its balance stays."""
    move(certificate, CERTIFICATE_MOVES, CertificateStatus.BLOCKED)
    session.flush()


def unblock_certificate(
    session: Session, certificate: Certificate, *, by: int | None, at: datetime
) -> None:
    """Take the certificate again."""
    if certificate.status is not CertificateStatus.BLOCKED:
        raise Conflict(_l("Only a blocked certificate can be unblocked."))
    move(certificate, CERTIFICATE_MOVES, CertificateStatus.ACTIVE)
    session.flush()


def redeem(
    session: Session,
    certificate: Certificate,
    amount: Decimal,
    *,
    ref: tuple[str, int],
    store_id: int | None,
    day: date,
    by: int | None,
    at: datetime,
) -> list[ValueEntry]:
    """Spend from the certificate's lots, the oldest first. Raises Conflict when it holds less."""
    lock(session, certificate)
    _refuse_unusable(certificate, amount, day)
    entries, missing = [], amount
    for lot_id, remaining in _lots(session, certificate):
        part = min(remaining, missing)
        if part > 0:
            entries.append(_entry(certificate, lot_id, EntryReason.SPENT, -part, ref, store_id, at))
            missing -= part
    if missing > 0:
        raise Conflict(
            _l(
                "Only %(left)s is left on this certificate.",
                left=amount_text(amount - missing, certificate.currency),
            ),
            field="amount",
        )
    session.add_all(entries)
    session.flush()
    emit(session, "certificate.redeemed", certificate_id=certificate.id, amount=amount)
    return entries


def _refuse_unusable(certificate: Certificate, amount: Decimal, day: date) -> None:
    if amount <= 0:
        raise Invalid(_l("The amount must be more than zero."), field="amount")
    if certificate.status is not CertificateStatus.ACTIVE:
        raise Conflict(_l("This certificate is not active."), field="certificate")
    if certificate.valid_from and day < certificate.valid_from:
        raise Conflict(_l("This certificate is not valid yet."), field="certificate")
    if certificate.valid_until and day > certificate.valid_until:
        raise Conflict(_l("This certificate has expired."), field="certificate")


def _lots(session: Session, certificate: Certificate) -> Sequence[Any]:
    return session.execute(
        select(LotBalance.lot_id, LotBalance.remaining)
        .join(Lot, Lot.id == LotBalance.lot_id)
        .where(Lot.certificate_id == certificate.id)
        .order_by(Lot.id)
    ).all()


def _entry(  # noqa: PLR0917 -- one row of a ledger has as many facts
    certificate: Certificate,
    lot_id: int,
    reason: EntryReason,
    amount: Decimal,
    ref: tuple[str, int],
    store_id: int | None,
    at: datetime,
    reverses_id: int | None = None,
) -> ValueEntry:
    return ValueEntry(
        lot_id=lot_id,
        certificate_id=certificate.id,
        store_id=store_id,
        reason=reason,
        amount=amount,
        ref_kind=ref[0],
        ref_id=ref[1],
        reverses_id=reverses_id,
        at=at,
    )


def give_back(
    session: Session,
    certificate: Certificate,
    amount: Decimal,
    *,
    ref: tuple[str, int],
    store_id: int | None,
    by: int | None,
    at: datetime,
) -> list[ValueEntry]:
    """Return to the very lots what `ref` spent from them, the newest first.

    Raises Conflict for more than that.
    """
    if amount <= 0:
        raise Invalid(_l("The amount must be more than zero."), field="amount")
    lock(session, certificate)
    entries, missing = [], amount
    for entry_id, lot_id, spent in _open_spendings(session, certificate, ref):
        part = min(spent, missing)
        if part > 0:
            entries.append(
                _entry(
                    certificate, lot_id, EntryReason.GIVEN_BACK, part, ref, store_id, at, entry_id
                )
            )
            missing -= part
    if missing > 0:
        raise Conflict(_l("More cannot be given back than was spent here."), field="amount")
    session.add_all(entries)
    session.flush()
    return entries


def _open_spendings(
    session: Session, certificate: Certificate, ref: tuple[str, int]
) -> list[tuple[int, int, Decimal]]:
    """Return what `ref` spent and did not get back yet: (entry, lot, amount)."""
    mine = select(
        ValueEntry.id, ValueEntry.lot_id, ValueEntry.amount, ValueEntry.reverses_id
    ).where(
        ValueEntry.certificate_id == certificate.id,
        ValueEntry.ref_kind == ref[0],
        ValueEntry.ref_id == ref[1],
    )
    rows = session.execute(mine.order_by(ValueEntry.id.desc())).all()
    returned: dict[int, Decimal] = {}
    for row in rows:
        if row.reverses_id is not None:
            returned[row.reverses_id] = returned.get(row.reverses_id, Decimal(0)) + row.amount
    return [
        (row.id, row.lot_id, -row.amount - returned.get(row.id, Decimal(0)))
        for row in rows
        if row.reverses_id is None and row.amount < 0
    ]
