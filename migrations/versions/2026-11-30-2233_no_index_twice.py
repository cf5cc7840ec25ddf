"""Indexes whose order another one has: numbers are unique, and a unique key sorts them.

Revision 0025, after 0024, made 2026-11-30 22:33:00.
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_TWICE = {
    "category": ("parent_id", ["company_id", "parent_id"]),
    "certificate": ("company_id_code_id", ["company_id", "code", "id"]),
    "employee": ("store_id", ["company_id", "store_id"]),
    "expense": ("company_id_number_id", ["company_id", "number", "id"]),
    "goods_receipt": ("company_id_number_id", ["company_id", "number", "id"]),
    "goods_return": ("company_id_number_id", ["company_id", "number", "id"]),
    "orders": ("company_id_number_id", ["company_id", "number", "id"]),
    "store": ("company_id_number_id", ["company_id", "number", "id"]),
}


def upgrade() -> None:
    for table, (name, _columns) in _TWICE.items():
        op.drop_index(f"ix_{table}_{name}", table_name=table)


def downgrade() -> None:
    for table, (name, columns) in _TWICE.items():
        op.create_index(f"ix_{table}_{name}", table, columns)
