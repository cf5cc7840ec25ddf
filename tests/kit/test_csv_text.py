"""Files for spreadsheets: harmless wherever they are split, exact for machines."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.insights.queries import in_currency, report_csv
from app.kit.csv_text import distinct, line, safe

BEGINS = tuple("=+-@＝＋－＠−")


@pytest.mark.parametrize("sign", BEGINS)
@pytest.mark.parametrize(
    "before",
    [
        "",
        "a;",
        "a,",
        "a\t",
        "a\n",
        "a\r\n",
        'a;"',
        "a; ",
        ";;",
        " ",
        "a|",
        "a\v",
        "a\f",
        "a\x1e",
        "a\x85",
        "a\u2028",
        "\u200b",
        "\ufeff",
    ],
)
def test_no_reader_finds_a_formula_wherever_it_splits(before: str, sign: str) -> None:
    text = f"{before}{sign}1+1"
    assert safe(text) == f"{before}'{sign}1+1"


def test_what_is_no_formula_stays_as_it_is() -> None:
    for text in ("Ada Weber", "a-b", "1+1", "Tea, green; loose", "x=1", "a@example.com", ""):
        assert safe(text) == text


@given(st.text(alphabet="a=+-@;,\t\"' \n", max_size=12))
def test_every_split_of_a_written_line_is_harmless(text: str) -> None:
    written = line(["a", text, "b"])
    for at in ";,\t":
        for row in csv.reader(io.StringIO(written), delimiter=at):
            for found in row:
                assert not found.lstrip(' "\t\n').startswith(BEGINS), (at, written)


def test_numbers_are_exact_and_no_text() -> None:
    assert line([Decimal("-1234.0125"), 5, None, True, date(2026, 11, 30)]) == (
        "-1234.0125,5,,true,2026-11-30\r\n"
    )


def test_no_two_heads_are_alike() -> None:
    assert distinct(["Number", "Name", "number", "Name", "Name (2)"]) == [
        "Number", "Name", "number (2)", "Name (2)", "Name (2) (2)",
    ]  # fmt: skip


def test_a_report_is_harmless_and_in_full() -> None:
    row = {"store": "Shop;=cmd()", "orders": 1}
    sums = dict.fromkeys(("gross", "returns", "adjustments"), Decimal("179.2500"))
    rows = in_currency([{**row, **sums, "net": Decimal("-0.0125")}], "GBP")
    assert report_csv(rows, "store").splitlines()[1] == (
        "Shop;'=cmd(),1,179.25,179.25,179.25,-0.0125"
    )
