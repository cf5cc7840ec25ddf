"""`Idempotency-Key`: a request that changes something, sent twice, is done and answered once.

The answer is kept whether the work was done or refused: a refusal undoes the work to a savepoint
and is committed alone, under the lock that the key is held by. So a repeat that came at the same
time waits for it and reads it, and never does what the first was told is not possible. What is no
answer to the question itself is not kept, and may be asked again with the same key: who may ask
(401, 403), how often (429), and what went wrong on our side.
"""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Response, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.kit.access import Reader, reader
from app.kit.database.session import db
from app.kit.errors import Again, Invalid
from app.kit.idempotency import Answer, idempotent
from app.kit.problems import MIMETYPE
from app.kit.request_id import request_id
from app.kit.rest.query_parameters import only
from app.kit.rights import GUARDS
from app.kit.screens import boundary
from app.kit.screens.dberrors import as_refusal

JSON = "application/json"
HEADER = "Idempotency-Key"
REFUSALS = frozenset({400, 404, 409, 422})
"""The refusals that are answers; with the successes, all that is kept."""

F = TypeVar("F", bound=Callable[..., Any])


def once(*, insists: bool = False) -> Callable[[F], F]:
    """Let a method of a resource work once for a key; it knows no parameters of the address.

    One that `insists` needs a key where its resource is `idempotent`.
    """

    def decorate(function: F) -> F:
        @wraps(function)
        def called(self: Any, *args: Any, **kwargs: Any) -> Response:
            only()

            def work() -> Response:
                answer: Response = function(self, *args, **kwargs)
                return answer

            key = request.headers.get(HEADER)
            if key is not None:
                return _once(key, work, f"/api/v1/{self.resource_name}")
            if insists and self.idempotent:
                raise Invalid(_("Send an Idempotency-Key with this request."), field=HEADER)
            return work()

        return called  # type: ignore[return-value]

    return decorate


def _once(key: str, work: Callable[[], Response], base: str) -> Response:
    session, who = db.session(), reader()
    owner = f"key:{who.api_key_id}" if who.api_key_id else f"user:{who.user_id}"
    asked = f"{request.method} {request.full_path.rstrip('?')}"
    if version := request.headers.get("If-Match"):
        asked += f" {version}"
    asked += _sight(who)
    with idempotent(session, key, request.get_data(), key_id=owner, operation=asked) as this:
        if this.answer is not None:
            return _replayed(this.answer, base)
        answer = _attempt(session, work)
        if answer.status_code < 400 or answer.status_code in REFUSALS:
            this.keep(answer.status_code, json.loads(answer.get_data()))
            if answer.status_code >= 400:
                boundary.keep_refusal()
        return answer


def _sight(who: Reader) -> str:
    """Return what the reader sees less than everything, empty for nothing.

    What is kept was seen by who asked then: with another sight it is another request.
    """
    stores = None if who.every_store else who.store_ids
    hidden = [guard for guard in GUARDS if not who.may("read", guard)]
    if who.store_ids is None and not hidden:
        return ""
    return f" {who.bound_as} {stores} {hidden}"


class _Refused(Exception):
    """An answer that undoes what was done for it."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


def _refuse(answer: Response) -> None:
    if answer.status_code >= 400:
        raise _Refused(answer)


def _attempt(session: Session, work: Callable[[], Response]) -> Response:
    """Do the work in a savepoint; a refusal undoes it and is the answer. A bug goes on its way."""
    try:
        with session.begin_nested():
            answer = work()
            _refuse(answer)
    except _Refused as refused:
        return refused.answer
    except Exception as error:
        found = None if isinstance(as_refusal(error), Again) else boundary.refused(error)
        if found is None or found.status_code not in REFUSALS:
            raise
        return found
    return answer


def _replayed(kept: Answer, base: str) -> Response:
    # A problem bears the name of the request that reads it.
    body = {**kept.body, "instance": request_id()} if kept.status >= 400 else kept.body
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    answer = Response(text, kept.status, mimetype=JSON if kept.status < 400 else MIMETYPE)
    answer.headers["Idempotency-Replayed"] = "true"
    row = kept.body.get("result")
    if kept.status < 400 and isinstance(row, dict) and row.get("version") is not None:
        answer.headers["ETag"] = f'"{row["version"]}"'
    if kept.status == 201:
        answer.headers["Location"] = f"{base}/{kept.body['id']}"
    return answer
