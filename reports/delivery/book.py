"""What delivery keeps and looks up. The store implements it; tests may too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from hubstat.domain.mailing import Run, State, Subscription


class Book(Protocol):
    """Subscriptions, runs, and how far each schedule is worked off. Every method blocks.

    Each raises ``EngineError`` where the store does not answer for longer than a short while.
    """

    def subscriptions(self) -> list[Subscription]:
        """All of them, by recipient and hub; also those that hold no more."""

    def subscription(self, subscription_id: str) -> Subscription | None:
        """One of them."""

    def subscribe(self, subscriptions: Iterable[Subscription]) -> None:
        """Write them, each in place of the one of the same id."""

    def claim(self, runs: Sequence[Run]) -> list[Run]:
        """Create runs; those of them that did not exist, with their versions. Who creates a run owns it."""

    def move(self, run: Run) -> Run | None:
        """Write a run in place of the version that it was read as; None where that has changed since."""

    def move_many(self, runs: Sequence[Run]) -> list[Run]:
        """As ``move``; those that could be written."""

    def run(self, run_id: str) -> Run | None:
        """One run as it is now."""

    def runs(self, limit: int, state: State | None = None, recipient: str | None = None) -> list[Run]:
        """Runs, the latest due first."""

    def unfinished(self) -> list[Run]:
        """Every run that something is still to be done for, the oldest due first."""

    def troubled(self) -> list[Run]:
        """Runs that failed or whose fate is unknown, and of which nobody was told yet."""

    def last_sent(self, runs: Sequence[Run]) -> dict[str, Run]:
        """By series: the latest run that was sent of those due before the given ones. All given: one report."""

    def reached(self) -> dict[str, int]:
        """By report: up to which time (ms) its schedule is worked off."""

    def reach(self, report: str, until: int) -> None:
        """Note that."""

    def beat(self, owner: str, now: int) -> None:
        """Note that a process that sends is alive."""

    def leave(self, owner: str) -> None:
        """Note that it has ended."""

    def alive(self, since: int, until: int) -> set[str]:
        """Processes that have said so last between then and then (ms)."""
