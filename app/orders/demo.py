"""Three years of orders of the demo company, written in pieces by set-based SQL.

The same ones every day.
"""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.catalogue.demo import pick
from app.kit.money import percent_within_sql
from app.orders.operations.figures import recount_clients

ORDERS = {"small": 400, "large": 300_000}
PIECE = 10_000

# Days ago: more orders lately than three years back, and some of today.
_AGE = f"(({pick('n', 81, 1096)} * {pick('n', 82, 1096)}) / 1096)"
_STATUS = f"""case
  when age > 10 then case when {pick("n", 84, 30)} = 0 then 'cancelled' else 'completed' end
  when age > 3 then (array['completed', 'shipped', 'completed', 'completed'])[
    1 + {pick("n", 84, 4)}]
  else (array['placed', 'confirmed', 'assembling', 'completed', 'completed'])[
    1 + {pick("n", 84, 5)}]
end"""

_PIECE = text(f"""
with places as (
  select array_agg(id order by number) ids from store
   where kind in ('shop', 'web_shop', 'salon')),
goods as materialized (
  select row_number() over (partition by p.kind order by v.id) - 1 as rank, v.id, v.name, v.price,
         v.cost, p.tax_rate, p.kind
    from variant v
    join product p on p.id = v.product_id and p.status = 'published'
   where p.kind = 'goods' and v.sku like 'D%' or p.kind = 'service'),
-- A salon sells what it does, everybody else what lies on the shelf.
offers as (select kind, count(*) total from goods group by kind),
people as (select count(*) total from client where number like 'K%'),
o as (
  select n, x.store_id, s.time_zone, s.kind store_kind, s.currency, s.country, c.id client_id,
         c.country client_country, x.placed_at,
         (x.placed_at at time zone s.time_zone)::date business_date, x.status
    from (select n, age, {_STATUS} status,
                 p.ids[1 + {pick("n", 83, "cardinality(p.ids)")}] store_id,
                 least(date_trunc('day', cast(:today as timestamptz))
                       - make_interval(days => age::int)
                       + make_interval(mins => (480 + {pick("n", 85, 660)})::int),
                       cast(:today as timestamptz)) placed_at,
                 case when {pick("n", 86, 7)} > 0 and people.total > 0
                      then 'K' || lpad((1 + {pick("n", 87, "people.total")}
                           * {pick("n", 88, "people.total")} / people.total)::text, 6, '0')
                 end client_number
            from (select n, {_AGE} age
                    from generate_series(cast(:first as bigint), cast(:last as bigint)) n) a,
                 places p, people) x
    join store s on s.id = x.store_id
    left join client c on c.number = x.client_number),
w as (
  select o.n, pos, f.kind, {pick("o.n * 8 + pos", 93, "f.total")} rank,
         case f.kind when 'goods' then 1 + {pick("o.n * 8 + pos", 92, 3)} else 1 end quantity
    from o
    join offers f on f.kind = case o.store_kind when 'salon' then 'service' else 'goods' end
    cross join lateral generate_series(
      1, 1 + {pick("o.n", 91, "case f.kind when 'goods' then 5 else 2 end")}) pos),
l as (
  select w.n, w.pos, g.id variant_id, g.name, g.price, g.cost, g.tax_rate, w.quantity,
         w.quantity * g.price amount, w.kind = 'goods' stocked
    from w join goods g using (kind, rank)),
t as (
  select l.*, {percent_within_sql("amount", "tax_rate", 100)} tax from l),
s as (select n, sum(amount)::bigint goods, sum(tax)::bigint tax from t group by n),
made as (
  insert into orders (number, store_id, client_id, channel, status, placed_at, business_date,
    currency, goods, tax, total, total_company, paid, payment_state, delivery_method,
    delivery_state, country, promised_at, confirmed_at, completed_at, shipped_at, cancelled_at,
    source, source_key)
  select 'D-' || lpad(o.n::text, 7, '0'), o.store_id, o.client_id,
         case when o.store_kind = 'web_shop' then 'shop' when {pick("o.n", 94, 8)} = 0 then 'phone'
              else 'store' end,
         o.status, o.placed_at, o.business_date, o.currency, s.goods, s.tax, s.goods, s.goods,
         case when o.status in ('completed', 'shipped') then s.goods else 0 end,
         case when o.status = 'cancelled' or s.goods = 0 then 'nothing_due'
              when o.status in ('completed', 'shipped') then 'paid' else 'unpaid' end,
         case when o.store_kind = 'web_shop' then 'post' else 'counter' end,
         case o.status when 'completed' then 'delivered' when 'shipped' then 'sent'
              else 'not_sent' end,
         coalesce(o.client_country, o.country), o.placed_at + interval '3 days',
         case when o.status <> 'placed' then o.placed_at end,
         case when o.status = 'completed' then o.placed_at + interval '1 hour' end,
         case when o.status = 'shipped' then o.placed_at + interval '1 hour' end,
         case when o.status = 'cancelled' then o.placed_at + interval '1 hour' end,
         'demo', o.n::text
    from o join s using (n) order by o.n
  returning id, source_key::bigint n, store_id, client_id, status, placed_at, business_date, total,
    currency),
paid as (
  insert into payment (store_id, order_id, client_id, method, status, amount, currency, at,
    business_date)
  select store_id, id, client_id,
         (array['card', 'cash', 'online', 'transfer'])[1 + {pick("n", 95, 4)}], 'settled', total,
         currency, placed_at, business_date
    from made where status in ('completed', 'shipped') and total > 0),
told as (
  insert into timeline_entry (client_id, store_id, kind, at, ref_kind, ref_id, data)
  select client_id, store_id, 'order.placed', placed_at, 'order', id,
         jsonb_build_object('number', 'D-' || lpad(n::text, 7, '0'))
    from made where client_id is not null)
insert into order_line (order_id, store_id, position, kind, variant_id, description, quantity,
  unit_price, amount, tax_rate, tax, cost, stocked)
select m.id, m.store_id, t.pos, 'goods', t.variant_id, t.name, t.quantity, t.price, t.amount,
       t.tax_rate, t.tax, t.cost, t.stocked
  from t join made m using (n)""")

_MADE = """orders o join order_line l on l.order_id = o.id
 where o.source = 'demo' and o.id between :first_id and :last_id"""

_MADE_BACK = _MADE.replace(
    " where",
    " cross join lateral (select least(o.placed_at + interval '6 days', now()) back_at) b where",
)

_SALES = text(f"""
insert into movement (store_id, variant_id, kind, quantity, unit_cost, ref_kind, ref_id, at)
select l.store_id, l.variant_id, 'sale', -sum(l.quantity), min(l.cost), 'order', o.id, o.placed_at
  from {_MADE} and l.stocked and o.status in ('completed', 'shipped')
 group by o.id, o.placed_at, l.store_id, l.variant_id""")

_RESERVED = text(f"""
insert into reservation_entry (store_id, variant_id, quantity, ref_kind, ref_id)
select l.store_id, l.variant_id, sum(l.quantity), 'order', o.id
  from {_MADE} and l.stocked and o.status in ('placed', 'confirmed', 'assembling')
 group by o.id, l.store_id, l.variant_id""")

# One order in fifty: its first line comes back some days later, and the money as it came.
_RETURNS = text(f"""
with back as (
  select o.*, l.id line_id, l.variant_id, l.description, l.quantity, l.unit_price, l.amount,
         l.tax_rate, l.tax line_tax, l.cost, b.back_at,
         (b.back_at at time zone (select s.time_zone from store s where s.id = o.store_id))::date
         back_on
    from {_MADE_BACK} and l.position = 1 and l.stocked and o.status = 'completed'
     and l.amount > 0
     and {pick("o.source_key::bigint", 96, 50)} = 0),
made as (
  insert into goods_return (number, store_id, client_id, order_id, status, reason, returned_at,
    business_date, currency, goods, tax, total, total_company, country, source, source_key)
  select 'DR-' || lpad(source_key, 7, '0'), store_id, client_id, id, 'received',
         (array['changed_mind', 'damaged', 'wrong_item'])[1 + {pick("id", 97, 3)}], back_at,
         back_on, currency, amount, line_tax, amount, amount, country, 'demo', source_key
    from back returning id, order_id, store_id, client_id, returned_at, business_date, total,
    currency),
refunded as (
  insert into payment (store_id, order_id, goods_return_id, client_id, direction, method, status,
    amount, currency, at, business_date)
  select m.store_id, m.order_id, m.id, m.client_id, 'returned', p.method, 'settled', m.total,
         m.currency, m.returned_at, m.business_date
    from made m join payment p on p.order_id = m.order_id and p.direction = 'received'),
moved as (
  insert into movement (store_id, variant_id, kind, quantity, unit_cost, ref_kind, ref_id, at)
  select m.store_id, b.variant_id, 'return', b.quantity, b.cost, 'goods_return', m.id,
         m.returned_at
    from made m join back b on b.id = m.order_id),
noted as (
  update orders o set returned = m.total, paid = o.paid - m.total, refunded = m.total,
         payment_state = case when o.total = m.total then 'refunded' else 'paid' end
    from made m where m.order_id = o.id)
insert into return_line (goods_return_id, store_id, position, order_line_id, kind, variant_id,
  description, quantity, unit_price, amount, tax_rate, tax)
select m.id, m.store_id, 1, b.line_id, 'goods', b.variant_id, b.description, b.quantity,
       b.unit_price, b.amount, b.tax_rate, b.line_tax
  from made m join back b on b.id = m.order_id""")

_STAGES = text("""
update client c set stage = case when f.orders_count = 1 then 'first_order'
    when f.last_order_at > now() - interval '180 days' then 'active'
    when f.last_order_at > now() - interval '1 year' then 'lapsing' else 'lost' end
  from client_figures f
 where f.client_id = c.id and c.made_up and f.orders_count > 0 and c.id between :first and :last""")


def load_orders(session: Session, size: str, *, count: int | None = None) -> Iterator[None]:
    """Make orders with lines, payments, movements and returns, then count them for the clients.

    `count` overrides how many a demo of that size has.
    """
    count = ORDERS[size] if count is None else count
    if session.scalar(text("select 1 from orders where source = 'demo' limit 1")):
        return
    for first in range(1, count + 1, PIECE):
        last = min(first + PIECE - 1, count)
        _load_piece(session, first, last)
        yield
    recount_clients(session)
    yield
    for first, last in session.execute(
        text("select min(id), max(id) from client where made_up group by id / 20000")
    ).all():
        session.execute(_STAGES, {"first": first, "last": last})
        yield


def _load_piece(session: Session, first: int, last: int) -> None:
    before = session.scalar(text("select coalesce(max(id), 0) from orders"))
    today = session.scalar(text("select now()"))
    session.execute(_PIECE, {"first": first, "last": last, "today": today})
    ids = {
        "first_id": int(before or 0) + 1,
        "last_id": session.scalar(text("select max(id) from orders")),
    }
    for statement in (_SALES, _RESERVED, _RETURNS):
        session.execute(statement, ids)
