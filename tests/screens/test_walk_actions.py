"""Every action of every screen, carried out with success: by its button, by its page, by program.

The record that an action succeeds with is declared by `tests/<domain>/walk.py` (declaring.py).
Succeeded has one that was not refused and of which something came: the record says something else
than before, or what the declaration names got a row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, NullPool, Table, text

from app.kit.access import Reader
from app.kit.database.model import Model
from app.kit.database.session import make_engine
from app.kit.database.stamp import Role
from app.kit.jobs.runner import Runner
from app.kit.rest.resource_registry import resources
from app.kit.screens import RecordAction, Screen
from app.kit.screens.attrs import table_of
from app.kit.screens.models import BulkRun
from app.kit.screens.screen_registry import screens
from tests.screens import declaring, filling
from tests.screens.base import all_rights, version_of
from tests.screens.bench import at_work, reader_with, signed_in
from tests.screens.declaring import On, Page
from tests.screens.test_walk import CLASSES

REFUSALS = (404, 409, 422)
SILENT = {"version", "changed_at", "changed_by"}
NOT_OF_IT = {"idempotency"}
"""Tables in which a request leaves something whatever it does."""

# Actions that no test can carry out, each with the reason. None.
NOT_CARRIED_OUT: dict[tuple[str, str], str] = {}


pytestmark = pytest.mark.usefixtures("mail_can_be_sent")


@pytest.fixture(autouse=True)
def empty_tables() -> None:
    """The walk keeps its records."""


@pytest.fixture(scope="module")
def rights(whole_app: Flask) -> set[tuple[str, str]]:
    return all_rights(whole_app)


@pytest.fixture
def client(whole_app: Flask, member: Reader) -> Iterator[FlaskClient]:
    with signed_in(member):
        yield whole_app.test_client()


class Traces:
    """What requests leave in the tables, whatever tables those are."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        one = "select '{0}' from \"{0}\" where xmin::text::bigint >= $1 limit 1"
        tables = [t.name for t in Model.metadata.sorted_tables if t.name not in NOT_OF_IT]
        asked = " union all ".join(f"({one.format(name)})" for name in tables)
        # Planned once: there are a hundred tables.
        connection.execute(text("set plan_cache_mode = force_generic_plan"))
        connection.execute(text(f"prepare written(bigint) as {asked}"))
        connection.commit()
        self.mark = 0

    def begin(self) -> None:
        """Look at nothing that was written before."""
        now = text("select pg_current_xact_id()::text::bigint % 4294967296")
        self.mark = self.connection.scalar(now)
        self.connection.commit()

    def found(self) -> set[str]:
        """Return the tables in which rows were written since."""
        found = set(self.connection.scalars(text(f"execute written({self.mark})")))
        self.connection.commit()
        return found


@pytest.fixture(scope="module")
def traces(whole_app: Flask) -> Iterator[Traces]:
    engine = make_engine(whole_app.config["OWNER_URL"], poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"set role {Role.OWNER}"))
        connection.commit()
        yield Traces(connection)


class Action:
    """One action of a screen, with what is declared of it."""

    def __init__(self, screen: Screen, name: str, action: RecordAction, on: On) -> None:
        self.screen, self.name, self.on = screen, name, on
        self.right = action.needs or (name, screen.view)
        self.table = table_of(screen.model)

    def made(self) -> tuple[int, Mapping[str, Any], Page | None]:
        """Return the id of a new record, what is told with the action, and its page's request."""
        with at_work() as session:
            made = self.on.make(session)
            session.flush()
            told, page = self.on.told, self.on.page
            told = told(session, made) if callable(told) else told
            return made.id, told, page(session, made) if callable(page) else page

    def says(self, pk: int) -> dict[str, Any]:
        """Return what the record says, nothing when it is gone."""
        with at_work() as session:
            row = session.execute(self.table.select().where(self.table.c.id == pk)).mappings()
            return {k: v for k, v in (row.first() or {}).items() if k not in SILENT}

    def refused(self, call: Callable[[], Any], pk: int, good: int, traces: Traces) -> str:
        """Carry it out; return what is wrong with that, else nothing."""
        before = self.says(pk)
        traces.begin()
        answer = call()
        if answer.status_code != good:
            return f"was refused with {answer.status_code}: {sentence_of(answer)}"
        if self.on.writes is not None:
            writes = self.on.writes
            wanted = writes.name if isinstance(writes, Table) else table_of(writes).name
            return "" if wanted in traces.found() else f"wrote nothing into {wanted}"
        return "" if self.says(pk) != before else "has changed nothing of the record"

    def refused_again(self, call: Callable[[], Any], traces: Traces) -> str:
        """Carry it out once more; return what is wrong with that."""
        traces.begin()
        answer = call()
        written = traces.found()
        if answer.status_code in REFUSALS:
            said = "" if sentence_of(answer) else "is refused without a word"
            return f"leaves something in {written} although refused" if written else said
        if answer.status_code >= 400:
            return f"ends with {answer.status_code}"
        return f"writes into {written}: say why `again`" if written and not self.on.again else ""


def sentence_of(answer: Any) -> str:
    """Return what a refusal says to people, or to a program."""
    if answer.is_json:
        return str(answer.json.get("detail") or answer.json.get("message") or "")
    said = re.findall(r'role="alert"[^>]*>(.*?)</(?:div|p)>', answer.text, re.DOTALL)
    said += re.findall(r'<div class="empty">(.*?)</div>', answer.text, re.DOTALL)
    return " · ".join(re.sub(r"<[^>]*>|\s+", " ", one).strip() for one in said).strip()


def actions_of(screen: Screen) -> Iterator[Action]:
    """Every action of a screen. Fails for one of which nothing is declared."""
    cls = type(screen)
    does = declaring.told_of(cls).does
    for name, action in screen.all_operations().items():
        if (cls.__name__, name) in NOT_CARRIED_OUT:
            continue
        assert name in does, (
            f"The walk knows no record with which “{name}” of {cls.__name__} succeeds. Say it in"
            f" {declaring.home_of(cls)}:"
            f' WALK = {{{cls.__name__}: Told(does={{"{name}": make_…}})}}.'
        )
        said = does[name]
        on = said if isinstance(said, On) else On(said)
        if name not in screen.all_actions():
            assert on.page is not None, (
                f"“{name}” of {cls.__name__} has a page of its own: say what that sends as"
                f" On(…, page=Page(…)) in {declaring.home_of(cls)}."
            )
        yield Action(screen, name, action, on)


@pytest.fixture
def actions(whole_app: Flask, screen_class: type[Screen]) -> list[Action]:
    with whole_app.app_context():
        return list(actions_of(screens()[screen_class.__name__]))


@pytest.fixture(params=CLASSES, ids=lambda one: one.__name__)
def screen_class(request: pytest.FixtureRequest) -> type[Screen]:
    found: type[Screen] = request.param
    return found


def test_every_action_is_carried_out_by_its_button_or_page(whole_app, client, actions, traces):
    wrong = {}
    for one in actions:
        with whole_app.app_context():
            pk, _told, page = one.made()
        url, data = f"{one.screen.route_base}/do/{one.name}/{pk}", {}
        if page is not None:
            tail = page.tail.format(pk=pk)
            url = tail if tail.startswith("/") else f"{one.screen.route_base}/{tail}"
            data = dict(page.data)
        data |= {"version": version_of(one.screen, pk)}

        def press(url: str = url, data: Any = data) -> Any:
            return client.post(url, data=data)

        wrong[one.name] = one.refused(press, pk, 302, traces)
        wrong[f"{one.name}, clicked twice,"] = one.refused_again(press, traces)
    assert {f"“{name}” {said}" for name, said in wrong.items() if said} == set()


def test_every_action_is_carried_out_by_a_program(whole_app, client, actions, traces, rights):
    wrong = {}
    for one in actions:
        with whole_app.app_context():
            resource = next((r for r in resources().values() if r.of is one.screen), None)
            if resource is None:
                wrong[one.name] = "is no program's to do: give the screen `api = True`"
                continue
            pk, told, _page = one.made()
        send = partial(post, client, f"/api/v1/{resource.resource_name}/{pk}/{one.name}", told)
        with signed_in(reader_with(rights - {one.right})):
            traces.begin()
            code, left = send("none").status_code, traces.found()
            if code != 403 or left:
                wrong[f"{one.name}, without its right,"] = f"ends with {code}, leaves {left}"
        answers: list[Any] = []
        wrong[one.name] = one.refused(partial(kept, answers, send), pk, 200, traces)
        traces.begin()
        again = send("one")
        alike = (again.status_code, without_instance(again)) == (
            answers[0].status_code,
            without_instance(answers[0]),
        )
        if not alike or traces.found() or again.headers.get("Idempotency-Replayed") != "true":
            wrong[f"{one.name}, sent twice with one key,"] = f"is not answered alike: {again.text}"
        # What a page says in passing would be kept in a cookie, which no program reads.
        if "Set-Cookie" in again.headers or "Set-Cookie" in answers[0].headers:
            wrong[f"{one.name}, by a program,"] = "sets a cookie"
        wrong[f"{one.name}, sent twice,"] = one.refused_again(partial(send, "two"), traces)
    assert {f"“{name}” {said}" for name, said in wrong.items() if said} == set()


def test_an_action_of_which_nothing_is_declared_fails_the_walk(whole_app, monkeypatch):
    with whole_app.app_context():
        screen = screens()["CertificateScreen"]
    monkeypatch.setattr(declaring, "told_of", lambda _screen: declaring.Told())
    with pytest.raises(AssertionError, match=r"“activate” of CertificateScreen.*tests/value/walk"):
        list(actions_of(screen))


def test_every_declaration_is_of_an_action_that_there_is(whole_app):
    with whole_app.app_context():
        known = {type(one): one.all_operations().keys() for one in screens().values()}
    odd = {(one, name) for one, told in declaring.declared().items() for name in told.does}
    assert {(one, name) for one, name in odd if name not in known[one]} == set()


@pytest.fixture
def _nothing_waits(traces: Traces) -> None:
    """What other walks have left to the workers is not done in this one."""
    traces.connection.execute(text("delete from job where state = 'queued'"))
    traces.connection.commit()


@dataclass
class Started:
    """A bulk action that was started with one record."""

    action: Action
    how: str
    pk: int
    before: Mapping[str, Any]
    run: int

    def wrong(self) -> str:
        with at_work() as session:
            run = session.get_one(BulkRun, self.run)
            if (run.total, run.done, run.skipped, run.failed) != (1, 1, 0, 0):
                return f"did {run.done} of {run.total}: {run.reasons}"
        return "" if self.action.says(self.pk) != self.before else "has changed nothing"

    def __str__(self) -> str:
        return f"“{self.action.name}” of {self.action.screen.name} in bulk, by {self.how},"


def bulk_of(screen: Screen) -> Iterator[Action]:
    """What is done with many records of a screen at once."""
    yield from (one for one in actions_of(screen) if one.name in screen.bulk)
    missing = screen.bulk.keys() - screen.all_actions().keys()
    assert not missing, f"{screen.name} does {missing} in bulk only: the walk knows no record."
    if screen.archives:
        known = RecordAction(None, "")
        yield Action(screen, "archive", known, On(partial(filling.make, screen=type(screen))))


@pytest.mark.usefixtures("_nothing_waits")
def test_every_bulk_action_is_done(whole_app, member):
    started = []
    client = whole_app.test_client()
    with whole_app.app_context():
        found = [one for screen in screens().values() for one in bulk_of(screen)]
        names = {one.of.name: name for name, one in resources().items()}
    with signed_in(member):
        for one in found:
            for how in ("people", "programs"):
                with whole_app.app_context():
                    pk, _told, _page = one.made()
                before = one.says(pk)
                if how == "people":
                    data = {"action": one.name, "rowid": pk}
                    answer = client.post(f"{one.screen.route_base}/bulk", data=data)
                    assert answer.status_code == 302, (one.screen.name, one.name)
                else:
                    url = f"/api/v1/{names[one.screen.name]}/bulk/{one.name}"
                    answer = client.post(url, json={"ids": [pk]})
                    assert answer.status_code == 202, (one.screen.name, one.name, answer.text)
                run = int(answer.headers["Location"].rpartition("/")[2])
                started.append(Started(one, how, pk, before, run))
    Runner("bulk", whole_app).drain()
    assert {f"{one} {said}" for one in started if (said := one.wrong())} == set()


def post(client: FlaskClient, url: str, told: Mapping[str, Any], key: str) -> Any:
    return client.post(url, json=dict(told), headers={"Idempotency-Key": f"{key} {url}"})


def kept(answers: list[Any], send: Callable[[str], Any]) -> Any:
    answers.append(send("one"))
    return answers[0]


def without_instance(answer: Any) -> Any:
    """What is answered, without the name of the request."""
    return {name: value for name, value in answer.json.items() if name != "instance"}
