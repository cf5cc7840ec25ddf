"""A kept answer says whose it is, so that somebody bound to stores reads their own only.

Revision 0015, after 0014, made 2026-11-30 17:01:11.640127.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_USER = "nullif(current_setting('app.user_id', true), '')::bigint"


def upgrade() -> None:
    op.add_column(
        "idempotency",
        sa.Column("user_id", sa.BigInteger(), server_default=sa.text(_USER), nullable=True),
    )
    op.execute(
        "update idempotency set user_id = case when key_id like 'user:%'"
        " then split_part(key_id, ':', 2)::bigint else (select m.user_id from api_key k"
        " join membership m on m.id = k.membership_id"
        " where key_id = 'key:' || k.id) end"
    )


def downgrade() -> None:
    # Installed after the migrations, and they stand in the way of taking the column back.
    for role in ("crm_store", "crm_store_clients", "crm_own_clients"):
        op.execute(f"drop policy if exists {role}_rows on idempotency")
    op.drop_column("idempotency", "user_id")
