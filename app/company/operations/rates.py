"""Rates into the company's own currency."""

from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from app.company.models import Company
from app.kit.errors import Invalid

# Between the dearest and the cheapest currency of the world lie eleven digits.
LOWEST, HIGHEST = Decimal("0.000001"), Decimal(1_000_000)


def rate_between(
    currency: str, company_currency: str, given: Decimal | None, former: str | None = None
) -> Decimal:
    """Return the rate into the company's currency: 1 at home, else it must be given.

    `former` is the currency that the document had before: a 1 that stood there for amounts at home
    says nothing of another one. Raises Invalid.
    """
    if currency == company_currency:
        if given not in (None, 1):
            raise Invalid(
                _l("Amounts in %(currency)s have the rate 1.", currency=currency), field="rate"
            )
        return Decimal(1)
    if given == 1 and former == company_currency:
        given = None
    if given is None or not LOWEST <= given <= HIGHEST:
        raise Invalid(
            _l(
                "Give the rate from %(from)s into %(to)s.",
                **{"from": currency, "to": company_currency},
            ),
            field="rate",
        )
    return given


def former_currency(document: Any) -> str | None:
    """Return the currency that a stored document has, or had before it was changed."""
    history = inspect(document).attrs.currency.history
    before = history.deleted or history.unchanged or (None,)
    return before[0]


def rate_of(session: Session, document: Any) -> Decimal:
    """Return the rate of a document into the stamped company's currency; see `rate_between`."""
    with session.no_autoflush:
        own = session.scalars(select(Company.currency)).one()
    return rate_between(document.currency, own, document.rate, former_currency(document))
