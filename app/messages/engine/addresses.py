"""The hash by which a suppression outlives the data of a client, and addresses for the network."""

import hashlib
from typing import Literal

from app.kit.email_address import ascii_email, normalise_email
from app.kit.phone import normalise_phone

Kind = Literal["email", "phone"]


def normalise(kind: Kind, address: str) -> str:
    """Return the one spelling of an address. Raises Invalid."""
    if kind == "email":
        return normalise_email(address)
    return normalise_phone(address.removeprefix("whatsapp:"))


def address_hash(kind: Kind, normalised: str) -> bytes:
    """Return 32 bytes; in SQL sha256(convert_to('email:' || address, 'UTF8'))."""
    return hashlib.sha256(f"{kind}:{normalised}".encode()).digest()


def mail_path(normalised: str) -> str:
    """Return a normalised email for SMTP, its domain in ASCII; letters before the @ stay."""
    # The library checks everything again (70 µs); almost all addresses need nothing.
    if normalised.isascii():
        return normalised
    local, _, domain = normalised.rpartition("@")
    return ascii_email(normalised) if local.isascii() else f"{local}@{domain}"
