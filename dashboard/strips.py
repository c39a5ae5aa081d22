"""Friends' days as strips: one time axis for all rows of a table, and each day in minutes along it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dashboard.board import Node, Strip
from dashboard.scene import Scene
from hubstat.domain import time as tm
from hubstat.figures import formats as fm
from hubstat.figures import outlook as ahead

# The axis ends so long after the last deadline at the latest (ms).
_BEYOND: Final = 2 * tm.HOUR
_MARGIN: Final = 20 * tm.MINUTE
# Room for the mark of a finish that lies beyond the axis (ms).
_EDGE: Final = 8 * tm.MINUTE

Spans = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Axis:
    """From when to when the strips of a table go, ms."""

    start: int
    end: int

    def at(self, moment: int) -> float:
        """Minutes from the start, kept within the axis."""
        return round((min(max(moment, self.start), self.end) - self.start) / tm.MINUTE, 1)


def axis_of(scene: Scene, strips: Mapping[str, Strip], nodes: Sequence[Node]) -> Axis:
    """From the first start to the last deadline or projected finish, in full hours where they allow it.

    The moment is on it, but where that is so long after the day's work that it would leave no room for that.
    """
    stops = [span for strip in strips.values() for span in strip.stops]
    drives = [span for strip in strips.values() for span in strip.drive]
    as_of = scene.moment.as_of
    if scene.moment.closed and stops:
        as_of = max(end for _, end in stops)
    first = min([as_of - tm.HOUR, *(start for start, _ in (*stops, *drives))])
    first -= first % tm.HOUR
    deadlines = [round(item.at.timestamp() * 1000) for item in scene.all_deadlines()]
    relevant = [at for at in deadlines if first < at] or deadlines[-1:]
    finishes = [round(at.timestamp() * 1000) for node in nodes if (at := ahead.finish_of(node.figures)) is not None]
    last = max([as_of, *relevant])
    longest = max([last, *(min(at, last + _BEYOND) for at in finishes)])
    return Axis(first, longest + _MARGIN)


def column_params(scene: Scene, axis: Axis) -> dict[str, Any]:
    """What header and cells draw: hours, now, deadlines; in minutes from the start of the axis."""
    hours = range(axis.start, axis.end, tm.HOUR)
    step = 1 if len(hours) <= 12 else 2 if len(hours) <= 24 else 4
    named = [(axis.at(at), scene.clock(at)[-5:-3].lstrip("0") or "0") for at in hours[::step]]
    suffix = "시" if scene.lang == "ko" else "h"
    deadlines = [
        (axis.at(at), scene.say("deadline.one", time=fm.clock(item.at)))
        for item in scene.all_deadlines()
        if axis.start < (at := round(item.at.timestamp() * 1000)) <= axis.end
    ]
    as_of = scene.moment.as_of
    now = scene.say("chart.now" if scene.moment.live else "chart.as_of", time=scene.clock(as_of)[-5:])
    return {
        "length": axis.at(axis.end),
        "hours": [[at, name + suffix if place == 0 else name] for place, (at, name) in enumerate(named)],
        "now": [axis.at(as_of), now if as_of <= axis.end else ""],
        "deadlines": deadlines,
    }


def cell(scene: Scene, axis: Axis, node: Node, strip: Strip | None) -> dict[str, Any] | None:
    """One Friend's day along the axis; None without one."""
    finish = ahead.finish_of(node.figures)
    if strip is None:
        return None
    at = None if finish is None else round(finish.timestamp() * 1000)
    return {
        "d": _along(axis, strip.drive),
        "s": [axis.at(start) for start, _ in strip.stops],
        "r": [[scene.say(f"excluded.{kind}"), *pair] for kind, start, end in strip.rests
              for pair in _along(axis, [(start, end)])],
        "p": _along(axis, strip.spare),
        "i": _along(axis, strip.idle),
        "b": _along(axis, strip.batches),
        "f": None if at is None else axis.at(min(at, axis.end - _EDGE)),
        "late": ahead.falls_short(node.figures),
        "label": label(scene, node, strip),
    }  # fmt: skip


def _along(axis: Axis, spans: Spans) -> list[list[float]]:
    return [[axis.at(start), axis.at(end)] for start, end in spans if start < axis.end and end >= axis.start]


def label(scene: Scene, node: Node, strip: Strip) -> str:
    """The strip in words."""
    figures = node.figures
    words = {
        "name": node.name(scene.lang),
        "stops": fm.count(figures.get("stops")),
        "rest": fm.count(sum((figures.get("excluded_minutes") or {}).values())),
        "idle": fm.count(figures.get("idle_minutes")),
    }
    if scene.moment.closed:
        return scene.say("strip.label_closed", **words)
    finish = fm.clock(ahead.finish_of(figures), scene.moment.day, lang=scene.lang)
    return scene.say("strip.label", finish=finish, **words)
