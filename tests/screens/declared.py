"""Screens on real entities, declared for these tests.

They do not depend on how the domains declare theirs.
"""

from flask_appbuilder.baseviews import expose

from app.catalogue.choices import ProductStatus
from app.catalogue.models import Brand, Category, Product, Variant
from app.clients.models import Client
from app.clients.queries import with_email, with_phone
from app.company.models import Store
from app.company.operations import check_store
from app.kit.database.session import db
from app.kit.errors import Conflict
from app.kit.screens import (
    ActionParameter,
    BulkAction,
    Code,
    Computed,
    Lines,
    RecordAction,
    Related,
    Screen,
)
from app.kit.screens.areas import CLIENTS, PRODUCTS
from app.kit.screens.authorization import needs
from app.orders.models import Order


def rename(session, obj, /, *, by, at):
    """Refuses one name, so that tests can see a refusal."""
    if obj.name == "Refused":
        raise Conflict("This brand keeps its name.")
    obj.name = f"{obj.name} (renamed)"
    session.flush()


def copy(session, obj, /, *, by, at, name):
    """Make another one."""
    made = Brand(name=name)
    session.add(made)
    session.flush()
    return made


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
    actions_on = {
        "rename": RecordAction(
            rename,
            "Rename it",
            done="It has another name.",
            when=lambda brand: brand.name != "Fixed",
        ),
        "copy": RecordAction(
            copy,
            "Copy it",
            parameters=(ActionParameter("name", "Name", required=True, longest=20),),
        ),
    }
    bulk = {"rename": BulkAction(rename, "Rename them")}
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
    phone_columns = ("name", "number", "birthday")
    filters = (
        "name",
        "stage",
        "store",
        "country",
        "figures.orders_sum",
        "birthday",
        "registered_at",
        "made_up",
    )
    order = ("name", "asc")
    sections = (
        ("Person", ("name", "number", "birthday", "stage", "store", "country")),
        ("Figures", ("figures.orders_count", "figures.orders_sum")),
        ("Own fields", ("custom",)),
    )
    read_only = ("figures.orders_count", "figures.orders_sum")
    lines = (Lines("contact_points", "Contact points", ("channel", "value", "label")),)
    codes = {
        "phone": Code(with_phone, "Phone", guard="contacts"),
        "email": Code(with_email, "Email", guard="contacts"),
    }
    api = True


class BenchStores(Screen):
    model = Store
    path = "bench-stores"
    view = "BenchStore"
    area = CLIENTS
    label, one = "Stores", "Store"
    list_columns = ("name", "number", "opening_hours")
    order = ("name", "asc")
    sections = (("Store", ("number", "name", "time_zone", "opening_hours")),)
    on_add = staticmethod(check_store)
    on_edit = staticmethod(check_store)
    api = True


class BenchOrders(Screen):
    """Orders as the tests' factories place them: only where they go is changed here."""

    model = Order
    path = "bench-orders"
    view = "BenchOrder"
    area = CLIENTS
    label, one = "Orders", "Order"
    list_columns = ("number", "delivery_address")
    sections = (("Order", ("number", "note", "delivery_address")),)
    read_only = ("number",)
    adds = False
    api = True


class BenchCategories(Screen):
    model = Category
    path = "bench-categories"
    view = "BenchCategory"
    area = PRODUCTS
    label, one = "Categories", "Category"
    list_columns = ("name",)
    sections = (("Category", ("name", "texts")),)
    api = True


class BenchDrafts(Screen):
    """A screen over some of a table's rows, without a search."""

    model = Product
    path = "bench-drafts"
    view = "BenchDraft"
    area = PRODUCTS
    label, one = "Drafts", "Draft"
    list_columns = ("name", "tax_rate", "texts")
    filters = ("name", "brand")
    search = False
    sections = (("Draft", ("name", "brand", "tax_rate", "texts")),)
    where = staticmethod(lambda: Product.status == ProductStatus.DRAFT)
    bulk = {"rename": BulkAction(rename, "Rename them")}
    api = True


BENCH_SCREENS = [
    BenchBrands,
    BenchProducts,
    BenchVariants,
    BenchClients,
    BenchStores,
    BenchOrders,
    BenchCategories,
    BenchDrafts,
]
