"""Documents reckoned anew, line by line, against the goods and the money they speak of.

Each is a statement of its own: none of it computes a figure that is kept.
"""

from functools import partial
from typing import Any

from flask_babel import lazy_gettext as _l

from app.kit.database.invariants import offending, rounded
from app.kit.money import coin_sql
from app.kit.registry import Invariant
from app.stock.queries import goods_moved_otherwise

# A tax is what lies within half a coin of it, and a quotient would have to be rounded itself: so
# both sides are multiplied. A tie may lie on either: some were once rounded down.
# What comes back of an order is a share of what was paid for its line: the tax is one of its tax.
_LINES = """
select l.id, d.number, l.amount, w.amount wanted, l.tax, l.tax_rate
from {line} l join {document} d on d.id = l.{key}
cross join lateral (select {full} - l.discount amount, {coin}::numeric coin,
  2 * l.amount * l.tax_rate share,
  case when d.prices_include_tax then 100 + l.tax_rate else 100 end whole) w
where l.amount <> w.amount or mod(l.tax, w.coin) <> 0 or {taxed}
  and w.share not between (2 * l.tax - w.coin) * w.whole and (2 * l.tax + w.coin) * w.whole"""

_FULL = rounded("l.quantity::numeric * l.unit_price", "d.currency")
_COIN = coin_sql("d.currency")


def _lines(line: str, document: str, key: str, taxed: str = "true") -> Any:
    sql = _LINES.format(line=line, document=document, key=key, taxed=taxed, full=_FULL, coin=_COIN)
    return offending(sql, "id", "number", "amount", "wanted", "tax", "tax_rate")


_DISCOUNTS = """
select d.id, d.number, d.discount, coalesce(s.discount, 0) wanted
from orders d left join (
  select order_id, sum(discount) discount from order_line group by order_id) s on s.order_id = d.id
where d.discount <> coalesce(s.discount, 0)"""

_IN_COMPANY = f"""
select d.kind, d.id, d.amount, d.in_company, w.wanted
from (
  select 'order' kind, company_id, id, total amount, rate, total_company in_company from orders
  union all
  select 'goods_return', company_id, id, total, rate, total_company from goods_return
  where order_id is null
  union all
  select 'adjustment', company_id, id, amount, rate, amount_company from adjustment
) d join company c on c.id = d.company_id
cross join lateral (select {rounded("d.amount * d.rate", "c.currency")} wanted) w
where d.in_company <> w.wanted"""  # noqa: S608 -- names of ours

# What came back of an order is a part of what it came to, all of it once all has come back.
_BACK_IN_COMPANY = f"""
select o.id, o.number, b.own, b.in_company, w.wanted
from (
  select company_id, order_id, sum(total) own, sum(total_company) in_company,
    min(rate) least_rate, max(rate) most_rate from goods_return
  where status = 'received' and order_id is not null group by 1, 2
) b join orders o on o.id = b.order_id join company c on c.id = b.company_id
cross join lateral (select {coin_sql("c.currency")} coin, o.total::numeric total) u
cross join lateral (select case when u.total = 0 then 0 else
  u.coin * div(2 * o.total_company * b.own + u.total * u.coin, 2 * u.total * u.coin)
  end wanted) w
where b.in_company <> w.wanted or b.own > o.total or o.rate not in (b.least_rate, b.most_rate)
  or b.least_rate <> b.most_rate"""  # noqa: S608 -- names of ours

# What was handed over has left the stock, piece by piece; what was not has not.
_SOLD = """
select d.id, l.variant_id, l.store_id, l.quantity
from order_line l join orders d on d.id = l.order_id
where l.stocked and l.variant_id is not null and d.status in ('shipped', 'completed')"""

_CAME_BACK = """
select d.id, l.variant_id, l.store_id, l.quantity
from return_line l join goods_return d on d.id = l.goods_return_id
join variant v on v.id = l.variant_id join product p on p.id = v.product_id
where l.restock and p.kind = 'goods' and d.status = 'received'"""

_PAYMENTS = """
select p.id, p.store_id, p.currency, p.client_id
from payment p
left join orders o on o.id = p.order_id left join goods_return r on r.id = p.goods_return_id
where p.store_id <> coalesce(r.store_id, o.store_id)
  or p.currency <> coalesce(o.currency, r.currency)
  or p.client_id is distinct from case when o.id is null then r.client_id else o.client_id end"""

_BY_CERTIFICATE = """
select coalesce(p.certificate_id, e.certificate_id) certificate_id,
  coalesce(p.order_id, e.ref_id) order_id, p.amount, e.spent
from (
  select certificate_id, order_id,
    sum(case direction when 'received' then amount else -amount end) amount
  from payment where certificate_id is not null and status = 'settled' group by 1, 2
) p full join (
  select certificate_id, case ref_kind when 'order' then ref_id end ref_id, -sum(amount) spent
  from value_entry where certificate_id is not null and reason in ('spent', 'given_back')
  group by 1, 2
) e on e.certificate_id = p.certificate_id and e.ref_id = p.order_id
where coalesce(p.amount, 0) <> coalesce(e.spent, 0)"""

# What a piece had cost goes with it into the ledger.
_COSTS = """
select m.ref_id order_id, m.variant_id, m.unit_cost
from movement m
where m.ref_kind = 'order' and m.kind = 'sale' and not exists (
  select from order_line l where l.order_id = m.ref_id and l.variant_id = m.variant_id
    and l.cost is not distinct from m.unit_cost)"""

_COSTS_BACK = """
select m.ref_id goods_return_id, m.variant_id, m.unit_cost, s.unit_cost left_at
from movement m join goods_return r on r.id = m.ref_id
left join movement s on s.ref_kind = 'order' and s.ref_id = r.order_id and s.kind = 'sale'
  and s.variant_id = m.variant_id
where m.ref_kind = 'goods_return' and m.kind = 'return' and r.order_id is not null
  and m.unit_cost is distinct from s.unit_cost"""

_ORIGINS = """
select l.id, l.goods_return_id, l.order_line_id
from return_line l join goods_return d on d.id = l.goods_return_id
left join order_line s on s.id = l.order_line_id
where case when s.id is null then d.order_id is not null and d.status = 'received'
  else s.order_id is distinct from d.order_id or s.variant_id is distinct from l.variant_id
    or s.charge_kind is distinct from l.charge_kind or s.tax_rate <> l.tax_rate end"""

_DELIVERIES = """
select id, number, status, delivery_state from orders
where delivery_state <> case status when 'shipped' then 'sent' when 'completed' then 'delivered'
  else 'not_sent' end"""

RECKONED = (
    Invariant(
        "orders.lines",
        _l("A line's amount and tax follow from its quantity, price, discount and rate."),
        partial(_lines, "order_line", "orders", "order_id"),
    ),
    Invariant(
        "orders.return_lines",
        _l("The amount and tax of a return's line follow from the same."),
        partial(
            _lines, "return_line", "goods_return", "goods_return_id", "l.order_line_id is null"
        ),
    ),
    Invariant(
        "orders.discounts",
        _l("An order's discount is that of its lines."),
        partial(offending, _DISCOUNTS, "id", "number", "discount", "wanted"),
    ),
    Invariant(
        "orders.company_currency",
        _l("What a document comes to in the company's currency follows from its rate."),
        partial(offending, _IN_COMPANY, "kind", "id", "amount", "in_company", "wanted"),
    ),
    Invariant(
        "orders.back_in_company_currency",
        _l("What came back of an order is its part of what the order came to, and no more."),
        partial(offending, _BACK_IN_COMPANY, "id", "number", "own", "in_company", "wanted"),
    ),
    Invariant(
        "orders.sold_goods",
        _l("What was handed over has left the stock, and nothing else has left it for an order."),
        partial(goods_moved_otherwise, "order", _SOLD, out=True),
    ),
    Invariant(
        "orders.returned_goods",
        _l("What came back to be sold again is in stock, and nothing else came for a return."),
        partial(goods_moved_otherwise, "goods_return", _CAME_BACK),
    ),
    Invariant(
        "orders.costs",
        _l("What was sold left the stock at the cost that stands in its line."),
        partial(offending, _COSTS, "order_id", "variant_id", "unit_cost"),
    ),
    Invariant(
        "orders.return_costs",
        _l("What came back of an order entered the stock at the cost at which it had left."),
        partial(offending, _COSTS_BACK, "goods_return_id", "variant_id", "unit_cost", "left_at"),
    ),
    Invariant(
        "orders.origins",
        _l("What came back is a line of the order that its return names."),
        partial(offending, _ORIGINS, "id", "goods_return_id", "order_line_id"),
    ),
    Invariant(
        "orders.deliveries",
        _l("How far a delivery is follows from the order's status."),
        partial(offending, _DELIVERIES, "id", "number", "status", "delivery_state"),
    ),
    Invariant(
        "orders.payments",
        _l("A payment is in the store and currency of what it is for, and of the same client."),
        partial(offending, _PAYMENTS, "id", "store_id", "currency", "client_id"),
    ),
    Invariant(
        "orders.certificates",
        _l("What certificates paid is what was spent from them."),
        partial(offending, _BY_CERTIFICATE, "certificate_id", "order_id", "amount", "spent"),
    ),
)
