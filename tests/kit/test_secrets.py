"""Secrets open under their own key and place only; public links cannot be changed or reused."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from app.kit import clock, signing
from app.kit.secrets import CannotOpen, Vault, hint
from app.kit.signing import LinkBroken, LinkExpired, read_link, sign_link

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
OLD, NEW = "an old key of some length", "a new key of some length"


@pytest.fixture(autouse=True)
def _keys() -> Iterator[None]:
    before = list(reversed(signing._keys))
    signing.use_keys([NEW])
    yield
    signing._keys[:] = list(reversed(before))


def test_a_secret_comes_back_and_is_not_to_be_seen_while_sealed() -> None:
    sealed = Vault([NEW]).seal("geheim-token", "1:smtp")
    assert "geheim" not in sealed
    assert Vault([NEW]).open(sealed, "1:smtp") == "geheim-token"
    assert Vault([NEW]).seal("geheim-token", "1:smtp") != sealed


@pytest.mark.parametrize("context", ["2:smtp", "1:twilio", ""])
def test_a_sealed_value_does_not_open_in_another_place(context: str) -> None:
    with pytest.raises(CannotOpen):
        Vault([NEW]).open(Vault([NEW]).seal("token", "1:smtp"), context)


@pytest.mark.parametrize(
    "damage", [lambda s: s[:-6] + "AAAA==", lambda s: "2" + s[1:], lambda _: "x"]
)
def test_a_damaged_value_does_not_open(damage: object) -> None:
    sealed = Vault([NEW]).seal("token", "1:smtp")
    with pytest.raises(CannotOpen):
        Vault([NEW]).open(damage(sealed), "1:smtp")  # type: ignore[operator]


def test_keys_can_be_rotated() -> None:
    sealed = Vault([OLD]).seal("token", "here")
    both = Vault([NEW, OLD])
    assert both.open(sealed, "here") == "token"
    assert not both.is_current(sealed)
    moved = both.reseal(sealed, "here")
    assert both.is_current(moved)
    assert Vault([NEW]).open(moved, "here") == "token"
    with pytest.raises(CannotOpen):
        Vault([NEW]).open(sealed, "here")


def test_a_hint_gives_nothing_of_a_short_secret() -> None:
    assert (hint("sk_live_12345678"), hint("hunter2")) == ("5678", "")


def test_a_vault_without_a_key_is_refused() -> None:
    for keys in ([], [""]):
        with pytest.raises(ValueError, match="key"):
            Vault(keys)


def test_a_link_carries_company_and_id() -> None:
    token = sign_link("unsubscribe", 7, 123456)
    link = read_link("unsubscribe", token)
    assert (link.company_id, link.id, link.expires_at) == (7, 123456, None)
    assert len(token) < 40
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def test_a_link_serves_its_purpose_only() -> None:
    with pytest.raises(LinkBroken):
        read_link("invoice", sign_link("unsubscribe", 1, 1))


@pytest.mark.parametrize("token", ["", ".", "1.2.0", "1.2.0.", "1.2.0.AAAA", "ä.ö", "1.2.0.é"])
def test_a_made_up_link_is_refused(token: str) -> None:
    with pytest.raises(LinkBroken, match="not complete"):
        read_link("unsubscribe", token)


def test_a_changed_id_breaks_the_link() -> None:
    company, rest = sign_link("unsubscribe", 1, 5).split(".", 1)
    assert company == "1"
    with pytest.raises(LinkBroken):
        read_link("unsubscribe", "2." + rest)


def test_a_link_ends_at_its_time() -> None:
    token = sign_link("invite", 1, 2, expires_at=NOON + timedelta(hours=1))
    with clock.frozen(NOON) as held:
        assert read_link("invite", token).expires_at == NOON + timedelta(hours=1)
        held.advance(timedelta(hours=1))
        with pytest.raises(LinkExpired, match="expired"):
            read_link("invite", token)


def test_links_outlive_a_change_of_key_while_the_old_one_is_listed() -> None:
    signing.use_keys([OLD])
    token = sign_link("invoice", 1, 2)
    signing.use_keys([NEW, OLD])
    assert read_link("invoice", token).id == 2
    assert sign_link("invoice", 1, 2) != token
    signing.use_keys([NEW])
    with pytest.raises(LinkBroken):
        read_link("invoice", token)
