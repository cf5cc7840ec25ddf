"""Where the tags of the language stand in a source, found in one pass however it is written."""

from __future__ import annotations

import re

_OPENING = re.compile(r"\{[{%#]")
_CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}"}


def split_tags(source: str) -> list[str]:
    """Return text and tag in turn, beginning with text; a tag that does not end is text.

    Each sign is looked at a few times only: a pattern would look for the end of a million openings
    that have none to the end of the source, once for each.
    """
    pieces, at = [], 0
    while (opening := _OPENING.search(source, at)) is not None:
        end = source.find(_CLOSING[opening.group()], opening.end())
        if end < 0:
            # No language reads on from here: the whole is refused when it is compiled.
            break
        pieces += [source[at : opening.start()], source[opening.start() : end + 2]]
        at = end + 2
    return [*pieces, source[at:]]
