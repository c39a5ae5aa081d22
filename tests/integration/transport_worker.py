"""The worker that the transport tests run as a process of its own: its sink appends what it was given to a file.

Usage: transport_worker.py BOOTSTRAP SINK_FILE PLAN_JSON, settings from the environment. Plan (all optional):

- ``flush_seconds``: how long a flush takes before it writes
- ``fail_flush``: number of the flush, from 1, that raises before it writes
- ``wrong_ledger``: commit what was read, written or not
- ``publish_to``: topic that each flush publishes the records of other topics to, before it returns

A sink line: topic, partition, offset, key, value. A line ``assigned N`` for each announced assignment.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from hubstat.errors import HubstatError
from hubstat.settings import Settings
from ingest.app import IngestApp, run_worker
from ingest.lanes import Flushers
from ingest.transport import ledger as ledgers


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

    def __init__(self, app: IngestApp, path: Path, plan: dict[str, Any]) -> None:
        self._app = app
        self._plan = plan
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def flush(self, records: list[Any]) -> None:
        """One flush of the plan."""
        FileSink.flushes += 1
        if FileSink.flushes == self._plan.get("fail_flush"):
            raise RuntimeError("planned failure")
        await asyncio.sleep(self._plan.get("flush_seconds", 0.0))
        lines = [f"{r.topic} {r.partition} {r.offset} {r.key.decode()} {r.value.decode()}\n" for r in records]
        os.write(self._file, "".join(lines).encode())
        if topic := self._plan.get("publish_to"):
            await self._app.publish_many(
                topic, [(r.key, r.value, list(r.headers)) for r in records if r.topic != topic]
            )

    async def assigned(self, partitions: set[Any]) -> None:
        """Note the assignment."""
        os.write(self._file, f"assigned {len(partitions)}\n".encode())


def main() -> int:
    """Run until stopped."""
    bootstrap, path, plan = sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])
    if plan.get("wrong_ledger"):
        import ingest.app

        ingest.app.Ledger = WrongLedger  # type: ignore[misc]

    def flushers(app: IngestApp) -> Flushers:
        sink = FileSink(app, path, plan)
        return Flushers(sink, sink)

    try:
        return run_worker(Settings(), bootstrap, flushers)
    except HubstatError as exc:
        print(f"error: {exc}", file=sys.stderr)  # noqa: T201
        return exc.exit_code


if __name__ == "__main__":
    sys.exit(main())
