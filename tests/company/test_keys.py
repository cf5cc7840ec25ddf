"""API keys: some of their maker's rights, under a name, for a time; shown once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.company import operations
from app.company.models import ApiKey
from app.company.operations.privileges import NotYours
from app.kit.errors import Conflict, Invalid, Refused
from app.kit.security.auth_functions import hash_of
from tests.company.factories import make_membership, make_reader, make_role
from tests.factories import NOON

READ, WRITE = ("read", "Client"), ("write", "Client")


@pytest.fixture
def maker(session):
    return make_reader(session, make_membership(session, make_role(session, {READ})))


def make_key(session, by, **values):
    usual = {"name": " Till ", "scopes": [READ], "by": by, "at": NOON}
    return operations.make_key(session, **usual | values)


def test_of_a_key_its_hash_is_kept_and_where_it_begins(session, maker):
    key, shown = make_key(session, maker)
    assert (key.name, key.scopes) == ("Till", ["read Client"])
    assert (key.key_hash, key.prefix) == (hash_of(shown), shown[:9])
    assert (key.membership_id, key.expires_at) == (maker.membership_id, None)
    assert make_key(session, maker, expires_at=NOON + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"name": " "}, "name"), ({"scopes": []}, "scopes"), ({"expires_at": NOON}, "expires_at")],
)
def test_what_is_no_key_is_refused_beside_its_field(session, maker, typed, field):
    with pytest.raises(Invalid) as refused:
        make_key(session, maker, **typed)
    assert refused.value.field == field
    assert session.scalars(select(ApiKey)).all() == []


@pytest.mark.parametrize("who", [{"membership_id": None}, {"api_key_id": 1}])
def test_only_people_make_keys(session, maker, who):
    with pytest.raises(Refused, match="Only people"):
        make_key(session, replace(maker, **who))


def test_a_key_may_no_more_than_its_maker(session, maker):
    with pytest.raises(NotYours):
        make_key(session, maker, scopes=[READ, WRITE])


def test_a_key_is_revoked_once_and_not_by_somebody_weaker(session, maker):
    stronger = make_reader(session, make_membership(session, make_role(session, {READ, WRITE})))
    key, _shown = make_key(session, stronger, scopes=[WRITE])
    with pytest.raises(NotYours):
        operations.revoke_key(session, key, by=maker, at=NOON)
    assert key.revoked_at is None
    assert operations.revoke_key(session, key, by=stronger, at=NOON).revoked_at == NOON
    with pytest.raises(Conflict, match="already"):
        operations.revoke_key(session, key, by=stronger, at=NOON + timedelta(days=1))
    assert key.revoked_at == NOON
