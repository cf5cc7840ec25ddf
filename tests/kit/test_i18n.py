"""Translations are complete and cannot break a page; the check is seen failing for each rule."""

import json
import os
import re
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel, force_locale, lazy_gettext, lazy_pgettext, ngettext

from app.kit.i18n import update as update_module
from app.kit.i18n.catalogues import (
    ROOT,
    Project,
    compile_catalogues,
    extract,
    messages,
    read,
    write,
)
from app.kit.i18n.check import check
from app.kit.i18n.update import fill, main, missing, update

CODE = """
from flask_babel import lazy_gettext as _l, lazy_pgettext as _lp, ngettext
A = _l("Client")
B = _l("Hello %(name)s")
C = ngettext("%(num)d order", "%(num)d orders", 2)
D = _l("Owed: {amount} ")
E = _l("Tresen")
F = _l("%(n)s %%")
G = _lp("job", "Position")
H = _l("Position")
"""
PAGE = """{% do [] %}<h1>{{ _("Read <b>this</b>") }}</h1>{{ ngettext("one day", "%(num)d days", 3) }}"""
GERMAN: dict[str, str | list[str]] = {
    "Client": "Kundin",
    "Hello %(name)s": "Hallo %(name)s",
    "%(num)d order": ["%(num)d Bestellung", "%(num)d Bestellungen"],
    "Owed: {amount} ": "Offen: {amount} ",
    "%(n)s %%": "%(n)s %%",
    "Read <b>this</b>": "Lies <b>das</b>",
    "one day": ["ein Tag", "%(num)d Tage"],
    "job\x04Position": "Tätigkeit",
    "Position": "Stelle",
}
UKRAINIAN: dict[str, str | list[str]] = {
    "Client": "Клієнтка",
    "Hello %(name)s": "Вітаємо, %(name)s",
    "%(num)d order": ["%(num)d замовлення", "%(num)d замовлення", "%(num)d замовлень"],
    "Owed: {amount} ": "Борг: {amount} ",
    "%(n)s %%": "%(n)s %%",
    "Read <b>this</b>": "Прочитайте <b>це</b>",
    "one day": ["%(num)d день", "%(num)d дні", "%(num)d днів"],
    "job\x04Position": "Посада",
    "Position": "Позиція",
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a small product of its own in German and Ukrainian, completely translated."""
    made = Project(tmp_path, ("de", "uk"), framework=False)
    (tmp_path / "app" / "templates").mkdir(parents=True)
    (tmp_path / "app" / "part.py").write_text(CODE)
    (tmp_path / "app" / "templates" / "page.html").write_text(PAGE)
    (tmp_path / "babel.cfg").write_bytes((ROOT / "babel.cfg").read_bytes())
    made.folder.mkdir()
    (made.folder / "same.txt").write_text("# names\n*\tTresen\tthe product's name\n")
    update(made)
    assert fill(made, "de", {**GERMAN, "Tresen": "Tresen"}) == []
    assert fill(made, "uk", {**UKRAINIAN, "Tresen": "Tresen"}) == []
    return made


def put(project: Project, language: str, text: str, string: str | tuple[str, ...]) -> None:
    """Write a translation past the checks of `fill`."""
    catalogue = read(project, language)
    message = catalogue.get(text)
    assert message is not None
    message.string = string
    write(project, language, catalogue)


def test_a_complete_translation_has_no_problem(project: Project) -> None:
    assert list(check(project)) == []


def test_a_text_that_nobody_translated_yet_is_found(project: Project) -> None:
    page = project.root / "app" / "templates" / "page.html"
    page.write_text(PAGE + '{{ _("Fresh text") }}')
    assert set(check(project)) == {"de: “Fresh text”: missing", "uk: “Fresh text”: missing"}
    update(project)
    assert set(check(project)) == {"de: “Fresh text”: missing", "uk: “Fresh text”: missing"}
    assert missing(project, "de") == {"Fresh text": ""}


def test_a_text_that_the_code_no_longer_has_is_found_and_dropped(project: Project) -> None:
    (project.root / "app" / "templates" / "page.html").write_text("")
    assert "de: “one day”: no longer used, run the update" in set(check(project))
    update(project)
    assert list(check(project)) == []


@pytest.mark.parametrize(
    ("language", "text", "string", "problem"),
    [
        ("de", "Client", "", "missing"),
        ("de", "Client", "Client", "the same as in English"),
        ("de", "Client", "client", "the same as in English"),
        ("uk", "Client", "Klientka", "without a Cyrillic letter"),
        ("uk", "one day", ("%(num)d день", "%(num)d dni", "%(num)d днів"), "without a Cyrillic"),
        ("de", "Hello %(name)s", "Hallo", "other placeholders"),
        ("de", "Hello %(name)s", "Hallo %(nmae)s", "other placeholders"),
        ("de", "Hello %(name)s", "Hallo %(name)d", "other placeholders"),
        ("de", "Hello %(name)s", "Hallo %(name)s %(name)s", "other placeholders"),
        ("de", "Hello %(name)s", "Hallo %(name)s, 5 % mehr", "stray %"),
        ("de", "Hello %(name)s", "100%, %(name)s", "stray %"),
        ("de", "Client", "100 %", "stray %"),
        ("de", "Owed: {amount} ", "Offen: {betrag} ", "other placeholders"),
        ("de", "Owed: {amount} ", "Offen: {amount}", "other space at the end"),
        ("de", "Client", " Kundin", "other space at the beginning"),
        ("de", "Read <b>this</b>", "Lies <b>das", "other HTML tags"),
        ("de", "Read <b>this</b>", "Lies <b onclick=x>das</b>", "other HTML tags"),
        ("de", "%(num)d order", ("%(num)d Bestellung", ""), "a plural form is missing"),
        ("uk", "one day", ("день", "%(num)d дні", "%(num)d днів"), "other placeholders"),
        ("de", "one day", ("ein Tag", "Tage"), "other placeholders"),
    ],
)
def test_a_translation_that_cannot_be_right_is_found(
    project: Project, language: str, text: str, string: str | tuple[str, ...], problem: str
) -> None:
    put(project, language, text, string)
    found = list(check(project))
    assert found
    assert all(one.startswith(f"{language}: “{text}”: ") and problem in one for one in found)


def test_a_fuzzy_translation_is_found(project: Project) -> None:
    catalogue = read(project, "de")
    message = catalogue.get("Client")
    assert message is not None
    message.flags.add("fuzzy")
    write(project, "de", catalogue)
    assert list(check(project)) == ["de: “Client”: fuzzy"]


def test_a_word_with_two_meanings_is_asked_for_in_each_of_them(project: Project) -> None:
    catalogue = read(project, "uk")
    assert catalogue.get("Position", "job").string == "Посада"
    catalogue.get("Position", "job").string = ""
    write(project, "uk", catalogue)
    assert list(check(project)) == ["uk: “Position” (job): missing"]
    assert missing(project, "uk") == {"job\x04Position": ""}
    assert fill(project, "uk", {"job\x04Position": "Посада"}) == []
    compile_catalogues(project)
    app = Flask("two meanings")
    Babel(app, default_translation_directories=str(project.folder))
    with app.app_context(), force_locale("uk"):
        assert str(lazy_pgettext("job", "Position")) == "Посада"
        assert str(lazy_gettext("Position")) == "Позиція"


def test_plural_forms_are_those_of_the_language(project: Project) -> None:
    path = project.path("uk")
    kept = path.read_text("utf-8")
    # A catalogue that says it has two forms may have two of each: nobody would miss the third.
    two = re.sub(
        r"plural=\(.*?\);",
        "plural=(n != 1);",
        kept.replace("nplurals=3", "nplurals=2"),
        flags=re.DOTALL,
    )
    path.write_text(re.sub(r"msgstr\[2\].*\n", "", two), "utf-8")
    assert any("the header says nplurals=2" in one for one in check(project))
    path.write_text(re.sub(r"msgstr\[2\].*\n", "", kept), "utf-8")
    assert "uk: “one day”: a plural form is missing" in set(check(project))


def test_a_text_that_became_a_plural_is_missing_until_translated_anew(project: Project) -> None:
    code = project.root / "app" / "part.py"
    code.write_text(CODE.replace('A = _l("Client")', 'A = ngettext("Client", "Clients", 2)'))
    assert "de: “Client”: missing" in set(check(project))
    update(project)
    assert missing(project, "uk") == {"Client": ["", "", ""]}


def test_a_text_may_stay_english_only_with_a_reason_and_only_while_it_does(
    project: Project,
) -> None:
    names = project.folder / "same.txt"
    names.write_text("")
    assert set(check(project)) == {
        f"{language}: “Tresen”: the same as in English (if that is right, say so in same.txt)"
        for language in ("de", "uk")
    }
    names.write_text("*\tTresen\t\n")
    assert list(check(project)) == ["same.txt:1: languages, text and reason, parted by tabs"]
    names.write_text("*\tTresen\ta name\nde\tClient\twe thought so\n")
    assert list(check(project)) == ["same.txt: “Client” (de) is not needed"]


def test_translations_are_taken_from_a_file_unless_they_break_a_rule(project: Project) -> None:
    refused = fill(
        project,
        "uk",
        {"Client": "Клієнт", "Hello %(name)s": "Привіт", "Gone": "Нема", "one day": "день"},
    )
    assert refused == [
        "“Hello %(name)s”: other placeholders in “Привіт”",
        "“Gone”: not in the catalogue",
        "“one day”: a list of plural forms is needed",
    ]
    found = read(project, "uk")
    assert found["Client"].string == "Клієнт"
    assert found["Hello %(name)s"].string == "Вітаємо, %(name)s"
    json.dumps(missing(project, "uk"))


def test_what_lacks_in_every_language_is_filled_in_at_once(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(update_module, "Project", lambda: project)
    page = project.root / "app" / "templates" / "page.html"
    page.write_text(PAGE + '{{ _("Fresh text") }}')
    update(project)
    assert main(["missing"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "de": {"Fresh text": ""},
        "uk": {"Fresh text": ""},
    }
    file = project.root / "texts.json"
    file.write_text('{"de": {"Fresh text": "Neuer Text"}, "uk": {"Fresh text": "New text"}}')
    assert main(["fill", str(file)]) == 1
    assert capsys.readouterr().out == "uk: “Fresh text”: without a Cyrillic letter\n"
    assert set(check(project)) == {"uk: “Fresh text”: missing"}


def test_an_update_without_news_changes_no_file(project: Project) -> None:
    before = {language: project.path(language).read_bytes() for language in project.languages}
    update(project)
    assert {
        language: project.path(language).read_bytes() for language in project.languages
    } == before


def test_a_template_that_does_not_parse_stops_the_extraction(project: Project) -> None:
    (project.root / "app" / "templates" / "broken.html").write_text("{% if %}")
    with pytest.raises(Exception, match="Expected an expression"):
        extract(project)


def test_catalogues_are_compiled_when_they_changed_and_read_by_the_application(
    project: Project,
) -> None:
    assert compile_catalogues(project) == []
    os.utime(project.path("uk"), (0, 0))
    assert compile_catalogues(project) == ["uk"]
    app = Flask("translated")
    Babel(app, default_translation_directories=str(project.folder))
    with app.app_context(), force_locale("uk"):
        assert str(lazy_gettext("Client")) == "Клієнтка"
        assert [ngettext("one day", "%(num)d days", n) for n in (1, 3, 5, 21)] == [
            "1 день",
            "3 дні",
            "5 днів",
            "21 день",
        ]


def test_our_texts_and_those_of_the_framework_are_extracted() -> None:
    found = {message.id for message in messages(extract(Project()))}
    assert {
        "This amount is too large.",
        "This link has expired. Please ask for a new one.",
    } <= found
    ours = {message.id for message in messages(extract(Project(framework=False)))}
    assert len(found - ours) > 80
    assert "Are you sure you want to delete this item?" in found
