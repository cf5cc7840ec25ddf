"""An import that is killed, repeated or fed nonsense: a source of our own with every kind of line."""

import csv
import gzip
import os
import random
import signal
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.kit.database.session import bind, make_engine, work
from app.kit.database.stamp import company_stamp
from app.kit.errors import Invalid
from app.orders.imports.online_retail.run import run

INVOICES = 2_500
HEADS = {
    "order_lines.csv": (
        "invoice_no",
        "line_no",
        "invoice_datetime",
        "stock_code",
        "description",
        "quantity",
        "unit_price_gbp",
    ),
    "orders.csv": ("invoice_no", "customer_id", "country"),
    "customers.csv": ("customer_id", "country_latest", "first_invoice_datetime"),
    "products.csv": ("stock_code", "description", "max_unit_price_gbp"),
}
AT = "2011-03-01 10:00:00"


def write(folder: Path, name: str, rows: list[tuple[Any, ...]]) -> None:
    with gzip.open(folder / f"{name}.gz", "wt", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADS[name])
        writer.writerows(rows)


def lines_of(number: int) -> list[tuple[Any, ...]]:
    """Two identical lines and a charge; each tenth invoice is a return, each hundredth a write-off."""
    if number % 100 == 0:
        return [(str(number), 1, AT, "10001", "lost", -3, "0.0")]
    if number % 10 == 0:
        return [(f"C{number}", 1, AT, "10001", "MUG", -1, "2.55")]
    sold = (str(number), 1, AT, "10001", "MUG", 2, "2.55")
    return [sold, (sold[0], 2, *sold[2:]), (str(number), 3, AT, "POST", "POSTAGE", 1, "3.95")]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    invoices = range(1000, 1000 + INVOICES)
    lines = [line for number in invoices for line in lines_of(number)]
    write(tmp_path, "order_lines.csv", lines)
    numbers = dict.fromkeys(line[0] for line in lines)
    write(tmp_path, "orders.csv", [(no, "17850", "United Kingdom") for no in numbers])
    write(tmp_path, "customers.csv", [("17850", "United Kingdom", AT)])
    write(tmp_path, "products.csv", [("10001", "MUG", "2.55")])
    return tmp_path


@pytest.fixture
def database(own_database: str) -> Iterator[str]:
    engine = make_engine(own_database)
    bind(engine)
    with work(company_stamp(1)) as session:
        session.execute(text("update company set currency = 'GBP'"))
    yield own_database
    engine.dispose()


def counted() -> tuple[Any, ...]:
    with work(company_stamp(1)) as session:
        return tuple(
            session.execute(
                text(
                    "select (select count(*) from orders), (select count(*) from order_line),"
                    " (select count(*) from goods_return), (select count(*) from movement),"
                    " (select sum(total)::bigint from orders), (select count(*) from client),"
                    " (select orders_count from client_figures limit 1)"
                )
            ).one()
        )


@pytest.mark.timeout(180)
def test_killed_at_any_moment_and_started_again_it_is_complete(source: Path, database: str) -> None:
    random.seed(11)
    kills = 0
    for _ in range(30):
        child = os.fork()
        if child == 0:
            bind(make_engine(database))
            run(company_stamp(1), [source])
            os._exit(0)
        time.sleep(random.uniform(0.02, 0.2))
        os.kill(child, signal.SIGKILL)
        kills += os.waitpid(child, 0)[1] == signal.SIGKILL
    report = run(company_stamp(1), [source])
    assert kills > 3
    orders = INVOICES - INVOICES // 10
    returns = INVOICES // 10 - INVOICES // 100
    assert report["outcomes"] == {
        "charge": orders,
        "order_line": 2 * orders,
        "return": returns,
        "write_off": INVOICES // 100,
    }
    total = orders * (2 * 51_000 + 39_500)
    movements = 2 * orders + returns + INVOICES // 100
    assert counted() == (orders, 3 * orders, returns, movements, total, 1, orders)


def test_started_again_it_changes_nothing(source: Path, database: str) -> None:
    first = run(company_stamp(1), [source])
    before = counted()
    assert run(company_stamp(1), [source]) == first
    assert counted() == before


BAD = [
    (("9001", 1, "yesterday", "10001", "MUG", 1, "2.55"), "the time cannot be read"),
    (("9001", 2, AT, "10001", "MUG", "two", "2.55"), "the quantity is no whole number"),
    (("9001", 3, AT, "10001", "MUG", 1, "a lot"), "the price is no number"),
    (("9001", 4, AT, "10001", "MUG", 0, "2.55"), "a quantity of nothing"),
    (("9001", 5, AT, "10001", "MUG", 1, "-2.55"), "a negative price"),
    (("9001", 6, AT, "10001", "MUG", -1, "2.55"), "a write-off with a price"),
    (("9001", 7, AT, "10001", "MUG", 1, "0.12345"), "more than four decimals in the price"),
    (("C9002", 1, AT, "10001", "MUG", 1, "2.55"), "a cancellation of more than nothing"),
    (("A9003", 1, AT, "B", "Adjust", 1, "0.0"), "an adjustment of nothing"),
    (("", 1, AT, "10001", "MUG", 1, "2.55"), "no invoice or no code"),
]


def test_what_cannot_be_read_is_counted_with_its_reason(source: Path, database: str) -> None:
    write(source, "order_lines.csv", [*lines_of(1001), *(line for line, _ in BAD)])
    report = run(company_stamp(1), [source])
    assert report["rows"] == 3 + len(BAD)
    assert report["rejected"] == {reason: 1 for _, reason in BAD}


def test_a_company_in_another_currency_is_asked_for_the_rate(source: Path, database: str) -> None:
    with work(company_stamp(1)) as session:
        session.execute(text("update company set currency = 'EUR'"))
    with pytest.raises(Invalid, match="give a rate"):
        run(company_stamp(1), [source])
    run(company_stamp(1), [source], rate=1.2)
    with work(company_stamp(1)) as session:
        pounds, euros = session.execute(
            text("select sum(total), sum(total_company) from orders")
        ).one()
    assert euros == pytest.approx(float(pounds) * 1.2, rel=1e-6)
    with work(company_stamp(1)) as session:
        assert session.scalar(text("select min(rate) from orders")) == Decimal("1.2")


def test_a_missing_file_is_named(source: Path, database: str) -> None:
    (source / "products.csv.gz").unlink()
    with pytest.raises(Invalid, match=r"products\.csv"):
        run(company_stamp(1), [source])
