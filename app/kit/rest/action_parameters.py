"""What an operation asks for beside its record: read from JSON, and described."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from app.kit.database.source import SAYS
from app.kit.errors import Invalid
from app.kit.rest.payload import Errors, FieldErrors
from app.kit.rest.values import ID_SCHEMA, read_id
from app.kit.screens.elements import ActionParameter


def told(parameters: Sequence[ActionParameter], body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the caller tells, by name. Raises FieldErrors."""
    known = {ask.name: ask for ask in parameters}
    errors = Errors()
    values: dict[str, Any] = {}
    for name, raw in body.items():
        if errors.full:
            break
        if name not in known:
            errors.add(name[:100], _("There is no such field."))
        elif raw is not None:
            try:
                values[name] = _read(known[name], raw)
            except Invalid as error:
                errors.add(name, str(error.message))
    for ask in parameters:
        if ask.required and ask.name not in errors and values.get(ask.name) in (None, "", []):
            errors.add(ask.name, _("This is needed."))
    if errors:
        raise FieldErrors(errors)
    return values


def _read(ask: ActionParameter, raw: Any) -> Any:
    if ask.kind in ("texts", "ids"):
        if not isinstance(raw, list) or len(raw) > ask.longest:
            raise Invalid(_("Send a list of at most %(number)s.", number=ask.longest))
        return [_text(one, 320) if ask.kind == "texts" else read_id(one) for one in raw]
    if ask.kind == "id":
        return read_id(raw)
    if ask.kind == "flag":
        if not isinstance(raw, bool):
            raise Invalid(_("Send true or false."))
        return raw
    text = _text(raw, ask.longest)
    if ask.values and text not in ask.values:
        raise Invalid(_("Choose one of the list."))
    return text


def _text(raw: Any, longest: int) -> str:
    if not isinstance(raw, str):
        raise Invalid(_("Send a text."))
    if len(raw) > longest:
        raise Invalid(_("At most %(number)s characters.", number=longest))
    return raw.strip()


def schema(parameters: Sequence[ActionParameter], **more: Any) -> dict[str, Any]:
    """Return the schema of the object that tells it; `more` are further properties."""
    found: dict[str, Any] = {
        "type": "object",
        "properties": {ask.name: _schema(ask) for ask in parameters} | more,
        "additionalProperties": False,
    }
    if needed := [ask.name for ask in parameters if ask.required]:
        found["required"] = needed
    return found


def _schema(ask: ActionParameter) -> dict[str, Any]:
    title = {"title": str(ask.label)} | ({} if ask.required else {"nullable": True})
    least = {"minItems": 1} if ask.required else {}
    if ask.kind == "flag":
        return {"type": "boolean", **title}
    if ask.kind == "id":
        return {**ID_SCHEMA, **title}
    if ask.kind in ("texts", "ids"):
        one = {"type": "string", "maxLength": 320} if ask.kind == "texts" else ID_SCHEMA
        return {"type": "array", "items": one, "maxItems": ask.longest, **least, **title}
    if ask.values:
        return {"type": "string", "enum": list(ask.values), **title}
    # Spaces alone are no answer to what is needed.
    needed = {"minLength": 1, "pattern": SAYS} if ask.required else {}
    return {"type": "string", "maxLength": ask.longest, **needed, **title}
