"""How many SMS a text becomes, and which characters make it cost more.

GSM 03.38: 160 septets alone, 153 in each part of several; one character outside it turns the whole
text into UCS-2 with 70 and 67 units. No character is cut in two by the end of a part.
"""

from __future__ import annotations

from typing import NamedTuple

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")


class SmsLength(NamedTuple):
    """`units` are septets (GSM) or 16-bit units (UCS-2); `culprits` made it UCS-2, in order."""

    segments: int
    encoding: str
    units: int
    culprits: tuple[str, ...]


def sms_length(text: str) -> SmsLength:
    """Count as the network does. An empty text still is one message."""
    culprits = tuple(
        dict.fromkeys(char for char in text if char not in _BASIC and char not in _EXTENSION)
    )
    if culprits:
        widths, alone, part = [2 if char > "\uffff" else 1 for char in text], 70, 67
    else:
        widths, alone, part = [2 if char in _EXTENSION else 1 for char in text], 160, 153
    units = sum(widths)
    encoding = "UCS-2" if culprits else "GSM-7"
    if units <= alone:
        return SmsLength(1, encoding, units, culprits)
    segments, used = 1, 0
    for width in widths:
        if used + width > part:
            segments, used = segments + 1, 0
        used += width
    return SmsLength(segments, encoding, units, culprits)
