"""Nobody asks the sign-in functions for a company by its short name: the function goes.

Revision 0023, after 0022, made 2026-11-30 22:29:00.
"""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("drop function if exists auth.company_by_slug(text)")


def downgrade() -> None:
    """Leave it away: the version before writes its functions anew."""
