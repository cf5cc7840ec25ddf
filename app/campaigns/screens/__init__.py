"""Pages of campaigns: the list, preparing one, watching it, and one message to one client."""

from app.campaigns.screens.campaign import CampaignScreen
from app.campaigns.screens.single import ClientMessageView

ALL = [CampaignScreen, ClientMessageView]
