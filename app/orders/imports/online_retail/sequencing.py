"""Who may go on: pieces are begun by several hands and ended in their order."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from threading import Condition


class NotReached(RuntimeError):
    """A piece before this one failed, so this one is not written either."""


class Turns:
    """Lets each piece wait until the one before has been committed."""

    def __init__(self, first: int) -> None:
        self._next = first
        # The first piece that will not be written: those before it still are.
        self._end = inf
        self._changed = Condition()

    def wait(self, piece: int) -> None:
        """Return when all pieces before `piece` are done. Raises NotReached when one failed."""
        with self._changed:
            self._changed.wait_for(lambda: self._end <= piece or self._next == piece)
            self._insist(piece)

    def give_up(self, piece: int = 0) -> None:
        """Let no piece end any more, from `piece` on."""
        with self._changed:
            self._end = min(self._end, piece)
            self._changed.notify_all()

    def _insist(self, piece: int) -> None:
        if self._end <= piece:
            message = "A piece before this one failed."
            raise NotReached(message)

    @contextmanager
    def ending(self, piece: int) -> Iterator[None]:
        """Let the next piece go on after the block; if it raises, no later piece ends."""
        try:
            self._insist(piece)
            yield
            self.wait(piece)
        except BaseException:
            self.give_up(piece)
            raise
        with self._changed:
            self._next = piece + 1
            self._changed.notify_all()
