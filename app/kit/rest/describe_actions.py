"""The OpenAPI description of what is done with records: each action by its own path."""

from collections.abc import Sequence
from typing import Any

from app.kit.database.source import LONGEST_KEY, SAYS, SOURCE
from app.kit.rest.action_parameters import schema
from app.kit.rest.declaration import ResourceDeclaration
from app.kit.rest.describe import IDEMPOTENCY_KEY, IF_MATCH, PK, operation, record_of
from app.kit.rest.headers import headers_of
from app.kit.rest.values import ID_SCHEMA
from app.kit.screens.bulk import MOST_TICKED
from app.kit.screens.elements import ActionParameter

_VERSION = {"type": "integer", "nullable": True}
_RUN = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "result": {
            "type": "object",
            "properties": {
                "id": {"type": "integer"},
                "action": {"type": "string"},
                "status": {"type": "string", "enum": ["queued", "running", "done"]},
                "total": {"type": "integer"},
                "done": {"type": "integer"},
                "skipped": {"type": "integer"},
                "failed": {"type": "integer"},
                "reasons": {"type": "object", "additionalProperties": {"type": "integer"}},
            },
        },
    },
}
_IDS = {
    "type": "array",
    "items": ID_SCHEMA,
    "minItems": 1,
    "maxItems": MOST_TICKED,
}
_ONE = [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]
_FILTER = {
    "type": "object",
    "required": ["col"],
    "properties": {
        "col": {"type": "string"},
        "opr": {"type": "string"},
        "value": {"anyOf": [*_ONE, {"type": "array", "items": {"anyOf": _ONE}}]},
    },
    "additionalProperties": False,
}
_MEANT = {
    "oneOf": [
        {
            "type": "object",
            "required": ["ids"],
            "properties": {"ids": _IDS},
            "additionalProperties": False,
        },
        {
            "type": "object",
            "required": ["filters"],
            "properties": {
                "filters": {"type": "array", "items": _FILTER, "minItems": 1, "maxItems": 20},
                "search": {"type": "string", "maxLength": 200},
            },
            "additionalProperties": False,
        },
        {
            "type": "object",
            "required": ["search"],
            "properties": {"search": {"type": "string", "minLength": 1, "maxLength": 200}},
            "additionalProperties": False,
        },
    ]
}


def describe_doing(resource: ResourceDeclaration) -> dict[str, Any]:
    """Return the paths of a resource's actions, one by one and in bulk."""
    screen, base = resource.of, f"/api/v1/{resource.resource_name}"
    tag = [str(screen.label)]
    paths: dict[str, Any] = {}
    for name, action in screen.all_operations().items():
        summary = f"{action.label}: one of {screen.path}"
        paths[f"{base}/{{pk}}/{name}"] = _one(resource, tag, summary, action.parameters)
    if resource.archives:
        summary = f"Restore one of {screen.path}"
        paths[f"{base}/{{pk}}/restore"] = _one(resource, tag, summary, ())
    names = {name: str(bulk.label) for name, bulk in screen.bulk.items()}
    if resource.archives:
        names.setdefault("archive", "Archive")
    for name, label in names.items():
        started = operation(
            tag, f"{label}: many of {screen.path}", "202", _RUN, _MEANT, [IDEMPOTENCY_KEY]
        )
        paths[f"{base}/bulk/{name}"] = {"post": started}
    if names:
        read = operation(tag, f"What became of many of {screen.path}", "200", _RUN)
        paths[f"{base}/bulk/{{pk}}"] = {"parameters": [PK], "get": read}
    return paths


def describe_sourced(resource: ResourceDeclaration) -> dict[str, Any]:
    """Return the path of records by another program's key."""
    if not resource.pair:
        return {}
    name, path = type(resource).__name__, resource.of.path
    tag = [str(resource.of.label)]
    record = {"$ref": f"#/components/schemas/{name}.get"}
    one, tagged = record_of(record), resource.has_version
    found: dict[str, Any] = {
        "parameters": [
            _segment("source", f"^{SOURCE}$", 60, "The other program"),
            _segment("key", SAYS, LONGEST_KEY, "The record's key there"),
        ],
        "get": operation(
            tag, f"Read one of {path} by another program's key", "200", one, tagged=tagged
        ),
    }
    if resource.adds or resource.edits:
        tags = [IF_MATCH] if resource.has_version else []
        headers = [{**IDEMPOTENCY_KEY, "required": resource.idempotent}, *tags]
        both = {"$ref": f"#/components/schemas/{name}.by"}
        summary = f"Make one of {path}, or change the one that is there"
        found["put"] = operation(tag, summary, "200", one, both, headers, tagged=tagged)
        made = found["put"]["responses"]["200"]
        told = headers_of("201", keyed=True, tagged=tagged)
        found["put"]["responses"]["201"] = {**made, "description": "Made", "headers": told}
    return {f"/api/v1/{resource.resource_name}/by/{{source}}/{{key}}": found}


def _segment(name: str, pattern: str, longest: int, words: str) -> dict[str, Any]:
    text = {"type": "string", "minLength": 1, "maxLength": longest, "pattern": pattern}
    return {"name": name, "in": "path", "required": True, "description": words, "schema": text}


def _one(
    resource: ResourceDeclaration,
    tag: list[str],
    summary: str,
    parameters: Sequence[ActionParameter],
) -> dict[str, Any]:
    record = {"$ref": f"#/components/schemas/{type(resource).__name__}.get"}
    answer = {
        "type": "object",
        "required": ["id", "result", "message"],
        "properties": {
            "id": {"type": "integer"},
            "result": {"allOf": [record], "nullable": True},
            "message": {"type": "string"},
            "made": {
                "type": "object",
                "properties": {
                    "id": {"type": "integer"},
                    "resource": {"type": "string", "nullable": True},
                },
            },
        },
    }
    versions, tags = ({"version": _VERSION}, [IF_MATCH]) if resource.has_version else ({}, [])
    body = schema(parameters, **versions)
    asked = [IDEMPOTENCY_KEY, *tags]
    found = operation(tag, summary, "200", answer, body, asked, tagged=resource.has_version)
    found["requestBody"]["required"] = any(ask.required for ask in parameters)
    return {"parameters": [PK], "post": found}
