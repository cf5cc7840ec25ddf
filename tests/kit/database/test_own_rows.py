"""Of what is kept of people's requests, somebody bound to stores has their own only."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import ProgrammingError

from app.kit.database.stamp import BOUND_ROLES, company_stamp
from app.kit.idempotency import Idempotency, idempotent
from app.kit.screens.models import BulkRun, ExportLog

KEPT = (Idempotency, BulkRun, ExportLog)


def keep_one_of_each(session, user):
    with idempotent(session, "k", b"{}", key_id=f"user:{user}") as request:
        request.keep(201, {"name": "Ada"})
    session.add(BulkRun(user_id=user, screen="S", action="archive", ids=[1], reasons={}))
    session.add(ExportLog(screen="S", query="", columns=""))
    session.flush()


@pytest.mark.parametrize("role", BOUND_ROLES)
def test_the_bound_roles_read_their_own_rows_only(session, as_stamp, role):
    for user in (7, 8):
        with as_stamp(company_stamp(1, user_id=user, store_ids=(1,), bound_as=role)):
            keep_one_of_each(session, user)
    for user, seen in ((7, 1), (8, 1), (9, 0)):
        with as_stamp(company_stamp(1, user_id=user, store_ids=(1,), bound_as=role)):
            found = [session.scalar(select(func.count()).select_from(one)) for one in KEPT]
            assert found == [seen] * 3


def test_nobody_bound_to_stores_keeps_an_answer_in_another_name(session, as_stamp):
    with (
        as_stamp(company_stamp(1, user_id=7, store_ids=(1,))),
        pytest.raises(ProgrammingError, match="row-level security"),
        session.begin_nested(),
    ):
        session.add(BulkRun(user_id=8, screen="S", action="archive", reasons={}))
        session.flush()
