"""Answers as JSON, with the version that a record has as ETag."""

import json
from collections.abc import Mapping
from typing import Any

from flask import Response


def json_answer(status: int, body: Mapping[str, Any]) -> Response:
    """Return a body as JSON; names and texts stay as they are written."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=str)
    return Response(text, status, mimetype="application/json")


def with_version(answer: Response, row: Mapping[str, Any]) -> Response:
    """Say the record's version as ETag, where it has one."""
    if row.get("version") is not None:
        answer.headers["ETag"] = f'"{row["version"]}"'
    return answer
