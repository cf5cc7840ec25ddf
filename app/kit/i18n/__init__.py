"""Translations: English in the code, the others in translations/, checked by `check`."""

from app.kit.i18n.catalogues import LANGUAGES, Project, compile_catalogues

__all__ = ["LANGUAGES", "Project", "compile_catalogues"]
