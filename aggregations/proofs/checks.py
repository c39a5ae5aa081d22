"""Whether a proof is the figure it proves: as many invoices, terms that add up to it, sides that give it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import isclose
from typing import Any, Final
from zoneinfo import ZoneInfo

from aggregations.proofs.invoices import hour_of
from aggregations.proofs.model import InvoiceLine, Side, Term
from hubstat.domain import time as tm
from hubstat.domain.backlog import AGES
from hubstat.domain.friendday import EXCLUDED_KINDS
from hubstat.domain.metric import (
    AgeSplit,
    CompletionHours,
    CompletionPercentile,
    FriendHours,
    FriendLatest,
    FriendRate,
    FriendSplit,
    LastCompletion,
    Metric,
    Plan,
    Shares,
    SplitCount,
    StageMinutes,
)
from hubstat.errors import QueryError

# Net minutes under which there is no rate.
_LEAST_NET: Final = 10
STAGE_PARTS: Final = ("median", "p90", "n")


def require_part(metric: Metric, key: str, zone: ZoneInfo) -> None:
    """Raise ``QueryError`` for a key ("" asks for the whole) that is no part of a figure."""
    if not key:
        return
    keys: Sequence[str] | None = None
    match metric.measure:
        case SplitCount(keys=keys):
            pass
        case AgeSplit():
            keys = AGES
        case FriendSplit():
            keys = EXCLUDED_KINDS
        case StageMinutes():
            keys = STAGE_PARTS
        case Shares():
            pass
        case CompletionHours() | FriendHours() | Plan(part="hours"):
            if hour_of(key, zone) is None:
                raise QueryError(f"{metric.id} has no part {key}: name an hour as in 2026-11-20T09")
        case _:
            raise QueryError(f"{metric.id} is not split: there is no part {key}")
    if keys is not None and key not in keys:
        raise QueryError(f"{metric.id} has no part {key}: use one of {', '.join(keys)}")


def require_proved(metric: Metric, figure: Any, sides: Sequence[Side], zone: ZoneInfo) -> None:
    """Raise ``QueryError`` where figure and proof are not the same."""
    for side in sides:
        found = _of_side(side, zone)
        if not _same(side.figure, found):
            name = f"{side.metric.id}.{side.key}" if side.key else side.metric.id
            raise QueryError(f"{name} is {side.figure} but {found} was found for it: please report this")
    if len(sides) == 2:
        expected = _of_sides(metric, *sides)
        if not _same(figure, expected):
            raise QueryError(f"{metric.id} is {figure} but its sides give {expected}: please report this")


def _of_side(side: Side, zone: ZoneInfo) -> Any:
    """The figure again, from the lines or terms of a side."""
    match side.metric.measure:
        case LastCompletion():
            last = side.lines[-1].completed_at if side.lines else None
            return None if last is None else tm.iso_local(last, zone)
        case CompletionPercentile():
            return next((tm.iso_local(n * tm.MINUTE, zone) for n in _decisive(side.lines, "percentile")), None)
        case StageMinutes():
            parts = {name: next(iter(_decisive(side.lines, name)), None) for name in STAGE_PARTS[:2]}
            whole: dict[str, int | None] = {**parts, "n": len(side.lines)}
            return whole[side.key] if side.key else whole
        case FriendLatest(scale=scale):
            best = max((term.amount for term in side.terms), default=None)
            return best if best is None or scale else tm.iso_local(int(best), zone)
        case _ if isinstance(side.figure, Mapping):
            return _sums(side.terms) if side.terms else Counter(line.key for line in side.lines)
        case _ if side.figure is None and not side.terms:
            return None
        case _:
            return sum(term.amount for term in side.terms) + len(side.lines)


def _decisive(lines: Sequence[InvoiceLine], name: str) -> list[int]:
    return [line.value for line in lines if name in line.decides.split() and line.value is not None]


def _sums(terms: Sequence[Term]) -> dict[str, float]:
    found: dict[str, float] = {}
    for term in terms:
        found[term.key] = found.get(term.key, 0) + term.amount
    return found


def _of_sides(metric: Metric, upper: Side, lower: Side) -> Any:
    """The figure again, from the figures of its sides."""
    match metric.measure:
        case FriendRate():
            return _rate(sum(upper.figure.values()), lower.figure)
        case FriendHours() if isinstance(upper.figure, Mapping):
            return {key: _rate(n, lower.figure.get(key, 0)) for key, n in upper.figure.items()}
        case FriendHours():
            return _rate(upper.figure, lower.figure)
        case Shares() if isinstance(upper.figure, Mapping):
            return {key: _ratio(n, lower.figure) for key, n in upper.figure.items()}
        case _:
            return _ratio(upper.figure, lower.figure)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _rate(done: float, net: float) -> float | None:
    return None if net < _LEAST_NET else done / (net / 60)


def _same(figure: Any, found: Any) -> bool:
    if isinstance(figure, Mapping) and isinstance(found, Mapping):
        return all(_same(figure.get(key, 0), found.get(key, 0)) for key in {*figure, *found})
    if isinstance(figure, int | float) and isinstance(found, int | float):
        return isclose(figure, found, rel_tol=1e-9, abs_tol=1e-6)
    return bool(figure == found)
