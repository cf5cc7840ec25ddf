"""The tables of the value ledger."""

from app.value.models.tables import Certificate, CertificateBalance, Lot, LotBalance, ValueEntry

__all__ = [
    "Certificate",
    "CertificateBalance",
    "Lot",
    "LotBalance",
    "ValueEntry",
]
