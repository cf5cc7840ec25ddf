"""The pages of somebody not yet signed in: sign-in, forgotten password, invitation."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request, session, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import no_cache
from flask_babel import get_locale
from flask_babel import gettext as _

from app.kit.access import reader_or_none
from app.kit.errors import CrmError, NotFound
from app.kit.rights import words_of
from app.kit.screens.pages import Field, Link, SignInPage
from app.kit.security import auth_functions, authentication, reset
from app.kit.security.addresses import safe_next
from app.kit.security.devices import remember
from app.kit.security.forms import AddressForm, JoinForm, NewPasswordForm, SignInForm
from app.kit.security.passwords import hash_password

COOKIE_KEY = "sid"


class SignInView(BaseView):  # type: ignore[misc]  # Flask-AppBuilder is untyped
    """Everything that happens before anybody is known. None of it needs a right."""

    route_base = ""
    base_permissions: list[str] = []

    @expose("/login/", methods=["GET", "POST"])
    @no_cache
    def login(self) -> Any:
        """Ask for email and password; lead on to where the reader wanted to go."""
        onward = safe_next(request.args.get("next"))
        known = reader_or_none()
        if known is not None:
            return redirect(onward)
        form, error, status = SignInForm(request.form), "", 200
        if request.method == "POST":
            if form.validate():
                try:
                    return self._enter(form, onward)
                except CrmError as refused:
                    error, status = str(words_of(refused)), refused.status
            else:
                error, status = _("Fill in both fields."), 422
        page = SignInPage(
            title=_("Sign in"),
            text=_("Welcome back to the counter."),
            fields=[
                Field(form.login, "full"),
                Field(form.password, "full"),
                Field(form.stays, "full"),
            ],
            error=error,
            submit_label=_("Sign in"),
            forgot_url=url_for("SignInView.forgotten"),
        )
        return render_template("tresen/signin.html", page=page), status

    def _enter(self, form: Any, onward: str) -> Any:
        made = authentication.sign_in(form.login.data, form.password.data, stays=form.stays.data)
        begin(made, stays=form.stays.data)
        if made.membership_id is None and made.memberships > 1:
            onward = url_for("AccountView.companies", next=onward)
        return remember(make_response(redirect(onward)), form.login.data.strip())

    @expose("/logout/", methods=["POST"])
    def logout(self) -> Any:
        """End the session here and in the database."""
        known = reader_or_none()
        if known is not None and known.session_id is not None:
            with auth_functions.opened() as door:
                auth_functions.end_session(door, known.session_id)
        language = session.get("locale")
        session.clear()
        if language:
            session["locale"] = language
        return redirect(url_for("SignInView.login"))

    @expose("/forgotten/", methods=["GET", "POST"])
    @no_cache
    def forgotten(self) -> Any:
        """Send a link to set a new password; the answer is the same for an unknown address."""
        form, done = AddressForm(request.form), ""
        if request.method == "POST" and form.validate():
            # The answer is the same after too many wishes: it tells nothing about the address.
            reset.ask(form.email.data, network=authentication.network())
            done = reset.way()
        page = SignInPage(
            title=_("Forgotten password"),
            text="" if done else _("We send you a link to set a new one."),
            fields=[Field(form.email, "full")],
            done=done,
            error=_("Your email address is needed.") if form.errors else "",
            submit_label=_("Send the link"),
            back=Link(_("Back to sign-in"), url_for("SignInView.login")),
        )
        return render_template("tresen/reset.html", page=page), 422 if form.errors else 200

    @expose("/reset/<token>", methods=["GET", "POST"])
    @no_cache
    def reset(self, token: str) -> Any:
        """Set a new password by a link that works once; every session ends."""
        with auth_functions.opened() as door:
            found = auth_functions.reset_for(door, auth_functions.hash_of(token))
        if found is None:
            return _over(_("This link is used or over. Ask for a new one."), "SignInView.forgotten")
        personal = (found.email, found.first_name, found.last_name, *found.companies)
        form = NewPasswordForm(request.form, personal=personal)
        if request.method == "POST" and form.validate():
            with auth_functions.opened() as door:
                done = auth_functions.reset_password(
                    door, auth_functions.hash_of(token), hash_password(form.password.data)
                )
            if done is None:
                return _over(_("This link is used already."), "SignInView.forgotten")
            session.pop(COOKIE_KEY, None)
            flash(_("The new password is set. Sign in with it."), "success")
            return redirect(url_for("SignInView.login"))
        page = SignInPage(
            title=_("New password"),
            text=_("For %(email)s.", email=found.email),
            fields=[Field(form.password, "full")],
            error=_first(form),
            submit_label=_("Set the password"),
        )
        return render_template("tresen/reset.html", page=page), 422 if form.errors else 200

    @expose("/invitation/<token>", methods=["GET", "POST"])
    @no_cache
    def invitation(self, token: str) -> Any:
        """Take a place in a company: after signing in, or naming oneself when new."""
        with auth_functions.opened() as door:
            offer = auth_functions.invited(door, auth_functions.hash_of(token))
        if offer is None:
            return _over(_("This invitation is used, withdrawn or over."), "SignInView.login")
        if offer.known:
            return self._join_as_known(token, offer)
        form = JoinForm(request.form, personal=(offer.email, offer.company_name))
        if request.method == "POST" and form.validate():
            return self._join_as_new(token, offer, form)
        page = SignInPage(
            title=_("Welcome to %(company)s", company=offer.company_name),
            text=_("You will sign in as %(email)s.", email=offer.email),
            fields=[
                Field(form.first_name, "full"),
                Field(form.last_name, "full"),
                Field(form.password, "full"),
            ],
            error=_first(form),
            submit_label=_("Join"),
            company=offer.company_name,
        )
        return render_template("tresen/invite.html", page=page), 422 if form.errors else 200

    def _join_as_new(self, token: str, offer: Any, form: Any) -> Any:
        with auth_functions.opened() as door:
            made = auth_functions.accept_invitation(
                door,
                auth_functions.hash_of(token),
                first=form.first_name.data,
                last=form.last_name.data,
                password_hash=hash_password(form.password.data),
                locale=str(get_locale() or "en"),
            )
        if made is None:
            return _over(_("This invitation is used already."), "SignInView.login")
        begin(authentication.sign_in(offer.email, form.password.data), stays=False)
        return remember(make_response(redirect("/")), offer.email)

    def _join_as_known(self, token: str, offer: Any) -> Any:
        known = reader_or_none()
        here = url_for("SignInView.invitation", token=token)
        if known is None or known.session_id is None:  # a key is nobody who could accept
            flash(_("Sign in as %(email)s to accept the invitation.", email=offer.email), "info")
            return redirect(url_for("SignInView.login", next=here))
        if known.email.lower() != offer.email:
            return _over(
                _(
                    "This invitation is for %(email)s, and you are signed in as %(other)s.",
                    email=offer.email,
                    other=known.email,
                ),
                "HomeView.index",
            )
        if request.method == "POST":
            with auth_functions.opened() as door:
                made = auth_functions.accept_invitation(
                    door, auth_functions.hash_of(token), session_id=known.session_id
                )
            if made is None:
                return _over(_("This invitation is used already."), "HomeView.index")
            return redirect("/")
        page = SignInPage(
            title=_("Join %(company)s?", company=offer.company_name),
            text=_("You keep your password and your other companies."),
            submit_label=_("Join"),
            company=offer.company_name,
        )
        return render_template("tresen/invite.html", page=page)


def begin(made: authentication.SignedIn, *, stays: bool) -> None:
    """Put the session's token into the cookie. What was in the cookie before is dropped."""
    language = made.locale or session.get("locale")
    session.clear()
    session[COOKIE_KEY] = made.token
    session.permanent = stays
    if language:
        session["locale"] = language


def _over(sentence: str, endpoint: str) -> Any:
    page = SignInPage(
        title=_("This link does not work"),
        done=sentence,
        back=Link(_("Go on"), url_for(endpoint)),
    )
    return render_template("tresen/reset.html", page=page), NotFound.status


def _first(form: Any) -> str:
    return next((str(texts[0]) for texts in form.errors.values() if texts), "")
