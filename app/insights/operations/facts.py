"""Keeping the facts: a store's day is computed anew from its documents, however often it is told.

One refresh of a company at a time: a client's first day is found over all stores and days, and two
refreshes side by side would each miss what the other is about to write.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.insights.queries.documents import CLIENTS, COUNTED_VALUES, DAYS, FIRST, PRODUCTS

Cell = tuple[int, date]
"""A store and a day."""

_CELLS = """cell as materialized (
  select distinct store_id, day
  from unnest(cast(:stores as bigint[]), cast(:days as date[])) c(store_id, day))"""
_ONLY = "join cell on cell.store_id = d.store_id and cell.day = d.business_date"

_LOCK = text("select pg_advisory_xact_lock(hashtextextended('facts ' || crm_company(), 0))")


def _refresh(
    table: str, documents: str, key: str, values: str, *, more: str = "", made: str = ""
) -> Any:
    """One statement: write what differs, remove what is no more, and name what was touched."""
    own = [name.strip() for name in key.split(",")]
    changed = ", ".join(f"{name} = excluded.{name}" for name in values.split(", "))
    old = ", ".join(f"f.{name}" for name in values.split(", "))
    new = ", ".join(f"excluded.{name}" for name in values.split(", "))
    same = " and ".join(f"found.{name} = f.{name}" for name in own)
    return text(f"""
with {_CELLS}, found as materialized ({documents.format(only=_ONLY)}),
kept as (
  insert into {table} as f ({key}, {values}{more})
  select {key}, {values}{made} from found
  on conflict (company_id, {key}) do update set {changed}
  where ({old}) is distinct from ({new})
  returning {own[-1]}),
gone as (
  delete from {table} f using cell
  where f.store_id = cell.store_id and f.business_date = cell.day
    and not exists (select from found where {same})
  returning f.{own[-1]})
select {own[-1]} from kept union select {own[-1]} from gone""")  # noqa: S608 -- names of ours


_KEY = "business_date, store_id, country"
_DAYS = _refresh("day_fact", DAYS, _KEY, "orders, gross, returns, returned, adjustments, adjusted")
_PRODUCTS = _refresh("product_fact", PRODUCTS, f"{_KEY}, variant_id", "product_id, units, revenue")
_CLIENTS = _refresh(
    "client_fact",
    CLIENTS,
    f"{_KEY}, client_id",
    "orders, gross, placed_at",
    more=", first_on, is_first",
    made=", business_date, false",
)
_FIRSTS = text(f"""
update client_fact f set first_on = s.first_on, is_first = s.is_first
from (
  select c.business_date, c.store_id, c.country, c.client_id,
    min(c.business_date) over (partition by c.client_id) first_on,
    row_number() over (partition by c.client_id order by {FIRST}) = 1 is_first
  from client_fact c where c.client_id = any (:clients)) s
where f.business_date = s.business_date and f.store_id = s.store_id and f.country = s.country
  and f.client_id = s.client_id
  and (f.first_on, f.is_first) is distinct from (s.first_on, s.is_first)
""")  # noqa: S608 -- names of ours

_CLIENTS_OF_CELLS = text(f"""
with {_CELLS} select distinct client_id from client_fact d {_ONLY}""")  # noqa: S608 -- names of ours
_CELLS_OF_CLIENTS = text(
    "select distinct store_id, business_date from client_fact where client_id = any (:clients)"
)
_MONTHS = text("""
select min(first), max(last) from (
  select min(business_date) first, max(business_date) last from orders
  union all select min(business_date), max(business_date) from goods_return
  union all select min(business_date), max(business_date) from adjustment
  union all select min(business_date), max(business_date) from day_fact) d""")
_CELLS_BETWEEN = text("""
select store_id, business_date from orders where business_date between :first and :last
union select store_id, business_date from goods_return where business_date between :first and :last
union select store_id, business_date from adjustment where business_date between :first and :last
union select store_id, business_date from day_fact where business_date between :first and :last
union select store_id, business_date from client_fact where business_date between :first and :last
union select store_id, business_date from product_fact where business_date between :first and :last
""")


def refresh(session: Session, cells: Iterable[Cell], *, thorough: bool = False) -> int:
    """Compute these days of stores anew and return how many there were.

    Requires the whole company's rights. The first days of clients are looked at again where
    something changed; `thorough` looks at all of them.
    """
    wanted = sorted(set(cells))
    if not wanted:
        return 0
    session.flush()
    # The next statements see everything that was committed before the lock was given.
    session.execute(_LOCK)
    values = {
        "stores": [store for store, _day in wanted],
        "days": [day for _store, day in wanted],
        "counted": COUNTED_VALUES,
    }
    session.execute(_DAYS, values)
    session.execute(_PRODUCTS, values)
    clients = list(session.scalars(_CLIENTS, values))
    if thorough:
        clients = list(session.scalars(_CLIENTS_OF_CELLS, values))
    if clients:
        session.execute(_FIRSTS, {"clients": clients})
    return len(wanted)


def refresh_clients(session: Session, clients: Collection[int]) -> int:
    """Compute every day anew on which one of these clients bought: after two of them became one."""
    rows = session.execute(_CELLS_OF_CLIENTS, {"clients": list(clients)})
    return refresh(session, [(row.store_id, row.business_date) for row in rows])


_MOVED = text("""
update product_fact f set product_id = v.product_id from variant v
where v.id = f.variant_id and v.id = any (:variants) and f.product_id <> v.product_id""")


def follow_variants(session: Session, variants: Collection[int]) -> None:
    """Count what was sold of these variants for the products they belong to now."""
    session.flush()
    session.execute(_LOCK)
    session.execute(_MOVED, {"variants": list(variants)})


# So many days of stores at once: seconds, even where a day has thousands of orders.
_PIECE = 200


def rebuild_pieces(session: Session) -> Iterator[int]:
    """Compute everything anew, yielding after each piece, where the caller may commit."""
    first, last = session.execute(_MONTHS).one()
    while first is not None and first <= last:
        until = (first.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        rows = session.execute(_CELLS_BETWEEN, {"first": first, "last": until}).all()
        cells = [(row.store_id, row.business_date) for row in rows]
        for start in range(0, len(cells), _PIECE):
            yield refresh(session, cells[start : start + _PIECE], thorough=True)
        first = until + timedelta(days=1)
