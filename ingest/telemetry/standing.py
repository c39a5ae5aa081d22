"""How a worker stands: what it holds, how far each partition has come, and whether that is far enough."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ingest.transport.reach import CLOCK_SLACK_MS, Reach

if TYPE_CHECKING:
    from faust.types import TP

log = logging.getLogger(__name__)

# The worker looks at itself every second; after as long as this something hangs.
_BLIND_SECONDS: Final = 10.0
# A rebalance takes a few seconds; who is without an assignment for longer is out of the group.
_WITHOUT_SECONDS: Final = 10.0
# A refresh comes at least every 5 s, and takes some seconds under load.
_HIDDEN_MS: Final = 30_000


def partition_id(topic: str, partition: int) -> str:
    """``topic-partition``, as in reports."""
    return f"{topic}-{partition}"


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a worker keeps up, and why not.

    lag_records: in Kafka and not committed, of the partitions held; None where not known. lag_seconds: age of the
    time before which all is written. oldest_unwritten_at: received time of the oldest record read and not written, ms.
    """

    healthy: bool
    reasons: tuple[str, ...]
    joined: bool
    lag_records: int | None
    lag_seconds: float | None
    oldest_unwritten_at: int | None


class Standing:
    """Fed with looks by the worker's loop; any thread may ask.

    partitions: every one of the topics, as ``topic-partition``. joined: whether Kafka has answered with an
    assignment. threshold: seconds of lag above which a worker is unhealthy. wall: the present in ms; clock: seconds.
    """

    def __init__(
        self,
        partitions: Collection[str],
        joined: Callable[[], bool],
        threshold: float,
        wall: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._joined = joined
        self._threshold = threshold
        self._wall = wall
        self._clock = clock
        self._looked_at = clock()
        self._since: dict[str, int] = {}
        self.held: Mapping[TP, Reach] = {}
        self._without_since: float | None = None
        self.written_to: dict[str, int | None] = dict.fromkeys(partitions)
        """For each partition: the time (ms) before which all its records are written, as far as this worker knows."""
        self.complete_to: dict[str, int | None] = dict.fromkeys(partitions)
        """For each partition: the time (ms) before which searches see all its records, as far as this worker knows."""
        self.rebalances = 0
        self.epoch = 0
        self.lost = 0
        """Records that Kafka had deleted before they were read."""
        self.unreported: str | None = None
        """Why the last report could not be written; None where it was."""

    def look(self, held: Mapping[TP, Reach] | None, epoch: int) -> None:
        """Note a look at the partitions held; None between two assignments, where those held last are told on."""
        self._looked_at = self._clock()
        self.epoch = epoch
        if held is None:
            self._without_since = self._looked_at if self._without_since is None else self._without_since
            return
        self._without_since = None
        self._doubt()
        self._merge(self.written_to, {partition_id(*tp): reach.complete_to for tp, reach in held.items()})
        now = self._wall()
        self._since = {name: self._since.get(name, now) for name in (partition_id(*tp) for tp in held)}
        self.held = held

    def show(self, written_to: Mapping[str, int | None]) -> None:
        """All that was written by then is visible to searches."""
        self._merge(self.complete_to, written_to)

    def remember(self, complete_to: Mapping[str, int | None]) -> None:
        """Take over times before which all is written and visible, such as those of this worker's last report."""
        self._merge(self.written_to, complete_to)
        self._merge(self.complete_to, complete_to)

    def _merge(self, into: dict[str, int | None], told: Mapping[str, int | None]) -> None:
        """The later time counts. Not those of unknown partitions, nor those that are yet to come."""
        for name in told.keys() & into.keys():
            known, reached = into[name], told[name]
            if reached is not None and reached <= self._latest():
                into[name] = reached if known is None else max(known, reached)

    def _doubt(self) -> None:
        """Forget times that have not come yet: this clock was ahead when it told them."""
        for times in (self.written_to, self.complete_to):
            wrong = [name for name, reached in times.items() if reached is not None and reached > self._latest()]
            if wrong:
                log.warning("the clock was set back: how far %d partitions are written is found out anew", len(wrong))
                times |= dict.fromkeys(wrong)

    def _latest(self) -> int:
        return self._wall() + CLOCK_SLACK_MS

    def lag_seconds(self, name: str) -> float:
        """Age of the time up to which a held partition is written; where not known, how long that has been so."""
        reached = self.written_to.get(name)
        since = self._since.get(name, self._wall()) if reached is None else reached
        return max(0.0, (self._wall() - since) / 1000)

    def behind_seconds(self) -> float:
        """The greatest lag of a held partition, as :meth:`lag_seconds`; 0 where none is held."""
        return max((self.lag_seconds(partition_id(*tp)) for tp in dict(self.held)), default=0.0)

    def health(self) -> Health:
        """The verdict of now."""
        held = dict(self.held)
        uncommitted = [reach.uncommitted for reach in held.values()]
        known = [records for records in uncommitted if records is not None]
        unwritten = [at for reach in held.values() if (at := reach.frontier.oldest_unwritten_at) is not None]
        lags = {name: self.lag_seconds(name) for name in (partition_id(*tp) for tp in held)}
        return Health(
            healthy=not (reasons := tuple(self._reasons(lags))),
            reasons=reasons,
            joined=self._joined(),
            lag_records=sum(known) if len(known) == len(uncommitted) and self._without_since is None else None,
            lag_seconds=max(lags.values(), default=None),
            oldest_unwritten_at=min(unwritten, default=None),
        )

    def _hidden(self, name: str) -> bool:
        written = self.written_to.get(name)
        if written is None:
            return False
        shown = self.complete_to.get(name)
        return written - (self._since.get(name, written) if shown is None else shown) > _HIDDEN_MS

    def _reasons(self, lags: Mapping[str, float]) -> list[str]:
        if not self._joined():
            return ["Kafka has given it no partitions yet"]
        found = []
        if (blind := self._clock() - self._looked_at) > _BLIND_SECONDS:
            found.append(f"it has not looked at its partitions for {blind:.0f} s")
        if self._without_since is not None and (gone := self._clock() - self._without_since) > _WITHOUT_SECONDS:
            found.append(f"it has been without an assignment for {gone:.0f} s")
        if self.lost:
            found.append(f"Kafka had deleted {self.lost:,} records before they were read; its log says which")
        if self.unreported is not None:
            found.append(f"its report cannot be written: {self.unreported}")
        if hidden := sum(self._hidden(name) for name in lags):
            found.append(f"what it has written of {hidden} partitions does not show in searches")
        late = {name: lag for name, lag in lags.items() if lag > self._threshold}
        if late:
            worst = max(late, key=lambda name: late[name])
            found.append(
                f"{len(late)} partitions are more than {self._threshold:g} s behind, {worst} by {late[worst]:.0f} s"
            )
        return found
