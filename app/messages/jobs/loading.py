"""What the dispatcher reads: the sending's own part, and whom to write to next."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, Select, bindparam, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.kit.database.session import work
from app.kit.database.stamp import company_stamp
from app.messages.choices import DispatchStatus, RecipientState
from app.messages.jobs import statements as sql
from app.messages.jobs.composing import MessageWording, Plan, Recipient
from app.messages.jobs.recording import BatchClaim, Terms
from app.messages.models import Dispatch, DispatchRecipient, MessageTemplateVersion
from app.messages.queries.audience import suppressed
from app.messages.queries.eligibility import allowed, client_values
from app.messages.queries.routes import Installation, route


def load_plan(claim: BatchClaim, terms: Terms, at: Installation) -> tuple[Plan, DispatchStatus]:
    """Read what all messages of the sending share; a scheduled one begins here."""
    with work(company_stamp(claim.company_id)) as session:
        session.execute(sql.BEGIN, {"dispatch": claim.dispatch_id, "grace": terms.misfire_grace})
        dispatch = session.get_one(Dispatch, claim.dispatch_id)
        return plan_of(session, dispatch, claim.company_id, at), dispatch.status


def plan_of(session: Session, dispatch: Dispatch, company_id: int, at: Installation) -> Plan:
    """Return what all messages of the sending share."""
    version = session.get_one(MessageTemplateVersion, dispatch.message_template_version_id)
    return Plan(
        company_id=company_id,
        dispatch_id=dispatch.id,
        channel=dispatch.channel,
        purpose=dispatch.purpose,
        kind=dispatch.kind,
        wording=MessageWording(
            version.subject,
            version.body,
            version.html,
            version.content_sid or "",
            version.content_variables,
        ),
        route=route(session, dispatch.channel, at),
        values=dispatch.values,
        uncertain_policy=dispatch.uncertain_policy,
        rate_cap=dispatch.rate_cap,
        audience=dispatch.audience,
        priority=dispatch.priority,
    )


class Loader:
    """Reads recipients of one sending; makes its statement once, which took as long as asking."""

    def __init__(self, plan: Plan) -> None:
        row = DispatchRecipient
        waiting = or_(
            row.state == RecipientState.PENDING,
            (row.state == RecipientState.DEFERRED) & (row.next_at <= func.now()),
        )
        first, last = bindparam("first", type_=Integer), bindparam("last", type_=Integer)
        self._waiting = (
            rows_of(plan)
            .where(row.ord.between(first, last), waiting)
            .limit(bindparam("most", type_=Integer))
        )
        self._stamp = company_stamp(plan.company_id)

    def load(self, first: int, last: int, most: int) -> list[Recipient]:
        """Return the next ones to be written to, with what they allow at this moment."""
        with work(self._stamp) as session:
            values = {"first": first, "last": last, "most": most}
            return [Recipient(*one) for one in session.execute(self._waiting, values)]


def rows_of(plan: Plan) -> Select[*tuple[Any, ...]]:
    """Select the recipients of a sending, as `Recipient`, in their order."""
    row = DispatchRecipient
    client_id, address_hash = row.__table__.c.client_id, row.__table__.c.address_hash
    values = client_values(client_id).op("||", return_type=JSONB())(
        literal(dict(plan.values), JSONB)
    )
    values = values.op("||", return_type=JSONB())(
        func.coalesce(row.values, literal({}, JSONB), type_=JSONB)
    )
    return (
        select(
            row.ord,
            client_id,
            row.address,
            values,
            or_(client_id.is_(None), allowed(client_id, plan.channel, plan.purpose)),
            suppressed(plan.channel, address_hash, plan.purpose),
            row.attempt,
        )
        .where(row.dispatch_id == plan.dispatch_id)
        .order_by(row.ord)
    )
