"""How many SMS a text is."""

from __future__ import annotations

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from app.messages.engine.sms_length import sms_length

# The seventeen edge cases of the design.
CASES = [
    ("", 1, "GSM-7"), ("a" * 160, 1, "GSM-7"), ("a" * 161, 2, "GSM-7"), ("a" * 306, 2, "GSM-7"),
    ("a" * 307, 3, "GSM-7"), ("€" * 80, 1, "GSM-7"), ("€" * 81, 2, "GSM-7"),
    ("a" * 152 + "€" + "a" * 10, 2, "GSM-7"), ("a" * 152 + "€" + "a" * 151, 2, "GSM-7"),
    ("a" * 152 + "€" + "a" * 152, 3, "GSM-7"), ("ç", 1, "UCS-2"), ("Ç", 1, "GSM-7"),
    ("’" + "a" * 69, 1, "UCS-2"), ("’" + "a" * 70, 2, "UCS-2"), ("😀" * 35, 1, "UCS-2"),
    ("😀" * 36, 2, "UCS-2"), ("a" * 66 + "😀" + "a" * 10, 2, "UCS-2"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "segments", "encoding"), CASES)
def test_edge_cases(text: str, segments: int, encoding: str) -> None:
    found = sms_length(text)
    assert (found.segments, found.encoding) == (segments, encoding)


def test_names_the_characters_that_made_it_dearer() -> None:
    assert sms_length("It’s “here”, it’s").culprits == ("’", "“", "”")
    assert sms_length("[a] {b} ~ € ^ \\ |").culprits == ()


_SMS_TEXT = st.text(st.sampled_from("ab€[]ÄçЇ’😀\n@Δ "), max_size=400)


@given(_SMS_TEXT.filter(bool))
def test_agrees_with_an_independent_count(text: str) -> None:
    theirs = smsutil.split(text)
    ours = sms_length(text)
    assert (ours.segments, ours.encoding == "GSM-7") == (
        len(theirs.parts),
        theirs.encoding == "gsm0338",
    )
