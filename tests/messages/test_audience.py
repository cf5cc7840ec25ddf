"""Who is written to: fixed once, asked again at the last moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Integer, String, case, column, select, values

from app.kit import clock
from app.kit.database.session import work
from app.kit.errors import Conflict, Invalid
from app.messages import operations, queries
from app.messages.choices import (
    DispatchStatus,
    MessageChannel,
    MessagePurpose,
    PauseReason,
    SuppressionReason,
)
from app.messages.engine.addresses import address_hash
from app.messages.models import Dispatch
from app.messages.operations import SendingTerms
from app.messages.queries import EligibilityRule, eligibility_rules
from tests.messages.sending import COMPANY, OFFER, House, audience, make_version
from tests.stand_ins.running import Running

REFUSING: set[int] = set()


def consent(client_id, _channel, _purpose):  # type: ignore[no-untyped-def]
    return ~client_id.in_(sorted(REFUSING))


@pytest.fixture
def gate() -> Iterator[set[int]]:
    """Clients in this set have not agreed."""
    before = dict(eligibility_rules._entries)
    eligibility_rules._entries.clear()
    eligibility_rules.register(EligibilityRule("test consent", consent))
    yield REFUSING
    REFUSING.clear()
    eligibility_rules._entries.clear()
    eligibility_rules._entries.update(before)


def people(*rows: tuple[int, str | None, int]):  # type: ignore[no-untyped-def]
    given = values(
        column("client_id", Integer),
        column("address", String),
        column("variant", Integer),
        name="p",
    ).data(rows)
    return select(given)


def reasons(dispatch: int) -> dict[str, int]:
    with work(COMPANY) as session:
        found = session.execute(queries.by_skip_reason(dispatch)).all()
        return {str(reason): count for reason, count in found}


def test_everybody_left_out_is_a_row_with_its_reason(house: House, gate: set[int]) -> None:
    gate.add(3)
    with work(COMPANY) as session:
        hashed = address_hash("email", "d@example.com")
        operations.suppress(
            session, MessageChannel.EMAIL, hashed, SuppressionReason.MANUAL, source="test"
        )
    dispatch = house.start(
        people(
            (1, "a@example.com", 1), (2, None, 1), (3, "c@example.com", 1), (4, "d@example.com", 1),
            (5, "a@example.com", 1), (6, "f@example.com", 0), (7, "g@example.com", 1),
        ),
        purpose=MessagePurpose.MARKETING,
    )  # fmt: skip
    assert house.states(dispatch) == {"pending": 2, "skipped": 5}
    assert reasons(dispatch) == {
        "no_address": 1, "no_consent": 1, "suppressed": 1, "duplicate": 1, "holdout": 1,
    }  # fmt: skip


def test_a_consent_withdrawn_after_the_start_wins(
    house: House, sink: Running, gate: set[int]
) -> None:
    house.with_relay(sink.port)
    terms = SendingTerms(values=OFFER)
    dispatch = house.start(audience(50), purpose=MessagePurpose.MARKETING, terms=terms)
    gate.update({7, 8})
    house.drain()
    assert house.states(dispatch) == {"accepted": 48, "skipped": 2}
    assert reasons(dispatch) == {"no_consent": 2}


def test_what_is_about_an_order_needs_no_consent(house: House, gate: set[int]) -> None:
    gate.update(range(100))
    dispatch = house.start(audience(10), purpose=MessagePurpose.TRANSACTIONAL)
    assert house.states(dispatch) == {"pending": 10}


def test_time_zones_are_batches_of_their_own(house: House) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    people = audience(1300).subquery("p")
    late = case((people.c.client_id % 2 == 0, now + timedelta(hours=1)), else_=now)
    dispatch = house.start(
        select(people, late.label("not_before")), terms=SendingTerms(values=OFFER)
    )
    batches = house.batches(dispatch)
    assert [(batch.lo, batch.hi) for batch in batches] == [
        (1, 500), (501, 650), (651, 1150), (1151, 1300),
    ]  # fmt: skip
    assert len({batch.not_before for batch in batches}) == 2
    house.drain()
    assert house.states(dispatch) == {"outbox": 650, "pending": 650}


def test_an_empty_audience_is_refused(house: House) -> None:
    with pytest.raises(Conflict, match="nobody"):
        house.start(audience(0))


def test_a_sending_waits_for_its_time_and_asks_when_that_is_long_past(house: House) -> None:
    soon = house.start(audience(3), terms=SendingTerms(clock.now() + timedelta(hours=1), OFFER))
    assert not house.turn()
    late = house.start(audience(3), terms=SendingTerms(clock.now() - timedelta(days=3), OFFER))
    house.drain()
    assert house.status(soon) is DispatchStatus.SCHEDULED
    with work(COMPANY) as session:
        found = session.get_one(Dispatch, late)
        assert (found.status, found.status_reason) == (DispatchStatus.PAUSED, PauseReason.LATE)
        operations.resume(session, found)
    house.drain()
    assert house.states(late) == {"outbox": 3}


def test_another_companys_sendings_do_not_exist(house: House) -> None:
    from app.kit.database.stamp import company_stamp

    dispatch = house.start(audience(3), terms=SendingTerms(values=OFFER))
    with work(company_stamp(2)) as session:
        assert session.get(Dispatch, dispatch) is None
        assert session.execute(queries.by_state(dispatch)).all() == []
        assert session.execute(queries.progress(dispatch)).all() == []


@pytest.mark.usefixtures("house")
def test_advertising_always_has_a_way_out() -> None:
    with work(COMPANY) as session:
        version = make_version(session, MessageChannel.EMAIL, MessagePurpose.MARKETING)
        assert "{{ unsubscribe_url }}" in version.html
        assert "{{ unsubscribe_url }}" in version.body
        order = make_version(session, MessageChannel.EMAIL, MessagePurpose.TRANSACTIONAL)
        assert "unsubscribe_url" not in order.html


@pytest.mark.usefixtures("house")
def test_a_wording_never_changes_and_an_unknown_variable_is_refused() -> None:
    with work(COMPANY) as session:
        version = make_version(session, MessageChannel.SMS, MessagePurpose.MARKETING, body="One")
        second = operations.save_wording(session, version.message_template, body="Two")
        assert (version.number, second.number) == (1, 2)
        with pytest.raises(Invalid, match="nickname"):
            operations.save_wording(session, version.message_template, body="{{ nickname }}")
        with pytest.raises(Invalid):
            operations.save_wording(session, version.message_template, body="x" * 1601)
        operations.save_wording(session, version.message_template, body="x" * 1600)
