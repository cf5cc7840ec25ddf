"""What people read of a job's data and of why it failed, which are written by programs.

Both may name what a field guard hides: a sentence says an amount, an argument is an address.
"""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.kit.rights import sees_every_field


def numbers(data: Any) -> Any:
    """Return arguments or a result whole, or only ids and counts where a guard hides something."""
    if sees_every_field():
        return data
    if isinstance(data, dict):
        return {key: value for key, value in data.items() if isinstance(value, int)}
    return [value for value in data if isinstance(value, int)] if isinstance(data, list) else None


def reason(error: str) -> str:
    """Return why something failed, or that it did where a guard hides something."""
    if sees_every_field():
        return error
    return _("It failed. The reason is for those who may see all fields.")
