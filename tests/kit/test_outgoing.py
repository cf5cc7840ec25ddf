"""Outgoing requests reach the public internet, or what the configuration allows, and nothing else."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from app.kit import outgoing
from app.kit.errors import Invalid
from app.kit.outgoing import AddressRefused, HostUnknown, allow_networks, check_url, is_allowed


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
    before = [str(network) for network in outgoing._allowed]
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
    ],
)
def test_addresses_inside_are_refused(address: str) -> None:
    assert not is_allowed(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"]
)
def test_public_addresses_are_fine(address: str) -> None:
    assert is_allowed(address)


def test_allowed_networks_are_fine_and_no_more_than_they() -> None:
    allow_networks(["127.0.0.0/8"])
    assert is_allowed("127.0.0.1")
    assert not is_allowed("10.0.0.1")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost:8080/x",
        "https://[::1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://169.254.169.254/latest/meta-data",
    ],
)
def test_an_address_inside_is_refused_when_it_is_typed_in(url: str) -> None:
    with pytest.raises(AddressRefused, match="not on the public internet"):
        check_url(url)


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "file:///etc/passwd", "nonsense", "http://", "http://a:99999/"]
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="not a web address"):
        check_url(url)


def test_a_password_in_the_address_is_refused() -> None:
    with pytest.raises(Invalid, match="name and password"):
        check_url("https://user:secret@8.8.8.8/")


def test_an_unknown_host_is_a_sentence() -> None:
    with pytest.raises(HostUnknown, match="does not exist"):
        check_url("https://nowhere.invalid/")


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
    assert check_url(url) == url
    with pytest.raises(AddressRefused):
        outgoing.session().get(url)
    assert inside.seen == []  # type: ignore[attr-defined]


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with pytest.raises(AddressRefused):
        outgoing.session().get("http://10.1.1.1/")
