"""What the catalogue gives to the rest: screens, demo data, better words for refusals."""

from typing import Any

from flask_babel import lazy_gettext as _l

from app.catalogue import screens
from app.catalogue.demo import load_catalogue
from app.kit.registry import DemoData, demo_data
from app.kit.screens.dberrors import say


def extend(builder: Any) -> None:
    """Register everything; called once per application."""
    builder.add_all(screens.ALL)
    demo_data.register(DemoData("catalogue", load_catalogue, order=10))
    say("ck_category_no_cycle", _l("A category cannot stand below itself."), "parent")
    say("ck_category_not_its_own_parent", _l("A category cannot stand below itself."))
    say("ck_variant_barcode_gtin", _l("The check digit of this barcode is wrong."))
    say(
        "uq_supplier_product_preferred",
        _l("Another supplier is preferred for this already."),
        "preferred",
    )
    say("ck_product_only_services_last", _l("Only a service has a duration."))
    say("ck_product_successor_of_discontinued", _l("Only a discontinued product has a successor."))
