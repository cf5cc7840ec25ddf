"""STARTTLS, SMTPS and AUTH against aiosmtpd, an implementation that is not ours."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.messages.engine.outcomes import Outcome, SendResult, SendStage
from app.messages.engine.smtp import SmtpPool, SmtpUrl, Timeouts, outgoing
from tests.stand_ins.running import Running

# The relays of these tests are processes of this machine.
pytestmark = pytest.mark.usefixtures("loopback")

USER, PASSWORD = "crm@example.com", "s3cret"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a self-signed certificate for 127.0.0.1, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(pem))
    return path


def authenticate(
    _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any
) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=good, handled=False)


class Relay:
    """An aiosmtpd server that lives while one message is sent to it."""

    def __init__(self, *, implicit: ssl.SSLContext | None = None, **options: Any) -> None:
        self.implicit, self.options = implicit, options

    def send_one(self, url: SmtpUrl) -> SendResult:
        return asyncio.run(self._send_one(url))

    async def _send_one(self, url: SmtpUrl) -> SendResult:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(Sink(), **self.options), "127.0.0.1", 0, ssl=self.implicit
        )
        async with server:
            return await carry_one(replace(url, port=server.sockets[0].getsockname()[1]))


async def carry_one(url: SmtpUrl) -> SendResult:
    results: list[SendResult] = []
    one = replace(url, connections=1)
    limits = Timeouts(2, 2, 2, 2)
    async with SmtpPool(one, lambda m: None, lambda m, r: results.append(r), limits) as pool:
        pool.put(outgoing(1, "a@example.com", "b@example.com", b"Subject: x\r\n\r\nx\r\n"))
    (result,) = results
    return result


@pytest.fixture(scope="module")
def context(certificate: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


@pytest.fixture(params=["PLAIN", "LOGIN"])
def relay(context: ssl.SSLContext, request: pytest.FixtureRequest) -> Relay:
    """Give a relay that wants STARTTLS and a password, and offers one way to give it."""
    excluded = [name for name in ("PLAIN", "LOGIN") if name != request.param]
    return Relay(
        tls_context=context, require_starttls=True, auth_required=True, authenticator=authenticate,
        auth_exclude_mechanism=excluded,
    )  # fmt: skip


def url(password: str = PASSWORD, **options: Any) -> SmtpUrl:
    return SmtpUrl("127.0.0.1", 0, user=USER, password=password, starttls="required", **options)


def test_signs_in_over_starttls(relay: Relay) -> None:
    assert relay.send_one(url(verify=False)).outcome is Outcome.ACCEPTED


def test_a_wrong_password_defers_at_once_with_the_relays_words(relay: Relay) -> None:
    result = relay.send_one(url("wrong", verify=False))
    assert (result.outcome, result.stage, result.code) == (Outcome.DEFERRED, SendStage.CONNECT, 535)


def test_an_unknown_certificate_is_refused(relay: Relay) -> None:
    result = relay.send_one(url())
    assert (result.outcome, result.stage) == (Outcome.DEFERRED, SendStage.CONNECT)
    assert "certificate" in result.text.lower()


def test_a_relay_without_starttls_gets_no_password(sink: Running) -> None:
    result = asyncio.run(carry_one(replace(url(), port=sink.port)))
    assert result.outcome is Outcome.DEFERRED
    assert "STARTTLS" in result.text
    assert sink.stats()["total"] == 0


def test_smtps(context: ssl.SSLContext) -> None:
    relay = Relay(implicit=context)
    secure = SmtpUrl("127.0.0.1", 0, implicit_tls=True, verify=False)
    assert relay.send_one(secure).outcome is Outcome.ACCEPTED
    assert relay.send_one(replace(secure, verify=True)).outcome is Outcome.DEFERRED


@pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "SMTPS"])
@pytest.mark.parametrize(("host", "fits"), [("127.0.0.1", True), ("localhost", False)])
def test_the_certificate_is_that_of_the_name_and_not_of_the_address_connected_to(
    context: ssl.SSLContext,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    *,
    fits: bool,
    implicit: bool,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    relay = Relay(implicit=context) if implicit else Relay(tls_context=context)
    starttls: Any = "auto" if implicit else "required"
    result = relay.send_one(SmtpUrl(host, 0, implicit_tls=implicit, starttls=starttls))
    assert (result.outcome is Outcome.ACCEPTED) is fits
    assert fits or "certificate" in result.text.lower()
