"""What people read of an event's data, which is written for programs.

An event names records by their ids (`order_id`) and says of them what its subscribers need. Who
reads it in the log needs the right to each of those kinds of records, and to each value the guards
that its column has there (`total` those of `Order.total`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from app.kit.access import may
from app.kit.database.model import Model
from app.kit.rights import sees_every_field
from app.kit.screens.screen_registry import screen_of_view

_INNER_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")
# Said of no record and harmless to whoever may read the records. All else that is no column of one
# is for those only who see every field.
PLAIN = frozenset(
    {"at", "audience", "business_date", "channel", "country", "days", "direction"}
    | {"ord", "owner_id", "owner_kind", "purpose", "reason", "source", "was"}
)


def shown(data: Any) -> dict[str, Any]:
    """Return what the present reader may read of an event's data: nothing, some or all of it."""
    if not isinstance(data, Mapping):
        return {}
    named = {key: model for key in data if (model := _record(key)) is not None}
    if not _may_read(named.values()):
        return {}
    every = sees_every_field()
    return {
        key: value
        for key, value in data.items()
        if key in named or _is_open(key, named.values(), every=every)
    }


def _may_read(models: Iterable[type[Any]]) -> bool:
    views = [model.__name__ for model in models]
    # A kind of records without a screen has no right of its own.
    return all(may("read", view) for view in views if screen_of_view(view) is not None)


def _is_open(key: str, models: Iterable[type[Any]], *, every: bool) -> bool:
    columns = [model.__table__.c[key] for model in models if key in model.__table__.c]
    guards = [column.info["guard"] for column in columns if column.info.get("guard")]
    open_ = every or bool(columns) or key in PLAIN
    return open_ and all(may("read", guard) for guard in guards)


def _record(key: str) -> type[Any] | None:
    """Return the kind of records that `key` names: `order_id`, `client_ids`."""
    name = key.removesuffix("_ids").removesuffix("_id")
    return _records().get(name) if name != key else None


@cache
def _records() -> dict[str, type[Any]]:
    # By the name of the class: not every table may be called like its records ("order").
    mapped = (mapper.class_ for mapper in Model.registry.mappers)
    return {_INNER_CAPITAL.sub("_", model.__name__).lower(): model for model in mapped}
