"""A scheduler in a process of its own that dies at a step: ``python dying_scheduler.py STEP PORT NOW_MS``.

Reads namespace and address of Elasticsearch from the settings' variables. STEP: one of ``STEPS``, or ``none``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))

from mailing import Clock, carrier_to, scheduler_of, store_of

from hubstat.domain.mailing import Run
from hubstat.settings import Settings

STEPS: Final = (
    "before-claim",
    "after-claim",
    "while-building",
    "before-hand-over",
    "in-hand-over",
    "after-hand-over",
    "after-record",
)
EXIT: Final = 9


def die() -> NoReturn:
    """As a process that was killed: nothing is tidied up."""
    os._exit(EXIT)


class DyingBook:
    """A book whose process dies around some of its writes."""

    def __init__(self, book: Any, step: str) -> None:
        self._book = book
        self._step = step

    def __getattr__(self, name: str) -> Any:
        return getattr(self._book, name)

    def claim(self, runs: Sequence[Run]) -> list[Run]:
        if self._step == "before-claim":
            die()
        claimed: list[Run] = self._book.claim(runs)
        if self._step == "after-claim" and claimed:
            die()
        return claimed

    def move_many(self, runs: Sequence[Run]) -> list[Run]:
        moved: list[Run] = self._book.move_many(runs)
        if self._step == "while-building" and any(run.state == "building" for run in moved):
            die()
        return moved

    def move(self, run: Run) -> Run | None:
        if self._step == "before-hand-over" and run.state == "handing-over":
            die()
        if self._step == "after-hand-over" and run.state == "sent":
            die()
        moved: Run | None = self._book.move(run)
        if self._step == "in-hand-over" and run.state == "handing-over":
            die()
        if self._step == "after-record" and run.state == "sent":
            die()
        return moved


def main() -> None:
    """One look."""
    step, port, now = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    book = DyingBook(store_of(Settings()), step)
    carrier = carrier_to(port, timeout_seconds=10.0)
    # One mail at a time, so that it is known how far each is when the process dies.
    scheduler = scheduler_of(book, carrier, Clock(now), at_once=1)
    with scheduler.post.presence:
        scheduler.look()
    carrier.close()


if __name__ == "__main__":
    main()
