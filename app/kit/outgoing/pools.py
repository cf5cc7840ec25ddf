"""Connection pools of urllib3 that connect by the door."""

from __future__ import annotations

import socket
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, cast

from app.kit.outgoing.addresses import connect

if TYPE_CHECKING:
    from urllib3.connection import HTTPConnection


def guarded_pools(
    http: type[Any], https: type[Any], *, trusted: Collection[str] = ()
) -> dict[str, type[Any]]:
    """Return these kinds of connection pools, made so that they connect by the door."""
    made = {}
    for scheme, pool in (("http", http), ("https", https)):
        connection = type("Checked", (_Checked, pool.ConnectionCls), {"trusted": trusted})
        made[scheme] = type("CheckedPool", (pool,), {"ConnectionCls": connection})
    return made


class _Checked:
    """Connects to the checked address; the name stays for TLS and the Host header."""

    trusted: Collection[str] = ()

    def _new_conn(self) -> socket.socket:
        from urllib3.exceptions import NewConnectionError  # noqa: PLC0415 -- loaded by now

        me = cast("HTTPConnection", self)
        try:
            return connect(
                me._dns_host,  # noqa: SLF001 -- ours: this is the method's subclass
                me.port,
                me.timeout,
                trusted=self.trusted,
                source_address=me.source_address,
                socket_options=me.socket_options,
            )
        except OSError as error:
            raise NewConnectionError(me, f"Failed to connect: {error}") from error
