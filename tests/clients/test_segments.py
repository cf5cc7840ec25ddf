"""Segments: nested conditions, one statement, nothing that fails open."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.clients import operations as clients
from app.clients.choices import ClientSource, SegmentKind
from app.clients.models import Client, ClientFigures, Segment, SegmentMember
from app.clients.segments import compile_segment, compiling, count_and_sample, segment_clients
from app.clients.segments import conditions as of_clients
from app.clients.segments.compiling import TooSlow
from app.kit import clock
from app.kit.errors import Invalid
from app.kit.registry import segment_conditions
from app.orders import segments as of_orders
from tests import factories
from tests.factories import make_client

for known in (*of_clients.ALL, *of_orders.ALL):
    segment_conditions.register(known)


def found(session: Session, definition: dict[str, Any]) -> set[str]:
    clients = compile_segment(definition)
    return {one.name for one in count_and_sample(session, clients, sample=100)[1]}


def bought(session: Session, client: Any, *, orders: int, days_ago: int) -> None:
    figures = session.query(ClientFigures).filter_by(client_id=client.id).one()
    figures.orders_count = orders
    figures.last_order_at = clock.now() - timedelta(days=days_ago)
    session.flush()


@pytest.fixture
def three(session: Session) -> None:
    """Anna bought yesterday, Berta half a year ago, Carla never."""
    anna = make_client(session, name="Anna", country="GB")
    berta = make_client(session, name="Berta", country="DE")
    make_client(session, name="Carla", country="DE", source=ClientSource.SHOP)
    bought(session, anna, orders=5, days_ago=1)
    bought(session, berta, orders=1, days_ago=180)


LATELY = {"field": "last_order", "op": "in_last_days", "value": 90}
LONG_AGO = {"field": "last_order", "op": "not_in_last_days", "value": 90}
GERMAN = {"field": "country", "op": "one_of", "value": ["DE"]}


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("definition", "names"),
    [
        ({}, {"Anna", "Berta", "Carla"}),
        (LATELY, {"Anna"}),
        (LONG_AGO, {"Berta"}),
        ({"field": "last_order", "op": "empty"}, {"Carla"}),
        ({"all": [GERMAN, LONG_AGO]}, {"Berta"}),
        ({"any": [LATELY, {"field": "last_order", "op": "empty"}]}, {"Anna", "Carla"}),
        ({"not": GERMAN}, {"Anna"}),
        ({"all": [GERMAN, {"not": {"any": [LONG_AGO, LATELY]}}]}, {"Carla"}),
        ({"field": "orders_count", "op": "between", "value": [1, 4]}, {"Berta"}),
        ({"field": "source", "op": "one_of", "value": ["shop"]}, {"Carla"}),
    ],
)
def test_conditions_find_whom_they_say(
    session: Session, definition: dict[str, Any], names: set[str]
) -> None:
    assert found(session, definition) == names


@pytest.mark.parametrize(
    "definition",
    [
        {"field": "nonsense", "op": "is", "value": 1},
        {"field": "orders_count", "op": "in_last_days", "value": 1},
        {"field": "orders_count", "op": "more_than", "value": "many"},
        {"field": "orders_count", "op": "more_than", "value": 10**40},
        {"field": "last_order", "op": "before", "value": "2026-13-45"},
        {"field": "last_order", "op": "in_last_days", "value": -3},
        {"field": "country", "op": "one_of", "value": []},
        {"field": "country", "op": "one_of", "value": "DE"},
        {"all": []},
        {"all": "x"},
        {"all": [{"all": [{"all": [{"all": [{"all": [{"all": [GERMAN]}]}]}]}]}]},
        {"any": [GERMAN] * 51},
        {"not": None},
        [],
    ],
)
def test_what_cannot_be_read_is_refused(session: Session, definition: Any) -> None:
    with pytest.raises(Invalid):
        compile_segment(definition if definition != [] else {"all": [[]]})


@pytest.mark.usefixtures("three")
def test_a_segment_is_one_statement(session: Session) -> None:
    definition = {"all": [GERMAN, {"any": [LONG_AGO, {"not": LATELY}]}]}
    statements: list[str] = []
    bind = session.get_bind()
    event.listen(bind, "before_cursor_execute", lambda *a: statements.append(a[2]))
    session.execute(compile_segment(definition)).all()
    assert len(statements) == 1


def test_a_fixed_segment_holds_who_was_picked(session: Session) -> None:
    picked, other = make_client(session), make_client(session)
    segment = Segment(name="Picked", kind=SegmentKind.FIXED)
    session.add(segment)
    session.flush()
    session.add(SegmentMember(segment_id=segment.id, client_id=picked.id))
    session.flush()
    ids = set(session.scalars(segment_clients(session, segment)))
    assert ids == {picked.id}
    assert other.id not in ids


def test_what_takes_too_long_is_given_up_and_the_transaction_goes_on(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.make_client(session)
    monkeypatch.setattr(compiling, "SECONDS", 1)
    before = session.scalar(text("show statement_timeout"))
    endless = select(Client.id).where(func.pg_sleep(5).is_not(None))
    with pytest.raises(TooSlow):
        count_and_sample(session, endless)
    assert session.scalar(text("show statement_timeout")) == before
    assert count_and_sample(session, select(Client.id))[0] >= 1


def test_count_and_sample_are_one_statement_over_the_clients(session: Session) -> None:
    made = [factories.make_client(session).id for _ in range(5)]
    number, sample = count_and_sample(
        session, select(Client.id).where(Client.id.in_(made)), sample=2
    )
    assert (number, [one.id for one in sample]) == (5, [made[4], made[3]])
    assert count_and_sample(session, select(Client.id).where(Client.id < 0)) == (0, [])


@pytest.mark.parametrize("typed", ["köln", "KOLN", "Köln", " koln "])
def test_a_town_is_found_whatever_its_case_and_marks(session: Session, typed: str) -> None:
    make_client(session, name="Ada", city="Köln", region="Île-de-France")
    make_client(session, name="Bo", city="Kiel", region="Bretagne")
    assert found(session, {"field": "city", "op": "is", "value": typed}) == {"Ada"}
    assert found(session, {"field": "city", "op": "is_not", "value": typed}) == {"Bo"}
    region = {"field": "region", "op": "starts_with", "value": "ile-de"}
    assert found(session, region) == {"Ada"}


@pytest.mark.parametrize(
    "value", [None, "", "  ", [], ["", ""], ["2026-01-01", ""], ["2026-01-01", None]]
)
def test_an_unfinished_condition_is_refused_with_its_place(value: Any) -> None:
    half = {"field": "registered", "op": "between", "value": value}
    with pytest.raises(Invalid) as refused:
        compile_segment({"all": [GERMAN, {"any": [LATELY, half]}]})
    assert str(refused.value) == "Condition 3: “Registered” has no value yet."
    assert refused.value.field == "registered"


@pytest.mark.parametrize("years_ahead", [1, 42])
def test_nobody_is_born_in_the_future(session: Session, years_ahead: int) -> None:
    born = date(clock.now().year + years_ahead, 1, 2)
    unborn = Client(name="Ada", birthday=born)
    with pytest.raises(Invalid, match="cannot be in the future") as refused:
        clients.save_client(session, unborn, by=None, at=clock.now())
    assert refused.value.field == "birthday"
    client = make_client(session)
    with pytest.raises(IntegrityError, match="ck_client_birthday"):
        session.execute(
            text("update client set birthday = :born where id = :id"),
            {"born": born, "id": client.id},
        )


def test_conditions_beyond_the_limit_are_counted_before_anything_is_made_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Forty thousand of them cost four seconds, and each was answered with this sentence."""
    fits = {"all": [LATELY] * (compiling.MOST_CONDITIONS // 2), "any": []}
    nested = {"all": [{"any": [LATELY] * 20}, {"not": {"all": [LATELY] * 31}}]}
    monkeypatch.setattr(compiling, "_condition", None)
    for beyond in ({"all": [LATELY] * 51}, {"any": [[]] * 51}, nested, {"all": [{}] * 200_000}):
        with pytest.raises(Invalid, match="At most 50 conditions fit"):
            compile_segment(beyond)
    with pytest.raises(Invalid, match="cannot be read"):
        compile_segment(fits)


def test_as_many_conditions_as_fit_are_taken(session: Session, three: None) -> None:
    assert found(session, {"all": [LATELY] * 49 + [{"not": GERMAN}]}) == {"Anna"}
