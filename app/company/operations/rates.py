"""Rates into the company's own currency."""

from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.company.models import Company
from app.kit.errors import Invalid


def rate_between(currency: str, company_currency: str, given: Decimal | None) -> Decimal:
    """Return the rate into the company's currency: 1 at home, else it must be given.

    A 1 says nothing: it stands in a form before anybody has typed. Raises Invalid.
    """
    if given == 1:
        given = None
    if currency == company_currency:
        if given is not None:
            raise Invalid(
                _l("Amounts in %(currency)s have the rate 1.", currency=currency), field="rate"
            )
        return Decimal(1)
    if given is None or given <= 0:
        raise Invalid(
            _l(
                "Give the rate from %(from)s into %(to)s.",
                **{"from": currency, "to": company_currency},
            ),
            field="rate",
        )
    return given


def rate_of(session: Session, currency: str, given: Decimal | None) -> Decimal:
    """Return the rate into the currency of the stamped company; see `rate_between`."""
    with session.no_autoflush:
        own = session.scalar(select(Company.currency))
    return rate_between(currency, own or currency, given)
