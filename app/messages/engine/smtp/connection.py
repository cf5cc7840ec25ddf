"""One connection to the relay: commands in groups (RFC 2920), replies matched in their order."""

from __future__ import annotations

import asyncio
import base64
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from app.kit.outgoing import AddressRefused, HostUnknown, open_stream
from app.messages.engine.outcomes import (
    Outcome,
    SendResult,
    SendStage,
    by_smtp_code,
    effect_of_smtp,
)
from app.messages.engine.smtp.message import Outgoing
from app.messages.engine.smtp.replies import BadReply, Reply, ReplyReader
from app.messages.engine.smtp.url import SmtpUrl

_RECIPIENT_TAKEN = (250, 251, 252)
OnStarting = Callable[[Outgoing], None]
OnResult = Callable[[Outgoing, SendResult], None]


@dataclass(frozen=True)
class Timeouts:
    """Seconds, as RFC 5321 4.5.3.2 asks. A shorter `end` makes accepted mails look lost."""

    connect: float = 30
    command: float = 300
    data: float = 120
    end: float = 600


class ConnectionLost(Exception):
    """The connection ended while we waited."""


class RelayRefused(Exception):
    """The relay does not let us in. `permanent`: asking again will not help (bad password)."""

    def __init__(self, text: str, code: int = 0, *, permanent: bool = False) -> None:
        super().__init__(text)
        self.code = code
        self.permanent = permanent


class _Group:
    """The replies to several commands that were written together."""

    __slots__ = ("_left", "_replies", "done")

    def __init__(self, count: int, loop: asyncio.AbstractEventLoop) -> None:
        self._left = count
        self._replies: list[Reply] = []
        self.done: asyncio.Future[list[Reply]] = loop.create_future()

    def take(self, reply: Reply) -> None:
        self._replies.append(reply)
        self._left -= 1
        if not self._left and not self.done.done():
            self.done.set_result(self._replies)


class SmtpConnection(asyncio.Protocol):
    """Carries messages one after the other; each message's result is reported exactly once.

    `starting(message)` is called right before the bytes with its final dot may leave, `result`
    right after its reply was read (or the connection ended without one): what a journal needs.
    """

    def __init__(self, starting: OnStarting, result: OnResult, timeouts: Timeouts) -> None:
        self._starting, self._result, self._timeouts = starting, result, timeouts
        self._loop = asyncio.get_running_loop()
        self._reader = ReplyReader()
        self._slots: deque[Callable[[Reply], None]] = deque()
        self._group: _Group | None = None
        self._unanswered: Outgoing | None = None
        self._last_started: Outgoing | None = None
        self._awaits_answer: _Group | None = None
        self._transport: asyncio.Transport | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._needs_reset = False
        self._why = ""
        self.lost = False
        self.pipelining = False
        self.utf8 = False
        self.largest = 0
        self.extensions: dict[str, str] = {}

    # --- asyncio's side -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's, so this is a cast.
        self._transport = cast(asyncio.Transport, transport)
        self._greeting = self._expect(1, self._timeouts.command)

    def data_received(self, data: bytes) -> None:
        try:
            replies = self._reader.feed(data)
        except BadReply as error:
            self.abort(f"not SMTP: {error}")
            return
        for reply in replies:
            if self._slots:
                self._slots.popleft()(reply)
            else:
                # Unasked, so a farewell (421 after idling). Nothing more may be written here.
                self.abort(reply.words)

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True
        if self._timer is not None:
            self._timer.cancel()
        self._slots.clear()
        why = self._why or (str(error) if error else "the relay closed the connection")
        message, self._unanswered = self._unanswered, None
        if message is not None:
            self._result(message, SendResult(Outcome.UNCERTAIN, 0, why, SendStage.BODY))
        if self._group is not None and not self._group.done.done():
            self._group.done.set_exception(ConnectionLost(why))

    def abort(self, why: str) -> None:
        """End at once. What was not answered by then is uncertain."""
        self._why = self._why or why
        self.lost = True
        if self._transport is not None:
            self._transport.abort()

    # --- commands -------------------------------------------------------------------------

    def _expect(self, count: int, seconds: float) -> asyncio.Future[list[Reply]]:
        self._group = group = _Group(count, self._loop)
        self._slots.extend([group.take] * count)
        self._watch(seconds)
        return group.done

    def _watch(self, seconds: float) -> None:
        # One lazy timer per connection: one per command cost more than all the rest.
        self._deadline = self._loop.time() + seconds
        if self._timer is None:
            self._timer = self._loop.call_later(seconds, self._overdue)
        elif self._timer.when() > self._deadline:
            self._timer.cancel()
            self._timer = self._loop.call_later(seconds, self._overdue)

    def _overdue(self) -> None:
        self._timer = None
        if not self._slots:
            return
        left = self._deadline - self._loop.time()
        if left > 0.001:
            self._timer = self._loop.call_later(left, self._overdue)
        else:
            self.abort("timed out waiting for the relay")

    def _write(self, data: bytes) -> None:
        if self.lost or self._transport is None or self._transport.is_closing():
            raise ConnectionLost(self._why or "the relay closed the connection")
        self._transport.write(data)

    async def command(self, line: bytes, seconds: float | None = None) -> Reply:
        """Send one command and read its reply. Raises ConnectionLost."""
        self._write(line + b"\r\n")
        return (await self._expect(1, seconds or self._timeouts.command))[0]

    # --- beginning and end ----------------------------------------------------------------

    async def hello(self, url: SmtpUrl) -> None:
        """Greeting, EHLO, STARTTLS and sign-in. Raises RelayRefused or ConnectionLost."""
        (greeting,) = await self._greeting
        if greeting.code != 220:
            raise RelayRefused(greeting.words, greeting.code, permanent=False)
        await self._ehlo(url.helo)
        if not url.implicit_tls and url.starttls != "never":
            await self._starttls(url)
        if url.user:
            await self._sign_in(url.user, url.password)

    async def _ehlo(self, helo: str) -> None:
        reply = await self.command(b"EHLO " + helo.encode())
        if reply.code >= 500:
            reply = await self.command(b"HELO " + helo.encode())
        if reply.code != 250:
            raise RelayRefused(reply.words, reply.code)
        lines = reply.words.split("\n")[1:]
        pairs = (line.strip().partition(" ") for line in lines)
        self.extensions = {word.upper(): rest.strip() for word, _, rest in pairs if word}
        self.pipelining = "PIPELINING" in self.extensions
        self.utf8 = "SMTPUTF8" in self.extensions
        size = self.extensions.get("SIZE", "")
        self.largest = int(size) if size.isdigit() else 0

    async def _starttls(self, url: SmtpUrl) -> None:
        if "STARTTLS" not in self.extensions:
            if url.starttls == "required":
                raise RelayRefused("the relay offers no STARTTLS", permanent=True)
            return
        reply = await self.command(b"STARTTLS")
        if reply.code != 220:
            raise RelayRefused(reply.words, reply.code, permanent=url.starttls == "required")
        if self._reader.unread:
            # Bytes slipped in before the handshake would be read as if they had come over TLS.
            raise RelayRefused("the relay spoke before the TLS handshake", permanent=True)
        if self._transport is None:
            raise ConnectionLost(self._why)
        secured = await self._loop.start_tls(
            self._transport, self, url.tls_context(), server_hostname=url.host
        )
        if secured is None:
            raise ConnectionLost("closed during the TLS handshake")
        self._transport = secured
        await self._ehlo(url.helo)

    async def _sign_in(self, user: str, password: str) -> None:
        offered = self.extensions.get("AUTH", "").upper().split()
        if "PLAIN" in offered:
            token = base64.b64encode(f"\0{user}\0{password}".encode())
            reply = await self.command(b"AUTH PLAIN " + token)
        elif "LOGIN" in offered:
            reply = await self.command(b"AUTH LOGIN")
            for word in (user, password):
                if reply.code != 334:
                    break
                reply = await self.command(base64.b64encode(word.encode()))
        else:
            raise RelayRefused("the relay offers no sign-in that we know", permanent=True)
        if reply.code != 235:
            raise RelayRefused(reply.words, reply.code, permanent=reply.code >= 500)

    async def quit(self) -> None:
        """Say goodbye; the relay's answer is not waited for long."""
        try:
            await self.command(b"QUIT", 2)
        except ConnectionLost:
            return
        finally:
            if self._transport is not None:
                self._transport.close()
            self.lost = True

    # --- messages -------------------------------------------------------------------------

    def impossible(self, message: Outgoing) -> SendResult | None:
        """Return why this relay cannot take the message, by what it said of itself."""
        if message.utf8 and not self.utf8:
            return SendResult(Outcome.REFUSED, 553, "the relay takes no SMTPUTF8", SendStage.RCPT)
        if self.largest and len(message.content) > self.largest:
            return SendResult(Outcome.REFUSED, 552, "larger than the relay takes", SendStage.MAIL)
        return None

    async def open(self, message: Outgoing, held: Outgoing | None = None) -> bool:
        """Send the envelope of `message`, together with the body of `held` whose envelope is open.

        True: the relay waits for the body. False: the result of `message` was reported. Raises
        ConnectionLost when `message` was certainly not sent; `held` is then reported if it was
        started, else it is the caller's again (see `unstarted`).
        """
        if not self.pipelining:
            if held is not None:
                await self.finish(held)
            return await self._open_stepwise(message)
        group = self._envelope(message)
        if held is None:
            self._write(group)
        else:
            self._start(held, group)
        count = 4 if self._needs_reset else 3
        self._needs_reset = False
        seconds = self._timeouts.command if held is None else self._timeouts.end
        replies = await self._expect(count, seconds)
        return await self._opened(message, *replies[-3:])

    async def finish(self, held: Outgoing) -> None:
        """Send the body of `held` and wait for its reply. Raises ConnectionLost."""
        self._start(held, b"")
        self._group = self._awaits_answer = waiting = _Group(1, self._loop)
        await waiting.done

    def unstarted(self, held: Outgoing | None) -> bool:
        """Whether `held` still waits for its body to be sent."""
        return held is not None and self._last_started is not held

    def _start(self, held: Outgoing, group: bytes) -> None:
        if self.lost or self._transport is None or self._transport.is_closing():
            raise ConnectionLost(self._why or "the relay closed the connection")
        self._starting(held)
        self._last_started = self._unanswered = held
        self._slots.append(self._answered)
        self._watch(self._timeouts.end)
        self._transport.write(b"%b.\r\n%b" % (held.content, group))

    def _answered(self, reply: Reply) -> None:
        message, self._unanswered = self._unanswered, None
        if message is not None:
            self._result(message, SendResult(by_smtp_code(reply.code), reply.code, reply.words))
        if self._awaits_answer is not None:
            self._awaits_answer.take(reply)
            self._awaits_answer = None
        if reply.code == 421:
            self.abort(reply.words)

    def _envelope(self, message: Outgoing) -> bytes:
        return b"%bMAIL FROM:<%b>%b\r\nRCPT TO:<%b>\r\nDATA\r\n" % (
            b"RSET\r\n" if self._needs_reset else b"",
            message.sender,
            b" SMTPUTF8" if message.utf8 else b"",
            message.recipient,
        )

    async def _opened(self, message: Outgoing, mail: Reply, rcpt: Reply, data: Reply) -> bool:
        ok = mail.code == 250 and rcpt.code in _RECIPIENT_TAKEN
        if ok and data.code == 354:
            return True
        self._needs_reset = True
        if mail.code != 250:
            self._refused(message, mail, SendStage.MAIL)
        elif rcpt.code not in _RECIPIENT_TAKEN:
            self._refused(message, rcpt, SendStage.RCPT)
        else:
            self._refused(message, data, SendStage.DATA)
        if data.code == 354:
            await self._end_unwanted_data(rcpt)
        return False

    async def _end_unwanted_data(self, rcpt: Reply) -> None:
        """End with a lone dot what a relay wants although it has no recipient (RFC 2920 3.1)."""
        if rcpt.code in _RECIPIENT_TAKEN:
            self.abort("the relay wants data without a sender")  # a dot would mail an empty message
            return
        try:
            await self.command(b".", self._timeouts.end)
        except ConnectionLost:
            return  # the message's result was reported; the pool sees that the connection is gone

    def _refused(self, message: Outgoing, reply: Reply, stage: SendStage) -> None:
        outcome = by_smtp_code(reply.code)
        if outcome is Outcome.ACCEPTED:
            outcome = Outcome.DEFERRED
        effect = effect_of_smtp(reply.code, reply.words, stage)
        self._result(message, SendResult(outcome, reply.code, reply.words, stage, effect=effect))
        if reply.code == 421:
            self.abort(reply.words)

    async def _open_stepwise(self, message: Outgoing) -> bool:
        if self._needs_reset:
            await self.command(b"RSET")
            self._needs_reset = False
        mail = await self.command(
            b"MAIL FROM:<%b>%b" % (message.sender, b" SMTPUTF8" if message.utf8 else b"")
        )
        if mail.code != 250:
            self._refused(message, mail, SendStage.MAIL)
            self._needs_reset = True
            return False
        rcpt = await self.command(b"RCPT TO:<%b>" % message.recipient)
        if rcpt.code not in _RECIPIENT_TAKEN:
            self._refused(message, rcpt, SendStage.RCPT)
            self._needs_reset = True
            return False
        data = await self.command(b"DATA", self._timeouts.data)
        if data.code != 354:
            self._refused(message, data, SendStage.DATA)
            self._needs_reset = True
            return False
        return True


async def connect(
    url: SmtpUrl, starting: OnStarting, result: OnResult, timeouts: Timeouts
) -> SmtpConnection:
    """Return an open, signed-in connection. Raises RelayRefused."""
    context = url.tls_context() if url.implicit_tls else None
    try:
        async with asyncio.timeout(timeouts.connect):
            connection = await open_stream(
                lambda: SmtpConnection(starting, result, timeouts),
                url.host,
                url.port,
                trusted=(url.host,) if url.trusted else (),
                context=context,
            )
    except AddressRefused as error:
        raise RelayRefused(str(error), permanent=True) from error
    except HostUnknown as error:
        raise RelayRefused(f"cannot connect: {error}") from error
    except (OSError, TimeoutError, ValueError) as error:  # ValueError: a host that is no name
        raise RelayRefused(f"cannot connect: {error or 'timed out'}") from error
    try:
        await connection.hello(url)
    except (ConnectionLost, OSError) as error:
        connection.abort("refused")
        raise RelayRefused(str(error)) from error
    except BaseException:
        connection.abort("refused")
        raise
    return connection
