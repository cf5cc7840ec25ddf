"""The import as people start it: from the command line, later from the screen.

Staging is one transaction, each piece another. What was committed is noted in the same transaction,
so killing it anywhere and starting it again completes it, and starting it a third time changes
nothing. Two hands work at it: one writes the documents of a piece while the other books the goods
of the piece before.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.database.session import work
from app.kit.database.stamp import Stamp
from app.kit.errors import Invalid
from app.kit.imports.models import ImportRun, ImportStatus
from app.orders.imports.online_retail import masters
from app.orders.imports.online_retail.chunks import SOURCE, write_documents, write_goods
from app.orders.imports.online_retail.read import digest_of, stage
from app.orders.imports.online_retail.sequencing import Turns
from app.orders.imports.online_retail.statistics import analyze, is_due

# A second importer waits here until the first has committed, and then finds what it made.
_ALONE = text(
    "select pg_advisory_xact_lock(hashtextextended('online-retail ' || crm_company(), 0))"
)

# And here, for a piece: a session may not see what another has yet to commit, and write it again.
_PIECE_ALONE = text(
    "select pg_advisory_xact_lock(hashtextextended("
    "'online-retail ' || crm_company() || ' ' || cast(:piece as text), 0))"
)
HANDS = 2

_STAGES = text("""
update client c set stage = case when f.orders_count = 1 then 'first_order' else 'active' end
from client_figures f
where f.client_id = c.id and c.stage in ('lead', 'first_order') and f.orders_count > 0
  and c.source = 'import'
""")


def run(stamp: Stamp, files: list[Path], *, rate: float | None = None) -> dict[str, Any]:
    """Import the source in the folder `files[0]`; return the report. Raises Invalid."""
    folder = files[0]
    digest = digest_of(folder)
    with work(stamp) as session:
        rate = _rate(session, rate)
        run_id, pieces = _begin(session, folder, digest)
    with work(stamp) as session:
        session.execute(_ALONE)
        store = masters.find_store(session)
        masters.add_clients(session, folder)
        masters.note_buyers(session, store)
        masters.add_products(session, folder)
        analyze(session)
    _do_pieces(stamp, run_id, pieces, store=store, rate=rate)
    with work(stamp) as session:
        return _finish(session, run_id)


def _begin(session: Session, folder: Path, digest: str) -> tuple[int, range]:
    """Return the run of this content, staged if it is new, and the pieces it has yet to do."""
    session.execute(_ALONE)
    found = session.scalar(
        select(ImportRun).where(ImportRun.kind == SOURCE, ImportRun.digest == digest)
    )
    if found is None:
        staged = stage(session, folder)
        found = ImportRun(
            kind=SOURCE,
            source=folder.name,
            digest=digest,
            rows=staged.report["rows"],
            pieces=staged.pieces,
            # What other sources brought before is theirs.
            pieces_done=staged.before,
            report=staged.report,
        )
        session.add(found)
        session.flush()
    return found.id, range(found.pieces_done + 1, found.pieces + 1)


def _do_pieces(stamp: Stamp, run_id: int, pieces: range, *, store: int, rate: float) -> None:
    turns = Turns(pieces.start)

    def do(piece: int) -> None:
        # A piece that fails lets no later one end: `pieces_done` says up to where all is done.
        with turns.ending(piece), work(stamp) as session:
            _do_piece(session, turns, run_id, piece, store=store, rate=rate)

    with ThreadPoolExecutor(HANDS) as hands:
        try:
            for done in [hands.submit(copy_context().run, do, piece) for piece in pieces]:
                done.result()
        finally:
            # Whoever interrupts waits for two pieces at the most, not for all of them.
            turns.give_up()


def _do_piece(
    session: Session, turns: Turns, run_id: int, piece: int, *, store: int, rate: float
) -> None:
    # The lock makes a second importer wait, and the count tells it that the piece is done.
    session.execute(_PIECE_ALONE, {"piece": piece})
    done = session.scalar(select(ImportRun.pieces_done).where(ImportRun.id == run_id)) or 0
    if done >= piece:
        return
    write_documents(session, piece, store=store, rate=rate)
    turns.wait(piece)
    write_goods(session, piece, store=store, rate=rate)
    if is_due(piece):
        analyze(session)
    found = session.get_one(ImportRun, run_id, with_for_update=True)
    found.pieces_done = piece
    found.status = ImportStatus.RUNNING


def _finish(session: Session, run_id: int) -> dict[str, Any]:
    found = session.get_one(ImportRun, run_id, with_for_update=True)
    if found.status is not ImportStatus.DONE:
        session.execute(_STAGES)
        found.status, found.finished_at = ImportStatus.DONE, clock.now()
    return found.report


def _rate(session: Session, given: float | None) -> float:
    """Return what one unit of the source's currency is in the company's. Raises Invalid."""
    currency = session.scalar(text("select currency from company"))
    if currency == masters.CURRENCY:
        return 1
    if given is None or not 0 < given < 1_000_000:
        message = f"The source is in {masters.CURRENCY}, the company in {currency}: give a rate."
        raise Invalid(message)
    return given
