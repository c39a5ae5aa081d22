"""What is ahead, from figures alone: against the plan, against the deadline, who falls short and who can help."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from hubstat.figures.plots import Deadline

Figures = Mapping[str, Any]


# Figures that say what will be, of all work.
_AHEAD: Final = frozenset(
    {"projected_finish", "shortfall", "can_help", "spare_stops", "no_pace_stops", "open_stops", "unassigned_stops"}
)


def settled(figures: Figures) -> Figures:
    """The figures without what they say of the future: of a date that is closed, or beside a part of the work."""
    return {name: figure for name, figure in figures.items() if name not in _AHEAD}


def plan_share(figures: Figures) -> float | None:
    """Planned share of what can be planned, at the moment; None without history."""
    plan, due = figures.get("plan"), figures.get("plan_due")
    return plan / due if plan is not None and due else None


def gap_share(figures: Figures) -> float | None:
    """Completion less the planned share; None where either is unknown."""
    done, planned = figures.get("completion"), plan_share(figures)
    return None if done is None or planned is None else float(done) - planned


def finish_of(figures: Figures) -> datetime | None:
    """Projected finish, local."""
    at = figures.get("projected_finish")
    return datetime.fromisoformat(at) if at else None


def left(figures: Figures) -> int:
    """Stops that are still to be done, whoever holds them."""
    return (figures.get("open_stops") or 0) + (figures.get("unassigned_stops") or 0)


def unknown(figures: Figures) -> int:
    """Open stops of Friends without a pace: nobody can say whether they are done in time."""
    return figures.get("no_pace_stops") or 0


def need(figures: Figures, loose: bool) -> float:
    """Stops that nobody gets done by the deadline at the present pace: those that fall short, and those unassigned.

    loose: whether the unassigned ones are to be done by the same deadline (``is_last``); before that they stand apart.
    """
    return float((figures.get("shortfall") or 0.0) + ((figures.get("unassigned_stops") or 0) if loose else 0))


def balance(figures: Figures, loose: bool) -> float:
    """Stops that the Friends who can help may take, less those that need somebody; below 0 they do not suffice."""
    return float(figures.get("spare_stops") or 0.0) - need(figures, loose)


def is_last(deadlines: Iterable[int], as_of: int) -> bool:
    """Whether at most one deadline of a date is still ahead (ms): what nobody holds has to be done by that one."""
    return sum(1 for deadline in set(deadlines) if deadline > as_of) <= 1


def falls_short(figures: Figures) -> bool:
    """Whether some stops are projected after the deadline of their wave."""
    return bool(figures.get("shortfall"))


def deadline_of(figures: Figures, deadlines: Sequence[Deadline]) -> Deadline | None:
    """The deadline that a projected finish is measured by, of those in ascending order.

    Where stops fall short the last one that the finish is after, else the first one it is not after.
    """
    finish = finish_of(figures)
    if finish is None or not deadlines:
        return None
    missed = [item for item in deadlines if item.at < finish]
    if falls_short(figures) and missed:
        return missed[-1]
    return next((item for item in deadlines if item.at >= finish), deadlines[-1])


def minutes_after(figures: Figures, deadlines: Sequence[Deadline]) -> int | None:
    """Minutes of the projected finish, to the minute as it is shown, after its deadline; below 0 before it."""
    finish, deadline = finish_of(figures), deadline_of(figures, deadlines)
    if finish is None or deadline is None:
        return None
    return int((finish.replace(second=0, microsecond=0) - deadline.at).total_seconds() // 60)
