"""Lists: how many queries, which order, which rows, and what junk in the address does."""

import re
from datetime import UTC, date, datetime, timedelta
from urllib.parse import unquote

import pytest
from sqlalchemy import text

from app.catalogue.choices import ProductStatus
from app.catalogue.models import Brand, Product, Variant
from app.clients.models import Client
from tests.screens import bench
from tests.screens.bench import at_work, counted, page, reader_with, signed_in

BRANDS = "/bench-brands/list/"
PRODUCTS = "/bench-products/list/"
CLIENTS = "/bench-clients/list/"
# The word alone: lists of countries and currencies have Costa Rica in them.
COST = re.compile(r"\bCost\b")


def names_in(html: str) -> list[str]:
    """What the rows of a list are called, in order."""
    return re.findall(r'<th[^>]*class="lead"[^>]*>.*?<a [^>]*>([^<]+)</a>', html, re.DOTALL)


def link(html: str, rel: str) -> str | None:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', html)
    return found[1].replace("&amp;", "&") if found else None


def make_products(number: int, first: int = 0) -> None:
    with at_work() as session:
        for i in range(first, first + number):
            brand = Brand(name=f"Brand {i}")
            session.add(brand)
            session.add(Product(name=f"Product {i:03}", brand=brand))


def test_a_list_needs_as_many_queries_for_fifty_rows_as_for_one(app, client, everything):
    found = []
    for number, first in ((1, 0), (2, 1), (47, 3)):
        make_products(number, first)
        page(client, PRODUCTS)  # what is made once is not counted
        with counted(app) as queries:
            page(client, PRODUCTS)
        found.append(len(queries))
    assert found == [3, 3, 3], queries.statements


def test_a_list_shows_related_names_without_asking_for_each(client, everything):
    make_products(3)
    assert "Brand 2" in page(client, PRODUCTS)


@pytest.mark.parametrize("order", ["note", "-password", "brand", "x'; drop table brand", "website"])
def test_an_order_without_an_index_is_not_taken(client, everything, order):
    with at_work() as session:
        session.add_all(
            [Brand(name="B", website="a.example"), Brand(name="A", website="b.example")]
        )
    assert names_in(client.get(BRANDS, query_string={"o": order}).text) == ["A", "B"]


def test_names_are_sorted_as_people_do(client, everything):
    with at_work() as session:
        session.add_all([Brand(name=name) for name in ("zebra", "Äpfel", "Banane", "élan")])
    assert names_in(page(client, BRANDS)) == ["Äpfel", "Banane", "élan", "zebra"]
    assert names_in(page(client, BRANDS + "?o=-name")) == ["zebra", "élan", "Banane", "Äpfel"]


@pytest.mark.parametrize("psize", ["100000000", "-1", "abc", "0", "26", ""])
def test_other_page_sizes_are_the_usual_one(client, everything, psize):
    with at_work() as session:
        session.add_all([Brand(name=f"Brand {i:03}") for i in range(60)])
    assert len(names_in(page(client, f"{BRANDS}?psize={psize}"))) == 50


def test_the_allowed_page_sizes_are_taken(client, everything):
    with at_work() as session:
        session.add_all([Brand(name=f"Brand {i:03}") for i in range(60)])
    assert len(names_in(page(client, f"{BRANDS}?psize=25"))) == 25
    assert len(names_in(page(client, f"{BRANDS}?psize=100"))) == 60


@pytest.mark.parametrize(
    "junk",
    [
        "abc",
        "-1",
        "%00",
        "e30",
        "WzEsMSwxLDFd",
        "W1tdXQ",
        "WzEsbnVsbCwxLDFd",
        "x" * 3000,
        "WzEsIlx1MDAwMCIsMSwxXQ",
    ],
)
def test_junk_in_the_place_means_the_first_page(client, everything, junk):
    with at_work() as session:
        session.add(Brand(name="Only"))
    assert client.get(f"{BRANDS}?at={junk}").status_code == 200


def walk(client, url: str) -> list[str]:
    """All names by following Next, checking on the way that Previous leads back."""
    seen, previous = [], None
    while url:
        html = page(client, url)
        names = names_in(html)
        if previous is not None:
            back = link(html, "prev")
            assert back is not None
            assert names_in(page(client, back)) == previous
        seen += names
        previous, url = names, link(html, "next")
    return seen


@pytest.mark.parametrize("order", ["name", "-name", "registered_at", "stage", "id", "-id"])
def test_next_visits_every_row_once_and_previous_leads_back(client, everything, order):
    with at_work() as session:
        session.add_all([Client(name=f"Client {i % 7}") for i in range(60)])
    seen = walk(client, f"{CLIENTS}?psize=25&o={order}")
    assert sorted(seen) == sorted(f"Client {i % 7}" for i in range(60))


@pytest.mark.parametrize("order", ["birthday", "-birthday"])
def test_rows_without_a_value_come_last_in_both_directions(client, everything, order):
    with at_work() as session:
        for i in range(40):
            born = date(1980, 1, 1) + timedelta(days=i) if i % 2 else None
            session.add(Client(name=f"C{i:02}", birthday=born))
    seen = walk(client, f"{CLIENTS}?psize=25&o={order}")
    assert len(seen) == len(set(seen)) == 40
    assert [int(name[1:]) % 2 for name in seen] == [1] * 20 + [0] * 20


def test_a_list_can_be_sorted_by_the_figures_beside_it(client, everything):
    with at_work() as session:
        session.add_all([Client(name=name) for name in ("Low", "High", "Middle")])
        session.flush()
        for name, amount in (("Low", 1), ("High", 300), ("Middle", 20)):
            session.execute(
                text(
                    "update client_figures set orders_sum = :s where client_id = (select id from client where name = :n)"
                ),
                {"s": amount * 10000, "n": name},
            )
    assert names_in(page(client, f"{CLIENTS}?o=-figures.orders_sum")) == ["High", "Middle", "Low"]


def test_the_fifty_after_the_150000th_by_sum_are_found_through_the_index(app, client, everything):
    with bench.owner(app) as connection:
        connection.execute(text("select set_config('app.company_id', '1', true)"))
        connection.execute(text("alter table client disable trigger user"))
        connection.execute(
            text("insert into client (name) select 'C' || i from generate_series(1, 152000) i")
        )
        connection.execute(text("alter table client enable trigger user"))
        connection.execute(
            text(
                "insert into client_figures (client_id, orders_sum)"
                " select id, (id * 7919 % 152003) * 10000 from client on conflict do nothing"
            )
        )
        connection.execute(text("analyze client, client_figures"))
    with at_work() as session:
        row = session.execute(
            text(
                "select orders_sum, id from client_figures order by orders_sum desc, id desc offset 149999 limit 1"
            )
        ).one()
        wanted = session.scalars(
            text(
                "select c.name from client_figures f join client c on c.id = f.client_id"
                " order by orders_sum desc, f.id desc offset 150000 limit 50"
            )
        ).all()
    from decimal import Decimal

    from app.kit.screens.paging import FORWARD, Cursor, write_cursor

    place = write_cursor(Cursor(FORWARD, Decimal(row.orders_sum) / 10000, row.id, 150001))
    url = f"{CLIENTS}?o=-figures.orders_sum&at={place}"
    with counted(app) as queries:
        html = page(client, url)
    assert names_in(html) == list(wanted)
    assert "150,001" in html
    listed = next(s for s in queries.statements if "AS page" in s)
    assert "OFFSET" not in listed.upper()


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("f.name.is=shimano", ["Shimano"]),
        ("f.name.starts=SHI", ["Shimano"]),
        ("f.name.starts=da", ["Daiwa"]),
        ("f.created_at.last=3", ["Daiwa", "Shimano"]),
        ("f.created_at.before=2020-01-01", []),
        ("f.created_at.after=2020-01-01", ["Daiwa", "Shimano"]),
    ],
)
def test_filters_of_texts_and_moments(client, everything, query, wanted):
    with at_work() as session:
        session.add_all([Brand(name="Shimano"), Brand(name="Daiwa")])
    assert names_in(page(client, f"{BRANDS}?{query}")) == wanted


def test_filters_of_choices_relations_money_and_dates(client, everything):
    with at_work() as session:
        brand = Brand(name="Daiwa")
        session.add(brand)
        rod = Product(name="Rod", brand=brand, status=ProductStatus.PUBLISHED)
        reel = Product(name="Reel")
        session.add_all([rod, reel])
        session.flush()
        session.add(Variant(product=rod, sku="R1", name="Rod 1", price=10, currency="EUR"))
        session.add(Variant(product=reel, sku="R2", name="Reel 1", price=20, currency="EUR"))
        session.add(Client(name="Young", birthday=date(2001, 5, 1)))
        session.add(Client(name="Nobody"))
        brand_id = session.scalar(text("select id from brand"))
    answers = {
        f"{PRODUCTS}?f.status.is=published": ["Rod"],
        f"{PRODUCTS}?f.status.not=published": ["Reel"],
        f"{PRODUCTS}?f.status.is=published&f.status.is=draft": ["Reel", "Rod"],
        f"{PRODUCTS}?f.brand.is={brand_id}": ["Rod"],
        f"{PRODUCTS}?f.brand.empty=1": ["Reel"],
        f"{PRODUCTS}?f.brand.filled=1": ["Rod"],
        "/bench-variants/list/?f.price.more=15": ["R2"],
        "/bench-variants/list/?f.price.less=15.50": ["R1"],
        "/bench-variants/list/?f.price.between=5&f.price.between=30": ["R1", "R2"],
        "/bench-variants/list/?f.price.is=10": ["R1"],
        "/bench-variants/list/?f.product.status.is=draft": ["R2"],
        f"{CLIENTS}?f.birthday.on=2001-05-01": ["Young"],
        f"{CLIENTS}?f.birthday.empty=1": ["Nobody"],
        f"{CLIENTS}?f.made_up.no=1": ["Nobody", "Young"],
        f"{CLIENTS}?f.made_up.yes=1": [],
    }
    assert {url: names_in(page(client, url)) for url in answers} == answers


@pytest.mark.parametrize(
    "query",
    [
        "f.price.more=cheap",
        "f.price.more=99999999999999999999999999",
        "f.price.between=5",
        "f.product.is=x",
        "f.product.is=99999999999999999999",
        "f.nothing.is=1",
        "f.price.like=1",
        "f.price=1",
        "f.product.status.is=unheard",
        "f.archived.is=maybe",
        "of.product=x",
        "of.nothing=1",
    ],
)
def test_a_filter_that_cannot_be_read_shows_no_rows_and_says_so(client, everything, query):
    with at_work() as session:
        product = Product(name="Rod")
        session.add(product)
        session.add(Variant(product=product, sku="R1", name="Rod 1", price=10, currency="EUR"))
    html = page(client, f"/bench-variants/list/?{query}")
    assert names_in(html) == []
    assert '<p class="err" role="alert">' in html


def test_the_same_unreadable_filter_exports_nothing(client, everything):
    with at_work() as session:
        session.add(Brand(name="Secret"))
    answer = client.get("/bench-brands/export?f.created_at.last=soon")
    assert answer.status_code == 422
    assert "Secret" not in answer.text


def test_days_begin_at_midnight_of_the_reader(client):
    with at_work() as session:
        session.add(Client(name="Late", registered_at=datetime(2026, 11, 20, 23, 30, tzinfo=UTC)))
    for zone, day in (("UTC", "2026-11-20"), ("Europe/Kyiv", "2026-11-21")):
        with signed_in(reader_with(set(bench.EVERYTHING), time_zone=zone)):
            assert names_in(page(client, f"{CLIENTS}?f.registered_at.on={day}")) == ["Late"]


def test_search_finds_inside_names_and_phones(client, everything):
    with at_work() as session:
        anna = Client(name="Anna Müller")
        session.add_all([anna, Client(name="Bernd")])
        session.flush()
        session.execute(
            text(
                "insert into contact_point (client_id, channel, value, normalised)"
                " values (:c, 'phone', '+4917612345678', '+4917612345678')"
            ),
            {"c": anna.id},
        )
    assert names_in(page(client, f"{CLIENTS}?q=muller")) == ["Anna Müller"]
    assert names_in(page(client, f"{CLIENTS}?q=612345")) == ["Anna Müller"]
    assert names_in(page(client, f"{CLIENTS}?q=nobody")) == []
    assert names_in(page(client, f"{CLIENTS}?q=%25")) == []


def test_counts_stop_at_ten_thousand(app, client, everything):
    with bench.owner(app) as connection:
        connection.execute(text("select set_config('app.company_id', '1', true)"))
        connection.execute(
            text("insert into brand (name) select 'B' || i from generate_series(1, 10001) i")
        )
    with counted(app) as queries:
        # Once it stands among the words of the scripts.
        assert page(client, BRANDS).count("more than 10,000") > 1
    assert "LIMIT" in next(s for s in queries.statements if "count(*)" in s)


def test_lists_hide_archived_records_until_asked(client, everything):
    with at_work() as session:
        session.add_all([Brand(name="Here"), Brand(name="Gone", archived_at=datetime.now(UTC))])
    assert names_in(page(client, BRANDS)) == ["Here"]
    assert names_in(page(client, f"{BRANDS}?f.archived.is=only")) == ["Gone"]
    assert names_in(page(client, f"{BRANDS}?f.archived.is=all")) == ["Gone", "Here"]


def test_rows_of_another_company_are_not_there(client, everything):
    with at_work(company=2) as session:
        session.add(Brand(name="Theirs"))
    assert names_in(page(client, BRANDS)) == []


def test_a_guarded_column_is_hidden_in_every_place(client):
    with at_work() as session:
        product = Product(name="Rod")
        session.add(product)
        session.add(
            Variant(product=product, sku="R1", name="Rod 1", price=10, cost=7, currency="EUR")
        )
    blind = set(bench.EVERYTHING) - {("read", "costs")}
    with signed_in(reader_with(blind)):
        html = page(client, "/bench-variants/list/?cols=sku,cost")
        assert not COST.search(html)
        assert names_in(page(client, "/bench-variants/list/?f.cost.more=5")) == []
        assert "o=cost" not in html
        assert not COST.search(page(client, "/bench-variants/export"))
        with at_work() as session:
            pk = session.scalar(text("select id from variant"))
        for url in (
            f"/bench-variants/show/{pk}",
            f"/bench-variants/edit/{pk}",
            "/bench-variants/add",
        ):
            assert not COST.search(page(client, url)), url
        body = client.get(f"/api/v1/bench-variants/{pk}").json["result"]
        assert "price" in body
        assert "cost" not in body
    with signed_in(reader_with(set(bench.EVERYTHING))):
        assert COST.search(page(client, "/bench-variants/list/"))


def test_chosen_columns_and_saved_views_stay_with_their_owner(client, everything):
    with at_work() as session:
        session.add(Brand(name="Shimano", website="shimano.example"))
    saved = {"name": "Mine", "query": "f.name.starts=shi&cols=name", "shared": ""}
    assert client.post("/bench-brands/views", data=saved).status_code == 302
    html = page(client, BRANDS)
    assert "Mine" in html
    assert "shimano.example" in html
    with signed_in(reader_with(set(bench.EVERYTHING), user_id=8)):
        assert "Mine" not in page(client, BRANDS)
    assert client.post("/bench-brands/views", data={**saved, "name": ""}).status_code == 302
    assert "shimano.example" not in page(client, BRANDS)  # the nameless view is the usual one


def test_sharing_a_view_needs_its_right(client, everything):
    saved = {"name": "Ours", "query": "f.name.starts=shi", "shared": "1"}
    assert client.post("/bench-brands/views", data=saved).status_code == 403
    sharer = reader_with({*bench.EVERYTHING, ("share", "SavedView")}, user_id=9)
    with signed_in(sharer):
        assert client.post("/bench-brands/views", data=saved).status_code == 302
    html = page(client, BRANDS)
    assert "Ours" in html
    with at_work() as session:
        pk = session.scalar(text("select id from saved_view"))
    assert client.post(f"/bench-brands/views/{pk}/delete").status_code == 404


def test_a_tab_lists_the_other_screen_only_for_those_who_may_read_it(client, everything):
    with at_work() as session:
        brand, other = Brand(name="Daiwa"), Brand(name="Other")
        session.add_all([brand, other])
        session.add_all([Product(name="Rod", brand=brand), Product(name="Reel", brand=other)])
        session.flush()
        pk = brand.id
    html = page(client, f"/bench-brands/show/{pk}")
    url = unquote(f"/bench-products/list/?part=1&of.brand={pk}")
    assert url.replace("&", "&amp;") in html
    assert names_in(page(client, url)) == ["Rod"]
    with signed_in(reader_with(set(bench.EVERYTHING) - {("read", "BenchProduct")})):
        assert "bench-products" not in page(client, f"/bench-brands/show/{pk}")
        assert client.get(url).status_code == 403


def test_two_lists_on_one_page_share_no_form(client, everything):
    make_products(1)
    ids = [
        re.search(r'class="bulk" id="([^"]+)"', page(client, url))[1]  # type: ignore[index]
        for url in (PRODUCTS, BRANDS)
    ]
    assert ids[0] != ids[1]


def test_a_filter_is_said_as_its_reader_writes_days(client, everything):
    assert "is after 14 Nov 2026" in page(client, BRANDS + "?f.created_at.after=2026-11-14")
    assert "is in the last 1 day<" in page(client, BRANDS + "?f.created_at.last=1")
    assert "is in the last 90 days<" in page(client, BRANDS + "?f.created_at.last=90")


def test_phones_show_what_the_screen_says_and_what_the_reader_added(client, everything):
    def narrow(html: str) -> list[str]:
        heads = re.findall(r'<th scope="col"([^>]*)>\s*(?:<a[^>]*>)?([^<]+)', html)
        return [name.strip() for attributes, name in heads if "wide" not in attributes]

    with at_work() as session:
        session.add(Client(name="Ada"))
    assert narrow(page(client, CLIENTS)) == ["Name", "Number", "Birthday"]
    added = page(client, f"{CLIENTS}?cols=name,number,stage,store,country,birthday")
    assert narrow(added) == ["Name", "Number", "Country", "Birthday"]
