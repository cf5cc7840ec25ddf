"""What is in the demo company's stores.

Counted after the orders were made, so that from then on nothing is sold that is not there.
"""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.catalogue.demo import pick

# In every store of a small demo; of a large one what was sold there, and everything in the
# warehouse.
_EVERYTHING = """select s.id store_id, v.id variant_id from variant v
  join product p on p.id = v.product_id and p.kind = 'goods', store s where s.id = :store"""
_SOLD = """select b.store_id, b.variant_id from stock_balance b where b.store_id = :store"""
_COUNT = """
insert into movement (store_id, variant_id, kind, quantity, unit_cost, reason, at)
select x.store_id, x.variant_id, 'stocktake', x.wanted - x.on_hand, x.cost, 'Demo data', now()
  from (select w.store_id, w.variant_id, coalesce(b.on_hand, 0) on_hand, v.cost,
               coalesce(b.reserved, 0) + case when {empty} = 0 then 0 else {full} end wanted
          from ({what}) w join variant v on v.id = w.variant_id
          left join stock_balance b on b.store_id = w.store_id and b.variant_id = w.variant_id) x
 where x.wanted <> x.on_hand"""

_RECEIPTS = text("""
insert into goods_receipt (store_id, supplier_id, currency, supplier_document)
select (select id from store order by kind = 'warehouse' desc, number limit 1), s.id, :currency,
       'LS-' || s.id
  from supplier s where s.currency = :currency order by s.id limit 5
returning id, store_id, supplier_id""")

_RECEIPT_LINES = text(f"""
insert into goods_receipt_line (goods_receipt_id, store_id, position, variant_id, quantity,
  unit_cost, amount)
select r.id, r.store_id, x.position, x.variant_id, x.quantity, x.cost,
       (round(x.quantity * x.cost / 100.0) * 100)::bigint
  from goods_receipt r
 cross join lateral (
   select row_number() over (order by sp.id) as position, sp.variant_id,
          5 + {pick("sp.id", 71, 20)} as quantity, v.cost
     from supplier_product sp join variant v on v.id = sp.variant_id
    where sp.supplier_id = r.supplier_id order by sp.id limit 5) x
 where r.id = any (:receipts)""")


def load_stock(session: Session, size: str) -> Iterator[None]:
    """Count the stores and leave a few deliveries to be received."""
    if session.scalar(text("select 1 from movement where kind = 'stocktake' limit 1")):
        return
    stores = session.execute(text("select id, kind from store order by number")).all()
    for store, kind in stores:
        everything = size == "small" or kind == "warehouse"
        statement = _COUNT.format(
            what=_EVERYTHING if everything else _SOLD,
            empty=pick("w.variant_id * 31 + w.store_id", 72, 12),
            full=f"1 + {pick('w.variant_id * 31 + w.store_id', 73, 40)}",
        )
        session.execute(text(statement), {"store": store})
        yield
    currency = session.scalar(text("select currency from company where id = crm_company()"))
    made = session.execute(_RECEIPTS, {"currency": currency}).scalars().all()
    session.execute(_RECEIPT_LINES, {"receipts": list(made)})
    session.execute(
        text(
            "update goods_receipt r set total = (select coalesce(sum(amount), 0)"
            " from goods_receipt_line l where l.goods_receipt_id = r.id) where r.id = any (:ids)"
        ),
        {"ids": list(made)},
    )
    yield
