"""Every figure that stands on the dashboard, clicked: the list behind it says the same number."""

from __future__ import annotations

import calendar
import csv
import io
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import text

from app.company.operations import found_company
from app.insights.screens.measures import BY_NAME, Measure, tiles_for
from app.kit.access import Reader
from app.kit.database.session import work
from app.kit.database.stamp import company_stamp
from tests.insights.conftest import EVERYTHING
from tests.insights.helpers import AVERAGES, adds_up, rebuild_facts
from tests.screens.bench import page, signed_in


@dataclass
class Clicked:
    """A link with the figure it stands on; `name` is the measure, or the card."""

    name: str
    value: Decimal
    url: str


class Page(HTMLParser):
    """Cells and links of a page, as a reader finds them: (path of classes, text, address)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.cells: list[tuple[str, str, str, str]] = []
        self._open: list[tuple[str, dict[str, str]]] = []
        self._text, self._url = "", ""
        self.feed(html)

    VOID = {"input", "img", "br", "hr", "meta", "link", "use", "path", "source", "col"}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.VOID:
            return
        found = {name: value or "" for name, value in attrs}
        self._open.append((tag, found))
        if tag in {"dt", "dd", "td", "th"}:
            self._text, self._url = "", ""
        if tag == "a":
            self._url = found.get("href", "")

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            name, attrs = self._open.pop()
            if name == tag:
                break
        else:
            return
        if tag in {"dt", "dd", "td", "th"}:
            within = " ".join(
                f"{name}.{found.get('class', '')}#{found.get('id', '')}"
                for name, found in self._open
            )
            self.cells.append((f"{within} {tag}", self._text.strip(), self._url, str(attrs)))


def number(written: str) -> Decimal:
    """€1,234.50 or −3.20 as a number; nothing is 0."""
    kept = re.sub(r"[^0-9.−-]", "", re.split("[▲▼]", written)[0]).replace("−", "-")
    return Decimal(kept or 0)


def figures(html: str, show: str) -> Iterator[Clicked]:
    """Every number of the page that leads somewhere."""
    cells = Page(html).cells
    tiles = [cell for cell in cells if "stats" in cell[0]]
    names = [one.name for one in tiles_for(money=True)]
    assert len(tiles) == 2 * len(names)
    for name, head, body in zip(names, tiles[::2], tiles[1::2], strict=True):
        yield Clicked(name, number(re.split(r"[▲▼–]|from", body[1])[0]), head[2])
        before = re.search(r"from (.*)$", body[1], re.DOTALL)
        if body[2]:
            assert before is not None
            yield Clicked(name, number(before[1]), body[2])
    for where, shown, url, attrs in cells:
        if re.search(r"table\.table#by-(step|store|country)", where) and "data-v" in attrs:
            value = re.search(r"'data-v': '([^']*)'", attrs)
            assert value is not None
            if value[1] and Decimal(value[1]):
                assert url, (where, shown)
                assert number(shown) == round(Decimal(value[1]), 2), shown
                yield Clicked(show, Decimal(value[1]), url)
    slip = [cell for cell in cells if "div.slip" in cell[0] and cell[0].endswith("dd")]
    for name, cell in zip(("revenue", "returned", "adjusted", ""), slip, strict=True):
        if cell[2]:
            yield Clicked(
                name, abs(number(cell[1])) if name == "returned" else number(cell[1]), cell[2]
            )
    total = [number(cell[1]) for cell in slip]
    assert sum(total[:3]) == total[3]


@cache
def answer(app: Flask, url: str) -> tuple[int, Decimal]:
    """What the list behind a link says: how many rows, and the sum in its last row."""
    html = page(app.test_client(), url)
    assert "chip bad" not in html, url
    counted = re.search(r'class="dim num">([\d,]+)', html)
    foot = re.search(r"<tfoot>(.*?)</tfoot>", html, re.DOTALL)
    sums = [number(cell) for cell in re.findall(r">([^<>]*\d[^<>]*)<", foot[1])] if foot else []
    assert len(sums) <= 1, url
    return int(counted[1].replace(",", "")) if counted else 0, sums[0] if sums else Decimal(0)


def right(one: Clicked, count: int, total: Decimal) -> bool:
    if one.name == "adjusted":
        return one.value == total
    return adds_up(one.name, one.value, count, total)


PLACES = (
    "by=day",
    "by=month&period=year",
    "store={0}",
    "store=f{1}&by=week",
    "country=-&by=week",
    "country=DE&store={2}&by=week",
)
EACH = [("by=week&compare=year&period=year", one) for one in BY_NAME] + [
    (place, one) for place in PLACES for one in ("revenue", "returning", "returned")
]


@pytest.mark.parametrize(("asked", "show"), EACH)
def test_every_figure_on_the_page_is_what_the_list_behind_it_says(site, client, owner, asked, show):
    where = asked.format(site.stores[0], site.franchise, site.stores[2])
    found = list(figures(page(client, f"/dashboard/?show={show}&{where}"), show))
    assert len(found) > 12
    for one in found:
        assert one.url or not one.value, one
        if one.url:
            count, total = answer(site.app, one.url)
            assert right(one, count, total), (one, count, total)


def test_best_sellers_lead_to_as_many_units(site, client, owner):
    cells = Page(page(client, "/dashboard/")).cells
    rows = [
        (cell[2], number(after[1]))
        for cell, after in itertools.pairwise(cells)
        if "/order-lines/list/" in cell[2]
    ]
    assert rows
    for url, units in rows:
        assert answer(site.app, url)[1] == units


def test_a_franchise_of_many_stores_still_leads_to_its_rows(site, client, owner):
    with site.app.test_request_context():
        found = client.get(f"/dashboard/data?store=f{site.franchise}").json
    assert f"store.franchise.is={site.franchise}" in found["tiles"][0]["rows"]


def test_a_store_that_is_not_there_leads_nowhere(site, client, owner):
    for query in ("store=999999", "store=f999999", "country=DEU", f"store={site.theirs}"):
        found = client.get(f"/dashboard/data?{query}").json
        assert {tile["rows"] for tile in found["tiles"]} == {""}, query
        assert "/orders/list/?f." not in page(client, f"/dashboard/?{query}")


def test_a_country_that_was_not_sold_to_is_still_the_one_chosen(site, client, owner):
    html = page(client, "/dashboard/?country=PT")
    assert '<option value="PT" selected>Portugal</option>' in html
    assert "All stores · Portugal" in html


# --- the report is the dashboard ------------------------------------------------------------------


def report(by: str, form: str, slug: str = "") -> str:
    from app.cli.reports import report as command

    with work(company_stamp(1)) as session:
        slug = slug or session.scalar(text("select slug from company where id = 1"))
    found = CliRunner().invoke(command, ["sales", "--by", by, "--format", form, "--company", slug])
    assert found.exit_code == 0, found.output
    return found.output


EVER = "from=2025-01-01&to=2026-12-31"


def test_the_command_prints_what_the_dashboard_shows(site, client, owner):
    with work(company_stamp(1)) as session:
        names = {row.name: row.id for row in session.execute(text("select name, id from store"))}
    for by in ("month", "country", "store"):
        rows = list(csv.DictReader(io.StringIO(report(by, "csv"))))
        assert rows
        for row in rows:
            where = EVER
            if by == "month":
                year, month = int(row[by][:4]), int(row[by][5:])
                last = calendar.monthrange(year, month)[1]
                where = f"from={row[by]}-01&to={row[by]}-{last}"
            elif by == "country":
                where += f"&country={row[by] or '-'}"
            else:
                where += f"&store={names[row[by]]}"
            slip = [
                number(cell[1])
                for cell in Page(page(client, f"/dashboard/?{where}")).cells
                if "div.slip" in cell[0] and cell[0].endswith("dd")
            ]
            assert slip == [
                Decimal(row["gross"]),
                -Decimal(row["returns"]),
                Decimal(row["adjustments"]),
                Decimal(row["net"]),
            ], (by, row)


def test_the_screen_the_file_and_the_command_say_the_same(site, client, owner):
    for by in ("month", "country", "store"):
        printed = list(csv.DictReader(io.StringIO(report(by, "csv"))))
        loaded = client.get(f"/reports/sales/file?by={by}").text
        assert list(csv.DictReader(io.StringIO(loaded))) == printed
        data = client.get(f"/reports/sales/data?by={by}").json["rows"]
        assert [{k: str(v) for k, v in row.items()} for row in data] == printed


# --- whoever sells nothing ----------------------------------------------------------------------


def nothing(measure: Measure) -> str:
    """What a tile says where nothing was sold."""
    return "–" if measure.name in AVERAGES else "€0.00" if measure.money else "0"


def test_a_company_that_has_sold_nothing_has_a_page_that_says_so(site, client, today):
    with site.app.app_context():
        company = found_company("nothing-sold")
    who: Reader = site.reader(rights=EVERYTHING, company_id=company)
    with signed_in(who):
        html = page(client, "/dashboard/")
        assert "Nothing was sold in this time." in html
        tiles = [cell[1] for cell in Page(html).cells if "stats" in cell[0]]
        shown = tiles_for(money=True)
        assert tiles[1::2] == [f"{zero}from {zero}" for zero in map(nothing, shown)]
        found = client.get("/dashboard/data").json
        assert found["by_store"] == found["by_country"] == found["best_sellers"] == []
        assert [tile["value"] for tile in found["tiles"]] == [
            None if one.name in AVERAGES else "0" if one.money else 0 for one in shown
        ]
        assert "Nothing has been sold yet." in page(client, "/reports/sales/")
    assert report("month", "json", "nothing-sold").strip() == "[]"
    head = "month,orders,gross,returns,adjustments,net"
    assert report("month", "csv", "nothing-sold").strip() == head


def test_the_facts_of_these_pages_are_the_rebuilt_ones(site):
    with work(company_stamp(1)) as session:
        before = session.execute(text("select * from day_fact order by 1, 2, 3, 4")).all()
        rebuild_facts(session)
        assert session.execute(text("select * from day_fact order by 1, 2, 3, 4")).all() == before


def test_a_link_keeps_everything_that_the_figure_was_about(site, client, owner):
    found = client.get(f"/dashboard/data?store={site.stores[0]}&country=DE").json
    asked = parse_qs(urlsplit(found["tiles"][0]["rows_before"]).query)
    assert asked["f.store.is"] == [str(site.stores[0])]
    assert asked["f.country.is"] == ["DE"]
    assert asked["f.business_date.between"] == [found["before"]["first"], found["before"]["last"]]
    assert asked["f.archived.is"] == ["all"]
