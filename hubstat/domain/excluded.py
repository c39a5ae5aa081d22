"""Excluded time of a Friend: breaks, locks, waits, incidents and time offline, recorded or planned. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hubstat.domain import spans
from hubstat.domain import time as tm
from hubstat.domain.codes import STOPS
from hubstat.domain.log import Fact
from hubstat.domain.runs import Run, Work
from hubstat.domain.spans import Span

EXCLUDED_KINDS: Final = ("break", "app_lock", "load_wait", "window_wait", "incident", "offline")
_INTERVALS: Final = {
    "break": ("BREAK_STARTED", "BREAK_ENDED"),
    "app_lock": ("APP_LOCKED", "APP_UNLOCKED"),
    "load_wait": ("LOAD_WAIT_STARTED", "LOAD_WAIT_ENDED"),
    "incident": ("INCIDENT_STARTED", "INCIDENT_ENDED"),
    "offline": ("OFFLINE_STARTED", "OFFLINE_ENDED"),
}
RECORDED_KINDS: Final = tuple(_INTERVALS)
WINDOW_WAIT: Final = "window_wait"
_STARTS: Final = frozenset(start for start, _ in _INTERVALS.values())
_KIND_OF: Final = {code: kind for kind, codes in _INTERVALS.items() for code in codes}


# End of an interval that nobody has ended: whoever asks cuts it at T.
FOREVER: Final = 1 << 62


def recorded_intervals(facts: Iterable[Fact], ordered: Sequence[Work]) -> dict[str, list[Span]]:
    """Recorded intervals by kind: to END, else ``until``, else the next activity, else for ever; at most to the next
    START.

    ordered: the Friend's activities in time order. One may end after T (``until``).
    """
    return {kind: _intervals(found, ordered) if found else [] for kind, found in interval_marks(facts).items()}


def interval_marks(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    """Begins and ends of recorded time by kind, in the order of the events."""
    marks: dict[str, list[Fact]] = {kind: [] for kind in RECORDED_KINDS}
    for fact in facts:
        kind = _KIND_OF.get(fact.sent["code"])
        if kind is not None:
            marks[kind].append(fact)
    return marks


def begins_interval(fact: Fact) -> bool:
    """Whether one of these marks is a begin."""
    return fact.sent["code"] in _STARTS


def _intervals(marks: Sequence[Fact], ordered: Sequence[Work]) -> list[Span]:
    found: list[Span] = []
    for index, mark in enumerate(marks):
        if not begins_interval(mark):
            continue
        following = marks[index + 1] if index + 1 < len(marks) else None
        if following is not None and not begins_interval(following):
            end = following.time
        elif "until" in mark.sent:
            end = tm.parse_instant(mark.sent["until"])
        else:
            place = bisect_right(ordered, mark.time, key=lambda w: w.time)
            end = ordered[place].time if place < len(ordered) else FOREVER
        if following is not None:
            end = min(end, following.time)
        found.append((mark.time, end))
    return found


def planned_breaks(facts: Iterable[Fact]) -> list[Span]:
    """Planned breaks in force, ms."""
    return [
        (tm.parse_instant(fact.sent["planned_from"]), tm.parse_instant(fact.sent["planned_to"]))
        for fact in facts
        if fact.sent["code"] == "BREAK_PLANNED"
    ]


def excluded_of(
    run: Run, reach: Span, recorded: Mapping[str, list[Span]], planned: Sequence[Span]
) -> dict[str, list[Span]]:
    """Excluded spans by kind within a run's reach; a planned break counts only where none is recorded there."""
    excluded = {kind: spans.union(spans.clip(found, reach)) if found else [] for kind, found in recorded.items()}
    if not excluded["break"] and planned:
        excluded["break"] = spans.union(spans.clip(planned, reach))
    excluded[WINDOW_WAIT] = _window_waits(run)
    return excluded


def _window_waits(run: Run) -> list[Span]:
    waits: list[Span] = []
    before = run.first
    for item in run.work:
        since = item.promised_from
        if since is not None and before < since <= item.time and item.code in STOPS:
            waits.append((before, since))
        before = item.time
    return spans.union(waits) if waits else waits


@dataclass(frozen=True, slots=True)
class Pauses:
    """What silence and the remaining break are told from at any T from the fold on, while nothing new is known.

    last: the last activity of a Friend on the road, else None; since: begin of that run; recorded: intervals of every
    kind that end after ``last``; breaks: the recorded ones; planned: planned breaks; near: the spans that belong to the
    planned shifts of the date, earliest first. All in ms; an interval that nobody has ended goes on for ever.
    """

    last: int | None
    since: int
    recorded: tuple[Span, ...]
    breaks: tuple[Span, ...]
    planned: tuple[Span, ...]
    near: tuple[Span, ...]

    def silence(self, as_of: int) -> int | None:
        """T − last activity without the excluded time in between, ms; None for who is not on the road."""
        if self.last is None:
            return None
        after = (self.last, as_of)
        # A tick asks this of every Friend on the road, few of whom have any such time.
        if not self.recorded and all(end <= self.last or start >= as_of for start, end in self.planned):
            return max(0, as_of - self.last)
        found = spans.clip(self.recorded, after)
        if not spans.union(spans.clip(self.breaks, (self.since, as_of))):
            found += spans.clip(self.planned, after)
        return max(0, as_of - self.last - spans.length(spans.union(found)))

    def remaining_break(self, as_of: int) -> int:
        """Planned break time of the shifts of a date not taken at T, ms, at least 0.

        Where no break is recorded since the first of them, the planned time before T counts as taken.
        """
        if not self.near:
            return 0
        due = spans.union(span for span in self.planned if any(start <= span[0] <= end for start, end in self.near))
        taken = spans.union(spans.clip(self.breaks, (self.near[0][0], as_of)))
        if not taken:
            taken = [(start, min(end, as_of)) for start, end in due if start < as_of]
        return max(0, spans.length(due) - spans.length(taken))
