"""REST resources of the people: who is in, who is invited, which keys there are."""

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.company import operations
from app.company.models import Invitation
from app.company.screens.keys import ApiKeyScreen
from app.company.screens.members import PLACE, InvitationScreen, MembershipScreen
from app.kit.access import reader
from app.kit.errors import Conflict
from app.kit.rest import Resource
from app.kit.screens import ActionParameter


class MembershipResource(Resource):
    """Nobody is added without being asked: that is an invitation."""

    screen = MembershipScreen
    adds = False


class InvitationResource(Resource):
    """POST offers somebody a place by mail. The link in it is for no program."""

    screen = InvitationScreen
    parameters = (
        ActionParameter("email", _l("Email"), required=True, longest=320),
        ActionParameter("roles", _l("Roles"), "ids", required=True, longest=100),
        *PLACE,
    )

    def create(
        self, session: Session, values: dict[str, Any], *, by: int | None, at: datetime
    ) -> Invitation:
        """Invite; refuse where no mail can be sent, as the link would reach nobody."""
        offer = operations.invite(
            session,
            email=values["email"],
            role_ids=values["roles"],
            all_stores=values.get("all_stores", True),
            store_ids=values.get("stores", ()),
            by=reader(),
            at=at,
        )
        if offer.link is not None:
            raise Conflict(
                _("No mail server is set up, so nothing can be sent. Invite again to see the link.")
            )
        return offer.invitation


class ApiKeyResource(Resource):
    """A key is shown once to the person who makes it: no program makes itself another."""

    screen = ApiKeyScreen
    adds = False


ALL = [MembershipResource, InvitationResource, ApiKeyResource]
