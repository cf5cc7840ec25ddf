"""The OpenAPI description of resources, written from their fields."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.kit.database.source import SAYS
from app.kit.problems import MIMETYPE
from app.kit.rest import action_parameters
from app.kit.rest.change_tracking import is_kept
from app.kit.rest.declaration import ResourceDeclaration
from app.kit.rest.expanding import MOST, targets
from app.kit.rest.headers import headers_of
from app.kit.rest.json_schemas import patched
from app.kit.rest.natural_keys import LONGEST, names_of
from app.kit.rest.payload import MERGE_PATCH
from app.kit.rest.query_parameters import LONGEST_SEARCH
from app.kit.rest.values import ApiField
from app.kit.screens.attrs import table_of
from app.kit.screens.elements import MOST_LINES
from app.kit.screens.filters import operators_of
from app.kit.screens.forms import is_required
from app.kit.screens.paging import BIGGEST_ID

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "errors"],
    "properties": {
        "type": {"type": "string", "description": "For programs; never translated"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence in the caller's language"},
        "instance": {"type": "string", "description": "The answer's X-Request-Id"},
        "errors": {
            "type": "object",
            "description": "Sentences by field",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "result": {"type": "object", "description": "With 409: the present record"},
    },
}
_PROBLEMS = {
    "400": "The request could not be read",
    "401": "Not signed in",
    "403": "The right is missing",
    "404": "There is no such thing",
    "405": "Not possible here",
    "409": "The present state is against it",
    "410": "Told before the database was restored: begin anew",
    "413": "Too large",
    "415": "Not JSON",
    "422": "A field is not valid",
    "429": "Too many requests",
    "500": "A fault of ours; nothing was saved",
}


def problems(*, keyed: bool) -> dict[str, Any]:
    """Return the refusals that every operation may answer with."""
    content = {MIMETYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        code: {"description": words, "headers": headers_of(code, keyed=keyed), "content": content}
        for code, words in _PROBLEMS.items()
    }


def _plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Without lazy texts."""
    return {k: str(v) if k in ("title", "description") else v for k, v in schema.items()}


def info(resource: ResourceDeclaration) -> dict[str, Any]:
    """Return what a program needs to draw forms and filters: the answer of `_info`."""
    screen = resource.of
    written = {n: f for n, f in resource.writable_fields.items() if screen.sees(f.attr)}
    return {
        "name": str(screen.label),
        "permissions": [f"can_{name}" for name in resource.permissions() if screen.may(name)],
        "fields": {
            field.name: {
                **_plain(field.schema),
                "required": field.name in written and is_required(screen, field.attr),
                "writable": field.name in written,
            }
            for field in resource.seen_fields()
        },
        "filters": {
            name: [{"operator": one.name, "name": str(one.label)} for one in operators_of(attr)]
            for name, attr in screen.filterable().items()
        },
        "order_columns": list(screen.seen_order()),
    }


def schemas(resource: ResourceDeclaration) -> dict[str, Any]:
    """Return the component schemas of a resource: record, POST, PUT and PATCH."""
    name = type(resource).__name__
    properties: dict[str, Any] = {"id": _ID}
    if resource.has_version:
        properties["version"] = {"type": "integer"}
    properties |= {**_record(resource.all_fields.values()), **_read_lines(resource)}
    if known := targets(resource):
        properties["expanded"] = {
            "type": "object",
            "properties": {
                name: {"allOf": [_ref(f"{type(one).__name__}.get")], "nullable": True}
                for name, one in known.items()
            },
        }
    written = _written(resource)
    post = _post(resource, written)
    changed = {n: s for n, s in written.items() if n not in resource.of.fixed}
    put: dict[str, Any] = {
        "type": "object",
        "properties": {**changed, **_sent_lines(resource, with_id=True)},
        "additionalProperties": False,
    }
    if resource.has_version:
        # Not required: it may be sent as If-Match.
        put["properties"]["version"] = _VERSION
    found = {f"{name}.get": {"type": "object", "required": ["id"], "properties": properties}}
    if resource.adds:
        found[f"{name}.post"] = post
    if resource.edits:
        found[f"{name}.put"] = put
        found[f"{name}.patch"] = {**put, "properties": _patched(put["properties"])}
    if resource.pair and (resource.adds or resource.edits):
        found[f"{name}.by"] = _by(resource, post, put)
    return found


def _by(
    resource: ResourceDeclaration, post: Mapping[str, Any], put: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what is told of a record by its key: all of it, or what is new of one."""
    made = post["properties"] if resource.adds else {}
    made = made if resource.parameters else _patched(made)
    changed = _patched(put["properties"]) if resource.edits else {}
    return _closed({**made, **changed}, [])


def _patched(properties: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: patched(one) for name, one in properties.items()}


_VERSION: Mapping[str, Any] = {
    "type": "integer",
    "nullable": True,
    "description": "The version that was read, unless If-Match says it; a stale one is refused",
}


def _post(resource: ResourceDeclaration, written: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Return what makes a record."""
    if resource.parameters:
        return action_parameters.schema(resource.parameters)
    post: dict[str, Any] = {
        "type": "object",
        "properties": {**written, **_only_new(resource), **_sent_lines(resource, with_id=False)},
        "additionalProperties": False,
    }
    for name in resource.needed_lines:
        post["properties"][name]["minItems"] = 1
    if needed := [*_required(resource), *resource.needed_lines]:
        post["required"] = needed
    return post


def _written(resource: ResourceDeclaration) -> dict[str, dict[str, Any]]:
    """Return the fields of a form as they are sent; of what is needed, nothing is no value."""
    found = {n: _plain(f.sent) for n, f in resource.writable_fields.items()}
    for name in _required(resource):
        found[name].pop("nullable", None)
        if found[name].get("type") == "string" and not found[name].keys() & _FORMS:
            found[name] |= _SAYS
    return found


def _required(resource: ResourceDeclaration) -> list[str]:
    return [n for n, f in resource.writable_fields.items() if is_required(resource.of, f.attr)]


def _only_new(resource: ResourceDeclaration) -> dict[str, Any]:
    """Return what is said of new records only: where they come from, and what is moved in."""
    found = {name: _plain(field.sent) for name, field in resource.new_fields.items()}
    for name in resource.moved_in:
        found[name]["description"] = "Needs the right to move in"
    return found


# A text that is needed is more than spaces; what has a form of its own keeps that.
_FORMS = {"pattern", "format", "enum"}
_SAYS = {"minLength": 1, "pattern": SAYS}


def _record(fields: Iterable[ApiField]) -> dict[str, Any]:
    """Return the properties of fields as they are read: a relation's name stands beside its id."""
    found: dict[str, Any] = {}
    for field in fields:
        found[field.name] = _plain(field.schema)
        if field.attr.target is not None:
            found[f"{field.name}_name"] = {"type": "string", "nullable": True}
    return found


_ID = {"type": "integer", "format": "int64"}


def _read_lines(resource: ResourceDeclaration) -> dict[str, Any]:
    return {
        name: {
            "type": "array",
            "items": {"type": "object", "properties": {"id": _ID, **_record(one.fields.values())}},
        }
        for name, one in resource.nested.items()
    }


def _sent_lines(resource: ResourceDeclaration, *, with_id: bool) -> dict[str, Any]:
    """Return the lines as they are sent.

    `with_id` a line of the record may be among them, by its id: of it nothing else is needed.
    """
    found: dict[str, Any] = {}
    for name, one in resource.nested.items():
        fields = one.written()
        line = {n: _plain(f.sent) for n, f in fields.items()}
        new = _closed(line, [n for n, field in fields.items() if field.attr.required])
        if with_id:
            present = _closed({"id": _ID, "version": {"type": "integer"}, **line}, ["id"])
            new = {"anyOf": [present, new]}
        found[name] = {"type": "array", "maxItems": MOST_LINES, "items": new}
    return found


def _closed(properties: Mapping[str, Any], needed: list[str]) -> dict[str, Any]:
    """Return an object that has nothing else."""
    more: dict[str, Any] = {"required": needed} if needed else {}
    return {"type": "object", "properties": properties, "additionalProperties": False, **more}


def record_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an answer with one record."""
    properties = {"id": {"type": "integer"}, "result": record}
    return {"type": "object", "required": ["id", "result"], "properties": properties}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def describe(resource: ResourceDeclaration) -> dict[str, Any]:
    """Return the paths of a resource."""
    name, screen = type(resource).__name__, resource.of
    base, tag = f"/api/v1/{resource.resource_name}", [str(screen.label)]

    def ref(kind: str) -> dict[str, str]:
        return _ref(f"{name}.{kind}")

    one, tagged = record_of(ref("get")), resource.has_version
    changing = [IDEMPOTENCY_KEY, IF_MATCH] if tagged else [IDEMPOTENCY_KEY]
    many = {
        "type": "object",
        "required": ["count", "count_is_more", "page_size", "ids", "result", "next"],
        "properties": {
            "count": {"type": "integer"},
            "count_is_more": {"type": "boolean"},
            "page_size": {"type": "integer", "description": "What was asked for, or the most"},
            "ids": {"type": "array", "items": {"type": "integer"}},
            "result": {"type": "array", "items": ref("get")},
            "next": {"type": "string", "nullable": True},
            "changed_until": {
                "type": "string",
                "description": "The next changed_since, on the last page",
            },
        },
    }
    listed = operation(tag, f"List {screen.path}", "200", many, parameters=_asked_of(resource))
    paths: dict[str, Any] = {f"{base}/": {"get": listed}, f"{base}/{{pk}}": {"parameters": [PK]}}
    paths[f"{base}/_info"] = {
        "get": operation(tag, f"Fields and filters of {screen.path}", "200", {"type": "object"})
    }
    record = paths[f"{base}/{{pk}}"]
    record["get"] = operation(
        tag,
        f"Read one of {screen.path}",
        "200",
        one,
        parameters=[_Q, *_expand(resource)],
        tagged=tagged,
    )
    if resource.adds:
        headers = [{**IDEMPOTENCY_KEY, "required": resource.idempotent}]
        summary = f"Add to {screen.path}"
        listed_post = operation(tag, summary, "201", one, ref("post"), headers, tagged=tagged)
        paths[f"{base}/"]["post"] = listed_post
    if resource.edits:
        change = f"Change one of {screen.path}"
        record["put"] = operation(tag, change, "200", one, ref("put"), changing, tagged=tagged)
        change += "; objects are merged (RFC 7396)"
        record["patch"] = operation(tag, change, "200", one, ref("patch"), changing, tagged=tagged)
        content = record["patch"]["requestBody"]["content"]
        content[MERGE_PATCH] = content["application/json"]
    if resource.archives:
        record["delete"] = operation(
            tag, f"Archive one of {screen.path}", "200", one, parameters=changing, tagged=tagged
        )
    return paths


PK = {
    "name": "pk",
    "in": "path",
    "required": True,
    "schema": {"type": "integer", "format": "int64", "minimum": 1, "maximum": BIGGEST_ID},
}
_Q = {
    "name": "q",
    "in": "query",
    "description": "Rison or JSON: filters [{col, opr, value}], order_column, "
    "order_direction, page_size, columns, next",
    "schema": {"type": "string"},
}
_LIST_PARAMETERS = [
    _Q,
    {"name": "next", "in": "query", "schema": {"type": "string"}},
    {
        "name": "page_size",
        "in": "query",
        "description": "The answer says how many it gives at most",
        "schema": {"type": "integer", "minimum": 1},
    },
    {"name": "search", "in": "query", "schema": {"type": "string", "maxLength": LONGEST_SEARCH}},
]
_SINCE = {
    "name": "changed_since",
    "in": "query",
    "description": "A moment, or the changed_until of the last round: what has changed since, "
    "archived records among them. After the database was restored the answer is 410: begin anew",
    "schema": {"type": "string"},
}


def _expand(resource: ResourceDeclaration) -> list[dict[str, Any]]:
    names = [*resource.nested, *targets(resource)]
    one = {
        "name": "expand",
        "in": "query",
        "description": "What is to come with each record, in one text with commas between",
        "style": "form",
        "explode": False,
        "schema": {"type": "array", "maxItems": MOST, "items": {"type": "string", "enum": names}},
    }
    return [one] if names else []


def _asked_of(resource: ResourceDeclaration) -> list[dict[str, Any]]:
    """Return the parameters of a list."""
    found = [*_LIST_PARAMETERS, *_expand(resource)]
    if is_kept(table_of(resource.model)):
        found.append(_SINCE)
    for name in names_of(resource):
        schema = {"type": "string", "minLength": 1, "maxLength": LONGEST}
        words = "The records with exactly this"
        found.append({"name": name, "in": "query", "description": words, "schema": schema})
    return found


IDEMPOTENCY_KEY: Mapping[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key again gives the kept answer",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


IF_MATCH: Mapping[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "description": "The version that was read, or * for any; a stale one is refused",
    "schema": {"type": "string", "pattern": '^([*]|"[0-9]+"|[0-9]+)$'},
}


def operation(
    tags: list[str],
    summary: str,
    code: str,
    answer: Mapping[str, Any],
    body: Mapping[str, Any] | None = None,
    parameters: Any = (),
    *,
    tagged: bool = False,
) -> dict[str, Any]:
    """Return the description of one operation, with the refusals that it may answer with."""
    keyed = any(one["name"] == IDEMPOTENCY_KEY["name"] for one in parameters)
    headers = headers_of(code, keyed=keyed, tagged=tagged)
    content = {"application/json": {"schema": answer}}
    found: dict[str, Any] = {
        "tags": tags,
        "summary": summary,
        "security": [{"jwt": []}, {"cookie": []}],
        "responses": {
            code: {"description": "Done", "headers": headers, "content": content},
            **problems(keyed=keyed),
        },
    }
    if parameters:
        found["parameters"] = list(parameters)
    if body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return found
