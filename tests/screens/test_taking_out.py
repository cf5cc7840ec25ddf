"""Export, bulk runs and history."""

import csv
import io
import tracemalloc
from decimal import Decimal

import pytest
from sqlalchemy import text

from app.catalogue.models import Brand, Product, Variant
from app.kit import clock
from app.kit.screens import jobs
from app.kit.screens.jobs import run_bulk
from app.kit.screens.models import BulkRun
from tests.screens import bench
from tests.screens.bench import at_work, page, reader_with, signed_in


def rows_of(answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))


def test_an_export_holds_what_the_list_shows(client, everything):
    with at_work() as session:
        brand = Brand(name="Daiwa")
        session.add_all([brand, Product(name="Rod", brand=brand), Product(name="Reel")])
    answer = client.get("/bench-products/export?f.brand.filled=1")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    head, *rows = rows_of(answer)
    assert head[:4] == ["ID", "Name", "Status", "Brand"]
    assert [row[1:4] for row in rows] == [["Rod", "Draft", "Daiwa"]]


@pytest.mark.parametrize("name", ["=1+1", "+49", "-2", "@SUM(A1)", "\tx", "\rx"])
def test_no_text_becomes_a_formula(client, everything, name):
    with bench.at_work() as session:
        session.execute(text("insert into brand (name) values (:n)"), {"n": name})
    assert rows_of(client.get("/bench-brands/export"))[1][1] == f"'{name}"


@pytest.mark.parametrize("split", [";", "\t", ",", "|", "\n"])
def test_no_text_becomes_a_formula_for_whoever_splits_elsewhere(client, everything, split):
    name = f"Tea{split}=1+1{split} \"@SUM(A1){split}'+49"
    with bench.at_work() as session:
        brand = Brand(name=name)
        session.add_all([brand, Product(name="Rod", brand=brand)])
    for url in ("/bench-brands/export", "/bench-products/export"):
        text = client.get(url).get_data(as_text=True).removeprefix("\ufeff")
        for line in text.splitlines():
            for at in ",;\t|":
                cells = [one.lstrip("\"' ") for one in line.split(at)]
                bare = [one.strip('" ') for one in line.split(at)]
                assert not [one for one in bare if one[:1] in tuple("=+-@")], (line, cells)


def test_a_column_of_a_file_is_chosen_and_an_unknown_one_is_refused(client, everything):
    with at_work() as session:
        session.add(Product(name="Rod", brand=Brand(name="Daiwa")))
    url = "/bench-products/export?cols="
    head, row = rows_of(client.get(f"{url}brand,name"))
    assert (head, row[1:]) == (["ID", "Brand", "Name"], ["Daiwa", "Rod"])
    everything_of_it = rows_of(client.get(f"{url}*"))
    assert len(everything_of_it[0]) > 5
    assert "Daiwa" in everything_of_it[1]
    for wrong in ("nonsense", "name,nonsense", "id;", "name_fold"):
        answer = client.get(url + wrong)
        assert answer.status_code == 422
        assert "There is no column" in answer.text


def test_amounts_stand_in_a_file_in_full(client, everything):
    with at_work() as session:
        product = Product(name="Rod")
        session.add(
            Variant(
                product=product, sku="R1", name="Rod", currency="GBP", price=Decimal("1234.0125")
            )
        )
    head, row = rows_of(client.get("/bench-variants/export?cols=sku,price"))
    assert dict(zip(head, row, strict=True))["Price"] == "1234.0125"


def test_each_export_is_noted(client, everything):
    client.get("/bench-brands/export?f.name.starts=x").get_data()
    with at_work() as session:
        noted = session.execute(text("select screen, query, created_by from export_log")).all()
    assert noted == [("BenchBrands", "f.name.starts=x", 7)]


def test_an_export_holds_no_row_of_another_company(client, everything):
    with at_work(company=2) as session:
        session.add(Brand(name="Theirs"))
    assert len(rows_of(client.get("/bench-brands/export"))) == 1


def test_sixty_thousand_rows_stream_without_filling_memory(app, client, everything):
    with bench.owner(app) as connection:
        connection.execute(text("select set_config('app.company_id', '1', true)"))
        connection.execute(
            text("insert into brand (name) select 'B' || i from generate_series(1, 60000) i")
        )
    tracemalloc.start()
    answer = client.get("/bench-brands/export", buffered=False)
    count = sum(part.count(b"\n") for part in answer.response)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    answer.close()
    assert count == 60001
    assert peak < 20_000_000


# --- bulk runs ------------------------------------------------------------------------------------


@pytest.fixture
def member(monkeypatch):
    """The job asks who started it and what they may now; here that is the test's reader."""
    who = reader_with(set(bench.EVERYTHING), membership_id=5)
    monkeypatch.setattr(
        jobs, "resolve", lambda _door, membership_id: who if membership_id == 5 else None
    )
    with signed_in(who):
        yield who


def run_last(client) -> BulkRun:
    with client.application.app_context(), at_work() as session:
        pk = session.scalar(text("select max(id) from bulk_run"))
        run_bulk(session, pk, 5)
    with at_work() as session:
        return session.get_one(BulkRun, pk)


def test_a_bulk_action_does_each_ticked_record_and_counts_the_refused(client, member):
    with at_work() as session:
        session.add_all([Brand(name="A"), Brand(name="Refused"), Brand(name="C")])
    with at_work() as session:
        ids = list(session.scalars(text("select id from brand")))
    answer = client.post("/bench-brands/bulk", data={"action": "rename", "rowid": [*ids, 999999]})
    assert answer.status_code == 302
    assert "Waiting" in page(client, answer.location)
    run = run_last(client)
    assert (run.total, run.done, run.skipped, run.failed) == (4, 2, 2, 0)
    assert run.reasons == {"This brand keeps its name.": 1, "It is no longer there.": 1}
    html = page(client, answer.location)
    assert "This brand keeps its name." in html
    assert page(client, f"{answer.location}?part=1")


def test_a_bulk_action_passes_over_archived_records_but_archives_them_once(client, member):
    with at_work() as session:
        session.add_all([Brand(name="Here"), Brand(name="Gone", archived_at=clock.now())])
    for action, done in (("rename", (1, 1)), ("archive", (2, 0))):
        client.post("/bench-brands/bulk?f.archived.is=all", data={"action": action, "all": "1"})
        run = run_last(client)
        assert (run.done, run.skipped, run.failed) == (*done, 0)
        assert run.reasons == (
            {"This is archived. Restore it first.": 1} if action == "rename" else {}
        )
    with at_work() as session:
        names = session.scalars(text("select name from brand order by name")).all()
    assert names == ["Gone", "Here (renamed)"]


def test_all_that_match_means_the_filters_of_the_page(client, member):
    with at_work() as session:
        session.add_all([Brand(name=f"Match {i}") for i in range(450)])
        session.add(Brand(name="Other"))
    client.post("/bench-brands/bulk?f.name.starts=match", data={"action": "archive", "all": "1"})
    run = run_last(client)
    assert (run.total, run.done) == (450, 450)
    with at_work() as session:
        left = session.scalars(text("select name from brand where archived_at is null")).all()
    assert left == ["Other"]


def test_a_bulk_action_with_an_unreadable_filter_touches_nothing(client, member):
    with at_work() as session:
        session.add(Brand(name="Stays"))
    url = "/bench-brands/bulk?f.created_at.last=soon"
    assert client.post(url, data={"action": "archive", "all": "1"}).status_code == 422
    with at_work() as session:
        assert session.scalar(text("select count(*) from bulk_run")) == 0


def test_a_right_taken_away_stops_the_run(client, member, monkeypatch):
    with at_work() as session:
        session.add(Brand(name="Stays"))
    client.post("/bench-brands/bulk", data={"action": "archive", "all": "1"})
    monkeypatch.setattr(
        jobs, "resolve", lambda _door, membership_id: reader_with({("read", "BenchBrand")})
    )
    assert run_last(client).done == 0


def test_bulk_actions_need_their_right_and_show_their_run_to_nobody_else(client, member):
    with at_work() as session:
        session.add(Brand(name="A"))
    assert (
        client.post("/bench-brands/bulk", data={"action": "explode", "all": "1"}).status_code == 404
    )
    assert client.post("/bench-brands/bulk", data={"action": "rename"}).status_code == 422
    location = client.post("/bench-brands/bulk", data={"action": "rename", "all": "1"}).location
    with signed_in(reader_with(set(bench.EVERYTHING), user_id=8)):
        assert client.get(location).status_code == 404
    with signed_in(reader_with({("read", "BenchBrand")})):
        assert (
            client.post("/bench-brands/bulk", data={"action": "rename", "all": "1"}).status_code
            == 403
        )


# --- history --------------------------------------------------------------------------------------


def test_history_tells_who_changed_what_in_words(client, everything):
    with at_work() as session:
        one, two = Brand(name="One"), Brand(name="Two")
        product = Product(name="Rod", brand=one)
        session.add_all([one, two, product])
        session.flush()
        pk, two_id = product.id, two.id
    with at_work() as session:
        session.execute(
            text("update product set brand_id = :b, status = 'published' where id = :p"),
            {"b": two_id, "p": pk},
        )
    html = page(client, f"/bench-products/history/{pk}")
    for word in ("One", "Two", "Brand", "Published", "Draft", "Created"):
        assert word in html
    assert "brand_id" not in html


def test_history_hides_what_the_reader_may_not_see(client, everything):
    with at_work() as session:
        product = Product(name="Rod")
        variant = Variant(product=product, sku="S", name="V", price=1, cost=7, currency="EUR")
        session.add_all([product, variant])
        session.flush()
        pk = variant.id
    with at_work() as session:
        session.execute(text("update variant set cost = 98760000 where id = :p"), {"p": pk})
    assert "9,876" in page(client, f"/bench-variants/history/{pk}")
    with signed_in(reader_with(set(bench.EVERYTHING) - {("read", "costs")})):
        html = page(client, f"/bench-variants/history/{pk}")
        assert "9,876" not in html
        assert "Cost" not in html


def test_a_long_history_is_shown_in_pieces(client, everything):
    with at_work() as session:
        brand = Brand(name="B")
        session.add(brand)
        session.flush()
        pk = brand.id
    for i in range(33):
        with at_work() as session:
            session.execute(
                text("update brand set note = :n where id = :p"), {"n": f"note {i:02}", "p": pk}
            )
    html = page(client, f"/bench-brands/history/{pk}")
    assert "note 32" in html
    assert "note 01" not in html
    import re

    older = re.search(rf"/bench-brands/history/{pk}\?before=\d+", html)
    assert older
    assert "note 01" in page(client, older[0])
