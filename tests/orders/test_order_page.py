"""The page of an order: its sums, and no form or button for what is settled."""

import re

from app.orders import operations as orders_operations
from app.orders.models import Order
from app.stock import operations as stock_operations
from tests import factories
from tests.orders.test_screens import EDGE, app, client  # noqa: F401 -- the application of these tests
from tests.screens import bench


def _slip(page: str, title: str) -> list[str]:
    """Return the lines of the sums of this title on a page, the result last."""
    found = re.search(rf"<h2[^>]*>{title}</h2>.*?<dl>(.*?)</dl>", page, re.DOTALL)
    assert found is not None
    rows = re.findall(r"<dt>(.*?)</dt>(.*?)</dd>", found[1])
    return [f"{label} {re.sub('<[^>]+>', '', value)}" for label, value in rows]


def test_the_page_of_a_cancelled_order_gives_the_money_back(client):
    with bench.at_work() as session:
        order = factories.make_order(session)
        factories.make_payment(session, order=order)
        pk = order.id
    page = client.get(f"/orders/show/{pk}").text
    assert f"/orders/do/refund/{pk}" not in page
    assert "proposed to go back by the way it came" in page
    assert client.post(f"/orders/do/cancel/{pk}").status_code == 302
    assert f"/orders/do/refund/{pk}" in client.get(f"/orders/show/{pk}").text
    assert client.post(f"/orders/do/refund/{pk}").status_code == 302
    page = client.get(f"/orders/show/{pk}").text
    assert f"/orders/do/refund/{pk}" not in page
    assert _slip(page, "Payments") == ["Received −€10.00", "Refunded €10.00", "To pay €0.00"]
    assert client.get(f"/api/v1/orders/{pk}").json["result"]["refunded"] == "10.00"


def test_the_sums_of_an_order_end_with_what_is_still_to_pay_or_to_give_back(client):
    with bench.at_work() as session:
        order = factories.make_order(session)
        pk = order.id
    page = client.get(f"/orders/show/{pk}").text
    assert _slip(page, "Sums")[-1] == "Total €10.00"
    assert _slip(page, "Payments") == ["Total €10.00", "To pay €10.00"]
    with bench.at_work() as session:
        order = session.get(Order, pk)
        factories.make_payment(session, order=order)
        orders_operations.complete_order(session, order, **EDGE)
        orders_operations.return_order(session, order, **EDGE)
    page = client.get(f"/orders/show/{pk}").text
    assert _slip(page, "Payments") == [
        "Total €10.00",
        "Returned −€10.00",
        "Received −€10.00",
        "To give back €10.00",
    ]


def test_what_is_settled_offers_no_form_that_would_only_refuse(client):
    with bench.at_work() as session:
        drafts = {
            "orders": factories.make_draft(session),
            "goods-receipts": factories.make_goods_receipt_line(session).goods_receipt,
            "expenses": factories.make_expense(session),
        }
        settled = {
            "orders": factories.make_order(session),
            "goods-returns": factories.make_goods_return(session),
            "goods-receipts": factories.make_goods_receipt_line(session).goods_receipt,
            "expenses": factories.make_expense(session, approved=True),
        }
        stock_operations.receive_goods(session, settled["goods-receipts"], **EDGE)
        session.add(drafts["orders"])
        session.flush()
        drafts, settled = ({k: v.id for k, v in some.items()} for some in (drafts, settled))
    for path, pk in drafts.items():
        assert f"/{path}/edit/{pk}" in client.get(f"/{path}/show/{pk}").text
    for path, pk in settled.items():
        assert f"/{path}/edit/{pk}" not in client.get(f"/{path}/show/{pk}").text
