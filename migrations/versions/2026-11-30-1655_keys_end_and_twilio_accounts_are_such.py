"""Keys of whoever was let out are revoked, and what is no account of Twilio's is not kept.

Letting somebody in again made their old keys good again; a trigger revokes them from now on. An
account is a part of an address, and was kept as it was typed.

Written by hand.

Revision 0013, after 0012, made 2026-11-30 16:55:00.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "update api_key k set revoked_at = now() from membership m"
        " where k.company_id = m.company_id and k.membership_id = m.id and k.revoked_at is null"
        " and (not m.active or m.archived_at is not null)"
    )
    op.execute(
        "delete from company_setting where name = 'twilio_account_sid'"
        " and value #>> '{}' !~ '^AC[0-9a-fA-F]{32}$'"
    )


def downgrade() -> None:
    """Nothing: what was revoked stays so."""
