"""One message to one client."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.campaigns import queries
from app.campaigns.operations.content import SINGLES, Message, make_version
from app.clients.models import Client
from app.clients.operations import add_to_timeline
from app.company.queries import company_name
from app.kit import clock
from app.kit.errors import Conflict
from app.messages import operations as messages


def write_to_client(session: Session, client: Client, message: Message) -> tuple[int, int]:
    """Write to a client's main address; return the sending and the place in it.

    Raises Conflict without an address or consent, Invalid for the words. Consent is asked again
    when the message leaves.
    """
    address = queries.address_of(session, client.id, message.channel)
    if address is None:
        raise Conflict(_l("This client has no address for this channel."))
    if not queries.may_write(session, client.id, message.channel, message.purpose):
        raise Conflict(
            _l(
                "This client has not agreed to “%(purpose)s” by %(channel)s.",
                purpose=message.purpose.label,
                channel=message.channel.label,
            )
        )
    if queries.is_suppressed(session, message.channel, address, message.purpose):
        raise Conflict(_l("Nothing may be sent to this address any more: it is suppressed."))
    version = make_version(session, message, message.purpose, name=SINGLES)
    dispatch_id, ord_ = messages.send_one(
        session,
        version,
        address,
        client_id=client.id,
        values={"company": company_name(session)},
    )
    add_to_timeline(
        session,
        client.id,
        "message.written",
        at=clock.now(),
        ref=("dispatch", dispatch_id),
        data={"channel": message.channel.value},
    )
    return dispatch_id, ord_
