"""The base screen: a declaration of a dozen lines that becomes list, record, forms, export and API.

    from app.kit.screens import BulkAction, RecordAction, Lines, Related, Screen

    class ClientScreen(Screen):
        model = Client                       # rights are kept under its class name
        area = CLIENTS                       # which part of the side menu: see areas.py
        icon = "users"                       # of the sprite (app/web/icons.txt)
        label, one = _l("Clients"), _l("Client")
        help = _l("Everybody who bought something or left an address.")
        list_columns = ("name", "phone", "status", "home_store", "figures.total", "created_at")
        filters = ("status", "home_store", "created_at", "figures.total")
        order = ("name", "asc")
        sections = (                         # said once for record, add and edit
            (_l("Person"), ("name", "born_on", "language")),
            (_l("Contact"), ("phone", "email", "home_store"), _l("One of them is enough.")),
        )
        read_only = ("number", "figures.total")         # shown on the record, in no form
        lines = (Lines("contact_points", _l("Contact points"), ("kind", "value", "preferred")),)
        related = (Related("Order", by="client"),)      # a tab with the orders of this client
        actions_on = {"block": RecordAction(operations.block_client, _l("Block"), danger=True,
                                  confirm=_l("The client gets no more messages."))}
        bulk = {"tag": BulkAction(operations.tag_client, _l("Add the tag"), icon="tag")}
        api = True                                      # GET/POST/PUT/DELETE /api/v1/clients

    # extends.py
    def extend(builder):
        builder.add_all([ClientScreen, StoreScreen])

What else a screen may say stands in declaration.py, each attribute with what it means; actions,
lines, tabs and the like are the values of elements.py. What the `info` of columns and tables says
about labels, formats, guards and titles is in attrs.py.

Operations are called as operation(session, obj, by=, at=); see declaration.py. Nothing commits but
the boundary (boundary.py).

From other domains, in extends.py: `add_tab("Client", Related("Order", by="client"))`,
`add_tab("Client", Panel("mood", _l("Mood"), render))` with render(session, obj) -> HTML or cards,
`add_figure("Client", figure)` with figure(session, obj) -> Card or None (in the right column),
`add_page_action("Client", "write", RecordAction(…))` (a page's).

A REST resource that is special subclasses `app.kit.rest.Resource`; see there.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.kit.screens.areas import Area as Area
    from app.kit.screens.base import Screen as Screen
    from app.kit.screens.contributions import add_figure as add_figure
    from app.kit.screens.contributions import add_page_action as add_page_action
    from app.kit.screens.contributions import add_tab as add_tab
    from app.kit.screens.elements import ActionParameter as ActionParameter
    from app.kit.screens.elements import BulkAction as BulkAction
    from app.kit.screens.elements import Code as Code
    from app.kit.screens.elements import Computed as Computed
    from app.kit.screens.elements import Lines as Lines
    from app.kit.screens.elements import Panel as Panel
    from app.kit.screens.elements import RecordAction as RecordAction
    from app.kit.screens.elements import Related as Related

_HOMES = {
    "Area": "areas",
    "ActionParameter": "elements",
    "Screen": "base",
    "BulkAction": "elements",
    "Code": "elements",
    "Computed": "elements",
    "RecordAction": "elements",
    "Lines": "elements",
    "Panel": "elements",
    "Related": "elements",
    "add_figure": "contributions",
    "add_page_action": "contributions",
    "add_tab": "contributions",
}


def __getattr__(name: str) -> Any:
    # Late: models and templates import parts of this package and must not pull in the whole of it.
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
