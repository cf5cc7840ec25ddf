"""Business errors: a sentence for people and a status for machines.

Operations raise them, one handler renders them as flash, page or JSON, and a job keeps them on its
row. Any other exception is a bug.
"""

from typing import Any

from flask_babel import lazy_gettext as _l


class CrmError(Exception):
    """What the business refuses, worded for the reader.

    `field` names the form field at fault, if one is; `record` the row it is a field of, where that
    may be a line of what is saved.
    """

    status: int = 409
    kind: str = ""
    """What programs know it by (see problems.py), where its status says too little."""
    default_message: Any = _l("This is not possible.")

    def __init__(
        self, message: Any = None, *, field: str | None = None, record: object = None
    ) -> None:
        self.message = self.default_message if message is None else message
        self.field = field
        self.record = record
        super().__init__(self.message)

    def __str__(self) -> str:
        return str(self.message)


class NotFound(CrmError):
    """No such thing, or none that the caller may know of."""

    status = 404
    default_message = _l("This was not found.")


class Refused(CrmError):
    """The caller lacks the right."""

    status = 403
    default_message = _l("You may not do this.")


class Invalid(CrmError):
    """The input itself is wrong."""

    status = 422
    default_message = _l("This value is not valid.")


class Conflict(CrmError):
    """The input is fine, the present state of things is against it."""

    status = 409
    default_message = _l("This is not possible in the present state.")


class Again(Conflict):
    """Two met, and neither is to blame: the same once more may well succeed."""

    default_message = _l("Two changes met. Please try again.")
