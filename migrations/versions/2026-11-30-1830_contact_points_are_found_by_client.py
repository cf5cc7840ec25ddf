"""Contact points are found by their client again, the ones that are not valid too.

Revision 0016, after 0015, made 2026-11-30 18:30:00.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_contact_point_client_id", "contact_point", ["company_id", "client_id"])


def downgrade() -> None:
    op.drop_index("ix_contact_point_client_id", table_name="contact_point")
