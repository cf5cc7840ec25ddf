"""The description of the API holds: schemathesis finds nothing that it says and that is not so.

What it allows is taken, what it forbids is refused, statuses, content types, `Allow` and answers are
as described. A refusal that knows more than a description can (a taken number, an unknown id, a phone
that is none) says so by its type: "invalid", or "question" of a list. Of what is of the described form,
"fields" and "unreadable" are never answered.

`make slow` tries brands and one resource, chosen by `DESCRIPTION_SEED`; what decides on a change tries
orders as well. `make soak` tries all, with `DESCRIPTION_EXAMPLES` of each operation (a resource takes
a minute or more), or those that `DESCRIPTION_OF=orders,payments make soak` names.
"""

import os
import random
import threading
import uuid
from collections import Counter
from collections.abc import Iterator

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import NonFatalError, ScenarioFinished
from werkzeug.serving import WSGIRequestHandler, make_server

from app.kit.database import session as sessions
from app.kit.database.session import db, work
from app.kit.database.stamp import company_stamp
from tests.screens import filling
from tests.security.conftest import new_bearer

SEED = int(os.environ.get("DESCRIPTION_SEED", "7"))
ONLY = [name for name in os.environ.get("DESCRIPTION_OF", "").split(",") if name]
EXAMPLES = int(os.environ.get("DESCRIPTION_EXAMPLES", "10"))
EXPECTED = ("problem:invalid", "problem:question", "problem:idempotency-key-reused")
STATUSES = ["2xx", "400", "401", "403", "404", "409", "422"]


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def served(site) -> Iterator[str]:
    """The address of the API, of a company with a record of each kind."""
    with site.app_context():
        sessions.bind(db.engine)
        for screen in filling.screen_classes():
            with work(company_stamp(1, user_id=7)) as session:
                filling.make(session, screen)
    server = make_server("127.0.0.1", 0, site, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@schemathesis.hook
def before_call(context, case, kwargs):
    """Let no case hide behind the kept answer of another."""
    key = (case.headers or {}).get("Idempotency-Key")
    if key and len(key) <= 200 and key.isascii():
        case.headers["Idempotency-Key"] = f"{key}{uuid.uuid4().hex}"


def tried(address: str, bearer: dict[str, str], paths: str, examples: int) -> Counter[str]:
    """What is not as described below `paths`, by its kind and operation."""
    config = SchemathesisConfig.from_dict(
        {
            "headers": bearer,
            "continue-on-failure": True,
            "generation": {
                "max-examples": examples,
                "deterministic": True,
                "no-shrink": True,
                # PostgreSQL keeps no NUL in a text; the description cannot say so.
                "allow-x00": False,
            },
            "phases": {"stateful": {"enabled": False}},
            "checks": {"positive_data_acceptance": {"expected-statuses": STATUSES}},
        }
    )
    described = schemathesis.openapi.from_url(
        f"{address}/api/v1/_openapi", config=config, headers=bearer
    )
    found: Counter[str] = Counter()
    for event in from_schema(described.include(path_regex=paths)).execute():
        if isinstance(event, NonFatalError):
            found[f"{event.label}: {event.info}"] += 1
        elif isinstance(event, ScenarioFinished):
            found.update(odd(event))
    return found


def odd(event: ScenarioFinished) -> Iterator[str]:
    seen = event.recorder
    for case_id, checks in seen.checks.items():
        answer = seen.interactions[case_id].response if case_id in seen.interactions else None
        case = seen.cases[case_id].value
        if answer is not None and answer.status_code in (400, 422) and is_valid(case):
            text = answer.content.decode(errors="replace")
            if not any(kind in text for kind in EXPECTED):
                yield f"{event.label}: valid refused: {case.body!r:.200} {case.query} {text}"
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                yield f"{event.label}: {failure.title}: {failure.message:.300} {case.body!r:.200}"


def is_valid(case) -> bool:
    return case.meta is not None and case.meta.generation.mode.value == "positive"


@pytest.fixture(scope="module")
def names(site) -> list[str]:
    return sorted(site.extensions["crm_resources"])


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore")
def test_some_resources_are_as_described(served, bearer, names):
    some = random.Random(SEED).sample([name for name in names if name != "brands"], 1)
    print("DESCRIPTION_SEED", SEED, some)
    paths = f"^/api/v1/({'|'.join(['brands', *some])})/"
    assert tried(served, bearer, paths, examples=3) == Counter()


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore")
def test_every_resource_is_as_described(site, served, names):
    found: Counter[str] = Counter()
    for name in ONLY or names:
        # The key before may be among those that were ended.
        here = tried(served, new_bearer(site), f"^/api/v1/{name}/", examples=EXAMPLES)
        print(name, "is as described" if not here else sorted(here), flush=True)
        found += here
    assert found == Counter()
