"""Which addresses may be reached, and a connection to the very address that was checked."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Collection, Iterable
from typing import Any

from flask_babel import lazy_gettext as _l

from app.kit.errors import Invalid

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_allowed: list[Network] = []
# This prefix of translators hides an IPv4 address inside an IPv6 one that looks public.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# All that is given out of IPv6; what lies outside is reserved, old or inside (fec0::/10).
_GIVEN_OUT = ipaddress.IPv6Network("2000::/3")
# Special purposes that `is_global` of some versions of Python takes for public.
_SPECIAL = tuple(
    ipaddress.ip_network(one) for one in ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")
)


class AddressRefused(Invalid):
    """The target lies inside a network that companies have no business with."""

    default_message = _l("This address is not on the public internet.")


class HostUnknown(Invalid):
    default_message = _l("This address does not exist.")


def allow_networks(networks: Iterable[str]) -> None:
    """Set which non-public networks may be reached (127.0.0.0/8, 10.1.0.0/16)."""
    _allowed[:] = [ipaddress.ip_network(network.strip()) for network in networks]


def is_allowed(address: str) -> bool:
    """Whether a connection to this IP address is fine."""
    found = _plain(ipaddress.ip_address(address.partition("%")[0]))
    if any(found in network for network in _allowed):
        return True
    return _is_public(found)


def _is_public(found: Address) -> bool:
    if not found.is_global or found.is_multicast or found.is_reserved:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found not in _GIVEN_OUT:
        return False
    return not any(found in network for network in _SPECIAL)


def _plain(address: Address) -> Address:
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or address


def resolve(host: str, port: int, trusted: Collection[str] = ()) -> list[str]:
    """Return the addresses of `host` that may be connected to: all of them where it is `trusted`.

    Raises HostUnknown or AddressRefused.
    """
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise HostUnknown from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    # One private answer among public ones is an attempt, not an accident.
    if host not in trusted and not all(is_allowed(address) for address in addresses):
        raise AddressRefused
    return addresses


def check_host(host: str, port: int) -> None:
    """Refuse a host that lies inside. Raises AddressRefused; for forms, before anything is saved.

    One that has no address now is let through: names may be away for a minute, and whoever connects
    checks again.
    """
    with contextlib.suppress(HostUnknown):
        resolve(host, port)


def connect(
    host: str,
    port: int,
    timeout: float | None = None,
    *,
    trusted: Collection[str] = (),
    **options: Any,
) -> socket.socket:
    """Return a TCP connection to an allowed address of `host`.

    Raises HostUnknown, AddressRefused or OSError.
    """
    from urllib3.util.connection import create_connection  # noqa: PLC0415 -- slow to load

    last: OSError | None = None
    for address in resolve(host, port, trusted):
        try:
            return create_connection((address, port), timeout, **options)
        except OSError as error:
            last = error
    raise last or OSError(f"{host} has no address.")
