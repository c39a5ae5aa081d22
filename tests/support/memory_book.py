"""A book of delivery in memory, with the store's rules: created once, replaced only as it was read."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace

from hubstat.domain.mailing import TROUBLED, UNFINISHED, Run, State, Subscription
from hubstat.errors import EngineError


class MemoryBook:
    """Implements ``reports.delivery.book.Book``. down: whether it answers nothing. refused: how often."""

    def __init__(self, subscriptions: Iterable[Subscription] = ()) -> None:
        self._subscriptions = {each.id: each for each in subscriptions}
        self._runs: dict[str, Run] = {}
        self._reached: dict[str, int] = {}
        self._alive: dict[str, int] = {}
        self._lock = threading.Lock()
        self.down = False
        self.refused = 0

    def subscriptions(self) -> list[Subscription]:
        self._answer()
        return sorted(self._subscriptions.values(), key=lambda each: each.id)

    def subscription(self, subscription_id: str) -> Subscription | None:
        return self._subscriptions.get(subscription_id)

    def subscribe(self, subscriptions: Iterable[Subscription]) -> None:
        self._subscriptions |= {each.id: each for each in subscriptions}

    def claim(self, runs: Sequence[Run]) -> list[Run]:
        self._answer()
        with self._lock:
            new = [replace(run, version=(0, 1)) for run in runs if run.id not in self._runs]
            self._runs |= {run.id: run for run in new}
        return new

    def move(self, run: Run) -> Run | None:
        self._answer()
        assert run.version is not None
        with self._lock:
            if self._runs[run.id].version != run.version:
                return None
            moved = self._runs[run.id] = replace(run, version=(run.version[0] + 1, 1))
        return moved

    def move_many(self, runs: Sequence[Run]) -> list[Run]:
        moved = [self.move(run) for run in runs]
        return [run for run in moved if run is not None]

    def run(self, run_id: str) -> Run | None:
        return self._runs.get(run_id)

    def runs(self, limit: int, state: State | None = None, recipient: str | None = None) -> list[Run]:
        found = [
            run for run in self._runs.values() if state in (None, run.state) and recipient in (None, run.recipient)
        ]
        return sorted(found, key=lambda run: -run.slot_at)[:limit]

    def unfinished(self) -> list[Run]:
        self._answer()
        return [run for run in self._runs.values() if run.state in UNFINISHED]

    def troubled(self) -> list[Run]:
        return [run for run in self._runs.values() if run.state in TROUBLED and not run.alerted]

    def last_sent(self, runs: Sequence[Run]) -> dict[str, Run]:
        self._answer()
        return {}

    def reached(self) -> dict[str, int]:
        self._answer()
        return dict(self._reached)

    def reach(self, report: str, until: int) -> None:
        self._reached[report] = until

    def beat(self, owner: str, now: int) -> None:
        self._alive[owner] = now

    def leave(self, owner: str) -> None:
        self._alive.pop(owner, None)

    def alive(self, since: int, until: int) -> set[str]:
        return {owner for owner, at in self._alive.items() if since <= at <= until}

    def _answer(self) -> None:
        if self.down:
            self.refused += 1
            raise EngineError("the store does not answer")
