"""Bring the catalogues up to what the code says now, and compile them.

`python -m app.kit.i18n.update` extracts, adds what is new, drops what is gone and compiles.
With `missing` it prints what lacks a translation, as JSON {language: {text: "" or ["", …]}}.
With `fill FILE` it takes translations from such a file, refusing those that break a rule.
`missing de` and `fill de FILE` are the same of one language, without its name in the JSON.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path

from babel.messages.catalog import Catalog, Message

from app.kit.i18n.catalogues import (
    Project,
    compile_catalogues,
    extract,
    framework_catalogue,
    messages,
    read,
    write,
)
from app.kit.i18n.rules import Same, faults

# Between text and context in the JSON files, as gettext itself has it.
_CONTEXT = "\x04"
Translations = Mapping[str, str | list[str]]


def update(project: Project) -> dict[str, int]:
    """Bring every catalogue up to date; return how many texts each still lacks."""
    template = extract(project)
    lacking = {}
    for language in project.languages:
        catalogue = read(project, language)
        # Babel puts the template's own messages into the catalogue: each language needs its copy.
        catalogue.update(deepcopy(template), no_fuzzy_matching=True, update_creation_date=False)
        if project.framework:
            _adopt(project, catalogue, language)
        write(project, language, catalogue)
        lacking[language] = len(_untranslated(catalogue))
    compile_catalogues(project)
    return lacking


def _adopt(project: Project, catalogue: Catalog, language: str) -> None:
    """Take from Flask-AppBuilder's own catalogue what is missing here and keeps our rules."""
    same, theirs = Same.read(project.folder / "same.txt"), framework_catalogue(language)
    for message in _untranslated(catalogue):
        known = theirs.get(message.id)
        if known is None or known.fuzzy or known.pluralizable != message.pluralizable:
            continue
        if not list(faults(known, language, catalogue, same)):
            message.string = known.string


def missing(project: Project, language: str) -> dict[str, str | list[str]]:
    """Return what lacks a translation, with room for it."""
    catalogue = read(project, language)
    empty = [""] * catalogue.num_plurals
    return {
        _key(message): list(empty) if message.pluralizable else ""
        for message in _untranslated(catalogue)
    }


def fill(project: Project, language: str, translations: Translations) -> list[str]:
    """Put translations in; return what was refused and why.

    Texts that the code lacks are refused too.
    """
    catalogue, same = read(project, language), Same.read(project.folder / "same.txt")
    known, refused = {_key(message): message for message in messages(catalogue)}, []
    for key, string in translations.items():
        message = known.get(key)
        if message is None:
            refused.append(f"“{key}”: not in the catalogue")
            continue
        before = message.string
        message.string = string if isinstance(string, str) else tuple(string)
        found = _shape(message) or list(faults(message, language, catalogue, same))
        if found:
            message.string = before
            refused += [f"“{key}”: {fault}" for fault in found]
        else:
            message.flags.discard("fuzzy")
    write(project, language, catalogue)
    compile_catalogues(project)
    return refused


def _shape(message: Message) -> list[str]:
    if message.pluralizable == isinstance(message.string, str):
        return [
            "a list of plural forms is needed" if message.pluralizable else "one text is needed"
        ]
    return []


def _untranslated(catalogue: Catalog) -> list[Message]:
    return [
        message
        for message in messages(catalogue)
        if message.fuzzy or not message.string or not all(message.string)
    ]


def _key(message: Message) -> str:
    text = message.id if isinstance(message.id, str) else message.id[0]
    return f"{message.context}{_CONTEXT}{text}" if message.context else text


def main(arguments: Sequence[str] = ()) -> int:
    """Run one of the forms above."""
    project, write_line = Project(), sys.stdout.write
    match list(arguments):
        case []:
            for language, count in update(project).items():
                write_line(f"{language}: {count} texts without translation\n")
            return 0
        case ["missing"]:
            write_line(_json({one: missing(project, one) for one in project.languages}))
            return 0
        case ["missing", language]:
            write_line(_json(missing(project, language)))
            return 0
        case ["fill", path]:
            return _filled(project, json.loads(Path(path).read_text("utf-8")))
        case ["fill", language, path]:
            return _filled(project, {language: json.loads(Path(path).read_text("utf-8"))})
    write_line(__doc__ or "")
    return 2


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _filled(project: Project, translations: Mapping[str, Translations]) -> int:
    """Fill and say what was refused, and of which language; return the exit status."""
    refused = [
        f"{language}: {one}\n"
        for language, texts in translations.items()
        for one in fill(project, language, texts)
    ]
    sys.stdout.write("".join(refused))
    return 1 if refused else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
