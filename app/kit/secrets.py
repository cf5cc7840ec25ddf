"""Secrets of companies, encrypted at rest with keys from the configuration.

AES-256-GCM. A sealed value names its key, so that a new key can be put in front while the old one
still opens what it closed; `reseal` moves a value over. It is bound to its context (company and
name): copied to another company's row it does not open.
"""

import base64
import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = "1"
_NONCE_BYTES = 12


class CannotOpen(Exception):
    """A sealed value that none of the keys opens: a lost key, another context, or damage."""


class Vault:
    """Seals with the first key, opens with any of them."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys or not all(keys):
            raise ValueError("A vault needs at least one key.")
        self._ciphers = {}
        for key in keys:
            # The key is a long random text, so one hash is enough to make it 256 bits.
            raw = hashlib.sha256(b"tresen vault " + key.encode()).digest()
            self._ciphers[hashlib.sha256(raw).hexdigest()[:8]] = AESGCM(raw)
        self._first = next(iter(self._ciphers))

    def seal(self, secret: str, context: str) -> str:
        """Encrypt `secret` so that it opens under the same context only."""
        nonce = os.urandom(_NONCE_BYTES)
        closed = self._ciphers[self._first].encrypt(nonce, secret.encode(), context.encode())
        return f"{_VERSION}.{self._first}.{base64.urlsafe_b64encode(nonce + closed).decode()}"

    def open(self, sealed: str, context: str) -> str:
        """Decrypt. Raises CannotOpen."""
        try:
            version, key, body = sealed.split(".")
            raw = base64.urlsafe_b64decode(body)
            if version != _VERSION:
                raise CannotOpen(f"Unknown form {version} of a sealed value.")
            cipher = self._ciphers[key]
            opened = cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context.encode())
        except (ValueError, KeyError, InvalidTag) as error:
            raise CannotOpen("No key opens this value.") from error
        return opened.decode()

    def is_current(self, sealed: str) -> bool:
        """Whether the first key closed it, so that older keys may go."""
        return sealed.startswith(f"{_VERSION}.{self._first}.")

    def reseal(self, sealed: str, context: str) -> str:
        """Return the same secret under the first key."""
        return self.seal(self.open(sealed, context), context)


def hint(secret: str) -> str:
    """Return the last four characters of a secret, which may be shown; none of a short one."""
    return secret[-4:] if len(secret) >= 12 else ""


_vault: Vault | None = None


def use_keys(keys: Sequence[str]) -> None:
    """Set the keys of this process, newest first."""
    global _vault  # noqa: PLW0603 -- one vault a process; set once when the process starts
    _vault = Vault(keys)


def vault() -> Vault:
    """Return the vault of this process. Raises RuntimeError before `use_keys`."""
    if _vault is None:
        raise RuntimeError("No keys yet: call create_app() or use_keys() first.")
    return _vault
