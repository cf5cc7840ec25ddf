"""Libraries that speak HTTP by urllib3 (requests, boto3), with every connection checked.

They are loaded when first asked for: half a second of the start of a process that needs none.
"""

from __future__ import annotations

import socket
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from app.kit.outgoing.addresses import connect

if TYPE_CHECKING:
    import requests
    from urllib3.connection import HTTPConnection


def session(*, timeout: float = 15) -> requests.Session:
    """Return a `requests` session whose every connection is checked; proxies are ignored."""
    from app.kit.outgoing.sessions import Guarded  # noqa: PLC0415 -- slow to load

    return Guarded(timeout)


def s3_client(*, endpoint_url: str | None, **options: Any) -> Any:
    """Return boto3's client for S3; the host of `endpoint_url` may lie inside.

    Neither this nor the credentials come from a company.
    """
    import boto3  # noqa: PLC0415 -- slow to load
    from botocore.awsrequest import (  # noqa: PLC0415 -- as above
        AWSHTTPConnectionPool,
        AWSHTTPSConnectionPool,
    )

    client: Any = boto3.client("s3", endpoint_url=endpoint_url, **options)
    named = urlsplit(endpoint_url).hostname if endpoint_url else None
    pools = guarded_pools(
        AWSHTTPConnectionPool, AWSHTTPSConnectionPool, trusted=(named,) if named else ()
    )
    # botocore has no way of its own to be given a transport.
    client._endpoint.http_session._manager.pool_classes_by_scheme = pools  # noqa: SLF001
    return client


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
