"""An aiohttp session behind the door: see `app.kit.outgoing.client_session`."""

from __future__ import annotations

import errno
import socket
from collections.abc import Collection
from typing import Any

from aiohttp import ClientSession, ClientTimeout, TCPConnector
from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver

from app.kit.outgoing.addresses import AddressRefused, is_allowed


def guarded(seconds: float, connections: int, trusted: Collection[str]) -> ClientSession:
    """Return a session that makes each socket by asking first whether its address may be reached.

    At the socket, because a host that is an address itself is never resolved.
    """
    resolver = _Resolver(trusted)

    def make(info: Any) -> socket.socket:
        family, kind, protocol, _name, address = info
        if address[0] not in resolver.passed and not is_allowed(address[0]):
            # An OSError: to aiohttp it is a connection that could not be made.
            raise PermissionError(errno.EACCES, str(AddressRefused.default_message))
        return socket.socket(family, kind, protocol)

    return ClientSession(
        timeout=ClientTimeout(total=seconds, sock_connect=min(10.0, seconds)),
        connector=TCPConnector(limit=connections, resolver=resolver, socket_factory=make),
    )


class _Resolver(ThreadedResolver):
    """Notes the addresses of trusted hosts, so that their sockets are made."""

    def __init__(self, trusted: Collection[str]) -> None:
        super().__init__()
        self._trusted = trusted
        self.passed = set(trusted)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        if host in self._trusted:
            self.passed.update(one["host"] for one in found)
        return found
