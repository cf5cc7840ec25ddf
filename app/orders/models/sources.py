"""Lines of a source as they were read, each with what became of it."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, DateTime, Index, Numeric, PrimaryKeyConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database.model import COMPANY_DEFAULT, Model
from app.kit.database.sql_functions import SqlFunction, register


class OnlineRetailLine(Model):
    """One line of the Online Retail source, known by invoice and line number, not by values."""

    __tablename__ = "online_retail_line"
    __table_args__ = (PrimaryKeyConstraint("company_id", "invoice_no", "line_no"),)

    company_id: Mapped[int] = mapped_column(BigInteger, server_default=COMPANY_DEFAULT)
    invoice_no: Mapped[str] = mapped_column(Text)
    line_no: Mapped[int]
    # Local time of the shop without a zone, as in the source; None where it cannot be read.
    at: Mapped[datetime | None] = mapped_column(DateTime)
    stock_code: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int | None]
    unit_price: Mapped[Decimal | None] = mapped_column(Numeric)
    outcome: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)


class OnlineRetailInvoice(Model):
    """Whose invoice it was: client number and country of the source."""

    __tablename__ = "online_retail_invoice"
    __table_args__ = (
        PrimaryKeyConstraint("company_id", "invoice_no"),
        Index(None, "company_id", "piece"),
    )

    company_id: Mapped[int] = mapped_column(BigInteger, server_default=COMPANY_DEFAULT)
    invoice_no: Mapped[str] = mapped_column(Text)
    customer_id: Mapped[str | None] = mapped_column(Text)
    country: Mapped[str | None] = mapped_column(Text)
    piece: Mapped[int]


# A function of the owner's: ANALYZE is the owner's right, and this one grants nothing else.
register(
    SqlFunction(
        "crm_analyze_import()",
        """create or replace function crm_analyze_import() returns void language plpgsql
security definer set search_path = pg_catalog, public as $$
begin
  analyze online_retail_line (invoice_no, outcome), online_retail_invoice, client, variant,
    orders (source, source_key, client_id), goods_return (source, source_key, client_id),
    client_figures (client_id), client_store (client_id, store_id, why);
end $$""",
        definer=True,
    )
)
