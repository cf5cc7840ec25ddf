"""What the walk is told about expenses."""

from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from app.cashier.models import ExpensePayment
from app.cashier.screens import ExpensePaymentScreen, ExpenseScreen
from tests.factories import make_expense
from tests.screens.declaring import On, Told

_approved = partial(make_expense, approved=True)


def _payment(session: Session) -> dict[str, Any]:
    return {"expense": _approved(session).id}


WALK = {
    ExpenseScreen: Told(
        does={
            "approve": make_expense,
            "pay": On(_approved, writes=ExpensePayment),
            "cancel": make_expense,
        },
        # In the company's own currency.
        adds={"rate": None, "tax": "2"},
    ),
    ExpensePaymentScreen: Told(adds=_payment),
}
