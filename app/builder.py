"""Flask-AppBuilder as we use it: our security manager, no views of its own.

No permission is made at start: that is the deploy's.
"""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_appbuilder import AppBuilder
from flask_appbuilder.menu import Menu
from flask_babel import get_babel

from app.kit.database.session import db
from app.kit.i18n.domain import plain_texts, quicken
from app.kit.security.home import HomeView
from app.kit.security.language import spoken
from app.kit.security.manager import CrmSecurityManager, prepare


class Builder(AppBuilder):  # type: ignore[misc]  # Flask-AppBuilder is untyped
    """Registers what the parts declare; permissions are made at deploy, never at start."""

    def _add_admin_views(self) -> None:
        # FAB's own screens for users, roles and permissions have no boundary between companies.
        self._indexview = self.add_view_no_menu(self.indexview)
        self.bm.register_views()
        self.sm.register_views()

    # Flask-AppBuilder's signature.
    def add_permissions(self, update_perms: bool = False) -> None:  # noqa: FBT001, FBT002
        """Do nothing at start; `app.deploy` makes the permissions under a lock."""
        if update_perms:
            super().add_permissions(update_perms=True)

    def add_all(self, views: list[type[Any]]) -> None:
        """Register screens and resources in order."""
        for view in views:
            self.add_view_no_menu(view)

    def finish(self) -> None:
        """Tell the views about each other once all are there."""
        self._process_inner_views()


def build(app: Flask) -> Builder:
    """Return the builder of `app`; requires an application context."""
    app.config.setdefault("FAB_UPDATE_PERMS", False)
    app.config.setdefault("FAB_CREATE_DB", False)
    prepare(app)
    built = Builder(
        app,
        db.session,
        menu=Menu(),
        indexview=HomeView,
        security_manager_class=CrmSecurityManager,
        update_perms=False,
    )
    get_babel().locale_selector = spoken
    quicken()
    plain_texts(app)
    return built
