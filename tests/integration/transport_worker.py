"""The worker that the transport tests run as a process of its own: its sink appends what it was given to a file.

Usage: transport_worker.py BOOTSTRAP SINK_FILE PLAN_JSON, settings from the environment. Plan (all optional):

- ``flush_seconds``: how long a flush takes before it writes
- ``slow_flush``: ``[number, seconds]``: how long the flush of that number, from 1, takes instead
- ``fail_flush``: number of the flush, from 1, that raises before it writes
- ``fail_route``: number of the chunk, from 1, at which the agent raises
- ``wrong_ledger``: commit what was read, written or not
- ``publish_to``: topic that each flush publishes the records of other topics to, before it returns
- ``unchecked_topics``: start without a look at the topics
- ``conf``: settings of Faust, by name, that differ
- ``silent_when_full``: while the buffer is full, do not tell Kafka that the worker is alive
- ``whole_polls``: read every fetch whole

A sink line: topic, partition, offset, monotonic time, worker, value. A line ``assigned WORKER COUNT`` for each
announced assignment. Each write begins with a line break and each line ends with `` .``: a kill may tear a write.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import ingest.app
from hubstat.errors import HubstatError
from hubstat.settings import Settings
from ingest.app import IngestApp, run_worker
from ingest.lanes import Flushers, Lanes
from ingest.transport import ledger as ledgers
from ingest.transport.thread import ConsumerThread


class WrongLedger(ledgers.Ledger):
    """Commits the position that reading has reached, as a consumer with auto-commit does."""

    def committable(self, position: Any) -> tuple[int, dict[Any, int]]:
        """Everything read."""
        with self._lock:
            return self._epoch, {tp: at for tp in self._partitions if (at := position(tp)) is not None}


class FileSink:
    """Appends each record to the file, in one write a flush."""

    flushes = 0
    gather = 2000
    linger = 0.0

    def __init__(self, app: IngestApp, path: Path, plan: dict[str, Any], worker: str) -> None:
        self._app = app
        self._plan = plan
        self._worker = worker
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def flush(self, records: list[Any]) -> None:
        """One flush of the plan."""
        FileSink.flushes += 1
        if FileSink.flushes == self._plan.get("fail_flush"):
            raise RuntimeError("planned failure")
        slow, seconds = self._plan.get("slow_flush", (0, 0.0))
        await asyncio.sleep(seconds if FileSink.flushes == slow else self._plan.get("flush_seconds", 0.0))
        at = f"{time.monotonic():.3f}"
        lines = [f"\n{r.topic} {r.partition} {r.offset} {at} {self._worker} {r.value.decode()} ." for r in records]
        os.write(self._file, "".join(lines).encode())
        if topic := self._plan.get("publish_to"):
            await self._app.publish_many(
                topic, [(r.key, r.value, list(r.headers)) for r in records if r.topic != topic]
            )

    async def assigned(self, partitions: set[Any]) -> None:
        """Note the assignment."""
        os.write(self._file, f"\nassigned {self._worker} {len(partitions)} .".encode())


def spoil(plan: dict[str, Any]) -> None:
    """Change what the plan wants changed in the product."""
    if plan.get("wrong_ledger"):
        ingest.app.Ledger = WrongLedger  # type: ignore[misc]
    if plan.get("unchecked_topics"):

        async def unchecked(settings: Settings, bootstrap: str) -> None:
            pass

        ingest.app.ensure_topics = unchecked
    if plan.get("silent_when_full"):

        def silent(self: ConsumerThread) -> None:
            pass

        ConsumerThread.keep_membership = silent  # type: ignore[method-assign]
    if plan.get("whole_polls"):
        ingest.app.MAX_POLL_RECORDS = None  # type: ignore[assignment]
    if fail := plan.get("fail_route"):
        route, count = Lanes.route, 0

        def fails_once(self: Lanes, chunk: Any) -> None:
            nonlocal count
            count += 1
            if count == fail:
                raise RuntimeError("planned failure of the agent")
            route(self, chunk)

        Lanes.route = fails_once  # type: ignore[method-assign]


def main() -> int:
    """Run until stopped."""
    bootstrap, path, plan = sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])
    spoil(plan)
    settings = Settings()

    def flushers(app: IngestApp) -> Flushers:
        for name, value in plan.get("conf", {}).items():
            assert hasattr(app.conf, name)
            setattr(app.conf, name, value)
        sink = FileSink(app, path, plan, settings.ingest.worker_id)
        return Flushers(sink, sink)

    try:
        return run_worker(settings, bootstrap, flushers)
    except HubstatError as exc:
        print(f"error: {exc}", file=sys.stderr)  # noqa: T201
        return exc.exit_code


if __name__ == "__main__":
    sys.exit(main())
