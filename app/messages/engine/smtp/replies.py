"""Reading the relay's replies (RFC 5321 4.2): bytes in, whole replies out."""

from __future__ import annotations

from typing import NamedTuple

_LONGEST_LINE = 4096
_MOST_LINES = 200


class Reply(NamedTuple):
    """One whole reply; the lines of a longer one are joined by newlines."""

    code: int
    text: bytes

    @property
    def words(self) -> str:
        return self.text.decode("utf-8", "replace")


class BadReply(Exception):
    """The other side does not speak SMTP."""


class ReplyReader:
    """Collects bytes and gives whole replies, however the network has cut them."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []
        self._code = b""

    @property
    def unread(self) -> bool:
        """Whether bytes of a further reply have come already."""
        return bool(self._rest or self._lines)

    def feed(self, data: bytes) -> list[Reply]:
        """Return the replies that are complete now. Raises BadReply when what came is none."""
        lines = (self._rest + data if self._rest else data).split(b"\r\n")
        self._rest = lines.pop()
        if len(self._rest) > _LONGEST_LINE:
            raise BadReply("a line without end")
        replies = []
        for line in lines:
            reply = self._line(line)
            if reply is not None:
                replies.append(reply)
        return replies

    def _line(self, line: bytes) -> Reply | None:
        code, mark = line[:3], line[3:4]
        if len(code) != 3 or not code.isdigit() or mark not in (b" ", b"-", b""):
            raise BadReply(repr(line[:80]))
        if self._lines and code != self._code:
            raise BadReply("the lines of one reply differ in their code")
        if mark == b"-":
            self._code = code
            self._lines.append(line[4:])
            if len(self._lines) > _MOST_LINES:
                raise BadReply("a reply without end")
            return None
        if not self._lines:
            return Reply(int(code), line[4:])
        text = b"\n".join([*self._lines, line[4:]])
        self._lines.clear()
        return Reply(int(code), text)
