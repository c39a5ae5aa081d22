"""Works off the timetable: claims what is due, takes over what others left, catches up on what was missed.

Any number of schedulers may run at once. Nothing here has to be exact about who does what: a run is created once
(``reports.delivery.post``), so a slot that is looked at twice, by two schedulers or by one whose clock went back, is
sent once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from hubstat.domain import time as tm
from hubstat.domain.mailing import Run, State, Subscription
from hubstat.errors import EngineError
from reports.delivery.alert import Alert
from reports.delivery.book import Book
from reports.delivery.orders import report_of
from reports.delivery.post import Post
from reports.delivery.readiness import Ready
from reports.model import Report
from reports.schedule import Slot, Timetable

log = logging.getLogger(__name__)
# While a slot waits for data, what there is is looked at so often (ms): for a whole network that is no small question.
_ASK_AGAIN: Final = 30_000


class Judge(Protocol):
    """Says what a slot's report can be made of."""

    def of(self, slot: Slot) -> Ready:
        """What there is for a slot now."""

    def usual(self, slot: Slot) -> tuple[int, int]:
        """(T, K) of a slot whose data are all there."""


@dataclass(frozen=True, slots=True)
class Rules:
    """All in ms. settle: from a slot's time to its sending. wait: for missing data, at most. late: marked so from then
    on. catch_up: what was missed longer ago is forgotten."""

    settle: int
    wait: int
    late: int
    catch_up: int


@dataclass(slots=True)
class Scheduler:
    """One scheduler. ``look`` does everything that is due now; to be called every few seconds."""

    book: Book
    post: Post
    timetable: Callable[[], Timetable]
    judge: Judge
    alert: Alert
    rules: Rules
    clock: Callable[[], int]
    _seen: dict[Slot, int] = field(default_factory=dict)
    _asked: dict[Slot, int] = field(default_factory=dict)

    def look(self) -> None:
        """Raises ``EngineError`` where the store does not answer; the next look goes on from there.

        What one report fails of holds up no other: the error is raised when each has had its turn.
        """
        self.post.record_left()
        table = self.timetable()
        self.post.work(self.left_over(table))
        reached = self.book.reached()
        failed: EngineError | None = None
        for report in table.reports:
            try:
                self._report(table, report, reached.get(report))
            except EngineError as error:
                log.error("%s: %s", report, error)
                failed = failed or error
        self.alert.tell()
        if failed is not None:
            raise failed

    def left_over(self, table: Timetable) -> list[Run]:
        """Runs to go on with: put off until now, or begun by a process that is gone.

        One that was being handed over when its owner went is marked as unknown, and left to a person. One that nobody
        went on with until the next slot of its report was due is only stored, as if it had been missed.
        """
        now = self.clock()
        found: list[Run] = []
        alive = self.post.presence.others()
        for run in self.book.unfinished():
            if run.owner in alive:
                continue
            if run.state == "handing-over":
                said = "check whether it arrived: its sender ended while handing it over"
                log.error("run %s: %s", run.id, said)
                self.book.move(replace(run, state="unknown", ended_at=now, error=said))
            elif self._overtaken(table, run, now):
                self.book.move(replace(run, state="stored", ended_at=now))
            elif run.next_try_at <= now:
                found.append(replace(run, late=run.late or now - run.slot_at > self.rules.late))
        return found

    def _overtaken(self, table: Timetable, run: Run, now: int) -> bool:
        """Whether a run that this process has not tried is so old that there is a newer one to send."""
        if (run.owner == self.post.presence.owner and run.attempts) or now - run.slot_at <= self.rules.late:
            return False
        return bool(table.slots(report_of(run.report), run.slot_at, now - self.rules.settle))

    def _report(self, table: Timetable, report: Report, reached: int | None) -> None:
        now = self.clock()
        if reached is None or reached > now:
            if reached is not None:
                log.warning("the clock is before the last %s: what was sent is not sent again", report)
            self.book.reach(report, now)
            return
        slots = table.slots(report, max(reached, now - self.rules.catch_up), now - self.rules.settle)
        # Two waves may have the same deadline: each of them is the latest.
        latest = [slot for slot in slots if slot.at == slots[-1].at]
        missed = slots[: -len(latest)]
        self._forget(report, latest)
        if not latest:
            return
        self._claim(missed, "stored")
        answers = [self._ready(table, slot, now) for slot in latest]
        ready = [answer for answer in answers if answer is not None]
        if len(ready) < len(latest):
            if missed:
                self.book.reach(report, missed[-1].at)
            return
        claimed: list[Run] = []
        for slot, answer in zip(latest, ready, strict=True):
            mine = self._claim([slot], "claimed", answer)
            log.info("%s: %s mails claimed", slot, f"{len(mine):,}")
            claimed += mine
        # Written after the claims: whoever dies in between has claimed for somebody else to send.
        self.book.reach(report, latest[-1].at)
        self._forget(report)
        self.post.work(claimed)

    def _forget(self, report: Report, but: Sequence[Slot] = ()) -> None:
        """Slots of a report that are not waited for any more."""
        for known in (self._seen, self._asked):
            for slot in [each for each in known if each.report == report and each not in but]:
                del known[slot]

    def _ready(self, table: Timetable, slot: Slot, now: int) -> Ready | None:
        """What the slot can be made of; None while it is worth waiting for more."""
        first = self._seen.setdefault(slot, now)
        if first < now < self._asked.get(slot, 0) + _ASK_AGAIN:
            return None
        self._asked[slot] = now
        try:
            ready = self.judge.of(slot)
        except EngineError as error:
            ready = Ready(*self.judge.usual(slot), (f"the figures cannot be looked at: {error}",))
        if ready.missing and now < self._patience(table, slot, first):
            if first == now:
                log.warning("%s waits: %s", slot, "; ".join(ready.missing))
            return None
        if ready.missing:
            log.error("%s goes out incomplete: %s", slot, "; ".join(ready.missing))
        return ready

    def _patience(self, table: Timetable, slot: Slot, first: int) -> int:
        """Until when (ms) a slot that was first seen then waits: it goes out before the next one takes its place."""
        until = first + self.rules.wait
        following = table.next_slot(slot.report, slot.at)
        return until if following is None else min(until, following.at + self.rules.settle - 2 * _ASK_AGAIN)

    def _claim(self, slots: Iterable[Slot], state: State, ready: Ready | None = None) -> list[Run]:
        slots = list(slots)
        if not slots:
            return []
        now, owner = self.clock(), self.post.presence.owner
        zone = self.timetable().zone
        today = tm.local_date(now, zone)
        subscriptions = [each for each in self.book.subscriptions() if each.valid_from <= today < each.valid_to]
        runs: list[Run] = []
        for slot in slots:
            as_of, known_at = self.judge.usual(slot) if ready is None else (ready.as_of, ready.known_at)
            wanted = [each for each in subscriptions if each.wants(slot.report, slot.service_date)]
            late = now - slot.at > self.rules.late
            runs += [_run(slot, each, as_of, known_at, state, now, owner, late) for each in wanted]
        if state == "stored" and runs:
            log.warning("%s mails that were missed are stored, not sent", f"{len(runs):,}")
        return self.book.claim(runs)


def _run(
    slot: Slot, to: Subscription, as_of: int, known_at: int, state: State, now: int, owner: str, late: bool
) -> Run:
    return Run(
        slot.report,
        slot.service_date,
        slot.wave,
        to.level,
        to.hub,
        to.recipient,
        slot.revision,
        to.lang,
        to.names,
        late,
        slot.at,
        as_of,
        known_at,
        state,
        now,
        owner,
    )
