"""Adjustments that name an order change what is due for it: a discount given later, a fee, a debt.

Their sum is kept on the order, as that of its returns is; how far orders with some are paid follows
anew. An adjustment in another currency than its order's, refused from now on, counts nowhere.

Revision 0020, after 0019, made 2026-11-30 19:25:10.207114.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_ADJUSTED = """
update orders o set adjusted = a.adjusted from (
  select d.company_id, d.order_id, sum(d.amount) as adjusted
  from adjustment d join orders r on r.company_id = d.company_id and r.id = d.order_id
  where d.currency = r.currency group by d.company_id, d.order_id) a
where o.company_id = a.company_id and o.id = a.order_id
"""

_STATE = """
with sums as (
  select id, paid, refunded, paid + refunded as received,
    case status when 'cancelled' then 0 else greatest(total - returned + adjusted, 0) end as due
  from orders where placed_at is not null and adjusted <> 0
), wanted as (
  select id, case
    when refunded > 0 and paid <= 0 then 'refunded' when paid > due then 'overpaid'
    when received <= 0 and due > 0 then 'unpaid' when received <= 0 then 'nothing_due'
    when paid = due then 'paid' else 'partly_paid' end as state
  from sums
)
update orders o set payment_state = w.state from wanted w
where w.id = o.id and o.payment_state <> w.state
"""


def upgrade() -> None:
    # Nobody changed these records, so their history says nothing of it.
    op.execute("alter table orders disable trigger user")
    op.add_column(
        "orders",
        sa.Column("adjusted", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.execute(_ADJUSTED)
    op.execute(_STATE)
    op.execute("alter table orders enable trigger user")


def downgrade() -> None:
    op.drop_column("orders", "adjusted")
