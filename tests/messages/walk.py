"""What the walk is told about messages."""

from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from app.kit.events.models import Event
from app.messages.choices import DispatchStatus, PauseReason
from app.messages.screens import DispatchScreen, MessageTemplateVersionScreen, SuppressionScreen
from tests.factories import make_dispatch, make_suppression, number
from tests.screens.declaring import On, Page, Told


def _address(_session: Session) -> dict[str, Any]:
    address = f"walked{number()}@example.com"
    return {"channel": "email", "address": address, "source": "Asked by phone"}


HTML = '<p>Tea is here.</p><p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>'
REASON = {"reason": "Asked for the news again by phone"}

WALK = {
    DispatchScreen: Told(
        does={
            "pause": partial(make_dispatch, status=DispatchStatus.RUNNING),
            "resume": partial(
                make_dispatch, status=DispatchStatus.PAUSED, status_reason=PauseReason.USER
            ),
            "cancel": make_dispatch,
        }
    ),
    SuppressionScreen: Told(
        does={
            "lift": On(make_suppression, told=REASON, page=Page("lift/{pk}", REASON), writes=Event)
        },
        adds=_address,
        sends=_address,
    ),
    # A wording of a mail has no number at Twilio.
    MessageTemplateVersionScreen: Told(adds={"content_sid": None, "html": HTML}),
}
