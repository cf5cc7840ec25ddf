"""Fields of several controls that make one value; tresen/groups.html draws them.

Their inputs are named `<field>-<part>`; nothing of them needs a script. What was typed wrong stays
as it was typed, with its sentence beside it.
"""

from app.kit.screens.groups.address import AddressField as AddressField
from app.kit.screens.groups.base import GroupField as GroupField
from app.kit.screens.groups.hours import HoursField as HoursField
from app.kit.screens.groups.pairs import PairsField as PairsField
from app.kit.screens.groups.texts import TextsField as TextsField
