"""docs/api.md is run as it is written: a key is made as it says, then every block, in order."""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from app.orders.operations import Item
from tests import factories
from tests.company.factories import PASSWORD, make_membership
from tests.factories import NOON

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def served(site) -> Iterator[str]:
    """The address at which the product answers."""
    server = make_server("127.0.0.1", 0, site, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def trade(session, orders: int) -> None:
    """A company that has sold for a while: a closed store, products, clients and their orders."""
    factories.make_store(session, archived_at=NOON)
    store = factories.make_store(session)
    rod = factories.make_variant(session, stock=orders, store_id=store.id)
    clients = [factories.make_client(session) for _ in range(20)]
    for number in range(orders):
        factories.make_order(
            session, Item(1, rod.id), store=store, client=clients[number % len(clients)]
        )


@pytest.mark.timeout(180)
def test_every_line_of_the_guide_works_in_a_company_that_has_sold_for_a_while(
    served, inside, sign_in
):
    for tool in ("bash", "curl", "jq"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed on this machine: the guide is written for it")
    with inside() as session:
        email = make_membership(session, "owner", password=PASSWORD).person.email
        trade(session, orders=250)
    page = sign_in(email).get("/api-keys/add").text
    rights = re.findall(r'name="right"[^>]*value="([^"]+)"', page)
    rights += re.findall(r'value="([^"]+)"[^>]*name="right"', page)
    made = sign_in(email).post("/api-keys/add", data={"name": "shop", "right": rights})
    key = "tk_" + made.text.split("tk_")[1].split("<")[0]
    steps = [f"echo '--- block {n}' >&2\n{block}" for n, block in enumerate(BLOCKS, 1)]
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(steps)],
        env={**os.environ, "TRESEN": served, "KEY": key, "EMAIL": email, "PASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{done.stderr[-3000:]}\n{done.stdout[-3000:]}"
    assert len(BLOCKS) > 8
    assert any("/security/login" in block for block in BLOCKS)
