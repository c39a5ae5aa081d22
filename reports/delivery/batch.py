"""What a batch of mails has come to so far, and whether the mail server takes any at all."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import Final

from reports.delivery.smtp import Lost, PutOff

log = logging.getLogger(__name__)
# So many mails in a row that lost their connection are the server's fault and not theirs.
_DROPS: Final = 3
_SAY_SECONDS: Final = 10.0
# Mails written and not yet handed over: each of them is in memory.
_MOST_WAITING: Final = 64


@dataclass(slots=True)
class Trouble:
    """Whether the mail server takes mails at all, as far as this batch knows. Thread-safe."""

    drops: int = 0
    why: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, error: PutOff | Lost | None) -> None:
        """After a mail: what went wrong with it, if something did."""
        with self.lock:
            dropped = isinstance(error, Lost) or (error is not None and error.dropped)
            self.drops = self.drops + 1 if dropped else 0
            if (isinstance(error, PutOff) and error.unreachable) or self.drops >= _DROPS:
                self.why = str(error)


class Batch:
    """What is under way of a batch, and how far it is."""

    def __init__(self, total: int) -> None:
        self.trouble = Trouble()
        self._total = total
        self._count = 0
        self._said = time.monotonic()
        self._futures: set[Future[None]] = set()

    def add(self, future: Future[None]) -> None:
        """One more mail is on its way; waits where too many are, since each holds its mail in memory."""
        self._futures.add(future)
        while len(self._futures) >= _MOST_WAITING:
            self._collect(wait(self._futures, return_when="FIRST_COMPLETED").done)

    def done(self, count: int) -> None:
        """So many runs needed no handing over."""
        self._count += count
        self._say()

    def finish(self) -> None:
        """Wait for all of them. Raises what one of them raised."""
        while self._futures:
            self._collect(wait(self._futures, timeout=_SAY_SECONDS, return_when="FIRST_COMPLETED").done)
        log.info("%s of %s mails done", f"{self._count:,}", f"{self._total:,}")

    def _collect(self, done: set[Future[None]]) -> None:
        for future in done:
            self._futures.discard(future)
            future.result()
            self._count += 1
        self._say()

    def _say(self) -> None:
        if time.monotonic() - self._said >= _SAY_SECONDS:
            self._said = time.monotonic()
            log.info("%s of %s mails done", f"{self._count:,}", f"{self._total:,}")
