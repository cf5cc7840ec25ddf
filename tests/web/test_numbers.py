"""The fast way to write a number writes what Babel would."""

from decimal import Decimal

import pytest
from babel.numbers import format_decimal
from flask import Flask
from flask_babel import Babel, force_locale

from app.kit.screens.pages import Cell, Column, Row
from app.web import formats, rows

VALUES = ("0", "0.005", "0.015", "-1", "12.5", "999.995", "1000", "9999.99", "-1234567.891", "1E+3")


@pytest.mark.parametrize("tongue", ["en", "de", "pt_BR", "uk", "ru"])
@pytest.mark.parametrize("decimals", [0, 1, 2, 4])
def test_a_number_is_written_as_babel_does(tongue, decimals):
    app = Flask("numbers")
    Babel(app)
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    with app.test_request_context(), force_locale(tongue):
        for value in map(Decimal, VALUES):
            wanted = format_decimal(value, format=pattern, locale=formats.locale())
            assert formats.number(value, decimals) == wanted.replace("-", formats.MINUS)


def test_nothing_is_never_less_than_nothing():
    app = Flask("numbers")
    Babel(app)
    with app.test_request_context():
        assert formats.number(Decimal("-0.004"), 2) == "0.00"


@pytest.mark.parametrize(
    ("currency", "written"), [("JPY", "1,234"), ("EUR", "1,234.00"), ("KWD", "1,234.000")]
)
def test_an_amount_below_its_currency_has_the_decimals_of_that_currency(currency, written):
    app = Flask("numbers")
    Babel(app)
    column, cell = Column("sum", "Sum", "money", currency=currency), Cell(Decimal(1234))
    lead = Column("name", "Name", "lead")
    with app.test_request_context():
        ((_row, html),) = rows.written([Row("1", [Cell("A"), cell])], [lead, column])
    assert f">{written}</td>" in html
