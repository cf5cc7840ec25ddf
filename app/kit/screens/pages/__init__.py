"""What a page shows, as plain values: the contract between the screens (Python) and the templates.

A screen builds one of the `…Page` values below and renders it:

    render_template("tresen/list.html", page=ListPage(...))

Nothing in here knows of Flask, SQL or permissions: a screen leaves out what its reader may not see
or do, and a template shows everything that it is given. Texts are plain strings (escaped by the
template), lazy translations, or `Markup` where a screen has built HTML itself. Values of cells stay
what they are (Decimal, date, aware datetime, bool, Choice …); the template formats them by the kind
of their column, in the reader's locale and time zone.

How the list page talks back (all of it survives without JavaScript, but for the editor's dialog):

  search        ?q=words
  filters       ?f.<field>.<operator>=<value>, repeated for several values;
                "1" for an operator without a value
  columns       ?cols=name,phone,total
  order         Column.sort_url, already complete
  bulk action   POST to ListPage.bulk_url with `action`, and `rowid` (repeated), or `all=1` for all
                that match: the screen puts the query of the page into bulk_url, so that "all"
                means the filters of that page
  row action    POST to Action.url with `version` (and the CSRF token)
  saved view    POST to ViewPanel.save_url with `name`, `shared`, `query`
"""

from app.kit.screens.pages.campaigns import CampaignPage, ProgressPage, SmsMeter
from app.kit.screens.pages.common import (
    Action,
    Badge,
    ChartKind,
    Empty,
    FilterKind,
    Kind,
    Link,
    Note,
    Page,
    Step,
    Text,
    Tone,
    Width,
    WtField,
)
from app.kit.screens.pages.dashboards import (
    ControlMenu,
    DashboardPage,
    Figure,
    SearchGroup,
    SearchHit,
    SearchPage,
    StatTile,
)
from app.kit.screens.pages.forms import (
    ConflictField,
    EditConflict,
    Field,
    FormError,
    FormPage,
    FormSection,
    Sheet,
)
from app.kit.screens.pages.lists import (
    BulkButton,
    Cell,
    Chip,
    Column,
    ColumnChoice,
    FilterField,
    FilterOperator,
    ListPage,
    Pager,
    Row,
    ViewPanel,
    ViewTab,
)
from app.kit.screens.pages.records import (
    Card,
    Fact,
    FieldChange,
    HistoryEntry,
    HistoryPage,
    HtmlCard,
    KvCard,
    LazyCard,
    ShowPage,
    SlipCard,
    SlipLine,
    Tab,
    TableCard,
)
from app.kit.screens.pages.rights import PersonLine, Right, RightsArea, RightsPage, ScopeOption
from app.kit.screens.pages.shell import (
    Language,
    MenuArea,
    MenuItem,
    Shell,
    SignInChoice,
    SignInPage,
    StoreChoice,
)

__all__ = [
    "Action",
    "Badge",
    "BulkButton",
    "CampaignPage",
    "Card",
    "Cell",
    "ChartKind",
    "Chip",
    "Column",
    "ColumnChoice",
    "ConflictField",
    "ControlMenu",
    "DashboardPage",
    "EditConflict",
    "Empty",
    "Fact",
    "Field",
    "FieldChange",
    "Figure",
    "FilterField",
    "FilterKind",
    "FilterOperator",
    "FormError",
    "FormPage",
    "FormSection",
    "HistoryEntry",
    "HistoryPage",
    "HtmlCard",
    "Kind",
    "KvCard",
    "Language",
    "LazyCard",
    "Link",
    "ListPage",
    "MenuArea",
    "MenuItem",
    "Note",
    "Page",
    "Pager",
    "PersonLine",
    "ProgressPage",
    "Right",
    "RightsArea",
    "RightsPage",
    "Row",
    "ScopeOption",
    "SearchGroup",
    "SearchHit",
    "SearchPage",
    "Sheet",
    "Shell",
    "ShowPage",
    "SignInChoice",
    "SignInPage",
    "SlipCard",
    "SlipLine",
    "SmsMeter",
    "StatTile",
    "Step",
    "StoreChoice",
    "Tab",
    "TableCard",
    "Text",
    "Tone",
    "ViewPanel",
    "ViewTab",
    "Width",
    "WtField",
]
