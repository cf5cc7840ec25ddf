"""What counts, said once: the documents behind the facts, as parts of statements.

An order counts from being placed until it is cancelled, on its store's business day; a return when
it is received; an adjustment at once. Archived documents count: the books refer to them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, bindparam, column, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from app.orders.choices import COUNTED

COUNTED_VALUES = [status.value for status in COUNTED]

# `{only}` joins the cells wanted, or says nothing.
DAYS = """
select store_id, business_date, coalesce(country, '') country,
  sum(orders)::integer orders, sum(gross)::bigint gross, sum(returns)::integer returns,
  sum(returned)::bigint returned, sum(adjustments)::integer adjustments,
  sum(adjusted)::bigint adjusted
from (
  select d.store_id, d.business_date, d.country, 1 orders, d.total_company gross, 0 returns,
    0::bigint returned, 0 adjustments, 0::bigint adjusted
  from orders d {only} where d.status = any (:counted)
  union all
  select d.store_id, d.business_date, d.country, 0, 0, 1, d.total_company, 0, 0
  from goods_return d {only} where d.status = 'received'
  union all
  select d.store_id, d.business_date, d.country, 0, 0, 0, 0, 1, d.amount_company
  from adjustment d {only}
) document group by 1, 2, 3"""

# A line is in the order's currency: its rate brings it into the company's, to a ten-thousandth.
PRODUCTS = """
select d.store_id, d.business_date, coalesce(d.country, '') country, l.variant_id, v.product_id,
  sum(l.quantity)::bigint units, sum(round(l.amount * d.rate))::bigint revenue
from orders d {only}
join order_line l on l.order_id = d.id and l.variant_id is not null
join variant v on v.id = l.variant_id
where d.status = any (:counted) group by 1, 2, 3, 4, 5"""

CLIENTS = """
select d.store_id, d.business_date, coalesce(d.country, '') country, d.client_id,
  count(*)::integer orders, sum(d.total_company)::bigint gross, min(d.placed_at) placed_at
from orders d {only}
where d.status = any (:counted) and d.client_id is not null group by 1, 2, 3, 4"""

# Among a client's rows the first one; store and country settle what the clock leaves open.
FIRST = "c.business_date, c.placed_at, c.store_id, c.country"

# What is still owed explains a difference of the days, clients and variants it speaks of, no other.
_OWED = """exists (select from event_delivery w join event e on e.id = w.event_id
  where w.subscriber = 'insights.facts' and w.state = 'waiting' and (
    (e.data ->> 'store_id')::bigint = store_id
      and (e.data ->> 'business_date' = business_date::text
        or e.data -> 'days' @> to_jsonb(business_date::text)){also}))"""
_OWED_OF_VARIANT = " or (e.data ->> 'variant_id')::bigint = variant_id"
# An order of a client moves which of their days was the first.
_OWED_OF_CLIENT = """ or (e.data ->> 'client_id')::bigint = client_id
    or e.data -> 'client_ids' @> to_jsonb(client_id)"""
_KEY = ("store_id", "business_date", "country")


def _differences(
    table: str, documents: str, key: tuple[str, ...], values: tuple[str, ...], also: str = ""
) -> Select[Any]:
    using = ", ".join(key)
    mine = ", ".join(f"f.{name}" for name in values)
    theirs = ", ".join(f"d.{name}" for name in values)
    body = f"""(select {using}, row({mine})::text facts, row({theirs})::text documents
from {table} f full join ({documents.format(only="")}) d using ({using})
where ({mine}) is distinct from ({theirs}) and not {_OWED.format(also=also)}) difference"""  # noqa: S608 -- names of ours
    source = text(body).bindparams(bindparam("counted", COUNTED_VALUES, type_=ARRAY(Text)))
    names = (*key, "facts", "documents")
    found: Any = select(*(column(name) for name in names)).select_from(source)
    return found  # type: ignore[no-any-return]


def days_that_disagree() -> Select[Any]:
    """Days of a store whose facts are not what their orders, returns and adjustments say."""
    values = ("orders", "gross", "returns", "returned", "adjustments", "adjusted")
    return _differences("day_fact", DAYS, _KEY, values)


def products_that_disagree() -> Select[Any]:
    """Days of a variant whose facts are not what the lines of orders say."""
    values = ("product_id", "units", "revenue")
    return _differences("product_fact", PRODUCTS, (*_KEY, "variant_id"), values, _OWED_OF_VARIANT)


def clients_that_disagree() -> Select[Any]:
    """Days of a client whose facts are not what their orders say, the very first day included."""
    firsts = f"""
select c.*, min(c.business_date) over (partition by c.client_id) first_on,
  row_number() over (partition by c.client_id order by {FIRST}) = 1 is_first
from ({CLIENTS}) c"""  # noqa: S608 -- names of ours
    values = ("orders", "gross", "placed_at", "first_on", "is_first")
    return _differences("client_fact", firsts, (*_KEY, "client_id"), values, _OWED_OF_CLIENT)
