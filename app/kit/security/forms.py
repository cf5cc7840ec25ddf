"""The small forms around signing in. CSRF tokens are checked by the whole application."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, EmailField, Form, PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from app.kit.errors import Invalid
from app.kit.security.passwords import LONGEST, SHORTEST, check_strength
from app.kit.texts import one_line


def _plain(text: str | None) -> str:
    return one_line(text or "")


class SignInForm(Form):  # type: ignore[misc]  # WTForms is untyped
    """Email and password."""

    login = StringField(
        _l("Email"),
        [InputRequired(_l("Your email address is needed.")), Length(max=320)],
        render_kw={"autocomplete": "username", "inputmode": "email"},
    )
    password = PasswordField(
        _l("Password"),
        [InputRequired(_l("Your password is needed.")), Length(max=LONGEST)],
        render_kw={"autocomplete": "current-password"},
    )
    stays = BooleanField(_l("Stay signed in on this device"))


class AddressForm(Form):  # type: ignore[misc]  # WTForms is untyped
    """Where a link shall go."""

    email = EmailField(
        _l("Email"),
        [InputRequired(_l("Your email address is needed.")), Length(max=320)],
        render_kw={"autocomplete": "username"},
    )


class _Strong(Form):  # type: ignore[misc]  # WTForms is untyped
    """A new password, checked against whoever it is for."""

    def __init__(self, *args: Any, personal: Sequence[str] = (), **kwargs: Any) -> None:
        self._personal = personal
        super().__init__(*args, **kwargs)

    def personal(self) -> Sequence[str]:
        """Return what anybody knows about the person."""
        return self._personal

    password = PasswordField(
        _l("New password"),
        [InputRequired(_l("A password is needed."))],
        description=_l("At least %(n)d characters; a sentence is easier to remember.", n=SHORTEST),
        render_kw={"autocomplete": "new-password"},
    )

    def validate_password(self, field: Any) -> None:
        try:
            check_strength(field.data or "", *self.personal())
        except Invalid as refused:
            raise ValidationError(refused.message) from refused


class NewPasswordForm(_Strong):
    """A new password by a link."""


class ChangePasswordForm(_Strong):
    """A new password by somebody who knows the present one."""

    present = PasswordField(
        _l("Present password"),
        [InputRequired(_l("Your present password is needed."))],
        render_kw={"autocomplete": "current-password"},
    )


class JoinForm(_Strong):
    """Name and password of somebody invited who was not known."""

    first_name = StringField(
        _l("First name"),
        [DataRequired(_l("Your name is needed.")), Length(max=64)],
        filters=[_plain],
        render_kw={"autocomplete": "given-name"},
    )
    last_name = StringField(
        _l("Last name"),
        [DataRequired(_l("Your name is needed.")), Length(max=64)],
        filters=[_plain],
        render_kw={"autocomplete": "family-name"},
    )

    def personal(self) -> Sequence[str]:
        """Return what the invitation says, and the names that are typed beside the password."""
        return [*super().personal(), self.first_name.data or "", self.last_name.data or ""]


class ProfileForm(Form):  # type: ignore[misc]  # WTForms is untyped
    """What people may change about themselves."""

    first_name = StringField(
        _l("First name"), [DataRequired(_l("Your name is needed.")), Length(max=64)], [_plain]
    )
    last_name = StringField(
        _l("Last name"), [DataRequired(_l("Your name is needed.")), Length(max=64)], [_plain]
    )
    locale = SelectField(_l("Language"), [Optional()])
    time_zone = SelectField(
        _l("Time zone"), [Optional()], description=_l("Empty: that of the company.")
    )
