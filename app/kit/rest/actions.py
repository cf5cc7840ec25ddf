"""What can be done with records, as operations of the API: from the screen's own declaration.

`POST /<id>/<action>` does with one record what its button does, `POST /bulk/<action>` with many by
a job, `POST /<id>/restore` brings back what was archived. Rights, conditions, sentences and events
are the screen's; a version that is sent (in the body, or as If-Match) must be the present one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, abort, request
from flask_appbuilder.api import expose
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.kit.access import require
from app.kit.database.model import Model
from app.kit.database.session import db
from app.kit.errors import Invalid, NotFound
from app.kit.rest import action_parameters, payload
from app.kit.rest.idempotency_key import once
from app.kit.rest.listing import Listing
from app.kit.rest.query_parameters import Query, asked_in, only
from app.kit.rest.records import Records
from app.kit.rest.resource_registry import resources
from app.kit.rest.responses import json_answer, with_version
from app.kit.screens.authorization import needs
from app.kit.screens.bulk import MOST_TICKED, note_run, own_run, refuse_bulk
from app.kit.screens.models import BulkRun
from app.kit.screens.paging import BIGGEST_ID
from app.kit.screens.record import load_or_404
from app.kit.screens.saving import act, restore_one
from app.kit.screens.selection import COUNT_CAP, capped_at


class ActionRoutes(Listing, Records):
    """The routes of a resource that do something with its records."""

    @expose("/<int:pk>/<word:name>", methods=["POST"])
    @needs("read")
    @once()
    def do(self, pk: int, name: str, **kwargs: Any) -> Response:
        action = self.of.all_operations().get(name)
        if action is None:
            abort(404)
        require(*(action.needs or (name, self.view)))
        session = db.session()
        obj = load_or_404(self.of, session, pk)
        body = _optional_body()
        if refused := self.stale(session, obj, self.told_version(body), required=False):
            return refused
        found = act(session, obj, action, **action_parameters.told(action.parameters, body))
        return _done(self, session, pk, str(action.done or ""), found)

    @expose("/<int:pk>/restore", methods=["POST"])
    @needs("delete")
    @once()
    def restore(self, pk: int, **kwargs: Any) -> Response:
        session = db.session()
        obj = load_or_404(self.of, session, pk)
        body = _optional_body()
        if refused := self.stale(session, obj, self.told_version(body), required=False):
            return refused
        action_parameters.told((), body)
        restore_one(session, obj)
        return _done(self, session, pk, "", None)

    @expose("/bulk/<word:name>", methods=["POST"])
    @needs("read")
    @once()
    def start_bulk(self, name: str, **kwargs: Any) -> Response:
        refuse_bulk(self.of, name)
        session = db.session()
        run = note_run(self.of, session, name, _meant(self, session, payload.json_body()))
        answer = json_answer(202, _told_of(run))
        answer.headers["Location"] = f"/api/v1/{self.resource_name}/bulk/{run.id}"
        return answer

    @expose("/bulk/<int:pk>", methods=["GET"])
    @needs("read")
    def show_bulk(self, pk: int, **kwargs: Any) -> Response:
        only()
        return json_answer(200, _told_of(own_run(self.of, db.session(), pk)))


def _optional_body() -> dict[str, Any]:
    return payload.json_body() if request.get_data() else {}


def _done(resource: Records, session: Session, pk: int, sentence: str, found: object) -> Response:
    """Answer with the record in its new state; beside it what was made."""
    session.flush()
    try:
        row = resource.read_one(session, pk)
    except NotFound:
        row = None  # in its new state it is none of this screen's records
    body: dict[str, Any] = {"id": pk, "result": row, "message": sentence or _("Done.")}
    own = isinstance(found, resource.model) and found.id == pk
    if isinstance(found, Model) and not own and getattr(found, "id", None) is not None:
        body["made"] = _reference(found)
    return with_version(json_answer(200, body), row or {})


def _reference(made: Any) -> dict[str, Any]:
    """Return where what was made is found; some of it has no address of its own."""
    names = [name for name, one in resources().items() if one.model is type(made)]
    return {"id": made.id, "resource": names[0] if names else None}


def _told_of(run: BulkRun) -> dict[str, Any]:
    row = {
        "id": run.id,
        "action": run.action,
        "status": run.status.value,
        "total": run.total,
        "done": run.done,
        "skipped": run.skipped,
        "failed": run.failed,
        "reasons": run.reasons,
    }
    return {"id": run.id, "result": row}


def _meant(resource: ActionRoutes, session: Session, body: Mapping[str, Any]) -> Sequence[int]:
    """Return the ids of the records that are meant: named, or all that match now."""
    if ("ids" in body) == bool({"filters", "search"} & body.keys()):
        raise Invalid(_("Send either “ids” or “filters” and “search”."), field="ids")
    if "ids" not in body:
        return _matching(resource, session, asked_in(body))
    ids = body["ids"]
    if odd := set(body) - {"ids"}:
        raise Invalid(_("There is no such field."), field=min(odd)[:100])
    if not isinstance(ids, list) or not 0 < len(ids) <= MOST_TICKED:
        raise Invalid(_("Send 1 to %(number)s ids.", number=MOST_TICKED), field="ids")
    if not all(type(one) is int and 0 < one <= BIGGEST_ID for one in ids):
        raise Invalid(_("Send a list of numbers."), field="ids")
    return list(dict.fromkeys(ids))


def _matching(resource: ActionRoutes, session: Session, question: Query) -> Sequence[int]:
    if not question.filters and not question.words:
        raise Invalid(_("Say which records are meant."), field="filters")
    chosen = resource.selection(session, question)
    chosen.insist_on_all()
    if chosen.nothing:
        return []
    pk = chosen.plan.root.c.id
    wanted = chosen.plan.select(pk, where=chosen.where).order_by(pk).limit(COUNT_CAP + 1)
    found = session.scalars(wanted).all()
    if len(found) > COUNT_CAP:
        most = capped_at()
        raise Invalid(
            _("More than %(number)s records match. Narrow it down.", number=most), field="filters"
        )
    return found
