"""The store a sale happens in: its zone decides on the day, its currency on the money."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.company.models import Company, Store
from app.company.operations.rates import rate_between
from app.kit.errors import Invalid
from app.kit.zones import business_date


@dataclass(frozen=True, slots=True)
class SellingStore:
    """What a document takes over from its store, and the company's own currency."""

    store_id: int
    currency: str
    time_zone: str
    country: str
    company_currency: str

    def day(self, at: datetime) -> date:
        """Return the day on which `at` falls on the store's own clocks."""
        return business_date(at, self.time_zone)

    def rate(self, given: Decimal | None, former: str | None = None) -> Decimal:
        """Return the rate into the company's currency: 1 at home, else it must be given.

        `former` is the currency that the document had before.
        """
        return rate_between(self.currency, self.company_currency, given, former)


def selling_store(session: Session, store_id: int | None, *, to_sell: bool = False) -> SellingStore:
    """Return the store, in one statement.

    Raises Invalid when the caller may see none, or it is archived and the caller wants `to_sell`.
    """
    wanted = (
        select(Store.id, Store.currency, Store.time_zone, Store.country, Company.currency)
        .join(Company, Company.id == Store.company_id)
        .where(Store.id == store_id)
    )
    if to_sell:
        wanted = wanted.where(Store.archived_at.is_(None))
    found = session.execute(wanted).one_or_none()
    if found is None:
        raise Invalid(_l("This store does not exist."), field="store")
    return SellingStore(*found)
