"""What of Twilio's published description the stand-in needs: distilled once into twilio_messages.json.

`python -m tests.stand_ins.twilio_spec PATH/twilio_api_v2010.json` writes it anew.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

DISTILLED = Path(__file__).with_name("twilio_messages.json")
PUBLISHED = Path(__file__).resolve().parents[3] / "shared/specs/twilio/twilio_api_v2010.json"
_MESSAGES = "/2010-04-01/Accounts/{AccountSid}/Messages.json"
_MESSAGE = "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json"
_KEPT = ("type", "format", "pattern", "minLength", "maxLength", "enum")


def load() -> dict[str, Any]:
    return dict(json.loads(DISTILLED.read_text()))


def distil(spec: dict[str, Any]) -> dict[str, Any]:
    """Parameters with their patterns, the shape of a message, and its statuses."""
    paths = spec["paths"]
    body = paths[_MESSAGES]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]
    message = spec["components"]["schemas"]["api.v2010.account.message"]
    return {
        "version": spec["info"]["version"],
        "create": _properties(spec, body["schema"]["properties"]),
        "create_required": body["schema"].get("required", []),
        "list": {item["name"] for item in paths[_MESSAGES]["get"]["parameters"]} - {"AccountSid"},
        "account_sid": _short(spec, paths[_MESSAGES]["get"]["parameters"][0]["schema"]),
        "methods": {_MESSAGES: _methods(paths[_MESSAGES]), _MESSAGE: _methods(paths[_MESSAGE])},
        "message": _properties(spec, message["properties"]),
        "status": spec["components"]["schemas"]["message_enum_status"]["enum"],
    }


def _methods(path: dict[str, Any]) -> list[str]:
    return sorted(verb for verb in ("get", "post", "delete") if verb in path)


def _properties(spec: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {name: _short(spec, schema) for name, schema in properties.items()}


def _short(spec: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        schema = spec["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return {key: schema[key] for key in _KEPT if key in schema}


def as_json(distilled: dict[str, Any]) -> str:
    return json.dumps(distilled, indent=1, sort_keys=True, default=sorted) + "\n"


if __name__ == "__main__":
    DISTILLED.write_text(as_json(distil(json.loads(Path(sys.argv[1]).read_text()))))
