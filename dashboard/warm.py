"""Keeps the boards of the dates at work at hand while nobody looks, so that whoever comes sees one at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

log = logging.getLogger(__name__)

# A board of this age is shown at once while the next one is made (aggregations/snapshot.py).
_PAUSE_SECONDS: Final = 8.0
# What takes longer is not waited for: a screen says what is the matter.
_FIRST_SECONDS: Final = 15.0
_LAST_SECONDS: Final = 5.0


@contextmanager
def kept_warm(look: Callable[[], object], pause_seconds: float = _PAUSE_SECONDS) -> Iterator[None]:
    """Look at the boards from time to time, in a thread of its own, until the block ends.

    The block begins when the first look is over, or takes long.
    """
    over, first = threading.Event(), threading.Event()

    def keep() -> None:
        failed = False
        while not over.is_set():
            try:
                look()
                failed = False
            except Exception as error:
                if not failed:
                    log.warning("the board cannot be kept at hand: %s", error)
                failed = True
            first.set()
            over.wait(pause_seconds)

    thread = threading.Thread(target=keep, name="warm", daemon=True)
    thread.start()
    first.wait(_FIRST_SECONDS)
    try:
        yield
    finally:
        over.set()
        thread.join(_LAST_SECONDS)
