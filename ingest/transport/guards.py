"""The last line of defence: a process that cannot do its work safely ends itself before it commits anything more.

A supervisor starts it again and reading goes on from the last commit. All ways out go through :func:`leave`.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from hubstat.waits import seconds_since_retry

log = logging.getLogger(__name__)

EXIT_UNSAFE = 70
"""Exit code of a process that ended itself; nothing is lost, start it again."""
EXIT_NOT_STARTED = 1

_TICK_SECONDS = 0.25
_MAX_KINDS = 1000


def leave(why: str, code: int = EXIT_UNSAFE) -> NoReturn:
    """End the process at once, from any thread, running no handler that could commit an offset."""
    print(f"error: ingest worker ends itself: {why}", file=sys.stderr, flush=True)  # noqa: T201
    logging.shutdown()
    os._exit(code)


@dataclass(frozen=True)
class Watch:
    """What the guard thread looks at, all in seconds; the callables are asked from its thread."""

    stopping: Callable[[], bool]
    ready: Callable[[], bool]
    stalled_seconds: Callable[[], float]
    stop_deadline: float
    ready_deadline: float
    stalled_limit: float


class Guard(threading.Thread):
    """Ends the process when it does not get ready, does not stop, or does not get anything written.

    since_retry: seconds since a write had to wait for Elasticsearch, which may be away for as long as it takes.
    A thread, as the event loops are what may hang: mode waits without limit for a Kafka that is away.
    """

    def __init__(
        self,
        watch: Watch,
        leave: Callable[[str, int], object] = leave,
        clock: Callable[[], float] = time.monotonic,
        since_retry: Callable[[], float] = seconds_since_retry,
    ) -> None:
        super().__init__(name="ingest-guard", daemon=True)
        self._watch = watch
        self._leave = leave
        self._clock = clock
        self._since_retry = since_retry
        self._started_at = clock()
        self._stopping_at: float | None = None

    def run(self) -> None:
        """Look every quarter of a second, for the life of the process."""
        while True:
            self.look()
            time.sleep(_TICK_SECONDS)

    def look(self) -> None:
        """Look once."""
        watch, now = self._watch, self._clock()
        if watch.stopping():
            if self._stopping_at is None:
                self._stopping_at = now
            if now - self._stopping_at >= watch.stop_deadline:
                self._leave(f"it did not stop within {watch.stop_deadline:g} s", EXIT_UNSAFE)
        elif not watch.ready():
            if now - self._started_at >= watch.ready_deadline:
                self._leave(f"Kafka gave it no partitions within {watch.ready_deadline:g} s", EXIT_NOT_STARTED)
        # A write that Elasticsearch does not take waits and is tried again: no hang, and a restart would help nobody.
        elif (age := min(watch.stalled_seconds(), self._since_retry())) >= watch.stalled_limit:
            self._leave(f"the oldest record read is not written and committed after {age:.0f} s", EXIT_UNSAFE)


class RepeatFilter(logging.Filter):
    """Lets one log line of a kind through per period and says how many it kept back.

    Without a broker aiokafka logs thousands of lines a minute. A kind is a logger and an unformatted message. Applies
    to the loggers below ``prefixes`` only.
    """

    def __init__(
        self, prefixes: tuple[str, ...], period_seconds: float = 10.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._prefixes = prefixes
        self._period = period_seconds
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log; adds the count of the lines kept back to the message."""
        if not record.name.startswith(self._prefixes):
            return True
        kind = (record.name, str(record.msg))
        since, kept_back = self._seen.get(kind, (float("-inf"), 0))
        now = self._clock()
        if now - since < self._period:
            self._seen[kind] = (since, kept_back + 1)
            return False
        if len(self._seen) >= _MAX_KINDS:
            self._seen.clear()
        self._seen[kind] = (now, 0)
        if kept_back:
            record.msg = f"{record.getMessage()} ({kept_back} more like this in {now - since:.0f} s)"
            record.args = ()
        return True
