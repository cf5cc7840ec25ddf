"""The domains' screens through the application: every page of every entity, and orders through the API."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

import config as settings
from app.cashier import screens as cashier
from app.catalogue import screens as catalogue
from app.clients import screens as clients
from app.clients.models import ClientFigures
from app.company.operations.role_templates import template
from app.kit.rest.resource_registry import resources
from app.kit.screens.screen_registry import screens
from app.kit.security.permissions import asked_rights
from app.orders import operations as orders_operations
from app.orders import screens as orders
from app.orders.models import GoodsReturn, Order, ReturnLine
from app.orders.operations import Item
from app.orders.operations.unmatched_returns import TAKE_BACK_UNSOLD
from app.stock import screens as stock
from app.stock.models import Movement, StockBalance
from app.value import screens as value
from tests import factories
from tests.screens import bench

ALL = [
    *catalogue.ALL, *clients.ALL, *value.ALL, *stock.ALL, *orders.ALL, *cashier.ALL,
]  # fmt: skip
EDGE = {"by": None, "at": factories.NOON}
MADE_BY = {
    "ConsentCurrent": factories.make_consent_event,
    "OrderLine": factories.make_order,
    "ReturnLine": factories.make_goods_return,
}


def make(session, screen):
    """Return a record of the screen's entity; of a follower, the record that makes it."""
    name = screen.model.__name__
    words = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    maker = MADE_BY.get(name) or getattr(factories, f"make_{words}")
    maker(session)
    session.flush()
    return session.scalar(select(screen.model).order_by(screen.model.id.desc()).limit(1))


@pytest.fixture(scope="module")
def app(server, module_database, tmp_path_factory):
    from app import create_app

    instance: Path = tmp_path_factory.mktemp("instance")
    url = server.url(module_database.name)
    made = create_app(
        settings.Config.from_env(
            {
                "DATABASE_URL": url,
                "REDIS_URL": server.redis_url,
                "SECRET_KEY": "s" * 40,
                "INSTANCE_DIR": str(instance),
            }
        )
    )
    made.config["WTF_CSRF_ENABLED"] = False
    bench.let_tests_choose_the_reader(made)
    return made


@pytest.fixture
def client(app) -> Iterator:
    with app.app_context():
        every = set(asked_rights()) | {("read", guard) for guard in bench.GUARDS}
    with bench.signed_in(bench.reader_with(every)):
        yield app.test_client()


@pytest.mark.parametrize("screen", ALL, ids=lambda s: s.__name__)
def test_every_page_of_every_screen_opens(app, client, screen):
    with app.app_context():
        path = next(one.path for one in screens().values() if type(one) is screen)
    with bench.at_work() as session:
        pk = make(session, screen).id
    pages = [f"/{path}/list/", f"/{path}/show/{pk}", f"/{path}/history/{pk}", f"/{path}/export"]
    pages += [f"/{path}/list/?part=1"]
    if screen.adds:
        pages.append(f"/{path}/add")
    if screen.edits:
        pages.append(f"/{path}/edit/{pk}")
    with app.app_context():
        one = next(s for s in screens().values() if type(s) is screen)
        pages += [f"/{path}/list/?order={name}" for name in one.sortable]
        pages += [f"/{path}/list/?order=-{name}" for name in one.sortable]
        tabs = one.all_tabs()
    for name, tab in tabs.items():
        if hasattr(tab, "render") and tab.needs is None:
            pages.append(f"/{path}/tab/{pk}/{name}")
    for url in pages:
        answer = client.get(url)
        assert answer.status_code == 200, (url, answer.status_code, answer.text[-3000:])


@pytest.mark.parametrize("screen", ALL, ids=lambda s: s.__name__)
def test_every_resource_lists_and_shows(app, client, screen):
    with app.app_context():
        path = next(one.path for one in screens().values() if type(one) is screen)
        offered = path in resources()
    assert offered or screen is clients.SegmentScreen, "Every entity has a resource."
    if not offered:
        return
    with bench.at_work() as session:
        pk = make(session, screen).id
    assert client.get(f"/api/v1/{path}").status_code == 200
    answer = client.get(f"/api/v1/{path}/{pk}")
    assert answer.status_code == 200, answer.text


def post(client, path, body, key=None):
    headers = {"Idempotency-Key": key or secrets.token_hex(8)}
    return client.post(f"/api/v1/{path}", json=body, headers=headers)


def test_an_order_of_three_lines_is_placed_through_the_api_and_once(client):
    with bench.at_work() as session:
        store, buyer = factories.make_store(session).id, factories.make_client(session).id
        variants = [factories.make_variant(session).id for _ in range(3)]
    body = {
        "store": store,
        "client": buyer,
        "lines": [{"variant": v, "quantity": n} for n, v in enumerate(variants, 1)],
    }
    key = secrets.token_hex(8)
    first, again = post(client, "orders", body, key), post(client, "orders", body, key)
    assert (first.status_code, again.status_code) == (201, 201), first.text
    assert first.json == again.json
    made = first.json["result"]
    assert (made["total"], made["status"], made["channel"]) == ("60.00", "placed", "api")
    with bench.at_work() as session:
        figures = session.scalar(select(ClientFigures).where(ClientFigures.client_id == buyer))
        assert (figures.orders_count, figures.orders_sum) == (1, 60)


def test_what_is_short_is_a_sentence_and_nothing_is_written(client):
    with bench.at_work() as session:
        store = factories.make_store(session).id
        variant = factories.make_variant(session, stock=1, store_id=store).id
    body = {"store": store, "lines": [{"variant": variant, "quantity": 2}]}
    answer = post(client, "orders", body)
    assert answer.status_code == 409
    assert "Only 1 of" in answer.json["detail"]
    with bench.at_work() as session:
        assert session.scalar(select(Order.id).where(Order.store_id == store)) is None


@pytest.mark.parametrize("field", ["total", "paid", "refunded", "status", "goods"])
def test_a_sum_sent_to_the_api_is_refused(client, field):
    with bench.at_work() as session:
        store = factories.make_store(session).id
        variant = factories.make_variant(session).id
    answer = post(
        client, "orders", {"store": store, "lines": [{"variant": variant}], field: "1.00"}
    )
    assert answer.status_code == 422, answer.text
    assert field in json.dumps(answer.json)


def test_a_payment_through_the_api_pays_the_order(client):
    with bench.at_work() as session:
        order = factories.make_order(session).id
    answer = post(client, "payments", {"order": order, "method": "cash", "amount": "10.00"})
    assert answer.status_code == 201, answer.text
    with bench.at_work() as session:
        assert session.get_one(Order, order).payment_state == "paid"


def test_points_are_offered_nowhere_and_taken_by_nobody(client):
    with bench.at_work() as session:
        order = factories.make_order(session).id
    page = client.get(f"/payments/add?order={order}").text
    assert 'value="certificate"' in page
    assert 'value="points"' not in page
    answer = post(client, "payments", {"order": order, "method": "points", "amount": "10.00"})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["method"])
    sent = {"order": order, "method": "points", "amount": "10.00", "direction": "received"}
    assert client.post("/payments/add", data=sent).status_code == 422


def test_change_through_the_api_and_one_click_too_many(client):
    with bench.at_work() as session:
        order = factories.make_order(session).id
    over = post(client, "payments", {"order": order, "method": "cash", "amount": "12.00"})
    assert (over.status_code, list(over.json["errors"])) == (409, ["amount"])
    body = {"order": order, "method": "cash", "tendered": "12.00"}
    one, two = (post(client, "payments", body, key="till 7") for _ in range(2))
    assert one.status_code == two.status_code == 201
    assert one.json == two.json
    assert (one.json["result"]["amount"], one.json["result"]["change"]) == ("10.00", "2.00")


def test_a_movement_names_its_direction_and_has_no_sign(app, client):
    with bench.at_work() as session:
        store = factories.make_store(session).id
        variant = factories.make_variant(session, stock=5, store_id=store).id
    body = {"store": store, "variant": variant, "quantity": 2, "reason": "Broken"}

    def move(**more):
        return post(client, "movements", {**body, **more})

    assert list(move().json["errors"]) == ["kind"]
    for kind in ("sale", "return", "transfer", "stocktake", "out"):
        answer = move(kind=kind)
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["kind"])
    for quantity in (0, -2):
        answer = move(kind="write_off", quantity=quantity)
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["quantity"])
    moved = {}
    for kind in ("write_off", "service_use", "goods_receipt"):
        answer = move(kind=kind)
        assert answer.status_code == 201, answer.text
        moved[kind] = answer.json["result"]["quantity"]
    assert moved == {"write_off": -2, "service_use": -2, "goods_receipt": 2}
    with bench.at_work() as session:
        assert session.scalar(select(Movement.quantity).order_by(Movement.id.desc()).limit(1)) == 2
        on_hand = select(StockBalance.on_hand).where(StockBalance.variant_id == variant)
        assert session.scalar(on_hand) == 3
    page = client.get("/movements/add").text
    assert [kind in page for kind in ('"write_off"', '"goods_receipt"', '"sale"')] == [1, 1, 0]


@pytest.mark.parametrize(
    ("role", "allowed"),
    [("store_manager", True), ("administrator", True), ("cashier", False), ("accountant", None)],
)
def test_goods_that_were_never_sold_are_taken_back_by_right_only(app, role, allowed):
    with app.app_context():
        every = [*asked_rights(), TAKE_BACK_UNSOLD, *(("read", guard) for guard in bench.GUARDS)]
        may = set(template(role).rights(every))
    assert (TAKE_BACK_UNSOLD in may) is (allowed is not False)
    if allowed is None:
        return  # An accountant has the right and draws up no returns.
    # Whom a role lets receive a draft at all is another question.
    who = bench.reader_with(may | {("receive", "GoodsReturn")})
    with bench.at_work() as session:
        store = factories.make_store(session)
        sold, never = (factories.make_variant(session) for _ in range(2))
        order = factories.make_completed_order(session, Item(2, sold.id), store=store)
        factories.make_payment(session, order=order)
        kinds = [(sold.id, 2, 302), (never.id, 1, 302 if allowed else 403)]
        kinds.append((sold.id, 1, 302 if allowed else 403))
        drafts = []
        for variant, quantity, _expected in kinds:
            draft = GoodsReturn(store_id=store.id)
            orders_operations.save_return(session, draft, **EDGE)
            session.add(ReturnLine(goods_return_id=draft.id, variant_id=variant, quantity=quantity))
            orders_operations.save_return(session, draft, **EDGE)
            drafts.append(draft.id)
    client = app.test_client()
    with bench.signed_in(who):
        for pk, (_variant, _quantity, expected) in zip(drafts, kinds, strict=True):
            answer = client.post(f"/goods-returns/do/receive/{pk}")
            assert answer.status_code == expected, answer.text[-2000:]
            if expected == 403:
                assert "take back goods that were never sold here" in answer.text


def test_an_order_is_made_by_hand_with_lines_and_placed(client):
    with bench.at_work() as session:
        store = factories.make_store(session).id
        variant = factories.make_variant(session, name="Rod").id
    page = client.get("/orders/add").text
    assert 'name="lines-' in page
    answer = client.post(
        "/orders/add",
        data={
            "store": store,
            "channel": "phone",
            "delivery_method": "post",
            "rate": "1",
            "prices_include_tax": "1",
            "lines-0-variant": variant,
            "lines-0-quantity": "3",
            "lines-0-unit_price": "",
            "lines-0-discount": "1.00",
            "lines-0-description": "",
        },
    )
    assert answer.status_code == 302, answer.text[-4000:]
    pk = int(answer.location.rsplit("/", 1)[1])
    with bench.at_work() as session:
        order = session.get_one(Order, pk)
        assert (order.total, order.discount, order.number) == (29, 1, None)
        version = order.version
    answer = client.post(f"/orders/do/place/{pk}", data={"version": version})
    assert answer.status_code == 302, answer.text[-2000:]
    assert "2026-" in client.get(f"/orders/show/{pk}").text


def test_a_client_is_added_with_contact_points(client):
    answer = client.post(
        "/clients/add",
        data={
            "name": "Ada Lovelace",
            "kind": "person",
            "country": "GB",
            "source": "manual",
            "stage": "lead",
            "contact_points-0-channel": "phone",
            "contact_points-0-value": "07700 900123",
            "contact_points-0-valid": "1",
            "contact_points-1-channel": "email",
            "contact_points-1-value": "Ada@Example.com",
            "contact_points-1-valid": "1",
        },
    )
    assert answer.status_code == 302, re.findall(r"invalid[^<]*<|note[^<]*<[^<]*", answer.text)
    page = client.get(answer.location).text
    assert "07700 900123" in page
    found = client.get("/clients/list/?q=0090012").text
    assert "Ada Lovelace" in found


def test_without_the_right_to_contacts_no_address_is_on_any_page(app, client):
    with app.app_context():
        every = set(asked_rights()) | {("read", "prices"), ("read", "money"), ("read", "costs")}
    with bench.at_work() as session:
        point = factories.make_contact_point(session, value="very.secret@example.com")
        pk, owner = point.id, point.client_id
    with bench.signed_in(bench.reader_with(every)):
        for url in (
            f"/clients/show/{owner}",
            f"/contact-points/show/{pk}",
            "/contact-points/list/",
        ):
            assert "very.secret" not in client.get(url).text, url
        # Nor can whoever types an address learn whose it is.
        for path in ("clients", "contact-points"):
            assert "/show/" not in client.get(f"/{path}/list/?q=very.secret").text, path
    assert f"/clients/show/{owner}" in client.get("/clients/list/?q=very.secret").text


def test_amounts_of_lines_are_in_the_currency_of_their_document(client):
    with bench.at_work() as session:
        store = factories.make_store(session, currency="USD")
        variant = factories.make_variant(session, currency="USD", price=Decimal(31))
        order = factories.make_completed_order(
            session, orders.operations.Item(1, variant.id), store=store, rate=Decimal("0.9")
        )
        line, pk = order.lines[0].id, order.id
        expense = factories.make_expense(
            session, approved=True, currency="USD", rate=Decimal("0.9")
        )
        payment = factories.make_expense_payment(session, expense=expense).id
        entry = factories.make_value_entry(
            session, certificate=factories.make_certificate(session, currency="USD")
        ).id
    for url in (
        f"/orders/show/{pk}",
        f"/order-lines/show/{line}",
        f"/order-lines/list/?of.order={pk}",
        f"/expense-payments/show/{payment}",
        f"/value-entries/show/{entry}",
    ):
        page = client.get(url).text.partition("<main")[2]
        assert "$" in page or "USD" in page, url
        # An order says besides what it comes to in the company's.
        assert page.count("€") == ("orders/show" in url), url
    exported = client.get(f"/order-lines/export?of.order={pk}").text
    assert "USD" in exported
    assert "EUR" not in exported


def test_the_search_over_everything_finds_each_kind_and_leads_to_it(app, client):
    with bench.at_work() as session:
        named = factories.make_client(session, name="Zacharias Quill")
        product = factories.make_product(session, name="Quill holder")
        ids = named.id, product.id
    page = client.get("/search/?q=quill").text
    assert f'href="/clients/show/{ids[0]}"' in page
    assert f'href="/products/show/{ids[1]}"' in page
    assert 'href="/clients/list/?q=quill"' in page
    assert 'action="/search/"' in page, "The top bar has no search."
    assert "Nothing found" in client.get("/search/?q=no%20such%20words%00%27").text
    assert client.get("/search/").status_code == 200


def test_the_search_shows_only_what_its_reader_may_open_and_reach(app, client):
    with bench.at_work() as session:
        factories.make_client(session, name="Quentin Sole")
        point = factories.make_contact_point(session, value="quentin.sole@example.com")
        reached = point.client_id
    with bench.at_work(company=2) as session:
        factories.make_client(session, name="Quentin Sole of the others")
    assert "of the others" not in client.get("/search/?q=quentin").text
    with bench.signed_in(bench.reader_with({("read", "Product")})):
        assert "Quentin Sole" not in client.get("/search/?q=quentin").text
    with bench.signed_in(bench.reader_with({("read", "Client")})):
        assert f"/clients/show/{reached}" not in client.get("/search/?q=quentin.sole@").text
        assert "Quentin Sole" in client.get("/search/?q=quentin").text
    with bench.signed_in(None):
        assert client.get("/search/?q=quentin").status_code == 302


def test_archived_records_and_single_words_do_not_hide_what_is_searched(app, client):
    with bench.at_work() as session:
        for _ in range(6):
            gone = factories.make_client(session, name="Tuft, Wilhelmina")
            session.flush()
            gone.archived_at = gone.created_at
            factories.make_client(session, name="Wilhelmina Other")
            factories.make_client(session, name="Tuft Other")
        wanted = factories.make_client(session, name="Tuft, Wilhelmina").id
        apart = factories.make_client(session, name="Ophelia de Tuft").id
    assert f"/clients/show/{apart}" in client.get("/search/?q=Tuft%20Ophelia").text
    assert f"/clients/show/{wanted}" in client.get("/search/?q=Tuft,%20Wil").text


@pytest.mark.parametrize(("name", "asked"), [("owner", 19), ("master", 6)])
def test_a_search_asks_each_kind_once_and_once_more_for_what_it_found(app, name, asked):
    with app.app_context():
        every = [*asked_rights(), *(("read", guard) for guard in bench.GUARDS)]
        may = set(template(name).rights(every))
    with bench.at_work() as session:
        factories.make_client(session, name="Xylander Once")
        for _ in range(3):
            factories.make_client(session, name="Yvaine Thrice")
            factories.make_product(session, name="Yvaine Thrice")
    client, counts = app.test_client(), []
    with bench.signed_in(bench.reader_with(may)):
        for words in ("qqqq", "xylander", "yvaine"):
            client.get(f"/search/?q={words}")
            with bench.counted(app) as queries:
                client.get(f"/search/?q={words}")
            counts.append(len(queries))
    assert counts == [asked, asked + 1, asked + 2]


def test_a_unit_price_is_shown_with_the_decimals_it_has_everywhere(app, client):
    with bench.at_work() as session:
        store = factories.make_store(session)
        variant = factories.make_variant(session, price=Decimal("0.0125"))
        order = factories.make_order(session, orders_operations.Item(1000, variant.id), store=store)
        ids = variant.id, order.id, order.lines[0].id
    with app.app_context():
        paths = {type(one): one.path for one in screens().values()}
    variants, documents, lines = (
        paths[one] for one in (catalogue.VariantScreen, orders.OrderScreen, orders.OrderLineScreen)
    )
    for url in (
        f"/{variants}/show/{ids[0]}",
        f"/{variants}/edit/{ids[0]}",
        f"/{variants}/list/?cols=sku,price",
        f"/{variants}/export?cols=sku,price",
        f"/{documents}/show/{ids[1]}",
        f"/{lines}/show/{ids[2]}",
        f"/{lines}/list/?cols=order,unit_price,amount",
    ):
        answer = client.get(url)
        assert "0.0125" in answer.text, url
    assert client.get(f"/api/v1/{variants}/{ids[0]}").json["result"]["price"] == "0.0125"
    assert client.get(f"/api/v1/{lines}/{ids[2]}").json["result"]["amount"] == "12.50"
