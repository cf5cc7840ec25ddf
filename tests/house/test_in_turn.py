"""What must not be done by two at once comes in turn: the second waits, and sees what the first did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.company import operations as people
from app.kit import clock
from app.kit.database import session as sessions
from app.kit.database.session import bind, make_engine, work
from app.kit.database.stamp import Role as DatabaseRole
from app.kit.database.stamp import Stamp, company_stamp
from app.kit.errors import CrmError
from app.kit.events.models import Event
from app.kit.jobs import defer, job
from app.kit.jobs.models import Job
from app.kit.jobs.runner import Runner
from app.kit.screens.dberrors import as_refusal
from app.kit.security.models import Role
from app.kit.servers import TestServer
from app.messages import operations as messages
from app.messages.choices import MessageChannel, MessagePurpose
from app.messages.engine.references import Reference
from app.messages.models import DispatchRecipient, MessageTemplate, MessageTemplateVersion
from app.orders import operations as orders
from tests import factories
from tests.company.factories import make_membership, make_reader

RecordAction = Callable[[Session], Any]
EDGE: dict[str, Any] = {"by": None, "at": factories.NOON}
MAIL, TRANSACTIONAL = MessageChannel.EMAIL, MessagePurpose.TRANSACTIONAL


@pytest.fixture(scope="module")
def _alone(server: TestServer, make_database: Callable[[str], str]) -> Iterator[Any]:
    made = make_engine(server.url(make_database("in_turn")), pool_size=6)
    yield made
    made.dispose()


@pytest.fixture(autouse=True)
def _bound(_alone: Any) -> Iterator[None]:
    before = sessions._engine
    bind(_alone)
    yield
    sessions._engine = before


def ours(stamp: Stamp | None = None) -> Any:
    return work(stamp or company_stamp(1))


@job()
def nothing(_session: Session) -> None:
    """Do nothing: a job for anybody."""


def _outcome(do: RecordAction) -> Any:
    try:
        with ours() as session:
            return do(session)
    except Exception as error:
        refusal = as_refusal(error)
        if refusal is None:
            raise
        return refusal


def in_turn(
    first: RecordAction, second: RecordAction, *, end: RecordAction | None = None
) -> tuple[Any, Any]:
    """Do the first, begin the second, which waits, end and commit the first: what came of both."""
    with ThreadPoolExecutor(1) as pool, ours() as session:
        of_first = first(session)
        session.flush()
        later = pool.submit(_outcome, second)
        with pytest.raises(TimeoutError):
            later.result(timeout=0.4)
        of_first = end(session) if end else of_first
        session.commit()
        return of_first, later.result(timeout=20)


def made(make: RecordAction) -> Any:
    with ours() as session:
        return make(session).id


def _wording(session: Session) -> Any:
    template = messages.make_template(session, f"No. {factories.number()}", MAIL, TRANSACTIONAL)
    return messages.save_wording(session, template, subject="Hello", html="<p>Tea</p>")


def test_one_message_ordered_by_two_at_once_is_one_message() -> None:
    version = made(_wording)

    def order(session: Session) -> Any:
        wording = session.get_one(MessageTemplateVersion, version)
        return messages.send_one(session, wording, "a@example.com", client_id=1, occurrence="o 1")

    with ours() as session:
        wording = session.get_one(MessageTemplateVersion, version)
        sending, _ord = messages.send_one(session, wording, "first@example.com", client_id=9)
    held = text(f"select id from dispatch where id = {sending} for update")
    first, second = in_turn(lambda session: session.scalar(held), order, end=order)
    assert first == second


def test_wordings_saved_at_once_are_numbered_one_after_the_other() -> None:
    template = made(lambda s: messages.make_template(s, "In turn", MAIL))

    def save(session: Session) -> Any:
        of = session.get_one(MessageTemplate, template)
        return messages.save_wording(session, of, subject="Hi", html="{{ unsubscribe_url }}").number

    assert in_turn(save, save) == (1, 2)


def test_who_unsubscribes_twice_at_once_is_told_of_once() -> None:
    version = made(_wording)
    with ours() as session:
        wording = session.get_one(MessageTemplateVersion, version)
        dispatch, ord_ = messages.send_one(session, wording, "b@example.com", client_id=2)

    def leave(session: Session) -> Any:
        reference = Reference(1, dispatch, ord_)
        return messages.unsubscribe(session, reference, source="link")

    assert in_turn(leave, leave) == (True, False)
    with ours() as session:
        told = select(func.count()).select_from(Event).where(Event.name == "message.unsubscribed")
        assert session.scalar(told) == 1
        gone = select(DispatchRecipient.unsubscribed_at).where(
            DispatchRecipient.dispatch_id == dispatch
        )
        assert session.scalar(gone) is not None


def test_a_role_changed_by_two_at_once_is_changed_by_the_first() -> None:
    with ours() as session:
        owner = make_reader(session, make_membership(session, "owner"))
        role = people.make_role(session, name="In turn", rights=(), by=owner, at=clock.now())
        pk, version = role.id, role.version

    def change(name: str) -> RecordAction:
        def do(session: Session) -> Any:
            mine = session.get_one(Role, pk)
            given = {"rights": (), "version": version, "by": owner, "at": clock.now()}
            return people.change_role(session, mine, name=name, **given).name

        return do

    first, second = in_turn(change("Mine"), change("Yours"))
    assert (first, isinstance(second, CrmError)) == ("Mine", True)


def test_two_categories_moved_at_once_do_not_hang_on_each_other() -> None:
    one, other = made(factories.make_category), made(factories.make_category)

    def move(what: int, below: int) -> RecordAction:
        said = text("update category set parent_id = :below where id = :what returning id")
        return lambda session: session.scalar(said, {"what": what, "below": below})

    first, second = in_turn(move(one, other), move(other, one))
    assert (first, isinstance(second, CrmError)) == (one, True)


@pytest.mark.parametrize(
    "stamp", [company_stamp(1), Stamp(DatabaseRole.SYSTEM)], ids=["ours", "system"]
)
def test_a_waiting_job_that_is_asked_for_again_waits_for_who_asks(stamp: Stamp) -> None:
    name = f"{__name__}.nothing"
    with ours(stamp) as session:
        waiting = defer(session, name, key="in turn", queue="in_turn")
    with ours(stamp) as session:
        # It must see what this transaction has changed.
        assert defer(session, name, key="in turn", queue="in_turn") == waiting
        assert not Runner("in_turn").run_next()
        session.commit()
        assert Runner("in_turn").run_next()
    with ours(stamp) as session:
        assert session.scalar(select(Job.state).where(Job.id == waiting)) == "done"


def test_figures_set_right_wait_for_an_order_that_is_being_counted() -> None:
    store, client = made(factories.make_store), made(factories.make_client)

    def sell(session: Session) -> Any:
        return factories.make_order(session, store_id=store, client_id=client).id

    def recount(session: Session) -> Any:
        orders.recount_clients(session, [client])
        return session.scalar(
            text("select orders_count from client_figures where client_id = :c"), {"c": client}
        )

    _order, counted = in_turn(sell, recount)
    assert counted == 1
