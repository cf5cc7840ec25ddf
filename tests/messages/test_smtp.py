"""The pipelined SMTP client against a real relay process."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.outgoing import allow_networks, check_host
from app.messages.engine.outcomes import Effect, Outcome, SendResult, SendStage
from app.messages.engine.smtp import (
    Outgoing,
    SmtpPool,
    SmtpUrl,
    SmtpUrlError,
    Timeouts,
    UnsafeAddress,
    outgoing,
)
from app.messages.engine.smtp.message import wire
from app.messages.engine.smtp.replies import BadReply, ReplyReader
from tests.stand_ins.running import Running

# The relays of these tests are processes of this machine.
pytestmark = pytest.mark.usefixtures("loopback")

CONTENT = b"Subject: Hello\r\n\r\nHello\r\n"
QUICK = Timeouts(connect=10, command=10, data=10, end=10)
IMPATIENT = Timeouts(connect=10, command=10, data=10, end=1)


class Sent:
    """What the callbacks of a run were told."""

    def __init__(self) -> None:
        self.started: list[int] = []
        self.results: dict[int, SendResult] = {}

    def starting(self, message: Outgoing) -> None:
        self.started.append(message.key)

    def result(self, message: Outgoing, result: SendResult) -> None:
        assert message.key not in self.results, "a result must be reported once"
        self.results[message.key] = result

    def counts(self) -> dict[Outcome, int]:
        return dict(Counter(result.outcome for result in self.results.values()))


def send(
    port: int,
    count: int,
    *,
    connections: int = 4,
    timeouts: Timeouts = QUICK,
    per_connection: int = 500,
) -> Sent:
    sent = Sent()
    url = replace(
        SmtpUrl.parse(f"smtp://127.0.0.1:{port}"),
        connections=connections,
        per_connection=per_connection,
    )

    async def run() -> None:
        async with SmtpPool(url, sent.starting, sent.result, timeouts) as pool:
            for key in range(count):
                pool.put(outgoing(key, "shop@example.com", f"u{key}@example.com", CONTENT))

    asyncio.run(run())
    return sent


@pytest.mark.parametrize("pipelining", [True, False])
def test_every_mail_arrives_once(sink: Running, tmp_path: Path, *, pipelining: bool) -> None:
    sink.set(pipelining=pipelining)
    sent = send(sink.port, 300)
    assert sent.counts() == {Outcome.ACCEPTED: 300}
    assert sink.seen(tmp_path / "seen") == {f"u{key}@example.com": 1 for key in range(300)}
    assert sorted(sent.started) == list(range(300))


def test_pipelining_costs_one_round_trip_per_mail(sink: Running) -> None:
    sink.set(latency_ms=20)
    began = time.monotonic()
    send(sink.port, 50, connections=1)
    grouped = time.monotonic() - began
    sink.set(pipelining=False)
    began = time.monotonic()
    send(sink.port, 50, connections=1)
    assert (time.monotonic() - began) > 2.5 * grouped


def test_a_connection_is_replaced_after_its_share(sink: Running) -> None:
    assert send(sink.port, 95, connections=1, per_connection=10).counts() == {Outcome.ACCEPTED: 95}
    assert sink.stats()["connections"] == 10


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("at", ["mail", "rcpt", "data", "dot"])
@pytest.mark.parametrize(("code", "outcome"), [(550, Outcome.REFUSED), (454, Outcome.DEFERRED)])
def test_a_refused_mail_does_not_hurt_its_neighbours(
    sink: Running, tmp_path: Path, *, pipelining: bool, at: str, code: int, outcome: Outcome
) -> None:
    sink.set(pipelining=pipelining)
    # At "mail" the relay does not know the recipient yet, so there the first three are refused.
    rule = {"at": at, "do": code} | ({"times": 3} if at == "mail" else {"match": "u1"})
    sink.rules(rule)
    sent = send(sink.port, 25, connections=2)
    refused = {key for key, result in sent.results.items() if result.outcome is outcome}
    assert len(refused) == (3 if at == "mail" else 11)
    stage = SendStage.BODY if at == "dot" else SendStage(at)
    assert {(sent.results[key].code, sent.results[key].stage) for key in refused} == {(code, stage)}
    assert sent.counts() == {outcome: len(refused), Outcome.ACCEPTED: 25 - len(refused)}
    arrived = sink.seen(tmp_path / "seen")
    assert arrived == {f"u{key}@example.com": 1 for key in range(25) if key not in refused}


def test_a_share_of_recipients_can_be_refused(sink: Running) -> None:
    sink.rules({"at": "rcpt", "do": 550, "ratio": 0.1})
    counts = send(sink.port, 1000).counts()
    assert counts[Outcome.REFUSED] + counts[Outcome.ACCEPTED] == 1000
    assert 50 < counts[Outcome.REFUSED] < 150


def test_a_relay_that_hangs_up_after_the_dot_leaves_one_mail_uncertain(
    sink: Running, tmp_path: Path
) -> None:
    sink.rules({"at": "dot", "do": "close", "match": "u7@"})
    sent = send(sink.port, 40, connections=2)
    assert sent.counts() == {Outcome.UNCERTAIN: 1, Outcome.ACCEPTED: 39}
    assert sent.results[7].outcome is Outcome.UNCERTAIN
    assert set(sink.seen(tmp_path / "seen").values()) == {1}


def test_a_relay_that_falls_silent_after_the_dot_leaves_one_mail_uncertain(sink: Running) -> None:
    sink.rules({"at": "dot", "do": "stall", "match": "u7@"})
    sent = send(sink.port, 40, connections=2, timeouts=IMPATIENT)
    assert sent.counts() == {Outcome.UNCERTAIN: 1, Outcome.ACCEPTED: 39}
    assert "timed out" in sent.results[7].text


@pytest.mark.parametrize("at", ["mail", "rcpt", "data"])
def test_a_lost_connection_before_the_body_loses_nothing(
    sink: Running, tmp_path: Path, at: str
) -> None:
    sink.rules({"at": at, "do": "close", "times": 3})
    sent = send(sink.port, 40, connections=3)
    assert sent.counts() == {Outcome.ACCEPTED: 40}
    assert set(sink.seen(tmp_path / "seen").values()) == {1}


def test_a_421_closes_the_connection_and_the_rest_goes_over_another(
    sink: Running, tmp_path: Path
) -> None:
    sink.rules({"at": "rcpt", "do": 421, "match": "u7@", "times": 1})
    sent = send(sink.port, 40, connections=2)
    assert sent.counts().get(Outcome.UNCERTAIN, 0) == 0
    assert set(sink.seen(tmp_path / "seen").values()) == {1}
    assert len(sent.results) == 40


def test_an_envelope_that_kills_every_connection_is_given_up(sink: Running) -> None:
    sink.rules({"at": "rcpt", "do": "close", "match": "u7@"})
    sent = send(sink.port, 10, connections=2)
    assert sent.counts() == {Outcome.DEFERRED: 1, Outcome.ACCEPTED: 9}
    assert sent.results[7].stage is SendStage.CONNECT


def test_a_relay_that_is_not_there_defers_everything() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        sent = send(unused.getsockname()[1], 20)
    assert sent.counts() == {Outcome.DEFERRED: 20}
    assert sent.started == []
    assert {result.stage for result in sent.results.values()} == {SendStage.CONNECT}


def test_a_relay_that_greets_with_554_defers_everything(sink: Running) -> None:
    sink.set(greeting="554 go away")
    sent = send(sink.port, 5)
    assert sent.counts() == {Outcome.DEFERRED: 5}
    assert {result.code for result in sent.results.values()} == {554}


def test_what_starting_raises_stops_the_pool_and_starts_nothing_more(sink: Running) -> None:
    class Fenced(Exception):
        pass

    started = []

    def starting(message: Outgoing) -> None:
        if len(started) == 5:
            raise Fenced
        started.append(message.key)

    async def run() -> None:
        url = replace(SmtpUrl.parse(f"smtp://127.0.0.1:{sink.port}"), connections=1)
        async with SmtpPool(url, starting, lambda message, result: None, QUICK) as pool:
            for key in range(50):
                pool.put(outgoing(key, "shop@example.com", f"u{key}@example.com", CONTENT))

    with pytest.raises(Fenced):
        asyncio.run(run())
    assert sink.stats()["total"] == 5


def test_a_mail_larger_than_the_relay_takes_is_refused_here(sink: Running) -> None:
    sent = Sent()

    async def run() -> None:
        url = SmtpUrl.parse(f"smtp://127.0.0.1:{sink.port}")
        async with SmtpPool(url, sent.starting, sent.result, QUICK) as pool:
            pool.put(outgoing(1, "a@example.com", "b@example.com", b"x" * 11_000_000))
            pool.put(outgoing(2, "a@example.com", "größe@example.com", CONTENT))
            pool.put(outgoing(3, "a@example.com", "c@example.com", CONTENT))

    asyncio.run(run())
    assert [sent.results[key].code for key in (1, 2, 3)] == [552, 553, 250]
    assert sent.started == [3]


@pytest.mark.parametrize(
    "address",
    [
        "a@b.c\r\nRCPT TO:<x@y.z>",
        "a@b.c\0",
        "a b@c.d",
        "<a@b.c>",
        "",
        "a@b.c>",
        "a\n@b.c",
        "x" * 300,
    ],
)
def test_an_address_that_could_end_the_command_is_refused(address: str) -> None:
    with pytest.raises(UnsafeAddress):
        outgoing(1, "shop@example.com", address, CONTENT)
    with pytest.raises(UnsafeAddress):
        outgoing(1, address, "shop@example.com", CONTENT)


@given(st.binary())
def test_no_content_can_end_itself(content: bytes) -> None:
    sent = wire(content)
    assert sent.endswith(b"\r\n")
    assert b"\r\n.\r\n" not in sent
    assert not sent.startswith(b".\r\n")
    assert sent.count(b"\n") == sent.count(b"\r\n") == sent.count(b"\r")


def test_content_arrives_as_it_was_written(sink: Running) -> None:
    async def run() -> None:
        url = SmtpUrl.parse(f"smtp://127.0.0.1:{sink.port}")
        async with SmtpPool(url, lambda m: None, lambda m, r: None, QUICK) as pool:
            pool.put(
                outgoing(
                    1, "a@example.com", "b@example.com", b".\r\n..\nRCPT TO:<x@y.z>\r.\r\n.\r\n"
                )
            )

    asyncio.run(run())
    (mail,) = sink.mails()
    assert mail["data"] == ".\r\n..\r\nRCPT TO:<x@y.z>\r\n.\r\n."
    assert sink.stats()["total"] == 1


@given(st.lists(st.integers(1, 30), max_size=40))
def test_replies_are_read_however_they_are_cut(cuts: list[int]) -> None:
    stream = b"250-one\r\n250-two\r\n250 three\r\n354\r\n550 5.1.1 no\r\n"
    reader, replies, at = ReplyReader(), [], 0
    for cut in [*cuts, len(stream)]:
        replies += reader.feed(stream[at : at + cut])
        at += cut
    assert [(reply.code, reply.text) for reply in replies] == [
        (250, b"one\ntwo\nthree"), (354, b""), (550, b"5.1.1 no"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "data", [b"HTTP/1.1 400 Bad\r\n", b"25\r\n", b"250-a\r\n251 b\r\n", b"x" * 5000]
)
def test_what_is_no_reply_is_noticed(data: bytes) -> None:
    with pytest.raises(BadReply):
        ReplyReader().feed(data)


def test_urls() -> None:
    url = SmtpUrl.parse("smtp://me%40x:p%2Fw@mail.example.com?connections=3&helo=crm.example.com")
    assert (url.user, url.password, url.port) == ("me@x", "p/w", 587)
    assert (url.starttls, url.connections, url.helo) == ("required", 3, "crm.example.com")
    assert SmtpUrl.parse("smtps://mail.example.com").port == 465
    assert SmtpUrl.parse("smtp://localhost:25").starttls == "auto"
    assert "p/w" not in repr(url)


@pytest.mark.parametrize(
    "text",
    [
        "http://x",
        "smtp://",
        "smtp://x:99999",
        "smtp://[::1",
        "smtp://x?starttls=maybe",
        "smtp://x?colour=red",
        "smtp://x?connections=0",
    ],
)
def test_urls_that_cannot_be_used(text: str) -> None:
    with pytest.raises(SmtpUrlError):
        SmtpUrl.parse(text)


@pytest.mark.parametrize("inside", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
def test_a_companys_relay_inside_is_refused_for_good_and_hears_nothing(
    sink: Running, inside: str
) -> None:
    allow_networks([])
    results = asyncio.run(_one_to(SmtpUrl.parse(f"smtp://{inside}:{sink.port}")))
    assert [(one.outcome, one.stage, one.effect) for one in results] == [
        (Outcome.DEFERRED, SendStage.CONNECT, Effect.PAUSE_PROVIDER)
    ]
    assert "not on the public internet" in results[0].text
    assert sink.stats()["connections"] == 0


def test_the_relay_that_the_installation_names_may_lie_inside(sink: Running) -> None:
    allow_networks([])
    url = SmtpUrl.parse(f"smtp://127.0.0.1:{sink.port}", trusted=True)
    assert [one.outcome for one in asyncio.run(_one_to(url))] == [Outcome.ACCEPTED]


def test_a_name_that_answers_otherwise_when_connected_to_is_caught(
    sink: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow_networks([])
    answers = iter(["8.8.8.8", "127.0.0.1"])

    def rebinding(_host: str, port: int, *_args: object, **_kw: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    check_host("rebinding.example", sink.port)  # when it was saved
    results = asyncio.run(_one_to(SmtpUrl.parse(f"smtp://rebinding.example:{sink.port}")))
    assert "not on the public internet" in results[0].text
    monkeypatch.undo()
    assert sink.stats()["connections"] == 0


async def _one_to(url: SmtpUrl) -> list[SendResult]:
    sent = Sent()
    async with SmtpPool(replace(url, connections=1), sent.starting, sent.result, QUICK) as pool:
        pool.put(outgoing(1, "a@example.com", "b@example.com", CONTENT))
    return list(sent.results.values())
