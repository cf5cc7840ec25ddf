"""Adding, editing, archiving and acting on one record. Flushes; the boundary commits."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import abort, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.access import reader, require
from app.kit.database.lines import one_by_one
from app.kit.database.session import db
from app.kit.errors import Conflict, CrmError
from app.kit.rights import words_of
from app.kit.screens import forms, user_names
from app.kit.screens.attrs import title_of
from app.kit.screens.boundary import rollback
from app.kit.screens.dberrors import as_refusal
from app.kit.screens.declaration import Declaration
from app.kit.screens.elements import RecordAction
from app.kit.screens.models import FormSent
from app.kit.screens.pages import ConflictField, EditConflict, FormError, FormPage, Link, Note
from app.kit.screens.paging import read_id
from app.kit.screens.record import eager, load_or_404, show_page, shown, value_of


class Attempt:
    """One try to save: the form, its lines, and what went wrong."""

    def __init__(self, screen: Declaration, session: Session, obj: Any) -> None:
        self.screen, self.session, self.obj = screen, session, obj
        self.adding = obj is None
        self.attrs = forms.form_attrs(screen, adding=self.adding)
        sent = request.form if request.method == "POST" else None
        self.form = forms.make_form(screen, self.attrs, obj, sent)
        self.lines = [
            forms.LinesForm(screen, session, obj, one) for one in screen.lines if one.editable
        ]
        for one in self.lines:
            one.bind(sent)
        self.errors: list[FormError] = []
        self.conflict: EditConflict | None = None
        self.version = getattr(obj, "version", None)

    @property
    def kinds(self) -> list[type[Any]]:
        """The models of the lines."""
        return [one.child for one in self.lines]

    def is_valid(self) -> bool:
        good = all([self.form.validate(), *(one.validate() for one in self.lines)])
        return not self._emptied() and good

    def _emptied(self) -> bool:
        """Whether a value that must be there was deleted; only a new record has it by default."""
        if self.adding:
            return False
        fields = [self.form[name] for name, attr in self.attrs.items() if not attr.nullable]
        gone = [field for field in fields if field.data is None and not field.errors]
        for field in gone:
            field.errors = [_("This is needed.")]
        return bool(gone)

    def is_as_stored(self) -> bool:
        """Whether the record already says what the form does."""
        names = forms.changed_names(self.obj, self.attrs, self.form)
        return not names and not any(one.differs() for one in self.lines)

    def refuse(self, error: CrmError) -> None:
        """Show the sentence beside its field, or on top when it has none."""
        message = str(words_of(error))
        name, _dot, place = str(error.field or "").partition(".")
        sheet = next((one for one in self.lines if one.lines.name == name), None)
        if error.field is not None and error.field in self.attrs:
            field = self.form[error.field]
            field.errors = [*field.errors, message]
        elif sheet is not None:
            sheet.refuse(place, message)
        else:
            self.errors.append(FormError(message))

    def page(self) -> FormPage:
        screen = self.screen
        title = _("New: %(what)s", what=screen.one) if self.adding else title_of(self.obj)
        crumbs = [Link(screen.area.label), Link(screen.label, screen.list_url())]
        back = screen.list_url() if self.adding else screen.url("show", self.obj.id)
        if not self.adding:
            crumbs.append(Link(title, back))
            title = _("Edit %(what)s", what=title)
        return FormPage(
            title=title,
            crumbs=crumbs,
            sections=[
                *forms.sections_of(screen, self.form, self.attrs),
                *(one.sheet() for one in self.lines),
            ],
            hidden=[self.form["once"]],
            errors=self.errors,
            version=self.version,
            conflict=self.conflict,
            save_label=_("Save"),
            save_actions=[("add", _("Save and add another"))] if self.adding else (),
            discard_url=back,
        )

    def answer(self, status: int = 200) -> Any:
        return render_template("tresen/form.html", page=self.page()), status


def add(  # noqa: PLR0911 -- each way in which a form can end
    screen: Declaration, kind: type[Attempt] = Attempt
) -> Any:
    """Answer GET and POST add. `kind` may draw another page around the same form."""
    session = db.session()
    attempt = kind(screen, session, None)
    if request.method == "GET":
        forms.prefill(attempt.form, attempt.attrs)
        return attempt.answer()
    known = _sent_before(screen, session, attempt.form["once"].data)
    if known is not None:
        return redirect(screen.url("show", known))
    if not attempt.is_valid():
        rollback()
        return attempt.answer(422)
    made: list[Any] = []
    refused = attempted(lambda: made.append(_create(attempt)), attempt.kinds)
    if refused is not None:
        known = _sent_before(screen, session, attempt.form["once"].data)
        if known is not None:
            return redirect(screen.url("show", known))
        attempt.refuse(refused)
        return attempt.answer(refused.status)
    flash(_("Saved."), "success")
    if request.form.get("after") == "add":
        return redirect(screen.url("add"))
    return redirect(screen.url("show", made[0].id))


def _create(attempt: Attempt) -> Any:
    screen, session = attempt.screen, attempt.session
    obj = screen.model()
    for name, attr in attempt.attrs.items():
        forms.assign(obj, name, attr, attempt.form[name].data)
    obj = insert(screen, session, obj, by=reader().user_id)
    with session.no_autoflush:
        for one in attempt.lines:
            one.apply(session, obj)
    if attempt.lines and screen.on_edit is not None:
        # The operation completes what was typed into the lines before they are written.
        screen.on_edit(session, obj, by=reader().user_id, at=clock.now())
    session.add(
        FormSent(token=_token(attempt.form["once"].data), screen=screen.name, record_id=obj.id)
    )
    session.flush()
    return obj


def insert(screen: Declaration, session: Session, obj: Any, *, by: int | None) -> Any:
    """Save a new record by the screen's own operation, if it has one; return it with its id."""
    if screen.on_add is not None:
        found = screen.on_add(session, obj, by=by, at=clock.now())
        obj = found if isinstance(found, screen.model) else obj
    # An operation that only checks leaves the adding to us.
    if obj not in session:
        session.add(obj)
    session.flush()
    return obj


def _token(raw: Any) -> str:
    """Return the token under which this reader's form is known."""
    return f"{reader().user_id}:{str(raw)[:64]}".replace("\x00", "")


def _sent_before(screen: Declaration, session: Session, raw: Any) -> int | None:
    """Return the record that this very form has already made."""
    if not raw:
        return None
    return session.scalar(
        select(FormSent.record_id).where(
            FormSent.token == _token(raw), FormSent.screen == screen.name
        )
    )


def attempted(call: Callable[[], object], kinds: Sequence[type[Any]] = ()) -> CrmError | None:
    """Run `call`; return the refusal, with everything rolled back. A bug goes on its way.

    `kinds` are those of its lines, of which the refused one is told.
    """
    try:
        with one_by_one(kinds):
            call()
    except (CrmError, SQLAlchemyError) as error:
        refusal = as_refusal(error)
        if refusal is None:
            raise
        rollback()
        return refusal
    return None


def edit(screen: Declaration, pk: int, kind: type[Attempt] = Attempt) -> Any:
    """Answer GET and POST edit/<pk>. `kind` may draw another page around the same form."""
    session = db.session()
    obj = load_or_404(screen, session, pk, *eager(screen))
    refuse_archived(obj)
    attempt = kind(screen, session, obj)
    if request.method == "GET":
        return attempt.answer()
    if _is_stale(obj):
        if _was_saved_by(obj) and attempt.is_valid() and attempt.is_as_stored():
            # The second of two clicks: what it wants is done.
            return redirect(screen.url("show", pk))
        return _show_conflict(attempt)
    if not attempt.is_valid():
        return attempt.answer(422)
    before = {name: value_of(obj, attr) for name, attr in attempt.attrs.items()}
    refused = attempted(lambda: _update(attempt), attempt.kinds)
    if refused is not None:
        return _refused_edit(attempt, refused, pk, before)
    flash(_("Saved."), "success")
    return redirect(screen.url("show", pk))


def refuse_archived(obj: Any) -> None:
    """Raise Conflict for a record that left the lists: it is changed after it was restored."""
    if getattr(obj, "archived_at", None) is not None:
        raise Conflict(_("This is archived. Restore it first."))


def _refused_edit(attempt: Attempt, refused: CrmError, pk: int, before: dict[str, Any]) -> Any:
    """Return the form again, with what was typed; after a rollback the record is read anew."""
    session, screen = attempt.session, attempt.screen
    session.expire_all()
    attempt.obj = load_or_404(screen, session, pk, *eager(screen))
    if refused.field == "version":
        return _show_conflict(attempt)
    attempt.refuse(refused)
    return attempt.answer(refused.status)


def _update(attempt: Attempt) -> None:
    screen, session, obj = attempt.screen, attempt.session, attempt.obj
    for name in forms.changed_names(obj, attempt.attrs, attempt.form):
        forms.assign(obj, name, attempt.attrs[name], attempt.form[name].data)
    with session.no_autoflush:
        changed = [one.apply(session, obj) for one in attempt.lines]
    if any(changed):
        forms.touch(obj)
    if screen.on_edit is not None:
        screen.on_edit(session, obj, by=reader().user_id, at=clock.now())
    session.flush()


def _is_stale(obj: Any) -> bool:
    version = getattr(obj, "version", None)
    return version is not None and request.form.get("version", "") != str(version)


def _was_saved_by(obj: Any) -> bool:
    """Whether this reader has saved the record since the form was shown, and nobody after."""
    sent = read_id(request.form.get("version", ""))
    return sent is not None and sent < obj.version and obj.changed_by == reader().user_id


def _show_conflict(attempt: Attempt) -> Any:
    """409 with both versions; saved again, the form carries the new version and wins."""
    obj = attempt.obj
    attempt.form.validate()
    names = forms.changed_names(obj, attempt.attrs, attempt.form)
    who = user_names.names(attempt.session, {obj.changed_by}).get(obj.changed_by) or _("Somebody")
    attempt.conflict = EditConflict(
        who,
        obj.changed_at,
        [
            ConflictField(
                attempt.attrs[name].label,
                shown(attempt.attrs[name], attempt.form[name].data),
                shown(attempt.attrs[name], value_of(obj, attempt.attrs[name])),
                attempt.attrs[name].shown_as,
            )
            for name in names
        ]
        + [field for one in attempt.lines for field in one.conflicts()],
        attempt.screen.url("edit", obj.id),
    )
    attempt.version = obj.version
    return attempt.answer(409)


def archive(screen: Declaration, pk: int) -> Any:
    """Answer POST archive/<pk>."""
    obj = _for_action(screen, pk)
    if getattr(obj, "archived_at", None) is None:
        archive_one(screen, db.session(), obj, by=reader().user_id)
    flash(_("“%(name)s” is archived.", name=title_of(obj)), "success")
    return redirect(screen.list_url())


def archive_one(screen: Declaration, session: Session, obj: Any, *, by: int | None) -> None:
    """Archive a record, by the domain's own operation where the screen names one."""
    if screen.on_archive is not None:
        screen.on_archive(session, obj, by=by, at=clock.now())
    else:
        obj.archived_at = clock.now()
    session.flush()


def restore(screen: Declaration, pk: int) -> Any:
    """Answer POST restore/<pk>."""
    obj = _for_action(screen, pk)
    restore_one(db.session(), obj)
    flash(_("“%(name)s” is back.", name=title_of(obj)), "success")
    return redirect(screen.url("show", pk))


def restore_one(session: Session, obj: Any) -> None:
    """Bring a record back to the lists."""
    obj.archived_at = None
    session.flush()


def _for_action(screen: Declaration, pk: int) -> Any:
    """Return the record, in the version its page showed."""
    if not screen.archives:
        abort(404)
    obj = load_or_404(screen, db.session(), pk)
    _check_version(obj)
    return obj


def _check_version(obj: Any) -> None:
    version, sent = getattr(obj, "version", None), request.form.get("version")
    if version is not None and sent not in (None, "", str(version)):
        raise Conflict(
            _("Somebody else has changed this in the meantime. Look again, and repeat it.")
        )


def do(screen: Declaration, name: str, pk: int) -> Any:
    """Answer POST do/<name>/<pk>: the operation behind a button."""
    action = screen.all_actions().get(name)
    if action is None:
        abort(404)
    require(name, screen.view)
    session = db.session()
    obj = load_or_404(screen, session, pk)

    def run() -> None:
        _check_version(obj)
        act(session, obj, action)

    refused = attempted(run)
    if refused is not None:
        return _page_with(
            screen,
            session,
            pk,
            [Note(str(words_of(refused)), "bad", "alert-circle")],
            refused.status,
        )
    flash(str(action.done) if action.done else _("Done: %(what)s.", what=action.label), "success")
    return redirect(screen.url("show", pk))


def act(session: Session, obj: Any, action: RecordAction, **told: Any) -> object:
    """Do with a record what a button does; return what the operation gives.

    `told` is what the caller says of what it asks. Raises Conflict where it is not offered now.
    """
    refuse_archived(obj)
    if action.when is not None and not action.when(obj):
        raise Conflict
    found: object = action.operation(session, obj, by=reader().user_id, at=clock.now(), **told)
    session.flush()
    return found


def _page_with(
    screen: Declaration, session: Session, pk: int, notes: Sequence[Note], status: int
) -> Any:
    obj = load_or_404(screen, session, pk, *eager(screen))
    return render_template("tresen/show.html", page=show_page(screen, session, obj, notes)), status
