"""Forms: fields in their sections, repeated lines, and what was refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.kit.screens.pages.common import Kind, Page, Text, Width, WtField
from app.kit.screens.pages.lists import Column
from app.kit.screens.pages.records import Card


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
class EditConflict:
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
    """What is about the whole form; the summary adds the fields' own errors."""
    version: int | None = None
    conflict: EditConflict | None = None
    action_url: str = ""
    save_label: Text = ""
    """"Save the client"."""
    save_actions: Sequence[tuple[str, Text]] = ()
    """Further submit buttons as (value of `after`, label): ("add", "Save and add another")."""
    discard_url: str = ""
    multipart: bool = False
    aside: Sequence[Card] = ()
