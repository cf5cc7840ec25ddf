"""Screens of certificates and their ledger: generated."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp

from app.catalogue.screens import own_currency
from app.kit.screens import RecordAction, Related, Screen
from app.kit.screens.areas import SALES
from app.kit.screens.documents import in_state
from app.value import operations
from app.value.choices import CertificateStatus
from app.value.models import Certificate, ValueEntry


class CertificateScreen(Screen):
    """Cards with a balance."""

    model = Certificate
    area = SALES
    icon = "gift-card"
    label, one = _l("Certificates"), _l("Certificate")
    help = _l("Cards with a balance that clients pay with, whole or in parts.")
    list_columns = ("code", "status", "amount", "balance.balance", "client", "valid_until")
    filters = ("status", "client", "store", "amount", "balance.balance", "valid_until", "code")
    order = ("id", "desc")
    search_hint = _l("Part of the code")
    sections = (
        (_l("Certificate"), ("code", "status", "amount", "currency", "balance.balance")),
        (_lp("heading", "Use"), ("client", "store", "valid_from", "valid_until", "note")),
    )
    read_only = ("code", "status")
    fixed = ("amount", "currency")
    defaults = {"currency": own_currency}
    path_of = "status"
    related = (Related("ValueEntry", by="certificate"),)
    archives = False
    on_add = operations.issue_certificate
    actions_on = {
        "activate": RecordAction(
            operations.activate_certificate,
            _l("Activate"),
            "check",
            confirm=_l("From now on it can be paid with."),
            done=_l("The certificate is active."),
            when=in_state(CertificateStatus.DRAFT),
            primary=True,
        ),
        "block": RecordAction(
            operations.block_certificate,
            _l("Block"),
            "lock",
            danger=True,
            confirm=_l("It can no longer be paid with; its balance stays."),
            when=in_state(CertificateStatus.ACTIVE),
        ),
        "unblock": RecordAction(
            operations.unblock_certificate,
            _l("Unblock"),
            "lock-open",
            when=in_state(CertificateStatus.BLOCKED),
        ),
    }
    api = True


class ValueEntryScreen(Screen):
    """The ledger of value."""

    model = ValueEntry
    area = SALES
    icon = "list-details"
    label, one = _l("Value ledger"), _l("Value entry")
    help = _l(
        "Everything that was loaded on certificates and spent from them. Nothing is changed here."
    )
    list_columns = ("at", "certificate", "reason", "amount", "store", "note")
    filters = ("at", "certificate", "store")
    order = ("at", "desc")
    sections = ((_l("Entry"), ("at", "certificate", "reason", "amount", "store", "note")),)
    adds = edits = archives = False
    api = True


ALL = [CertificateScreen, ValueEntryScreen]
