"""Addresses that the outside calls: unsubscribing by one click, and what Twilio reports.

Nobody is signed in here. A signed value in the address says which company and which recipient, and
nothing is looked up before its signature holds.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, Response, current_app, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.company.queries import company_name
from app.kit import settings
from app.kit.database.session import work
from app.kit.database.stamp import company_stamp
from app.kit.rest import Resource
from app.kit.screens import ActionParameter
from app.kit.screens.pages import SignInPage
from app.messages import operations
from app.messages.choices import MessageChannel
from app.messages.engine.references import read_reference
from app.messages.models import Suppression
from app.messages.queries.routes import TWILIO_TOKEN
from app.messages.screens import SuppressionScreen, suppress_by_hand

blueprint = Blueprint("messages", __name__)


def init_app(app: Flask) -> None:
    """Add the addresses. They carry no cookie, so no token against forgery is asked for."""
    app.extensions["csrf"].exempt(blueprint)
    app.register_blueprint(blueprint)


@blueprint.get("/u/<token>")
def ask(token: str) -> str:
    """Ask before unsubscribing: scanners of mails follow every link (RFC 8058, 6)."""
    reference = read_reference("unsubscribe", token)
    with work(company_stamp(reference.company_id)) as session:
        page = SignInPage(
            title=_("Unsubscribe"),
            text=_("You will get no more of these messages."),
            submit_label=_("Unsubscribe"),
            company=company_name(session),
        )
        return render_template("tresen/signin.html", page=page)


@blueprint.post("/u/<token>")
def unsubscribe(token: str) -> str:
    """Unsubscribe at once, by the button or by a mail program's one click. Twice does no harm."""
    reference = read_reference("unsubscribe", token)
    one_click = request.form.get("List-Unsubscribe") == "One-Click"
    with work(company_stamp(reference.company_id)) as session:
        operations.unsubscribe(session, reference, source="one click" if one_click else "link")
        page = SignInPage(
            title=_("You are unsubscribed"),
            done=_("You will get no more of these messages."),
            company=company_name(session),
        )
        return render_template("tresen/signin.html", page=page)


@blueprint.post("/hooks/twilio/<token>")
def twilio_report(token: str) -> Response:
    """Take what Twilio says of a message: 204, or 403 when it is not from Twilio."""
    reference = read_reference("callback", token)
    form = request.form.to_dict()
    config = current_app.config["CRM"]
    with work(company_stamp(reference.company_id)) as session:
        secret = settings.get(session, TWILIO_TOKEN) or config.twilio_auth_token or ""
        if not secret or not _is_signed(secret, form):
            return Response(status=403)
        operations.hear(session, reference, form)
    return Response(status=204)


def _is_signed(secret: str, form: dict[str, Any]) -> bool:
    from app.messages.engine.twilio_sender import is_from_twilio  # noqa: PLC0415 -- slow to load

    # The configured address: a proxy may have changed scheme and host on the way to us.
    url = f"{current_app.config['CRM'].public_url}{request.full_path.rstrip('?')}"
    return is_from_twilio(
        secret,
        url,
        form,
        request.headers.get("X-Twilio-Signature", ""),
        request.headers.get("X-Twilio-Webhooks-Signature-Settings", ""),
    )


class SuppressionResource(Resource):
    """POST suppresses an address; only its fingerprint is kept."""

    screen = SuppressionScreen
    parameters = (
        ActionParameter("channel", _l("Channel"), required=True, values=tuple(MessageChannel)),
        ActionParameter("address", _l("Address"), required=True, longest=320),
        ActionParameter("source", _l("Why"), required=True),
    )

    def create(
        self, session: Session, values: dict[str, Any], *, by: int | None, at: datetime
    ) -> Suppression:
        """Suppress it, or return the entry that is there."""
        channel = MessageChannel(values["channel"])
        hashed, _news = suppress_by_hand(session, channel, values["address"], values["source"])
        known = select(Suppression).where(
            Suppression.channel == channel, Suppression.address_hash == hashed
        )
        return session.scalars(known).one()


RESOURCES = [SuppressionResource]
