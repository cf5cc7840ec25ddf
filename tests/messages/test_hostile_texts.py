"""A text stops nobody but itself, wherever it is read."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from app.campaigns.operations import content
from app.kit.database.session import work
from app.kit.errors import Invalid
from app.messages import operations
from app.messages.choices import DispatchStatus, MessageChannel, MessagePurpose, PauseReason
from app.messages.engine.filters import FILTERS, LONGEST_VALUE
from app.messages.engine.html_text import text_of_html
from app.messages.engine.render import RenderError, Template, check
from app.messages.engine.sms_length import sms_length
from app.messages.models import Dispatch, MessageTemplateVersion
from app.messages.operations import SendingTerms
from tests.messages.hostile import SECONDS, TEXTS, VALUES, bounded, quick
from tests.messages.sending import COMPANY, OFFER, House, audience

KNOWN = frozenset(VALUES)
each = pytest.mark.parametrize("source", TEXTS.values(), ids=TEXTS.keys())


@each
def test_it_is_read_and_rendered_within_bounds(source: str) -> None:
    with bounded(), suppress(Invalid, RenderError):
        check(source, KNOWN)
        made = Template(source).render(VALUES)
        # What comes out can be kept and sent.
        assert "\0" not in made
        made.encode()
        sms_length(made)
    with quick(), suppress(Invalid, RenderError):
        Template(source, html=True).render(VALUES)


@each
def test_its_text_part_is_made_within_bounds(source: str) -> None:
    source = source[:200_000]
    with quick():
        text_of_html(source)


@each
def test_a_message_with_it_in_any_part_is_shown_within_bounds(source: str) -> None:
    mail, sms, whatsapp = MessageChannel.EMAIL, MessageChannel.SMS, MessageChannel.WHATSAPP
    for channel, parts in (
        (mail, {"subject": source, "text": "Hello"}),
        (mail, {"subject": "Hello", "text": source}),
        (mail, {"subject": "Hello", "html": source}),
        (sms, {"text": source}),
        (whatsapp, {"content_sid": f"HX{'a' * 32}", "content_variables": {"1": source}}),
    ):
        message = content.Message(channel, MessagePurpose.MARKETING, **parts)  # type: ignore[arg-type]  # parts of several types
        with quick(2 * SECONDS), suppress(Invalid, RenderError):
            content.render(message, {**VALUES, "unsubscribe_url": "https://example.com"})


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("Hi\n{{ 1|round(4000000, 'ceil') }}", "Line 2: “round” does not take these arguments."),
        ("{{ 5|round(number) }}", "Line 1: a filter takes a plain word or number."),
        ("a\n\n{% set a = 1 %}", "Line 3: “assign” is not available in texts."),
        ("{{ a|center(3) }}", "Line 1: “center” is not available in texts."),
        ("{% for a in 'xyz' %}{% endfor %}", "Line 1: a loop goes over a variable"),
        ("{{ " + "9" * 5000 + " }}", "Line 1: a number in this text is too large."),
        ("{{ 1e400 }}", "Line 1: a number in this text is too large."),
        ("{{ 1" + "0" * 15 + " }}", "Line 1: a number in this text is too large."),
        ("{{ '\\ud800' }}", "Line 1: a sign in this text cannot be sent."),
    ],
)
def test_what_is_refused_is_said_with_its_line_and_its_field(source: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(source, KNOWN, field="body")
    assert str(refused.value).startswith(said)
    assert refused.value.field == "body"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{% for a in goods %}" + "{{ a.name }}" * 400 + "{% endfor %}", "too much to do"),
        ("{% for a in name %}{% endfor %}", "over a list only"),
        ("{{ long" + "|e" * 20 + " }}", "too long"),
        ("{{ nobody }}", "no value “nobody”"),
    ],
)
def test_what_the_values_make_too_much_is_an_error_of_this_recipient(
    source: str, said: str
) -> None:
    with pytest.raises(RenderError, match=said):
        Template(source).render(VALUES)


@pytest.mark.parametrize("source", ["{% if told == 'x' %}{% endif %}", "{{ told|length }}"])
def test_a_value_is_too_long_wherever_it_is_used(source: str) -> None:
    with pytest.raises(RenderError, match="too long"):
        Template(source).render({"told": "x" * (LONGEST_VALUE + 1)})


@pytest.mark.parametrize("inside", ["{{ told|length }}", "{% if a == told %}{% endif %}"])
def test_whoever_looks_through_a_long_value_pays_for_it(inside: str) -> None:
    source = "{% for a in several %}" + inside + "{% endfor %}"
    values = {"told": "x" * 90_000, "several": ["x"] * 20}
    with pytest.raises(RenderError, match="too much to do"):
        Template(source).render(values)
    Template(source).render({**values, "several": ["x"] * 5})


@pytest.mark.parametrize("value", ["x" * 1000, ["x"] * 1000])
def test_a_join_makes_nothing_that_is_too_long(value: object) -> None:
    with pytest.raises(RenderError, match="too long"):
        FILTERS["join"].call(value, d="y" * 200, attribute=None)


def _plant(source: str, part: str, values: dict[str, object]) -> int:
    """A sending whose text was stored before anybody refused it."""
    with work(COMPANY) as session:
        template = operations.make_template(session, f"Planted {part}", MessageChannel.EMAIL)
        parts = {"subject": "Hello", "body": "Hello", "html": "Hello", part: source}
        version = MessageTemplateVersion(message_template=template, number=1, **parts)
        session.add(version)
        session.flush()
        return operations.start(
            session, version, audience(30), terms=SendingTerms(values=values)
        ).id


@pytest.mark.parametrize("part", ["subject", "body", "html"])
def test_a_worker_stops_the_sending_of_a_hostile_text_and_no_other(house: House, part: str) -> None:
    hostile = _plant(TEXTS["digits before the point"], part, OFFER)
    good = house.start(audience(30), terms=SendingTerms(values=OFFER))
    began = time.monotonic()
    house.drain()
    assert time.monotonic() - began < 10
    assert house.status(good) is DispatchStatus.COMPLETED
    assert house.states(good) == {"outbox": 30}
    assert house.states(hostile) == {"pending": 30}
    with work(COMPANY) as session:
        stopped = session.get_one(Dispatch, hostile)
        assert stopped.status is DispatchStatus.PAUSED
        assert stopped.status_reason is PauseReason.RENDERING
        assert "“round” does not take these arguments." in stopped.status_text


def test_a_text_that_is_too_much_for_everybody_stops_its_own_sending(house: House) -> None:
    source = "{% for a in goods %}" + "{{ a }}" * 300 + "{% endfor %}"
    hostile = _plant(source, "html", {"goods": [1] * 200})
    good = house.start(audience(30), terms=SendingTerms(values=OFFER))
    house.drain()
    assert house.states(good) == {"outbox": 30}
    with work(COMPANY) as session:
        stopped = session.get_one(Dispatch, hostile)
        assert stopped.status_reason is PauseReason.RENDERING
        assert "too much to do" in stopped.status_text
