"""The import killed at each named point, started twice at once, and given what it did not expect."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from app.clients import demo as made_up
from app.kit.database.session import bind, make_engine, work
from app.kit.database.stamp import company_stamp
from app.kit.errors import Invalid
from app.orders import queries
from app.orders.imports.online_retail import chunks, masters, read
from app.orders.imports.online_retail import run as running
from app.orders.imports.online_retail.run import run
from app.orders.imports.online_retail.sequencing import NotReached, Turns
from app.stock.queries import on_hand_that_disagrees
from tests.orders.test_import_interrupted import AT, counted, lines_of, write

OURS = company_stamp(1)
INVOICES = 60


def put(folder: Path, lines: list[tuple[Any, ...]], *, clients: int = 3) -> Path:
    """Write a source of these lines, whose invoices belong to a few clients in turn."""
    folder.mkdir(exist_ok=True)
    write(folder, "order_lines.csv", lines)
    numbers = dict.fromkeys(line[0] for line in lines if line[0])
    invoices = [(no, str(17850 + n % clients), "United Kingdom") for n, no in enumerate(numbers)]
    write(folder, "orders.csv", invoices)
    write(folder, "customers.csv", [(str(17850 + n), "United Kingdom", AT) for n in range(clients)])
    write(folder, "products.csv", [("10001", "MUG", "2.55")])
    return folder


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(read, "INVOICES_A_PIECE", 20)
    lines = [line for number in range(1000, 1000 + INVOICES) for line in lines_of(number)]
    return put(tmp_path / "year", lines)


@pytest.fixture(autouse=True)
def database(own_database: str) -> Iterator[str]:
    engine = make_engine(own_database, pool_size=6)
    bind(engine)
    with work(OURS) as session:
        session.execute(text("update company set currency = 'GBP'"))
    yield own_database
    engine.dispose()


def killed(database: str, prepare: Callable[[], None], work_off: Callable[[], object]) -> bool:
    """Run `work_off` in a child that `prepare` has rigged; say whether it killed itself."""
    child = os.fork()
    if child == 0:
        bind(make_engine(database))
        prepare()
        work_off()
        os._exit(0)
    return os.waitpid(child, 0)[1] == signal.SIGKILL


def die(*_args: object, **_named: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def after(module: Any, name: str, *, at: int = 1) -> Callable[[], None]:
    """Return what makes the process end when the function has returned for the `at`th time."""

    def prepare() -> None:
        right, times = getattr(module, name), iter(range(1, 10_000))

        def rigged(*args: Any, **named: Any) -> Any:
            found = right(*args, **named)
            if next(times) == at:
                die()
            return found

        setattr(module, name, rigged)

    return prepare


def at_statement(words: str, *, at: int = 1) -> Callable[[], None]:
    """Return what makes the process end before it sends such a statement for the `at`th time."""

    def prepare() -> None:
        times = iter(range(1, 10_000))

        def look(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if words in statement and next(times) == at:
                die()

        def listen(_session: Session, _transaction: Any, connection: Any) -> None:
            if not event.contains(connection.engine, "before_cursor_execute", look):
                event.listen(connection.engine, "before_cursor_execute", look)

        event.listen(Session, "after_begin", listen)

    return prepare


POINTS = {
    "invoices staged, lines not": at_statement("insert into online_retail_line"),
    "everything staged, not committed": after(running, "stage"),
    "staged and committed": after(running, "_begin"),
    "the store made": after(masters, "find_store"),
    "clients made": after(masters, "add_clients"),
    "products made, not committed": after(masters, "add_products"),
    "orders of the first piece, no lines": at_statement("insert into order_line"),
    "between lines and movements of the second piece": at_statement("insert into movement", at=2),
    "between movements and figures": at_statement("update client_figures", at=3),
    "the second piece written, not noted": after(running, "write_goods", at=2),
    "the second piece noted, not committed": after(running, "_do_piece", at=2),
    "the last piece begun": at_statement("insert into orders", at=3),
    "the last piece committed": at_statement("update client c set stage"),
    "finished, not committed": after(running, "_finish"),
}


def right() -> tuple[Any, ...]:
    orders = sum(1 for n in range(1000, 1000 + INVOICES) if n % 10)
    returns = sum(1 for n in range(1000, 1000 + INVOICES) if n % 10 == 0 and n % 100)
    lost = sum(1 for n in range(1000, 1000 + INVOICES) if n % 100 == 0)
    total = orders * (2 * 51_000 + 39_500)
    return (orders, 3 * orders, returns, 2 * orders + returns + lost, total, 3)


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_named_point_and_started_again_it_is_complete(
    point: str, source: Path, database: str
) -> None:
    assert killed(database, POINTS[point], lambda: run(OURS, [source])), "It came past the point."
    report = run(OURS, [source])
    assert sum(report["outcomes"].values()) == report["rows"] == len(list(_lines(source)))
    assert counted()[:6] == right()
    assert run(OURS, [source]) == report
    assert counted()[:6] == right()
    nothing_disagrees()


class BrokenError(Exception):
    """What a hand stumbles over: no kill, so the other hand goes on."""


# (the function, the piece at which it breaks, the pieces that are whole)
STUMBLES = [
    ("write_documents", 1, 0),
    ("write_documents", 2, 1),
    ("write_goods", 1, 0),
    ("write_goods", 2, 1),
    ("write_goods", 3, 2),
    ("_do_piece", 2, 1),
]


@pytest.mark.parametrize(("name", "piece", "whole"), STUMBLES)
def test_an_error_in_one_hand_ends_both_and_reaches_the_caller(
    name: str, piece: int, whole: int, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = getattr(running, name)

    def stumbles(*args: Any, **named: Any) -> Any:
        found = real(*args, **named)
        if piece in args:
            raise BrokenError
        return found

    before = set(threading.enumerate())
    with monkeypatch.context() as patched:
        patched.setattr(running, name, stumbles)
        caller = threading.Thread(target=_run_and_note, args=(source, reached := []))
        caller.start()
        caller.join(60)
        assert not caller.is_alive(), "It hangs."
    assert reached == [BrokenError]
    assert set(threading.enumerate()) == before
    with work(OURS) as session:
        found = session.execute(_DONE, {"whole": whole}).one()
    assert tuple(found) == (whole, "running" if whole else "staged", 0, 0)
    assert counted()[0] > 0 or not whole
    report = run(OURS, [source])
    assert sum(report["outcomes"].values()) == report["rows"] == len(list(_lines(source)))
    assert counted()[:6] == right()
    nothing_disagrees()


_DONE = text("""
select r.pieces_done, r.status,
  (select count(*) from orders o join online_retail_invoice i on i.invoice_no = o.source_key
   where i.piece > :whole),
  (select count(*) from movement m where m.source_key is not null and exists (
     select 1 from online_retail_invoice i
     where i.piece > :whole and m.source_key like '%' || i.invoice_no || '%'))
from import_run r
""")


def _run_and_note(source: Path, reached: list[type]) -> None:
    try:
        run(OURS, [source])
    except Exception as error:  # noqa: BLE001 -- which one is what is asked
        reached.append(type(error))


def test_whoever_waits_for_a_piece_that_failed_is_told_and_ends_nothing() -> None:
    turns, told = Turns(1), []

    def second() -> None:
        try:
            with turns.ending(2):
                turns.wait(2)
        except NotReached as error:
            told.append(str(error))

    thread = threading.Thread(target=second)
    thread.start()
    with pytest.raises(BrokenError), turns.ending(1):
        raise BrokenError
    thread.join(30)
    assert not thread.is_alive()
    assert told == ["A piece before this one failed."]
    with pytest.raises(NotReached), turns.ending(3):
        pytest.fail("It was begun after all had given up.")


def _lines(source: Path) -> Iterator[dict[str, str]]:
    return read.rows(source, read.LINES)


def nothing_disagrees() -> None:
    asked = (
        queries.orders_that_disagree,
        queries.returns_that_disagree,
        queries.figures_that_disagree,
        queries.reservations_that_disagree,
        queries.lines_in_another_store,
        on_hand_that_disagrees,
    )
    with work(OURS) as session:
        for one in asked:
            assert session.execute(one()).all() == [], one.__name__


def test_two_started_at_once_share_the_work_and_double_nothing(source: Path) -> None:
    reports: list[Any] = []
    start = threading.Barrier(3)

    def one() -> None:
        start.wait()
        reports.append(run(OURS, [source]))

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(reports) == 3
    assert reports[0] == reports[1] == reports[2]
    assert counted()[:6] == right()
    nothing_disagrees()
    with work(OURS) as session:
        assert session.scalar(text("select count(*) from import_run")) == 1


def test_a_longer_year_adds_what_is_new_and_counts_every_row(source: Path, tmp_path: Path) -> None:
    run(OURS, [source])
    old = [line for number in range(1000, 1000 + INVOICES) for line in lines_of(number)]
    new = [line for number in range(2001, 2004) for line in lines_of(number)]
    late = ("1001", 99, AT, "10001", "MUG", 1, "2.55")
    report = run(OURS, [put(tmp_path / "longer", [*old, *new, late])])
    assert report["rows"] == len(old) + len(new) + 1
    assert report["outcomes"] == {
        "known": len(old), "order_line": 6, "charge": 3, "rejected": 1,
    }  # fmt: skip
    assert report["rejected"] == {"its invoice was imported before": 1}
    orders, lines, *_rest = right()
    assert counted()[:2] == (orders + 3, lines + 9)
    nothing_disagrees()


ODD = [
    (("1", 1, "2011-02-30 10:00:00", "10001", "MUG", 1, "2.55"), "the time cannot be read"),
    (("1", 2, "2011-02-28 25:00:00", "10001", "MUG", 1, "2.55"), "the time cannot be read"),
    (("1", 3, AT, "10001", "MUG", 999_999_999, "2.55"), "too large"),
    (("1", 4, AT, "10001", "MUG", 1, "99999999999"), "too large"),
    (("1", "٤", AT, "10001", "MUG", "x", "2.55"), "the quantity is no whole number"),
    (("1", "9" * 30, AT, "10001", "MUG", 0, "2.55"), "a quantity of nothing"),
]


def test_what_could_break_a_piece_is_rejected_and_the_rest_imported(tmp_path: Path) -> None:
    good = [
        ("1", 10, AT, " 10001 ", "MUG", 1, "2.55"),
        ("1", 11, AT, "NOT-LISTED", "A forgotten product", 2, "1.25"),
        ("1", 12, AT, "10001", "with \x1f and \x1e in it", 1, "2.55"),
        ("2", 1, "2012-02-29 23:59:59", "10001", "MUG", 1, "2.55"),
    ]
    twice = ("1", 10, AT, "10001", "MUG", 5, "2.55")
    report = run(OURS, [put(tmp_path / "odd", [*(line for line, _ in ODD), *good, twice])])
    assert report["outcomes"] == {"order_line": 4, "rejected": len(ODD) + 1}
    assert sum(report["rejected"].values()) == len(ODD) + 1
    assert report["rejected"]["the same invoice and line number again"] == 1
    for _line, reason in ODD:
        assert reason in report["rejected"]
    with work(OURS) as session:
        total = session.scalar(text("select sum(total) from orders"))
        name = session.scalar(text("select name from variant where sku = 'NOT-LISTED'"))
    assert (int(total or 0), name) == (3 * 25_500 + 2 * 12_500, "A forgotten product")


@pytest.mark.parametrize("rate", [None, 0, -1, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(source: Path, rate: float | None) -> None:
    with work(OURS) as session:
        session.execute(text("update company set currency = 'EUR'"))
    with pytest.raises(Invalid, match="give a rate"):
        run(OURS, [source], rate=rate)


def test_sums_in_the_companys_currency_are_rounded_to_its_coins(source: Path) -> None:
    with work(OURS) as session:
        session.execute(text("update company set currency = 'JPY'"))
    run(OURS, [source], rate=190.37)
    with work(OURS) as session:
        odd = "select count(*) from orders where total_company % 10000 <> 0"
        assert session.scalar(text(odd)) == 0
        assert session.scalar(text("select min(total_company) from orders")) == 2_694 * 10_000


def test_a_column_that_is_missing_is_named(source: Path) -> None:
    (source / "orders.csv.gz").unlink()
    (source / "orders.csv").write_text("invoice_no,customer_id\n1000,17850\n")
    with pytest.raises(Invalid, match=r"orders\.csv has no column country"):
        run(OURS, [source])


# --- made-up contacts ---------------------------------------------------------------------------


def make_up() -> int:
    with work(OURS) as session:
        count = 0
        for made in made_up.make_up_contacts(session):
            count += made
            session.commit()
    return count


def contacts() -> tuple[Any, ...]:
    with work(OURS) as session:
        return tuple(
            session.execute(
                text(
                    "select (select count(*) from contact_point),"
                    " (select count(*) from consent_event),"
                    " (select count(*) from consent_current where granted),"
                    " (select count(*) from client where made_up),"
                    " (select count(*) from (select 1 from contact_point group by client_id,"
                    " channel having count(*) > 1) d)"
                )
            ).one()
        )


@pytest.mark.parametrize(
    "words", ["insert into contact_point", "update client set made_up", "insert into consent_event"]
)
def test_making_up_contacts_is_killed_half_way_and_repeated(
    words: str, tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made_up, "PIECE", 10)
    lines = [line for number in range(1001, 1010) for line in lines_of(number)]
    run(OURS, [put(tmp_path / "clients", lines, clients=35)])
    assert killed(database, at_statement(words, at=3), make_up), "It came past the point."
    assert contacts()[:1] == (40,)
    assert make_up() == 15
    assert contacts() == (70, 105, 105, 35, 0)
    assert make_up() == 0
    assert contacts() == (70, 105, 105, 35, 0)


def test_contacts_made_up_by_two_at_once_are_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made_up, "PIECE", 4)
    lines = [line for number in range(1001, 1010) for line in lines_of(number)]
    run(OURS, [put(tmp_path / "clients", lines, clients=30)])
    made: list[int] = []
    threads = [threading.Thread(target=lambda: made.append(make_up())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(made) == 30
    assert contacts() == (60, 90, 90, 30, 0)


def test_the_pieces_are_those_of_this_test(source: Path) -> None:
    run(OURS, [source])
    with work(OURS) as session:
        done = session.execute(text("select pieces, pieces_done from import_run")).one()
    assert tuple(done) == (3, 3)
    assert chunks.SOURCE == "online-retail"
