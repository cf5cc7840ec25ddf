"""The figures a reader can look at, each with its words and where it leads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from flask_babel import lazy_gettext as _l

from app.insights.queries.figures import SalesFigures
from app.kit.screens.pages import Text

Value = Decimal | int | None


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure. `down` says that more of it is worse; `rows` names the list that it counts."""

    name: str
    label: Text
    value: Callable[[SalesFigures, str], Value]
    rows: Literal["orders", "returns", "new", "returning"]
    money: bool = False
    down: bool = False

    @property
    def of_clients(self) -> bool:
        return self.rows in {"new", "returning"}


MEASURES = (
    Measure("revenue", _l("Revenue"), lambda f, _c: f.revenue, "orders", money=True),
    Measure("orders", _l("Orders"), lambda f, _c: f.orders, "orders"),
    Measure("average", _l("Average order"), lambda f, c: f.average(c), "orders", money=True),
    Measure("new", _l("New clients"), lambda f, _c: f.new, "new"),
    Measure("returning", _l("Returning clients"), lambda f, _c: f.returning, "returning"),
    Measure("returned", _l("Returns"), lambda f, _c: f.returned, "returns", money=True, down=True),
    Measure("returns", _l("Returns, number"), lambda f, _c: f.returns, "returns", down=True),
)
BY_NAME = {measure.name: measure for measure in MEASURES}
_TILES = ("revenue", "orders", "average", "new", "returning", "returned")
# How many returns in place of their sum.
_TILES_WITHOUT_MONEY = ("orders", "new", "returning", "returns")


def measures_for(*, money: bool) -> list[Measure]:
    """Those that a reader may see."""
    return [measure for measure in MEASURES if money or not measure.money]


def tiles_for(*, money: bool) -> list[Measure]:
    """Those that stand on top of the page."""
    return [BY_NAME[name] for name in (_TILES if money else _TILES_WITHOUT_MONEY)]
