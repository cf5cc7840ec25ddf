"""What the value ledger gives to the rest: screens, tabs, invariants, demo data."""

from typing import Any

from flask_babel import lazy_gettext as _l

from app.kit.registry import DemoData, Invariant, demo_data, invariants
from app.kit.screens import Related, add_tab
from app.kit.screens.dberrors import say
from app.value import queries, screens
from app.value.demo import load_certificates

INVARIANTS = (
    Invariant(
        "value.certificates",
        _l("A certificate's balance is the sum of its entries."),
        queries.certificates_that_disagree,
    ),
    Invariant(
        "value.lots",
        _l("What is left of a lot is the sum of its entries."),
        queries.lots_that_disagree,
    ),
    Invariant(
        "value.entries",
        _l("An entry counts on the certificate of its lot."),
        queries.entries_off_their_lot,
    ),
    Invariant(
        "value.worth",
        _l("What a certificate is worth is what came in with it."),
        queries.certificates_off_their_worth,
    ),
    Invariant(
        "value.earned",
        _l("A lot holds what was loaded with it."),
        queries.lots_off_what_was_loaded,
    ),
    Invariant(
        "value.reasons",
        _l("Value is loaded, spent or given back: nothing else changes what is left."),
        queries.changed_otherwise,
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
