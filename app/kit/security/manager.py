"""The security manager: rights in one query at most, no screen or commit of FAB's own.

Every request passes `before_request`: whoever the cookie, the JWT or the API key stands for becomes
the reader, and their stamp the stamp of everything the request does. What FAB asks about users and
roles is answered from the reader; what it would write at start is made at deploy instead.
"""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, current_app, g, request, session
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_babel import gettext as _
from flask_jwt_extended import JWTManager, verify_jwt_in_request
from flask_login import AnonymousUserMixin, LoginManager
from werkzeug.middleware.proxy_fix import ProxyFix

from app.kit.access import Reader, Right, reader_or_none
from app.kit.database.stamp import set_stamp
from app.kit.problems import problem
from app.kit.request_id import request_id
from app.kit.security import auth_functions, csrf
from app.kit.security.account import AccountView
from app.kit.security.api import SignInApi
from app.kit.security.csrf import TOKENS, carries_token
from app.kit.security.language import choose_language
from app.kit.security.menu import shell
from app.kit.security.readers import resolve, resolve_key
from app.kit.security.signin import COOKIE_KEY, SignInView

log = logging.getLogger(__name__)

KEY_PREFIX = "tk_"
# Answered without asking who is there.
_OPEN_TO_ALL = ("static", "appbuilder.static", "health", "ready", "metrics")


class CrmSecurityManager(SecurityManager):  # type: ignore[misc]  # Flask-AppBuilder is untyped
    """Flask-AppBuilder's security on top of readers."""

    def __init__(self, appbuilder: Any) -> None:
        self.user_view = None
        super().__init__(appbuilder)

    def create_db(self) -> None:
        """Nothing: migrations make the tables, and FAB's Admin and Public roles are not used."""

    def register_views(self) -> None:
        """Register signing in, on pages and for the API. Users and roles have screens of ours."""
        self.auth_view = SignInView()
        self.appbuilder.add_view_no_menu(self.auth_view)
        self.appbuilder.add_view_no_menu(AccountView)
        self.appbuilder.add_api(SignInApi)

    def create_login_manager(self, app: Flask) -> LoginManager:
        """Let Flask-Login ask us for each request, and keep nothing in the cookie itself."""
        manager = LoginManager(app)
        manager.session_protection = None
        manager.user_loader(self.load_user)
        manager.request_loader(lambda _request: reader_or_none())
        return manager

    def create_jwt_manager(self, app: Flask) -> JWTManager:
        """Answer a token that cannot be read like one that is over: 401."""
        manager = JWTManager(app)
        manager.user_lookup_loader(self.load_user_jwt)
        for refused in (
            manager.invalid_token_loader,
            manager.unauthorized_loader,
        ):
            refused(lambda _reason: problem(401, _("This token is not valid.")))
        manager.expired_token_loader(
            lambda _header, _data: problem(401, _("This token is over. Ask for a new one."))
        )
        manager.user_lookup_error_loader(
            lambda _header, _data: problem(401, _("This session is over. Sign in again."))
        )
        return manager

    # --- who is there

    @staticmethod
    def before_request() -> None:
        """Find out who is there, once, before anything else asks the database."""
        set_stamp(None)
        g.reader = None
        g.user = g._login_user = AnonymousUserMixin()  # noqa: SLF001 -- Flask-Login's own place for it
        if request.endpoint in _OPEN_TO_ALL or request.path in TOKENS:
            return
        if carries_token():
            _read_header()
        elif COOKIE_KEY in session:
            _read_cookie()
        choose_language()
        csrf.settle()

    def load_user(self, pk: int) -> Reader | None:
        """Return the reader if it is them; nobody is signed in by their id alone."""
        found = reader_or_none()
        return found if found is not None and str(found.user_id) == str(pk) else None

    def load_user_jwt(self, _jwt_header: Any, jwt_data: dict[str, Any]) -> Reader | None:
        """Return whom the token's session stands for, as long as that session has not ended."""
        session_id = jwt_data.get("sid")
        if not isinstance(session_id, int):
            return None
        with auth_functions.opened(request_id()) as door:
            found = resolve(door, session_id=session_id)
        if found is None or str(found.user_id) != jwt_data.get("sub"):
            return None
        become(found)
        return found

    def validate_api_key(self, api_key_string: str) -> Reader | None:
        """Return the key's maker with the key's rights at most, None for a key that is over."""
        with auth_functions.opened(request_id()) as door:
            found = resolve_key(
                door, auth_functions.api_key(door, auth_functions.hash_of(api_key_string))
            )
        if not found:
            return None
        become(found)
        g._api_key_user = True  # noqa: SLF001 -- FAB's own mark
        return found

    # --- what they may

    def has_access(self, permission_name: str, view_name: str) -> bool:
        """Say whether the reader has the right; nobody has none, no page is public by a role."""
        found = reader_or_none()
        return found is not None and self._has_view_access(found, permission_name, view_name)

    def _has_view_access(self, user: Any, permission_name: str, view_name: str) -> bool:
        rights: frozenset[Right] = getattr(user, "rights", frozenset())
        return (permission_name.removeprefix("can_"), view_name) in rights

    def _get_user_permission_view_menus(
        self, user: Any, permission_name: str, view_menus_name: list[str]
    ) -> set[str]:
        wanted = permission_name.removeprefix("can_")
        return {view for permission, view in getattr(user, "rights", ()) if permission == wanted}

    def get_user_permissions(self, user: Any) -> set[tuple[str, str]]:
        """Return the reader's rights under FAB's names."""
        return {(f"can_{permission}", view) for permission, view in getattr(user, "rights", ())}

    def get_user_roles(self, user: Any) -> list[Any]:
        """Return nothing: rights come by membership, roles are no objects of a request."""
        return []

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        """Nothing is public by a permission; public pages are routes without one."""
        return False

    def get_public_permissions(self) -> list[Any]:
        """Nothing."""
        return []

    def get_public_role(self) -> None:
        """There is none."""

    def auth_user_db(self, username: str, password: str) -> None:
        """FAB's way in is closed: it counts no attempts. `signin.check` is ours."""

    def get_user_by_id(self, pk: int) -> Reader | None:
        """Return the reader if it is them; FAB asks after signing out only."""
        return self.load_user(pk)


def _read_cookie() -> None:
    with auth_functions.opened(request_id()) as door:
        found = resolve(door, token_hash=auth_functions.hash_of(session[COOKIE_KEY]))
    if found is None:
        session.pop(COOKIE_KEY)
    else:
        become(found)


def _read_header() -> None:
    """Let a key or a token say who it is, once, for routes of every kind."""
    manager = current_app.appbuilder.sm  # type: ignore[attr-defined]
    key = manager.extract_api_key_from_request()
    if key is not None:
        manager.validate_api_key(key)
    else:
        verify_jwt_in_request(optional=True)


def become(found: Reader) -> None:
    """Let the rest of the request be this reader's."""
    g.reader = g.user = g._login_user = found  # noqa: SLF001 -- Flask-Login's own place for it
    set_stamp(found.stamp(request_id()))


def prepare(app: Flask) -> None:
    """Give pages their shell; forget the stamp with its request: the thread serves others next."""
    app.extensions["web_shell"] = shell
    app.config["FAB_API_KEY_ENABLED"] = True
    app.config["FAB_API_KEY_PREFIXES"] = [KEY_PREFIX]
    if proxies := app.config["CRM"].trusted_proxies:
        # Behind one, every caller would have its address, and one guesser would shut out all. Only
        # so many entries are believed: what stands before them the caller may have written.
        proxied = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=0)
        app.wsgi_app = proxied  # type: ignore[method-assign]
    app.teardown_request(lambda _error: set_stamp(None))
