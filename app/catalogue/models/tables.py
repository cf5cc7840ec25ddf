"""Tables of the catalogue."""

from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    CheckConstraint,
    FetchedValue,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.catalogue.choices import ProductKind, ProductStatus, Unit
from app.catalogue.models import functions  # noqa: F401 -- registers the functions that the tables below call
from app.kit.choices import choice
from app.kit.codes import country_column
from app.kit.database.install.search import Look
from app.kit.database.model import (
    Business,
    Model,
    fold_of,
    link,
    note_column,
    sort_indexes,
    trigram_index,
)
from app.kit.database.source import Source, source_args
from app.kit.money import currency_column, tax_rate_column, unit_price


class Brand(Business, Source, Model):
    __tablename__ = "brand"
    __table_args__ = (
        *source_args("brand"),
        UniqueConstraint("company_id", "name"),
        CheckConstraint("name <> ''", name="name_given"),
        *sort_indexes("name_fold", "changed_at"),
        trigram_index("name_fold"),
        {"info": {"label": _l("Brand"), "search": (Look("brand", "id", "name_fold"),)}},
    )

    name: Mapped[str] = mapped_column(Text, info={"label": _l("Name"), "sort_by": "name_fold"})
    name_fold: Mapped[str] = fold_of("name")
    website: Mapped[str | None] = mapped_column(Text, info={"label": _l("Website")})
    note: Mapped[str | None] = note_column()

    def __str__(self) -> str:
        return self.name


class Category(Business, Source, Model):
    """A node of the category tree.

    `path` and `depth` are the database's: no cycle, no stale branch.
    """

    __tablename__ = "category"
    __table_args__ = (
        *source_args("category"),
        # NULLS NOT DISTINCT: two roots of one name are as wrong as two children of one name.
        UniqueConstraint("company_id", "parent_id", "name", postgresql_nulls_not_distinct=True),
        CheckConstraint("name <> ''", name="name_given"),
        CheckConstraint("parent_id is distinct from id", name="not_its_own_parent"),
        CheckConstraint("depth between 0 and 20", name="depth"),
        *sort_indexes("name_fold", "path", "changed_at"),
        trigram_index("name_fold"),
        {"info": {"label": _l("Category"), "search": (Look("category", "id", "name_fold"),)}},
    )

    name: Mapped[str] = mapped_column(Text, info={"label": _l("Name"), "sort_by": "name_fold"})
    name_fold: Mapped[str] = fold_of("name")
    parent_id: Mapped[int | None] = link(
        "category",
        index=False,
        info={"label": _l("Parent category"), "help": _l("Empty for a top category.")},
    )
    parent: Mapped["Category | None"] = relationship(
        foreign_keys=parent_id, remote_side="Category.id"
    )
    path: Mapped[str] = mapped_column(
        Text,
        FetchedValue(),
        server_onupdate=FetchedValue(),
        info={"label": _l("Path"), "audit": False, "computed": True},
    )
    depth: Mapped[int] = mapped_column(
        FetchedValue(),
        server_onupdate=FetchedValue(),
        info={"label": _l("Depth"), "audit": False, "computed": True},
    )
    texts: Mapped[dict[str, Any]] = mapped_column(
        JSONB,
        default=dict,
        server_default=text("'{}'"),
        info={"label": _l("Texts in other languages"), "format": "texts"},
    )

    def __str__(self) -> str:
        return self.name


class Product(Business, Source, Model):
    __tablename__ = "product"
    __table_args__ = (
        *source_args("product"),
        CheckConstraint("name <> ''", name="name_given"),
        CheckConstraint(
            "successor_id is null or (status = 'discontinued' and successor_id <> id)",
            name="successor_of_discontinued",
        ),
        CheckConstraint("duration > 0", name="duration"),
        CheckConstraint("duration is null or kind = 'service'", name="only_services_last"),
        CheckConstraint("tax_rate between 0 and 100", name="tax_rate"),
        *sort_indexes("name_fold", "status", "kind", "created_at", "changed_at"),
        trigram_index("name_fold"),
        {
            "info": {
                "label": _l("Product"),
                "search": (
                    Look("product", "id", "name_fold"),
                    Look("variant", "product_id", "sku_fold"),
                    Look("variant", "product_id", "barcode"),
                ),
            }
        },
    )

    name: Mapped[str] = mapped_column(Text, info={"label": _l("Name"), "sort_by": "name_fold"})
    name_fold: Mapped[str] = fold_of("name")
    kind: Mapped[ProductKind] = choice(
        ProductKind,
        default=ProductKind.GOODS,
        server_default=ProductKind.GOODS.value,
        info={"label": _l("Kind")},
    )
    status: Mapped[ProductStatus] = choice(
        ProductStatus,
        default=ProductStatus.DRAFT,
        server_default=ProductStatus.DRAFT.value,
        info={"label": _l("Status"), "help": _l("Only published products are offered for sale.")},
    )
    brand_id: Mapped[int | None] = link("brand", info={"label": _l("Brand")})
    brand: Mapped[Brand | None] = relationship(foreign_keys=brand_id)
    category_id: Mapped[int | None] = link("category", info={"label": _l("Category")})
    category: Mapped[Category | None] = relationship(foreign_keys=category_id)
    successor_id: Mapped[int | None] = link(
        "product",
        info={
            "label": _l("Successor"),
            "help": _l("What to offer in place of a discontinued product."),
        },
    )
    successor: Mapped["Product | None"] = relationship(
        foreign_keys=successor_id, remote_side="Product.id"
    )
    description: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("Description"), "format": "long"}
    )
    texts: Mapped[dict[str, Any]] = mapped_column(
        JSONB,
        default=dict,
        server_default=text("'{}'"),
        info={
            "label": _l("Texts in other languages"),
            "format": "texts",
            "texts_of": ("name", "description"),
        },
    )
    tax_rate: Mapped[Decimal] = tax_rate_column()
    duration: Mapped[int | None] = mapped_column(
        info={"label": _l("Duration"), "unit": _l("min"), "help": _l("For services only.")}
    )
    variants: Mapped[list["Variant"]] = relationship(
        foreign_keys="Variant.product_id", back_populates="product", lazy="raise"
    )

    def __str__(self) -> str:
        return self.name


class Variant(Business, Source, Model):
    """What is put on the shelf and scanned.

    A size or colour of a product, or the product itself.
    """

    __tablename__ = "variant"
    __table_args__ = (
        *source_args("variant"),
        UniqueConstraint("company_id", "sku"),
        Index(
            "uq_variant_barcode",
            "company_id",
            "barcode",
            unique=True,
            postgresql_where=text("barcode is not null"),
        ),
        CheckConstraint("sku <> '' and sku = trim(sku)", name="sku_given"),
        CheckConstraint("barcode is null or crm_gtin_ok(barcode)", name="barcode_gtin"),
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("cost >= 0", name="cost"),
        CheckConstraint("weight >= 0", name="weight"),
        CheckConstraint("min_stock >= 0", name="min_stock"),
        CheckConstraint("reorder_quantity >= 0", name="reorder_quantity"),
        *sort_indexes("name_fold", "sku_fold", "price", "cost", "created_at", "changed_at"),
        trigram_index("name_fold"),
        trigram_index("sku_fold"),
        trigram_index("barcode"),
        {
            "info": {
                "label": _l("Variant"),
                "search": (
                    Look("variant", "id", "name_fold"),
                    Look("variant", "id", "sku_fold"),
                    Look("variant", "id", "barcode"),
                ),
            }
        },
    )

    product_id: Mapped[int] = link("product", info={"label": _l("Product")})
    product: Mapped[Product] = relationship(foreign_keys=product_id, back_populates="variants")
    sku: Mapped[str] = mapped_column(
        Text,
        info={
            "label": _l("SKU"),
            "sort_by": "sku_fold",
            "help": _l("Your own code. No two variants share one."),
        },
    )
    sku_fold: Mapped[str] = fold_of("sku")
    name: Mapped[str] = mapped_column(
        Text,
        info={
            "label": _l("Name"),
            "sort_by": "name_fold",
            "help": _l("As on the shelf: the product with its size or colour."),
        },
    )
    name_fold: Mapped[str] = fold_of("name")
    barcode: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("Barcode"), "help": _l("EAN or GTIN, 8 to 14 digits.")}
    )
    unit: Mapped[Unit] = choice(
        Unit,
        default=Unit.PIECE,
        server_default=Unit.PIECE.value,
        info={"label": _l("Unit"), "help": _l("What a quantity of one means.")},
    )
    price: Mapped[Decimal] = unit_price(
        default=Decimal(0),
        server_default=text("0"),
        info={"label": _l("Price"), "currency": "currency", "guard": "prices"},
    )
    cost: Mapped[Decimal | None] = unit_price(
        info={"label": _l("Cost"), "currency": "currency", "guard": "costs"}
    )
    currency: Mapped[str] = currency_column()
    weight: Mapped[int | None] = mapped_column(info={"label": _l("Weight"), "unit": "g"})
    min_stock: Mapped[int] = mapped_column(
        default=0,
        server_default=text("0"),
        info={"label": _l("Minimum stock"), "help": _l("Below this it is time to reorder.")},
    )
    reorder_quantity: Mapped[int] = mapped_column(
        default=0, server_default=text("0"), info={"label": _l("Reorder quantity")}
    )

    def __str__(self) -> str:
        return f"{self.name} ({self.sku})"


class Supplier(Business, Source, Model):
    __tablename__ = "supplier"
    __table_args__ = (
        *source_args("supplier"),
        UniqueConstraint("company_id", "name"),
        CheckConstraint("name <> ''", name="name_given"),
        CheckConstraint("lead_days >= 0", name="lead_days"),
        *sort_indexes("name_fold", "country", "changed_at"),
        trigram_index("name_fold"),
        {"info": {"label": _l("Supplier"), "search": (Look("supplier", "id", "name_fold"),)}},
    )

    name: Mapped[str] = mapped_column(Text, info={"label": _l("Name"), "sort_by": "name_fold"})
    name_fold: Mapped[str] = fold_of("name")
    contact_name: Mapped[str | None] = mapped_column(Text, info={"label": _l("Contact person")})
    email: Mapped[str | None] = mapped_column(Text, info={"label": _l("Email"), "format": "email"})
    phone: Mapped[str | None] = mapped_column(Text, info={"label": _l("Phone"), "format": "phone"})
    country: Mapped[str | None] = country_column()
    currency: Mapped[str | None] = currency_column(
        info={"help": _l("In which the supplier's prices are.")}
    )
    lead_days: Mapped[int | None] = mapped_column(
        info={"label": _l("Delivery time"), "unit": _l("days")}
    )
    tax_number: Mapped[str | None] = mapped_column(Text, info={"label": _l("Tax number")})
    note: Mapped[str | None] = note_column()

    def __str__(self) -> str:
        return self.name


class SupplierProduct(Business, Source, Model):
    """One line of a supplier's price list: their code for one of our variants, and their price."""

    __tablename__ = "supplier_product"
    __table_args__ = (
        *source_args("supplier_product"),
        UniqueConstraint("company_id", "supplier_id", "code"),
        CheckConstraint("code <> ''", name="code_given"),
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("pack_size > 0", name="pack_size"),
        CheckConstraint("min_quantity > 0", name="min_quantity"),
        Index(
            "uq_supplier_product_preferred",
            "company_id",
            "variant_id",
            unique=True,
            postgresql_where=text("preferred and archived_at is null"),
        ),
        *sort_indexes("code", "price", "name_fold", "changed_at"),
        trigram_index("name_fold"),
        {
            "info": {
                "label": _l("Price list line"),
                "title": "code",
                "search": (Look("supplier_product", "id", "name_fold"),),
            }
        },
    )

    supplier_id: Mapped[int] = link("supplier", index=False, info={"label": _l("Supplier")})
    supplier: Mapped[Supplier] = relationship(foreign_keys=supplier_id)
    variant_id: Mapped[int | None] = link(
        "variant",
        info={
            "label": _l("Variant"),
            "help": _l("Empty until the line is matched to the catalogue."),
        },
    )
    variant: Mapped[Variant | None] = relationship(foreign_keys=variant_id)
    code: Mapped[str] = mapped_column(Text, info={"label": _l("Supplier's code")})
    name: Mapped[str] = mapped_column(
        Text, info={"label": _l("Supplier's name for it"), "sort_by": "name_fold"}
    )
    name_fold: Mapped[str] = fold_of("name")
    price: Mapped[Decimal | None] = unit_price(
        info={"label": _l("Price"), "currency": "currency", "guard": "costs"}
    )
    currency: Mapped[str] = currency_column()
    min_quantity: Mapped[int] = mapped_column(
        default=1, server_default=text("1"), info={"label": _l("Smallest order")}
    )
    pack_size: Mapped[int] = mapped_column(
        default=1, server_default=text("1"), info={"label": _l("Pack size")}
    )
    lead_days: Mapped[int | None] = mapped_column(
        info={"label": _l("Delivery time"), "unit": _l("days")}
    )
    preferred: Mapped[bool] = mapped_column(
        default=False,
        server_default=text("false"),
        info={"label": _l("Preferred"), "help": _l("Reorder from this supplier first.")},
    )

    def __str__(self) -> str:
        return f"{self.code} {self.name}"
