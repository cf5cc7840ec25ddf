"""Who sees which clients: a setting of the company, and what a client has to do with each store.

Clients get the stores they belong to or bought in, with the figures of each; every role but that of
masters keeps seeing clients whom others look after.

Drafted by Alembic from the models and read by a person. Functions, grants, policies and triggers are
no part of it: they are installed after it, the same for every version.

Revision 0011, after 0010, made 2026-11-30 16:10:11.402833.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_WHY = "'registered', 'home', 'bought', 'booked'"
_ROLES = "'crm_app', 'crm_store', 'crm_store_clients', 'crm_own_clients', 'crm_system'"

# What `client_sums` says, as of today.
_BOUGHT = """
insert into client_store (company_id, client_id, store_id, why, orders_count, orders_sum,
  returns_count, returns_sum, first_order_at, last_order_at)
select company_id, client_id, store_id, 'bought', sum(orders), sum(bought), sum(backs), sum(back),
  min(at), max(at)
from (
  select company_id, client_id, store_id, n orders, case when n = 1 then total_company else 0 end bought,
    0 backs, 0 back, case when n = 1 then placed_at end at
  from (select *, (status not in ('draft', 'cancelled'))::int n from orders) o
  union all
  select company_id, client_id, store_id, 0, 0, n, case when n = 1 then total_company else 0 end, null
  from (select *, (status = 'received')::int n from goods_return) r) d
where client_id is not null group by company_id, client_id, store_id"""


def upgrade() -> None:
    op.add_column(
        "company",
        sa.Column("clients_seen", sa.Text(), server_default="all", nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_company_clients_seen"), "company", "clients_seen in ('all', 'own')"
    )
    op.add_column("client", sa.Column("employee_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        "fk_client_employee_id",
        "client",
        "employee",
        ["company_id", "employee_id"],
        ["company_id", "id"],
    )
    op.create_index("ix_client_employee_id", "client", ["company_id", "employee_id"])
    op.create_table(
        "client_store",
        sa.Column(
            "company_id", sa.BigInteger(), server_default=sa.text("crm_company()"), nullable=False
        ),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("orders_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("orders_sum", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("returns_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("returns_sum", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("first_order_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_order_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "orders_count >= 0 and returns_count >= 0", name=op.f("ck_client_store_counts")
        ),
        sa.CheckConstraint(
            "why = 'bought' or orders_count + returns_count = 0 and orders_sum = 0"
            " and returns_sum = 0 and first_order_at is null and last_order_at is null",
            name=op.f("ck_client_store_figures"),
        ),
        sa.CheckConstraint(f"why in ({_WHY})", name=op.f("ck_client_store_why")),
        sa.ForeignKeyConstraint(
            ["company_id", "client_id"],
            ["client.company_id", "client.id"],
            name="fk_client_store_client_id",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "store_id"],
            ["store.company_id", "store.id"],
            name="fk_client_store_store_id",
        ),
        sa.PrimaryKeyConstraint(
            "company_id", "client_id", "store_id", "why", name=op.f("pk_client_store")
        ),
    )
    op.create_index(
        op.f("ix_client_store_company_id_store_id_client_id"),
        "client_store",
        ["company_id", "store_id", "client_id"],
    )
    op.create_table(
        "client_employee",
        sa.Column(
            "company_id", sa.BigInteger(), server_default=sa.text("crm_company()"), nullable=False
        ),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("employee_id", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.CheckConstraint("why in ('assigned', 'served')", name=op.f("ck_client_employee_why")),
        sa.ForeignKeyConstraint(
            ["company_id", "client_id"],
            ["client.company_id", "client.id"],
            name="fk_client_employee_client_id",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "employee_id"],
            ["employee.company_id", "employee.id"],
            name="fk_client_employee_employee_id",
        ),
        sa.PrimaryKeyConstraint(
            "company_id", "client_id", "employee_id", "why", name=op.f("pk_client_employee")
        ),
    )
    op.create_index(
        op.f("ix_client_employee_company_id_employee_id_client_id"),
        "client_employee",
        ["company_id", "employee_id", "client_id"],
    )
    op.drop_constraint(op.f("ck_job_role"), "job")
    op.create_check_constraint(
        op.f("ck_job_role"),
        "job",
        f"role in ({_ROLES}) and (role not in ('crm_app', 'crm_system')) = (store_ids is not null)",
    )
    op.execute(
        "insert into client_store (company_id, client_id, store_id, why)"
        " select company_id, id, store_id, 'home' from client where store_id is not null"
    )
    op.execute(_BOUGHT)
    # A right of its own from now on; masters see the clients they look after or served.
    op.execute("insert into ab_permission (name) values ('can_read') on conflict do nothing")
    op.execute("insert into ab_view_menu (name) values ('others_clients') on conflict do nothing")
    op.execute(
        "insert into ab_permission_view (permission_id, view_menu_id) select p.id, v.id"
        " from ab_permission p, ab_view_menu v where p.name = 'can_read' and v.name = 'others_clients'"
        " on conflict do nothing"
    )
    op.execute(
        "insert into ab_permission_view_role (permission_view_id, role_id) select pv.id, r.id"
        " from ab_permission_view pv join ab_permission p on p.id = pv.permission_id"
        " join ab_view_menu v on v.id = pv.view_menu_id cross join ab_role r"
        " where p.name = 'can_read' and v.name = 'others_clients' and r.company_id is not null"
        " and r.template is distinct from 'master' on conflict do nothing"
    )


def downgrade() -> None:
    # Installed after the migrations, and they stand in the way of taking the tables back.
    op.execute(
        "do $$ declare one record; begin"
        " for one in select policyname, tablename from pg_policies where schemaname = 'public'"
        "   and roles::text[] && array['crm_store_clients', 'crm_own_clients'] loop"
        "   execute format('drop policy %I on %I', one.policyname, one.tablename);"
        " end loop; end $$"
    )
    # Nobody sees more than before by work that waits: it is given up.
    op.execute("delete from job where role in ('crm_store_clients', 'crm_own_clients')")
    op.drop_constraint(op.f("ck_job_role"), "job")
    op.create_check_constraint(
        op.f("ck_job_role"),
        "job",
        "role in ('crm_app', 'crm_store', 'crm_system')"
        " and (role = 'crm_store') = (store_ids is not null)",
    )
    op.execute("drop view if exists bound.client_figures")
    op.drop_table("client_employee")
    op.drop_table("client_store")
    for trigger in ("client_bought", "client_changed"):
        op.execute(f"drop trigger if exists {trigger} on orders")
        op.execute(f"drop trigger if exists {trigger} on goods_return")
    op.execute(
        "create or replace function crm_client_figures() returns trigger language plpgsql"
        " security definer set search_path = pg_catalog, public as $$ begin"
        " insert into client_figures (company_id, client_id) select company_id, id from new_rows;"
        " return null; end $$"
    )
    op.execute("drop trigger if exists client_moved on client")
    op.execute("drop trigger if exists client_place on client")
    op.execute("drop trigger if exists crm_clients_closed on company")
    op.drop_index("ix_client_employee_id", table_name="client")
    op.drop_column("client", "employee_id")
    op.drop_column("company", "clients_seen")
