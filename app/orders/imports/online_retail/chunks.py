"""One piece: the documents of a thousand invoices, a dozen statements in one transaction.

`online_retail_line` holds what each line becomes; here it becomes it. Amounts are rounded per line,
half away from zero as PostgreSQL's round(numeric) does, and kept in ten-thousandths.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from app.kit.events import emit
from app.kit.money import STORED_DECIMALS, currency_digits
from app.orders.imports.online_retail.countries import all_codes
from app.orders.imports.online_retail.masters import CLIENT_PREFIX, CURRENCY, ZONE
from app.orders.imports.online_retail.read import CHARGES

SOURCE = "online-retail"
_AMOUNT = "(round(l.quantity * l.unit_price, 2) * 10000)::bigint"
_PRICE = "(l.unit_price * 10000)::bigint"
# In the company's currency, rounded to its digits: `unit` is its smallest coin.
_COMPANY = "(round(({amount}) * cast(:rate as numeric) / :unit) * :unit)::bigint"
_DOCUMENT_COMPANY = _COMPANY.format(amount="goods + charges")
_LINES = """online_retail_invoice i
 join online_retail_line l on l.invoice_no = i.invoice_no"""
_PARTY = """left join client c on c.number = :prefix || {invoice}.customer_id
 left join unnest(cast(:country_names as text[]), cast(:country_codes as text[]))
   k(name, code) on k.name = {invoice}.country"""
# Summed before anything is joined: one row an invoice, not one a line, looks for its client.
_DOCUMENTS = f"""
with doc as materialized (
  select i.invoice_no, i.customer_id, i.country, min(l.at) at,
    coalesce(sum({{sign}} {_AMOUNT}) filter (where l.outcome <> 'charge'), 0)::bigint goods,
    coalesce(sum({_AMOUNT}) filter (where l.outcome = 'charge'), 0)::bigint charges
  from {_LINES}
  where i.piece = :piece and l.outcome in ({{outcomes}})
  group by i.invoice_no, i.customer_id, i.country
), d as (
  select doc.*, c.id client_id, k.code country_code, doc.at at time zone :zone moment
  from doc {_PARTY.format(invoice="doc")} order by doc.at, doc.invoice_no
)"""
_CHARGE_KIND = """left join unnest(cast(:charge_codes as text[]), cast(:charge_kinds as text[]))
  ck(code, kind) on ck.code = l.stock_code"""

_ORDERS = text(f"""
{_DOCUMENTS.format(sign="", outcomes="'order_line', 'charge'")}
insert into orders (number, store_id, client_id, channel, status, placed_at, business_date,
  currency, goods, charges, total, total_company, country, delivery_method, delivery_state,
  completed_at, rate, source, source_key, payment_state)
select invoice_no, :store, client_id, 'import', 'completed', moment, at::date, :currency,
  goods, charges, goods + charges, {_DOCUMENT_COMPANY},
  country_code, 'post', 'delivered', moment, :rate, :source, invoice_no,
  case when goods + charges = 0 then 'nothing_due' else 'unpaid' end
from d
""")

_ORDER_LINES = text(f"""
insert into order_line (order_id, store_id, position, kind, variant_id, charge_kind, description,
  quantity, unit_price, amount, stocked)
select o.id, :store, l.line_no, case l.outcome when 'charge' then 'charge' else 'goods' end,
  v.id, ck.kind, l.description, l.quantity, {_PRICE}, {_AMOUNT}, l.outcome <> 'charge'
from {_LINES}
join orders o on o.source = :source and o.source_key = i.invoice_no
left join variant v on v.sku = l.stock_code and l.outcome = 'order_line'
{_CHARGE_KIND} and l.outcome = 'charge'
where i.piece = :piece and l.outcome in ('order_line', 'charge')
""")

_RETURNS = text(f"""
{_DOCUMENTS.format(sign="-", outcomes="'return'")}
insert into goods_return (number, store_id, client_id, status, returned_at, business_date, currency,
  goods, charges, total, total_company, country, rate, source, source_key)
select invoice_no, :store, client_id, 'received', moment, at::date, :currency,
  goods, charges, goods + charges, {_DOCUMENT_COMPANY},
  country_code, :rate, :source, invoice_no
from d
""")

_RETURN_LINES = text(f"""
insert into return_line (goods_return_id, store_id, position, kind, variant_id, description,
  quantity, unit_price, amount)
select r.id, :store, l.line_no, 'goods', v.id, l.description, -l.quantity, {_PRICE}, -{_AMOUNT}
from {_LINES}
join goods_return r on r.source = :source and r.source_key = i.invoice_no
join variant v on v.sku = l.stock_code
where i.piece = :piece and l.outcome = 'return'
""")

_ADJUSTMENTS = text(f"""
insert into adjustment (number, position, store_id, client_id, reason, description, amount,
  currency, rate, amount_company, country, at, business_date, source, source_key)
select i.invoice_no, l.line_no, :store, c.id,
  case l.stock_code when 'B' then 'bad_debt' when 'D' then 'discount' when 'S' then 'samples'
    when 'M' then 'manual' when 'm' then 'manual' when 'AMAZONFEE' then 'fee'
    when 'BANK CHARGES' then 'fee' else 'other' end,
  coalesce(nullif(l.description, ''), l.stock_code), {_AMOUNT}, :currency, :rate,
  {_COMPANY.format(amount=_AMOUNT)}, k.code, l.at at time zone :zone, l.at::date,
  :source, i.invoice_no || '/' || l.line_no
from {_LINES} {_PARTY.format(invoice="i")}
where i.piece = :piece and l.outcome = 'adjustment'
""")

# One statement for all movements of the piece: the trigger that keeps the balances runs once.
_MOVEMENTS = text(f"""
insert into movement (store_id, variant_id, kind, quantity, ref_kind, ref_id, reason, source_key,
  at)
select :store, v.id,
  case l.outcome when 'order_line' then 'sale' when 'return' then 'return' else 'write_off' end,
  case l.outcome when 'order_line' then -l.quantity when 'return' then -l.quantity
    else l.quantity end,
  case l.outcome when 'order_line' then 'order' when 'return' then 'goods_return' end,
  coalesce(o.id, r.id),
  case l.outcome when 'write_off' then coalesce(nullif(l.description, ''), 'written off') end,
  :source || ':' || l.invoice_no || '/' || l.line_no, l.at at time zone :zone
from {_LINES}
join variant v on v.sku = l.stock_code
left join orders o on l.outcome = 'order_line' and o.source = :source
  and o.source_key = l.invoice_no
left join goods_return r on l.outcome = 'return' and r.source = :source
  and r.source_key = l.invoice_no
where i.piece = :piece and l.outcome in ('order_line', 'return', 'write_off')
""")

_COUNT_ORDERS = """set orders_count = f.orders_count + n.orders,
  orders_sum = f.orders_sum + n.total, first_order_at = least(f.first_order_at, n.first),
  last_order_at = greatest(f.last_order_at, n.last)
from (
  select o.client_id, count(*) orders, sum(o.total_company) total, min(o.placed_at) first,
    max(o.placed_at) last
  from online_retail_invoice i
  join orders o on o.source = :source and o.source_key = i.invoice_no
  where i.piece = :piece and o.client_id is not null group by o.client_id
) n
where f.client_id = n.client_id"""

_COUNT_RETURNS = """set returns_count = f.returns_count + n.returns,
  returns_sum = f.returns_sum + n.total
from (
  select r.client_id, count(*) returns, sum(r.total_company) total
  from online_retail_invoice i
  join goods_return r on r.source = :source and r.source_key = i.invoice_no
  where i.piece = :piece and r.client_id is not null group by r.client_id
) n
where f.client_id = n.client_id"""

# In the store of the import after the clients' own rows, whose locks come first.
_IN_STORE = " and f.store_id = :store and f.why = 'bought'"
_ORDER_FIGURES = text(f"update client_figures f {_COUNT_ORDERS}")
_ORDERS_IN_STORE = text(f"update client_store f {_COUNT_ORDERS}{_IN_STORE}")
_RETURN_FIGURES = text(f"update client_figures f {_COUNT_RETURNS}")
_RETURNS_IN_STORE = text(f"update client_store f {_COUNT_RETURNS}{_IN_STORE}")

_DAYS = text(f"""
select distinct l.at::date from {_LINES} where i.piece = :piece and l.outcome <> 'rejected'
""")


def write_documents(session: Session, piece: int, *, store: int, rate: float = 1) -> None:
    """Write the orders, returns and adjustments of one piece with their lines.

    The caller writes the goods in the same transaction, and no piece twice.
    """
    _execute(session, _DOCUMENT_STATEMENTS, piece, store=store, rate=rate)


def write_goods(session: Session, piece: int, *, store: int, rate: float = 1) -> list[date]:
    """Book the movements and figures of one piece; return the business days that it touches.

    Unlike its documents they change rows that other pieces change: one piece at a time.
    """
    _execute(session, _GOODS_STATEMENTS, piece, store=store, rate=rate)
    days = sorted(session.scalars(_DAYS, {"piece": piece}))
    emit(session, "sales.imported", store_id=store, days=[day.isoformat() for day in days])
    return days


_DOCUMENT_STATEMENTS = (_ORDERS, _ORDER_LINES, _RETURNS, _RETURN_LINES, _ADJUSTMENTS)
_GOODS_STATEMENTS = (
    _MOVEMENTS,
    _ORDER_FIGURES,
    _ORDERS_IN_STORE,
    _RETURN_FIGURES,
    _RETURNS_IN_STORE,
)


def _execute(
    session: Session, statements: Sequence[TextClause], piece: int, *, store: int, rate: float
) -> None:
    codes = all_codes()
    currency = session.scalar(text("select currency from company")) or CURRENCY
    values = {
        "piece": piece,
        "store": store,
        "rate": rate,
        "unit": 10 ** (STORED_DECIMALS - currency_digits(currency)),
        "source": SOURCE,
        "currency": CURRENCY,
        "zone": ZONE,
        "prefix": CLIENT_PREFIX,
        "country_names": list(codes),
        "country_codes": list(codes.values()),
        "charge_codes": list(CHARGES),
        "charge_kinds": list(CHARGES.values()),
    }
    for statement in statements:
        session.execute(statement, values)
