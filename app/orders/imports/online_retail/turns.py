"""Who may go on: pieces are begun by several hands and ended in their order."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class NotReached(RuntimeError):
    """A piece before this one failed, so this one is not written either."""


class Turns:
    """Lets each piece wait until the one before has been committed."""

    def __init__(self, first: int) -> None:
        self._next = first
        self._failed = False
        self._changed = Condition()

    def wait(self, piece: int) -> None:
        """Return when all pieces before `piece` are done. Raises NotReached when one failed."""
        with self._changed:
            self._changed.wait_for(lambda: self._failed or self._next == piece)
            self._insist()

    def give_up(self) -> None:
        """Let no piece end any more."""
        with self._changed:
            self._failed = True
            self._changed.notify_all()

    def _insist(self) -> None:
        if self._failed:
            message = "A piece before this one failed."
            raise NotReached(message)

    @contextmanager
    def ending(self, piece: int) -> Iterator[None]:
        """Let the next piece go on after the block, or let all give up if it raises."""
        try:
            self._insist()
            yield
            self.wait(piece)
        except BaseException:
            self.give_up()
            raise
        with self._changed:
            self._next = piece + 1
            self._changed.notify_all()
