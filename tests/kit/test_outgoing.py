"""Outgoing requests reach the public internet, or what the configuration allows, and nothing else."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests

from app.kit import outgoing
from app.kit.outgoing import (
    AddressRefused,
    HostUnknown,
    addresses,
    allow_networks,
    check_host,
    is_allowed,
    resolve,
)


class Inside(BaseHTTPRequestHandler):
    """A server on loopback: what an attacker would like to read."""

    def do_GET(self) -> None:
        self.server.seen.append(self.path)  # type: ignore[attr-defined]
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
        else:
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Keep the test's output quiet."""


@pytest.fixture
def inside() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Inside)
    server.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _nothing_allowed() -> Iterator[None]:
    before = [str(network) for network in addresses._allowed]
    allow_networks([])
    yield
    allow_networks(before)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.5.5",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "ff02::1",
        "fec0::1",
        "64:ff9b:1::a00:1",
        "::7f00:1",
        "2001:db8::1",
        "3fff::1",
        "192.0.0.8",
        "198.18.0.1",
    ],
)
def test_addresses_inside_are_refused(address: str) -> None:
    assert not is_allowed(address)


@pytest.mark.parametrize(
    "address",
    # The last is one of the IPv4 internet, as a network without IPv4 is told it.
    ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_public_addresses_are_fine(address: str) -> None:
    assert is_allowed(address)


def test_allowed_networks_are_fine_and_no_more_than_they() -> None:
    allow_networks(["127.0.0.0/8"])
    assert is_allowed("127.0.0.1")
    assert not is_allowed("10.0.0.1")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "2130706433",
        "0x7f.1",
        "169.254.169.254",
    ],
)
def test_an_address_inside_is_refused_when_it_is_typed_in(host: str) -> None:
    with pytest.raises(AddressRefused, match="not on the public internet"):
        check_host(host, 80)


def test_an_unknown_host_is_a_sentence() -> None:
    with pytest.raises(HostUnknown, match="does not exist"):
        resolve("nowhere.invalid", 443)


def test_no_byte_reaches_a_server_inside(inside: HTTPServer) -> None:
    with pytest.raises(AddressRefused):
        outgoing.session().get(f"http://127.0.0.1:{inside.server_port}/")
    assert inside.seen == []  # type: ignore[attr-defined]


def test_an_allowed_server_answers(inside: HTTPServer) -> None:
    allow_networks(["127.0.0.1/32"])
    assert outgoing.session().get(f"http://127.0.0.1:{inside.server_port}/hello").status_code == 200
    assert inside.seen == ["/hello"]  # type: ignore[attr-defined]


def test_a_redirect_is_checked_like_the_first_address(inside: HTTPServer) -> None:
    allow_networks(["127.0.0.1/32"])
    port = inside.server_port
    with pytest.raises(AddressRefused):
        outgoing.session().get(f"http://127.0.0.1:{port}/to/http://127.0.0.2:{port}/")
    assert len(inside.seen) == 1  # type: ignore[attr-defined]


def test_a_name_that_answers_otherwise_the_second_time_is_caught(
    inside: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["8.8.8.8", "127.0.0.1"])

    def rebinding(_host: str, port: int, *_args: object, **_kw: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    url = f"http://rebinding.example:{inside.server_port}/"
    assert resolve("rebinding.example", inside.server_port) == ["8.8.8.8"]
    with pytest.raises(AddressRefused):
        outgoing.session().get(url)
    assert inside.seen == []  # type: ignore[attr-defined]


@pytest.fixture
def turning(monkeypatch: pytest.MonkeyPatch) -> str:
    """A name that leads where nobody listens and, asked a second time, to the server inside."""
    allow_networks(["127.0.0.2/32"])
    ask, answers = socket.getaddrinfo, iter(["127.0.0.2"])

    def turn(host: Any, *args: Any, **options: Any) -> Any:
        found = next(answers, "127.0.0.1") if host == "turning.example" else host
        return ask(found, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", turn)
    return "turning.example"


def test_the_address_that_was_checked_is_the_one_that_is_reached(
    inside: HTTPServer, turning: str
) -> None:
    with pytest.raises(requests.ConnectionError):
        outgoing.session().get(f"http://{turning}:{inside.server_port}/")
    assert inside.seen == []  # type: ignore[attr-defined]


def test_a_stream_reaches_the_address_that_was_checked(inside: HTTPServer, turning: str) -> None:
    with pytest.raises(OSError, match=r"127\.0\.0\.2"):
        asyncio.run(outgoing.open_stream(asyncio.Protocol, turning, inside.server_port))


def test_one_private_answer_among_public_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(_host: str, port: int, *_args: object, **_kw: object) -> list[object]:
        answers = ("8.8.8.8", "10.0.0.1")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in answers]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with pytest.raises(AddressRefused):
        resolve("both.example", 80)


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with pytest.raises(AddressRefused):
        outgoing.session().get("http://10.1.1.1/")


async def _asked(url: str, *trusted: str) -> int:
    async with (
        outgoing.client_session(seconds=5, connections=2, trusted=trusted) as http,
        http.get(url) as answer,
    ):
        return answer.status


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
def test_no_byte_of_an_event_loop_reaches_a_server_inside(inside: HTTPServer, host: str) -> None:
    with pytest.raises(OSError, match="not on the public internet"):
        asyncio.run(_asked(f"http://{host}:{inside.server_port}/"))
    assert inside.seen == []  # type: ignore[attr-defined]


def test_what_the_installation_names_is_trusted_and_no_other_that_it_leads_to(
    inside: HTTPServer,
) -> None:
    port = inside.server_port
    for host in ("127.0.0.1", "localhost"):
        assert asyncio.run(_asked(f"http://{host}:{port}/hello", host)) == 200
    with pytest.raises(OSError, match="not on the public internet"):
        asyncio.run(_asked(f"http://127.0.0.1:{port}/to/http://127.0.0.2:{port}/", "127.0.0.1"))
    assert len(inside.seen) == 3  # type: ignore[attr-defined]


def _bucket(endpoint_url: str | None) -> Any:
    from botocore.config import Config as BotoConfig

    return outgoing.s3_client(
        endpoint_url=endpoint_url,
        region_name="eu-central-1",
        aws_access_key_id="id",
        aws_secret_access_key="secret",
        config=BotoConfig(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )


def test_a_bucket_inside_is_reached_where_the_installation_names_it(inside: HTTPServer) -> None:
    url = f"http://127.0.0.1:{inside.server_port}"
    _bucket(url).get_object(Bucket="b", Key="k")
    assert inside.seen == ["/b/k"]  # type: ignore[attr-defined]


def test_a_name_of_the_bucket_that_leads_inside_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hostile(_host: str, port: int, *_args: object, **_kw: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    client = _bucket(None)
    monkeypatch.setattr(socket, "getaddrinfo", hostile)
    with pytest.raises(Exception, match="not on the public internet"):
        client.get_object(Bucket="b", Key="k")


def test_a_host_of_a_setting_inside_is_refused_and_an_unknown_one_is_asked_for_later() -> None:
    for host in ("127.0.0.1", "::1", "169.254.169.254", "localhost", "10.0.0.5", "0.0.0.0"):
        with pytest.raises(AddressRefused):
            outgoing.check_host(host, 25)
    outgoing.check_host("nowhere.invalid", 25)
    outgoing.check_host("8.8.8.8", 25)
