"""Screens of the catalogue: generated."""

from flask_babel import lazy_gettext as _l

from app.catalogue import operations
from app.catalogue.choices import ProductStatus
from app.catalogue.models import Brand, Category, Product, Supplier, SupplierProduct, Variant
from app.kit.access import reader
from app.kit.plurals import counted as _ln
from app.kit.screens import BulkAction, RecordAction, Related, Screen
from app.kit.screens.areas import PRODUCTS


def own_currency() -> str:
    """Return the currency of the reader's company, to begin with."""
    return reader().currency


class ProductScreen(Screen):
    """Everything in the catalogue."""

    model = Product
    area = PRODUCTS
    icon = "package"
    label, one = _l("Products"), _l("Product")
    help = _l("Goods, services and certificates; what is bought and scanned are their variants.")
    empty = _l("Add the first product, or import a list.")
    list_columns = ("name", "kind", "status", "brand", "category", "created_at")
    filters = ("status", "kind", "brand", "category", "created_at")
    order = ("name", "asc")
    search_hint = _l("Name, SKU or barcode")
    sections = (
        (_l("Product"), ("name", "kind", "status", "brand", "category")),
        (_l("Sale"), ("tax_rate", "duration", "successor")),
        (_l("Texts"), ("description", "texts")),
    )
    read_only = ("status",)
    path_of = "status"
    related = (Related("Variant", by="product"),)
    actions_on = {
        "publish": RecordAction(
            operations.publish,
            _l("Publish"),
            "eye",
            done=_l("The product is for sale."),
            when=lambda product: product.status is not ProductStatus.PUBLISHED,
            primary=True,
        ),
        "withdraw": RecordAction(
            operations.withdraw,
            _l("Make it a draft"),
            "eye-off",
            when=lambda product: product.status is ProductStatus.PUBLISHED,
        ),
        "discontinue": RecordAction(
            operations.discontinue,
            _l("Discontinue"),
            "ban",
            danger=True,
            confirm=_l("The product is no longer offered for sale."),
            when=lambda product: product.status is not ProductStatus.DISCONTINUED,
        ),
    }
    bulk = {
        "publish": BulkAction(operations.publish, _l("Publish"), "eye"),
        "discontinue": BulkAction(
            operations.discontinue,
            _l("Discontinue"),
            "ban",
            danger=True,
            confirm=_ln(
                "{n} product is no longer offered for sale.",
                "{n} products are no longer offered for sale.",
            ),
        ),
    }
    api = True


class VariantScreen(Screen):
    """What is put on the shelf and scanned."""

    model = Variant
    area = PRODUCTS
    icon = "barcode"
    label, one = _l("Variants"), _l("Variant")
    help = _l("Sizes and colours of products, each with a code, a price and a barcode.")
    list_columns = ("name", "sku", "product", "price", "cost", "barcode", "min_stock")
    filters = ("product", "price", "cost", "created_at")
    order = ("name", "asc")
    search_hint = _l("Name, SKU or barcode")
    sections = (
        (_l("Variant"), ("product", "name", "sku", "barcode", "unit", "weight")),
        (_l("Price"), ("price", "cost", "currency")),
        (_l("Stock"), ("min_stock", "reorder_quantity")),
    )
    defaults = {"currency": own_currency}
    related = (Related("SupplierProduct", by="variant"),)
    on_add = operations.save_variant
    on_edit = operations.save_variant
    api = True


class CategoryScreen(Screen):
    """The tree of categories."""

    model = Category
    area = PRODUCTS
    icon = "category"
    label, one = _l("Categories"), _l("Category")
    help = _l("The tree that clients browse. A category may stand below another.")
    list_columns = ("name", "parent", "depth")
    filters = ("parent", "name")
    order = ("name", "asc")
    sections = ((_l("Category"), ("name", "parent", "texts")),)
    related = (
        Related("Category", by="parent", label=_l("Subcategories")),
        Related("Product", by="category"),
    )
    api = True


class BrandScreen(Screen):
    """Names that stand on goods."""

    model = Brand
    area = PRODUCTS
    icon = "tag"
    label, one = _l("Brands"), _l("Brand")
    help = _l("The makers' names under which goods are looked for.")
    list_columns = ("name", "website", "created_at")
    filters = ("name",)
    order = ("name", "asc")
    sections = ((_l("Brand"), ("name", "website", "note")),)
    related = (Related("Product", by="brand"),)
    api = True


class SupplierScreen(Screen):
    """Who sells to us."""

    model = Supplier
    area = PRODUCTS
    icon = "truck-delivery"
    label, one = _l("Suppliers"), _l("Supplier")
    help = _l("From whom goods are bought, with their price lists.")
    list_columns = ("name", "country", "currency", "lead_days", "contact_name", "phone")
    filters = ("country", "name")
    order = ("name", "asc")
    sections = (
        (_l("Supplier"), ("name", "country", "currency", "lead_days", "tax_number")),
        (_l("How to reach them"), ("contact_name", "email", "phone")),
        (_l("Note"), ("note",)),
    )
    defaults = {"currency": own_currency}
    related = (Related("SupplierProduct", by="supplier"),)
    api = True


class SupplierProductScreen(Screen):
    """Lines of the suppliers' price lists."""

    model = SupplierProduct
    area = PRODUCTS
    icon = "list-details"
    label, one = _l("Price lists"), _l("Price list line")
    help = _l("Each supplier's code and price for what we sell.")
    list_columns = ("code", "name", "supplier", "variant", "price", "min_quantity", "preferred")
    filters = ("variant", "code", "price")
    order = ("code", "asc")
    sections = (
        (_l("Line"), ("supplier", "code", "name", "variant", "preferred")),
        (_l("Price"), ("price", "currency", "min_quantity", "pack_size", "lead_days")),
    )
    defaults = {"currency": own_currency}
    api = True


ALL = [
    ProductScreen,
    VariantScreen,
    CategoryScreen,
    BrandScreen,
    SupplierScreen,
    SupplierProductScreen,
]
