"""What the main chart shows hour by hour: the rows of its table, from figures alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hubstat.figures import formats as fm


@dataclass(frozen=True, slots=True)
class HourRow:
    """One row of the chart's table twin. ``share`` of due at the hour's end; None: not yet, or not known.

    plan: planned share at the hour's end. ahead: projected share at the hour's end.
    """

    hour: str
    completed: int
    so_far: int
    share: float | None
    plan: float | None = None
    ahead: float | None = None


def progress_rows(figures: Mapping[str, Any], ahead: Mapping[str, int]) -> list[HourRow]:
    """One row per hour from the first to the last that has a completion or a projected one, with the plan beside it."""
    by_hour: Mapping[str, int] = figures.get("completions_by_hour") or {}
    due = figures.get("due") or 0
    hours = [*by_hour, *ahead]
    if not hours:
        return []
    last_done, plan = max(by_hour, default=""), _Plan(figures)
    rows, so_far, foreseen = [], 0, sum(by_hour.values())
    for hour in fm.hours_between(min(hours), max(hours)):
        so_far += by_hour.get(hour, 0)
        foreseen += ahead.get(hour, 0)
        rows.append(
            HourRow(
                hour,
                by_hour.get(hour, 0),
                so_far,
                so_far / due if due and hour <= last_done else None,
                plan.at_end(hour),
                foreseen / due if due and ahead and hour >= min(ahead) else None,
            )
        )
    return rows


class _Plan:
    """Planned shares by the end of each hour."""

    def __init__(self, figures: Mapping[str, Any]) -> None:
        self.due = figures.get("plan_due") or 0
        self.hours: Mapping[str, float] = (figures.get("plan_by_hour") or {}) if self.due else {}

    def at_end(self, hour: str) -> float | None:
        """None without a plan; before its first hour nothing is planned, after its last one nothing more."""
        if not self.hours:
            return None
        known = self.hours.get(hour)
        if known is None:
            known = max(self.hours.values()) if hour > max(self.hours) else 0.0
        return known / self.due
