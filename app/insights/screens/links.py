"""Where a figure leads: the list of exactly the rows it counted, for those who may open it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import url_for

from app.insights.queries.periods import Period
from app.insights.screens.measures import Measure
from app.insights.screens.parameters import NOT_A_COUNTRY, Asked
from app.kit.access import may
from app.kit.screens.address import FILTER
from app.kit.screens.screen_registry import screen_of_model
from app.kit.screens.selection import ARCHIVED
from app.kit.screens.totals import SUMS
from app.orders.choices import COUNTED, ReturnStatus
from app.orders.models import Adjustment, GoodsReturn, Order, OrderLine

Pairs = list[tuple[str, str]]


def list_url(model: type[Any], pairs: Pairs) -> str:
    """Return the list of `model` with these filters, empty where the reader may not open it."""
    screen = screen_of_model(model)
    if screen is None or not screen.may("read"):
        return ""
    known = screen.filterable()
    fields = {name.rpartition(".")[0] for name, _value in pairs}
    if not fields <= known.keys():
        return ""
    query = [(f"{FILTER}{name}", value) for name, value in pairs]
    # The books count what was archived; lists hide it. And the list says what its rows come to.
    shown = [*query, (f"{FILTER}{ARCHIVED}.is", "all"), SUMS]
    return f"{screen.list_url()}?{urlencode(shown)}"


class Links:
    """Addresses of what stands behind the figures of one page."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        # A store or country that is not there counts nothing; its filter would be left out.
        self.nowhere = asked.scope.store_ids == () or asked.scope.country == NOT_A_COUNTRY

    def rows(
        self,
        measure: Measure,
        period: Period,
        *,
        store: int | None = None,
        country: str | None = None,
    ) -> str:
        """Return the rows that a measure counted in a period, perhaps of one store or country."""
        if self.nowhere:
            return ""
        if measure.of_clients:
            return self.buyers(measure.rows, period, store=store, country=country)
        if measure.rows == "returns":
            return self._returns(period, store, country)
        return self.orders(period, store=store, country=country)

    def orders(
        self, period: Period, *, store: int | None = None, country: str | None = None
    ) -> str:
        """Return the orders that count."""
        status = [("status.is", one.value) for one in COUNTED]
        return list_url(Order, [*self._where(period, store, country), *status])

    def _returns(self, period: Period, store: int | None, country: str | None) -> str:
        received = ("status.is", ReturnStatus.RECEIVED.value)
        return list_url(GoodsReturn, [*self._where(period, store, country), received])

    def adjustments(self, period: Period) -> str:
        """Return the adjustments."""
        if self.nowhere:
            return ""
        return list_url(Adjustment, self._where(period, None, None))

    def lines(self, product_id: int, period: Period) -> str:
        """Return the lines by which a product was sold."""
        where = self._where(period, None, None, "order.")
        status = [("order.status.is", one.value) for one in COUNTED]
        return list_url(OrderLine, [("variant.product.is", str(product_id)), *where, *status])

    def buyers(
        self, who: str, period: Period, *, store: int | None = None, country: str | None = None
    ) -> str:
        """Return new or returning clients."""
        if not may("read", "Client"):
            return ""
        about = self.asked.about(period, store=str(store or ""), country=country)
        return f"{url_for('SalesDashboard.clients')}?who={who}&{about}"

    def _where(
        self, period: Period, store: int | None, country: str | None, prefix: str = ""
    ) -> Pairs:
        days = [(f"{prefix}business_date.between", str(day)) for day in (period.first, period.last)]
        return [*days, *self._stores(store, prefix), *self._country(country, prefix)]

    def _stores(self, store: int | None, prefix: str) -> Pairs:
        if store:
            return [(f"{prefix}store.is", str(store))]
        # By its name: a franchise may have more stores than an address holds.
        if self.asked.store.startswith("f"):
            return [(f"{prefix}store.franchise.is", self.asked.store[1:])]
        return [(f"{prefix}store.is", str(pk)) for pk in self.asked.scope.store_ids or ()]

    def _country(self, country: str | None, prefix: str) -> Pairs:
        wanted = self.asked.scope.country if country is None else country
        if wanted is None:
            return []
        if not wanted:
            return [(f"{prefix}country.empty", "1")]
        return [(f"{prefix}country.is", wanted)]
