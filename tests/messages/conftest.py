"""Outside services for tests of messages: real processes that speak the protocol."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.stand_ins.running import Running, running

# How long one example takes says more about the machine than about the code.
settings.register_profile("messages", deadline=None)
settings.load_profile("messages")


@pytest.fixture
def sink() -> Iterator[Running]:
    """A relay that takes every mail."""
    with running("smtp_sink", "0", "120") as relay:
        yield relay


@pytest.fixture
def twilio() -> Iterator[Running]:
    """A Twilio that follows its published description."""
    with running("twilio", "120") as service:
        yield service
