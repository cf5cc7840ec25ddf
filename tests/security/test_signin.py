"""Signing in: who gets in, where to, and how often one may try."""

import pytest
from sqlalchemy import event

from app.kit.database.session import db
from tests.company.factories import PASSWORD, make_membership


@pytest.fixture
def ada(inside):
    """An order manager of our company, by email."""
    with inside() as session:
        member = make_membership(session, "order_manager", password=PASSWORD)
        return member.person.email


def test_the_right_password_leads_in(ada, sign_in):
    browser = sign_in(ada)
    answer = browser.get("/start/")
    assert answer.status_code == 200
    assert "Ada" in answer.text
