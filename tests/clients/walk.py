"""What the walk is told about clients."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy.orm import Session

from app.clients.screens import ClientScreen, ContactPointScreen, SegmentScreen
from app.messages.models import DispatchRecipient
from tests.campaigns.conftest import make_reader
from tests.factories import number
from tests.screens.declaring import On, Page, Told

BRITISH = {"all": [{"field": "country", "op": "one_of", "value": ["GB"]}]}
LETTER = {"subject": "Ready", "text": "Your rod is here."}


def _mail() -> dict[str, Any]:
    return {"channel": "email", "value": f"walked{number()}@example.com"}


def _client(_session: Session) -> dict[str, Any]:
    return {"birthday": "1990-05-01", "contact_points": _mail()}


def _older(_session: Session) -> dict[str, Any]:
    return {"birthday": "1990-05-02"}


def _point(_session: Session) -> dict[str, Any]:
    return _mail()


def _other_point(_session: Session) -> dict[str, Any]:
    # The only one of a client is the main one.
    return {"value": _mail()["value"], "primary": None, "valid": None}


def _segment(_session: Session) -> dict[str, Any]:
    return {"definition": json.dumps(BRITISH)}


WALK = {
    ClientScreen: Told(
        # A message that goes out beside the client: what campaigns add to its card.
        does={
            "write": On(
                make_reader,
                told={"channel": "email", **LETTER},
                page=Page(
                    "/client-messages/write/{pk}/email", {"purpose": "transactional", **LETTER}
                ),
                writes=DispatchRecipient,
                again="a second letter",
            )
        },
        adds=_client,
        edits=_older,
    ),
    ContactPointScreen: Told(adds=_point, edits=_other_point),
    SegmentScreen: Told(adds=_segment, sends={"name": "Sent", "definition": BRITISH}),
}
