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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal, Protocol, TypeAlias

from flask_babel.speaklater import LazyString

Text: TypeAlias = str | LazyString
"""A text for people: escaped by the template unless it is Markup."""

Tone: TypeAlias = Literal[
    "", "good", "warn", "bad", "info", "green", "amber", "red", "blue", "grey"
]
"""The state a thing is in.

The colour words of `choices.py` and the four of the style sheet both work.
"""

Kind: TypeAlias = Literal[
    "text", "num", "money", "percent", "date", "datetime", "badge", "lead", "link", "bool", "tags"
]
"""How a column's values are written. `lead` is the first column, the name of the row."""

FilterKind: TypeAlias = Literal["text", "num", "money", "date", "choice", "bool", "lookup"]
ChartKind: TypeAlias = Literal["line", "bar", "heatmap", "pie"]
Width: TypeAlias = Literal["third", "half", "full"]


class WtField(Protocol):
    """The part of a bound WTForms field that the templates use."""

    id: str
    name: str
    data: object


# --- small parts ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Link:
    """A text that leads somewhere. Without a URL it is shown as plain text."""

    label: Text
    url: str = ""


@dataclass(frozen=True, slots=True)
class Badge:
    """A state of one record: a dot and a word."""

    label: Text
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Action:
    """A button, or an entry of a menu. `get` is a link, `post` sends the CSRF token and `version`.

    `confirm` names the consequence ("The order is cancelled and its stock is free again."); when it
    is given, the reader is asked first and `confirm_label` (else `label`) is written on the button
    that does it. `disabled` says why it cannot be done now; the button is then shown but does
    nothing.
    """

    label: Text
    url: str = ""
    icon: str = ""
    method: Literal["get", "post"] = "get"
    danger: bool = False
    confirm: Text = ""
    confirm_label: Text = ""
    version: int | None = None
    disabled: Text = ""
    wide: bool = False
    """Hidden on phones."""


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence on a coloured ground, above the content."""

    text: Text
    tone: Tone = "info"
    icon: str = ""
    actions: Sequence[Action] = ()


@dataclass(frozen=True, slots=True)
class Empty:
    """What stands in place of rows.

    What this place is for and the first step, or which filters exclude each other.
    """

    title: Text
    text: Text = ""
    icon: str = "filter-off"
    actions: Sequence[Action] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One state of a path: `note` is when or how it got there."""

    label: Text
    note: Text = ""
    url: str = ""


# --- lists ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `sort_url` makes its head a link; `wide` hides it on phones."""

    name: str
    label: Text
    kind: Kind = "text"
    sort_url: str = ""
    sorted: Literal["asc", "desc"] | None = None
    wide: bool = False
    currency: str = ""
    """Of a money column, where all rows have the same; then it stands once, in the head."""
    hint: Text = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One value.

    `extra` is a second, smaller line (first column and availability only); `tags` are free labels.
    """

    value: object = None
    url: str = ""
    tone: Tone = ""
    extra: Text = ""
    tags: Sequence[Text] = ()
    currency: str = ""
    """Of a money value whose column has none; it is written at the amount."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a list.

    `cells` in the order of the columns, `label` its name for a screen reader.
    """

    id: str
    cells: Sequence[Cell]
    label: Text = ""
    url: str = ""
    actions: Sequence[Action] = ()
    version: int | None = None
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force, as a sentence: "Last order is **in the last 90 days**".

    Tone `bad`: it could not be read.

    `field`, `operator` and `values` are what the editor opens with; without `field` the chip can
    only be removed.
    """

    subject: Text
    value: Text
    remove_url: str
    field: str = ""
    operator: str = ""
    values: Sequence[str] = ()
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class FilterOperator:
    """`is`, `is not`, `more than` …; `takes` says how many values it wants."""

    name: str
    label: Text
    takes: Literal["none", "one", "two", "many"] = "one"


@dataclass(frozen=True, slots=True)
class FilterField:
    """A field that can be filtered by, for the editor.

    `choices` are (value, label); `lookup_url` for long lists.
    """

    name: str
    label: Text
    kind: FilterKind
    operators: Sequence[FilterOperator]
    choices: Sequence[tuple[str, Text]] = ()
    lookup_url: str = ""
    group: Text = ""
    """Heading in the list of fields."""


@dataclass(frozen=True, slots=True)
class SavedView:
    """A saved view of a list, shown as a tab.

    `delete` is offered when it is current and the reader's own.
    """

    name: Text
    url: str
    count: Text | int | None = None
    current: bool = False
    delete: Action | None = None


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column that can be shown or hidden in the View panel, in the order of the table."""

    name: str
    label: Text
    shown: bool
    locked: bool = False
    """Cannot be hidden (the first column)."""


@dataclass(frozen=True, slots=True)
class ViewPanel:
    """The View panel: which columns, and saving all of it under a name."""

    columns: Sequence[ColumnChoice]
    save_url: str = ""
    can_share: bool = False


@dataclass(frozen=True, slots=True)
class BulkAction:
    """Something done with the ticked rows. `{n}` in `confirm` becomes their number."""

    name: str
    label: Text
    icon: str = ""
    danger: bool = False
    confirm: Text = ""
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Pager:
    """Previous and next, never page numbers.

    `first` and `last` are row numbers, when they are known.
    """

    previous_url: str = ""
    next_url: str = ""
    first: int | None = None
    last: int | None = None
    count_text: Text = ""
    """"more than 10,000", "212"; use the filter `capped`."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """What every page has."""

    title: Text
    crumbs: Sequence[Link] = ()
    """From the area down to the parent; empty on a page that is directly in the menu."""
    badges: Sequence[Badge] = ()
    facts: Text = ""
    """One line under the title."""
    actions: Sequence[Action] = ()
    """The quiet buttons."""
    more: Sequence[Action] = ()
    """The menu of further actions, at most 7; those with `danger` come last, after a rule."""
    primary: Action | None = None
    """The one filled button: the next step."""
    notes: Sequence[Note] = ()


@dataclass(frozen=True, kw_only=True)
class ListPage(Page):
    """A list: tresen/list.html, or tresen/fragment/list.html inside a tab of another record.

    Give either rows or `empty`; with `error` (an unreadable filter) there are no rows.
    """

    columns: Sequence[Column] = ()
    rows: Sequence[Row] = ()
    count_text: Text = ""
    caption: Text = ""
    """For screen readers: "Clients, sorted by last order, newest first". Default: the title."""
    views: Sequence[SavedView] = ()
    searchable: bool = True
    search_name: str = "q"
    search_value: str = ""
    search_hint: Text = ""
    """Placeholder: "Name, phone, email, number"."""
    keep: Sequence[tuple[str, str]] = ()
    """The other query parameters in force (filters, columns, order): a search keeps them."""
    filters: Sequence[FilterField] = ()
    chips: Sequence[Chip] = ()
    clear_url: str = ""
    view: ViewPanel | None = None
    bulk: Sequence[BulkAction] = ()
    bulk_url: str = ""
    matches: int | None = None
    """How many rows match, for "Select all that match".

    None when it is more than the count's cap.
    """
    pager: Pager = field(default_factory=Pager)
    add_url: str = ""
    add_label: Text = ""
    """"New client"; shown as the page's primary button unless `primary` is given."""
    export_url: str = ""
    empty: Empty | None = None
    error: Text = ""
    totals: Mapping[str, Cell] = field(default_factory=dict)
    """By column name; the last row of the table."""
    totals_label: Text = ""


# --- cards (used on show, form, dashboard and campaign pages) ---------------------------------


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value.

    `kind` as in Column. Empty values are shown as a dash, or left out by the screen.
    """

    label: Text
    value: object
    kind: Kind = "text"
    url: str = ""
    tone: Tone = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class KvCard:
    """Facts of a record: one per fieldset."""

    template: ClassVar[str] = "kv"
    title: Text
    facts: Sequence[Fact]
    hint: Text = ""
    badge: Badge | None = None
    actions: Sequence[Action] = ()


@dataclass(frozen=True, slots=True)
class SlipLine:
    """A line of a slip; `amount` is a finished text, or a Decimal with `currency`."""

    label: Text
    amount: object
    currency: str = ""


@dataclass(frozen=True, slots=True)
class SlipCard:
    """Wherever sums are explained: dotted leaders and a double rule over the result."""

    template: ClassVar[str] = "slip"
    title: Text
    lines: Sequence[SlipLine]
    total: SlipLine | None = None
    note: Text = ""
    actions: Sequence[Action] = ()


@dataclass(frozen=True, slots=True)
class TableCard:
    """A short table in a card. `totals` as in ListPage. `all_url` leads to the whole list."""

    template: ClassVar[str] = "table"
    title: Text
    columns: Sequence[Column]
    rows: Sequence[Row]
    totals: Mapping[str, Cell] = field(default_factory=dict)
    totals_label: Text = ""
    hint: Text = ""
    all_url: str = ""
    footer: Text = ""
    empty: Text = ""
    actions: Sequence[Action] = ()


@dataclass(frozen=True, slots=True)
class LazyCard:
    """A card whose body is fetched from `url` when it comes into view (a related list, a count)."""

    template: ClassVar[str] = "lazy"
    title: Text
    url: str
    count: Text | int | None = None
    all_url: str = ""
    actions: Sequence[Action] = ()


@dataclass(frozen=True, slots=True)
class HtmlCard:
    """Anything else: `html` is Markup that the screen built."""

    template: ClassVar[str] = "html"
    title: Text
    html: Text
    hint: Text = ""
    actions: Sequence[Action] = ()


Card: TypeAlias = KvCard | SlipCard | TableCard | LazyCard | HtmlCard


# --- show -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tab:
    """A further tab of a record.

    Its content is fetched from `url` when it is opened (an HTML fragment).
    """

    name: str
    label: Text
    url: str
    count: Text | int | None = None


@dataclass(frozen=True, kw_only=True)
class ShowPage(Page):
    """One record: tresen/show.html. The first tab holds `cards`; `tabs` are the others."""

    cards: Sequence[Card] = ()
    aside: Sequence[Card] = ()
    path: Sequence[Step] = ()
    path_at: int = 0
    """Index of the present step."""
    first_tab: Text = ""
    """Label of the first tab; default "Overview"."""
    tabs: Sequence[Tab] = ()
    previous_url: str = ""
    next_url: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One field that changed."""

    label: Text
    before: object
    after: object
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One entry of a timeline or of the history tab, newest first."""

    at: datetime
    text: Text
    who: Text = ""
    icon: str = "note"
    quote: Text = ""
    """What a person wrote."""
    changes: Sequence[Change] = ()


@dataclass(frozen=True, kw_only=True)
class HistoryPage:
    """The content of a history tab: tresen/fragment/history.html."""

    entries: Sequence[HistoryEntry]
    older_url: str = ""
    """Fetches the next entries."""
    empty: Text = ""


# --- forms ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Field:
    """A bound WTForms field and its place.

    Label, errors and `description` (the hint) come from the field.

    What the field may carry in `render_kw`: `data_lookup_url` (remote select), `multiple`, `suffix`
    (a unit or currency), `placeholder`, `autocomplete`, `inputmode`, `readonly`.
    """

    field: WtField
    width: Width = "third"
    hint: Text = ""
    suffix: Text = ""
    prefix: Text = ""


@dataclass(frozen=True, slots=True)
class FormSection:
    """A card with fields; one per fieldset."""

    title: Text
    fields: Sequence[Field]
    hint: Text = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Repeated lines inside a form.

    Rows of fields named `<name>-<index>-<field>` as WTForms' FieldList does.

    Each row is the list of its bound fields, hidden ones (the id) included; `blank` is a row with
    the index `__i__`, cloned by "Add". A removed row is sent as `<name>-<index>-delete=1` when it
    has an id, else not at all.
    """

    title: Text
    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[WtField]]
    blank: Sequence[WtField] = ()
    add_label: Text = ""
    hint: Text = ""
    errors: Sequence[Text] = ()
    removable: bool = True


@dataclass(frozen=True, slots=True)
class FormError:
    """One line of the summary on top; leads to the field with that id.

    Empty id: about the whole form.
    """

    text: Text
    field_id: str = ""


@dataclass(frozen=True, slots=True)
class ConflictField:
    """A field that both changed: what the reader typed, and what someone else has saved since."""

    label: Text
    yours: object
    theirs: object
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Someone saved the record while the reader was editing it.

    Saving again (the form then carries the new version) keeps what is in the form; `reload_url`
    throws it away and shows theirs.
    """

    who: Text
    at: datetime | None
    fields: Sequence[ConflictField]
    reload_url: str


@dataclass(frozen=True, kw_only=True)
class FormPage(Page):
    """Add and edit: tresen/form.html. Posts to `action_url` (default: the present address)."""

    sections: Sequence[FormSection | Sheet]
    hidden: Sequence[WtField] = ()
    """Hidden fields of the form besides the CSRF token, which the template adds."""
    errors: Sequence[FormError] = ()
    """When empty, the summary is made from the fields' own errors."""
    version: int | None = None
    conflict: Conflict | None = None
    action_url: str = ""
    save_label: Text = ""
    """"Save the client"."""
    save_actions: Sequence[tuple[str, Text]] = ()
    """Further submit buttons as (value of `after`, label): ("add", "Save and add another")."""
    discard_url: str = ""
    multipart: bool = False
    aside: Sequence[Card] = ()


# --- dashboard --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StatTile:
    """A figure. `value` is a finished text; the label leads to the rows behind it.

    `change` names its unit ("▲ 12.4 %", "▲ 0.6 points"; see the filter `change`), `against` what it
    is against.
    """

    label: Text
    value: Text
    url: str = ""
    change: Text = ""
    tone: Tone = ""
    against: Text = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its table; the chart is drawn from the table, so that they cannot differ.

    The first column holds the names along the axis, each further column is a series (the second
    one, "before", is drawn dashed in a line chart). Cells carry plain numbers; `Cell.url`, or else
    `Row.url`, is where a click goes. A heatmap is one row per day and one column per hour. A pie
    takes the first series.
    """

    id: str
    title: Text
    columns: Sequence[Column]
    rows: Sequence[Row]
    chart: ChartKind = "line"
    hint: Text = ""
    all_url: str = ""
    empty: Text = ""
    full: bool = True
    """The whole width; else half."""
    totals: Mapping[str, Cell] = field(default_factory=dict)
    totals_label: Text = ""


@dataclass(frozen=True, slots=True)
class ControlMenu:
    """A choice over a whole page (period, comparison, store): links, one of them current."""

    label: Text
    items: Sequence[Link]
    current: Text
    icon: str = ""
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class DashboardPage(Page):
    """tresen/dashboard.html."""

    controls: Sequence[ControlMenu] = ()
    tiles: Sequence[StatTile] = ()
    figures: Sequence[Figure | Card] = ()
    aside: Sequence[Card | Figure] = ()


# --- search -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SearchHit:
    title: Text
    url: str
    text: Text = ""
    badge: Badge | None = None


@dataclass(frozen=True, slots=True)
class SearchGroup:
    """What was found of one kind; `more_url` leads to the list with the same search."""

    label: Text
    icon: str
    hits: Sequence[SearchHit]
    more_url: str = ""


@dataclass(frozen=True, kw_only=True)
class SearchPage(Page):
    """The search over everything: tresen/search.html."""

    query: str
    groups: Sequence[SearchGroup] = ()
    empty: Empty | None = None


# --- rights -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Right:
    """One right in plain words.

    `reason` says why it cannot be changed by this reader; then it is disabled.

    `marks`: "new", "money" (moves money), "private" (private data). `level` serves the buttons See
    only/Everything. `granted_by` names the roles it comes from, on the page "rights of this user".
    """

    name: str
    label: Text
    description: Text = ""
    checked: bool = False
    reason: Text = ""
    marks: Sequence[Literal["new", "money", "private"]] = ()
    level: Literal["see", "change"] = "change"
    granted_by: Sequence[Text] = ()


@dataclass(frozen=True, slots=True)
class RightsArea:
    name: str
    label: Text
    icon: str
    rights: Sequence[Right]
    count_text: Text = ""
    """"7 of 8"."""


@dataclass(frozen=True, slots=True)
class ScopeOption:
    """A radio button: whose data."""

    value: str
    label: Text
    description: Text = ""
    checked: bool = False
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    name: Text
    text: Text = ""
    url: str = ""
    initials: Text = ""


@dataclass(frozen=True, kw_only=True)
class RightsPage(Page):
    """A role, or the rights of one user: tresen/rights.html.

    Posts `right` (repeated), `scope`, `version`, fields.

    With `readonly` there are no controls: each right says which role gives it.
    """

    areas: Sequence[RightsArea]
    scope_name: str = "scope"
    scope: Sequence[ScopeOption] = ()
    fields: Sequence[Field] = ()
    """Name and description of a role of the company's own."""
    errors: Sequence[FormError] = ()
    in_words: Text = ""
    people: Sequence[Person] = ()
    people_more: Link | None = None
    invite_url: str = ""
    told: Text = ""
    """"6 people have this role. It takes effect on their next click."."""
    action_url: str = ""
    save_label: Text = ""
    discard_url: str = ""
    version: int | None = None
    readonly: bool = False
    aside: Sequence[Card] = ()


# --- campaigns and other long work ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SmsMeter:
    """What the meter under a message needs.

    Everything else is counted in the browser while typing.
    """

    recipients: int = 0
    price: Decimal | None = None
    currency: str = "EUR"
    longest: Mapping[str, str] = field(default_factory=dict)
    """Variable → its longest value among the recipients."""
    sample: Mapping[str, str] = field(default_factory=dict)
    """Variable → its value for the client of the preview."""


@dataclass(frozen=True, kw_only=True)
class CampaignPage(Page):
    """Preparing a campaign: tresen/campaign.html.

    A form like FormPage, with its steps on one page.
    """

    channel: Literal["email", "sms", "whatsapp"]
    steps: Sequence[Step] = ()
    step_at: int = 0
    segment: Link | None = None
    segment_chips: Sequence[tuple[Text, Text]] = ()
    change_segment: Action | None = None
    audience: TableCard | None = None
    """In the segment, each reason for leaving out (negative), and the recipients as the total."""
    sections: Sequence[FormSection | Sheet] = ()
    message: Sequence[Field] = ()
    """The fields of the card Message.

    The one named `text` gets the meter and the menu of variables.
    """
    variables: Sequence[tuple[str, Text]] = ()
    """("{first_name}", "First name")."""
    meter: SmsMeter | None = None
    preview_of: Text = ""
    preview: Text = ""
    """The message as the client of the preview sees it. Of an SMS it is redrawn while typing."""
    preview_url: str = ""
    """GET with `client` gives another client's preview.

    POST with the form's fields the present one, as HTML.
    """
    preview_from: Text = ""
    cost: SlipCard | None = None
    questions: Sequence[Note] = ()
    hidden: Sequence[WtField] = ()
    errors: Sequence[FormError] = ()
    version: int | None = None
    conflict: Conflict | None = None
    action_url: str = ""
    save_label: Text = ""
    discard_url: str = ""
    aside: Sequence[Card] = ()


@dataclass(frozen=True, kw_only=True)
class ProgressPage(Page):
    """Work in progress (a running campaign, an import, an export): tresen/campaign_running.html.

    While `poll_url` is given it is fetched every few seconds as HTML (tresen/fragment/progress.html
    with the same page) and put in place of the live part; a fragment without `poll_url` ends the
    polling.
    """

    headline: Text
    """"2,614 of 3,920 sent"."""
    done: int = 0
    total: int | None = None
    """None: not known yet; the bar is then indeterminate."""
    sentence: Text = ""
    state: Badge | None = None
    tiles: Sequence[StatTile] = ()
    cards: Sequence[Card] = ()
    timeline: Sequence[HistoryEntry] = ()
    poll_url: str = ""
    poll_seconds: int = 3


# --- signing in and refusals ------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class SignInPage:
    """tresen/signin.html, invite.html, reset.html: a small form on an empty page."""

    title: Text
    text: Text = ""
    fields: Sequence[Field] = ()
    hidden: Sequence[WtField] = ()
    error: Text = ""
    """"This email and password do not belong together. You can try 3 more times."."""
    done: Text = ""
    """A sentence in place of the form: "If this address is known, a link is on its way."."""
    action_url: str = ""
    submit_label: Text = ""
    forgot_url: str = ""
    back: Link | None = None
    company: Text = ""


# --- the shell around every page --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MenuItem:
    """An entry of the side menu. `count` is what waits there."""

    label: Text
    url: str
    icon: str = ""
    count: Text | int | None = None
    current: bool = False


@dataclass(frozen=True, slots=True)
class MenuArea:
    """A group of the side menu; the first one usually has no label."""

    label: Text
    items: Sequence[MenuItem]


@dataclass(frozen=True, slots=True)
class Language:
    code: str
    name: str
    url: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class StoreChoice:
    """An entry of the store switcher: posts `store` (empty: all stores) to Shell.store_url."""

    name: Text
    value: str = ""
    current: bool = False


@dataclass(frozen=True, kw_only=True)
class Shell:
    """Top bar and side menu.

    Made once per request by the function given to `app.web.init_app(app, shell=…)`, which returns
    None for a reader who is not signed in. Links with an empty URL are left out.
    """

    company: str
    areas: Sequence[MenuArea]
    user_name: str
    user_text: Text = ""
    """Under the name: the role."""
    initials: str = ""
    """Of the company; made from its name when empty."""
    user_initials: str = ""
    home_url: str = "/"
    search_url: str = ""
    stores: Sequence[StoreChoice] = ()
    store_url: str = ""
    quick_add: Sequence[Link] = ()
    notifications_url: str = ""
    unread: int = 0
    profile: Sequence[Link] = ()
    """Links of the profile menu: own settings, password, sessions."""
    sign_out_url: str = ""
    """Signing out is a POST."""
    languages: Sequence[Language] = ()
    language_url: str = ""
    """POST with `language`; when empty, each language's own URL is a link."""
    brand_css_url: str = ""
    """The style sheet with the company's four brand values."""
    banner: Note | None = None
    """Above every page: "You see this as Jonas Weiß"."""
