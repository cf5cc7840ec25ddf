"""The base screen: a declaration of a dozen lines that becomes list, record, forms, export and API.

    from app.kit.screens import Bulk, Do, Lines, Related, Screen

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
        actions_on = {"block": Do(operations.block_client, _l("Block"), danger=True,
                                  confirm=_l("The client gets no more messages."))}
        bulk = {"tag": Bulk(operations.tag_client, _l("Add the tag"), icon="tag")}
        api = True                                      # GET/POST/PUT/DELETE /api/v1/clients

    # extends.py
    def extend(builder):
        builder.add_all([ClientScreen, StoreScreen])

Names of columns are attributes of the model: a column, a relation to one ("home_store": shown by
its name, chosen by a remote select, links to its page), or a dotted column behind relations to one
("home_store.city", "figures.total"). Label, help, unit, guard and currency come from the column's
`info` (of a relation: from the info of its `link` column), badges from its choices.
`info["currency"]` names the sibling column with a currency code; `info["format"]` is "phone",
"email", "percent", "long" (a text of several lines), "hours" (opening hours), "address" (a postal
address), "pairs" (names with values; `info["pairs"]` says what the two columns are called), "texts"
(in other languages; `info["texts_of"]` names the columns, default "name"), "country", "language",
"currency" or "zone" (codes that people read and choose by name: app/kit/codes.py) or "json" (only
to be read: nobody types JSON into a form). By a link with `info["living"]` no form and no program
names an archived record, where it is not named already; `info["within"]` of a link names a relation
that the offered records share with the form's (a return's line: the lines of its order).
`info["told"]` is a function that says what of a value the present reader is told, where a whole
guard is too coarse (an event's data).

What a record is called: `Table.info["title"]` names one text column; without it the first there is
of name, title, number, code, label; else its number. `Table.info["told_apart"]` names numbers that
are said beside it where others may be called the same. Filters, lookups, links and history use it.

What else a screen may say (all optional):
  path = "orders"          address and name of the API; default: the table's name in the plural
  phone_columns = ("number", "total")   what a list shows on phones; default: the first five
  adds, edits, archives, exports = True     False takes away button, route and API method
  search = True            a search box, where the table's `info["search"]` has one
  search_hint = _l("…")    its placeholder
  fixed = ("code",)        asked when adding, not changed later
  defaults = {"status": …} initial values of the add form (a value or a function without arguments)
  required = ("email",)    beyond NOT NULL columns
  edits_when = in_state(Status.DRAFT)       offers to edit only while the operation takes it
  on_add, on_edit, on_archive = operation   called before the flush; `on_add` may also check only
  path_of = "status"       shows the states of that choice as a path above the record
  computed = {"stock": Computed(_l("On hand"), load, kind="num")}  load(session, ids) -> {id: value}
  order_columns = (…)      default: list columns and filters with an index (company_id, column)
  page_actions = {"lift": Do(…, asks=(Ask("reason", _l("Why")),))}   what a page of the screen's own
                           does with a record, under the page's name: the API offers it like a
                           button (as it does each of `actions_on` and `bulk`)
  where = lambda: Model.kind == "x"     a fixed condition of this screen
  codes = {"phone": Code(with_phone, _l("Phone"))}   finds records by API, beside unique texts
  view = "Client"          name of the right, when it is not the model's
  menu = True              False keeps it out of the side menu
  menu_rank = 100          smaller ones stand first in their area

Operations are called as operation(session, obj, by=, at=): the id of the user (None for the system)
and aware UTC. They raise CrmError with `field` set to show the sentence beside a field. Nothing
commits but the edge (edge.py).

From other domains, in extends.py: `add_tab("Client", Related("Order", by="client"))`,
`add_tab("Client", Panel("mood", _l("Mood"), render))` with render(session, obj) -> HTML or cards,
`add_figure("Client", figure)` with figure(session, obj) -> Card or None (in the right column),
`add_action("Client", "merge", Do(…))`, `add_page_action("Client", "write", Do(…))` (a page's).

A REST resource that is special subclasses `app.kit.rest.Resource`; see there.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.kit.screens.additions import add_action as add_action
    from app.kit.screens.additions import add_figure as add_figure
    from app.kit.screens.additions import add_page_action as add_page_action
    from app.kit.screens.additions import add_tab as add_tab
    from app.kit.screens.areas import Area as Area
    from app.kit.screens.base import Screen as Screen
    from app.kit.screens.declare import Ask as Ask
    from app.kit.screens.declare import Bulk as Bulk
    from app.kit.screens.declare import Code as Code
    from app.kit.screens.declare import Computed as Computed
    from app.kit.screens.declare import Do as Do
    from app.kit.screens.declare import Lines as Lines
    from app.kit.screens.declare import Panel as Panel
    from app.kit.screens.declare import Related as Related

_HOMES = {
    "Area": "areas",
    "Ask": "declare",
    "Screen": "base",
    "Bulk": "declare",
    "Code": "declare",
    "Computed": "declare",
    "Do": "declare",
    "Lines": "declare",
    "Panel": "declare",
    "Related": "declare",
    "add_action": "additions",
    "add_figure": "additions",
    "add_page_action": "additions",
    "add_tab": "additions",
}


def __getattr__(name: str) -> Any:
    # Late: models and templates import parts of this package and must not pull in the whole of it.
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
