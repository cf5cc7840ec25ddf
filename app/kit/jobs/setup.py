"""Joining the background work to an application."""

from __future__ import annotations

from importlib import import_module

from flask import Flask

from app.kit.jobs import queues

# Each registers what workers and tick serve.
_PARTS = ("app.kit.jobs.runner", "app.kit.events.delivering", "app.kit.jobs.upkeep")


def init_app(app: Flask) -> None:
    """Name the Redis of this process and load what serves the queues."""
    queues.bind(app.config["CRM"].redis_url)
    for name in _PARTS:
        import_module(name)
