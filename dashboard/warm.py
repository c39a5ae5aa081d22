"""Makes the boards that are due, in a thread of its own: whoever looks is shown one that is at hand."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from hubstat.errors import HubstatError

log = logging.getLogger(__name__)

# The longest pause: what changes meanwhile, as a date that begins, is noticed then.
_LONGEST_SECONDS: Final = 2.0
# What takes longer is not waited for: a screen says what is the matter.
_FIRST_SECONDS: Final = 30.0
_LAST_SECONDS: Final = 5.0


class Kept(Protocol):
    """What is kept at hand."""

    @property
    def looked_at(self) -> threading.Event:
        """Set when somebody wants something that was not."""

    def keep(self) -> float:
        """Make what is due; seconds until something is due again."""


@contextmanager
def kept_warm(board: Kept, again_seconds: float = _LONGEST_SECONDS) -> Iterator[None]:
    """Keep a board at hand until the block ends, which begins when the first time is over, or takes long.

    again_seconds: after what failed it is tried again.
    """
    over, first = threading.Event(), threading.Event()

    def keep() -> None:
        failed = False
        while not over.is_set():
            pause = again_seconds
            try:
                pause = min(board.keep(), _LONGEST_SECONDS)
                failed = False
            except Exception as error:
                if not failed:
                    unforeseen = not isinstance(error, HubstatError)
                    log.warning("the board cannot be kept at hand: %s", error, exc_info=unforeseen)
                failed = True
            first.set()
            board.looked_at.wait(pause)
            board.looked_at.clear()

    thread = threading.Thread(target=keep, name="warm", daemon=True)
    thread.start()
    first.wait(_FIRST_SECONDS)
    try:
        yield
    finally:
        over.set()
        board.looked_at.set()
        thread.join(_LAST_SECONDS)
