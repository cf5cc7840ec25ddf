"""Every form of every screen, filled in and saved; and the same by programs.

What is typed follows from the columns (typing_in.py); what does not is declared by
`tests/<domain>/walk.py` (declaring.py). Saved is a form of which each value is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.kit.access import Reader
from app.kit.rest import Resource
from app.kit.rest.resource_registry import resources
from app.kit.screens import Screen
from app.kit.screens.forms import LinesForm, form_attrs, is_required
from app.kit.screens.screen_registry import screens
from app.kit.security.manager import become
from tests.screens import declaring, filling, typing_in
from tests.screens.base import all_rights, errors_in, row_of, version_of
from tests.screens.bench import at_work, page, reader_with, signed_in
from tests.screens.test_walk import CLASSES

ADDED = [one for one in CLASSES if one.adds]
EDITED = [one for one in CLASSES if one.edits]


pytestmark = pytest.mark.usefixtures("mail_can_be_sent")


@pytest.fixture(autouse=True)
def empty_tables() -> None:
    """The walk keeps its records."""


@pytest.fixture
def client(whole_app: Flask, member: Reader) -> Iterator[FlaskClient]:
    with signed_in(member):
        yield whole_app.test_client()


class Form:
    """The form of a screen, with what is declared of it."""

    def __init__(self, app: Flask, screen: Screen, *, adding: bool) -> None:
        self.screen, self.adding = screen, adding
        self.told = declaring.told_of(type(screen))
        with app.test_request_context("/"):
            become(reader_with(all_rights(app)))
            self.attrs = form_attrs(screen, adding=adding)
            self.lines = {
                one.name: LinesForm(screen, None, None, one).attrs  # type: ignore[arg-type]  # nothing is loaded
                for one in screen.lines
                if one.editable and adding
            }
        self.where = f"{declaring.home_of(type(screen))}: {screen.name}: Told(…)"

    def sent(self, taken: set[str]) -> dict[str, Any]:
        """Return what is sent, of the fields that are `taken`: derived or declared."""
        anew = not self.adding
        said = (self.told.edits or self.told.adds) if anew else self.told.adds
        with at_work() as session:
            said = dict(said(session) if callable(said) else said)
            lines = {name: said.pop(name, {}) for name in self.lines}
            attrs = {name: attr for name, attr in self.attrs.items() if name in taken}
            found = typing_in.values(session, attrs, said, anew=anew)
            for name, columns in self.lines.items():
                if lines[name] is not None:
                    found[name] = [typing_in.values(session, columns, lines[name])]
        if anew and not self.told.edits:
            found = {name: value for name, value in found.items() if name in attrs}
        return found


@pytest.fixture(params=ADDED, ids=lambda one: one.__name__)
def added(request: pytest.FixtureRequest, whole_app: Flask) -> Form:
    with whole_app.app_context():
        return Form(whole_app, screens()[request.param.__name__], adding=True)


@pytest.fixture(params=EDITED, ids=lambda one: one.__name__)
def edited(request: pytest.FixtureRequest, whole_app: Flask) -> Form:
    with whole_app.app_context():
        return Form(whole_app, screens()[request.param.__name__], adding=False)


def newest(model: type[Any]) -> int:
    with at_work() as session:
        return int(session.scalar(select(func.max(model.id))) or 0)


def assert_kept(form: Form, pk: int, sent: Mapping[str, Any]) -> None:
    with at_work() as session:
        obj = session.get_one(form.screen.model, pk)
        assert typing_in.lost(obj, form.attrs, sent) == {}, form.where


def test_the_form_of_a_new_record_saves(whole_app: Flask, client: FlaskClient, added: Form) -> None:
    url = f"{added.screen.route_base}/add"
    html = page(client, url)
    names = filling.form_names(html)
    sent = added.sent(names)
    if any(is_required(added.screen, attr) for n, attr in added.attrs.items() if n in names):
        assert client.post(url, data={}).status_code == 422
    model = added.told.makes or added.screen.model
    before = newest(model)
    answer = client.post(url, data=filled(html, sent))
    assert answer.status_code in (200, 302), (added.where, sent, errors_in(answer.text))
    made = newest(model)
    assert made > before, f"Nothing was made. {added.where}"
    if model is added.screen.model:
        assert_kept(added, made, sent)


def test_the_form_of_a_record_saves(whole_app: Flask, client: FlaskClient, edited: Form) -> None:
    pk = made_open(whole_app, edited)
    url = f"{edited.screen.route_base}/edit/{pk}"
    html = page(client, url)
    sent = edited.sent(filling.form_names(html))
    before = row_of(edited.screen, pk)
    answer = client.post(url, data=filled(html, sent))
    assert answer.status_code == 302, (edited.where, sent, errors_in(answer.text))
    # A form may have nothing but lines.
    changed = row_of(edited.screen, pk) != before or not sent
    assert changed, f"Nothing changed: edits= says what. {edited.where}"
    assert_kept(edited, pk, sent)


def filled(html: str, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the form on a page sends when `sent` is typed into it."""
    typed = typing_in.typed(sent)
    names = filling.form_names(html)
    odd = {name for name in typed if name not in names and "-0-" not in name}
    assert odd == set(), "The form has no such fields."
    data = {**filling.as_data(filling.form_values(html)), **typed}
    return {name: value for name, value in data.items() if value is not None}


def made_open(app: Flask, form: Form) -> int:
    with app.app_context(), at_work() as session:
        made = declaring.opened(type(form.screen))(session)
        session.flush()
        return int(made.id)


def resource_of(app: Flask, screen: Screen) -> Resource | None:
    with app.app_context():
        return next((one for one in resources().values() if one.of is screen), None)


def test_a_program_makes_a_record(whole_app: Flask, client: FlaskClient, added: Form) -> None:
    resource = resource_of(whole_app, added.screen)
    if resource is None:
        assert not added.screen.api
    if resource is None or not resource.adds:
        return
    sends = added.told.sends
    with at_work() as session:
        sent = sends(session) if callable(sends) else sends
    if sent is None:
        sent = added.sent(set(resource.writable_fields))
    url = f"/api/v1/{resource.resource_name}/"
    answer = client.post(url, json=sent, headers={"Idempotency-Key": f"walk {url}"})
    assert answer.status_code == 201, (added.where, sent, answer.text)
    if sends is None:
        assert_kept(added, answer.json["id"], sent)


def test_a_program_changes_a_record(whole_app: Flask, client: FlaskClient, edited: Form) -> None:
    resource = resource_of(whole_app, edited.screen)
    if resource is None:
        assert not edited.screen.api
    if resource is None or not resource.edits:
        return
    pk = made_open(whole_app, edited)
    sent = edited.sent(set(resource.writable_fields))
    body = sent | {"version": version_of(edited.screen, pk)}
    answer = client.patch(f"/api/v1/{resource.resource_name}/{pk}", json=body)
    assert answer.status_code == 200, (edited.where, sent, answer.text)
    assert_kept(edited, pk, sent)
