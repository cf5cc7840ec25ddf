"""What came back follows from its price to the coin, and nothing stands in a ledger by itself.

A line of a return gave up to half a unit more than its price said; its price says it now. Goods are
held back for orders only. The demo had used up some of its certificates by corrections that no
operation makes.

Revision 0019, after 0018, made 2026-11-30 19:20:00.
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# Currencies whose smallest amount is not a hundredth.
_COINS = {
    10000: "'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI',"
    " 'VND', 'VUV', 'XAF', 'XOF', 'XPF'",
    10: "'BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'",
    1: "'CLF', 'UYW'",
}
_CASES = " ".join(f"when d.currency in ({codes}) then {coin}" for coin, codes in _COINS.items())

_PRICES = f"""
with beyond as (
  select l.id, l.amount, l.quantity, c.coin, ceil(l.amount::numeric / l.quantity) price
  from return_line l join goods_return d on d.id = l.goods_return_id
  cross join lateral (select (case {_CASES} else 100 end)::numeric coin) c
  where l.order_line_id is not null
    and l.amount > round(l.quantity::numeric * l.unit_price / c.coin) * c.coin - l.discount
)
update return_line l set unit_price = b.price,
  discount = round(b.quantity * b.price / b.coin) * b.coin - b.amount
from beyond b where l.id = b.id
"""  # noqa: S608 -- names of ours

_DEMO = "reason = 'corrected' and note = 'Demo data' and ref_kind is null"
_CHANGED = ("return_line", "value_entry")


def upgrade() -> None:
    # The history says nothing of what nobody did.
    for table in _CHANGED:
        op.execute(f"alter table {table} disable trigger user")
    op.execute(_PRICES)
    for balance, key, left in (
        ("lot_balance", "lot_id", "remaining"),
        ("certificate_balance", "certificate_id", "balance"),
    ):
        op.execute(
            f"update {balance} b set {left} = b.{left} - n.amount"  # noqa: S608 -- as above
            f" from (select company_id, {key}, sum(amount) amount from value_entry where {_DEMO}"
            f" group by company_id, {key}) n"
            f" where b.company_id = n.company_id and b.{key} = n.{key}"
        )
    op.execute(f"delete from value_entry where {_DEMO}")  # noqa: S608 -- as above
    for table in _CHANGED:
        op.execute(f"alter table {table} enable trigger user")
    op.create_check_constraint(
        op.f("ck_reservation_entry_for_an_order"), "reservation_entry", "ref_kind = 'order'"
    )


def downgrade() -> None:
    name = op.f("ck_reservation_entry_for_an_order")
    op.drop_constraint(name, "reservation_entry", type_="check")
