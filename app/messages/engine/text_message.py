"""What is sent by Twilio and by whose account.

Apart from the sender, whose libraries take half a second to load.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True)
class TwilioAccount:
    """Whose account, and where its API is."""

    sid: str
    token: str = field(repr=False)
    api_base: str = ""


class TextMessage(NamedTuple):
    """One SMS, or one WhatsApp message when the addresses begin with `whatsapp:`.

    `sender` is a number, or the SID of a Messaging Service (MG…). Outside WhatsApp's 24 hours only
    `content_sid` with its `variables` is taken.
    """

    key: int
    to: str
    sender: str
    body: str = ""
    content_sid: str = ""
    variables: str = ""
    status_callback: str = ""
    batch: int = 0


def content_variables(values: Mapping[str, str]) -> str:
    """Return ContentVariables as Twilio wants them: no value is empty there."""
    return json.dumps({name: value or " " for name, value in values.items()}, ensure_ascii=False)
