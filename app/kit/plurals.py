"""Sentences with a count that a script fills in: every plural form of the reader's language."""

from dataclasses import dataclass

from babel import Locale
from flask_babel import get_locale, ngettext

# Each form of a language is needed for one of these: 1,000,000 is a kind of its own in Portuguese.
_SAMPLES = (*range(101), 1_000_000)


def plural_forms(singular: str, plural: str) -> dict[str, str]:
    """Return the sentence by the names that `Intl.PluralRules` gives the forms (one, few, many …).

    The texts are marked for translation where they are written, by `_ln`.
    """
    rule = (get_locale() or Locale("en")).plural_form
    forms: dict[str, str] = {}
    for number in _SAMPLES:
        name = rule(number)
        if name not in forms:
            forms[name] = ngettext(singular, plural, number)
    # Fractions are asked for nowhere, but a browser may know a form that this list does not.
    forms.setdefault("other", forms[rule(100)])
    return forms


@dataclass(frozen=True, slots=True)
class Counted:
    """A sentence about `{n}` things, not yet in any language."""

    singular: str
    plural: str

    def forms(self) -> dict[str, str]:
        """Return its forms in the reader's language."""
        return plural_forms(self.singular, self.plural)

    def __str__(self) -> str:
        return self.forms()["other"]


def counted(singular: str, plural: str) -> Counted:
    """Mark a sentence with `{n}` for translation; imported as `_ln`."""
    return Counted(singular, plural)
