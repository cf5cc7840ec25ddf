"""The stand-in for Twilio is held to Twilio's own description and client."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from tests.stand_ins.running import Running
from tests.stand_ins.twilio import ACCOUNT_SID, AUTH_TOKEN, SMS_FROM
from tests.stand_ins.twilio_errors import ERRORS
from tests.stand_ins.twilio_spec import DISTILLED, PUBLISHED, as_json, distil, load


@pytest.mark.skipif(
    not PUBLISHED.exists(), reason="Twilio's description lies outside the repository"
)
def test_the_distilled_copy_is_what_twilio_published() -> None:
    assert DISTILLED.read_text() == as_json(distil(json.loads(Path(PUBLISHED).read_text())))


def address(twilio: Running, account: str = ACCOUNT_SID) -> str:
    return f"http://127.0.0.1:{twilio.port}/2010-04-01/Accounts/{account}/Messages.json"


def post(
    twilio: Running, *, auth: tuple[str, str] = (ACCOUNT_SID, AUTH_TOKEN), **form: str
) -> requests.Response:
    given = {"To": "+447700900001", "From": SMS_FROM, "Body": "Hi"} | form
    return requests.post(
        address(twilio), data={k: v for k, v in given.items() if v}, auth=auth, timeout=10
    )


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": ""}, 21604), ({"From": ""}, 21603), ({"Colour": "red"}, 20001), ({"Body": ""}, 21602),
        ({"MessagingServiceSid": "MGx"}, 21701), ({"ValidityPeriod": "soon"}, 20001),
        ({"RiskCheck": "maybe"}, 20001), ({"MaxPrice": "cheap"}, 20001), ({"SendAt": "soon"}, 20001),
        ({"SendAsMms": "perhaps"}, 20001), ({"To": "hello"}, 21211), ({"ContentVariables": "{}"}, 21656),
        ({"To": "whatsapp:+447700900001", "From": "whatsapp:+15550001111"}, 63007),
    ],
)  # fmt: skip
def test_refuses_with_twilios_codes_in_twilios_shape(
    twilio: Running, form: dict[str, str], code: int
) -> None:
    answer = post(twilio, **form)
    assert answer.status_code == ERRORS[code][0]
    body = answer.json()
    assert (body["code"], body["status"]) == (code, answer.status_code)
    assert body["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    assert set(body) == {"code", "message", "more_info", "status"}


def test_refuses_strangers_and_unknown_addresses(twilio: Running) -> None:
    assert post(twilio, auth=(ACCOUNT_SID, "x")).json()["code"] == 20003
    assert requests.post(address(twilio), timeout=10).json()["code"] == 20003
    other = address(twilio, "AC" + "9" * 32)
    assert requests.get(other, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=10).json()["code"] == 20404
    base = f"http://127.0.0.1:{twilio.port}"
    assert requests.get(f"{base}/2010-04-01/Accounts.json", timeout=10).json()["code"] == 20404
    verb = requests.put(address(twilio), auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=10)
    assert (verb.status_code, verb.json()["code"]) == (405, 20004)


def test_a_message_has_the_published_shape(twilio: Running) -> None:
    spec, message = load(), post(twilio).json()
    assert set(message) == set(spec["message"])
    assert message["status"] in spec["status"]
    for name, schema in spec["message"].items():
        if "pattern" in schema and message[name] is not None:
            assert re.search(schema["pattern"], message[name]), name


class Local(TwilioHttpClient):
    """Twilio's own client on the stand-in's address."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    def request(self, method, url, *args, **kw):  # type: ignore[no-untyped-def]
        local = url.replace("https://api.twilio.com", f"http://127.0.0.1:{self.port}")
        return super().request(method, local, *args, **kw)


def test_twilios_client_can_send_fetch_and_list(twilio: Running) -> None:
    client = Client(ACCOUNT_SID, AUTH_TOKEN, http_client=Local(twilio.port))
    made = [
        client.messages.create(to=f"+44770090000{n}", from_=SMS_FROM, body="Hi") for n in range(5)
    ]
    assert client.messages(made[0].sid).fetch().to == "+447700900000"
    assert [m.sid for m in client.messages.list(to="+447700900003")] == [made[3].sid]
    assert len(list(client.messages.stream(page_size=2))) == 5
    with pytest.raises(TwilioRestException) as refused:
        client.messages("SM" + "0" * 32).fetch()
    assert (refused.value.status, refused.value.code) == (404, 20404)
