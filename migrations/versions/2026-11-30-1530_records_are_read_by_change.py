"""Records are read by change: programs ask for what has changed since the last time.

Functions, grants, policies and triggers are no part of it: they are installed after it, the same for
every version.

Revision 0006, after 0005, made 2026-11-30 15:30:00.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLES = (
    "adjustment",
    "brand",
    "category",
    "certificate",
    "client",
    "contact_point",
    "employee",
    "expense",
    "expense_category",
    "goods_receipt",
    "goods_return",
    "orders",
    "payment",
    "product",
    "store",
    "supplier",
    "supplier_product",
    "variant",
)


def upgrade() -> None:
    for table in _TABLES:
        op.create_index(
            f"ix_{table}_company_id_changed_at_id",
            table,
            ["company_id", "changed_at", "id"],
            unique=False,
        )


def downgrade() -> None:
    for table in _TABLES:
        op.drop_index(f"ix_{table}_company_id_changed_at_id", table_name=table)
