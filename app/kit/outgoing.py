"""Requests to addresses that a company typed in: they reach the public internet and nothing inside.

Each connection resolves the name once, refuses private, loopback, link-local and other special
addresses, and connects to the very address it checked. So a redirect, or a name that changes its
answer between check and use, is caught as well. Tests and installations with servers of their own
name what they allow.
"""

import ipaddress
import socket
from collections.abc import Iterable
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from flask_babel import lazy_gettext as _l
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.util.connection import create_connection

from app.kit.errors import Invalid

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_allowed: list[Network] = []
# This prefix of translators hides an IPv4 address inside an IPv6 one that looks public.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


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
    return found.is_global and not found.is_multicast and not found.is_reserved


def _plain(address: Address) -> Address:
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or address


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of `host` that may be connected to.

    Raises HostUnknown or AddressRefused.
    """
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise HostUnknown from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    # One private answer among public ones is an attempt, not an accident.
    if not all(is_allowed(address) for address in addresses):
        raise AddressRefused
    return addresses


def check_url(url: str) -> str:
    """Return the URL, when it is http(s) to an allowed host.

    Raises Invalid; for forms, before anything is saved.
    """
    parts = urlsplit(url.strip())
    try:
        port = parts.port
    except ValueError as error:
        raise Invalid(_l("“%(url)s” is not a web address.", url=url)) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Invalid(_l("“%(url)s” is not a web address.", url=url))
    if parts.username or parts.password:
        raise Invalid(_l("Leave name and password out of the address."))
    resolve(parts.hostname, port or (443 if parts.scheme == "https" else 80))
    return url.strip()


def connect(host: str, port: int, timeout: float | None = None, **options: Any) -> socket.socket:
    """Return a TCP connection to an allowed address of `host`.

    Raises HostUnknown, AddressRefused or OSError.
    """
    last: OSError | None = None
    for address in resolve(host, port):
        try:
            return create_connection((address, port), timeout, **options)
        except OSError as error:
            last = error
    raise last or OSError(f"{host} has no address.")


class _Guarded:
    """Connects to the checked address; the name stays for TLS and the Host header."""

    def _new_conn(self) -> socket.socket:
        me = cast("HTTPConnection", self)
        try:
            return connect(
                me._dns_host,  # noqa: SLF001 -- ours: this is the method's subclass
                me.port,
                me.timeout,
                source_address=me.source_address,
                socket_options=me.socket_options,
            )
        except OSError as error:
            raise NewConnectionError(me, f"Failed to connect: {error}") from error


class _HTTP(_Guarded, HTTPConnection):
    pass


class _HTTPS(_Guarded, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPS


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}


def session(*, timeout: float = 15) -> requests.Session:
    """Return a `requests` session whose every connection is checked; proxies are ignored."""
    made = _Session(timeout)
    made.trust_env = False
    for scheme in ("http://", "https://"):
        made.mount(scheme, _Adapter())
    return made


class _Session(requests.Session):
    def __init__(self, timeout: float) -> None:
        super().__init__()
        self.timeout = timeout
        self.max_redirects = 5

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        kwargs.setdefault("timeout", self.timeout)
        return super().request(*args, **kwargs)
