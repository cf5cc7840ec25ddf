"""What a company has set; what it has not is the default in code."""

from typing import Any

from sqlalchemy import CheckConstraint, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database.model import Business, Model


class CompanySetting(Business, Model):
    """One setting of one company: `value`, or `sealed` with its last letters in `hint`."""

    __tablename__ = "company_setting"
    __table_args__ = (
        UniqueConstraint("company_id", "name"),
        CheckConstraint("(value is null) <> (sealed is null)", name="value_or_sealed"),
        CheckConstraint("(sealed is null) = (hint is null)", name="hint_with_sealed"),
        {"info": {"whole": True}},
    )

    name: Mapped[str] = mapped_column(Text)
    # none_as_null: an unset value must be SQL's NULL for the CHECK, not the JSON null.
    value: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    # Left out of the audit: history must not keep what was replaced. The hint shows that it
    # changed.
    sealed: Mapped[str | None] = mapped_column(Text, info={"audit": False})
    hint: Mapped[str | None] = mapped_column(Text)
