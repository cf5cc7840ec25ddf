"""The real year: every line accounted for, the sums to the penny, done once."""

import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.kit.database.session import bind, make_engine, work
from app.kit.database.stamp import company_stamp
from app.orders.imports.online_retail.run import run

SOURCE = Path(__file__).resolve().parents[3] / "shared" / "data" / "uci-online-retail"
needs_source = pytest.mark.skipif(
    not SOURCE.exists(), reason="the real year is not beside this checkout (../shared)"
)
NET = text("""
select business_date_month, sum(net)::numeric / 10000 net, sum(lines) lines from (
  select to_char(business_date, 'YYYY-MM') business_date_month, total net, 0 lines from orders
  union all select to_char(business_date, 'YYYY-MM'), -total, 0 from goods_return
  union all select to_char(business_date, 'YYYY-MM'), amount, 0 from adjustment
) d group by 1 order by 1
""")


def expected_net() -> dict[str, Decimal]:
    """The sum of quantity × price over the lines of each month, from the source itself."""
    from app.orders.imports.online_retail.read import LINES, rows

    sums: dict[str, Decimal] = {}
    for row in rows(SOURCE, LINES):
        month = row["invoice_datetime"][:7]
        amount = Decimal(row["quantity"]) * Decimal(row["unit_price_gbp"])
        sums[month] = sums.get(month, Decimal(0)) + amount.quantize(Decimal("0.01"))
    return sums


@pytest.fixture
def imported(own_database: str) -> Any:
    engine = make_engine(own_database)
    bind(engine)
    with work(company_stamp(1)) as session:
        session.execute(text("update company set currency = 'GBP'"))
    start = time.monotonic()
    report = run(company_stamp(1), [SOURCE])
    print("seconds", time.monotonic() - start)
    yield report
    engine.dispose()


@needs_source
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_real_year_is_imported_to_the_penny_and_once(imported: Any) -> None:
    assert imported["rows"] == 541_909
    assert sum(imported["outcomes"].values()) == 541_909
    assert imported["rejected"] == {}
    with work(company_stamp(1)) as session:
        net = {month: amount for month, amount, _ in session.execute(NET)}
        counts = session.execute(
            text(
                "select (select count(*) from order_line), (select count(*) from return_line),"
                " (select count(*) from adjustment),"
                " (select count(*) from movement where kind = 'write_off')"
            )
        ).one()
    assert net == expected_net()
    outcomes = imported["outcomes"]
    assert counts == (
        outcomes["order_line"] + outcomes["charge"],
        outcomes["return"],
        outcomes["adjustment"],
        outcomes["write_off"],
    )
    assert run(company_stamp(1), [SOURCE]) == imported
