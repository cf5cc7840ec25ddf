"""Balances, figures and every kind of record are read by change.

Lines and ledgers need nothing for it: an index is paid for by each row of an import. Triggers are
installed after it.

Revision 0021, after 0020, made 2026-11-30 19:35:00.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# What was not known so far: they changed at the latest now, and are told once more.
_NEW = (
    "certificate_balance",
    "client_figures",
    "consent_current",
    "expense_balance",
    "stock_balance",
    "suppression",
)
_INDEXED = (
    *_NEW,
    "api_key",
    "company",
    "dispatch",
    "franchise",
    "invitation",
    "membership",
    "message_template",
)


def upgrade() -> None:
    for table in _NEW:
        op.add_column(
            table,
            sa.Column(
                "changed_at",
                sa.DateTime(timezone=True),
                server_default=sa.text("now()"),
                nullable=False,
            ),
        )
    for table in _INDEXED:
        op.create_index(
            f"ix_{table}_company_id_changed_at_id", table, ["company_id", "changed_at", "id"]
        )


def downgrade() -> None:
    for table in _INDEXED:
        op.drop_index(f"ix_{table}_company_id_changed_at_id", table_name=table)
    for table in _NEW:
        op.execute(f"drop trigger if exists changed on {table}")
        op.drop_column(table, "changed_at")
