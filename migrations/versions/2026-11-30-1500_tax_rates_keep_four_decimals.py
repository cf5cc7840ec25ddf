"""Tax rates keep four decimals: 8.875 % in New York, 9.975 % in Quebec.

What stands there keeps its value. Revision 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLES = ("product", "order_line", "return_line")


def upgrade() -> None:
    for table in _TABLES:
        op.alter_column(table, "tax_rate", existing_type=sa.Numeric(5, 2), type_=sa.Numeric(7, 4))


def downgrade() -> None:
    for table in _TABLES:
        op.alter_column(table, "tax_rate", existing_type=sa.Numeric(7, 4), type_=sa.Numeric(5, 2))
