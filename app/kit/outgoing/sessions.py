"""A `requests` session behind the door: see `app.kit.outgoing.session`."""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from app.kit.outgoing.pools import guarded_pools


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = guarded_pools(
            HTTPConnectionPool, HTTPSConnectionPool
        )


class Guarded(requests.Session):
    """Checks every connection, gives up after `timeout` and follows few redirects."""

    def __init__(self, timeout: float) -> None:
        super().__init__()
        self.timeout = timeout
        self.max_redirects = 5
        self.trust_env = False
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter())

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        kwargs.setdefault("timeout", self.timeout)
        return super().request(*args, **kwargs)
