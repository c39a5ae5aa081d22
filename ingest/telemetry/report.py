"""A worker's report: one document in Elasticsearch, written every second, that the board and the commands read."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

import orjson

from hubstat.elastic.names import Names
from hubstat.elastic.writer import Writer
from hubstat.errors import HubstatError
from hubstat.waits import RETRIES
from ingest.telemetry.distribution import SECONDS, quantile
from ingest.telemetry.metrics import Sources, cache_lookups
from ingest.telemetry.minute import Minute, Totals
from ingest.telemetry.standing import Standing, partition_id

log = logging.getLogger(__name__)

# A report that Elasticsearch refuses is tried every second, and that is logged as often as this.
_COMPLAIN_SECONDS: Final = 60.0
_COMPLETE_TO: Final = "complete_to"


class Report:
    """Writes the report of one worker. ``address``: where its metrics are; wall: the present in ms."""

    def __init__(
        self,
        sources: Sources,
        writer: Writer,
        address: str,
        wall: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sources = sources
        self._writer = writer
        self._address = address
        self._wall = wall
        self._clock = clock
        self._index = Names(sources.namespace).ingest_status
        self._started_at = wall()
        self._remembered = False
        self._minute = Minute()

    async def write(self) -> None:
        """Write the present report; waits for as long as Elasticsearch is away.

        Raises EngineError where Elasticsearch refuses it.
        """
        if not self._remembered:
            await self._remember()
        await self._writer.put(self._index, self._sources.worker, orjson.dumps(self.document()))

    async def _remember(self) -> None:
        """What the last run of this worker reached stays true: until it is passed, its partitions are known by it."""
        for found in await self._writer.get([(self._index, self._sources.worker)]):
            self._sources.standing.remember(found.source.get(_COMPLETE_TO) or {})
        self._remembered = True

    def document(self) -> dict[str, Any]:
        """The report of now."""
        self._minute.add(self._clock(), self._totals())
        standing = self._sources.standing
        health = standing.health()
        return {
            "worker": self._sources.worker,
            "written_at": self._wall(),
            "oldest_unwritten_at": health.oldest_unwritten_at,
            _COMPLETE_TO: standing.complete_to,
            "details": {
                "address": self._address,
                "started_at": self._started_at,
                "health": asdict(health),
                "rates": self._minute.rates(),
                "latency": {
                    name: quantile(SECONDS, self._minute.counts(), share)
                    for name, share in (("p50", 0.5), ("p99", 0.99))
                },
                "totals": dict(self._totals().by_name),
                "epoch": standing.epoch,
                "rebalances": standing.rebalances,
                "partitions": {
                    partition_id(*tp): {
                        "committed": reach.frontier.committed,
                        "position": reach.position,
                        "end": reach.end,
                    }
                    for tp, reach in sorted(standing.held.items())
                },
            },
        }

    def _totals(self) -> Totals:
        """Latency is that of invoice records: Friends' are held back on purpose, to be written less often."""
        flushers = self._sources.flushers
        by_name = {f"records_{each.kind}": each.counters.records for each in flushers}
        lookups = [cache_lookups(each) for each in flushers]
        by_name |= {
            name: sum(getattr(each.counters, name) for each in flushers)
            for name in ("records", "written", "unchanged", "conflicts", "published", "refused")
        }
        by_name |= {
            "cache_hits": sum(hits for hits, _ in lookups),
            "cache_misses": sum(misses for _, misses in lookups),
            "retries": sum(RETRIES.values()),
            "lost": self._sources.standing.lost,
        }
        return Totals(by_name, flushers[0].latency.counts())


class Teller:
    """Writes reports, and goes on where Elasticsearch refuses one: ``/health`` and the log say so."""

    def __init__(self, report: Report, standing: Standing, clock: Callable[[], float] = time.monotonic) -> None:
        self._report = report
        self._standing = standing
        self._clock = clock
        self._complained_at = float("-inf")

    async def tell(self) -> None:
        """Write one report; waits for as long as Elasticsearch is away."""
        try:
            await self._report.write()
        except HubstatError as error:
            self._standing.unreported = str(error)
            if self._clock() - self._complained_at >= _COMPLAIN_SECONDS:
                self._complained_at = self._clock()
                log.error("the worker's report cannot be written: %s", error)
        else:
            self._standing.unreported = None
