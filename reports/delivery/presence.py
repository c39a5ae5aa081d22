"""Says in the store that this process is alive, so that others leave alone what it works on."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from typing import Final

from aggregations.reader import now_ms
from hubstat.errors import EngineError
from reports.delivery.book import Book

log = logging.getLogger(__name__)
BEAT_SECONDS: Final = 10.0
# What a process has begun is taken over when it has said nothing for so long (ms). Too early does no harm: a run that
# was taken over cannot be sent by its first owner any more.
DEAD_AFTER: Final = 60_000


def new_owner() -> str:
    """A name for this process that no other has had."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


class Presence:
    """While it is entered, ``owner`` counts as alive; it may be entered several times."""

    def __init__(self, book: Book, owner: str) -> None:
        self._book = book
        self.owner = owner
        self._lock = threading.Lock()
        self._entered = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> None:
        with self._lock:
            if self._entered:
                self._entered += 1
                return
            self._book.beat(self.owner, now_ms())
            self._entered = 1
            self._stop = threading.Event()
            self._thread = threading.Thread(target=self._beat, args=(self._stop,), name="presence", daemon=True)
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._entered -= 1
            if self._entered:
                return
            self._stop.set()
            assert self._thread is not None
            self._thread.join()
            try:
                self._book.leave(self.owner)
            except EngineError as error:
                log.warning("could not say that this process has ended: %s", error)

    def others(self) -> set[str]:
        """Other processes that are alive. One whose clock is far ahead does not stay so for as long after its end."""
        now = now_ms()
        return self._book.alive(now - DEAD_AFTER, now + DEAD_AFTER) - {self.owner}

    def _beat(self, stop: threading.Event) -> None:
        while not stop.wait(BEAT_SECONDS):
            try:
                self._book.beat(self.owner, now_ms())
            except EngineError as error:
                log.warning("could not say that this process is alive: %s", error)
            except Exception:
                # Whatever it was, the next beat may get through; without one, others take over what is at work here.
                log.exception("could not say that this process is alive")
