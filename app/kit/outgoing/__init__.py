"""The one door to the outside: whatever this program connects to, it connects to from here.

- `session()` for web addresses (requests), `client_session()` the same on an event loop (aiohttp);
- `open_stream()` for protocols of our own on an event loop (SMTP), `connect()` for a plain socket;
- `s3_client()` for files;
- `check_host()` for what a form takes, before it is kept.

Each connection resolves the name once, refuses private, loopback, link-local and other special
addresses, and connects to the very address it checked, while TLS still verifies the name. So a
redirect, or a name that changes its answer between check and use, is caught as well.

What a company typed in never reaches inside. What whoever runs the installation has named in the
environment (SMTP_URL, TWILIO_API_BASE, S3_ENDPOINT_URL) is their own word: its host is `trusted`,
and no other that it redirects to. ALLOW_PRIVATE_ADDRESSES opens everything: tests and intranets.
tests/house/test_connections.py finds whatever connects elsewhere.
"""

from app.kit.outgoing.addresses import (
    AddressRefused,
    HostUnknown,
    allow_networks,
    check_host,
    connect,
    is_allowed,
    resolve,
)
from app.kit.outgoing.loops import client_session, open_stream
from app.kit.outgoing.web import s3_client, session

__all__ = [
    "AddressRefused",
    "HostUnknown",
    "allow_networks",
    "check_host",
    "client_session",
    "connect",
    "is_allowed",
    "open_stream",
    "resolve",
    "s3_client",
    "session",
]
