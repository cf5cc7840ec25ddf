"""SMS and WhatsApp through Twilio's own client, against a Twilio that follows its description."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest

from app.messages.engine.outcomes import Effect, Outcome, SendResult, SendStage
from app.messages.engine.text_message import TextMessage, TwilioAccount, content_variables
from app.messages.engine.twilio_codes import by_response
from app.messages.engine.twilio_sender import TwilioSender, is_from_twilio
from tests.stand_ins.running import Running
from tests.stand_ins.twilio import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    CONTENT_SID,
    SERVICE_SID,
    SMS_FROM,
    WHATSAPP_FROM,
)


def sms(key: int, **changes: Any) -> TextMessage:
    return TextMessage(key, f"+4477009{key:05d}", SMS_FROM, body="Hello")._replace(**changes)


def send(
    port: int, *messages: TextMessage, token: str = AUTH_TOKEN, seconds: float = 20
) -> dict[int, SendResult]:
    results: dict[int, SendResult] = {}
    started: list[int] = []
    account = TwilioAccount(ACCOUNT_SID, token, f"http://127.0.0.1:{port}")

    def result(message: TextMessage, outcome: SendResult) -> None:
        assert message.key not in results
        assert message.key in started
        results[message.key] = outcome

    async def run() -> None:
        async with TwilioSender(
            account, lambda m: started.append(m.key), result, concurrency=8, seconds=seconds
        ) as sender:
            for message in messages:
                sender.put(message)

    asyncio.run(run())
    return results


def counts(results: dict[int, SendResult]) -> dict[Outcome, int]:
    return dict(Counter(result.outcome for result in results.values()))


class Callbacks:
    """A web server of the test that collects what Twilio posts."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                signature = self.headers["X-Twilio-Signature"]
                outer.got.append(
                    (self.path, dict(parse_qsl(body, keep_blank_values=True)), signature)
                )
                self.send_response(204)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Keep tests quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, twilio: Running) -> None:
        while twilio.stats()["callbacks_pending"]:
            pass


@pytest.fixture
def callbacks() -> Iterator[Callbacks]:
    made = Callbacks()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_every_sms_is_taken_once(twilio: Running) -> None:
    results = send(twilio.port, *(sms(key) for key in range(200)))
    assert counts(results) == {Outcome.ACCEPTED: 200}
    assert all(result.provider_id.startswith("SM") for result in results.values())
    assert {result.segments for result in results.values()} == {1}
    assert twilio.stats()["numbers"] == twilio.stats()["messages"] == 200


def test_a_messaging_service_chooses_the_number_later(twilio: Running) -> None:
    result = send(twilio.port, sms(1, sender=SERVICE_SID))[1]
    assert (result.outcome, result.segments) == (Outcome.ACCEPTED, 0)


def test_whatsapp_sends_a_template_with_its_variables(twilio: Running) -> None:
    message = TextMessage(
        1, "whatsapp:+447700900001", WHATSAPP_FROM, content_sid=CONTENT_SID,
        variables=content_variables({"1": "Їжак", "2": ""}),
    )  # fmt: skip
    assert send(twilio.port, message)[1].outcome is Outcome.ACCEPTED
    (stored,) = twilio.ask("MESSAGES")
    assert json.loads(stored["content"]["ContentVariables"]) == {"1": "Їжак", "2": " "}
    assert stored["body"] == ""


@pytest.mark.parametrize(
    ("changes", "code", "outcome", "effect"),
    [
        ({"to": "+1"}, 21211, Outcome.REFUSED, Effect.MARK_ADDRESS),
        ({"sender": "+4930123456"}, 21606, Outcome.DEFERRED, Effect.PAUSE_PROVIDER),
        ({"sender": "Nobody!"}, 21212, Outcome.DEFERRED, Effect.PAUSE_PROVIDER),
        ({"body": ""}, 21602, Outcome.REFUSED, Effect.NONE),
        ({"body": "x" * 1601}, 21617, Outcome.REFUSED, Effect.NONE),
        ({"sender": WHATSAPP_FROM}, 21910, Outcome.REFUSED, Effect.NONE),
        ({"content_sid": "HX" + "9" * 32}, 21655, Outcome.REFUSED, Effect.NONE),
        ({"content_sid": CONTENT_SID, "variables": "{"}, 21656, Outcome.REFUSED, Effect.NONE),
        ({"status_callback": "ftp://x"}, 21609, Outcome.REFUSED, Effect.NONE),
    ],
)
def test_what_twilio_refuses_is_named_by_its_code(
    twilio: Running, changes: dict[str, Any], code: int, outcome: Outcome, effect: Effect
) -> None:
    result = send(twilio.port, sms(1, **changes))[1]
    assert (result.code, result.outcome, result.effect) == (code, outcome, effect)
    assert twilio.stats()["refused"] == {str(code): 1}
    assert twilio.stats()["messages"] == 0


@pytest.mark.parametrize(
    ("code", "outcome", "effect"),
    [(21610, Outcome.REFUSED, Effect.SUPPRESS), (21614, Outcome.REFUSED, Effect.MARK_ADDRESS),
     (21408, Outcome.REFUSED, Effect.MARK_ADDRESS), (21611, Outcome.DEFERRED, Effect.NONE),
     (63024, Outcome.REFUSED, Effect.FALL_BACK), (63018, Outcome.DEFERRED, Effect.NONE)],
)  # fmt: skip
def test_codes_about_the_recipient(
    twilio: Running, code: int, outcome: Outcome, effect: Effect
) -> None:
    twilio.rules({"do": code})
    result = send(twilio.port, sms(1))[1]
    assert (result.code, result.outcome, result.effect) == (code, outcome, effect)


def test_a_wrong_token_pauses_and_marks_nobody(twilio: Running) -> None:
    result = send(twilio.port, sms(1), token="wrong")[1]
    assert (result.code, result.outcome, result.effect) == (
        20003,
        Outcome.DEFERRED,
        Effect.PAUSE_PROVIDER,
    )


def test_429_is_certain_and_everything_else_goes_on(twilio: Running) -> None:
    twilio.rules({"do": "429", "ratio": 0.2})
    results = send(twilio.port, *(sms(key) for key in range(200)))
    found = counts(results)
    assert set(found) == {Outcome.ACCEPTED, Outcome.DEFERRED}
    assert found[Outcome.ACCEPTED] == twilio.stats()["messages"]
    assert twilio.stats()["requests"] == 200


@pytest.mark.parametrize("fault", ["500_after", "reset_after", "hang"])
def test_what_broke_after_the_body_left_is_uncertain_and_never_repeated(
    twilio: Running, fault: str
) -> None:
    twilio.rules({"do": fault, "match": "3", "seconds": 30})
    results = send(twilio.port, *(sms(key) for key in (10, 11, 13, 31)), seconds=2)
    assert {key for key, result in results.items() if result.outcome is Outcome.UNCERTAIN} == {
        13,
        31,
    }
    assert counts(results) == {Outcome.UNCERTAIN: 2, Outcome.ACCEPTED: 2}
    assert twilio.stats()["requests"] == twilio.stats()["messages"] == 4


def test_a_twilio_that_is_not_there_is_certain() -> None:
    result = send(1, sms(1))[1]
    assert (result.outcome, result.stage) == (Outcome.DEFERRED, SendStage.CONNECT)


def test_callbacks_carry_our_token_and_a_signature(twilio: Running, callbacks: Callbacks) -> None:
    url = f"{callbacks.url}/twilio?token=abc"
    result = send(twilio.port, sms(1, status_callback=url))[1]
    callbacks.wait(twilio)
    assert [form["MessageStatus"] for _, form, _ in callbacks.got] == ["sent", "delivered"]
    for path, form, signature in callbacks.got:
        assert path == "/twilio?token=abc"
        assert form["MessageSid"] == result.provider_id
        assert is_from_twilio(AUTH_TOKEN, url, form, signature)
        assert not is_from_twilio(AUTH_TOKEN, url + "x", form, signature)
        assert not is_from_twilio(AUTH_TOKEN, url, form | {"MessageStatus": "read"}, signature)
        assert not is_from_twilio("other", url, form, signature)
        assert not is_from_twilio(AUTH_TOKEN, url, form, "")


def test_a_message_outside_the_window_fails_later(twilio: Running, callbacks: Callbacks) -> None:
    twilio.rules({"do": "failed", "error": 63016})
    message = TextMessage(
        1, "whatsapp:+447700900001", WHATSAPP_FROM, body="Hi", status_callback=callbacks.url
    )
    assert send(twilio.port, message)[1].outcome is Outcome.ACCEPTED
    callbacks.wait(twilio)
    ((_, form, _),) = callbacks.got
    assert (form["MessageStatus"], form["ErrorCode"]) == ("failed", "63016")


def test_an_answer_without_json_is_still_understood() -> None:
    assert by_response(503, 503, "bad gateway").outcome is Outcome.UNCERTAIN
    assert by_response(400, 400, "?").outcome is Outcome.REFUSED
    assert by_response(429, 429, "?").outcome is Outcome.DEFERRED
