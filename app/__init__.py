"""Tresen, a back-office CRM.

`create_app` is what gunicorn, the command line and the workers call. Importing this package imports
nothing else: the parts are put together in `app/assembly.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from config import Config


def create_app(config: Config | None = None) -> Flask:
    """Put the application together. Raises UnsafeDatabase when the login could see too much."""
    from app.assembly import assemble  # noqa: PLC0415 -- importing `app` must stay cheap

    return assemble(config)
