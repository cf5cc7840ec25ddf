"""What the database refused, as a sentence for whoever tried: by SQLSTATE, without SQL text.

The field is found through the name of the constraint, so a new constraint needs no words of its
own; of a line it is `lines.2.quantity`. A domain that wants better ones registers them:
`say("ck_client_born_on", _l("…"))`, with the field where the constraint does not tell it.
tests/house/test_constraints.py walks all of them.
"""

import re
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, Column, Index, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.sql import visitors

from app.kit.access import OfTheWhole
from app.kit.database.install.immutability import REFUSED_CHANGE
from app.kit.database.install.rules import is_whole
from app.kit.database.lines import place_of, refused_line
from app.kit.database.model import Model
from app.kit.errors import Again, Conflict, CrmError, Invalid, Refused
from app.kit.registry import Registry
from app.kit.screens.attrs import link_of
from app.kit.screens.pages import Text


@dataclass(frozen=True, slots=True)
class Said:
    """How the refusal of one constraint is worded, and the attribute it is shown at."""

    constraint: str
    sentence: Text
    field: str | None


SAID: Registry[Said] = Registry("refusal of", key=attrgetter("constraint"))
_TABLE = re.compile(r"for table (\w+)")
_INDEX = re.compile(r'index row .* for index "(\w+)"')


def say(constraint: str, sentence: Text, field: str | None = None) -> None:
    """Word the refusal of one constraint; `field` is the attribute it is shown at."""
    SAID.register(Said(constraint, sentence, field))


def as_refusal(error: Exception) -> CrmError | None:
    """Return the business error behind a database error.

    None when it is a bug or a broken database.
    """
    if isinstance(error, CrmError):
        return located(error)
    if isinstance(error, StaleDataError):
        return Conflict(_("Somebody else has changed this in the meantime."), field="version")
    if not isinstance(error, DBAPIError):
        return None
    original: Any = error.orig
    state = str(getattr(original, "sqlstate", None) or getattr(original, "pgcode", None) or "")
    if state not in _WORDS:
        return None
    diag = getattr(original, "diag", None)
    if (told := _by_what_is_said(diag, state)) is not None:
        return told
    table = str(getattr(diag, "table_name", "") or "")
    column = str(getattr(diag, "column_name", "") or "")
    refused = refusal_of(state, table, _constraint(diag), column)
    refused.record = refused_line(table)
    return located(refused)


def located(error: CrmError) -> CrmError:
    """Return the refusal with the place of its line in its field: `lines.2.quantity`."""
    place = "" if error.record is None else place_of(error.record)
    if place:
        error.field = f"{place}.{error.field}" if error.field else place
    error.record = None
    return error


def refusal_of(state: str, table: str, constraint: str, column: str = "") -> CrmError:
    """Return how the refusal of a constraint reads, and the attribute it names."""
    found = column_of(table, constraint, column)
    field = None if found is None else field_of(found)
    if (said := SAID.get(constraint)) is not None:
        kind = Conflict if state == REFUSED_CHANGE else Invalid
        return kind(said.sentence, field=said.field or field)
    return _WORDS[state](found.info.get("label") if found is not None else None, field)


def _constraint(diag: Any) -> str:
    """Return what was broken; of an index entry too large only the sentence names the index."""
    named = str(getattr(diag, "constraint_name", "") or "")
    found = _INDEX.search(str(getattr(diag, "message_primary", "") or ""))
    return named or (found[1] if found else "")


def _by_what_is_said(diag: Any, state: str) -> CrmError | None:
    """Return the refusal that only the server's sentence tells from others of its state."""
    if _is_referred_to(diag, state):
        return Conflict(_("Other records still refer to this one."))
    found = _TABLE.search(str(getattr(diag, "message_primary", "") or ""))
    table = Model.metadata.tables.get(found[1]) if found and state == "42501" else None
    return OfTheWhole() if table is not None and is_whole(table) else None


def _is_referred_to(diag: Any, state: str) -> bool:
    """Whether it was something to go that others need: the constraint is then one of theirs."""
    said = str(getattr(diag, "message_primary", "") or "")
    return state == "23503" and said.startswith("update or delete")


def column_of(table_name: str, constraint: str, column: str = "") -> Column[Any] | None:
    """Return the column at fault: the one that is named, else the constraint's telling one."""
    table = Model.metadata.tables.get(table_name) if table_name else _table_of(constraint)
    if table is None:
        return None
    named = table.c.get(column)
    return named if named is not None else _of_constraint(table, constraint)


def _table_of(constraint: str) -> Table | None:
    """Return the table of an index: an entry too large is refused without naming its table."""
    for table in Model.metadata.tables.values() if constraint else ():
        if any(one.name == constraint for one in (*table.indexes, *table.constraints)):
            return table
    return None


def _of_constraint(table: Table, name: str) -> Column[Any] | None:
    known: list[Any] = [*table.constraints, *table.indexes]
    for one in known:
        if not name or (one.name != name and not name.endswith(f"_{one.name}")):
            continue
        if isinstance(one, CheckConstraint):
            return _of_check(table, one)
        # The last one tells records apart within what the first ones name.
        own = [c for c in _columns(one) if c.name not in ("company_id", "id")]
        return own[-1] if own else None
    return table.c.get(name.removeprefix(f"ck_{table.name}_"))


def _columns(one: Any) -> list[Column[Any]]:
    """Return the columns of a constraint or index, those inside its expressions among them."""
    parts: list[Any] = list(one.expressions if isinstance(one, Index) else one.columns)
    found = [inner for part in parts for inner in visitors.iterate(part)]
    return [column for column in found if isinstance(column, Column)]


def checked_columns(table: Table, check: CheckConstraint) -> list[Column[Any]]:
    """Return the columns that a CHECK compares, in their order."""
    bare = re.sub(r"'[^']*'", "", str(check.sqltext))
    words = dict.fromkeys(re.findall(r"\w+", bare))
    return [table.c[word] for word in words if word in table.c]


def _of_check(table: Table, check: CheckConstraint) -> Column[Any] | None:
    """Return the column that a CHECK is called after, else the first that somebody types."""
    columns = checked_columns(table, check)
    short = str(check.name).removeprefix(f"ck_{table.name}_")
    if short in table.c:
        return table.c[short]
    typed = [c for c in columns if c.info.get("label") and not c.info.get("computed")]
    own = [c for c in typed or columns if c.name not in ("company_id", "id")]
    return own[0] if own else None


def field_of(column: Column[Any]) -> str:
    """Return the attribute in forms: of a link the relation, of a key what it is made of."""
    if made_of := column.info.get("made_of"):
        return str(made_of)
    for mapper in Model.registry.mappers:
        if mapper.local_table is not column.table:
            continue
        for relation in mapper.relationships:
            if not relation.uselist and not relation.viewonly and link_of(relation) is column:
                return str(relation.key)
        if column in mapper.columns.values():
            return str(mapper.get_property_by_column(column).key).removesuffix("_fold")
    return column.name.removesuffix("_id") if "link" in column.info else column.name


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
