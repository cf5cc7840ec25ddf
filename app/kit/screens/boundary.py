"""The boundary of a request: the one place that commits.

A view that answers below 400 is committed; anything else is rolled back. A business error is a
sentence with its status, as a page or as JSON; what the database refused is worded by `dberrors`;
any other exception is a bug: 500, in the log with its trace, and nothing of it shown.
"""

import logging
from typing import Any

from flask import (
    Flask,
    Response,
    abort,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
)
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.sansio.utils import host_is_trusted

from app.kit.access import MissingRight, NobodyReads
from app.kit.database.session import db, is_gone
from app.kit.errors import CrmError
from app.kit.problems import as_problem, problem, title
from app.kit.rights import wording, words_of
from app.kit.screens.dberrors import as_refusal, located
from app.kit.screens.pages import Text

log = logging.getLogger(__name__)
# A document of a thousand lines has twenty thousand.
MOST_FIELDS = 30_000


def init_app(app: Flask) -> None:
    """Install the commit and the error handlers.

    Before other `after_request` functions that need a settled answer.
    """
    app.before_request(_refuse_other_hosts)
    app.before_request(_limit_body)
    app.before_request(_refuse_swollen)
    app.register_error_handler(CrmError, _refusal)
    app.register_error_handler(SQLAlchemyError, _database_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _bug)
    app.after_request(_in_shape)
    app.after_request(_settle)


def _refuse_other_hosts() -> Response | None:
    """Refuse a request under a name that is not this installation's, before anything is done.

    Probes ask by whatever address they know; no link is built for them.
    """
    hosts = current_app.config["CRM"].trusted_hosts
    known = not hosts or host_is_trusted(request.host.lower(), hosts)
    if known or request.blueprint == "health":
        return None
    # Not a page: that would begin a session, with a cookie for the other name.
    said = _("This installation is not known by this name: see TRUSTED_HOSTS.")
    return Response(said, 400, mimetype="text/plain")


def _refuse_swollen() -> Response | None:
    """Refuse a form of more fields than any of ours has, before it is taken apart.

    Before CSRF, which reads the form. Parts have a limit of their own (Flask).
    """
    if request.mimetype != "application/x-www-form-urlencoded":
        return None
    if request.get_data(cache=True).count(b"&") < MOST_FIELDS:
        return None
    return answer(
        413,
        _(
            "A form of more than %(number)s fields is not taken. Save it in parts.",
            number=MOST_FIELDS,
        ),
    )


def _limit_body() -> None:
    """Take less of what is taken apart in memory, at many times its size, than of files.

    Whatever is not sent in parts: JSON, a form, anything a caller calls otherwise. Raises 413
    before it is read; what does not say its length is read so far and no further.
    """
    if request.mimetype == "multipart/form-data":
        return
    most = int(current_app.config["MAX_JSON_LENGTH"])
    request.max_content_length = min(most, request.max_content_length or most)
    if (request.content_length or 0) > request.max_content_length:
        abort(413)


# Seconds: a database that was started anew answers after about as many.
_SOON = 5
_KEPT = "kept_refusal"


def keep_refusal() -> None:
    """Commit this request although it is refused: the work is undone, its answer is kept."""
    setattr(g, _KEPT, True)


def is_api() -> bool:
    """Whether the API is asked, which answers programs only."""
    return request.path.startswith("/api/")


def wants_json() -> bool:
    """Whether the caller is a program: the API, or a script of ours that asks for data."""
    if is_api():
        return True
    accept = request.accept_mimetypes
    return accept.best_match(["text/html", "application/json"]) == "application/json"


def rollback() -> None:
    """Undo what the request did to the database so far."""
    db.session.rollback()


def _in_shape(response: Response) -> Response:
    """Give refusals of the API their shape, whoever made them. Runs after `_settle`."""
    return as_problem(response) if is_api() else response


def _settle(response: Response) -> Response:
    session = db.session()
    if not session.in_transaction():
        return response
    if response.status_code >= 400 and not g.pop(_KEPT, False):
        session.rollback()
        return response
    try:
        session.commit()
    except Exception as error:
        session.rollback()
        refusal = as_refusal(error)
        if refusal is not None:
            return answer(refusal.status, refusal.message, refusal.field)
        log.exception("The commit of %s %s failed", request.method, request.path)
        if is_gone(error):
            return _later(
                _("The database went away. Whether this was saved is not known: look first.")
            )
        return answer(500, _oops())
    return response


def answer(
    status: int, message: Text, field: str | None = None, kind: str = "", **more: Any
) -> Response:
    """Return a refusal as the caller reads it."""
    if wants_json():
        errors = more.get("errors") or ({field: [str(message)]} if field else {})
        return problem(status, message, errors, kind=kind)
    own = f"tresen/{status}.html"
    said = {"title": title(status), "text": message} if message else {}
    page = render_template(own if status in _PAGES else "tresen/error.html", **said, **more)
    return make_response(page, status)


_PAGES = {403, 404, 409, 413, 429, 500}


def _oops() -> str:
    return _("Something went wrong on our side. Nothing was saved; it has been noted.")


def _refusal(error: CrmError) -> Any:
    located(error)
    rollback()
    return _worded(error)


def refused(error: Exception) -> Response | None:
    """Return the answer to a refusal, with nothing undone; None for a bug."""
    if isinstance(error, HTTPException):
        good = (error.code or 500) >= 400 and error.response is None
        return _http_answer(error) if good else None
    refusal = as_refusal(error)
    return None if refusal is None else make_response(_worded(refusal))


def _worded(error: CrmError) -> Any:
    if isinstance(error, NobodyReads):
        return sign_in_first()
    more: dict[str, Any] = {"errors": getattr(error, "errors", None), "kind": error.kind}
    if isinstance(error, MissingRight):
        more["missing"] = wording(*error.right).label
        return answer(error.status, words_of(error), **more)
    return answer(error.status, error.message, error.field, **more)


def sign_in_first() -> Any:
    """Return the answer to somebody who is not signed in.

    A page leads to the sign-in, a script gets 401.
    """
    if wants_json() or request.method != "GET":
        return answer(401, _("Please sign in."))
    back = request.full_path.rstrip("?")
    return redirect(current_app.appbuilder.get_url_for_login_with(back))  # type: ignore[attr-defined]


def _database_error(error: SQLAlchemyError) -> Response:
    refusal = as_refusal(error)
    if refusal is not None:
        return _refusal(refusal)
    if not is_gone(error):
        return _bug(error)
    log.error("%s %s: the database is away", request.method, request.path, exc_info=error)
    rollback()
    g.pop("web_shell", None)
    return _later(_("The database does not answer just now. Nothing was saved; try again soon."))


def _later(words: str) -> Response:
    response = answer(503, words)
    response.headers["Retry-After"] = str(_SOON)
    return response


def _http_error(error: HTTPException) -> Any:
    if (error.code or 500) < 400 or error.response is not None:
        return error
    rollback()
    return _http_answer(error)


def _http_answer(error: HTTPException) -> Response:
    status = error.code or 500
    words = {
        400: _("The request could not be read."),
        403: _("You may not do this."),
        404: _("There is nothing here, or nothing that you may see."),
        405: _("This address does not take such a request."),
        413: _("What was sent is too large."),
        415: _("Send JSON."),
        429: _("Too many requests at once. Try again a little later."),
    }.get(status, str(error.name))
    response = answer(status, words)
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def _bug(error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    rollback()
    g.pop("web_shell", None)
    return answer(500, _oops())
