"""How a right is worded: not "can_write on Client" but "Change clients", in the area it belongs to.

Screens are worded by themselves, from their area, label and actions; domains add what is no screen
(`word`), such as a dashboard, and each right of theirs that wants better words than the usual.
Field guards are rights as well: a column with `info={"guard": "costs"}` is there for readers with
("read", "costs") only. (`ALL_CLIENTS` of `app/kit/access.py` is the one guard that is no right.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal

from flask import has_app_context
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.kit.access import MissingRight, Right, may
from app.kit.errors import CrmError
from app.kit.registry import Registry, sole
from app.kit.screens.declaration import Declaration
from app.kit.screens.screen_registry import screen_of_view

Mark = Literal["money", "private"]


@dataclass(frozen=True, slots=True)
class Wording:
    """One right for people. `area` is the name of a menu area, or `fields` for the field guards."""

    permission: str
    view: str
    area: str
    label: Any
    description: Any = ""
    marks: tuple[Mark, ...] = ()
    level: Literal["see", "change"] = "change"

    @property
    def right(self) -> Right:
        """The right itself."""
        return (self.permission, self.view)

    @property
    def name(self) -> str:
        """The right as one word for a form: "write Client"."""
        return f"{self.permission} {self.view}"


FIELDS = "fields"
GUARDS: Mapping[str, tuple[Any, Any, tuple[Mark, ...]]] = {
    "costs": (_l("See costs and margins"), _l("What goods cost us, and what is earned."), ()),
    "prices": (_l("See prices"), _l("What clients pay."), ()),
    "money": (_l("See sums of money"), _l("Totals of orders, revenue, balances."), ()),
    "contacts": (
        _l("See how to reach clients"),
        _l("Phone numbers, email addresses, messengers."),
        ("private",),
    ),
    "others_clients": (
        _l("See clients whom others look after"),
        _l("Without it: only those whom somebody serves or looks after."),
        ("private",),
    ),
    "salaries": (_l("See salaries"), _l("What colleagues are paid."), ("private",)),
}

WORDS: Registry[Wording] = Registry("right in words", key=attrgetter("right"))
_givers: Registry[Callable[[Right], Iterable[str]]] = Registry("teller of who gives", key=sole)


def word(
    permission: str,
    view: str,
    *,
    area: str,
    label: Any,
    description: Any = "",
    marks: tuple[Mark, ...] = (),
    level: Literal["see", "change"] | None = None,
) -> Wording:
    """Word one right, better than the usual words would."""
    seen = level or ("see" if permission == "read" else "change")
    made = Wording(permission, view, area, label, description, marks, seen)
    WORDS.register(made)
    return made


def parse(name: str) -> Right:
    """Return the right written as in `Wording.name`."""
    permission, _space, view = name.partition(" ")
    return (permission, view)


def wording(permission: str, view: str) -> Wording:
    """Return the words for a right; the usual ones when nobody gave it better ones."""
    known = WORDS.get((permission, view))
    if known is not None:
        return known
    if permission == "read" and view in GUARDS:
        label, description, marks = GUARDS[view]
        return Wording(permission, view, FIELDS, label, description, marks, "see")
    return _of_screen(permission, view)


def _of_screen(permission: str, view: str) -> Wording:
    screen = screen_of_view(view) if has_app_context() else None
    if screen is None:
        return Wording(permission, view, "other", f"{permission}: {view}")
    usual = _USUAL.get(permission)
    if usual is not None:
        label = _Label(usual, screen.label)
    else:
        label = _Label(
            _l("%(things)s: %(action)s"), screen.label, _action_label(screen, permission)
        )
    level: Literal["see", "change"] = "see" if permission == "read" else "change"
    return Wording(permission, view, screen.area.name, label, screen.help or "", (), level)


_USUAL = {
    "read": _l("See: %(things)s"),
    "write": _l("Add and change: %(things)s"),
    "delete": _l("Archive: %(things)s"),
    "export": _l("Export to a file: %(things)s"),
}


def _action_label(screen: Declaration, permission: str) -> Any:
    for actions in (screen.actions_on, screen.bulk):
        if permission in actions:
            return actions[permission].label
    return permission.replace("_", " ")


class _Label:
    """A lazy text made of lazy texts: worded when shown, in the reader's language."""

    def __init__(self, pattern: Any, things: Any, action: Any = "") -> None:
        self._pattern, self._things, self._action = pattern, things, action

    def __str__(self) -> str:
        return str(self._pattern) % {"things": str(self._things), "action": str(self._action)}

    def __html__(self) -> str:
        from markupsafe import escape  # noqa: PLC0415 -- templates only

        return str(escape(str(self)))


def sees_every_field() -> bool:
    """Say whether no guard hides anything from the present reader."""
    return all(may("read", guard) for guard in GUARDS)


def who_gives(find: Callable[[Right], Iterable[str]]) -> None:
    """Name the function that tells who can give a right; the domain of memberships does."""
    _givers.register(find)


def refusal(permission: str, view: str) -> str:
    """Return the sentence for somebody who lacks the right: which it is, and whom to ask."""
    label = wording(permission, view).label
    names = [name for find in _givers for name in find((permission, view))]
    if not names:
        return _("You need the right “%(right)s” for this.", right=label)
    return _(
        "You need the right “%(right)s” for this. %(names)s can give it to you.",
        right=label,
        names=", ".join(names),
    )


def words_of(error: CrmError) -> Any:
    """Return what a refusal says to whoever is refused: of a missing right, which one it is.

    Asked where a refusal becomes an answer, in the language and the transaction of that.
    """
    return refusal(*error.right) if isinstance(error, MissingRight) else error.message
