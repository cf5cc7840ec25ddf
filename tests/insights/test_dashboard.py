"""The dashboard's numbers are those of the lists that they lead to, for whoever reads."""

from __future__ import annotations

import itertools
import re
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from app.insights.queries.periods import LONGEST, Period, following, given, preset, usual_step
from app.insights.screens.measures import BY_NAME, tiles_for
from app.kit.access import Reader, reading
from app.kit.database.session import work
from app.kit.errors import Invalid
from app.kit.money import money_sum
from app.kit.screens.address import Address
from app.kit.screens.screen_registry import screens
from app.kit.screens.selection import selection_of
from app.orders.models import GoodsReturn, Order, OrderLine
from tests.insights.conftest import EVERYTHING, Site
from tests.insights.helpers import adds_up
from tests.screens import bench
from tests.screens.bench import counted, page, signed_in

SUMS = {Order: Order.total_company, GoodsReturn: GoodsReturn.total_company}


def behind(app: Flask, who: Reader, url: str) -> tuple[int, Decimal, int]:
    """How many rows the linked list has, what they come to, and how many units they hold."""
    parts = urlsplit(url)
    if parts.path == "/dashboard/clients/":
        html = page(app.test_client(), url)
        return (
            int(unescape(html).split('class="dim num">')[1].split("<")[0].replace(",", "")),
            Decimal(0),
            0,
        )
    screen = next(one for one in screens().values() if parts.path == f"{one.route_base}/list/")
    address = Address.of(parts.path, MultiDict(parse_qsl(parts.query)))
    with reading(who), work(who.stamp()) as session:
        found = selection_of(screen, session, address, screen.filterable(), who.time_zone)
        assert not found.error, (url, found.error)
        ids = session.scalars(found.plan.select(found.plan.root.c.id, where=found.where)).all()
        model = screen.model
        amount = SUMS.get(model)
        total = units = 0
        if amount is not None:
            total = session.scalar(select(money_sum(amount)).where(model.id.in_(ids)))
        if model is OrderLine:
            units = session.scalar(
                select(func.sum(OrderLine.quantity)).where(OrderLine.id.in_(ids))
            )
    return len(ids), Decimal(total or 0), units or 0


def matches(app: Flask, who: Reader, measure: str, value: object, url: str) -> bool:
    """Whether the list behind `url` comes to the same."""
    if not url:
        return not value
    count, total, _units = behind(app, who, url)
    return adds_up(measure, None if value is None else Decimal(str(value)), count, total)


def data(client, url: str) -> dict:
    answer = client.get(url)
    assert answer.status_code == 200, answer.text
    return answer.json


def nothing(found: dict) -> bool:
    """Whether every tile is zero or empty."""
    return all(not Decimal(str(tile["value"] or 0)) for tile in found["tiles"])


PLACES = ("", "store={0}", "store=f{1}", "country=DE", "country=-", "store={2}&country=FR")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "period", ["", "period=year", "compare=year", "from=2026-04-03&to=2026-04-20"]
)
def test_every_tile_is_the_list_it_leads_to(site, client, owner, place, period):
    where = place.format(site.stores[0], site.franchise, site.stores[2])
    with site.app.test_request_context():
        found = data(client, f"/dashboard/data?{period}&{where}")
        assert [tile["name"] for tile in found["tiles"]] == [
            one.name for one in tiles_for(money=True)
        ]
        for tile in found["tiles"]:
            assert matches(site.app, owner, tile["name"], tile["value"], tile["rows"]), tile
            assert matches(site.app, owner, tile["name"], tile["before"], tile["rows_before"]), tile
        assert found["tiles"][1]["value"] > 0 or "FR" in where


@pytest.mark.parametrize("step", ["day", "week", "month"])
@pytest.mark.parametrize("show", BY_NAME)
def test_every_point_and_bar_is_the_list_it_leads_to(site, client, owner, step, show):
    with site.app.test_request_context():
        found = data(client, f"/dashboard/data?by={step}&show={show}")
        assert found["step"] == step
        for point in found["by_step"]:
            assert matches(site.app, owner, show, point["value"], point["rows"]), point
            assert matches(site.app, owner, show, point["before"], point["rows_before"]), point
        for bar in (*found["by_store"], *found["by_country"]):
            assert matches(site.app, owner, show, bar["value"], bar["rows"]), bar
        assert any(point["value"] for point in found["by_step"])
        if show in ("revenue", "orders", "returned", "returns", "new"):
            tile = {one["name"]: one["value"] for one in found["tiles"]}.get(show)
            parts = [
                sum(Decimal(str(one["value"] or 0)) for one in found[k])
                for k in ("by_step", "by_store", "by_country")
            ]
            assert len(set(parts)) == 1
            assert tile is None or Decimal(str(tile)) == parts[0]


def test_best_sellers_are_the_lines_they_lead_to(site, client, owner):
    with site.app.test_request_context():
        for query in ("", f"store={site.stores[0]}&country=DE"):
            found = data(client, f"/dashboard/data?{query}")["best_sellers"]
            assert found
            for one in found:
                assert behind(site.app, owner, one["rows"])[2] == one["units"]
            revenues = [Decimal(one["revenue"]) for one in found]
            assert revenues == sorted(revenues, reverse=True)


def test_the_page_shows_what_the_data_says(site, client, owner):
    html, found = page(client, "/dashboard/"), data(client, "/dashboard/data")
    assert "Hello, Katrin Petersen" in html
    for point in found["by_step"]:
        if point["value"] and Decimal(point["value"]):
            assert f'data-v="{Decimal(point["value"]):f}' in html
    for tile in found["tiles"]:
        assert unescape(html).count(tile["rows"]) >= 1


def test_more_returns_are_bad_news_and_more_orders_good(site, client, owner):
    from app.insights.screens import wording

    with site.app.test_request_context():
        assert wording.tone(BY_NAME["orders"], 12, 10) == "good"
        assert wording.tone(BY_NAME["orders"], 8, 10) == "bad"
        assert wording.tone(BY_NAME["returned"], 12, 10) == "bad"
        assert wording.tone(BY_NAME["returned"], 8, 10) == "good"
        assert wording.tone(BY_NAME["orders"], 10, 10) == ""
        assert wording.tone(BY_NAME["orders"], 10, 0) == ""


def test_no_page_of_figures_asks_the_documents_and_each_asks_a_fixed_number_of_times(
    site, client, owner
):
    urls = ("/dashboard/", "/dashboard/?period=year", f"/dashboard/?store=f{site.franchise}&by=day")
    numbers = set()
    page(client, urls[0])
    for url in urls:
        with counted(site.app) as asked:
            page(client, url)
        for statement in asked.statements:
            wording = statement.lower().replace('"', "").split()
            assert not {"orders", "order_line", "goods_return", "return_line", "adjustment"} & {
                after for before, after in itertools.pairwise(wording) if before in ("from", "join")
            }, statement
        numbers.add(len(asked))
    assert len(numbers) == 1
    assert numbers.pop() <= 11


def test_a_reader_sees_today_in_their_own_zone(site, client):
    from datetime import UTC, datetime

    from app.kit import clock

    with clock.frozen(datetime(2026, 5, 1, 23, 30, tzinfo=UTC)):
        for zone, day in (("Europe/Berlin", "2026-05-02"), ("America/Sao_Paulo", "2026-05-01")):
            with signed_in(site.reader(time_zone=zone)):
                assert data(client, "/dashboard/data?period=today")["period"]["first"] == day


# --- who may see what ---------------------------------------------------------------------------


def test_without_the_right_there_is_nothing(site, client, today):
    for address in ("/dashboard/data", "/reports/sales/data"):
        assert client.get(address).status_code == 401
    assert client.get("/dashboard/").status_code == 302
    with signed_in(
        site.reader(rights=EVERYTHING - {("read", "SalesDashboard"), ("read", "SalesReport")})
    ):
        for address in (
            "/dashboard/",
            "/dashboard/data",
            "/dashboard/clients/",
            "/reports/sales/",
            "/reports/sales/data",
        ):
            assert client.get(address).status_code == 403, address


def test_without_the_right_to_sums_no_amount_is_shown_anywhere(site, client, today):
    with signed_in(site.reader(rights=EVERYTHING - {("read", "money")})):
        found = data(client, "/dashboard/data?show=revenue")
        assert found["measure"] == "orders"
        assert [tile["name"] for tile in found["tiles"]] == [
            "orders",
            "new",
            "returning",
            "returns",
        ]
        assert all("revenue" not in one for one in found["best_sellers"])
        for url in ("/dashboard/?show=revenue", "/dashboard/clients/?who=new"):
            html = page(client, url)
            assert "€" not in html
            assert "Revenue" not in html
        assert client.get("/reports/sales/").status_code == 403
        assert client.get("/reports/sales/data").status_code == 403
        assert client.get("/reports/sales/file").status_code == 403


def test_somebody_bound_to_a_store_sees_that_store_alone(site, client, today):
    mine = site.stores[0]
    with site.app.test_request_context():
        with signed_in(site.reader()):
            whole = data(client, f"/dashboard/data?store={mine}")
        who = site.reader(store_ids=(mine,))
        with signed_in(who):
            found = data(client, "/dashboard/data")
            assert [one["store"] for one in found["by_store"]] == [mine]
            assert [t["value"] for t in found["tiles"]] == [t["value"] for t in whole["tiles"]]
            for tile in found["tiles"]:
                assert matches(site.app, who, tile["name"], tile["value"], tile["rows"]), tile
            other = data(client, f"/dashboard/data?store={site.stores[1]}")
            assert other["problems"]
            assert nothing(other)
            assert [row["store"] for row in data(client, "/reports/sales/data?by=store")["rows"]]
            assert len(data(client, "/reports/sales/data?by=store")["rows"]) == 1


def test_a_franchise_owner_compares_the_stores_and_opens_no_list(site, client, today):
    rights = frozenset({("read", "SalesDashboard"), ("read", "money"), ("read", "Store")})
    who = site.reader(rights=rights, store_ids=tuple(site.stores[:2]))
    with signed_in(who):
        found = data(client, f"/dashboard/data?store=f{site.franchise}")
        assert {one["store"] for one in found["by_store"]} == set(site.stores[:2])
        rows = [
            one["rows"] for k in ("tiles", "by_step", "by_store", "by_country") for one in found[k]
        ]
        assert set(rows) == {""}
        html = page(client, "/dashboard/")
        assert "Coast" in html
        assert (
            re.findall(
                r'href="/(?:orders|goods-returns|order-lines|adjustments|clients)/[^"]*', html
            )
            == []
        )
        assert client.get("/dashboard/clients/").status_code == 403


def test_another_company_is_not_there(site, client, owner):
    assert "Their Store" not in page(client, "/dashboard/?period=year")
    found = data(client, f"/dashboard/data?store={site.theirs}")
    assert found["problems"]
    assert found["tiles"][1]["value"] == 0
    assert data(client, "/dashboard/data?country=JP")["tiles"][1]["value"] == 0
    assert "Their Client" not in page(client, f"/dashboard/clients/?store={site.theirs}")


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday&to=2026-01-01",
        "from=0001-01-01&to=9999-12-31",
        "store=abc",
        "store=99999999999999999999",
        "store=f-1",
        "country=%00",
        "country=DEU",
        "period=ever&by=hour&show=everything&compare=never",
        "from=2026-05-01",
        "store=%F0%9F%8E%A3&country=%27",
        "after=-1&who=nobody",
    ],
)
def test_junk_in_the_address_is_said_and_widens_nothing(site, client, owner, query):
    whole = data(client, "/dashboard/data")
    for path in ("/dashboard/", "/dashboard/data", "/dashboard/clients/"):
        assert client.get(f"{path}?{query}").status_code == 200
    found = data(client, f"/dashboard/data?{query}")
    if "store=" in query or "country=" in query:
        assert found["problems"]
        assert nothing(found)
    elif "yesterday" in query or "9999" in query:
        assert found["problems"]
        assert found["period"] == whole["period"]


def test_whoever_may_see_the_dashboard_begins_with_it(site, client, owner):
    assert client.get("/").headers["Location"].endswith("/dashboard/")
    html = page(client, "/dashboard/")
    assert html.index('href="/dashboard/"') < html.index("/orders/list/")


# --- periods ------------------------------------------------------------------------------------


def test_buckets_cover_a_period_without_gap_or_overlap():
    period = Period(date(2026, 1, 28), date(2026, 3, 4))
    for step in ("day", "week", "month"):
        buckets = [period.bucket(start, step) for start in period.starts(step)]
        assert buckets[0].first == period.first
        assert buckets[-1].last == period.last
        for one, other in itertools.pairwise(buckets):
            assert other.first == one.last + timedelta(days=1) == following(one.first, step)


def test_presets_end_today():
    today = date(2026, 11, 21)
    assert {name: preset(name, today).days for name in ("today", "7", "30", "month", "year")} == {
        "today": 1, "7": 7, "30": 30, "month": 21, "year": 325,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("days", "step"), [(1, "day"), (45, "day"), (46, "week"), (200, "week"), (201, "month")]
)
def test_a_chart_has_some_dozen_steps(days, step):
    first = date(2026, 1, 1)
    assert usual_step(Period(first, first + timedelta(days=days - 1))) == step


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        ("2026-01-02", "2026-01-05", 4),
        ("2026-01-05", "2026-01-02", 4),
        ("2026-01-02", "", 1),
        ("", "2026-01-02", 1),
        ("2016-01-01", "2025-12-31", LONGEST),
        ("2016-01-01", "2026-01-01", None),
        ("1901-01-01", "1901-01-01", 1),
        ("1900-12-31", "1901-01-01", None),
        ("2199-12-31", "2199-12-31", 1),
        ("2199-12-31", "2200-01-01", None),
        ("yesterday", "2026-01-02", None),
    ],
)
def test_a_typed_period_is_of_days_that_are_and_at_most_ten_years(first, last, days):
    if days is None:
        with pytest.raises(Invalid) as refused:
            given(first, last)
        assert refused.value.field == "from"
    else:
        assert given(first, last).days == days


__all__ = ["Site", "bench"]
