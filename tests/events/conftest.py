from __future__ import annotations

from tests.jobs.conftest import house, own_redis, own_valkey

__all__ = ["house", "own_redis", "own_valkey"]
