"""`flask crm …` as somebody at a terminal uses it, on the whole application."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import pytest
from sqlalchemy import NullPool, text
from sqlalchemy.exc import ProgrammingError

from app import deploy
from app.cli import crm, migrations
from app.cli import demo as demo_command
from app.kit import secrets
from app.kit.database import session as sessions
from app.kit.database.prepared import NEVER_ANALYSED
from app.kit.database.session import make_engine, work
from app.kit.database.stamp import Role, Stamp, company_stamp
from app.kit.registry import DemoData, Registry
from app.kit.servers import TestServer
from app.kit.settings import Setting, get, put
from app.kit.settings.models import CompanySetting
from tests import factories

TOKEN = Setting("test.cli", str, "", "Token", secret=True)


# About people: the company must be named, and making one is a command of its own.
OF_PEOPLE = {"company", "people"}


@pytest.mark.parametrize("name", sorted(set(crm.commands) - OF_PEOPLE))
def test_every_command_takes_a_company_and_may_make_it(name):
    options = {option for one in crm.commands[name].params for option in one.opts}
    assert {"--company", "--create"} <= options


@pytest.mark.parametrize("words", [("check",), ("report", "sales"), ("rebuild-facts",)])
def test_a_company_that_is_not_there_is_said(run, words):
    said = run(*words, "--company", "nowhere", status=1)
    assert "There is no company “nowhere”. Add --create to make it." in said


def test_create_makes_the_company_once(run):
    assert json.loads(run("report", "sales", "--company", "fresh", "--create")) == []
    assert json.loads(run("report", "sales", "--company", "fresh", "--create")) == []
    with work(Stamp(Role.PLATFORM)) as session:
        found = session.scalar(text("select count(*) from company where slug = 'fresh'"))
    assert found == 1


def test_the_report_is_to_the_cent_by_month_country_and_store(run):
    at = datetime(2026, 11, 2, 12, tzinfo=UTC)
    with work(company_stamp(1)) as session:
        store = factories.make_store(session)
        client = factories.make_client(session)
        for price in ("10.01", "0.02"):
            variant = factories.make_variant(session, stock=9)
            line = factories.orders.Item(3, variant.id, unit_price=Decimal(price))
            factories.make_completed_order(session, line, at=at, store=store, client=client)
    for by, key in (("month", "2026-11"), ("country", None), ("store", None)):
        (row,) = json.loads(run("report", "sales", "--company", "ours", "--by", by))
        assert (row["gross"], row["net"]) == ("30.09", "30.09"), by
        assert key is None or str(row[by]).startswith(key)
        printed = run("report", "sales", "--company", "ours", "--by", by, "--format", "csv")
        (same,) = csv.DictReader(io.StringIO(printed))
        assert {name: str(value or "") for name, value in row.items()} == same


def test_check_prints_what_disagrees_and_exits_with_one(run, app):
    assert "FAIL" not in run("check", "--company", "theirs")
    with work(company_stamp(2)) as session:
        client = factories.make_client(session, name="Without figures").id
    owner = make_engine(app.config["CRM"].database_owner_url, poolclass=NullPool)
    with work(Stamp(Role.OWNER), on=owner) as session:
        session.execute(text("delete from client_figures where client_id = :id"), {"id": client})
    said = run("check", "--company", "theirs", status=1)
    assert "FAIL clients.figures_there" in said
    assert "Without figures" in said
    assert "FAIL" not in run("check", "--company", "ours")


def test_an_unknown_import_names_those_there_are(run, tmp_path):
    assert "There are: online-retail." in run("import", "nothing", str(tmp_path), status=1)


def test_an_import_makes_the_company_writes_its_report_and_leaves_every_table_counted(
    run, tmp_path
):
    _source(tmp_path)
    report = tmp_path / "report.json"
    words = ("import", "online-retail", str(tmp_path), "--report", str(report))
    printed = run(*words, "--company", "shop", "--create")
    found = json.loads(report.read_text())
    assert found == json.loads(printed)
    assert sum(found["outcomes"].values()) == 2
    with work(Stamp(Role.PLATFORM)) as session:
        assert not session.scalar(text(f"select {NEVER_ANALYSED}"))
    again = json.loads(run(*words, "--company", "shop"))
    assert again["outcomes"] == found["outcomes"]


def _source(folder: Path) -> None:
    heads = {
        "order_lines": "invoice_no,line_no,invoice_datetime,stock_code,description,quantity,unit_price_gbp\n"
        "1000,1,2011-03-01 10:00:00,10001,MUG,2,2.55\n1000,2,2011-03-01 10:00:00,10001,MUG,2,2.55\n",
        "orders": "invoice_no,customer_id,country\n1000,17850,United Kingdom\n",
        "customers": "customer_id,country_latest,first_invoice_datetime\n"
        "17850,United Kingdom,2011-03-01 10:00:00\n",
        "products": "stock_code,description,max_unit_price_gbp\n10001,MUG,2.55\n",
    }
    for name, content in heads.items():
        with gzip.open(folder / f"{name}.csv.gz", "wt") as file:
            file.write(content)


def test_there_is_no_demo_in_production(run, app, monkeypatch):
    monkeypatch.setitem(app.config, "CRM", replace(app.config["CRM"], production=True))
    for words in (("demo",), ("demo", "--contacts")):
        assert "There is no demo in production" in run(*words, status=1)
    with work(Stamp(Role.PLATFORM)) as session:
        assert not session.scalar(text("select 1 from company where slug = 'demo'"))


class PowerCutError(Exception):
    """The end of a process in the middle of its work."""


def test_a_demo_that_was_interrupted_is_completed_by_the_next_start_and_then_left_alone(
    app, monkeypatch
):
    done: list[str] = []

    def second(_session: Any, size: str) -> None:
        if not done:
            done.append("interrupted")
            raise PowerCutError
        done.append(f"second {size}")

    pieces: Registry[DemoData] = Registry("demo data")
    pieces.register(DemoData("first", lambda _s, size: None), DemoData("second", second))
    monkeypatch.setattr(demo_command, "demo_data", pieces)
    with app.app_context():
        with pytest.raises(PowerCutError):
            demo_command.load_demo("demo", "small", create=True)
        deploy._demo_once()
        deploy._demo_once()
    assert done == ["interrupted", "second small"]


@pytest.mark.parametrize(
    ("has", "wants"), [("small", "large"), ("large", "small")], ids=["large", "small"]
)
def test_a_demo_of_another_size_is_refused_with_the_way_out_and_the_same_one_is_not(
    has, wants, run, app, monkeypatch
):
    sizes: list[str] = []
    pieces: Registry[DemoData] = Registry("demo data")
    pieces.register(DemoData("first", lambda _s, size: sizes.append(size)))
    monkeypatch.setattr(demo_command, "demo_data", pieces)
    slug = f"has-{has}"
    run("demo", "--company", slug, "--size", has, "--create")
    said = run("demo", "--company", slug, "--size", wants, status=1)
    assert said == (
        f"Error: The company “{slug}” has the {has} demo, and the two do not mix: take another"
        f" company, `flask crm demo --company {wants} --size {wants} --create`.\n"
    )
    assert sizes == [has]
    run("demo", "--company", slug, "--size", has)
    assert sizes == [has, has]
    run("demo", "--company", wants, "--size", wants, "--create")
    assert sizes == [has, has, wants]


def test_a_large_demo_that_was_interrupted_is_not_mixed_with_the_small_one(app, monkeypatch):
    sizes: list[str] = []

    def first(_session: Any, size: str) -> None:
        sizes.append(size)
        if len(sizes) == 1:
            raise PowerCutError

    pieces: Registry[DemoData] = Registry("demo data")
    pieces.register(DemoData("first", first))
    monkeypatch.setattr(demo_command, "demo_data", pieces)
    with app.app_context():
        with pytest.raises(PowerCutError):
            demo_command.load_demo("cut", "large", create=True)
        assert not demo_command.is_unfinished("cut")
        with pytest.raises(click.ClickException, match="has the large demo"):
            demo_command.load_demo("cut", "small", create=True)
        demo_command.load_demo("cut", "large", create=True)
    assert sizes == ["large", "large"]


COMMANDS = [
    ("demo",),
    ("demo", "--contacts"),
    ("import", "online-retail", "."),
    ("report", "sales"),
    ("rebuild-facts",),
    ("check",),
    ("reseal", "--all"),
]


@pytest.fixture(scope="module")
def empty(server: TestServer) -> Iterator[Any]:
    """The engine of a database without tables."""
    name = f"t_{os.getpid()}_cli_empty"
    server.create_database(name)
    engine = make_engine(server.url(name), poolclass=NullPool)
    yield engine
    server.drop_database(name)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_without_tables_a_command_says_how_to_make_them(words, run, empty):
    sessions.bind(empty)
    assert run(*words, status=1) == (
        "Error: The tables of the database are not there, or not those of this version:"
        " run `.venv/bin/flask db upgrade` (or `make run`) first.\n"
    )


def test_a_table_that_is_missing_though_the_version_is_right_is_a_bug(run, app, monkeypatch):
    owner = make_engine(app.config["CRM"].database_owner_url, poolclass=NullPool)
    with work(Stamp(Role.OWNER), on=owner) as session:
        session.execute(text("create table public.alembic_version (version_num text)"))
        session.execute(
            text("insert into public.alembic_version values (:head)"), {"head": migrations.head()}
        )
    monkeypatch.setitem(crm.commands, "odd", odd)
    with pytest.raises(ProgrammingError, match="no_such_table"):
        run("odd")


@click.command()
def odd() -> None:
    """Ask for a table that no migration makes."""
    with work(Stamp(Role.PLATFORM)) as session:
        session.execute(text("select 1 from no_such_table"))


def test_secrets_move_to_the_new_key_and_a_missing_one_is_named(run, monkeypatch):
    monkeypatch.setattr(secrets, "_vault", secrets.Vault(["old"]))
    for company in (1, 2):
        with work(company_stamp(company)) as session:
            put(session, TOKEN, "sk_live_0123456789abcd")
    monkeypatch.setattr(secrets, "_vault", secrets.Vault(["new", "old"]))
    said = run("reseal", "--company", "ours")
    assert said == "ours: 1 moved\n"
    assert "theirs: 1 moved\n" in run("reseal", "--all")
    monkeypatch.setattr(secrets, "_vault", secrets.Vault(["new"]))
    with work(company_stamp(2)) as session:
        assert get(session, TOKEN) == "sk_live_0123456789abcd"
        row = session.query(CompanySetting).filter_by(name=TOKEN.name).one()
        row.sealed = secrets.Vault(["lost"]).seal("x", "")
    assert "theirs: 0 moved, no key opens test.cli" in run("reseal", "--all", status=1)
