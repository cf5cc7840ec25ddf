"""Reading, extracting, writing and compiling the catalogues.

A catalogue is translations/<language>/LC_MESSAGES/messages.po, sorted by text and without line
numbers, so that a change of code changes only what it means. The compiled .mo files are made at
start and not kept in git.
"""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

LANGUAGES = ("de", "pt_BR", "uk", "ru")
ROOT = Path(__file__).resolve().parents[3]

_KEYWORDS: dict[str, Any] = {
    **DEFAULT_KEYWORDS,
    "_l": None,
    "lazy_gettext": None,
    "lazy_ngettext": (1, 2),
    "_ln": (1, 2),
    "_n": (1, 2),
    "lazy_pgettext": ((1, "c"), 2),
    "_lp": ((1, "c"), 2),
}
_FRAMEWORK = [("**/tests/**", "ignore"), ("**.py", "python"), ("**/templates/**.html", "jinja2")]
_FRAMEWORK_OPTIONS = {"**/templates/**.html": {"extensions": "jinja2.ext.do"}}
# The same in every file, so that an update without news changes nothing.
_DATE = datetime(2026, 1, 1, tzinfo=UTC)
_HEADER = "# Written by `python -m app.kit.i18n.update`; translations are edited here."


@dataclass(frozen=True)
class Project:
    """Where the texts and catalogues lie. `framework` adds the texts of Flask-AppBuilder itself."""

    root: Path = ROOT
    languages: tuple[str, ...] = LANGUAGES
    framework: bool = True

    @property
    def folder(self) -> Path:
        return self.root / "translations"

    def path(self, language: str) -> Path:
        """Return the catalogue of a language."""
        return self.folder / language / "LC_MESSAGES" / "messages.po"


def extract(project: Project) -> Catalog:
    """Every text of the code and templates. Raises on a template that does not parse."""
    template = _empty(None)
    with (project.root / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    _collect(template, project.root, methods, options, _is_ours(project.root))
    if project.framework:
        _collect(template, _framework_folder(), _FRAMEWORK, _FRAMEWORK_OPTIONS, None)
    return template


def _collect(template: Catalog, folder: Path, methods: Any, options: Any, wanted: Any) -> None:
    found = extract_from_dir(
        folder,
        methods,
        options,
        keywords=_KEYWORDS,
        comment_tags=("L10N:",),
        directory_filter=wanted,
    )
    prefix = "" if wanted else folder.name + "/"
    for name, _line, text, comments, context in found:
        template.add(text, None, [(prefix + name, 0)], auto_comments=comments, context=context)


def _is_ours(root: Path) -> Any:
    """Only app/ is walked: a checkout holds environments and data beside it."""
    ours = root / "app"

    def wanted(folder: str | Path) -> bool:
        path = Path(folder)
        return (path == ours or ours in path.parents) and path.name != "static"

    return wanted


def _framework_folder() -> Path:
    found = find_spec("flask_appbuilder")
    if found is None or found.origin is None:
        raise RuntimeError("Flask-AppBuilder is not installed.")
    return Path(found.origin).parent


def read(project: Project, language: str) -> Catalog:
    """Return the catalogue of a language, an empty one when there is none yet."""
    path = project.path(language)
    if not path.exists():
        return _empty(language)
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def write(project: Project, language: str, catalogue: Catalog) -> bool:
    """Write the catalogue; return whether the file changed."""
    catalogue.header_comment, catalogue.fuzzy = _HEADER, False
    catalogue.creation_date = catalogue.revision_date = _DATE
    target = BytesIO()
    write_po(
        target, catalogue, width=100, sort_output=True, ignore_obsolete=True, include_lineno=False
    )
    path = project.path(language)
    if path.exists() and path.read_bytes() == target.getvalue():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(target.getvalue())
    return True


def framework_catalogue(language: str) -> Catalog:
    """Return what Flask-AppBuilder ships for a language; empty where it ships none."""
    path = _framework_folder() / "translations" / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return _empty(language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def messages(catalogue: Catalog) -> Iterator[Message]:
    """Return the messages without the header."""
    return (message for message in catalogue if message.id)


def compile_catalogues(project: Project | None = None) -> list[str]:
    """Make the .mo files that are missing or stale; return the languages compiled."""
    project = project or Project()
    return [language for language in project.languages if _compile(project, language)]


def _compile(project: Project, language: str) -> bool:
    source = project.path(language)
    target = source.with_suffix(".mo")
    if not source.exists():
        return False
    # A compiled file bears its source's time, so that an older source put back is noticed as well.
    written = source.stat().st_mtime_ns
    if target.exists() and target.stat().st_mtime_ns == written:
        return False
    # Renamed into place: another process may be reading the old one.
    handle, draft = tempfile.mkstemp(dir=target.parent, prefix=".draft-")
    with os.fdopen(handle, "wb") as file:
        write_mo(file, read(project, language))
    Path(draft).chmod(0o644)
    os.utime(draft, ns=(written, written))
    Path(draft).replace(target)
    return True


def _empty(language: str | None) -> Catalog:
    return Catalog(
        locale=language,
        project="Tresen",
        version="1",
        header_comment=_HEADER,
        creation_date=_DATE,
        revision_date=_DATE,
        fuzzy=False,
    )
