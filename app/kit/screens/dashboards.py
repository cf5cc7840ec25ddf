"""The base of pages with figures: HTML at `/`, the same as JSON at `/data`, one right for both.

    class SalesDashboard(DashboardView):
        route_base, view = "/dashboard", "SalesDashboard"

        def page(self) -> DashboardPage: ...
        def figures(self) -> dict[str, Any]: ...     # plain values; Decimals and dates become text

A reader without the right is led to the sign-in or refused with a page; a script gets 401 or 403.
The right is worded by `rights.word`, since no generated screen does it. FAB's own chart views read
every row into Python and load their script from elsewhere: they are not used.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import wraps
from typing import Any, ClassVar, TypeVar

from flask import Response, jsonify, render_template
from flask_appbuilder import BaseView, expose

from app.kit.access import require
from app.kit.errors import CrmError
from app.kit.problems import problem
from app.kit.rights import words_of
from app.kit.screens import boundary
from app.kit.screens.authorization import needs
from app.kit.screens.pages import DashboardPage

F = TypeVar("F", bound=Callable[..., Any])


def needs_for_script(permission: str) -> Callable[[F], F]:
    """As `needs`, for a route that only scripts ask: every refusal is JSON with its status."""

    def decorate(function: F) -> F:
        @wraps(function)
        def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                require(permission, self.view)
                return function(self, *args, **kwargs)
            except CrmError as error:
                boundary.rollback()
                return problem(error.status, words_of(error), kind=error.kind)

        guarded._permission_name = permission  # type: ignore[attr-defined]  # noqa: SLF001 -- FAB's
        return guarded  # type: ignore[return-value]

    return decorate


class DashboardView(BaseView):  # type: ignore[misc]  # Flask-AppBuilder is untyped
    """Figures and charts of a period."""

    view: ClassVar[str]
    template: ClassVar[str] = "tresen/dashboard.html"
    default_view = "show"
    base_permissions = ["can_read"]

    def __init__(self) -> None:
        self.class_permission_name = self.view
        super().__init__()

    def page(self) -> DashboardPage:
        """Return what the page shows."""
        raise NotImplementedError

    def figures(self) -> dict[str, Any]:
        """Return the same as plain values."""
        raise NotImplementedError

    @expose("/")
    @needs("read")
    def show(self) -> Any:
        return render_template(self.template, page=self.page())

    @expose("/data")
    @needs_for_script("read")
    def data(self) -> Response:
        return jsonify(plain(self.figures()))


def plain(value: Any) -> Any:
    """Decimals and dates as text, the rest as it is."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return value
