"""A key sees what somebody with just its scopes would see: those that are there keep what they saw.

Until now a key saw all the clients its maker saw, whatever its scopes. It has no right that its maker
lacks, so the scope widens nobody's sight.

Revision 0012, after 0011, made 2026-11-30 16:40:02.115702.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "update api_key set scopes = scopes || 'read others_clients'::text"
        " where not 'read others_clients' = any (scopes)"
    )


def downgrade() -> None:
    """Nothing: the scope was known before and did nothing."""
