"""What the database refused, as a sentence for whoever tried: by SQLSTATE, without SQL text.

The field is found through the name of the constraint, so a new constraint needs no words of its
own. A domain that wants better ones registers them: `say("ck_client_born_on", _l("…"))`.
"""

import re
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Column, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError

from app.kit.database.install.fixed import REFUSED_CHANGE
from app.kit.database.model import Model
from app.kit.errors import Again, Conflict, CrmError, Invalid, NotFound, Refused
from app.kit.screens.pages import Text

_SAID: dict[str, Text] = {}


def say(constraint: str, sentence: Text) -> None:
    """Word the refusal of one constraint."""
    _SAID[constraint] = sentence


def as_refusal(error: Exception) -> CrmError | None:
    """Return the business error behind a database error.

    None when it is a bug or a broken database.
    """
    if isinstance(error, CrmError):
        return error
    if isinstance(error, StaleDataError):
        return Conflict(_("Somebody else has changed this in the meantime."), field="version")
    if not isinstance(error, DBAPIError):
        return None
    original: Any = error.orig
    state = str(getattr(original, "sqlstate", None) or getattr(original, "pgcode", None) or "")
    words = _WORDS.get(state)
    if words is None:
        return None
    diag = getattr(original, "diag", None)
    constraint = str(getattr(diag, "constraint_name", "") or "")
    column = _column(diag, constraint)
    field = _field(column)
    if constraint in _SAID:
        return Invalid(_SAID[constraint], field=field)
    label = column.info.get("label") if column is not None else None
    return words(label, field)


def _column(diag: Any, constraint: str) -> Column[Any] | None:
    table = Model.metadata.tables.get(str(getattr(diag, "table_name", "") or ""))
    if table is None:
        return None
    named = table.c.get(str(getattr(diag, "column_name", "") or ""))
    return named if named is not None else _of_constraint(table, constraint)


def _of_constraint(table: Table, name: str) -> Column[Any] | None:
    """Return the first telling column of a constraint or unique index: not the company."""
    known: list[Any] = [*table.constraints, *table.indexes]
    for one in known:
        if not name or (one.name != name and not name.endswith(f"_{one.name}")):
            continue
        own = [c for c in one.columns if c.name not in ("company_id", "id")]
        words = re.findall(r"\w+", str(getattr(one, "sqltext", "")))
        own = own or [table.c[word] for word in words if word in table.c]
        return own[0] if own else None
    return table.c.get(name.removeprefix(f"ck_{table.name}_"))


def _field(column: Column[Any] | None) -> str | None:
    """Return the attribute in forms: of a link, the relation."""
    if column is None:
        return None
    if "link" in column.info:
        return column.name.removesuffix("_id")
    return column.name.removesuffix("_fold")


def _taken(label: Text | None, field: str | None) -> CrmError:
    if label:
        return Conflict(
            _("“%(field)s”: this is already used by another record.", field=label), field=field
        )
    return Conflict(_("There is already a record like this."), field=field)


def _unknown_link(label: Text | None, field: str | None) -> CrmError:
    if label:
        return Invalid(
            _("“%(field)s”: this does not exist, or other records still refer to it.", field=label),
            field=field,
        )
    return Conflict(_("Other records still refer to this one."), field=field)


def _check(label: Text | None, field: str | None) -> CrmError:
    if label:
        return Invalid(_("“%(field)s”: this value is not allowed.", field=label), field=field)
    return Invalid(_("These values do not fit together."), field=field)


def _missing(label: Text | None, field: str | None) -> CrmError:
    return Invalid(_("“%(field)s” is needed.", field=label or _("A field")), field=field)


def _too_large(label: Text | None, field: str | None) -> CrmError:
    return Invalid(_("A value is too long or too large."), field=field)


def _unreadable(label: Text | None, field: str | None) -> CrmError:
    return Invalid(_("A value could not be read."), field=field)


def _again(label: Text | None, field: str | None) -> CrmError:
    return Again()


def _refused(label: Text | None, field: str | None) -> CrmError:
    return Refused()


def _gone(label: Text | None, field: str | None) -> CrmError:
    return NotFound()


def _stays(label: Text | None, field: str | None) -> CrmError:
    if label:
        return Conflict(
            _("“%(field)s” stays as it was written: the books refer to it.", field=label),
            field=field,
        )
    return Conflict(_("What was written into the books is never changed."))


_WORDS = {
    REFUSED_CHANGE: _stays,
    "23505": _taken,
    "23503": _unknown_link,
    "23514": _check,
    "23P01": _taken,
    "23502": _missing,
    "22001": _too_large,
    "22003": _too_large,
    "22007": _unreadable,
    "22008": _unreadable,
    "22021": _unreadable,
    "22P02": _unreadable,
    "22P05": _unreadable,
    # An index entry has an upper size: a text that no form has measured was too long for it.
    "54000": _too_large,
    "40001": _again,
    "40P01": _again,
    "55P03": _again,
    "42501": _refused,
}
