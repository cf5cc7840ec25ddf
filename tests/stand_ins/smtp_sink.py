"""A relay that takes every mail and counts: `python -m tests.stand_ins.smtp_sink PORT LATENCY_MS [LIFE_S]`.

SMTP on PORT, control on PORT+1, one line per question:
  STATS            counts as JSON          DUMP FILE   {recipient: times} into FILE
  RESET            forget counts, rules    STOP        end
  MAILS            the last mails kept, as JSON list of {"from", "to", "data"}
  SET {json}       latency_ms, pipelining, keep, greeting
  RULES [json]     list of {"at": mail|rcpt|data|dot, "do": code|"close"|"stall", "match": part of the
                   recipient, "ratio": share of recipients, "times": how often at most}
PORT 0 picks free ports and prints "PORT CONTROL" on the first line.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast


@dataclass
class State:
    latency: float = 0.0
    pipelining: bool = True
    greeting: bytes = b"220 sink"
    keep: int = 20
    seen: dict[bytes, int] = field(default_factory=dict)
    total: int = 0
    open: int = 0
    most_open: int = 0
    connections: int = 0
    rules: list[dict[str, Any]] = field(default_factory=list)
    mails: list[dict[str, str]] = field(default_factory=list)

    def rule(self, at: str, recipient: bytes) -> Any:
        """Return what to do instead of saying yes, or None."""
        for rule in self.rules:
            if rule["at"] != at or rule.get("times") == 0:
                continue
            if rule.get("match", "").encode() not in recipient:
                continue
            if "ratio" in rule and zlib.crc32(recipient) % 10_000 >= rule["ratio"] * 10_000:
                continue
            if "times" in rule:
                rule["times"] -= 1
            return rule["do"]
        return None


class Relay(asyncio.Protocol):
    """One client's connection. Commands of a group are answered in one write, as real relays do."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.buffer = bytearray()
        self.in_data = False
        self.sender = b""
        self.recipient = b""
        self.silent = False
        self.closing = False
        self.has_sender = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.state.connections += 1
        self.state.open += 1
        self.state.most_open = max(self.state.most_open, self.state.open)
        self.answer(self.state.greeting + b"\r\n")

    def connection_lost(self, error: Exception | None) -> None:
        self.state.open -= 1

    def answer(self, data: bytes) -> None:
        if self.state.latency:
            asyncio.get_running_loop().call_later(self.state.latency, self.write, data)
        else:
            self.write(data)

    def write(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)
            if not data:
                self.transport.close()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        replies = b""
        while not self.silent:
            end = self.buffer.find(b"\r\n.\r\n" if self.in_data else b"\r\n")
            if self.in_data and self.buffer.startswith(b".\r\n"):
                end = -2
            elif end < 0:
                break
            if self.in_data:
                content = bytes(self.buffer[: max(end, 0)])
                del self.buffer[: end + 5]
                reply = self.mail(content)
            else:
                line = bytes(self.buffer[:end])
                del self.buffer[: end + 2]
                reply = self.command(line)
            if reply is None:
                break
            replies += reply
        if replies:
            self.answer(replies)
        if self.closing:
            self.answer(b"")

    def mail(self, content: bytes) -> bytes | None:
        self.in_data = False
        state = self.state
        what = state.rule("dot", self.recipient) if state.rules else None
        if isinstance(what, int):
            return b"%d no\r\n" % what
        state.total += 1
        state.seen[self.recipient] = state.seen.get(self.recipient, 0) + 1
        if state.keep:
            self.keep(content)
        return self.silence(what) if what else b"250 2.0.0 ok\r\n"

    def keep(self, content: bytes) -> None:
        text = (b"\r\n" + content).replace(b"\r\n.", b"\r\n")[2:]
        mail = {"from": self.sender, "to": self.recipient, "data": text}
        self.state.mails.append({name: value.decode("latin-1") for name, value in mail.items()})
        del self.state.mails[: -self.state.keep]

    def silence(self, what: str) -> None:
        """No further answer; closed, if asked, once those of earlier commands have left."""
        self.silent = True
        self.closing = what == "close"

    def command(self, line: bytes) -> bytes | None:  # noqa: PLR0911 -- one for each verb
        verb = line[:4].upper()
        if verb == b"MAIL":
            self.sender, self.recipient = path(line), b""
            reply = self.ruled("mail", b"250 ok\r\n")
            self.has_sender = reply == b"250 ok\r\n"
            return reply
        if verb == b"RCPT":
            if not self.has_sender:
                return b"503 no sender\r\n"
            recipient = path(line)
            reply = self.ruled("rcpt", b"250 ok\r\n", recipient)
            self.recipient = recipient if reply == b"250 ok\r\n" else b""
            return reply
        if verb == b"DATA":
            if not self.recipient:
                return b"503 no recipient\r\n"
            reply = self.ruled("data", b"354 go\r\n")
            self.in_data = reply == b"354 go\r\n"
            return reply
        if verb == b"EHLO":
            return self.hello()
        if verb == b"QUIT":
            self.silence("close")
            return b"221 bye\r\n"
        return b"250 ok\r\n"

    def hello(self) -> bytes:
        pipelining = b"250-PIPELINING\r\n" if self.state.pipelining else b""
        return b"250-sink\r\n" + pipelining + b"250-8BITMIME\r\n250 SIZE 10485760\r\n"

    def ruled(self, at: str, yes: bytes, recipient: bytes | None = None) -> bytes | None:
        what = self.state.rule(at, recipient or self.recipient) if self.state.rules else None
        if what is None:
            return yes
        if isinstance(what, int):
            if what == 421:
                self.silence("close")
            return b"%d no\r\n" % what
        return self.silence(what)


def path(line: bytes) -> bytes:
    return line[line.find(b"<") + 1 : line.find(b">")]


class Control(asyncio.Protocol):
    """Questions of a test, one per line."""

    def __init__(self, state: State, stopped: asyncio.Event) -> None:
        self.state, self.stopped, self.buffer = state, stopped, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in lines:
            verb, _, rest = line.decode().partition(" ")
            self.transport.write(json.dumps(self.do(verb, rest)).encode() + b"\n")

    def do(self, verb: str, rest: str) -> Any:
        state = self.state
        if verb == "RESET":
            state.seen, state.mails, state.rules = {}, [], []
            state.total = state.connections = 0
        elif verb == "DUMP":
            with Path(rest).open("w") as file:
                json.dump({name.decode(): times for name, times in state.seen.items()}, file)
        elif verb == "RULES":
            state.rules = json.loads(rest)
        elif verb == "MAILS":
            return state.mails
        elif verb == "SET":
            self.set(json.loads(rest))
        elif verb == "STOP":
            self.stopped.set()
        return self.stats()

    def set(self, values: dict[str, Any]) -> None:
        self.state.latency = values.get("latency_ms", self.state.latency * 1000) / 1000
        self.state.pipelining = values.get("pipelining", self.state.pipelining)
        self.state.keep = values.get("keep", self.state.keep)
        self.state.greeting = values.get("greeting", self.state.greeting.decode()).encode()

    def stats(self) -> dict[str, float]:
        state = self.state
        return {
            "total": state.total,
            "unique": len(state.seen),
            "duplicates": sum(times - 1 for times in state.seen.values()),
            "connections": state.connections,
            "open": state.open,
            "most_open": state.most_open,
            "cpu": time.process_time(),
        }


def listen(port: int) -> socket.socket:
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    return server


async def main(port: int, latency_ms: float, life: float) -> None:
    state, stopped = State(latency=latency_ms / 1000), asyncio.Event()
    mail, control = listen(port), listen(port + 1 if port else 0)
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: Relay(state), sock=mail)
    await loop.create_server(lambda: Control(state, stopped), sock=control)
    print(mail.getsockname()[1], control.getsockname()[1], flush=True)
    try:
        await asyncio.wait_for(stopped.wait(), life)
    except TimeoutError:
        print("the sink's time is over", file=sys.stderr)


def run(arguments: list[str]) -> None:
    port, latency = int(arguments[0]), float(arguments[1]) if len(arguments) > 1 else 0.0
    life = float(arguments[2]) if len(arguments) > 2 else 900.0
    try:
        import uvloop

        uvloop.run(main(port, latency, life))
    except ImportError:
        asyncio.run(main(port, latency, life))


if __name__ == "__main__":
    run(sys.argv[1:])
