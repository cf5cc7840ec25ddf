from __future__ import annotations

from tests.jobs.conftest import house, house_database, own_redis, own_valkey

__all__ = ["house", "house_database", "own_redis", "own_valkey"]
