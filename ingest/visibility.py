"""Making what was written visible to searches, and knowing what surely is.

Elasticsearch would do it by itself, but nobody could say when it had. Here the order is: note how far all is written,
refresh what was written to, and only then tell that a search sees all of it. What lies below the offsets at which an
assignment begins was written by others, or by an earlier run of this worker: the first refresh of each is of all.

Each refresh costs Elasticsearch work that grows with their number, so a worker that catches up asks less often: nobody
waits for a second of what is old anyway.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from hubstat.elastic.writer import Writer
from ingest.cache import DocumentCache
from ingest.telemetry.standing import Standing

_CATCHING_UP_SECONDS: Final = 15.0
"""Lag from which on a worker catches up."""
_CATCH_UP_REFRESH_SECONDS: Final = 5.0
_EARLY: Final = 0.1
"""So much of the pause may be missing: who asks once a pause is not to be sent away for some milliseconds."""


class Refresher:
    """Refreshes what a writer has written, at least ``interval`` seconds after the last time.

    everything: patterns of all indices that workers write documents to. caches: what they hold back, as searches did
    not see it, they may let go then.
    """

    def __init__(
        self,
        writer: Writer,
        standing: Standing,
        everything: Sequence[str],
        caches: Sequence[DocumentCache],
        interval: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._writer = writer
        self._standing = standing
        self._everything = everything
        self._caches = caches
        self._epoch: int | None = None
        self._interval = interval
        self._clock = clock
        self._refreshed_at = float("-inf")

    async def refresh(self) -> None:
        """Refresh where it is time; waits for as long as Elasticsearch is away."""
        began, epoch = self._clock(), self._standing.epoch
        assigned = epoch != self._epoch
        if not assigned and began - self._refreshed_at < (1 - _EARLY) * self._pause():
            return
        written = dict(self._standing.written_to)
        await self._writer.show_written(self._everything if assigned else ())
        self._epoch, self._refreshed_at = epoch, began
        self._standing.show(written)
        for cache in self._caches:
            cache.seen(began)

    def _pause(self) -> float:
        # Full caches wait for the next refresh to let anything go.
        behind = self._standing.behind_seconds() > _CATCHING_UP_SECONDS
        if behind and not any(cache.full for cache in self._caches):
            return max(self._interval, _CATCH_UP_REFRESH_SECONDS)
        return self._interval
