"""Public names of one recipient of one sending: in unsubscribe links, callbacks and Message-IDs."""

from typing import NamedTuple

from app.kit.signing import LinkBroken, read_link, sign_link

_ORD_BITS = 32


class Reference(NamedTuple):
    """One recipient; the rows are found by these three without any look-up table."""

    company_id: int
    dispatch_id: int
    ord: int


def sign_reference(purpose: str, reference: Reference) -> str:
    """Return a value for a public address (9 µs); one for callbacks unsubscribes nobody."""
    number = (reference.dispatch_id << _ORD_BITS) | reference.ord
    return sign_link(f"message {purpose}", reference.company_id, number)


def read_reference(purpose: str, token: str) -> Reference:
    """Return what the value names. Raises LinkBroken, a 404."""
    try:
        link = read_link(f"message {purpose}", token)
    except ValueError as error:
        raise LinkBroken from error
    return Reference(link.company_id, link.id >> _ORD_BITS, link.id & (2**_ORD_BITS - 1))
