"""Settings of a company: typed and worded in code, kept per company, secrets encrypted.

`PREFIX = define(Setting("orders.prefix", str, "", _l("Prefix of order numbers"), area="orders"))`
and then `get(session, PREFIX)`, `put(session, PREFIX, "A-")`.
"""

from app.kit.settings.definitions import Setting, areas, define, definition, definitions
from app.kit.settings.operations import (
    SecretState,
    get,
    get_many,
    put,
    reseal_all,
    reset,
    secret_state,
)

__all__ = [
    "SecretState",
    "Setting",
    "areas",
    "define",
    "definition",
    "definitions",
    "get",
    "get_many",
    "put",
    "reseal_all",
    "reset",
    "secret_state",
]
