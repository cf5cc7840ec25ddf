"""The way into a new machine and out of a lock-out: `flask crm people`, `flask crm company`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import click
import pytest
from flask import Flask
from sqlalchemy import NullPool, text

from app.cli import people
from app.company import operations, queries
from app.company.models import Membership
from app.kit import clock
from app.kit.database.session import make_engine, work
from app.kit.database.stamp import Role, Stamp, company_stamp
from app.kit.security.permissions import create_permissions
from tests.company.factories import make_company, make_membership, make_reader

GOOD = "vier Leinen am Kai im Regen"
_numbers = count(1)


@pytest.fixture(scope="module")
def deployed(app: Flask) -> Flask:
    """The application after the first deploy."""
    app.config["WTF_CSRF_ENABLED"] = False
    owner = make_engine(app.config["CRM"].database_owner_url, poolclass=NullPool)
    with app.app_context(), work(Stamp(Role.OWNER), on=owner) as session:
        create_permissions(session)
    return app


@pytest.fixture(autouse=True)
def _inside(deployed: Flask) -> Iterator[None]:
    with deployed.app_context():
        yield


@pytest.fixture
def acme(run: Callable[..., str]) -> tuple[str, int, str]:
    """A company made by the command: its short name, its id, its owner's address."""
    slug = f"acme-{next(_numbers)}"
    owner = f"ada@{slug}.example"
    run("company", "create", "--company", slug, "--owner", owner, "--name", "Acme")
    with work(Stamp(Role.PLATFORM)) as session:
        return (
            slug,
            session.scalar(text("select id from company where slug = :s"), {"s": slug}),
            owner,
        )


def link_in(said: str) -> str:
    """The path of the link that was printed."""
    found = re.search(r"https?://[^/\s]+(/reset/\S+)", said)
    assert found, said
    return found[1]


def sign_in(app: Flask, email: str, password: str = GOOD) -> Any:
    return app.test_client().post("/login/", data={"login": email, "password": password})


def audited(company: int, where: str = "true") -> list[Any]:
    with work(company_stamp(company)) as session:
        query = "select request_id, after from audit_entry where table_name = 'membership' and "
        return [tuple(row) for row in session.execute(text(query + where + " order by id"))]


def test_a_new_machine_gets_a_company_and_an_owner_who_sets_the_password_by_a_link(run, app):
    words = (
        "--company",
        "first",
        "--owner",
        "Ada@First.example",
        "--first",
        "Ada",
        "--currency",
        "GBP",
    )
    said = run("company", "create", *words, "--country", "GB", "--zone", "Europe/London")
    link, browser = link_in(said), app.test_client()
    assert browser.post(link, data={"password": GOOD}).status_code == 302
    assert browser.post(link, data={"password": GOOD}).status_code == 404
    assert sign_in(app, "ada@first.example").status_code == 302
    with work(Stamp(Role.PLATFORM)) as session:
        company = session.scalar(text("select id from company where slug = 'first'"))
    with work(company_stamp(company)) as session:
        assert queries.count_administrators(session) == 1
        assert session.scalar(text("select currency from company")) == "GBP"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--owner", "nobody"), "email"),
        (("--owner", "a@example.com", "--currency", "XXQ"), "not a currency"),
        (("--owner", "a@example.com", "--country", "Atlantis"), "is not a country"),
        (("--owner", "a@example.com", "--zone", "Moon/Sea"), "zone"),
        (("--owner", "a@example.com", "--locale", "xx"), "There is no language"),
    ],
)
def test_values_that_are_none_make_no_company(run, words, said):
    assert said in run("company", "create", "--company", "never", *words, status=1)
    with work(Stamp(Role.PLATFORM)) as session:
        assert not session.scalar(text("select 1 from company where slug = 'never'"))


def test_a_company_that_is_there_is_not_made_again(run, acme):
    said = run("company", "create", "--company", acme[0], "--owner", "b@example.com", status=1)
    assert "people add --role owner" in said


def test_a_short_name_is_one(run):
    words = ("company", "create", "--company", "Not One", "--owner", "b@example.com")
    assert "small letters" in run(*words, status=1)


def test_whoever_is_added_is_an_administrator_and_may_type_the_password(run, app, acme):
    slug, company, _owner = acme
    words = ("people", "add", f"eve@{slug}.example", "--company", slug, "--ask")
    run(*words, typed=f"{GOOD}\n{GOOD}\n")
    assert sign_in(app, f"eve@{slug}.example").status_code == 302
    with work(company_stamp(company)) as session:
        assert queries.count_administrators(session) == 2
    assert audited(company)[-1][0].startswith("command line: add by ")
    assert audited(company)[-1][1] == {"access": "password set"}


def test_a_weak_password_is_refused_and_nothing_is_done(run, acme):
    slug, company, _owner = acme
    for weak in ("passwordpassword", f"eve@{slug}.example"):
        words = ("people", "add", f"eve@{slug}.example", "--company", slug, "--ask")
        run(*words, typed=f"{weak}\n{weak}\n", status=1)
    with work(company_stamp(company)) as session:
        assert session.scalar(text("select count(*) from membership")) == 1


def test_no_password_is_an_argument():
    """Everybody on a machine can read the list of its processes."""
    commands = [*people.people.commands.values(), *people.company.commands.values()]
    for command in commands:
        names = {option for one in command.params for option in (*one.opts, one.name)}
        assert not {name for name in names if "pass" in str(name)}, command.name
        flags = [one for one in command.params if one.name == "ask"]
        assert all(isinstance(one, click.Option) and one.is_flag for one in flags)
    assert "hide_input=True" in inspect.getsource(people)


def test_who_locked_themselves_out_is_let_in_again(run, app, acme):
    """Closed, bound to stores, and the company's administrator's role made weak."""
    slug, company, owner = acme
    with work(company_stamp(company)) as session:
        second = make_reader(session, make_membership(session, "owner"))
        for key in ("owner", "administrator"):
            role = operations.seed_roles(session, company)[key]
            if key == "administrator":
                operations.change_role(
                    session,
                    role,
                    name=role.name,
                    rights=[("read", "Store")],
                    version=role.version,
                    by=second,
                    at=clock.now(),
                )
        member = session.scalars(
            operations.companies.select(Membership)
            .join(Membership.person)
            .where(operations.companies.Person.email == owner)
        ).one()
        member.all_stores = False
        operations.deactivate(session, member, by=second, at=clock.now())
    run("people", "role", owner, "--company", slug, "--role", "administrator")
    with work(company_stamp(company)) as session:
        assert queries.count_administrators(session) == 2
        member = session.get_one(Membership, member.id)
        held = queries.rights_by_role(session, member)
        assert ("write", "Role") in held
        assert "Administrator 2" in [one.name for one in queries.roles_of(session, member)]
    # The next time there is one.
    run("people", "role", owner, "--company", slug, "--role", "administrator")
    with work(company_stamp(company)) as session:
        assert "Administrator 3" not in [one.name for one in queries.roles(session)]


def test_a_role_is_named_as_the_company_calls_it_or_refused_with_those_there_are(run, acme):
    slug, company, owner = acme
    run("people", "role", owner, "--company", slug, "--role", "cashier")
    run("people", "role", owner, "--company", slug, "--role", "WAREHOUSE")
    said = run("people", "role", owner, "--company", slug, "--role", "queen", status=1)
    assert "There is no role “queen”. There are: " in said
    assert "cashier" in said
    with work(company_stamp(company)) as session:
        member = queries.holders(session, queries.ADMINISTERS)[0]
        assert [one.name for one in queries.roles_of(session, member)] == [
            "Cashier",
            "Owner",
            "Warehouse",
        ]
    assert audited(company, "after ? 'roles'")[-1][1] == {"roles": ["Warehouse"]}


def test_a_new_password_ends_what_was_begun_with_the_old_one(run, app, acme):
    slug, company, owner = acme
    run("people", "password", owner, "--company", slug, "--ask", typed=f"{GOOD}\n{GOOD}\n")
    browser = app.test_client()
    browser.post("/login/", data={"login": owner, "password": GOOD})
    for _n in range(6):
        sign_in(app, owner, "wrong")
    assert sign_in(app, owner).status_code == 429
    new = "drei Möwen auf dem Kutter"
    link = link_in(run("people", "password", owner, "--company", slug))
    assert audited(company)[-1][1] == {"access": "password link printed"}
    app.test_client().post(link, data={"password": new})
    assert browser.get("/start/").status_code == 302
    assert sign_in(app, owner, new).status_code == 302


@pytest.mark.parametrize("words", [("password",), ("role", "--role", "owner")])
def test_whoever_is_of_another_company_is_not_of_this_one(run, acme, words):
    slug = acme[0]
    run("company", "create", "--company", f"{slug}-b", "--owner", f"bob@{slug}.example")
    name, *more = words
    said = run("people", name, f"bob@{slug}.example", "--company", slug, *more, status=1)
    assert "has no place" in said


def test_somebody_known_keeps_the_password_when_added(run, app, acme):
    slug, _company, owner = acme
    run("people", "password", owner, "--company", slug, "--ask", typed=f"{GOOD}\n{GOOD}\n")
    with work(company_stamp(1)) as session:
        make_company(session, f"{slug}-c")
    said = run("people", "add", owner, "--company", f"{slug}-c")
    assert "/reset/" not in said
    assert sign_in(app, owner).status_code == 302
