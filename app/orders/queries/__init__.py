"""What figures must be, and what must always hold for orders, returns and payments."""

from app.orders.queries.figures import (
    FIGURES,
    WAITING,
    client_sums,
    figures_that_disagree,
    given_that_disagrees,
    lines_in_another_store,
    orders_that_disagree,
    paid_that_disagrees,
    payment_state_of,
    payment_states_that_disagree,
    refunded_that_disagrees,
    refunds_off_their_order,
    reservations_that_disagree,
    returned_beyond_the_sold,
    returned_that_disagrees,
    returns_that_disagree,
    ways_that_disagree,
)
from app.orders.queries.reckoned import RECKONED

__all__ = [
    "FIGURES",
    "RECKONED",
    "WAITING",
    "client_sums",
    "figures_that_disagree",
    "given_that_disagrees",
    "lines_in_another_store",
    "orders_that_disagree",
    "paid_that_disagrees",
    "payment_state_of",
    "payment_states_that_disagree",
    "refunded_that_disagrees",
    "refunds_off_their_order",
    "reservations_that_disagree",
    "returned_beyond_the_sold",
    "returned_that_disagrees",
    "returns_that_disagree",
    "ways_that_disagree",
]
