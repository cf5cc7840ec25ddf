"""The groups of the side menu, in their order. A screen names the one it stands in."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp
from flask_babel.speaklater import LazyString


@dataclass(frozen=True, slots=True)
class Area:
    """One group of the side menu and of the rights page."""

    name: str
    label: LazyString | str
    icon: str
    rank: int


OVERVIEW = Area("overview", _l("Overview"), "layout-dashboard", 10)
SALES = Area("sales", _l("Sales"), "shopping-cart", 20)
CLIENTS = Area("clients", _l("Clients"), "users", 30)
PRODUCTS = Area("products", _l("Products"), "package", 40)
WAREHOUSE = Area("warehouse", _l("Warehouse"), "building-warehouse", 50)
MARKETING = Area("marketing", _l("Marketing"), "speakerphone", 60)
MONEY = Area("money", _lp("area", "Money"), "cash", 70)
REPORTS = Area("reports", _l("Reports"), "chart-bar", 80)
COMPANY = Area("company", _l("Company"), "building-store", 90)
SETTINGS = Area("settings", _l("Settings"), "settings", 100)
PLATFORM = Area("platform", _l("Platform"), "server", 110)

AREAS = (
    OVERVIEW,
    SALES,
    CLIENTS,
    PRODUCTS,
    WAREHOUSE,
    MARKETING,
    MONEY,
    REPORTS,
    COMPANY,
    SETTINGS,
    PLATFORM,
)
