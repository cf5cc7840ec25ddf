"""The same request twice does its work once and gets the same answer."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.database.session import make_engine, work
from app.kit.database.stamp import Stamp, company_stamp
from app.kit.errors import Invalid
from app.kit.idempotency import KEPT_FOR, Answer, KeyReused, idempotent

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Shop:
    """Counts how often the work was really done."""

    def __init__(self) -> None:
        self.placed = 0

    def place(
        self,
        session: Session,
        key: str = "k1",
        body: bytes = b"{}",
        operation: str = "POST /orders",
    ) -> Answer | None:
        with idempotent(session, key, body, key_id="api", operation=operation) as request:
            if request.answer is None:
                self.placed += 1
                request.keep(201, {"number": self.placed})
            return request.answer


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_the_same_request_again_gets_the_kept_answer(session: Session, shop: Shop) -> None:
    assert shop.place(session) == shop.place(session) == Answer(201, {"number": 1})
    assert shop.placed == 1


def test_another_key_is_another_request(session: Session, shop: Shop) -> None:
    assert shop.place(session, "k1") != shop.place(session, "k2")
    with idempotent(session, "k1", b"{}", key_id="another caller") as request:
        assert not request.repeated


def test_the_same_key_with_another_body_or_place_is_refused(session: Session, shop: Shop) -> None:
    shop.place(session)
    for body, operation in ((b"{ }", "POST /orders"), (b"{}", "POST /payments")):
        with pytest.raises(KeyReused, match="another request") as refusal:
            shop.place(session, body=body, operation=operation)
        assert refusal.value.status == 422
    assert shop.placed == 1


def test_work_that_failed_keeps_nothing_and_can_be_tried_again(
    session: Session, shop: Shop
) -> None:
    with (
        pytest.raises(Invalid, match="no stock"),
        session.begin_nested(),
        idempotent(session, "k1", b"{}", key_id="api", operation="POST /orders"),
    ):
        raise Invalid("no stock")
    assert shop.place(session) == Answer(201, {"number": 1})


def test_a_refusal_can_be_kept_as_an_answer_too(session: Session) -> None:
    with idempotent(session, "k1", b"{}") as request:
        request.keep(409, {"message": "Only 1 left."})
        with pytest.raises(RuntimeError, match="answer already"):
            request.keep(201, {})
    with idempotent(session, "k1", b"{}") as request:
        assert (request.repeated, request.answer) == (
            True,
            Answer(409, {"message": "Only 1 left."}),
        )


def test_after_thirty_days_the_key_is_free_again(session: Session, shop: Shop) -> None:
    with clock.frozen(NOON) as held:
        shop.place(session)
        held.advance(KEPT_FOR - timedelta(seconds=1))
        shop.place(session)
        assert shop.placed == 1
        held.advance(timedelta(seconds=1))
        shop.place(session, body=b"other")
        assert shop.placed == 2


def test_another_companys_key_is_not_ours(
    session: Session,
    shop: Shop,
    as_stamp: Callable[[Stamp], AbstractContextManager[Session]],
    other_company: int,
) -> None:
    shop.place(session)
    with as_stamp(company_stamp(other_company)):
        shop.place(session, body=b"other")
    assert shop.placed == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "a\0b"])
def test_a_key_that_cannot_be_kept_is_refused_in_words(session: Session, key: str) -> None:
    with pytest.raises(Invalid, match="1 to 255 characters"), idempotent(session, key, b""):
        pass


def test_of_many_at_once_one_works_and_all_get_its_answer(own_database: str, company: int) -> None:
    engine, shop = make_engine(own_database, pool_size=8), Shop()
    together = threading.Barrier(8)

    def call(_caller: int) -> Answer | None:
        together.wait()
        with work(company_stamp(company), on=engine) as session:
            return shop.place(session)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(call, range(8)))
    engine.dispose()
    assert shop.placed == 1
    assert answers == [Answer(201, {"number": 1})] * 8


def test_when_the_first_gives_up_the_one_that_waited_does_the_work(
    own_database: str, company: int
) -> None:
    engine, shop = make_engine(own_database, pool_size=8), Shop()
    entered, waited = threading.Event(), threading.Event()

    def give_up() -> None:
        # The second has until here to overtake; it must be waiting instead.
        assert not waited.wait(0.3)
        raise Invalid("given up")

    def first() -> None:
        with (
            work(company_stamp(company), on=engine) as session,
            idempotent(session, "k1", b"{}", key_id="api", operation="POST /orders") as request,
        ):
            request.keep(201, {"number": 0})
            entered.set()
            give_up()

    def second() -> Answer | None:
        entered.wait()
        with work(company_stamp(company), on=engine) as session:
            answer = shop.place(session)
            waited.set()
            return answer

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.submit(first), pool.submit(second)
        with pytest.raises(Invalid, match="given up"):
            one.result()
        assert two.result() == Answer(201, {"number": 1})
    engine.dispose()
