"""Settings of a company: defined in code with type, default and words, kept per company, secrets encrypted.

    PREFIX = define(Setting("orders.prefix", str, default="", label=_l("Prefix of order numbers"), area="orders"))
    get(session, PREFIX)
    put(session, PREFIX, "A-")
"""

from app.kit.settings.definitions import Setting, areas, define, definition, definitions
from app.kit.settings.operations import (
    SecretState,
    get,
    get_many,
    put,
    put_many,
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
    "put_many",
    "reseal_all",
    "reset",
    "secret_state",
]
