"""The row of a file. The bytes lie in the store under `storage_key`."""

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database.model import Business, Model


class StoredFile(Business, Model):
    """A file on the record of `owner_kind` (one of registry.file_owners) and `owner_id`."""

    __tablename__ = "stored_file"
    __table_args__ = (
        UniqueConstraint("company_id", "storage_key"),
        CheckConstraint("size >= 0", name="size"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        # What lies in another company's folder of the store cannot be named by a row of this one.
        CheckConstraint("starts_with(storage_key, company_id || '/')", name="storage_key"),
        Index(None, "company_id", "owner_kind", "owner_id"),
    )

    owner_kind: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(Text)
    content_type: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(Text)
    storage_key: Mapped[str] = mapped_column(Text)
