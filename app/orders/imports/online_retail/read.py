"""Reading the source into `online_retail_line`, a chunk at a time: memory stays flat.

COPY refuses tables under row-level security, so a chunk travels as one text and is taken apart by
the database. What cannot be read is kept too, as rejected with its reason.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.kit.errors import Invalid

LINES, ORDERS = "order_lines.csv", "orders.csv"
CUSTOMERS, PRODUCTS = "customers.csv", "products.csv"
CHUNK = 20_000
INVOICES_A_PIECE = 1_000
_FIELD, _ROW = "\x1f", "\x1e"
_SEPARATORS = {ord(mark): None for mark in (_FIELD, _ROW, "\0")}

_LINE_COLUMNS = (
    "invoice_no",
    "line_no",
    "invoice_datetime",
    "stock_code",
    "description",
    "quantity",
    "unit_price_gbp",
)

# Codes of the source that stand for money, not for goods.
CHARGES = {
    "POST": "delivery",
    "DOT": "delivery",
    "C2": "delivery",
    "PADS": "packaging",
    "CRUK": "donation",
    "AMAZONFEE": "fee",
    "BANK CHARGES": "fee",
    "B": "other",
    "D": "other",
    "M": "other",
    "m": "other",
    "S": "other",
}
_CHARGE_CODES = ", ".join(f"'{code}'" for code in CHARGES)

_OUTCOME = f"""case
 when reason is not null then 'rejected'
 when invoice_no like 'A%' then 'adjustment'
 when invoice_no like 'C%' and stock_code in ({_CHARGE_CODES}) then 'adjustment'
 when invoice_no like 'C%' then 'return'
 when quantity < 0 then 'write_off'
 when stock_code in ({_CHARGE_CODES}) then 'charge'
 else 'order_line' end"""

# What a line must be to become what its invoice and code say.
_REASON = f"""case
 when {{known}} then 'its invoice was imported before'
 when invoice_no = '' or stock_code = '' then 'no invoice or no code'
 when at is null then 'the time cannot be read'
 when quantity is null then 'the quantity is no whole number'
 when unit_price is null then 'the price is no number'
 when quantity = 0 then 'a quantity of nothing'
 when abs(quantity) > 10000000 or abs(quantity * unit_price) >= 10000000000 then 'too large'
 when scale(unit_price) > 4 then 'more than four decimals in the price'
 when invoice_no like 'A%' or invoice_no like 'C%' and stock_code in ({_CHARGE_CODES}) then
   case when round(quantity * unit_price, 2) = 0 then 'an adjustment of nothing' end
 when unit_price < 0 then 'a negative price'
 when invoice_no like 'C%' then
   case when quantity > 0 then 'a cancellation of more than nothing' end
 when quantity < 0 and stock_code in ({_CHARGE_CODES}) then 'a charge taken back outside a return'
 when quantity < 0 and unit_price <> 0 then 'a write-off with a price' end"""

# PostgreSQL says what it can read, behind a look at the characters: it reads "today" and 0x1F too.
_MOMENT = """case when f[3] like '____-__-__ __:__:__' and pg_input_is_valid(f[3], 'timestamp')
 and translate(f[3], '0123456789', '') = '-- ::' then f[3]::timestamp end"""
_WHOLE = """case when length(f[6]) < 11 and translate(f[6], '0123456789', '') in ('', '-')
 and pg_input_is_valid(f[6], 'integer') then f[6]::int end"""
_PRICE = """case when length(f[7]) < 20
 and translate(f[7], '0123456789', '') in ('', '.', '-', '-.')
 and pg_input_is_valid(f[7], 'numeric') then f[7]::numeric end"""

# Each step is fenced: pulled up, every use of a column would split its row anew (60 times slower).
_STAGE = f"""
with split as materialized (
  select string_to_array(row, :field) f from string_to_table(:chunk, :row) row
), typed as materialized (
  select f[1] invoice_no, f[2]::int line_no,
    {_MOMENT} at,
    trim(f[4]) stock_code, trim(f[5]) description,
    {_WHOLE} quantity,
    {_PRICE} unit_price
  from split
), judged as materialized (select *, {_REASON} reason from typed)
insert into online_retail_line
  (invoice_no, line_no, at, stock_code, description, quantity, unit_price, outcome, reason)
select invoice_no, line_no, at, stock_code, description, quantity, unit_price, {_OUTCOME}, reason
from judged
on conflict (company_id, invoice_no, line_no) do nothing
"""
# Nothing was imported before the first source; before any other, its invoices must be new.
_STAGE_FIRST = text(_STAGE.replace("{known}", "false"))
_STAGE_MORE = text(
    _STAGE.replace(
        "{known}",
        "exists (select from online_retail_invoice i"
        " where i.invoice_no = typed.invoice_no and i.piece <= :before)",
    )
)

_INVOICES = text("""
insert into online_retail_invoice (invoice_no, customer_id, country, piece)
select f[1], nullif(f[2], ''), nullif(f[3], ''), f[4]::int
from (select string_to_array(row, :field) f from string_to_table(:chunk, :row) row) split
on conflict (company_id, invoice_no) do nothing
""")

# A line may name an invoice that the list of invoices forgot.
_FORGOTTEN = text("""
insert into online_retail_invoice (invoice_no, piece)
select invoice_no, (select coalesce(max(piece), 0) + 1 from online_retail_invoice)
from (select distinct invoice_no from online_retail_line where outcome <> 'rejected') l
on conflict (company_id, invoice_no) do nothing
""")

_COUNTS = text("""
select outcome, reason, count(*) n from online_retail_line group by outcome, reason
""")


@dataclass(frozen=True, slots=True)
class Staged:
    """What staging found: the pieces there were before and are now, and the report of the rows."""

    before: int
    pieces: int
    report: dict[str, Any]


def digest_of(folder: Path) -> str:
    """Return the digest of the source's content. Raises Invalid where a file is missing."""
    digest = hashlib.sha256()
    for name in (LINES, ORDERS, CUSTOMERS, PRODUCTS):
        digest.update(_found(folder, name).read_bytes())
    return digest.hexdigest()


def rows(folder: Path, name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of one file of the source, compressed or not."""
    with _lines_of(_found(folder, name)) as lines:
        yield from csv.DictReader(lines)


def stage(session: Session, folder: Path) -> Staged:
    """Stage every line and invoice of the source that is not there yet.

    One transaction of some seconds: killed in the middle, nothing is staged.
    """
    before, counted = _pieces(session), _counts(session)
    for chunk in _chunks(_invoice_fields(folder, before)):
        session.execute(_INVOICES, {"chunk": chunk, "field": _FIELD, "row": _ROW})
    statement, read = (_STAGE_MORE if before else _STAGE_FIRST), 0
    for chunk in _ahead(_chunks(_line_fields(folder))):
        read += chunk.count(_ROW) + 1
        session.execute(statement, {"chunk": chunk, "field": _FIELD, "row": _ROW, "before": before})
    session.execute(_FORGOTTEN)
    report = _report(read, counted, _counts(session))
    return Staged(before, _pieces(session), report)


def _pieces(session: Session) -> int:
    return session.scalar(text("select max(piece) from online_retail_invoice")) or 0


def _counts(session: Session) -> Counter[tuple[str, str | None]]:
    return Counter({(row.outcome, row.reason): row.n for row in session.execute(_COUNTS)})


def _report(
    read: int, before: Counter[tuple[str, str | None]], after: Counter[tuple[str, str | None]]
) -> dict[str, Any]:
    """Count every row once: what it became, that it is rejected, or that it was there already."""
    outcomes: Counter[str] = Counter()
    rejected: dict[str, int] = {}
    for (outcome, reason), count in sorted((after - before).items(), key=str):
        outcomes[outcome] += count
        if reason is not None:
            rejected[reason] = count
    if again := read - outcomes.total():
        if before:
            outcomes["known"] = again
        else:
            outcomes["rejected"] += again
            rejected["the same invoice and line number again"] = again
    return {"rows": read, "outcomes": dict(outcomes), "rejected": rejected}


def _found(folder: Path, name: str) -> Path:
    for path in (folder / f"{name}.gz", folder / name):
        if path.exists():
            return path
    message = f"{name}.gz is missing in {folder}."
    raise Invalid(message)


@contextmanager
def _lines_of(path: Path) -> Iterator[Iterator[str]]:
    """Open a file, compressed or not, and leave out what would be taken for our separators."""
    with _opened(path) as lines:
        yield (line.translate(_SEPARATORS) for line in lines)


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", newline="", encoding="utf-8")
    return path.open(newline="", encoding="utf-8")


def _columns(folder: Path, name: str, wanted: tuple[str, ...]) -> Iterator[list[str]]:
    """Yield the wanted columns of each row; a short row ends in empty ones."""
    with _lines_of(_found(folder, name)) as lines:
        reader = csv.reader(lines)
        heads = next(reader, [])
        if missing := [column for column in wanted if column not in heads]:
            message = f"{name} has no column {missing[0]}."
            raise Invalid(message)
        places = [heads.index(column) for column in wanted]
        for row in reader:
            whole = row + [""] * (len(heads) - len(row))
            yield [whole[place] for place in places]


def _line_fields(folder: Path) -> Iterator[list[str]]:
    # A line is known by its number in the source; one without is numbered by where it stands.
    for number, row in enumerate(_columns(folder, LINES, _LINE_COLUMNS), start=1):
        if not (row[1].isascii() and row[1].isdecimal() and len(row[1]) < 10):
            row[1] = str(-number)
        yield row


def _invoice_fields(folder: Path, before: int) -> Iterator[list[str]]:
    wanted = ("invoice_no", "customer_id", "country")
    for number, row in enumerate(_columns(folder, ORDERS, wanted)):
        yield [*row, str(before + 1 + number // INVOICES_A_PIECE)]


def _chunks(fields: Iterable[list[str]]) -> Iterator[str]:
    source = iter(fields)
    while chunk := list(islice(source, CHUNK)):
        yield _ROW.join(_FIELD.join(row) for row in chunk)


def _ahead(chunks: Iterator[str]) -> Iterator[str]:
    """Yield the chunks, reading the next one while the database works at the last."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, chunks, "")
        while chunk := coming.result():
            coming = reader.submit(next, chunks, "")
            yield chunk
