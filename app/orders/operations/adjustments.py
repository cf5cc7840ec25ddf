"""Signed document lines that are neither sale nor return."""

from datetime import datetime
from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.company.operations.rates import former_currency
from app.kit.errors import Invalid
from app.kit.events import emit
from app.kit.money import convert, round_amount
from app.kit.numbering import Period, Series, next_number
from app.kit.numbering import series as number_series
from app.orders.models import Adjustment
from app.orders.operations.places import place

ADJUSTMENT_NUMBERS = Series("adjustment", "A-{year}-{n:05}", Period.YEAR)
number_series.register(ADJUSTMENT_NUMBERS)


def add_adjustment(
    session: Session, adjustment: Adjustment, *, by: int | None, at: datetime
) -> None:
    """Give a number to a signed document line and place it on its day, in its store's currency."""
    where = place(session, adjustment.store_id or (adjustment.store.id if adjustment.store else 0))
    adjustment.currency = where.currency
    amount = adjustment.amount or Decimal(0)
    if not amount or round_amount(amount, where.currency) != amount:
        raise Invalid(_l("This is not an amount of %(c)s.", c=where.currency), field="amount")
    adjustment.at = adjustment.at or at
    adjustment.business_date = where.day(adjustment.at)
    adjustment.rate = where.rate(adjustment.rate, former_currency(adjustment))
    adjustment.amount_company = convert(adjustment.amount, adjustment.rate, where.company_currency)
    adjustment.country = adjustment.country or where.country
    if not adjustment.number:
        adjustment.number = next_number(
            session, ADJUSTMENT_NUMBERS, at=adjustment.at, zone=where.time_zone
        )
    session.add(adjustment)
    session.flush()
    emit(
        session,
        "adjustment.added",
        adjustment_id=adjustment.id,
        store_id=adjustment.store_id,
        business_date=adjustment.business_date,
        amount=adjustment.amount_company,
    )
