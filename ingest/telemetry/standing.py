"""How a worker stands: what it holds, how far each partition has come, and whether that is far enough."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ingest.transport.reach import Reach

if TYPE_CHECKING:
    from faust.types import TP

# The worker looks at itself every second; after as long as this something hangs.
_BLIND_SECONDS: Final = 10.0


def partition_id(topic: str, partition: int) -> str:
    """``topic-partition``, as in reports."""
    return f"{topic}-{partition}"


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a worker keeps up, and why not.

    lag_records: in Kafka and not committed, of the partitions held; None where not known yet. lag_seconds: age of the
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

    joined: whether Kafka has answered with an assignment. threshold: seconds of lag above which a worker is unhealthy.
    wall: the present in ms; clock: seconds.
    """

    def __init__(
        self,
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
        self.complete_to: dict[str, int | None] = {}
        """For each partition held now or before: the time (ms) before which all its records are written."""
        self.rebalances = 0
        self.epoch = 0

    def look(self, held: Mapping[TP, Reach], epoch: int) -> None:
        """Note a look at the partitions held."""
        self._looked_at = self._clock()
        self.epoch = epoch
        self.remember({partition_id(*tp): reach.complete_to for tp, reach in held.items()})
        now = self._wall()
        self._since = {name: self._since.get(name, now) for name in (partition_id(*tp) for tp in held)}
        self.held = held

    def remember(self, complete_to: Mapping[str, int | None]) -> None:
        """Take over times before which all is written, such as those of this worker's last report: the later counts."""
        merged = dict(self.complete_to)
        for name, reached in complete_to.items():
            known = merged.get(name)
            merged[name] = reached if known is None else max(known, reached or 0)
        self.complete_to = merged

    def lag_seconds(self, name: str) -> float:
        """Age of the time up to which a held partition is written; where not known, how long that has been so."""
        reached = self.complete_to.get(name)
        since = self._since.get(name, self._wall()) if reached is None else reached
        return max(0.0, (self._wall() - since) / 1000)

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
            lag_records=sum(known) if len(known) == len(uncommitted) else None,
            lag_seconds=max(lags.values(), default=None),
            oldest_unwritten_at=min(unwritten, default=None),
        )

    def _reasons(self, lags: Mapping[str, float]) -> list[str]:
        if not self._joined():
            return ["Kafka has given it no partitions yet"]
        found = []
        if (blind := self._clock() - self._looked_at) > _BLIND_SECONDS:
            found.append(f"it has not looked at its partitions for {blind:.0f} s")
        late = {name: lag for name, lag in lags.items() if lag > self._threshold}
        if late:
            worst = max(late, key=lambda name: late[name])
            found.append(
                f"{len(late)} partitions are more than {self._threshold:g} s behind, {worst} by {late[worst]:.0f} s"
            )
        return found
