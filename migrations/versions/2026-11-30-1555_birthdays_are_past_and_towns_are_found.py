"""Nobody is born in the future; towns and regions have a key without case and marks.

A birthday that is yet to come (68 read as 2068) moves into the client's note as it was written:
what was meant is for somebody who knows the client to say.

Revision 0009, after 0008, made 2026-11-30 15:55:00.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_NOTED = """
update client set birthday = null, version = version + 1,
  note = concat_ws(' / ', nullif(note, ''), 'Birthday as it was written: ' || birthday)
where birthday > current_date + 1
"""
_NAMES = ("region", "city")


def upgrade() -> None:
    op.execute(_NOTED)
    op.create_check_constraint(op.f("ck_client_birthday"), "client", "birthday <= current_date + 1")
    for name in _NAMES:
        key = f"{name}_fold"
        op.add_column(
            "client", sa.Column(key, sa.Text(), sa.Computed(f"fold({name})", persisted=True))
        )
        op.create_index(op.f(f"ix_client_company_id_{key}_id"), "client", ["company_id", key, "id"])
        op.drop_index(op.f(f"ix_client_company_id_{name}_id"), table_name="client")


def downgrade() -> None:
    for name in _NAMES:
        key = f"{name}_fold"
        op.create_index(
            op.f(f"ix_client_company_id_{name}_id"), "client", ["company_id", name, "id"]
        )
        op.drop_index(op.f(f"ix_client_company_id_{key}_id"), table_name="client")
        op.drop_column("client", key)
    op.drop_constraint(op.f("ck_client_birthday"), "client", type_="check")
