"""A bound WTForms field as a Bootstrap 5 control.

Label, hint and error stand around it: macro `form_field`.

The kind of control follows from the field: a lookup address makes a remote select, a Select widget
a select, a checkbox a switch, and so on; a field can say it itself with an attribute
`control_kind`.
"""

# ruff: noqa: ARG001 - the functions that draw share one signature
# ruff: noqa: S704 - html_params escapes, and Markup.format escapes the rest
# ruff: noqa: SLF001 - _value() is how WTForms hands out the text of an input

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup
from wtforms import Field
from wtforms.widgets import html_params

SHORT_LIST = 8
"""A select with more options than this can be searched."""

NUMERIC = {
    "IntegerField": "numeric",
    "DecimalField": "decimal",
    "FloatField": "decimal",
    "MoneyField": "decimal",
}
INPUT_TYPES = {"email", "tel", "url", "search", "color", "range", "time", "month", "week"}


def kind_of(field: Field) -> str:
    """Return the kind of control.

    text, textarea, number, date, datetime, checkbox, radio, select, remote, file, password or
    hidden.
    """
    said = getattr(field, "control_kind", "")
    if said:
        return str(said)
    if lookup_url(field):
        return "remote"
    widget = type(field.widget).__name__
    by_widget = {
        "Select": "select",
        "Select2Widget": "select",
        "Select2ManyWidget": "select",
        "TextArea": "textarea",
        "BS3TextAreaFieldWidget": "textarea",
        "CheckboxInput": "checkbox",
        "FileInput": "file",
        "PasswordInput": "password",
        "BS3PasswordFieldWidget": "password",
        "HiddenInput": "hidden",
        "ListWidget": "radio",
    }
    if widget in by_widget:
        return by_widget[widget]
    by_type = {
        "DateField": "date",
        "DateTimeLocalField": "datetime",
        "DateTimeField": "datetime-text",
    }
    return by_type.get(field.type) or ("number" if field.type in NUMERIC else "text")


def lookup_url(field: Field) -> str:
    """Where a remote select looks its options up."""
    found = getattr(field, "lookup_url", "") or (field.render_kw or {}).get("data_lookup_url", "")
    return str(found() if callable(found) else found)


def control(field: Field, **extra: Any) -> Markup:
    """Return the control alone.

    `extra` are further attributes, a class among them is added to ours.
    """
    kind = kind_of(field)
    given = {**(field.render_kw or {}), **extra}
    for word in ("suffix", "prefix", "width"):
        given.pop(word, None)
    attributes: dict[str, Any] = {"id": field.id, "name": field.name, **given}
    for flag, value in vars(field.flags).items():
        if (
            flag in ("maxlength", "minlength", "readonly", "disabled", "accept")
            and flag not in attributes
        ):
            attributes[flag] = value
    if field.flags.required and kind not in ("checkbox", "radio"):
        attributes.setdefault("required", True)
    attributes = {key: value for key, value in attributes.items() if value is not None}
    draw = {
        "textarea": _textarea,
        "checkbox": _checkbox,
        "radio": _radio,
        "select": _select,
        "remote": _select,
        "file": _file,
    }.get(kind, _input)
    return draw(field, kind, attributes)


def _classes(attributes: dict[str, Any], *ours: str) -> None:
    given = [str(attributes.pop(key)) for key in ("class", "class_") if attributes.get(key)]
    attributes["class"] = " ".join([*ours, *given]).strip()


def _value(field: Field) -> str:
    found = field._value() if hasattr(field, "_value") else field.data
    return "" if found is None else str(found)


def _input(field: Field, kind: str, attributes: dict[str, Any]) -> Markup:
    natural = getattr(field.widget, "input_type", "text") or "text"
    shape = natural if natural in INPUT_TYPES else "text"
    numeric = kind == "number"
    if kind in ("password", "hidden", "date"):
        shape = kind
    elif kind == "datetime":
        shape = "datetime-local"
    if kind.startswith("date"):
        attributes.setdefault("data_date", "Y-m-d H:i:S" if kind == "datetime-text" else True)
    if numeric:
        attributes.setdefault("inputmode", NUMERIC.get(field.type, "decimal"))
        attributes.setdefault("autocomplete", "off")
    if kind == "password":
        attributes.setdefault("autocomplete", "new-password")
    if kind != "hidden":
        _classes(attributes, "form-control", *(["num"] if numeric else []))
    attributes.setdefault("value", "" if kind == "password" else _value(field))
    return Markup("<input {}>").format(
        Markup(html_params(type=attributes.pop("type", shape), **attributes))
    )


def _textarea(field: Field, kind: str, attributes: dict[str, Any]) -> Markup:
    _classes(attributes, "form-control")
    attributes.setdefault("rows", 3)
    # The first newline after <textarea> is dropped by browsers; one more keeps the text as it is.
    return Markup("<textarea {}>\r\n{}</textarea>").format(
        Markup(html_params(**attributes)), _value(field)
    )


def _checkbox(field: Field, kind: str, attributes: dict[str, Any]) -> Markup:
    _classes(attributes, "form-check-input")
    attributes["type"] = "checkbox"
    attributes.setdefault("value", "y")
    return Markup("<input {}>").format(Markup(html_params(checked=bool(field.data), **attributes)))


def _radio(field: Field, kind: str, attributes: dict[str, Any]) -> Markup:
    parts = []
    for option in field:
        params = html_params(
            id=option.id,
            name=option.name,
            type=getattr(option.widget, "input_type", "radio"),
            value=option._value() if hasattr(option, "_value") else option.data,
            checked=bool(getattr(option, "checked", False)),
            class_="form-check-input",
        )
        parts.append(
            Markup(
                '<label class="form-check"><input {}>'
                '<span class="form-check-label">{}</span></label>'
            ).format(Markup(params), option.label.text)
        )
    return Markup('<div class="stack-s">{}</div>').format(Markup("").join(parts))


def _options(field: Field) -> Iterable[tuple[str, object, bool]]:
    for choice in field.iter_choices():
        yield _option(choice)


def _option(choice: Any) -> tuple[str, object, bool]:
    """Return value, label and whether it is chosen, also of the plain tuples of older fields."""
    if isinstance(choice, tuple):
        return str(choice[0]), choice[1], bool(choice[2])
    return str(choice.value), choice.label, bool(choice.selected)


def _drawn(options: Iterable[tuple[str, object, bool]]) -> Markup:
    return Markup("").join(
        Markup('<option value="{}"{}>{}</option>').format(
            value, Markup(" selected") if chosen else "", label
        )
        for value, label, chosen in options
    )


def _select(field: Field, kind: str, attributes: dict[str, Any]) -> Markup:
    many = bool(attributes.get("multiple") or getattr(field.widget, "multiple", False))
    many = (
        many or type(field.widget).__name__ == "Select2ManyWidget"
    )  # says so only while it is drawn
    groups = bool(getattr(field, "has_groups", lambda: False)())
    count = 0
    if groups:
        body = Markup("")
        for label, choices in field.iter_groups():
            rows = [_option(one) for one in choices]
            count += len(rows)
            body += Markup('<optgroup label="{}">{}</optgroup>').format(label, _drawn(rows))
    else:
        rows = list(_options(field))
        count = len(rows)
        body = _drawn(rows)
    _classes(attributes, "form-select")
    attributes["multiple"] = many
    if kind == "remote":
        attributes.pop("data_lookup_url", None)
        attributes["data_lookup_url"] = lookup_url(field)
        if within := getattr(field, "lookup_within", ""):
            attributes["data_lookup_within"] = within
        if not field.flags.required and not many:
            body = Markup('<option value=""></option>') + body
    elif many or count > SHORT_LIST:
        attributes.setdefault("data_tom", True)
    return Markup("<select {}>{}</select>").format(Markup(html_params(**attributes)), body)


def is_optional(field: Field) -> bool:
    """Whether the label says so. A select that always holds something has nothing to leave out."""
    given = field.render_kw or {}
    if (
        field.flags.required
        or given.get("required")
        or given.get("readonly")
        or given.get("disabled")
    ):
        return False
    if kind_of(field) == "radio":
        return False
    if kind_of(field) == "select" and not getattr(field.widget, "multiple", False):
        return any(value in ("", "__None") for value, _label, _chosen in _options(field))
    return True


def _file(field: Field, kind: str, attributes: dict[str, Any]) -> Markup:
    _classes(attributes, "form-control")
    attributes.pop("value", None)
    return Markup("<input {}>").format(Markup(html_params(type="file", **attributes)))
