"""Reading by the API: what hangs on records, by their codes, by change; what is refused by name."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import NullPool, text

from app.catalogue.models import Brand, Product, Variant
from app.clients.models import Client, ContactPoint
from app.kit.database.session import make_engine, work
from app.kit.database.stamp import company_stamp
from app.kit.rest import changes
from tests.screens import bench
from tests.screens.bench import at_work, counted, reader_with, signed_in, until_all_is_over
from tests.screens.change_tracking import EARLY, packed, unpacked
from tests.screens.test_rest import BRANDS, CLIENTS, PRODUCTS, VARIANTS, add, rison


def shelf(*skus):
    """A product with a brand and these variants."""
    with at_work() as session:
        product = Product(name="Rod", brand=Brand(name="Daiwa"))
        session.add(product)
        for sku in skus:
            session.add(
                Variant(product=product, sku=sku, name=sku, price=1, cost=2, currency="EUR")
            )
        session.flush()
        return product.id, product.brand_id


# --- what is asked ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "query", "name"),
    [
        (BRANDS, {"colour": "red"}, "colour"),
        (BRANDS, {"pagesize": "5"}, "pagesize"),
        (BRANDS, {"sku": "A"}, "sku"),
        (BRANDS, {"page_size": "0"}, "page_size"),
        (BRANDS, {"page_size": "many"}, "page_size"),
        (BRANDS, {"page_size": "-1"}, "page_size"),
        (BRANDS, {"q": "(columns:!(nothing))"}, "nothing"),
        (BRANDS, {"expand": "nothing"}, "expand"),
        (PRODUCTS, {"expand": "brand,variants,brand,a,b,c,d"}, "expand"),
        (BRANDS, {"changed_since": "yesterday"}, "changed_since"),
        (BRANDS, {"changed_since": "2026-01-01T00:00:00"}, "changed_since"),
        (BRANDS, {"changed_since": EARLY, "next": "x"}, "next"),
        (BRANDS, {"changed_since": EARLY, "q": "(order_column:name)"}, "changed_since"),
        (BRANDS, {"name": ""}, "name"),
        (CLIENTS, {"phone": "no phone"}, "phone"),
    ],
)
def test_what_a_list_does_not_know_is_refused_by_name(client, everything, url, query, name):
    answer = client.get(f"{url}/", query_string=query)
    assert (answer.status_code, list(answer.json["errors"])) == (400, [name]), answer.text


def test_a_parameter_said_twice_is_refused(client, everything):
    assert client.get(f"{BRANDS}/?name=A&name=B").status_code == 400


def test_a_record_and_its_description_know_no_parameters_of_lists(client, everything):
    (pk,) = add("Daiwa")
    assert client.get(f"{BRANDS}/{pk}?search=x").status_code == 400
    assert client.get(f"{BRANDS}/_info?x=1").status_code == 400


def test_a_list_says_how_many_it_gives_at_once(client, everything):
    assert client.get(f"{BRANDS}/?page_size=5000").json["page_size"] == 100
    assert client.get(f"{BRANDS}/?page_size=3").json["page_size"] == 3
    assert rison(client, BRANDS, "(page_size:5000)").json["page_size"] == 100


def test_what_q_says_counts_before_a_parameter_of_the_same_name(client, everything):
    add("Daiwa", "Shimano")
    url = f"{BRANDS}/?q=(search:Daiwa)&search=Shimano"
    assert [row["name"] for row in client.get(url).json["result"]] == ["Daiwa"]
    assert [row["name"] for row in client.get(f"{BRANDS}/?search=Shimano").json["result"]] == [
        "Shimano"
    ]


def test_what_can_be_expanded_is_described_and_nothing_where_there_is_nothing(client, everything):
    paths = client.get("/api/v1/_openapi").json["paths"]
    told = {}
    for name in ("bench-products", "bench-brands"):
        asked = {one["name"]: one for one in paths[f"/api/v1/{name}/"]["get"]["parameters"]}
        told[name] = asked.get("expand", {}).get("schema", {}).get("items", {}).get("enum")
    assert set(told["bench-products"]) >= {"brand", "variants"}
    assert told["bench-brands"] is None
    assert client.get(f"{BRANDS}/?expand=brand").status_code == 400


# --- what hangs on records -------------------------------------------------------------------------


def test_lines_and_references_come_in_one_query_each(app, client, everything):
    pk, brand = shelf("A", "B")
    with counted(app) as plain:
        client.get(f"{PRODUCTS}/")
    with counted(app) as expanded:
        row = client.get(f"{PRODUCTS}/?expand=variants,brand").json["result"][0]
    assert len(expanded) == len(plain) + 2
    assert [line["sku"] for line in row["variants"]] == ["A", "B"]
    assert row["brand"] == brand
    assert row["expanded"]["brand"]["name"] == "Daiwa"
    one = client.get(f"{PRODUCTS}/{pk}?expand=brand").json["result"]
    assert one["expanded"] == row["expanded"]
    assert one["variants"] == row["variants"]


def test_an_empty_reference_and_no_lines_are_said(client, everything):
    with at_work() as session:
        session.add(Product(name="Bare"))
    row = client.get(f"{PRODUCTS}/?expand=variants,brand").json["result"][0]
    assert (row["variants"], row["expanded"]) == ([], {"brand": None})


def test_what_is_expanded_needs_its_own_right_and_keeps_its_guards(client):
    shelf("A")
    without = {right for right in bench.EVERYTHING if right != ("read", "BenchBrand")}
    with signed_in(reader_with(without)):
        assert client.get(f"{PRODUCTS}/?expand=brand").status_code == 403
        assert client.get(f"{PRODUCTS}/").status_code == 200
    with signed_in(reader_with(set(bench.EVERYTHING) - {("read", "costs")})):
        row = client.get(f"{PRODUCTS}/?expand=variants").json["result"][0]
        assert "cost" not in row["variants"][0]


# --- by their codes --------------------------------------------------------------------------------


def test_a_record_is_found_by_its_whole_code(client, everything):
    shelf("A-1", "A-10")
    found = client.get(f"{VARIANTS}/?sku=A-1").json["result"]
    assert [one["sku"] for one in found] == ["A-1"]
    assert client.get(f"{VARIANTS}/?sku=A").json["result"] == []


def test_a_guarded_code_is_no_code_for_others(client):
    rights = set(bench.EVERYTHING) - {("read", "contacts")}
    with signed_in(reader_with(rights)):
        answer = client.get(f"{CLIENTS}/?phone=%2B493012345678")
    assert (answer.status_code, list(answer.json["errors"])) == (400, ["phone"])


@pytest.mark.parametrize(
    "written", ["%2B49 171 1234567", "+491711234567", "0171 1234567", "0049 171 1234567"]
)
def test_a_client_is_found_by_a_phone_however_it_is_written(client, everything, written):
    with at_work() as session:
        session.execute(text("update company set country = 'DE'"))
        for number, phone in (("1", "+491711234567"), ("2", "+491711234568")):
            made = Client(name=number, number=number)
            session.add(made)
            session.flush()
            session.add(
                ContactPoint(client_id=made.id, channel="phone", value=phone, normalised=phone)
            )
    found = client.get(f"{CLIENTS}/?phone={written}").json["result"]
    assert [one["number"] for one in found] == ["1"]


def test_a_client_is_found_by_an_email_however_it_is_written(client, everything):
    with at_work() as session:
        made = Client(name="A", number="1")
        session.add(made)
        session.flush()
        mail = "ada@example.com"
        session.add(ContactPoint(client_id=made.id, channel="email", value=mail, normalised=mail))
    assert client.get(f"{CLIENTS}/?email=Ada@Example.com").json["count"] == 1
    assert client.get(f"{CLIENTS}/?email=ad@example.com").json["count"] == 0


def test_a_moment_is_compared_to_the_second(client, everything):
    (pk,) = add("Daiwa")
    at = client.get(f"{BRANDS}/{pk}").json["result"]["created_at"]
    assert at.endswith("Z")
    moment = datetime.fromisoformat(at)
    for opr, seconds, expected in (
        ("gt", -1, 1),
        ("gt", 0, 0),
        ("lt", 1, 1),
        ("lt", 0, 0),
        ("eq", 0, 1),
    ):
        value = (moment + timedelta(seconds=seconds)).isoformat()
        q = f"(filters:!((col:created_at,opr:{opr},value:'{value}')))"
        assert rison(client, BRANDS, q).json["count"] == expected, (opr, seconds)


# --- by change -------------------------------------------------------------------------------------


def rounds(client, since, *, waits=True, **more):
    """The names that one round gives, page by page, and where the next begins."""
    if waits:
        until_all_is_over()
    names, asked = [], {"changed_since": since, "page_size": 2, **more}
    while True:
        answer = client.get(f"{BRANDS}/", query_string=asked)
        assert answer.status_code == 200, answer.text
        names += [one["name"] for one in answer.json["result"]]
        if answer.json["next"] is None:
            return names, answer.json["changed_until"]
        asked["next"] = answer.json["next"]


def rename(pk, name):
    with at_work() as session:
        session.get(Brand, pk).name = name


def test_changes_are_told_once_in_their_order_archived_records_among_them(client, everything):
    first, second, third = add("A", "B", "C")
    names, since = rounds(client, EARLY)
    assert names == ["A", "B", "C"]
    assert rounds(client, since)[0] == []
    rename(second, "B2")
    assert client.delete(f"{BRANDS}/{first}").status_code == 200
    until_all_is_over()
    answer = client.get(f"{BRANDS}/", query_string={"changed_since": since}).json
    assert [one["name"] for one in answer["result"]] == ["B2", "A"]
    assert [one["archived_at"] is None for one in answer["result"]] == [True, False]
    assert rounds(client, answer["changed_until"])[0] == []
    assert third


def test_a_moment_begins_the_first_round(client, everything):
    add("A")
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    assert rounds(client, later)[0] == []
    earlier = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    assert rounds(client, earlier)[0] == ["A"]


def test_what_was_changed_before_the_reading_and_committed_after_it_is_not_missed(
    client, everything
):
    written, read = threading.Event(), threading.Event()

    def slow():
        with work(company_stamp(1)) as session:
            session.add(Brand(name="Slow"))
            session.flush()
            written.set()
            read.wait(10)

    with at_work():
        thread = threading.Thread(target=slow)
        thread.start()
        assert written.wait(10)
    add("Quick")
    names, since = rounds(client, EARLY, waits=False)
    assert "Slow" not in names
    read.set()
    thread.join()
    more, since = rounds(client, since)
    assert sorted(names + more) == ["Quick", "Slow"]
    assert rounds(client, since)[0] == []


def test_a_change_between_two_pages_belongs_to_the_next_round(client, everything):
    pks = add("A", "B", "C")
    until_all_is_over()
    page = client.get(f"{BRANDS}/", query_string={"changed_since": EARLY, "page_size": 2}).json
    rename(pks[0], "A2")
    rest = {"changed_since": EARLY, "page_size": 2, "next": page["next"]}
    last = client.get(f"{BRANDS}/", query_string=rest).json
    assert [one["name"] for one in last["result"]] == ["C"]
    assert rounds(client, last["changed_until"])[0] == ["A2"]


def elsewhere(token, *, number=0, home="elsewhere"):
    """The same end of a round, as another database would have told it."""
    after, at, ours = unpacked(token)
    return packed(after + number, at, home or ours)


def test_who_was_told_by_another_database_is_asked_to_begin_anew(client, everything):
    add("A")
    _names, since = rounds(client, EARLY)
    add("B")
    # A restored dump; one restored in place to an earlier time; both at once.
    for told in (
        elsewhere(since),
        elsewhere(since, number=1_000_000, home=""),
        elsewhere(since, number=1_000_000),
        elsewhere(since, number=2**31),
        elsewhere(since, number=2**32),
    ):
        answer = client.get(f"{BRANDS}/", query_string={"changed_since": told})
        assert (answer.status_code, answer.json["type"]) == (410, "urn:tresen:problem:begin-anew")
        assert list(answer.json["errors"]) == ["changed_since"]
    assert rounds(client, since)[0] == ["B"]


def test_a_round_that_another_database_began_is_not_read_on(client, everything):
    add("A", "B", "C")
    until_all_is_over()
    page = client.get(f"{BRANDS}/", query_string={"changed_since": EARLY, "page_size": 2}).json
    place, _joint, rest = page["next"].partition("~")
    since, after, before, at, home, floor, part = unpacked(rest)
    for other in (
        (since, after, before, at, "elsewhere", floor, part),
        (since, after, before + 1_000_000, at, home, floor, part),
    ):
        asked = {"changed_since": EARLY, "next": f"{place}~{packed(*other)}"}
        answer = client.get(f"{BRANDS}/", query_string=asked)
        assert (answer.status_code, list(answer.json["errors"])) == (410, ["next"])


def test_a_copy_of_the_database_is_another_one(app, make_database, server):
    homes = set()
    for name in ("home", "restored"):
        engine = make_engine(server.url(make_database(name)), poolclass=NullPool)
        with work(company_stamp(1), on=engine) as session:
            homes |= {changes.begin(session, EARLY).home, changes.begin(session, EARLY).home}
    assert len(homes) == 2


def test_what_is_changed_by_a_statement_that_says_no_time_is_told(client, everything, app):
    (pk,) = add("A")
    _names, since = rounds(client, EARLY)
    with bench.owner(app) as connection:
        connection.execute(text("update brand set changed_at = now() - interval '1 year'"))
        connection.execute(text("update brand set name = 'A2' where id = :pk"), {"pk": pk})
    assert rounds(client, since)[0] == ["A2"]


@pytest.mark.parametrize(
    ("row", "horizon", "before"),
    [
        (99, 100, True),
        (100, 100, False),
        (101, 100, False),
        (2**32 - 1, 2**32 + 5, True),
        (6, 2**32 + 5, False),
        (4, 2**32 + 5, True),
    ],
)
def test_transactions_are_told_apart_across_the_turn_of_their_numbers(app, row, horizon, before):
    with at_work() as session:
        statement = text("select crm_written_before(cast(:row as xid), :horizon)")
        assert session.scalar(statement, {"row": str(row), "horizon": horizon}) is before


def test_what_every_record_has_can_be_asked_for_by_name(client, everything):
    pk, _brand = shelf("A")
    wanted = {"id", "version", "name"}
    asked = f"(columns:!({','.join(sorted(wanted))}))"
    answer = client.get(f"{PRODUCTS}/{pk}", query_string={"q": asked})
    assert (answer.status_code, answer.json["id"]) == (200, pk)
    assert answer.json["result"]["name"] == "Rod"
    listed = client.get(f"{PRODUCTS}/", query_string={"q": asked})
    assert listed.status_code == 200, listed.text
    (row,) = listed.json["result"]
    assert (row["id"], row["name"]) == (pk, "Rod")
    for odd in ("company_id", "colour"):
        refused = client.get(f"{PRODUCTS}/", query_string={"q": f"(columns:!(id,{odd}))"})
        assert (refused.status_code, set(refused.json["errors"])) == (400, {odd})
