"""Connections of an event loop: protocols of our own, and aiohttp's."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from app.kit.outgoing.addresses import resolve

if TYPE_CHECKING:
    from aiohttp import ClientSession

P = TypeVar("P", bound=asyncio.Protocol)


async def open_stream(
    make: Callable[[], P],
    host: str,
    port: int,
    *,
    trusted: Collection[str] = (),
    context: ssl.SSLContext | None = None,
) -> P:
    """Return the protocol that `make` makes, connected to an allowed address of `host`.

    With `context` the connection begins with TLS, which verifies the name. Raises HostUnknown,
    AddressRefused or OSError.
    """
    loop = asyncio.get_running_loop()
    last: OSError | None = None
    for address in await loop.run_in_executor(None, partial(resolve, host, port, trusted)):
        try:
            _, protocol = await loop.create_connection(
                make, address, port, ssl=context, server_hostname=host if context else None
            )
        except OSError as error:
            last = error
        else:
            return protocol
    raise last or OSError(f"{host} has no address.")


def client_session(
    *, seconds: float, connections: int, trusted: Collection[str] = ()
) -> ClientSession:
    """Return aiohttp's session whose every connection is checked; made on a running loop."""
    from app.kit.outgoing.clients import guarded  # noqa: PLC0415 -- slow to load

    return guarded(seconds, connections, trusted)
