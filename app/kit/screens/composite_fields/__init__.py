"""Fields of several controls that make one value; tresen/groups.html draws them.

Their inputs are named `<field>-<part>`; nothing of them needs a script. What was typed wrong stays
as it was typed, with its sentence beside it.
"""

from app.kit.screens.composite_fields.address import AddressField as AddressField
from app.kit.screens.composite_fields.base import GroupField as GroupField
from app.kit.screens.composite_fields.hours import HoursField as HoursField
from app.kit.screens.composite_fields.key_values import PairsField as PairsField
from app.kit.screens.composite_fields.texts import TextsField as TextsField
