"""What must hold of certificates, their lots and entries."""

from typing import Any

from sqlalchemy import Select, select

from app.kit.database.balances import off_balance
from app.kit.database.invariants import offending
from app.value.models import CertificateBalance, Lot, LotBalance, ValueEntry


def certificates_that_disagree() -> Select[Any]:
    """Certificates whose balance is not the sum of their entries."""
    return off_balance(
        CertificateBalance.balance,
        CertificateBalance.certificate_id,
        entry=ValueEntry.amount,
        of=ValueEntry.certificate_id,
    )


def lots_that_disagree() -> Select[Any]:
    """Lots whose rest is not the sum of their entries."""
    return off_balance(
        LotBalance.remaining, LotBalance.lot_id, entry=ValueEntry.amount, of=ValueEntry.lot_id
    )


def entries_off_their_lot() -> Select[Any]:
    """Entries that count on another certificate than their lot's."""
    columns: list[Any] = [
        ValueEntry.id,
        ValueEntry.certificate_id,
        Lot.certificate_id.label("wanted"),
    ]
    return (
        select(*columns)
        .join(Lot, Lot.id == ValueEntry.lot_id)
        .where(ValueEntry.certificate_id.is_distinct_from(Lot.certificate_id))
    )


# What a certificate is worth came in as its first lot, and a lot holds what was earned with it.
_WORTH = """
select c.id, c.code, c.amount, l.amount lot
from certificate c left join (
  select certificate_id, sum(amount) amount, min(currency) currency, count(distinct currency) many
  from lot where certificate_id is not null group by 1) l on l.certificate_id = c.id
where case when c.status = 'draft' or c.status = 'closed' and l.amount is null
  then l.amount is not null
  else l.amount is distinct from c.amount or l.currency <> c.currency or l.many > 1 end"""


def certificates_off_their_worth() -> Select[Any]:
    """Certificates whose worth is not what came in with them."""
    return offending(_WORTH, "id", "code", "amount", "lot")


_EARNED = """
select l.id, l.amount, coalesce(e.earned, 0) earned
from lot l left join (
  select lot_id, sum(amount) earned from value_entry where reason = 'earned' group by 1
) e on e.lot_id = l.id
where l.amount <> coalesce(e.earned, 0)"""


def lots_off_what_was_loaded() -> Select[Any]:
    """Lots that do not hold what was loaded with them."""
    return offending(_EARNED, "id", "amount", "earned")


# Nothing in the house takes value back, lets it expire or corrects it.
_REASONS = """
select id, reason, amount from value_entry where reason not in ('earned', 'spent', 'given_back')"""


def changed_otherwise() -> Select[Any]:
    """Entries that neither load, spend nor give back."""
    return offending(_REASONS, "id", "reason", "amount")
