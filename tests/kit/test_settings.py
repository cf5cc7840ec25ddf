"""Settings of a company: typed, kept apart, secrets closed and never shown."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.kit import secrets
from app.kit.choices import Choice
from app.kit.database.stamp import Stamp, company_stamp
from app.kit.errors import Invalid, NotFound
from app.kit.registry import Duplicate
from app.kit.settings import (
    Setting,
    areas,
    define,
    definition,
    definitions,
    get,
    get_many,
    put,
    reseal_all,
    reset,
    secret_state,
)
from app.kit.settings.models import CompanySetting
from app.kit.settings.operations import SecretLost


class Pace(Choice):
    SLOW = "slow", "Slow"
    FAST = "fast", "Fast"


def positive(value: int) -> int:
    if value <= 0:
        raise Invalid("This must be above zero.")
    return value


PREFIX = define(Setting("test.prefix", str, "", "Prefix", area="test"))
DAYS = define(Setting("test.days", int, 14, "Days", area="test", check=positive))
LIMIT = define(Setting("test.limit", Decimal, Decimal("0.5"), "Limit", area="test"))
OPEN = define(Setting("test.open", bool, default=True, label="Open", area="test"))
PACE = define(Setting("test.pace", Pace, Pace.SLOW, "Pace", area="test"))
TOKEN = define(Setting("test.token", str, "", "Token", area="test", secret=True))

AsStamp = Callable[[Stamp], AbstractContextManager[Session]]


@pytest.fixture(autouse=True)
def _vault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_vault", secrets.Vault(["the key of these tests"]))


def test_what_is_not_set_is_the_default(session: Session) -> None:
    assert get(session, DAYS) == 14
    assert get(session, TOKEN) == ""


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        (PREFIX, "A-"),
        (DAYS, 30),
        (LIMIT, Decimal("12.3400")),
        (OPEN, False),
        (PACE, Pace.FAST),
        (TOKEN, "sk_live_0123456789abcd"),
    ],
)
def test_a_value_comes_back_in_its_type(
    session: Session, setting: Setting[Any], value: Any
) -> None:
    put(session, setting, value)
    session.expire_all()
    kept = get(session, setting)
    assert (kept, type(kept), str(kept)) == (value, type(value), str(value))


@pytest.mark.parametrize(
    ("setting", "raw"),
    [
        (DAYS, "many"),
        (DAYS, True),
        (LIMIT, 0.1),
        (LIMIT, "NaN"),
        (OPEN, "yes"),
        (PACE, "idle"),
        (PREFIX, 5),
    ],
)
def test_a_value_of_another_type_is_refused_in_words(
    session: Session, setting: Setting[Any], raw: Any
) -> None:
    with pytest.raises(Invalid, match="does not fit") as refusal:
        put(session, setting, raw)
    assert refusal.value.field == setting.name


def test_a_settings_own_check_is_asked(session: Session) -> None:
    with pytest.raises(Invalid, match="above zero"):
        put(session, DAYS, -1)


def test_a_form_sets_many_and_an_empty_secret_stays_as_it_is(session: Session) -> None:
    put(session, TOKEN, "sk_live_0123456789abcd")
    put(session, DAYS, "7")
    assert get_many(session, definitions("test")) == {
        "test.prefix": "",
        "test.days": 7,
        "test.limit": Decimal("0.5"),
        "test.open": True,
        "test.pace": Pace.SLOW,
    }
    assert get(session, TOKEN) == "sk_live_0123456789abcd"


def test_a_reset_brings_the_default_back(session: Session) -> None:
    put(session, DAYS, 3)
    reset(session, DAYS)
    reset(session, PREFIX)
    assert get(session, DAYS) == 14


def test_of_a_secret_only_the_end_is_shown_and_nothing_is_kept_readable(session: Session) -> None:
    assert not secret_state(session, TOKEN).is_set
    put(session, TOKEN, "sk_live_0123456789abcd")
    state = secret_state(session, TOKEN)
    assert (state.is_set, state.hint) == (True, "abcd")
    row = session.execute(text("select to_jsonb(s)::text from company_setting s")).scalar_one()
    assert "0123456789" not in row


def test_the_history_of_a_secret_shows_its_hint_and_not_the_sealed_value(session: Session) -> None:
    put(session, TOKEN, "sk_live_0123456789abcd")
    put(session, TOKEN, "sk_live_0123456789wxyz")
    seen = session.execute(
        text(
            "select before::text, after::text from audit_entry where table_name = 'company_setting' and action = 'update'"
        )
    ).all()
    trail = " ".join(part for row in seen for part in row if part)
    assert "abcd" in trail
    assert "wxyz" in trail
    assert "sealed" not in trail


def test_the_history_of_a_setting_shows_both_values(session: Session) -> None:
    put(session, PREFIX, "A-")
    put(session, PREFIX, "B-")
    seen = session.execute(
        text(
            "select before ->> 'value', after ->> 'value' from audit_entry where action = 'update'"
        )
    ).all()
    assert ("A-", "B-") in [tuple(row) for row in seen]


def test_another_company_has_its_own(
    session: Session, as_stamp: AsStamp, other_company: int
) -> None:
    put(session, DAYS, 3)
    with as_stamp(company_stamp(other_company)):
        assert get(session, DAYS) == 14
        put(session, DAYS, 5)
    assert get(session, DAYS) == 3


def test_a_sealed_value_copied_to_another_setting_does_not_open(session: Session) -> None:
    put(session, TOKEN, "sk_live_0123456789abcd")
    other = Setting("test.copied", str, "", "Copied", secret=True)
    row = session.scalars(select(CompanySetting)).one()
    session.add(CompanySetting(name="test.copied", sealed=row.sealed, hint=""))
    session.flush()
    with pytest.raises(SecretLost, match="enter it again"):
        get(session, other)


def test_secrets_move_to_a_new_key(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    put(session, TOKEN, "sk_live_0123456789abcd")
    put(session, PREFIX, "A-")
    monkeypatch.setattr(secrets, "_vault", secrets.Vault(["new", "the key of these tests"]))
    assert (reseal_all(session), reseal_all(session)) == ((1, []), (0, []))
    monkeypatch.setattr(secrets, "_vault", secrets.Vault(["new"]))
    assert get(session, TOKEN) == "sk_live_0123456789abcd"


def test_a_secret_whose_key_is_gone_is_named_and_can_be_entered_again(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(session, TOKEN, "sk_live_0123456789abcd")
    assert not secret_state(session, TOKEN).is_lost
    monkeypatch.setattr(secrets, "_vault", secrets.Vault(["another"]))
    assert secret_state(session, TOKEN).is_lost
    assert reseal_all(session) == (0, ["test.token"])
    with pytest.raises(SecretLost, match="“Token” can no longer be read"):
        get(session, TOKEN)
    put(session, TOKEN, "sk_live_anew_0123456789")
    assert (get(session, TOKEN), secret_state(session, TOKEN).is_lost) == (
        "sk_live_anew_0123456789",
        False,
    )


@pytest.mark.parametrize("columns", [{}, {"value": 1, "sealed": "x", "hint": ""}, {"sealed": "x"}])
def test_the_database_takes_a_value_or_a_sealed_one(
    session: Session, columns: dict[str, Any]
) -> None:
    session.add(CompanySetting(name="test.both", **columns))
    with pytest.raises(IntegrityError):
        session.flush()


def test_definitions_are_found_by_name_and_area() -> None:
    assert definition("test.days") is DAYS
    assert "test" in areas()
    with pytest.raises(NotFound, match=r"no setting “test\.nothing”"):
        definition("test.nothing")
    with pytest.raises(Duplicate):
        define(Setting("test.days", int, 1, "Days"))


@pytest.mark.parametrize(("kind", "secret"), [(float, False), (bytes, False), (int, True)])
def test_what_cannot_be_kept_exactly_cannot_be_defined(kind: type, secret: object) -> None:
    with pytest.raises(TypeError, match=r"test\.bad"):
        Setting("test.bad", kind, kind(), "Bad", secret=bool(secret))
