"""Outside services for tests of messages: real processes that speak the protocol."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from app.kit.database.session import bind, make_engine
from app.kit.signing import use_keys
from app.messages.queries import eligibility_rules, values
from tests.messages.sending import House
from tests.stand_ins.running import Running, running

# How long one example takes says more about the machine than about the code.
settings.register_profile("messages", deadline=None)
settings.load_profile("messages")


@pytest.fixture
def sink() -> Iterator[Running]:
    """Give a relay that takes every mail."""
    with running("smtp_sink", "0", "300") as relay:
        yield relay


@pytest.fixture
def twilio() -> Iterator[Running]:
    """Give a Twilio that follows its published description."""
    with running("twilio", "120") as service:
        yield service


@pytest.fixture
def house(own_database: str, tmp_path: Path) -> Iterator[House]:
    """Give a database where commits are real, bound for `work`."""
    use_keys(["k" * 40])
    engine = make_engine(own_database)
    bind(engine)
    # What clients decide is theirs to test; here nobody is asked unless the test says so.
    before = dict(eligibility_rules._entries), dict(values._entries)
    eligibility_rules._entries.clear()
    values._entries.clear()
    yield House(tmp_path / "journal")
    eligibility_rules._entries.update(before[0])
    values._entries.update(before[1])
    engine.dispose()
