"""A Twilio that answers only what its published description allows: `python -m tests.stand_ins.twilio PORT`.

Messages API on PORT, control on PORT+1 (one line per question):
  STATS, MESSAGES (all, oldest first), RESET, STOP
  RULES [json]  list of {"do": error code | "429" | "500_after" | "reset_after" | "hang" | status,
                "match": part of To, "ratio": share, "times": how often at most, "error": code}
                a status (undelivered, failed, …) is what the callbacks end with, "error" its ErrorCode
  SET {json}    callbacks (on/off), repeat (each callback n times), shuffle, latency_ms
PORT 0 picks free ports and prints "PORT CONTROL" on the first line.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import re
import secrets
import sys
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import phonenumbers
from aiohttp import ClientError, ClientSession, web
from twilio.request_validator import RequestValidator

from app.messages.engine.sms_length import sms_length
from tests.stand_ins.smtp_sink import Control as LineControl
from tests.stand_ins.smtp_sink import listen
from tests.stand_ins.twilio_errors import ERRORS, error_body
from tests.stand_ins.twilio_spec import load

ACCOUNT_SID = "AC" + "0a" * 16
AUTH_TOKEN = "f0" * 16
SMS_FROM = "+15005550006"
WHATSAPP_FROM = "whatsapp:+15005550007"
SERVICE_SID = "MG" + "0b" * 16
CONTENT_SID = "HX" + "0c" * 16
_FINAL = {"delivered", "undelivered", "failed", "read"}


@dataclass
class State:
    spec: dict[str, Any] = field(default_factory=load)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    rules: list[dict[str, Any]] = field(default_factory=list)
    callbacks: bool = True
    repeat: int = 1
    shuffle: bool = False
    latency: float = 0.0
    requests: int = 0
    refused: dict[int, int] = field(default_factory=dict)
    posted: int = 0
    answers: dict[int, int] = field(default_factory=dict)
    pending: set[asyncio.Task[None]] = field(default_factory=set)

    def rule(self, to: str) -> dict[str, Any] | None:
        for rule in self.rules:
            if rule.get("times") == 0 or rule.get("match", "") not in to:
                continue
            if "ratio" in rule and zlib.crc32(to.encode()) % 10_000 >= rule["ratio"] * 10_000:
                continue
            if "times" in rule:
                rule["times"] -= 1
            return rule
        return None


class Refusal(Exception):
    def __init__(self, code: int, subject: str = "") -> None:
        self.code, self.subject = code, subject


class Twilio:
    def __init__(self, state: State) -> None:
        self.state = state
        self.session: ClientSession | None = None

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/2010-04-01/Accounts/{account}/Messages.json", self.messages)
        app.router.add_route(
            "*", "/2010-04-01/Accounts/{account}/Messages/{sid}.json", self.message
        )
        app.router.add_route("*", "/{rest:.*}", self.unknown)
        app.cleanup_ctx.append(self.client)
        return app

    async def client(self, app: web.Application) -> AsyncIterator[None]:
        self.session = ClientSession()
        yield
        await self.session.close()

    async def unknown(self, request: web.Request) -> web.Response:
        return self.refuse(20404, request.path)

    def refuse(self, code: int, subject: str = "") -> web.Response:
        self.state.refused[code] = self.state.refused.get(code, 0) + 1
        status, body = error_body(code, subject)
        return web.json_response(body, status=status)

    def authenticate(self, request: web.Request) -> None:
        expected = base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {expected}":
            raise Refusal(20003)
        if request.match_info["account"] != ACCOUNT_SID:
            raise Refusal(20404, request.path)

    async def messages(self, request: web.Request) -> web.StreamResponse:
        self.state.requests += 1
        try:
            self.authenticate(request)
            if request.method == "GET":
                return self.list(request)
            if request.method != "POST":
                return self.refuse(20004)
            return await self.create(request)
        except Refusal as refusal:
            return self.refuse(refusal.code, refusal.subject)

    async def message(self, request: web.Request) -> web.StreamResponse:
        try:
            self.authenticate(request)
            found = self.state.messages.get(request.match_info["sid"])
            if found is None:
                return self.refuse(20404, request.path)
            if request.method != "GET":
                return self.refuse(20004)
            return web.json_response(shown(found))
        except Refusal as refusal:
            return self.refuse(refusal.code, refusal.subject)

    # --- sending --------------------------------------------------------------------------

    async def create(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        check(self.state.spec, form)
        if self.state.latency:
            await asyncio.sleep(self.state.latency)
        rule = self.state.rule(form["To"]) or {}
        what = rule.get("do")
        if what == "429":
            raise Refusal(20429)
        if isinstance(what, int):
            raise Refusal(what, form["To"])
        message = self.store(form)
        final = what if what in _FINAL else "delivered"
        self.call_back(message, final, rule.get("error"), form.get("StatusCallback", ""))
        if what == "500_after":
            return self.refuse(20500)
        if what == "reset_after" and request.transport is not None:
            request.transport.abort()
        if what == "hang":
            await asyncio.sleep(rule.get("seconds", 60))
        return web.json_response(shown(message), status=201)

    def store(self, form: dict[str, str]) -> dict[str, Any]:
        now = format_datetime(datetime.now(UTC))
        by_service = "MessagingServiceSid" in form
        message = {
            "sid": "SM" + secrets.token_hex(16),
            "account_sid": ACCOUNT_SID,
            "api_version": "2010-04-01",
            "body": form.get("Body", ""),
            "date_created": now,
            "date_sent": None,
            "date_updated": now,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": None if by_service else form["From"],
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "num_media": "0",
            # No sender, no count: Twilio knows the segments only once one is chosen.
            "num_segments": "0" if by_service else str(sms_length(form.get("Body", "")).segments),
            "price": None,
            "price_unit": None,
            "status": "accepted" if by_service else "queued",
            "to": form["To"],
            "content": {name: form[name] for name in form if name.startswith("Content")},
            "callback": form.get("StatusCallback", ""),
        }
        sid = message["sid"]
        message["uri"] = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/{sid}.json"
        message["subresource_uris"] = {"media": f"{message['uri'][:-5]}/Media.json"}
        self.state.messages[str(sid)] = message
        return message

    def call_back(self, message: dict[str, Any], final: str, error: int | None, url: str) -> None:
        steps = ["sent", final] if final in ("delivered", "undelivered", "read") else [final]
        task = asyncio.create_task(self.report(message, steps, error, url))
        self.state.pending.add(task)
        task.add_done_callback(self.state.pending.discard)

    async def report(
        self, message: dict[str, Any], steps: list[str], error: int | None, url: str
    ) -> None:
        posts = []
        for status in steps:
            message["status"], message["date_sent"] = status, format_datetime(datetime.now(UTC))
            message["error_code"] = error if status in ("undelivered", "failed") else None
            posts += [callback_form(message)] * self.state.repeat
        if not url or not self.state.callbacks or self.session is None:
            return
        if self.state.shuffle:
            random.shuffle(posts)
        await asyncio.sleep(0.02)
        for form in posts:
            await self.post(url, form)

    async def post(self, url: str, form: dict[str, str]) -> None:
        assert self.session is not None
        signature = RequestValidator(AUTH_TOKEN).compute_signature(url, form)
        try:
            headers = {"X-Twilio-Signature": signature}
            async with self.session.post(url, data=form, headers=headers) as response:
                code = response.status
        except (ClientError, OSError):
            code = 0
        self.state.posted += 1
        self.state.answers[code] = self.state.answers.get(code, 0) + 1

    # --- looking up -----------------------------------------------------------------------

    def list(self, request: web.Request) -> web.Response:
        for name in request.query:
            if name not in self.state.spec["list"]:
                raise Refusal(20001, name)
            if name in ("Page", "PageSize") and not request.query[name].isdigit():
                raise Refusal(20001, name)
        found = [m for m in self.state.messages.values() if chosen(m, dict(request.query))]
        size = int(request.query.get("PageSize", "50"))
        page = int(request.query.get("Page", "0"))
        path = request.path
        more = f"{path}?PageSize={size}&Page={page + 1}" if len(found) > size * (page + 1) else None
        return web.json_response(
            {
                "messages": [shown(m) for m in found[::-1][size * page : size * (page + 1)]],
                "page": page, "page_size": size, "start": size * page, "end": size * page + size - 1,
                "first_page_uri": f"{path}?PageSize={size}&Page=0", "next_page_uri": more,
                "previous_page_uri": None, "uri": str(request.rel_url),
            }
        )  # fmt: skip


def shown(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name not in ("content", "callback")}


def chosen(message: dict[str, Any], query: dict[str, str]) -> bool:
    if "To" in query and message["to"] != query["To"]:
        return False
    if "From" in query and message["from"] != query["From"]:
        return False
    sent = message["date_sent"] and parsedate_to_datetime(message["date_sent"]).date().isoformat()
    day = sent or ""
    if "DateSent" in query and day != query["DateSent"][:10]:
        return False
    if "DateSent>" in query and day < query["DateSent>"][:10]:
        return False
    return not ("DateSent<" in query and day > query["DateSent<"][:10])


def callback_form(message: dict[str, Any]) -> dict[str, str]:
    form = {
        "AccountSid": ACCOUNT_SID, "ApiVersion": "2010-04-01", "From": message["from"] or SMS_FROM,
        "MessageSid": message["sid"], "MessageStatus": message["status"], "SmsSid": message["sid"],
        "SmsStatus": message["status"], "To": message["to"],
    }  # fmt: skip
    if message["error_code"]:
        form["ErrorCode"] = str(message["error_code"])
    return form


# --- what a request must be ---------------------------------------------------------------


def check(spec: dict[str, Any], form: dict[str, str]) -> None:
    """Raise Refusal with the code that Twilio gives."""
    for name, value in form.items():
        if name not in spec["create"]:
            raise Refusal(20001, name)
        check_value(name, value, spec["create"][name])
    if not form.get("To"):
        raise Refusal(21604)
    if not form.get("From") and not form.get("MessagingServiceSid"):
        raise Refusal(21603)
    whatsapp = form["To"].startswith("whatsapp:")
    check_to(form["To"].removeprefix("whatsapp:"))
    if form.get("From"):
        check_from(form["From"], whatsapp=whatsapp)
    elif form["MessagingServiceSid"] != SERVICE_SID:
        raise Refusal(21701)
    check_content(form)


_BY_PARAMETER = {"ContentSid": 21655, "MessagingServiceSid": 21701, "StatusCallback": 21609}


def check_value(name: str, value: str, schema: dict[str, Any]) -> None:
    wrong = (
        ("pattern" in schema and not re.search(schema["pattern"], value))
        or ("enum" in schema and value not in schema["enum"])
        or (schema.get("type") == "integer" and not value.lstrip("-").isdigit())
        or (schema.get("type") == "number" and not re.fullmatch(r"-?\d+(\.\d+)?", value))
        or (schema.get("format") == "date-time" and not is_moment(value))
        or (schema.get("type") == "boolean" and value.lower() not in ("true", "false"))
        or (schema.get("format") == "uri" and not is_url(value))
    )
    if wrong:
        raise Refusal(_BY_PARAMETER.get(name, 20001), value)


def is_moment(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def is_url(value: str) -> bool:
    parts = urlsplit(value)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "_" not in parts.netloc


def check_to(number: str) -> None:
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException as error:
        raise Refusal(21211, number) from error
    if not phonenumbers.is_possible_number(parsed):
        raise Refusal(21211, number)


def check_from(sender: str, *, whatsapp: bool) -> None:
    if sender.startswith("whatsapp:") is not whatsapp:
        raise Refusal(21910)
    if whatsapp and sender != WHATSAPP_FROM:
        raise Refusal(63007)
    if not whatsapp and sender != SMS_FROM:
        known = sender.startswith("+") and sender[1:].isdigit()
        raise Refusal(21606 if known else 21212, sender)


def check_content(form: dict[str, str]) -> None:
    if "ContentSid" in form:
        if form["ContentSid"] != CONTENT_SID:
            raise Refusal(21655, form["ContentSid"])
        check_variables(form.get("ContentVariables", "{}"))
        return
    if "ContentVariables" in form:
        raise Refusal(21656)
    if not form.get("Body") and "MediaUrl" not in form:
        raise Refusal(21602)
    if len(form.get("Body", "")) > 1600:
        raise Refusal(21617)


def check_variables(text: str) -> None:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise Refusal(21656) from error
    # WhatsApp takes no empty value, no line break and no run of more than four spaces.
    if not isinstance(values, dict) or not all(
        isinstance(value, str) and value and not re.search(r"[\n\t]| {5}", value)
        for value in values.values()
    ):
        raise Refusal(21656)


class Control(LineControl):
    """The stand-in's questions; reading lines is the sink's."""

    def __init__(self, state: State, stopped: asyncio.Event) -> None:
        self.twilio, self.stopped, self.buffer = state, stopped, b""

    def do(self, verb: str, rest: str) -> Any:
        state = self.twilio
        if verb == "RESET":
            state.messages, state.rules, state.refused, state.answers = {}, [], {}, {}
            state.requests = state.posted = 0
        elif verb == "RULES":
            state.rules = json.loads(rest)
            assert all(not isinstance(r["do"], int) or r["do"] in ERRORS for r in state.rules)
        elif verb == "SET":
            values = json.loads(rest)
            state.latency = values.pop("latency_ms", state.latency * 1000) / 1000
            for name, value in values.items():
                setattr(state, name, value)
        elif verb == "MESSAGES":
            return list(state.messages.values())
        elif verb == "STOP":
            self.stopped.set()
        return {
            "messages": len(state.messages),
            "numbers": len({m["to"] for m in state.messages.values()}),
            "requests": state.requests,
            "refused": state.refused,
            "callbacks": state.posted,
            "callback_answers": state.answers,
            "callbacks_pending": len(state.pending),
        }


async def main(port: int, life: float) -> None:
    state, stopped = State(), asyncio.Event()
    http, control = listen(port), listen(port + 1 if port else 0)
    runner = web.AppRunner(Twilio(state).application(), access_log=None)
    await runner.setup()
    await web.SockSite(runner, http).start()
    await asyncio.get_running_loop().create_server(lambda: Control(state, stopped), sock=control)
    print(http.getsockname()[1], control.getsockname()[1], flush=True)
    try:
        await asyncio.wait_for(stopped.wait(), life)
    except TimeoutError:
        print("the stand-in's time is over", file=sys.stderr)


def run(arguments: list[str]) -> None:
    asyncio.run(main(int(arguments[0]), float(arguments[1]) if len(arguments) > 1 else 900.0))


if __name__ == "__main__":
    run(sys.argv[1:])
