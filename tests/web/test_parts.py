"""Headers, static files, formats and fields; and what a template asks of the sprite."""

# ruff: noqa: PT018 -- halves of a sentence belong together

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from markupsafe import Markup

from app.kit import clock
from app.web import formats, helpers
from tests.web.demo import NOW, create_demo

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "app" / "web"


@pytest.fixture
def english(demo: Flask):
    clock.set_clock(lambda: NOW)
    with demo.test_request_context("/"):
        yield


def test_every_page_carries_the_policy_and_the_other_headers(demo: Flask) -> None:
    answer = demo.test_client().get("/list")
    policy = answer.headers["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce and f'nonce="{nonce[1]}"' in answer.text
    assert (
        "unsafe" not in policy
        and "default-src 'none'" in policy
        and "frame-ancestors 'none'" in policy
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert demo.test_client().get("/list").headers["Content-Security-Policy"] != policy


def test_static_files_are_kept_for_ever_under_the_hash_of_their_content(demo: Flask) -> None:
    client = demo.test_client()
    address = re.search(r'href="(/static/app\.css\?v=[0-9a-f]{10})"', client.get("/list").text)
    assert address
    plain, squeezed = (
        client.get(address[1]),
        client.get(address[1], headers={"Accept-Encoding": "gzip"}),
    )
    assert (
        plain.headers["Cache-Control"]
        == squeezed.headers["Cache-Control"]
        == "public, max-age=31536000, immutable"
    )
    assert (
        squeezed.headers["Content-Encoding"] == "gzip" and len(squeezed.data) < len(plain.data) / 3
    )
    unstamped = client.get("/static/app.css")
    assert "immutable" not in unstamped.headers["Cache-Control"]
    assert client.get("/static/../setup.py").status_code == 404
    for answer in (plain, squeezed, unstamped):
        answer.close()


def test_a_list_of_fifty_rows_stays_light(demo: Flask) -> None:
    assert len(demo.test_client().get("/list-long").data) <= 120_000


def test_no_template_writes_a_style_or_a_handler(demo: Flask) -> None:
    found = [
        str(path)
        for path in WEB.rglob("*.html")
        if re.search(r"""\sstyle=|\son[a-z]+=["']|javascript:""", path.read_text())
    ]
    assert found == []


def test_names_are_escaped_everywhere(demo: Flask) -> None:
    html = demo.test_client().get("/list").text
    assert "<b>Not bold</b>" not in html and "&lt;b&gt;Not bold&lt;/b&gt;" in html


def test_every_icon_that_is_asked_for_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (WEB / "static" / "icons.svg").read_text()))
    asked = set()
    for path in WEB.rglob("*.html"):
        asked |= set(re.findall(r"""icon\('([a-z0-9-]+)'\)""", path.read_text()))
    for path in (ROOT / "app").rglob("*.py"):
        asked |= set(
            re.findall(r"""\bicon(?:_name)?: ?(?:str )?= ?"([a-z0-9-]+)\"""", path.read_text())
        )
        asked |= set(re.findall(r"""\bicon="([a-z0-9-]+)\"""", path.read_text()))
    assert asked - drawn == set()


def test_the_vendored_files_are_those_of_the_list() -> None:
    import hashlib
    import json

    listed = json.loads((WEB / "static" / "vendor" / "VERSIONS.json").read_text())["files"]
    found = {
        str(path.relative_to(WEB / "static" / "vendor")): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in (WEB / "static" / "vendor").rglob("*")
        if path.is_file() and path.name != "VERSIONS.json"
    }
    assert found == listed


def test_numbers_and_money(english: None) -> None:
    assert formats.number(1284310) == "1,284,310"
    assert formats.number(Decimal("-412.5"), 2) == "−412.50"
    assert formats.money(Decimal("-34.97"), "EUR") == "−€34.97"
    assert formats.money(Decimal("2318.4")) == "2,318.40"
    assert formats.change(112, 100) == "▲ 12.0 %" and formats.change(98, 100) == "▼ 2.0 %"
    assert formats.change(5, 0) == "" and formats.change(100, 100) == "– unchanged"
    assert formats.capped(212) == "212" and formats.capped(10_001) == "more than 10,000"


def test_near_dates_are_relative_in_the_readers_zone(english: None) -> None:
    assert formats.when(datetime(2026, 11, 21, 8, 14, tzinfo=UTC)) == Markup(
        '<time datetime="2026-11-21T09:14+01:00" title="Saturday, 21 November 2026 09:14">today, 09:14</time>'
    )
    assert "today, 00:30" in formats.when(datetime(2026, 11, 20, 23, 30, tzinfo=UTC))
    assert ">yesterday<" in formats.when(date(2026, 11, 20)) and ">14 Nov<" in formats.when(
        date(2026, 11, 14)
    )
    assert ">14 Nov 2025<" in formats.when(date(2025, 11, 14))
    assert ">3 minutes ago<" in formats.ago(NOW - timedelta(minutes=3))


def test_other_languages_write_their_own_way(demo: Flask) -> None:
    clock.set_clock(lambda: NOW)
    with demo.test_request_context("/?lang=de"):
        assert formats.money(Decimal("1234.5"), "EUR") == "1.234,50\xa0€"
        assert ">14. Nov.<" in formats.when(date(2026, 11, 14))
    with demo.test_request_context("/?lang=uk"):
        assert formats.number(1284310) == "1\xa0284\xa0310"


def test_states_bring_label_and_tone(english: None) -> None:
    assert formats.badge("Active", "green") == '<span class="bdg good">Active</span>'
    assert formats.badge("<b>", "grey") == '<span class="bdg">&lt;b&gt;</span>'
    assert (
        formats.shown(value=True) == "yes" and formats.shown(None) == "" and formats.dash("") == "–"
    )


def test_long_texts_are_cut_in_lists_only() -> None:
    assert len(str(helpers.brief("x" * 3000))) == 160
    assert helpers.brief(Markup("<b>") * 200) == Markup("<b>") * 200


def test_a_language_that_reads_the_other_way_is_marked() -> None:
    app = create_demo()
    assert '<html lang="ar" dir="rtl">' in app.test_client().get("/list?lang=ar").text
