"""The last row of a list: what all rows that match come to, where the address asks for it.

A figure that leads to a list asks (`sums=1`), so that who clicks it reads the same number there.
Nobody else pays for adding up: no index serves it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Session

from app.kit.access import reader
from app.kit.money import money_sum
from app.kit.screens.address import Address
from app.kit.screens.declaration import Declaration
from app.kit.screens.pages import Cell
from app.kit.screens.selection import Selection

SUMS = ("sums", "1")
"""What in an address asks for the sums."""


def totals_of(
    screen: Declaration,
    session: Session,
    address: Address,
    selection: Selection,
    names: Sequence[str],
) -> Mapping[str, Cell]:
    """Return the sums by column: of those shown, declared and seen by the reader; else nothing."""
    asked = {
        column: screen.attr(name)
        for column, name in screen.totals.items()
        if column in names and screen.sees(screen.attr(name))
    }
    if not asked or SUMS not in address.args or selection.nothing:
        return {}
    columns: list[Any] = []
    for attr in asked.values():
        summed = selection.plan.column(attr)
        columns.append(money_sum(summed) if attr.kind == "money" else func.sum(summed))
    row = session.execute(selection.plan.select(*columns, where=selection.where)).one()
    return {
        column: Cell(value, currency=reader().currency if attr.kind == "money" else "")
        for (column, attr), value in zip(asked.items(), row, strict=True)
    }
