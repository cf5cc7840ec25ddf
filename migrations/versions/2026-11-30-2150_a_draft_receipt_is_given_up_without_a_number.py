"""A draft of a goods receipt is given up without a number, as one of a return is.

It gets its number when it is received. So far each cancelling was refused by the database.

Revision 0022, after 0021, made 2026-11-30 21:50:00.
"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f("ck_goods_receipt_numbered"), "goods_receipt", type_="check")
    op.create_check_constraint(
        op.f("ck_goods_receipt_numbered"),
        "goods_receipt",
        "status <> 'received' or number is not null",
    )


def downgrade() -> None:
    # What was given up without a number could not stand under the former rule.
    op.execute("alter table goods_receipt drop constraint ck_goods_receipt_numbered")
    op.execute(
        "alter table goods_receipt add constraint ck_goods_receipt_numbered"
        " check (status = 'draft' or number is not null) not valid"
    )
