"""What the documents refer to: the web shop, clients, products. Found again by their codes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.orders.imports.online_retail.countries import code_of
from app.orders.imports.online_retail.read import CHARGES, CUSTOMERS, PRODUCTS, rows

STORE_NUMBER = "ONLINE-RETAIL"
ZONE, CURRENCY = "Europe/London", "GBP"
CLIENT_PREFIX = "OR-"

_STORE = text("""
insert into store (number, name, kind, country, city, time_zone, currency)
values (:number, 'Online Retail', 'web_shop', 'GB', 'London', :zone, :currency)
on conflict (company_id, number) do nothing
""")

_CLIENTS = text("""
insert into client (number, name, country, source, registered_at, stage, time_zone)
select :prefix || id, 'Client ' || id, nullif(country, ''), 'import',
  case when pg_input_is_valid(first, 'timestamp') then first::timestamp at time zone :zone
    else now() end,
  'lead', :zone
from unnest(cast(:ids as text[]), cast(:countries as text[]), cast(:firsts as text[]))
  c(id, country, first)
on conflict (company_id, number) do nothing
""")

_PRODUCTS = text("""
with given as (
  select distinct on (code) code, name, price from unnest(
    cast(:codes as text[]), cast(:names as text[]), cast(:prices as text[])::numeric[])
    g(code, name, price)
  where code <> '' and not exists (select 1 from variant v where v.sku = g.code)
  order by code, price desc
), made as (
  insert into product (name, kind, status)
  select name, case when code like 'gift%' then 'certificate' else 'goods' end, 'published'
  from given order by code
  returning id
)
insert into variant (product_id, sku, name, price, currency)
select m.id, g.code, g.name, (g.price * 10000)::bigint, :currency
from (select id, row_number() over (order by id) n from made) m
join (select *, row_number() over (order by code) n from given) g using (n)
""")


# Lines may name products that the list of products forgot.
_FORGOTTEN = text("""
select stock_code, max(description) description, max(unit_price) price from online_retail_line l
where outcome in ('order_line', 'return', 'write_off')
  and not exists (select 1 from variant v where v.sku = l.stock_code)
group by stock_code order by stock_code
""")


_BUYERS = text("""
insert into client_store (client_id, store_id, why)
select distinct c.id, cast(:store as bigint), 'bought' from online_retail_invoice i
join client c on c.number = :prefix || i.customer_id
on conflict do nothing
""")


def find_store(session: Session) -> int:
    """Return the id of the shop that sold all this, made if missing."""
    session.execute(_STORE, {"number": STORE_NUMBER, "zone": ZONE, "currency": CURRENCY})
    found: int = session.scalar(
        text("select id from store where number = :number"), {"number": STORE_NUMBER}
    )
    return found


def add_clients(session: Session, folder: Path) -> None:
    """Add the clients that are not there yet. The source knows numbers and countries, no names."""
    given = list(rows(folder, CUSTOMERS))
    session.execute(
        _CLIENTS,
        {
            "ids": [row["customer_id"] for row in given],
            "countries": [code_of(row["country_latest"]) or "" for row in given],
            "firsts": [row["first_invoice_datetime"] for row in given],
            "prefix": CLIENT_PREFIX,
            "zone": ZONE,
        },
    )


def note_buyers(session: Session, store: int) -> None:
    """Make the clients of the source clients of the store before their documents do.

    Else each hand would wait for the other's rows, and the turns of the hands for both.
    """
    session.execute(_BUYERS, {"store": store, "prefix": CLIENT_PREFIX})


def add_products(session: Session, folder: Path) -> None:
    """Add the products that are not there yet, each with one variant of the source's code."""
    given = [
        (row["stock_code"].strip(), row["description"], row["max_unit_price_gbp"])
        for row in rows(folder, PRODUCTS)
        if row["stock_code"] not in CHARGES
    ]
    _add_products(session, given)
    forgotten = session.execute(_FORGOTTEN)
    _add_products(session, [(row.stock_code, row.description, row.price) for row in forgotten])


def _add_products(session: Session, given: Sequence[tuple[str, str | None, object]]) -> None:
    session.execute(
        _PRODUCTS,
        {
            "codes": [code for code, _, _ in given],
            "names": [(name or "").strip() or f"Product {code}" for code, name, _ in given],
            "prices": [str(_price(price)) for _, _, price in given],
            "currency": CURRENCY,
        },
    )


def _price(raw: object) -> Decimal:
    """Return a price as the catalogue takes it, 0 for what is none."""
    try:
        price = Decimal(str(raw))
    except InvalidOperation:
        return Decimal(0)
    return price if price.is_finite() and 0 < price < 1_000_000_000 else Decimal(0)
