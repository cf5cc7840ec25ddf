"""The screen of imports: what was read, and the report that counts every line once."""

from flask_babel import lazy_gettext as _l

from app.kit.imports.models import ImportRun
from app.kit.screens import Screen
from app.kit.screens.areas import SETTINGS


class ImportRunScreen(Screen):
    """Sources that were read, newest first."""

    model = ImportRun
    area, icon = SETTINGS, "upload"
    label, one = _l("Imports"), _l("Import")
    help = _l("What was brought in from files, with what became of each line.")
    empty = _l("Nothing was imported yet.")
    adds = edits = archives = False
    list_columns = ("kind", "source", "status", "rows", "created_at", "finished_at")
    filters = ("created_at",)
    sections = (
        (_l("Source"), ("kind", "source", "rows", "created_at")),
        (_l("Progress"), ("status", "pieces_done", "pieces", "finished_at")),
        (_l("Report"), ("report",)),
    )


SCREENS = (ImportRunScreen,)
