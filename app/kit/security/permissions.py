"""Making the permissions of all registered screens, at deploy: once, under a lock, as the owner.

FAB would do this in every process at start (1,600 queries) and races with itself. It would also
make its own roles; ours are seeded by whoever registered with `on_permissions`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.kit.access import Right
from app.kit.registry import Registry
from app.kit.rest.resource_registry import resources
from app.kit.rights import GUARDS, WORDS
from app.kit.screens.screen_registry import screens

log = logging.getLogger(__name__)

# Any number, as long as nobody else uses it.
_LOCK = 7_304_001

Seeder = Callable[[Session], None]
_seeders: Registry[Seeder] = Registry("seeder of roles", key=lambda seed: seed.__qualname__)


def on_permissions(seed: Seeder) -> None:
    """Run `seed(session)` after the permissions exist, in the same transaction, as the owner."""
    _seeders.register(seed)


def asked_rights() -> Iterator[Right]:
    """Give every right that the registered screens and resources ask for."""
    parts: list[Any] = [*screens().values(), *resources().values()]
    rights = ((permission, part.view) for part in parts for permission in part.permissions())
    yield from dict.fromkeys(rights)


def all_rights() -> list[Right]:
    """Every right there is in this application: of screens and resources, worded ones, guards."""
    guards = [("read", guard) for guard in GUARDS]
    return list(dict.fromkeys([*asked_rights(), *WORDS.names(), *guards]))


def create_permissions(
    session: Session,
    appbuilder: Any = None,  # noqa: ARG001 -- the registered screens are known without it
) -> int:
    """Make what is missing and return how many were made; requires a session stamped crm_owner.

    Nothing is ever removed: a part switched off for a while would lose its roles' rights.
    """
    session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    wanted = set(all_rights())
    made = make_rights(session, wanted)
    for seed in _seeders:
        seed(session)
    log.info("%d permissions, %d of them new", len(wanted), made)
    return made


def make_rights(session: Session, wanted: Iterable[Right]) -> int:
    """Make the rows of these rights as far as missing and return how many were made."""
    rights = sorted(set(wanted))
    values = {
        "permissions": [f"can_{permission}" for permission, _view in rights],
        "views": [view for _permission, view in rights],
    }
    session.execute(
        text(
            "insert into ab_permission (name) select distinct unnest(cast(:permissions as text[]))"
            " on conflict do nothing"
        ),
        values,
    )
    session.execute(
        text(
            "insert into ab_view_menu (name) select distinct unnest(cast(:views as text[]))"
            " on conflict do nothing"
        ),
        values,
    )
    made = session.execute(
        text(
            "insert into ab_permission_view (permission_id, view_menu_id)"
            " select p.id, v.id from unnest(cast(:permissions as text[]), cast(:views as text[]))"
            " as w(permission, view)"
            " join ab_permission p on p.name = w.permission join ab_view_menu v on v.name = w.view"
            " on conflict do nothing"
        ),
        values,
    )
    return int(made.rowcount)  # type: ignore[attr-defined]  # a cursor's result
