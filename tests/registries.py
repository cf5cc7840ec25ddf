"""What a test adds to the registries of its process goes with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from app.kit.registry import Registry


@contextmanager
def as_before(registry: Registry[Any], *, empty: bool = False) -> Iterator[None]:
    """Let the block add to a registry, `empty` at first if wanted; then it is as it was."""
    kept = registry._entries
    registry._entries = {} if empty else dict(kept)
    try:
        yield
    finally:
        registry._entries = kept
