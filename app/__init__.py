"""Tresen, a back-office CRM.

`create_app` is what gunicorn, the command line and the workers call. Importing this package imports
nothing else: the parts are put together in `app/assembly.py`.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from config import Config


def create_app(config: Config | None = None) -> Flask:
    """Put the application together. Raises UnsafeDatabase when the login could see too much."""
    # Hundreds of thousands of objects are made that stay: looking for garbage among them again and
    # again is a tenth of the start.
    collects = gc.isenabled()
    gc.disable()
    try:
        from app.assembly import assemble  # noqa: PLC0415 -- importing `app` must stay cheap

        return assemble(config)
    finally:
        if collects:
            gc.enable()
