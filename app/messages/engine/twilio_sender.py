"""SMS and WhatsApp through Twilio's own client, at whatever address the configuration names."""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit, urlunsplit

from aiohttp import ClientConnectorError, ClientError, ConnectionTimeoutError
from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator, get_signature_algorithm
from twilio.rest import Client

from app.kit.outgoing import client_session
from app.messages.engine.inbox import Carrier
from app.messages.engine.outcomes import Outcome, SendResult, SendStage
from app.messages.engine.text_message import TextMessage, TwilioAccount
from app.messages.engine.twilio_codes import by_response

_log = logging.getLogger(__name__)


OnStarting = Callable[[TextMessage], None]
OnResult = Callable[[TextMessage, SendResult], None]


class _HttpClient(AsyncHttpClient):
    """The transport below Twilio's client: one pool, its host replaced, no repetition, no log.

    The library's own cannot be pointed elsewhere, logs the clients' numbers, and asks aiohttp for
    what that has deprecated.
    """

    def __init__(self, api_base: str, seconds: float, connections: int) -> None:
        super().__init__(_log, is_async=True)
        self._base = urlsplit(api_base) if api_base else None
        # The address is that of whoever runs the installation; no company chooses it.
        named = self._base.hostname if self._base is not None else None
        self._session = client_session(
            seconds=seconds, connections=connections, trusted=(named,) if named else ()
        )

    async def request(  # noqa: PLR0917 -- the library's signature
        self,
        method: str,
        uri: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 -- the library's signature
        allow_redirects: bool = False,  # noqa: FBT001, FBT002 -- the same
    ) -> Response:
        sent = dict(headers or {})
        if auth is not None:
            sent["Authorization"] = f"Basic {b64encode(':'.join(auth).encode()).decode()}"
        async with self._session.request(
            method,
            self._address(uri),
            params=params,
            data=data,
            headers=sent,
            allow_redirects=allow_redirects,
        ) as answer:
            return Response(answer.status, await answer.text(), answer.headers)

    def _address(self, uri: str) -> str:
        if self._base is None:
            return uri
        parts = urlsplit(uri)
        path = self._base.path.rstrip("/") + parts.path
        return urlunsplit((self._base.scheme, self._base.netloc, path, parts.query, ""))

    async def close(self) -> None:
        await self._session.close()


class TwilioSender(Carrier[TextMessage]):
    """Carries text messages, at most `concurrency` at once; the same interface as SmtpPool.

    A request is never repeated here: Twilio knows no idempotency key for messages.
    """

    def __init__(
        self,
        account: TwilioAccount,
        starting: OnStarting,
        result: OnResult,
        *,
        concurrency: int = 20,
        seconds: float = 30,
    ) -> None:
        super().__init__()
        self._account, self._starting, self._result = account, starting, result
        self._concurrency, self._seconds = concurrency, seconds

    async def __aenter__(self) -> Self:
        self._http = _HttpClient(self._account.api_base, self._seconds, self._concurrency)
        self._client = Client(self._account.sid, self._account.token, http_client=self._http)
        self._workers = [asyncio.create_task(self._work()) for _ in range(self._concurrency)]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            await self._http.close()

    async def _work(self) -> None:
        while await self._inbox.wait():
            message = self._inbox.pop()
            if message is None:
                continue
            self._starting(message)
            result = await self._send(message)
            self.down = result if result.stage is SendStage.CONNECT else None
            self._result(message, result)

    async def _send(self, message: TextMessage) -> SendResult:
        try:
            created = await self._client.messages.create_async(**_parameters(message))
        except TwilioRestException as error:
            return by_response(error.status, error.code or 0, error.msg)
        except TwilioServiceException as error:
            return by_response(error.status, error.code, error.detail or error.title)
        except (ClientConnectorError, ConnectionTimeoutError) as error:
            return SendResult(Outcome.DEFERRED, 0, str(error)[:300], SendStage.CONNECT)
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            # Reset, end of file, time-out, an unreadable answer: the body may have been acted upon.
            return SendResult(
                Outcome.UNCERTAIN, 0, f"{type(error).__name__}: {error}"[:300], SendStage.HTTP
            )
        segments = int(created.num_segments or 0)
        return SendResult(
            Outcome.ACCEPTED, 201, "", SendStage.HTTP, provider_id=created.sid, segments=segments
        )


def _parameters(message: TextMessage) -> dict[str, str]:
    given = {"to": message.to, "status_callback": message.status_callback}
    by_service = message.sender.startswith("MG")
    given["messaging_service_sid" if by_service else "from_"] = message.sender
    if message.content_sid:
        given |= {"content_sid": message.content_sid, "content_variables": message.variables}
    else:
        given["body"] = message.body
    return {name: value for name, value in given.items() if value}


class Sent(NamedTuple):
    """A message as Twilio remembers it."""

    sid: str
    sender: str
    body: str
    status: str
    code: int
    segments: int
    created: datetime


async def look_up(
    account: TwilioAccount, numbers: Iterable[str], *, most: int = 20, seconds: float = 10
) -> dict[str, list[Sent]]:
    """Return the newest messages that went out to each number.

    One that Twilio does not answer for is not among them.
    """
    found: dict[str, list[Sent]] = {}
    http = _HttpClient(account.api_base, seconds, 5)
    client = Client(account.sid, account.token, http_client=http)

    async def one(number: str) -> None:
        try:
            listed = await client.messages.list_async(to=number, limit=most)
        except (TwilioRestException, TwilioServiceException, ClientError, TimeoutError, OSError):
            _log.warning("Twilio could not be asked what it has sent.", exc_info=True)
            return
        found[number] = [_sent(each) for each in listed if each.direction == "outbound-api"]

    try:
        await asyncio.gather(*(one(number) for number in numbers))
    finally:
        await http.close()
    return found


def _sent(message: Any) -> Sent:
    return Sent(
        message.sid,
        message.messaging_service_sid or message.from_ or "",
        message.body or "",
        str(message.status),
        int(message.error_code or 0),
        int(message.num_segments or 0),
        message.date_created,
    )


def is_from_twilio(
    token: str, url: str, parameters: Mapping[str, Any], signature: str, settings: str = ""
) -> bool:
    """Tell whether a callback was signed with our token.

    `url` is the configured public address that Twilio called, never one rebuilt from the request's
    Host header.
    """
    if not signature:
        return False
    algorithm = get_signature_algorithm(settings)
    return bool(RequestValidator(token).validate(url, parameters, signature, algorithm))
