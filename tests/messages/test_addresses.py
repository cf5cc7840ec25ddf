"""Addresses, their hashes, and the public names of recipients."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from app.kit.errors import Invalid
from app.kit.signing import LinkBroken, use_keys
from app.messages.engine.addresses import address_hash, mail_path, normalise
from app.messages.engine.references import Reference, read_reference, sign_reference


def test_one_hash_for_all_spellings() -> None:
    assert normalise("email", " Ann@Example.COM ") == "ann@example.com"
    assert normalise("phone", "+44 7700 900-001") == normalise("phone", "whatsapp:+447700900001")
    expected = hashlib.sha256(b"email:ann@example.com").digest()
    assert address_hash("email", normalise("email", "ANN@example.com")) == expected
    with pytest.raises(Invalid):
        normalise("email", "nobody")


def test_a_domain_in_letters_is_sent_in_ascii() -> None:
    assert mail_path("ann@münchen.de") == "ann@xn--mnchen-3ya.de"
    assert mail_path("ann@example.com") == "ann@example.com"
    assert mail_path("größe@münchen.de") == "größe@münchen.de"


@pytest.fixture
def keys() -> Iterator[None]:
    use_keys(["k" * 40])
    return


@pytest.mark.usefixtures("keys")
def test_a_reference_survives_and_fits_its_purpose_only() -> None:
    reference = Reference(3, 2**31, 2**32 - 1)
    token = sign_reference("unsubscribe", reference)
    assert read_reference("unsubscribe", token) == reference
    for purpose, text in (("callback", token), ("unsubscribe", token[:-1]), ("unsubscribe", "ї")):
        with pytest.raises(LinkBroken):
            read_reference(purpose, text)
