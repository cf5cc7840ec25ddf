"""Screens of events and of what their subscribers are owed."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp

from app.kit.events import operations
from app.kit.events.models import Event, EventDelivery, EventDeliveryState
from app.kit.screens import RecordAction, Related, Screen
from app.kit.screens.areas import SETTINGS


def _is_dead(delivery: Any) -> bool:
    return bool(delivery.state == EventDeliveryState.DEAD)


class EventScreen(Screen):
    """What happened, as the parts of the program tell each other."""

    model = Event
    area, icon = SETTINGS, "bell"
    label, one = _l("Events"), _l("Event")
    help = _l("What happened, as the parts of the program tell each other. Kept for 30 days.")
    empty = _l("Nothing has happened yet.")
    adds = edits = archives = False
    list_columns = ("name", "at", "data")
    filters = ("name",)
    sections = ((_l("Event"), ("name", "at", "data")),)
    related = (Related("EventDelivery", by="event"),)


class DeliveryScreen(Screen):
    """Who was told what, and what failed."""

    model = EventDelivery
    area, icon = SETTINGS, "send"
    label, one = _l("Event deliveries"), _l("Event delivery")
    help = _l("Who was told what. A failed delivery can be tried again.")
    empty = _l("Nothing was delivered yet.")
    adds = edits = archives = False
    list_columns = ("event", "subscriber", "state", "attempts", "error", "done_at")
    filters = ("state",)
    sections = (
        (_lp("of an event", "Delivery"), ("event", "subscriber", "state")),
        (_l("Attempts"), ("attempts", "not_before", "done_at", "error")),
    )
    actions_on = {
        "retry": RecordAction(
            operations.deliver_again,
            _l("Try again"),
            icon="refresh",
            done=_l("It will be tried again at once."),
            when=_is_dead,
            primary=True,
        )
    }
    api = True


SCREENS = (EventScreen, DeliveryScreen)
