"""Rates into the company's own currency."""

from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.company.models import Company
from app.kit.errors import Invalid


def rate_between(currency: str, company_currency: str, given: Decimal | None) -> Decimal:
    """Return the rate into the company's currency: 1 at home, else it must be given.

    Raises Invalid.
    """
    if currency == company_currency:
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


def typed_rate(session: Session, currency: str, typed: Decimal | None) -> Decimal:
    """Return the rate of a form, where 1 is only what stood there before anybody typed."""
    with session.no_autoflush:
        own = session.scalar(select(Company.currency))
    return rate_between(currency, own or currency, None if typed == 1 else typed)
