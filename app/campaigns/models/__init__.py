"""The tables of campaigns."""

from app.campaigns.models import triggers  # noqa: F401 -- registers the trigger on sendings
from app.campaigns.models.tables import Campaign

__all__ = ["Campaign"]
