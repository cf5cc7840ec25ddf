"""What a good translation is. Each rule yields sentences that say what is wrong with one."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message

from app.kit.i18n.catalogues import messages

CYRILLIC = ("uk", "ru")

_NAMED = re.compile(r"%\((\w+)\)[#0\- +]*\d*(?:\.\d+)?([a-zA-Z])")
_BRACED = re.compile(r"\{(\w*)(?:![rsa])?(?::[^{}]*)?\}")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


class BadList(Exception):
    """The list of texts that may stay English cannot be read."""


@dataclass(frozen=True)
class Same:
    """Texts that may stay as they are, by language; `*` is every language."""

    allowed: frozenset[tuple[str, str]]

    def allows(self, language: str, text: str) -> bool:
        """Whether the text may stay English in the language."""
        return (language, text) in self.allowed or ("*", text) in self.allowed

    @classmethod
    def read(cls, path: Path) -> "Same":
        """Read the file. Raises BadList for a line without its three parts."""
        allowed = set()
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            parts = line.split("\t")
            if len(parts) != 3 or not all(part.strip() for part in parts):
                raise BadList(f"{path.name}:{number}: languages, text and reason, parted by tabs")
            languages, text, _reason = parts
            allowed |= {(language.strip(), text) for language in languages.split(",")}
        return cls(frozenset(allowed))


def problems(template: Catalog, catalogue: Catalog, language: str, same: Same) -> Iterator[str]:
    """Everything wrong with a catalogue, one sentence each."""
    usual = Catalog(locale=language)
    if (catalogue.num_plurals, catalogue.plural_expr) != (usual.num_plurals, usual.plural_expr):
        yield f"the header says {catalogue.plural_forms} instead of {usual.plural_forms}"
    wanted = {(message.id, message.context) for message in messages(template)}
    for message in messages(template):
        found = catalogue.get(message.id, message.context)
        name = _shown(message)
        # A plural and a singular of the same text share a place; its shape says which one it is.
        if found is None or found.pluralizable != message.pluralizable:
            yield f"{name}: missing"
        elif found.fuzzy:
            yield f"{name}: fuzzy"
        else:
            yield from (f"{name}: {fault}" for fault in faults(found, language, catalogue, same))
    for message in messages(catalogue):
        if (message.id, message.context) not in wanted:
            yield f"{_shown(message)}: no longer used, run the update"


def faults(message: Message, language: str, catalogue: Catalog, same: Same) -> Iterator[str]:
    """Return what is wrong with one translated message."""
    sources, forms = _strings(message.id), _strings(message.string)
    if message.pluralizable and len(forms) != catalogue.num_plurals:
        yield f"{len(forms)} plural forms instead of {catalogue.num_plurals}"
        return
    if not all(form.strip() for form in forms):
        yield "missing" if not any(forms) else "a plural form is missing"
        return
    for index, form in enumerate(forms):
        yield from _of_placeholders(sources, index, form, len(forms))
        yield from _of_edges(sources[0], form)
        if sorted(_TAG.findall(form)) != sorted(
            _TAG.findall(sources[min(index, len(sources) - 1)])
        ):
            yield f"other HTML tags in “{form}”"
    if not any(same.allows(language, source) for source in sources):
        yield from _of_language(sources, forms, language)


def _of_placeholders(sources: tuple[str, ...], index: int, form: str, count: int) -> Iterator[str]:
    """Ask for the plural's placeholders; only a form for one alone may spell the number out."""
    allowed = [placeholders(sources[-1])]
    if index == 0 and count <= 2:
        allowed.append(placeholders(sources[0]))
    if placeholders(form) not in allowed:
        yield f"other placeholders in “{form}”"
    elif _percents(sources[-1]) != _percents(form) or not _formats(sources[-1], form):
        yield f"a stray % in “{form}”"


def _of_edges(source: str, form: str) -> Iterator[str]:
    if source[: len(source) - len(source.lstrip())] != form[: len(form) - len(form.lstrip())]:
        yield f"other space at the beginning of “{form}”"
    if source[len(source.rstrip()) :] != form[len(form.rstrip()) :]:
        yield f"other space at the end of “{form}”"


def _of_language(sources: tuple[str, ...], forms: tuple[str, ...], language: str) -> Iterator[str]:
    if not any(_letters(source) for source in sources):
        return
    if {form.casefold() for form in forms} & {source.casefold() for source in sources}:
        yield "the same as in English (if that is right, say so in same.txt)"
    elif language in CYRILLIC and not all(
        re.search("[а-яёіїєґ]", form, re.IGNORECASE) for form in forms
    ):
        yield "without a Cyrillic letter"


def placeholders(text: str) -> dict[str, int]:
    """Return how often each placeholder occurs: %(name)s with its kind, {name} without format."""
    bare = text.replace("%%", "")
    found = [f"%({name}){kind}" for name, kind in _NAMED.findall(bare)]
    found += [f"{{{name}}}" for name in _BRACED.findall(bare)]
    return {one: found.count(one) for one in found}


def _percents(text: str) -> bool:
    """Whether there is a % that belongs to no placeholder."""
    return "%" in _NAMED.sub("", text)


def _formats(source: str, form: str) -> bool:
    """Whether `form % values` works wherever `source % values` does."""
    names = {name: 1 for name, _kind in _NAMED.findall(source)}
    try:
        source % names
    except (ValueError, TypeError, KeyError):
        return True
    try:
        form % names
    except (ValueError, TypeError, KeyError):
        return False
    return True


def _letters(text: str) -> bool:
    """Whether anything is left to translate without placeholders and tags."""
    bare = _TAG.sub("", _BRACED.sub("", _NAMED.sub("", text)))
    return any(character.isalpha() for character in bare)


def _strings(value: str | Sequence[str] | None) -> tuple[str, ...]:
    return (value or "",) if value is None or isinstance(value, str) else tuple(value)


def _shown(message: Message) -> str:
    text = f"“{_strings(message.id)[0]}”"
    return f"{text} ({message.context})" if message.context else text


def idle_allowances(same: Same, catalogues: dict[str, Catalog]) -> Iterator[str]:
    """Lines of the list that no catalogue makes use of."""
    for language, text in sorted(same.allowed):
        asked = [c for name, c in catalogues.items() if language in ("*", name)]
        if not any(_stays(catalogue, text) for catalogue in asked):
            yield f"same.txt: “{text}” ({language}) is not needed"


def _stays(catalogue: Catalog, text: str) -> bool:
    return any(
        text in _strings(message.id) and text in _strings(message.string)
        for message in messages(catalogue)
    )
