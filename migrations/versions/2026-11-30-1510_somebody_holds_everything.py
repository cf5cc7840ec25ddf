"""Somebody in every company holds every essential right, and the database holds to it.

What rights there are by now were all an administrator's, but for that of the installation. Which
companies are administered is seen by the first deploy.

Drafted by Alembic from the models and read by a person. Functions, grants, policies and triggers are
no part of it: they are installed after it, the same for every version.

Revision 0005, after 0004, made 2026-11-30 15:10:00.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "ab_permission_view",
        sa.Column("essential", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.execute(
        "update ab_permission_view pv set essential = true from ab_view_menu v"
        " where v.id = pv.view_menu_id and v.name <> 'Platform'"
    )
    op.add_column(
        "perm_version",
        sa.Column("administered", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("perm_version", "administered")
    op.drop_column("ab_permission_view", "essential")
