"""What the walk is told about events."""

from functools import partial

from app.kit.events.models import EventDeliveryState
from app.kit.events.screens import DeliveryScreen
from tests.factories import make_event_delivery
from tests.screens.declaring import Told

WALK = {
    DeliveryScreen: Told(
        does={"retry": partial(make_event_delivery, state=EventDeliveryState.DEAD)}
    ),
}
