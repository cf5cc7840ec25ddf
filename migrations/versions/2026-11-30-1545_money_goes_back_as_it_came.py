"""Money goes back by the way it came: sums by way and by return, which only triggers write.

What was booked stays booked. Where more went out by a way than came in by it, the excess is noted as
`moved`: taken from the ways of the order by which something is left, so that it cannot go out again.
A return for which more was given than it is worth keeps what was given as its total. Payments with
points had nothing behind them and become "other", which their note says.

Drafted by Alembic from the models and read by a person. Functions, grants, policies and triggers are
no part of it: they are installed after it, the same for every version.

Revision 0007, after 0006, made 2026-11-30 15:45:00.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_METHODS = "'cash', 'card', 'transfer', 'online', 'on_receipt', 'certificate', 'other'"
_METHOD = f"method IN ({_METHODS})"
_STATES = "'unpaid', 'partly_paid', 'paid', 'overpaid', 'refunded'"
_STATUSES = "'pending', 'settled', 'failed', 'cancelled'"

_NO_POINTS = """
update payment set method = 'other', version = version + 1,
  note = concat_ws(' / ', note, 'Booked with points, which had nothing behind them.')
where method = 'points'
"""

# A row for each way, and one more for each provider of it.
_WAYS = """
insert into paid_by_way (company_id, order_id, store_id, method, certificate_id, provider, received,
  returned)
select p.company_id, p.order_id, min(p.store_id), p.method, p.certificate_id, w.provider,
  coalesce(sum(p.amount) filter (where p.direction = 'received'), 0),
  coalesce(sum(p.amount) filter (where p.direction = 'returned'), 0)
from payment p cross join lateral (select null::text union select p.provider) w(provider)
where p.status = 'settled' and p.order_id is not null
group by p.company_id, p.order_id, p.method, p.certificate_id, w.provider
order by p.company_id, p.order_id, min(p.id), w.provider nulls first
"""

# Excess of a way is lent by the others, in the order of their ids; of a provider by nobody.
_MOVED = """
with rest as (
  select id, company_id, order_id, provider, received - returned as rest from paid_by_way
), excess as (
  select company_id, order_id, -sum(rest) as excess from rest where rest < 0 and provider is null
  group by company_id, order_id
), lenders as (
  select r.id, r.rest, e.excess, coalesce(sum(r.rest) over (
    partition by r.company_id, r.order_id order by r.id
    rows between unbounded preceding and 1 preceding), 0) as before
  from rest r join excess e using (company_id, order_id)
  where r.rest > 0 and r.provider is null
), moves as (
  select id, -rest as moved from rest where rest < 0
  union all
  select id, -least(rest, excess - before) from lenders where excess > before
)
update paid_by_way w set moved = m.moved from moves m where m.id = w.id
"""

_GIVEN = """
insert into given_for_return (company_id, goods_return_id, store_id, total, given)
select r.company_id, r.id, r.store_id, greatest(r.total, g.given), greatest(g.given, 0)
from goods_return r join (
  select company_id, goods_return_id,
    sum(case direction when 'returned' then amount else -amount end) as given
  from payment where status = 'settled' and goods_return_id is not null
  group by company_id, goods_return_id) g
  on g.company_id = r.company_id and g.goods_return_id = r.id
"""

_REFUNDED = """
update orders o set refunded = w.returned from (
  select company_id, order_id, sum(returned) as returned from paid_by_way
  where provider is null and returned > 0 group by company_id, order_id) w
where o.company_id = w.company_id and o.id = w.order_id
"""

_STATE = """
with sums as (
  select id, paid, refunded, paid + refunded as received,
    case status when 'cancelled' then 0 else total - returned end as due
  from orders where placed_at is not null
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


_TRIGGERS_REST = """
do $$ declare found text; begin
  for found in select tgname from pg_trigger where tgrelid = 'payment'::regclass
    and tgname in ('payment_booked', 'payment_settled', 'payment_stands')
  loop execute format('alter table payment disable trigger %I', found); end loop;
end $$
"""


def _choice(table: str, column: str, values: str) -> None:
    name = op.f(f"ck_{table}_{column}")
    op.drop_constraint(name, table, type_="check")
    op.create_check_constraint(name, table, f"{column} IN ({values})")


def upgrade() -> None:
    # Computed columns follow; nobody changed these records, so their history says nothing of it.
    op.execute("alter table payment disable trigger user")
    op.execute("alter table orders disable trigger user")
    op.execute(_NO_POINTS)
    op.create_table(
        "given_for_return",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "company_id", sa.BigInteger(), server_default=sa.text("crm_company()"), nullable=False
        ),
        sa.Column("goods_return_id", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("given between 0 and total", name=op.f("ck_given_for_return_given")),
        sa.ForeignKeyConstraint(
            ["company_id", "goods_return_id"],
            ["goods_return.company_id", "goods_return.id"],
            name="fk_given_for_return_goods_return_id",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "store_id"],
            ["store.company_id", "store.id"],
            name="fk_given_for_return_store_id",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_given_for_return")),
        sa.UniqueConstraint(
            "company_id",
            "goods_return_id",
            name=op.f("uq_given_for_return_company_id_goods_return_id"),
        ),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_given_for_return_company_id_id")),
    )
    op.create_table(
        "paid_by_way",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "company_id", sa.BigInteger(), server_default=sa.text("crm_company()"), nullable=False
        ),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("certificate_id", sa.BigInteger(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("returned", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("moved", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("least(received, returned) >= 0", name=op.f("ck_paid_by_way_amounts")),
        sa.CheckConstraint(_METHOD, name=op.f("ck_paid_by_way_method")),
        sa.ForeignKeyConstraint(
            ["company_id", "certificate_id"],
            ["certificate.company_id", "certificate.id"],
            name="fk_paid_by_way_certificate_id",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "order_id"],
            ["orders.company_id", "orders.id"],
            name="fk_paid_by_way_order_id",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "store_id"],
            ["store.company_id", "store.id"],
            name="fk_paid_by_way_store_id",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paid_by_way")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_paid_by_way_company_id_id")),
        sa.UniqueConstraint(
            "company_id",
            "order_id",
            "method",
            "certificate_id",
            "provider",
            name="uq_paid_by_way_way",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.execute(_WAYS)
    op.execute(_MOVED)
    op.create_check_constraint(
        op.f("ck_paid_by_way_returned"), "paid_by_way", "returned <= received + moved"
    )
    op.execute(_GIVEN)
    op.add_column(
        "orders",
        sa.Column("refunded", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.create_check_constraint(op.f("ck_orders_refunded"), "orders", "refunded >= 0")
    op.execute(_REFUNDED)
    _choice("orders", "payment_state", f"'nothing_due', {_STATES}")
    op.execute(_STATE)
    op.alter_column("payment", "amount", server_default=sa.text("0"))
    op.add_column("payment", sa.Column("tendered", sa.BigInteger(), nullable=True))
    op.add_column(
        "payment",
        sa.Column(
            "change",
            sa.BigInteger(),
            sa.Computed("tendered - amount", persisted=True),
            nullable=True,
        ),
    )
    op.create_check_constraint(
        op.f("ck_payment_tendered"),
        "payment",
        "tendered is null or (method = 'cash' and direction = 'received' and tendered >= amount)",
    )
    op.create_check_constraint(
        op.f("ck_payment_certificate_order"),
        "payment",
        "method <> 'certificate' or order_id is not null or status <> 'settled'"
        " or direction = 'received'",
    )
    _choice("payment", "method", _METHODS)
    _choice("payment", "status", "'pending', 'settled', 'to_check', 'failed', 'cancelled'")
    op.execute("alter table orders enable trigger user")
    op.execute("alter table payment enable trigger user")


def downgrade() -> None:
    op.execute("alter table payment disable trigger user")
    op.execute("alter table orders disable trigger user")
    op.execute("update payment set status = 'pending' where status = 'to_check'")
    op.execute("update orders set payment_state = 'unpaid' where payment_state = 'nothing_due'")
    _choice("payment", "status", _STATUSES)
    _choice("payment", "method", f"{_METHODS}, 'points'")
    _choice("orders", "payment_state", _STATES)
    op.drop_constraint(op.f("ck_payment_certificate_order"), "payment", type_="check")
    op.drop_constraint(op.f("ck_payment_tendered"), "payment", type_="check")
    op.drop_column("payment", "change")
    op.drop_column("payment", "tendered")
    op.alter_column("payment", "amount", server_default=None)
    op.drop_constraint(op.f("ck_orders_refunded"), "orders", type_="check")
    op.drop_column("orders", "refunded")
    op.drop_table("paid_by_way")
    op.drop_table("given_for_return")
    op.execute("alter table orders enable trigger user")
    op.execute("alter table payment enable trigger user")
    # They write what is gone now; going up again enables them.
    op.execute(_TRIGGERS_REST)
