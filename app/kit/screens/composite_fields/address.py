"""A postal address: an input for each part."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.kit import postal_address
from app.kit.codes import CODES, country_or_none
from app.kit.database.session import db
from app.kit.errors import Invalid
from app.kit.key_values import as_text
from app.kit.phone import display_phone, home
from app.kit.screens.composite_fields.base import GroupField
from app.kit.screens.fields import plain
from app.kit.screens.pages import Text
from app.kit.texts import one_line


@dataclass(slots=True)
class AddressPart:
    """One input. `before` is what the record says, `shown` how its reader sees that."""

    part: str
    name: str
    label: Text
    before: Any
    shown: str
    value: str
    error: str = ""

    @property
    def options(self) -> Sequence[tuple[str, str]]:
        """What it is chosen from, if it is; what the record says is among it in any case."""
        if self.part != "country":
            return ()
        known = CODES["country"].options()
        odd = self.value and self.value not in {code for code, _label in known}
        return [("", ""), *([(self.value, self.value)] if odd else []), *known]


class AddressField(GroupField):
    """An address. A part that only older records have keeps its input as long as it is filled."""

    group = "address"

    def show(self, value: dict[str, Any]) -> None:
        other = [part for part in value if part not in postal_address.LABELS]
        self.parts = [self._part(part, part, value.get(part)) for part in postal_address.LABELS]
        self.parts += [self._part(p, f"other-{n}", value[p]) for n, p in enumerate(other)]

    def _part(self, part: str, end: str, before: Any) -> AddressPart:
        label = postal_address.LABELS.get(part, part)
        shown = one_line(as_text(before))
        if part == "phone":
            shown = display_phone(shown)
        return AddressPart(part, f"{self.name}-{end}", label, before, shown, shown)

    def take(self, formdata: Any) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for one in self.parts:
            if one.name in formdata:
                one.value = plain(formdata[one.name])
        region = self._region()
        for one in self.parts:
            kept = self._read(one, region)
            if kept not in (None, ""):
                made[one.part] = kept
        return made

    def is_same(self, made: dict[str, Any]) -> bool:
        return made == {part: said for part, said in self.held.items() if said not in (None, "")}

    def _region(self) -> str | None:
        """Where a phone number without a country code is at home: where it is sent, else here."""
        typed = next(one.value for one in self.parts if one.part == "country")
        return country_or_none(typed) or home(db.session())

    def _read(self, one: AddressPart, region: str | None) -> Any:
        if one_line(one.value) == one.shown:
            # Sent back as it was: also what is older than the rules of today stays.
            return one.before
        if one.part not in postal_address.LABELS:
            return one.value[: postal_address.LONGEST["street"]]
        try:
            return postal_address.read_part(one.part, one.value, region)
        except Invalid as error:
            one.error = str(error.message)
            self.wrong.append((one.name, f"{one.label}: {one.error}"))
            return None
