"""A balance that was counted is called so, as its screen says: a guard is a right of a field.

Revision 0026, after 0025, made 2026-12-01 01:10:00.
"""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


# PostgreSQL 18 has a constraint for NOT NULL, named after the column; older ones have none.
_RENAME = """do $$ begin
  if exists (select from pg_constraint where conname = 'stock_balance_{old}_not_null') then
    alter table stock_balance
      rename constraint stock_balance_{old}_not_null to stock_balance_{new}_not_null;
  end if;
end $$"""


def upgrade() -> None:
    op.alter_column("stock_balance", "guarded", new_column_name="counted")
    op.execute(_RENAME.format(old="guarded", new="counted"))


def downgrade() -> None:
    op.alter_column("stock_balance", "counted", new_column_name="guarded")
    op.execute(_RENAME.format(old="counted", new="guarded"))
