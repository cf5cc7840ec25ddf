"""What the pages about people and roles share: rights by area, choices of stores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice

from app.company.models import Store
from app.kit.access import Reader
from app.kit.access import Right as RightPair
from app.kit.rights import FIELDS, Wording, wording, words_of
from app.kit.screens.areas import AREAS, PLATFORM
from app.kit.screens.pages import Right, RightsArea


def grouped(rights: Iterable[RightPair]) -> dict[str, list[Wording]]:
    """Return the rights of a company's people by area, as in the menu; field guards first."""
    found: dict[str, list[Wording]] = defaultdict(list)
    for right in rights:
        words = wording(*right)
        found[words.area].append(words)
    found.pop(PLATFORM.name, None)
    names = [FIELDS, *(area.name for area in AREAS), "other"]
    order = {"read": 0, "write": 1, "delete": 2, "export": 3}
    return {
        name: sorted(found[name], key=lambda w: (w.view, order.get(w.permission, 9), w.permission))
        for name in names
        if found.get(name)
    }


def areas_to_edit(
    known: Iterable[RightPair], given: Collection[RightPair], by: Reader
) -> list[RightsArea]:
    """Switches for every right; those the reader lacks are shown and cannot be moved."""

    def right(words: Wording) -> Right:
        reason = "" if words.right in by.rights else _("You do not have this right yourself.")
        return _right(words, checked=words.right in given, reason=reason)

    return _areas(known, given, right)


def areas_to_read(
    known: Iterable[RightPair], granted: Mapping[RightPair, Collection[str]]
) -> list[RightsArea]:
    """Return what somebody may, with the roles it comes from."""

    def right(words: Wording) -> Right:
        return _right(
            words, checked=words.right in granted, granted_by=granted.get(words.right, ())
        )

    return _areas(known, granted, right)


def _areas(known: Iterable[RightPair], given: Any, make: Any) -> list[RightsArea]:
    labels = {area.name: (area.label, area.icon) for area in AREAS}
    labels[FIELDS] = (_("What may be seen"), "eye")
    labels["other"] = (_("Other"), "dots")
    areas = []
    for name, words in grouped(known).items():
        got = sum(one.right in given for one in words)
        count = _("%(got)d of %(all)d", got=got, all=len(words))
        label, icon = labels[name]
        areas.append(RightsArea(name, label, icon, [make(one) for one in words], count))
    return areas


def _right(
    words: Wording, *, checked: bool, reason: str = "", granted_by: Collection[str] = ()
) -> Right:
    return Right(
        name=words.name,
        label=words.label,
        description=words.description,
        checked=checked,
        reason=reason,
        marks=words.marks,
        level=words.level,
        granted_by=tuple(granted_by),
    )


def store_choices(session: Session, by: Reader) -> list[SelectChoice]:
    """Return the stores that the reader may open to others."""
    query = (
        select(Store.id, Store.name).where(Store.archived_at.is_(None)).order_by(Store.name_fold)
    )
    if by.store_ids is not None:
        query = query.where(Store.id.in_(by.store_ids))
    return [SelectChoice(str(pk), name) for pk, name in session.execute(query)]


def refuse_beside(form: Any, refused: Any) -> None:
    """Show a refusal beside its field, else beside the first one."""
    names = [refused.field] if refused.field in form else [next(iter(form)).name]
    for name in names:
        form[name].errors = [*form[name].errors, str(words_of(refused))]
