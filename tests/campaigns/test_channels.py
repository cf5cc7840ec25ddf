"""Each channel from the campaign's pages by a real worker to the provider and back onto the page."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

import config as settings
from app.campaigns.models import Campaign
from app.clients.choices import Channel
from app.kit import settings as kept
from app.kit.servers import TestServer
from app.messages.queries import routes
from tests import factories
from tests.campaigns.conftest import make_reader
from tests.campaigns.site import at_work, reading_as
from tests.databases import Database
from tests.messages.test_settling import SID
from tests.screens import filling
from tests.screens.bench import let_tests_choose_the_reader, page
from tests.stand_ins.running import ROOT, Running, running
from tests.stand_ins.twilio import ACCOUNT_SID, AUTH_TOKEN, CONTENT_SID, SMS_FROM, WHATSAPP_FROM

NUMBERS = {"Ulm": "+4477009000", "Bonn": "+4477009001"}


@dataclass
class House:
    """The product with its web server and workers, and the providers that it knows."""

    app: Flask
    twilio: Running
    sink: Running
    client: FlaskClient


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def house(
    server: TestServer,
    module_database: Database,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    from app import create_app

    with running("smtp_sink", "0", "300") as sink, running("twilio", "300") as twilio:
        port = _free_port()
        environ = {
            "DATABASE_URL": server.url(module_database.name),
            "REDIS_URL": server.redis_url,
            "SECRET_KEY": "s" * 40,
            "INSTANCE_DIR": str(tmp_path_factory.mktemp("instance")),
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "SMTP_URL": f"smtp://127.0.0.1:{sink.port}",
            "MAIL_FROM": "Shop <shop@example.com>",
            "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "TWILIO_API_BASE": f"http://127.0.0.1:{twilio.port}",
        }
        app = create_app(settings.Config.from_env(environ))
        app.config["WTF_CSRF_ENABLED"] = False
        let_tests_choose_the_reader(app)
        web = make_server("127.0.0.1", port, app, threaded=True)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        workers = [
            subprocess.Popen(
                [sys.executable, "-m", "app.kit.jobs.worker", queue],
                cwd=ROOT,
                env=os.environ | environ,
            )
            for queue in ("mail", "sms")
        ]
        with app.app_context():
            yield House(app, twilio, sink, app.test_client())
        for worker in workers:
            worker.terminate()
            worker.wait(60)
        web.shutdown()


@pytest.fixture(autouse=True)
def manager(house: House) -> Iterator[None]:
    with reading_as("campaign_manager", house.app):
        yield


@pytest.fixture(autouse=True)
def senders(house: House) -> None:
    with at_work() as session:
        kept.put(session, routes.SMS_SENDER, SMS_FROM)
        kept.put(session, routes.WHATSAPP_SENDER, WHATSAPP_FROM.removeprefix("whatsapp:"))


def people(channel: str, city: str, count: int) -> None:
    """Make that many who agreed, and one who did not."""
    with at_work() as session:
        for n in range(count + 1):
            name = f"{city}{n} Weber"
            address = (
                {"address": f"{city.lower()}{n}@example.com"}
                if channel == "email"
                else {"phone": f"{NUMBERS[city]}{n:02d}"}
            )
            made = make_reader(session, name, agreed=False, city=city, **address)
            if n:
                factories.make_consent_event(session, client=made, channel=Channel(channel))


def made_id(answer: Any) -> int:
    assert answer.status_code == 302, answer.text[:2000]
    return int(answer.location.rstrip("/").rsplit("/", 1)[1])


def prepare(house: House, channel: str, city: str, count: int, **words: str) -> int:
    """Walk the pages up to a draft that is ready: segment, campaign, words, preview."""
    if count:
        people(channel, city, count)
    client = house.client
    asked = {"field": "city", "op": "is", "value": city}
    segment = {"name": f"From {city} {time.monotonic_ns()}", "definition": json.dumps(asked)}
    segment_id = made_id(client.post("/segments/add", data=segment))
    begun = {"name": f"For {city}", "channel": channel, "segment": segment_id}
    pk = made_id(client.post("/campaigns/add", data={**begun, "purpose": "marketing"}))
    data = filling.as_data(filling.form_values(page(client, f"/campaigns/show/{pk}")))
    data |= {name: [value] for name, value in words.items()}
    assert client.post(f"/campaigns/edit/{pk}", data=data).status_code == 302
    return pk


def figures(house: House, pk: int) -> dict[str, Any]:
    return dict(json.loads(page(house.client, f"/campaigns/figures/{pk}")))


def launch(house: House, pk: int, recipients: int) -> None:
    html = page(house.client, f"/campaigns/check/{pk}")
    assert f"Send to {recipients} clients now" in html
    with at_work() as session:
        version = session.get_one(Campaign, pk).version
    url = f"/campaigns/do/schedule/{pk}"
    assert house.client.post(url, data={"version": version}).status_code == 302


def wait_until(reached: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 90
    while not reached():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def finish(house: House, pk: int) -> dict[str, Any]:
    """Wait for the last outcome and the last report; return the figures of the page."""
    wait_until(lambda: figures(house, pk)["status"] == "completed", "it is never completed")
    wait_until(lambda: house.twilio.stats()["callbacks_pending"] == 0, "reports are missing")
    return figures(house, pk)


def tiles(house: House, pk: int) -> str:
    """The page as its reader sees it, tags away."""
    html = page(house.client, f"/campaigns/show/{pk}")
    return " ".join(" ".join(unescape(part.partition(">")[2]) for part in html.split("<")).split())


def test_email_from_the_page_to_the_relay_and_back(house: House) -> None:
    pk = prepare(
        house, "email", "Kiel", 12, subject="For {{ first_name }}", text="Hello {{ first_name }}!"
    )
    typed = {"subject": "For {{ first_name }}", "text": "Hello {{ first_name }}!"}
    shown = house.client.post(f"/campaigns/preview/{pk}", data=typed)
    assert "Hello Kiel1!" in shown.text
    test = house.client.post(f"/campaigns/test/{pk}", data={"addresses": "me@example.com"})
    assert test.status_code == 302
    wait_until(lambda: house.sink.stats()["total"] == 1, "the test does not arrive")
    house.sink.rules({"at": "rcpt", "do": 550, "match": "kiel3@"})
    launch(house, pk, 12)
    found = finish(house, pk)
    assert found["states"] == {"accepted": 11, "failed": 1, "skipped": 1}
    assert found["left_out"] == {"no_consent": 1}
    stats = house.sink.stats()
    assert (stats["total"], stats["duplicates"]) == (1 + found["states"]["accepted"], 0)
    words = tiles(house, pk)
    assert "11 of 12 sent" in words
    assert "Refused: 550 1" in words


def of(house: House, channel: str, city: str) -> list[dict[str, Any]]:
    """The campaign's messages as Twilio has them."""
    prefix = "whatsapp:" if channel == "whatsapp" else ""
    number = f"{prefix}{NUMBERS[city]}"
    return [one for one in house.twilio.ask("MESSAGES") if one["to"].startswith(number)]


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_text_messages_from_the_page_to_twilio_and_back(house: House, channel: str) -> None:
    city = {"sms": "Ulm", "whatsapp": "Bonn"}[channel]
    text = "Hello {{ first_name }}, " + "new tea is here. " * 12 + "STOP"
    words = {"text": text if channel == "sms" else ""}
    if channel == "whatsapp":
        words |= {"content_sid": CONTENT_SID}
        words |= {"content_variables-0-name": "1", "content_variables-0-value": "{{ first_name }}"}
    pk = prepare(house, channel, city, 12, **words)
    shown = house.client.post(f"/campaigns/preview/{pk}", data={"text": words["text"]})
    assert f"{city}1" in shown.text
    number = NUMBERS[city]
    house.twilio.rules(
        {"do": 21610, "match": f"{number}03"},
        {"do": "undelivered", "error": 30003, "match": f"{number}04"},
        {
            "do": "failed",
            "error": 63016 if channel == "whatsapp" else 30007,
            "match": f"{number}05",
        },
    )
    test = house.client.post(f"/campaigns/test/{pk}", data={"addresses": "+447700900999"})
    assert test.status_code == 302
    prefix = "whatsapp:" if channel == "whatsapp" else ""
    wait_until(
        lambda: any(one["to"] == f"{prefix}+447700900999" for one in house.twilio.ask("MESSAGES")),
        "the test does not arrive",
    )
    launch(house, pk, 12)
    found = finish(house, pk)
    sent = of(house, channel, city)
    status = Counter(one["status"] for one in sent)
    assert status == {"delivered": 9, "undelivered": 1, "failed": 1}
    assert found["states"] == {
        "delivered": status["delivered"],
        "bounced": status["undelivered"],
        # One was refused at once, one came back as failed.
        "failed": status["failed"] + 1,
        "skipped": 1,
    }
    assert len({one["to"] for one in sent}) == len(sent) == 11
    said = tiles(house, pk)
    assert "Delivered 9" in said
    assert "Came back 1" in said
    assert "Refused: 21610 1" in said
    if channel == "sms":
        parts = sum(int(one["num_segments"]) for one in sent)
        assert parts == 22
        assert f"SMS parts {parts}" in said
        assert f"Hello {city}1, new tea" in {one["to"][-3:]: one["body"] for one in sent}["001"]
    else:
        assert {one["content"]["ContentVariables"] for one in sent} >= {f'{{"1": "{city}1"}}'}
    again = prepare(house, channel, city, 0, **words)
    html = page(house.client, f"/campaigns/show/{again}")
    assert "11 recipients" in html, "who answered STOP is not written to again"


def test_a_report_that_nobody_signed_is_refused_over_the_wire(house: House) -> None:
    form = {"MessageSid": SID, "MessageStatus": "delivered"}
    public = house.app.config["CRM"].public_url
    answer = requests.post(f"{public}/hooks/twilio/1.2.3", data=form, timeout=10)
    assert answer.status_code == 404
    wrong = [one["callback"] for one in house.twilio.ask("MESSAGES") if one["callback"]]
    assert wrong, "no message asked for reports"
    assert requests.post(wrong[0], data=form, timeout=10).status_code == 403
    assert set(house.twilio.stats()["callback_answers"]) == {"204"}
