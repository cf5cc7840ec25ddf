"""Rights in plain words: of a role, or of one person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.kit.screens.pages.common import Link, Page, Text
from app.kit.screens.pages.forms import Field, FormError
from app.kit.screens.pages.records import Card


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
class PersonLine:
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
    people: Sequence[PersonLine] = ()
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
