"""Restatements (C11): figures of a closed date that differ between (C, C) and (C, now), with what caused each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isclose
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from aggregations.day import ALL_NEEDS, Day, View
from aggregations.facts.causes import Causes, changes
from aggregations.facts.documents import Contents, Document, identity
from aggregations.question import ALL_WAVES, FigureRow, Question, Scope
from aggregations.reader import Reader
from aggregations.rollup import Ground, friend_rows, hub_rows
from aggregations.tally import Key, Tally, figures
from hubstat.domain.codes import DIRECTIONS, Direction
from hubstat.domain.hierarchy import LEVELS
from hubstat.domain.metric import Metric
from hubstat.domain.metrics import metrics_for

# Sums of fractions differ in their last digits by the order of adding; that is no restatement.
_DIGITS: Final = 1e-9
# Of the figures of nothing, none of which is a time.
_NO_ZONE: Final = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Restated:
    """One figure, or one part of a split one ("" where it is not split), that is not what it was."""

    metric: Metric
    part: str
    level: str
    hub: str
    parent: str | None
    direction: Direction
    wave: str
    old: Any
    new: Any


def restatements_of(
    reader: Reader, view: View, final: Day, current: Day, as_final: Contents, as_current: Contents
) -> dict[str, Document]:
    """Documents of all restatements of a date, by id. final, current: the days that the contents are of."""
    if _equal(as_final, as_current):
        return {}
    found = list(_restated(reader, final, current, as_final, as_current))
    if not found:
        return {}
    ground = reader.ground(final.master, final.service_date, final.moment)
    backlog = any(each.metric.of_backlog for each in found)
    causes = Causes(ground, changes(view, final, current, reader.zone, backlog), changed_friends(as_final, as_current))
    day, now = final.service_date.isoformat(), current.moment.known_at
    return dict(_document(day, each, causes, now) for each in found)


def _equal(final: Contents, current: Contents) -> bool:
    return all(
        getattr(final, name) == getattr(current, name)
        for name in ("camps", "friends", "waiting_camps", "waiting_friends", "work", "days")
    )


def changed_friends(final: Contents, current: Contents) -> set[tuple[str | None, str]]:
    """(camp, Friend) whose work is not what it was, at either camp."""
    before = {(day.camp, day.friend_id): day for day in final.days}
    after = {(day.camp, day.friend_id): day for day in current.days}
    places = {place for place in before.keys() | after.keys() if before.get(place) != after.get(place)}
    for camp, friend in final.work.keys() | current.work.keys():
        if friend is not None and final.work.get((camp, friend)) != current.work.get((camp, friend)):
            places.add((camp, friend))
    return places


def _restated(reader: Reader, final: Day, current: Day, as_final: Contents, as_current: Contents) -> Iterator[Restated]:
    ground = reader.ground(final.master, final.service_date, final.moment)
    for direction in DIRECTIONS:
        for wave in _waves(direction, as_final, as_current):
            metrics = _metrics(direction, wave)
            for level in (*LEVELS, "friend"):
                question = Question(level, final.service_date, wave=wave, direction=direction, metrics=tuple(metrics))
                before, after = _rows(ground, final, current, question)
                for row in sorted(before.keys() | after.keys(), key=lambda key: (key[0], key[1] or "")):
                    one, other = before.get(row), after.get(row)
                    for metric in metrics.values():
                        for part, old, new in _parts(_figure(one, question, metric), _figure(other, question, metric)):
                            yield Restated(metric, part, level, *row, direction, wave, old, new)


def _waves(direction: Direction, *contents: Contents) -> list[str]:
    found = {ALL_WAVES}
    for each in contents:
        for tallies in (each.camps[direction], each.waiting_camps[direction]):
            found |= {key[-1] for key in tallies if key[-1] is not None}
    return sorted(found)


def _metrics(direction: Direction, wave: str) -> dict[str, Metric]:
    """Figures of Friends' work once: direction and wave do not filter them."""
    productive = (direction, wave) == ("DELIVERY", ALL_WAVES)
    return {name: metric for name, metric in metrics_for(direction).items() if productive or not metric.of_friends}


_Rows = dict[tuple[str, str | None], FigureRow]


def _rows(ground: Ground, final: Day, current: Day, question: Question) -> tuple[_Rows, _Rows]:
    """Rows of both moments by (hub, parent); of Friends only those that may differ."""
    scope = Scope("nationwide", ground.day.home)
    grain: Literal["camp", "friend"] = "friend" if question.level == "friend" else "camp"
    asked = (grain, question.direction, question.wave)
    counted = [day.tallies(*asked, ALL_NEEDS) for day in (final, current)]
    waiting = [day.waiting(*asked) for day in (final, current)]
    if grain == "friend":
        places = _differing(*counted) | _differing(*waiting)
        counted = [{place: each[place] for place in places if place in each} for each in counted]
        waiting = [{place: each[place] for place in places if place in each} for each in waiting]
    make = friend_rows if grain == "friend" else hub_rows
    before, after = (
        {(row.hub, row.parent): row for row in make(ground, final.master, *tallies, question, scope)}
        for tallies in zip(counted, waiting, strict=True)
    )
    return before, after


def _differing(one: Mapping[Key, Tally], other: Mapping[Key, Tally]) -> set[Key]:
    return {place for place in one.keys() | other.keys() if one.get(place) != other.get(place)}


def _figure(row: FigureRow | None, question: Question, metric: Metric) -> Any:
    """A figure of a row; without a row that of nothing."""
    found = figures(Tally(), question.direction, _NO_ZONE, [metric.id]) if row is None else row.figures
    return found[metric.id]


def _parts(old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """What differs of a figure, as (part, old, new)."""
    if not isinstance(old, dict) and not isinstance(new, dict):
        if not _same(old, new):
            yield "", old, new
        return
    # A split figure may be none at all, as a plan without history.
    old, new = old or {}, new or {}
    for part in sorted(old.keys() | new.keys()):
        # A part that is left out is 0.
        one, other = (each.get(part, 0) for each in (old, new))
        if not _same(one, other):
            yield part, one, other


def _same(old: Any, new: Any) -> bool:
    if isinstance(old, float) and isinstance(new, float):
        return isclose(old, new, rel_tol=_DIGITS, abs_tol=_DIGITS)
    return bool(old == new)


def _document(day: str, each: Restated, causes: Causes, now: int) -> tuple[str, Document]:
    place = (each.metric.id, each.part, each.level, each.hub, each.parent, each.direction, each.wave)
    names = ("metric", "part", "level", "hub", "parent", "direction", "wave")
    invoices, friends = causes.of(each.metric, each.part, each.level, each.hub, each.parent, each.direction, each.wave)
    return identity(day, *place), {
        "service_date": day,
        **dict(zip(names, place, strict=True)),
        "old": each.old,
        "new": each.new,
        "invoices": invoices,
        "friends": friends,
        "noted_at": now,
    }
