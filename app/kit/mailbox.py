"""The sender of mails as people type it: `Tea House <news@example.com>`."""

import re
from email.utils import getaddresses

from flask_babel import lazy_gettext as _l

from app.kit.email_address import normalise_email
from app.kit.errors import Invalid

# What ends a line, or is seen by none: with it a name would become further headers.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


def read_mailbox(text: str) -> tuple[str, str]:
    """Return the name, if there is one, and the one address. Raises Invalid."""
    found = [] if _UNSEEN.search(text) else getaddresses([text])
    if len(found) != 1 or not found[0][1]:
        raise Invalid(_l("Enter one sender on one line, like: Tea House <news@example.com>"))
    name, address = found[0]
    normalise_email(address)
    return name, address
