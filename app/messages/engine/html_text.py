"""The plain text part of a mail, made from its HTML source once, when the template is saved.

Template tags pass through untouched, so that one render of each part per recipient is all there is.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

# The tags of the template language are hidden from the HTML parser as letters that no text uses.
_TAGS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_HIDDEN = re.compile("\ue000(\\d+)\ue001")
_BLOCKS = frozenset(
    (
        "address", "article", "aside", "blockquote", "center", "dd", "div", "dl", "dt", "footer",
        "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "nav", "ol", "p", "pre",
        "section", "table", "tbody", "tfoot", "thead", "tr", "ul",
    )
)  # fmt: skip
_SILENT = frozenset(("head", "script", "style", "title", "template"))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self._silent = 0
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _SILENT:
            self._silent += 1
        elif tag == "br":
            self.out.append("\n")
        elif tag == "li":
            self.out.append("\n- ")
        elif tag in ("td", "th"):
            self.out.append(" ")
        elif tag in _BLOCKS:
            self.out.append("\n\n")
        elif tag == "a":
            self._links.append((given.get("href") or "", len(self.out)))
        elif tag == "img" and given.get("alt"):
            self.out.append(f"[{given['alt']}]")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self.out.append("\n\n")
        elif tag == "a" and self._links:
            href, start = self._links.pop()
            words = "".join(self.out[start:]).strip()
            if href and not href.startswith("#") and href not in (words, f"mailto:{words}"):
                self.out.append(f" ({href})")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.out.append(re.sub(r"\s+", " ", data))


def text_of_html(source: str) -> str:
    """Return the text source for an HTML source; both may hold template tags."""
    hidden: list[str] = []

    def hide(match: re.Match[str]) -> str:
        hidden.append(match.group())
        return f"\ue000{len(hidden) - 1}\ue001"

    reader = _Reader()
    reader.feed(_TAGS.sub(hide, source))
    reader.close()
    text = re.sub(r"[ \t]*\n[ \t]*", "\n", "".join(reader.out))
    text = re.sub(r" {2,}", " ", re.sub(r"\n{3,}", "\n\n", text)).strip()
    return _HIDDEN.sub(lambda match: hidden[int(match.group(1))], text) + "\n"
