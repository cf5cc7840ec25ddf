"""Rights to give: what the screens would have registered, made once in the database of this process."""

import pytest
from sqlalchemy import NullPool

from app.company.operations.roles import mark_essential
from app.kit.database.session import make_engine, work
from app.kit.database.stamp import Role, Stamp
from app.kit.security.permissions import make_rights

VIEWS = ("Client", "Order", "Product", "Membership", "Role", "Invitation", "ApiKey", "Store")
RIGHTS = {
    *((permission, view) for view in VIEWS for permission in ("read", "write", "delete", "export")),
    *(
        ("read", guard)
        for guard in ("costs", "prices", "money", "contacts", "salaries", "others_clients")
    ),
    ("refund", "Order"),
}


@pytest.fixture(scope="session", autouse=True)
def _rights(owner_url: str) -> None:
    owner = make_engine(owner_url, poolclass=NullPool)
    with work(Stamp(Role.OWNER), on=owner) as session:
        make_rights(session, RIGHTS)
        mark_essential(session)
