"""An answer that is kept under a key outlives nobody's access."""

from __future__ import annotations

import secrets
from dataclasses import replace

from app.kit.database.stamp import Role
from tests import factories
from tests.orders.test_screens import app, client, post  # noqa: F401 -- the application
from tests.screens import bench
from tests.screens.base import all_rights


def test_a_kept_answer_ends_with_the_sight_of_who_asked(app, client):
    """Moved to another store, or without the right to sums: the key names another request."""
    with bench.at_work() as session:
        store, other = factories.make_store(session).id, factories.make_store(session).id
        buyer = factories.make_client(session).id
        variant = factories.make_variant(session, stock=9, store_id=store).id
    body = {"store": store, "client": buyer, "lines": [{"variant": variant, "quantity": 1}]}
    rights, key = all_rights(app), secrets.token_hex(8)
    mine = bench.reader_with(rights, store_ids=(store,))
    with bench.signed_in(mine):
        first, again = post(client, "orders", body, key), post(client, "orders", body, key)
        assert (first.status_code, again.json) == (201, first.json)
    for changes in (
        {"store_ids": (other,)},
        {"bound_as": Role.STORE_CLIENTS},
        {"rights": frozenset(rights) - {("read", "prices")}},
    ):
        with bench.signed_in(replace(mine, **changes)):
            assert post(client, "orders", body, key).status_code == 422
