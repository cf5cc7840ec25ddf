"""What the value ledger gives to the rest: screens, tabs, invariants, demo data."""

from functools import partial
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select

from app.kit.database.balances import off_balance
from app.kit.database.invariants import offending
from app.kit.registry import DemoData, Invariant, demo_data, invariants
from app.kit.screens import Related, add_tab
from app.kit.screens.dberrors import say
from app.value import screens
from app.value.demo import load_certificates
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

_EARNED = """
select l.id, l.amount, coalesce(e.earned, 0) earned
from lot l left join (
  select lot_id, sum(amount) earned from value_entry where reason = 'earned' group by 1
) e on e.lot_id = l.id
where l.amount <> coalesce(e.earned, 0)"""

# Nothing in the house takes value back, lets it expire or corrects it.
_REASONS = """
select id, reason, amount from value_entry where reason not in ('earned', 'spent', 'given_back')"""


INVARIANTS = (
    Invariant(
        "value.certificates",
        _l("A certificate's balance is the sum of its entries."),
        certificates_that_disagree,
    ),
    Invariant(
        "value.lots", _l("What is left of a lot is the sum of its entries."), lots_that_disagree
    ),
    Invariant(
        "value.entries",
        _l("An entry counts on the certificate of its lot."),
        entries_off_their_lot,
    ),
    Invariant(
        "value.worth",
        _l("What a certificate is worth is what came in with it."),
        partial(offending, _WORTH, "id", "code", "amount", "lot"),
    ),
    Invariant(
        "value.earned",
        _l("A lot holds what was loaded with it."),
        partial(offending, _EARNED, "id", "amount", "earned"),
    ),
    Invariant(
        "value.reasons",
        _l("Value is loaded, spent or given back: nothing else changes what is left."),
        partial(offending, _REASONS, "id", "reason", "amount"),
    ),
)


def extend(builder: Any) -> None:
    """Register everything; called once per application."""
    builder.add_all(screens.ALL)
    add_tab("Client", Related("Certificate", by="client"))
    invariants.register(*INVARIANTS)
    demo_data.register(DemoData("certificates", load_certificates, order=30))
    say("ck_certificate_validity", _l("It cannot end before it begins."), "valid_until")
    say("ck_value_entry_sign", _l("The sign of the amount does not fit its reason."), "amount")
    say("ck_lot_balance_remaining", _l("There is not enough left."))
    say("ck_certificate_balance_balance", _l("There is not enough left on this certificate."))
