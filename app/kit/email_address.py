"""Email addresses: checked without asking the network, kept in one lower-case form."""

from email_validator import EmailNotValidError, EmailSyntaxError, validate_email
from flask_babel import lazy_gettext as _l

from app.kit.errors import Invalid


def normalise_email(raw: str) -> str:
    """Return the address in lower case, its domain in letters (münchen.de), not in xn-- form.

    Raises Invalid.
    """
    return _checked(raw)[0]


def ascii_email(address: str) -> str:
    """Return the address as mail servers without SMTPUTF8 take it.

    Raises Invalid when there is no such form.
    """
    normal, ascii_form = _checked(address)
    if ascii_form is None:
        raise Invalid(
            _l(
                "“%(address)s” has letters before the @ that not every server takes.",
                address=normal,
            )
        )
    return ascii_form


def _checked(raw: str) -> tuple[str, str | None]:
    try:
        found = validate_email(raw.strip().lower(), check_deliverability=False)
    except EmailSyntaxError as error:
        raise Invalid(
            _l("“%(address)s” is not an email address.", address=raw.strip()[:80])
        ) from error
    except EmailNotValidError as error:
        raise Invalid(
            _l("No mail can be sent to “%(address)s”.", address=raw.strip()[:80])
        ) from error
    return found.normalized.lower(), found.ascii_email and found.ascii_email.lower()
