"""Baselines of a service date: allowance, standard and plan share, from the closed days before it. Pure.

They are computed once from final days and then kept: nothing received later moves them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from hubstat.domain import time as tm

ALLOWANCE: Final = 15 * tm.MINUTE
# Offsets of the plan share, in hours from local midnight of the service date: the day before, the day, the day after.
FIRST_OFFSET: Final = -24
LAST_OFFSET: Final = 47

AreaWave = tuple[str, str]
CampWave = tuple[str, str, str]
# The area of a camp on the date in question; None for a camp that no row of the master data knows.
AreaOf = Callable[[str | None], str | None]

_Value = TypeVar("_Value", int, float)


@dataclass(frozen=True, slots=True)
class DayShare:
    """A final date of one (camp, direction, wave): what was due, and completions by hour offset from its midnight."""

    due: int
    completed: Mapping[int, int]

    @classmethod
    def of_hours(cls, due: int, hours: Mapping[int, int], service_date: date, zone: ZoneInfo) -> DayShare:
        """From completions by hour since the epoch (the zones' offsets are whole hours)."""
        midnight = tm.day_start(service_date, zone) // tm.HOUR
        return cls(due, {hour - midnight: n for hour, n in hours.items()})

    def shares(self) -> tuple[float, ...]:
        """s(o) for every offset: completed before midnight + (o + 1) hours ÷ due. Needs due > 0."""
        done = sum(n for offset, n in self.completed.items() if offset < FIRST_OFFSET)
        found: list[float] = []
        for offset in range(FIRST_OFFSET, LAST_OFFSET + 1):
            done += self.completed.get(offset, 0)
            found.append(done / self.due)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Baselines:
    """Frozen baselines of a service date. version: 0 where none were computed.

    allowances: (area, wave) -> ms of a gap that are no idle, at least 15 min. standards: (area, wave) -> ms per stop.
    plan: (camp, direction, wave) -> cumulative share at the offsets -24 to 47.
    """

    service_date: str
    version: int
    allowances: Mapping[AreaWave, int]
    standards: Mapping[AreaWave, float]
    plan: Mapping[CampWave, tuple[float, ...]]

    def allowance(self, area: str | None, wave: str | None) -> int:
        """Part of a gap that is no idle, ms; 15 min without history, area or wave."""
        return ALLOWANCE if area is None or wave is None else self.allowances.get((area, wave), ALLOWANCE)

    def standard(self, area: str | None, wave: str | None) -> float | None:
        """Net time of one stop, ms; None without history, area or wave."""
        return None if area is None or wave is None else self.standards.get((area, wave))

    def to_document(self) -> dict[str, Any]:
        """As stored in JSON; equal baselines are stored alike."""
        return {
            "service_date": self.service_date,
            "version": self.version,
            "allowances": [[*key, value] for key, value in sorted(self.allowances.items())],
            "standards": [[*key, value] for key, value in sorted(self.standards.items())],
            "plan": [[*key, list(shares)] for key, shares in sorted(self.plan.items())],
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Baselines:
        """Back from JSON."""
        return cls(
            document["service_date"],
            document["version"],
            {(area, wave): value for area, wave, value in document["allowances"]},
            {(area, wave): float(value) for area, wave, value in document["standards"]},
            {(camp, direction, wave): tuple(map(float, s)) for camp, direction, wave, s in document["plan"]},
        )


NO_BASELINES: Final = Baselines("", 0, {}, {}, {})


def no_area(camp: str | None) -> None:
    """Area of every camp where no hierarchy is at hand: none."""


def minutes(length: int) -> int:
    """Whole minutes of a length in ms, rounded up."""
    return -(-length // tm.MINUTE)


def nearest_rank(ordered: Sequence[_Value], p: float) -> _Value:
    """The value at place ⌈p × n⌉ of n > 0 ascending values; p in whole percents (0.95)."""
    return ordered[_place(len(ordered), p) - 1]


def percentile_of_counts(counts: Mapping[int, int], p: float) -> int:
    """Nearest rank over value -> how often, at least one in all; p in whole percents."""
    place = _place(sum(counts.values()), p)
    for value in sorted(counts):
        place -= counts[value]
        if place <= 0:
            return value
    raise ValueError("nothing is counted")


def _place(n: int, p: float) -> int:
    # In whole percents, so that no rounding of p x n can move the place.
    return max(1, -(-round(p * 100) * n // 100))


def allowances_of(remainders: Mapping[AreaWave, Counter[int]]) -> dict[AreaWave, int]:
    """Allowance in ms from how many gaps had a remainder of so many minutes: p95, at least 15 min."""
    return {
        key: max(ALLOWANCE, percentile_of_counts(counts, 0.95) * tm.MINUTE)
        for key, counts in remainders.items()
        if counts.total()
    }


def standards_of(values: Mapping[AreaWave, Sequence[float]]) -> dict[AreaWave, float]:
    """Standard from the ms per stop of every Friend-day and wave: their median. A standard of 0 ms is none."""
    medians = {key: nearest_rank(sorted(found), 0.5) for key, found in values.items() if found}
    return {key: median for key, median in medians.items() if median > 0}


def plan_of(days: Iterable[Mapping[CampWave, DayShare]]) -> dict[CampWave, tuple[float, ...]]:
    """Plan share from final dates: place by place the median over those with something due."""
    shares: dict[CampWave, list[tuple[float, ...]]] = {}
    for day in days:
        for key, share in day.items():
            if share.due > 0:
                shares.setdefault(key, []).append(share.shares())
    return {
        key: tuple(nearest_rank(sorted(place), 0.5) for place in zip(*found, strict=True))
        for key, found in shares.items()
    }
