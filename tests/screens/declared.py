"""Screens on real entities, declared for these tests.

They do not depend on how the domains declare theirs.
"""

from flask_appbuilder.baseviews import expose

from app.catalogue.models import Brand, Product, Variant
from app.clients.models import Client
from app.kit.database.session import db
from app.kit.errors import Conflict
from app.kit.screens import Bulk, Computed, Do, Lines, Related, Screen
from app.kit.screens.areas import CLIENTS, PRODUCTS
from app.kit.screens.guarding import needs


def rename(session, obj, /, *, by, at):
    """Refuses one name, so that tests can see a refusal."""
    if obj.name == "Refused":
        raise Conflict("This brand keeps its name.")
    obj.name = f"{obj.name} (renamed)"
    session.flush()


def lengths(session, ids):
    return {pk: pk * 2 for pk in ids}


class BenchBrands(Screen):
    model = Brand
    path = "bench-brands"
    view = "BenchBrand"
    area = PRODUCTS
    label, one = "Brands", "Brand"
    list_columns = ("name", "website", "created_at", "double")
    computed = {"double": Computed("Double", lengths, kind="num")}
    filters = ("name", "created_at")
    order = ("name", "asc")
    sections = (("Brand", ("name", "website", "note")),)
    related = (Related("BenchProduct", by="brand"),)
    actions_on = {"rename": Do(rename, "Rename it", when=lambda brand: brand.name != "Fixed")}
    bulk = {"rename": Bulk(rename, "Rename them")}
    api = True

    @expose("/half", methods=["POST"])
    @needs("write")
    def half(self):
        db.session.add(Brand(name="Half saved"))
        db.session.flush()
        return "This did not work.", 422


class BenchProducts(Screen):
    model = Product
    path = "bench-products"
    view = "BenchProduct"
    area = PRODUCTS
    label, one = "Products", "Product"
    list_columns = ("name", "status", "brand", "created_at")
    filters = ("name", "status", "brand", "created_at")
    order = ("name", "asc")
    sections = (
        ("Product", ("name", "kind", "status", "brand", "category")),
        ("More", ("description", "tax_rate", "duration")),
    )
    lines = (Lines("variants", "Variants", ("sku", "name", "price", "cost", "currency")),)
    api = True


class BenchVariants(Screen):
    model = Variant
    path = "bench-variants"
    view = "BenchVariant"
    area = PRODUCTS
    label, one = "Variants", "Variant"
    list_columns = ("sku", "name", "product", "price", "cost", "barcode")
    filters = ("price", "cost", "product", "product.status")
    order = ("sku", "asc")
    sections = (("Variant", ("product", "sku", "name", "price", "cost", "currency", "barcode")),)
    fixed = ("sku",)
    api = True


class BenchClients(Screen):
    model = Client
    path = "bench-clients"
    view = "BenchClient"
    area = CLIENTS
    label, one = "Clients", "Client"
    list_columns = ("name", "number", "stage", "store", "figures.orders_sum", "birthday")
    filters = (
        "name",
        "stage",
        "store",
        "figures.orders_sum",
        "birthday",
        "registered_at",
        "made_up",
    )
    order = ("name", "asc")
    sections = (
        ("Person", ("name", "number", "birthday", "stage", "store")),
        ("Figures", ("figures.orders_count", "figures.orders_sum")),
    )
    read_only = ("figures.orders_count", "figures.orders_sum")
    lines = (Lines("contact_points", "Contact points", ("channel", "value", "label")),)
    api = True


BENCH_SCREENS = [BenchBrands, BenchProducts, BenchVariants, BenchClients]
