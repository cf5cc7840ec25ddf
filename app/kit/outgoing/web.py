"""Libraries that speak HTTP by urllib3 (requests, boto3), with every connection checked.

They are loaded when first asked for: half a second of the start of a process that needs none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.kit.outgoing.pools import guarded_pools

if TYPE_CHECKING:
    import requests


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
