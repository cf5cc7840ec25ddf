"""A way to reach a client is kept as written even where it is none, and is then not valid.

An unreal phone, and a second point with the same address as a fax often has, no longer refuse a
whole client. Two checks over several columns become one for each, so that a refusal names the
right one. Every row of before fulfils all of it.

Revision 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_E164 = "channel <> 'phone' or {}normalised ~ '^[+][1-9][0-9]{{5,14}}$'"
_DIGITS = (
    "case when channel = 'phone' then regexp_replace(normalised, '[^0-9]', '', 'g')"
    " else fold(normalised) end"
)
_BEFORE = "case when channel = 'phone' then substr(normalised, 2) else fold(normalised) end"
_KEY = ["company_id", "client_id", "channel", "normalised"]
_LINES = ("order_line", "return_line")


def _check(table: str, name: str, rule: str) -> None:
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, sa.text(rule))


def _uncheck(table: str, *names: str) -> None:
    for name in names:
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")


def upgrade() -> None:
    _uncheck("contact_point", "phone_e164")
    _check("contact_point", "phone_e164", _E164.format("not valid or "))
    op.execute(f"alter table contact_point alter column search_key set expression as ({_DIGITS})")
    op.drop_constraint(
        op.f("uq_contact_point_company_id_client_id_channel_normalised"), "contact_point"
    )
    op.create_index(
        "uq_contact_point_of_client",
        "contact_point",
        _KEY,
        unique=True,
        postgresql_where=sa.text("valid"),
    )
    _uncheck("variant", "reorder")
    _check("variant", "min_stock", "min_stock >= 0")
    _check("variant", "reorder_quantity", "reorder_quantity >= 0")
    for table in _LINES:
        _uncheck(table, "sums")
        _check(table, "unit_price", "unit_price >= 0")
        _check(table, "discount", "discount >= 0")
        _check(table, "sums", "least(amount, tax) >= 0")


def downgrade() -> None:
    for table in _LINES:
        _uncheck(table, "unit_price", "discount", "sums")
        _check(table, "sums", "least(unit_price, discount, amount, tax) >= 0")
    _uncheck("variant", "min_stock", "reorder_quantity")
    _check("variant", "reorder", "min_stock >= 0 and reorder_quantity >= 0")
    # What was kept as written has no place in the database of before.
    op.execute("delete from contact_point where not valid")
    op.drop_index(
        "uq_contact_point_of_client",
        table_name="contact_point",
        postgresql_where=sa.text("valid"),
    )
    op.create_unique_constraint(
        op.f("uq_contact_point_company_id_client_id_channel_normalised"), "contact_point", _KEY
    )
    op.execute(f"alter table contact_point alter column search_key set expression as ({_BEFORE})")
    _uncheck("contact_point", "phone_e164")
    _check("contact_point", "phone_e164", _E164.format(""))
