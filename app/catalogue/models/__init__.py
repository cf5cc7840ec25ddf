"""The tables of the catalogue."""

from app.catalogue.models.tables import Brand, Category, Product, Supplier, SupplierProduct, Variant

__all__ = [
    "Brand",
    "Category",
    "Product",
    "Supplier",
    "SupplierProduct",
    "Variant",
]
