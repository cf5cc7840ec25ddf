"""Whatever connects to the outside does so by `app.kit.outgoing`, which checks where it leads."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app"
DOOR = APP / "kit" / "outgoing"

# What connects, by module: these names of it, or "*" where all of it does. Databases and queues are
# not here: DATABASE_URL and REDIS_URL are the installation's own, and nothing of a company's.
CONNECTS: dict[str, set[str]] = {
    "aiohttp": {"ClientSession", "TCPConnector", "request"},
    "aiosmtplib": {"*"},
    "asyncio": {"open_connection"},
    "boto3": {"*"},
    "botocore": {"httpsession", "session"},
    "botocore.httpsession": {"*"},
    "botocore.session": {"*"},
    "ftplib": {"*"},
    "http.client": {"*"},
    "httpx": {"*"},
    "imaplib": {"*"},
    "niquests": {"*"},
    "nntplib": {"*"},
    "openai": {"*"},
    "paramiko": {"*"},
    "poplib": {"*"},
    "pycurl": {"*"},
    "requests": {"*"},
    "smtplib": {"*"},
    "socket": {"create_connection", "socket", "socketpair", "fromfd"},
    "stripe": {"*"},
    "telnetlib": {"*"},
    "urllib.request": {"*"},
    "urllib3": {"*"},
    "websockets": {"*"},
    "xmlrpc.client": {"*"},
}
# Methods of an event loop, whatever the loop is called.
METHODS = {"create_connection", "create_datagram_endpoint", "sock_connect", "start_connection"}
# A client of these is handed its transport; without one it would bring its own.
HANDED = {("twilio.rest", "Client"): "http_client"}

# Where, what, and why it needs no door.
KEPT = {
    ("app/serve.py", "http.client"): "asks its own web process whether it answers",
    ("app/serve.py", "socket.socket"): "listens",
    ("app/kit/servers/valkey.py", "socket.socket"): "a Unix socket below instance/",
}


def connections(source: str) -> Iterator[str]:
    """Name what in this source connects by itself."""
    tree = ast.parse(source)
    # What a name of this file stands for: {"sock": "socket", "Client": "twilio.rest.Client"}.
    stands: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                stands[one.asname or one.name.partition(".")[0]] = (
                    one.name if one.asname else one.name.partition(".")[0]
                )
                yield from _of(one.name)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                stands[one.asname or one.name] = f"{node.module}.{one.name}"
                yield from _of(f"{node.module}.{one.name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield from _of(_dotted(node, stands))
        if isinstance(node, ast.Call):
            yield from _called(node, stands)


def _of(dotted: str) -> Iterator[str]:
    parts = dotted.split(".")
    for cut in range(1, len(parts) + 1):
        names = CONNECTS.get(".".join(parts[:cut]), set())
        if "*" in names:
            yield ".".join(parts[:cut])
        elif cut < len(parts) and parts[cut] in names:
            yield ".".join(parts[: cut + 1])


def _called(call: ast.Call, stands: dict[str, str]) -> Iterator[str]:
    if isinstance(call.func, ast.Attribute) and call.func.attr in METHODS:
        yield f".{call.func.attr}"
    for (module, name), argument in HANDED.items():
        if _dotted(call.func, stands) == f"{module}.{name}" and argument not in {
            keyword.arg for keyword in call.keywords
        }:
            yield f"{module}.{name} without {argument}"


def _dotted(node: ast.expr, stands: dict[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value, stands)
        return f"{before}.{node.attr}" if before else ""
    return stands.get(node.id, "") if isinstance(node, ast.Name) else ""


def _type_checking(source: str) -> str:
    """Return the source without what only a reader of types imports."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    return ast.unparse(tree)


def _found() -> set[tuple[str, str]]:
    return {
        (str(path.relative_to(ROOT)), what)
        for path in sorted(APP.rglob("*.py"))
        if not path.is_relative_to(DOOR)
        for what in connections(_type_checking(path.read_text()))
    }


def test_nothing_connects_but_by_the_door() -> None:
    assert _found() - set(KEPT) == set()


def test_what_is_kept_beside_the_door_is_there() -> None:
    assert set(KEPT) - _found() == set()


@pytest.mark.parametrize(
    "source",
    [
        "import socket\nsocket.create_connection(('a', 1))",
        "import socket as s\ns.create_connection(('a', 1))",
        "from socket import create_connection",
        "from socket import socket as plug",
        "import socket\nsocket.socket().connect(('a', 1))",
        "import smtplib",
        "import http.client",
        "from http import client\nclient.HTTPConnection('a')",
        "import urllib.request\nurllib.request.urlopen('a')",
        "from urllib.request import urlopen",
        "from urllib import request",
        "import requests\nrequests.get('a')",
        "def f():\n    import requests.sessions",
        "import httpx",
        "import urllib3",
        "from urllib3 import PoolManager",
        "import asyncio\nasyncio.open_connection('a', 1)",
        "from asyncio import open_connection",
        "loop.create_connection(f, 'a', 1)",
        "import boto3\nboto3.client('s3')",
        "from botocore.session import Session",
        "from aiohttp import ClientSession",
        "import aiohttp\naiohttp.ClientSession()",
        "from twilio.rest import Client\nClient('a', 'b')",
        "import twilio.rest\ntwilio.rest.Client('a', 'b')",
    ],
)
def test_each_way_to_connect_is_found(source: str) -> None:
    assert list(connections(source))


@pytest.mark.parametrize(
    "source",
    [
        "import socket\nsocket.gethostname()",
        "from urllib.parse import urlsplit",
        "from twilio.rest import Client\nClient('a', 'b', http_client=http)",
        "from aiohttp import ClientError",
        "from botocore.config import Config",
    ],
)
def test_what_does_not_connect_is_not_found(source: str) -> None:
    assert not list(connections(source))
