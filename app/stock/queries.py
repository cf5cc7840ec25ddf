"""What documents say of goods, reckoned against the ledger."""

from typing import Any

from sqlalchemy import Select

from app.kit.database.invariants import offending

_MOVED = """
select coalesce(n.id, m.ref_id) {kind}_id, coalesce(n.variant_id, m.variant_id) variant_id,
  n.quantity, m.quantity moved
from (
  select id, variant_id, store_id, sum(quantity) quantity from ({goods}) of_lines group by 1, 2, 3
) n full join (
  select ref_id, variant_id, store_id, {sign}sum(quantity) quantity from movement
  where ref_kind = '{kind}' group by 1, 2, 3
) m on m.ref_id = n.id and m.variant_id = n.variant_id and m.store_id = n.store_id
where n.quantity is distinct from m.quantity"""


def goods_moved_otherwise(kind: str, goods: str, *, out: bool = False) -> Select[Any]:
    """Return the documents of a kind whose goods are not in the ledger, piece by piece.

    `goods` selects what their lines say: id of the document, variant_id, store_id, quantity; what
    goes `out` is negative in the ledger. What the ledger has of no document is found as well.
    """
    sql = _MOVED.format(kind=kind, goods=goods, sign="-" if out else "")
    return offending(sql, f"{kind}_id", "variant_id", "quantity", "moved")
