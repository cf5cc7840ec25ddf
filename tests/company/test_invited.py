"""The mail of an invitation: to whom it may still open a door, and only then."""

from datetime import timedelta

import pytest

from app.company.jobs import send_invitation
from app.company.models import Invitation
from app.kit import account_mail, clock
from app.kit.errors import Conflict
from app.kit.security.auth_functions import hash_of
from tests.factories import NOON
from tests.registries import as_before

OLD = hash_of("old")


@pytest.fixture
def mails():
    kept = []
    with as_before(account_mail._senders, empty=True):
        sender = account_mail.Sender(
            lambda: True, lambda to, subject, text: kept.append((to, text))
        )
        account_mail.use_sender(sender)
        yield kept


def invitation(session, **values):
    usual = {
        "email": "nia@example.com",
        "token_hash": OLD,
        "role_ids": [1],
        "expires_at": NOON + timedelta(days=7),
        "sent_at": NOON,
    }
    made = Invitation(**{**usual, **values})
    session.add(made)
    session.flush()
    return made


def send(session, built_app, one):
    with built_app.test_request_context(), clock.frozen(NOON):
        send_invitation(session, one.id, "Ada", "Ours", "en")
    session.refresh(one)


def test_the_link_in_the_mail_is_the_one_that_is_kept(session, built_app, mails):
    one = invitation(session)
    send(session, built_app, one)
    ((to, text),) = mails
    assert to == "nia@example.com"
    assert "Ada" in text
    token = text.rsplit("/", 1)[1]
    assert one.token_hash == hash_of(token)


@pytest.mark.parametrize(
    "closed", [{"accepted_at": NOON}, {"revoked_at": NOON}, {"expires_at": NOON}]
)
def test_an_invitation_that_is_no_longer_open_is_not_mailed(session, built_app, mails, closed):
    one = invitation(session, **closed)
    send(session, built_app, one)
    assert mails == []
    assert one.token_hash == OLD


def test_where_nothing_can_be_sent_no_link_is_made(session, built_app):
    one = invitation(session)
    with as_before(account_mail._senders, empty=True):
        account_mail.use_sender(account_mail.Sender(lambda: False, pytest.fail))
        with pytest.raises(Conflict, match="Invite again"):
            send(session, built_app, one)
    assert one.token_hash == OLD
