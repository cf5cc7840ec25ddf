"""What happened to a line is read by whoever reads its record: its changes name the record, too.

Removed lines have done so since 0003; of lines that are still there the line itself says it.

Revision 0017, after 0016, made 2026-11-30 18:45:12.004518.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "update audit_entry e set whole_id = d.whole_id from audit_entry d"
        " where d.action = 'delete' and d.whole_id is not null and d.company_id = e.company_id"
        " and d.table_name = e.table_name and d.row_id = e.row_id and e.action = 'update'"
    )


def downgrade() -> None:
    op.execute("update audit_entry set whole_id = null where action = 'update'")
