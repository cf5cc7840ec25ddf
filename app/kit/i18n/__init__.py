"""Translations: English in the code, the other languages in translations/, checked by `app.kit.i18n.check`."""

from app.kit.i18n.catalogues import LANGUAGES, Project, compile_catalogues

__all__ = ["LANGUAGES", "Project", "compile_catalogues"]
