"""Forms of a screen.

Made once from the declaration, bound for each request, without what the reader may not see.
"""

import secrets
from collections.abc import Sequence
from typing import Any

from flask import request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified
from werkzeug.datastructures import MultiDict
from wtforms import Form

from app.kit import clock
from app.kit.database.lines import put_at
from app.kit.screens.attrs import Attr, lines_of, mapper_of
from app.kit.screens.declaration import Declaration
from app.kit.screens.elements import MOST_LINES, Lines
from app.kit.screens.field_types import is_wide, make_field
from app.kit.screens.fields import TextHidden
from app.kit.screens.pages import Column, ConflictField, Field, FormSection, Sheet
from app.kit.screens.paging import read_id
from app.kit.screens.record import line_attrs, load_lines, shown, value_of

BLANK = "__i__"


def form_attrs(screen: Declaration, *, adding: bool) -> dict[str, Attr]:
    """Return the columns that this reader may set."""
    names = [name for name in screen.section_names if name not in screen.computed]
    found = screen.seen([name for name in names if name not in screen.read_only])
    return {
        name: attr
        for name, attr in found.items()
        if attr.writable
        and (adding or name not in screen.fixed)
        and name not in ("id", "company_id", "version")
    }


def is_required(screen: Declaration, attr: Attr) -> bool:
    """Whether the form insists on a value: the column does, or the screen."""
    return attr.required or attr.name in screen.required


def make_form(
    screen: Declaration, attrs: dict[str, Attr], obj: Any, formdata: MultiDict[str, str] | None
) -> Any:
    """Return a bound form over `attrs`.

    Values come from what was sent, else from `obj`, else from the defaults.
    """
    form_class = _form_class(screen, attrs, hidden="once")
    data = {name: value_of(obj, attr) for name, attr in attrs.items()} if obj is not None else None
    form = form_class(formdata, data=data if data is not None else _defaults(screen, attrs))
    for name, attr in attrs.items():
        if attr.target is not None:
            form[name].lookup_url = screen.url("lookup", name)
    if not form.once.data:
        form.once.data = secrets.token_urlsafe(16)
    return form


def _form_class(
    screen: Declaration, attrs: dict[str, Attr], *, hidden: str, lines: str = ""
) -> type[Form]:
    """Return the form over `attrs`, of the record or of its `lines`: made once."""
    kept: dict[tuple[str, ...], type[Form]] = screen.__dict__.setdefault("_forms", {})
    key = (lines, *attrs)
    if key not in kept:
        fields = {}
        for name, attr in attrs.items():
            required = attr.required if lines else is_required(screen, attr)
            fields[name] = make_field(attr, required=required)
        kept[key] = type(f"{screen.name}{lines}Form", (Form,), {**fields, hidden: TextHidden()})
    return kept[key]


def _defaults(screen: Declaration, attrs: dict[str, Attr]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, attr in attrs.items():
        default = screen.defaults.get(name)
        if default is not None:
            values[name] = default() if callable(default) else default
        elif attr.column.default is not None and attr.column.default.is_scalar:
            values[name] = getattr(attr.column.default, "arg", None)
    return values


def prefill(form: Any, attrs: dict[str, Attr]) -> None:
    """Take initial relations from the address: `add?client=5` from the tab of client 5."""
    for name, attr in attrs.items():
        raw = request.args.get(name)
        if raw and attr.target is not None:
            try:
                form[name].data = form[name].read(raw)
            except Exception:  # noqa: BLE001, S112 -- an address may hold anything: the field then stays empty
                continue


def sections_of(
    screen: Declaration, form: Any, attrs: dict[str, Attr]
) -> list[FormSection | Sheet]:
    """Return the form's cards."""
    found: list[FormSection | Sheet] = []
    for section in screen.sections:
        fields = [
            Field(form[name], width="full" if is_wide(attrs[name]) else "third")
            for name in section[1]
            if name in attrs
        ]
        if fields:
            hint = section[2] if len(section) > 2 else ""
            found.append(FormSection(section[0], fields, hint))
    return found


# --- lines ----------------------------------------------------------------------------------------


class LinesForm:
    """The rows of one sheet: those kept, those changed, those new and those to go."""

    def __init__(self, screen: Declaration, session: Session, obj: Any, lines: Lines) -> None:
        self.screen, self.lines = screen, lines
        self.child, self.link = lines_of(screen.model, lines.name)
        self.attrs = {one.name: one for one in line_attrs(screen, lines) if one.writable}
        self.form_class = _form_class(screen, self.attrs, hidden="id", lines=lines.name)
        stored = [] if obj is None else load_lines(screen, session, obj, lines, MOST_LINES)
        self.known = {line.id: line for line in stored}
        self.rows: list[tuple[Any, Any]] = []
        """(form, line or None)"""
        self.gone: list[Any] = []
        self.error = ""

    def bind(self, formdata: MultiDict[str, str] | None) -> None:
        """Take the rows from what was sent, else from the record."""
        sent = [] if formdata is None else self._sent(formdata)
        if formdata is None or not sent:
            for number, line in enumerate(self.known.values()):
                self.rows.append((self._form(None, str(number), self._values(line)), line))
            return
        kept: list[tuple[str, Any]] = []
        for index in sent:
            prefix = f"{self.lines.name}-{index}-"
            line = self.known.get(read_id(formdata.get(f"{prefix}id", "")) or 0)
            if formdata.get(f"{prefix}delete") == "1":
                if line is not None and self.lines.removable:
                    self.gone.append(line)
                continue
            empty = all(not formdata.get(prefix + name, "").strip() for name in self.attrs)
            if line is not None or not empty:
                kept.append((index, line))
        if len(kept) > MOST_LINES:
            # Before a form is made of each, which is the work.
            self.error = _("At most %(number)s lines.", number=MOST_LINES)
        self.rows = [
            (self._form(formdata, index, self._values(line)), line)
            for index, line in kept[:MOST_LINES]
        ]

    def _values(self, line: Any) -> dict[str, Any]:
        if line is None:
            return {}
        values = {name: value_of(line, attr) for name, attr in self.attrs.items()}
        return {**values, "id": line.id}

    def _sent(self, formdata: MultiDict[str, str]) -> list[str]:
        prefix = f"{self.lines.name}-"
        found = {
            key.removeprefix(prefix).partition("-")[0] for key in formdata if key.startswith(prefix)
        }
        numbers = [one for one in found if one.isascii() and one.isdigit() and len(one) < 6]
        return sorted(numbers, key=int)

    def _form(self, formdata: Any, index: str, data: dict[str, Any]) -> Any:
        form = self.form_class(formdata, prefix=f"{self.lines.name}-{index}-", data=data)
        form.id.data = data.get("id")
        for name, attr in self.attrs.items():
            if attr.target is not None:
                form[name].lookup_url = self.screen.url("lookup", f"{self.lines.name}:{name}")
        return form

    def validate(self) -> bool:
        if self.error:
            return False
        # Every line is asked: each says what is wrong with it.
        results = [form.validate() for form, _line in self.rows]
        return all(results)

    def apply(self, session: Session, obj: Any) -> bool:
        """Write the rows to the session; say whether anything changed."""
        changed = bool(self.gone)
        remove(session, self.gone)
        for number, (form, line) in enumerate(self.rows):
            target = line
            if target is None:
                target = self.child(**{self.link: obj.id})
                session.add(target)
                changed = True
            put_at(target, f"{self.lines.name}.{number}")
            for name in self._changed(form, line):
                assign(target, name, self.attrs[name], form[name].data)
                changed = True
        return changed

    def _changed(self, form: Any, line: Any) -> list[str]:
        """Return the names whose values differ from the stored line's; of a new line, all."""
        if line is None:
            return list(self.attrs)
        return [n for n, attr in self.attrs.items() if form[n].data != value_of(line, attr)]

    def refuse(self, place: str, message: str) -> None:
        """Show a sentence in the cell "2.quantity", over the sheet where it shows no such cell."""
        number, _dot, name = place.partition(".")
        if number.isdecimal() and int(number) < len(self.rows):
            form = self.rows[int(number)][0]
            if name in self.attrs:
                form[name].errors = [*form[name].errors, message]
                return
            message = _("Line %(number)s: %(what)s", number=int(number) + 1, what=message)
        self.error = message

    def differs(self) -> bool:
        """Whether the rows say something else than the record."""
        return bool(self.gone) or any(
            line is None or self._changed(form, line) for form, line in self.rows
        )

    def conflicts(self) -> list[ConflictField]:
        """Return yours and theirs, line by line, where they differ."""
        label, found = self.lines.label, []
        for number, (form, line) in enumerate(self.rows, 1):
            if line is None:
                values = [shown(attr, form[name].data) for name, attr in self.attrs.items()]
                found.append(ConflictField(f"{label} {number}", _joined(values), None))
                continue
            for name in self._changed(form, line):
                attr = self.attrs[name]
                yours, theirs = form[name].data, value_of(line, attr)
                found.append(
                    ConflictField(
                        f"{label} {number}, {attr.label}",
                        shown(attr, yours),
                        shown(attr, theirs),
                        attr.shown_as,
                    )
                )
        mine = [line for _form, line in self.rows]
        for line in self.known.values():
            if line not in mine:
                values = [shown(attr, value_of(line, attr)) for attr in self.attrs.values()]
                found.append(ConflictField(label, None, _joined(values)))
        return found

    def sheet(self) -> Sheet:
        columns = [Column(attr.name, attr.label, attr.shown_as) for attr in self.attrs.values()]
        names = [*self.attrs, "id"]
        return Sheet(
            self.lines.label,
            self.lines.name,
            columns,
            rows=[[form[name] for name in names] for form, _line in self.rows],
            blank=[self._form(None, BLANK, {})[name] for name in names],
            add_label=self.lines.add_label,
            hint=self.lines.hint,
            errors=[self.error] if self.error else (),
            removable=self.lines.removable,
        )


def remove(session: Session, lines: Sequence[Any]) -> None:
    """Delete lines now: what is unique about them, their position say, is free for new ones."""
    for line in lines:
        session.delete(line)
    if lines:
        session.flush()


def touch(obj: Any) -> None:
    """Note that the lines of a record have changed: its version moves, within one instant too."""
    if hasattr(obj, "changed_at"):
        obj.changed_at = clock.now()
        flag_modified(obj, "changed_at")


def _joined(values: Sequence[Any]) -> str:
    return " · ".join(str(getattr(one, "label", one)) for one in values if one not in (None, ""))


def assign(obj: Any, name: str, attr: Attr, value: Any) -> None:
    """Set one value.

    An empty field of a column with a default of its own is left to the default.
    """
    if value is None and not attr.nullable and attr.has_default:
        return
    setattr(obj, name, value)
    if attr.target is not None:
        key = mapper_of(type(obj)).get_property_by_column(attr.column).key
        setattr(obj, key, value.id if value is not None else None)


def changed_names(obj: Any, attrs: dict[str, Attr], form: Any) -> list[str]:
    """Return the fields whose value in the form differs from the record's."""
    return [name for name, attr in attrs.items() if _differs(form[name].data, value_of(obj, attr))]


def _differs(one: Any, other: Any) -> bool:
    if one in (None, "") and other in (None, ""):
        return False
    return bool(one != other)
