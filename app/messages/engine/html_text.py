"""The plain text part of a mail, made from its HTML source once, when the template is saved.

Template tags pass through untouched, so that one render of each part per recipient is all there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from app.messages.engine.tags import split_tags

# Tags of the language are hidden from the reading of HTML as letters that no text uses.
_HIDDEN = re.compile("\ue000(\\d+)\ue001")
_NO_LETTERS = str.maketrans("", "", "\ue000\ue001")
_RAW = {tag: re.compile(f"</{tag}", re.IGNORECASE) for tag in ("script", "style")}
_TAG = re.compile(r"</?[a-zA-Z]|<[!?]")
_NAME = re.compile(r"[^\s/>]+")
_ATTRIBUTE = re.compile(r"""([^\s=>/"']+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?""")
# No sign has so many digits; Python reads none with thousands of them.
_NO_SIGN = re.compile("&#([0-9]{8,}|[xX][0-9a-fA-F]{7,});?")
_STOP = re.compile(r"""["'>]""")
_BLOCKS = frozenset(
    (
        "address", "article", "aside", "blockquote", "center", "dd", "div", "dl", "dt", "footer",
        "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "nav", "ol", "p", "pre",
        "section", "table", "tbody", "tfoot", "thead", "tr", "ul",
    )
)  # fmt: skip
_SILENT = frozenset(("head", "script", "style", "title", "template"))


class _Reader:
    def __init__(self) -> None:
        self.out: list[str] = []
        self._silent = 0
        self._link: tuple[str, int] | None = None

    def start(self, tag: str, attributes: str) -> None:
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
            # As browsers do it: a link within a link ends the outer one.
            self._link = (_attribute(attributes, "href"), len(self.out))
        elif tag == "img" and (words := _attribute(attributes, "alt")):
            self.out.append(f"[{words}]")

    def end(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self.out.append("\n\n")
        elif tag == "a" and self._link is not None:
            (href, start), self._link = self._link, None
            words = "".join(self.out[start:]).strip()
            if href and not href.startswith("#") and href not in (words, f"mailto:{words}"):
                self.out.append(f" ({href})")

    def text(self, data: str) -> None:
        if not self._silent:
            self.out.append(re.sub(r"\s+", " ", _unescaped(data)))


def _attribute(attributes: str, name: str) -> str:
    """Return the value of the first attribute of this name, empty where there is none."""
    for found in _ATTRIBUTE.finditer(attributes):
        if found[1].lower() == name:
            value = found[2] or '""'
            return _unescaped(value[1:-1] if value[0] in "\"'" else value)
    return ""


def _unescaped(text: str) -> str:
    """Return the text with its signs as they are meant; what is none becomes U+FFFD, as in HTML."""
    return unescape(_NO_SIGN.sub("\ufffd", text))


def _parts(source: str) -> Iterator[tuple[str, str]]:
    """Yield (tag as "a" or "/a", its attributes) and ("", text), in one pass over the source.

    Python's own parser goes over a source of unfinished tags again and again.
    """
    at = 0
    while (opening := _TAG.search(source, at)) is not None:
        yield "", source[at : opening.start()]
        end = _end_of(source, opening.start())
        if end < 0:
            # A tag that does not end takes the rest with it, as in a browser.
            return
        at = end
        inside = source[opening.start() + 1 : end - 1]
        if inside[0] not in "!?":
            name = _NAME.match(inside, 1 if inside[0] == "/" else 0)
            tag = name.group().lower() if name is not None else ""
            rest = inside[name.end() :] if name is not None else ""
            yield ("/" if inside[0] == "/" else "") + tag, rest
            if tag in _RAW and inside[0] != "/":
                closing = _RAW[tag].search(source, at)
                if closing is None:
                    return
                at = closing.start()
    yield "", source[at:]


def _end_of(source: str, start: int) -> int:
    """Return the place behind the tag that begins here, -1 if it does not end."""
    if source.startswith("<!--", start):
        end = source.find("-->", start + 4)
        return end + 3 if end >= 0 else -1
    at = start + 1
    while (stop := _STOP.search(source, at)) is not None:
        if stop.group() == ">":
            return stop.end()
        closing = source.find(stop.group(), stop.end())
        # A quote that does not end is a sign like any other.
        at = closing + 1 if closing >= 0 else stop.end()
        if closing < 0:
            return source.find(">", at) + 1 or -1
    return -1


def text_of_html(source: str) -> str:
    """Return the text source for an HTML source; both may hold template tags."""
    hidden: list[str] = []
    pieces = split_tags(source.translate(_NO_LETTERS))
    for number, piece in enumerate(pieces):
        if number % 2:
            pieces[number] = f"\ue000{len(hidden)}\ue001"
            hidden.append(piece)
    reader = _Reader()
    for tag, inside in _parts("".join(pieces)):
        if not tag:
            reader.text(inside)
        elif tag.startswith("/"):
            reader.end(tag[1:])
        else:
            reader.start(tag, inside)
    text = "\n".join(line.strip(" \t") for line in "".join(reader.out).split("\n"))
    text = re.sub(r" {2,}", " ", re.sub(r"\n{3,}", "\n\n", text)).strip()
    return _HIDDEN.sub(lambda match: hidden[int(match.group(1))], text) + "\n"
