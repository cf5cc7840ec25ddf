"""Records say where they came from: another program, and the key that they have there.

Orders, returns and adjustments did already. Revision 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TABLES = (
    "brand",
    "category",
    "certificate",
    "client",
    "employee",
    "expense",
    "expense_category",
    "franchise",
    "goods_receipt",
    "payment",
    "product",
    "store",
    "supplier",
    "supplier_product",
    "variant",
)


def _name(table: str) -> str:
    # A client's source is how the client came to be known.
    return "source_system" if table == "client" else "source"


def upgrade() -> None:
    for table in _TABLES:
        name = _name(table)
        op.add_column(table, sa.Column(name, sa.Text(), nullable=True))
        op.add_column(table, sa.Column("source_key", sa.Text(), nullable=True))
        op.create_check_constraint(
            op.f(f"ck_{table}_{name}"), table, f"({name} is null) = (source_key is null)"
        )
        op.create_index(
            f"uq_{table}_source",
            table,
            ["company_id", name, "source_key"],
            unique=True,
            postgresql_where=sa.text(f"{name} is not null"),
        )


def downgrade() -> None:
    for table in _TABLES:
        name = _name(table)
        op.drop_index(f"uq_{table}_source", table_name=table)
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
        op.drop_column(table, "source_key")
        op.drop_column(table, name)
