"""Choices of the value ledger."""

from flask_babel import lazy_gettext as _l

from app.kit.choices import Choice


class CertificateStatus(Choice):
    DRAFT = "draft", _l("Not yet active"), "grey"
    ACTIVE = "active", _l("Active"), "green"
    BLOCKED = "blocked", _l("Blocked"), "red"
    CLOSED = "closed", _l("Closed"), "grey"


CERTIFICATE_MOVES = {
    CertificateStatus.DRAFT: {CertificateStatus.ACTIVE, CertificateStatus.CLOSED},
    CertificateStatus.ACTIVE: {CertificateStatus.BLOCKED, CertificateStatus.CLOSED},
    CertificateStatus.BLOCKED: {CertificateStatus.ACTIVE, CertificateStatus.CLOSED},
}


class LotKind(Choice):
    CERTIFICATE = "certificate", _l("Certificate"), "orange"
    POINTS = "points", _l("Points"), "purple"
    CREDIT = "credit", _l("Store credit"), "blue"
    DEPOSIT = "deposit", _l("Deposit"), "cyan"


class EntryReason(Choice):
    """Why value came or went."""

    EARNED = "earned", _l("Loaded"), "green"
    SPENT = "spent", _l("Spent"), "blue"
    GIVEN_BACK = "given_back", _l("Given back"), "cyan"
    TAKEN_BACK = "taken_back", _l("Taken back"), "orange"
    EXPIRED = "expired", _l("Expired"), "grey"
    CORRECTED = "corrected", _l("Corrected"), "yellow"
