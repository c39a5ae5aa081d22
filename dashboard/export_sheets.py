"""What a screen of a hub shows beside its grids and plain tables, as tables of raw values: for the exports alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dashboard.board import Figures, Node, Strip
from dashboard.grids import EXCLUDED, worst_first
from dashboard.scene import UNASSIGNED, Hubs, Scene, hub_name
from dashboard.sheets import Cells, Head, Sheet
from hubstat.domain import time as tm
from hubstat.domain.backlog import AGES
from hubstat.domain.metrics import metrics_for
from hubstat.domain.row import BUCKETS
from hubstat.figures import outlook as ahead
from hubstat.figures.progress_rows import progress_rows
from hubstat.figures.texts import label

_HOURLY: Final = ("worked_by_hour", "stops_by_hour", "net_minutes_by_hour", "invoices_per_hour", "stops_per_hour")
_KINDS: Final[Mapping[str, str]] = {
    "invoices": "count", "friends": "count", "stops": "decimal", "batches": "count", "routes": "count",
    "ratio": "percent", "minutes": "minutes", "per_hour": "decimal", "time": "time",
}  # fmt: skip
_Rows = tuple[Sequence[Head], Sequence[Cells]]


@dataclass(frozen=True, slots=True)
class Offer:
    """A table that can be made. title: key of the catalogue."""

    name: str
    title: str
    make: Callable[[Scene, Hubs], _Rows]

    def sheet(self, scene: Scene, hubs: Hubs) -> Sheet:
        """The table with its rows."""
        heads, rows = self.make(scene, hubs)
        return Sheet(self.name, scene.say(self.title), heads, rows)


def offers(scene: Scene, hubs: Hubs | None) -> list[Offer]:
    """What the screen of a place offers beside its own tables; nothing where it shows no figures."""
    level = scene.place.level
    if hubs is None or level == "invoice" or scene.notice == "no-data":
        return []
    found = [Offer("figures", "export.table.figures", _figures)]
    if scene.place.screen == "returns":
        return [*found, Offer("waiting", "export.table.waiting", _waiting)]
    found += [
        Offer("progress", "chart.title", _progress),
        Offer("states", "states.title", _states),
        Offer("late", "late.title", _late),
        Offer("undelivered", "reasons.title", _undelivered),
        Offer("waiting", "export.table.waiting", _waiting),
    ]
    if level not in ("camp", "friend") and not scene.moment.closed:
        found.append(Offer("short", "short.title", _short))
    if level == "camp":
        found.append(Offer("work", "work.title", _work))
    if hubs.here.hub != UNASSIGNED:
        found.append(Offer("hourly", "hourly.title", _hourly))
    if level in ("camp", "friend") and hubs.here.hub != UNASSIGNED:
        found.append(Offer("strips", "export.table.strips", _strips))
    return found


def ahead_of(scene: Scene, metric: str) -> bool:
    """Whether a figure is of what is ahead, which a closed date has nothing of."""
    entry = metrics_for(scene.place.direction).get(metric.partition(".")[0])
    return entry is not None and entry.needs == "projection"


def _named(scene: Scene, metric: str, kind: str | None = None) -> Head:
    entry = metrics_for(scene.place.direction)[metric]
    words = label(metric, scene.place.direction, scene.lang)
    return Head(metric, f"{words} ({metric})", kind or _KINDS.get(entry.unit, "decimal"))


def _figures(scene: Scene, hubs: Hubs) -> _Rows:
    """Every figure of the hub, a part of a split one on each line."""
    heads = [
        Head("metric", "metric"),
        Head("name", scene.say("dictionary.name"), "words"),
        Head("part", scene.say("proof.part")),
        Head("value", scene.say("proof.amount"), "decimal"),
        Head("time", scene.say("chart.hour"), "time"),
        Head("unit", scene.say("dictionary.unit")),
    ]
    figures = dict(hubs.here.figures)
    if scene.place.level != "friend":
        figures |= scene.board.ends(scene.place, scene.moment) or {}
    rows: list[Cells] = []
    for metric, entry in metrics_for(scene.place.direction).items():
        if metric not in figures or (scene.moment.closed and ahead_of(scene, metric)):
            continue
        for part, value in _parts(figures[metric]):
            is_time = isinstance(value, str)
            rows.append(
                {"metric": metric, "name": label(metric, scene.place.direction, scene.lang), "part": part,
                 "value": None if is_time else value, "time": value if is_time else None,
                 "unit": scene.say(f"unit.{entry.unit}")}
            )  # fmt: skip
    return heads, rows


def _parts(figure: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(figure, Mapping):
        yield from figure.items()
    else:
        yield "", figure


def _progress(scene: Scene, hubs: Hubs) -> _Rows:
    """The main chart by hour; of a closed date without what was projected."""
    closed = scene.moment.closed
    figures = hubs.here.figures
    foreseen = {} if closed else scene.board.ahead(scene.place, scene.moment)
    plan: Mapping[str, float] = figures.get("plan_by_hour") or {}
    heads = [
        Head("hour", scene.say("chart.hour")),
        _named(scene, "completions_by_hour"),
        Head("so_far", scene.say("chart.so_far"), "count"),
        Head("share", scene.say("chart.share"), "percent"),
        _named(scene, "plan_by_hour", "decimal"),
        Head("planned", scene.say("chart.planned"), "percent"),
        *([] if closed else [Head("projected", scene.say("chart.projected"), "percent")]),
    ]
    rows = [
        {"hour": row.hour, "completions_by_hour": row.completed, "so_far": row.so_far, "share": row.share,
         "plan_by_hour": plan.get(row.hour), "planned": row.plan, "projected": row.ahead}
        for row in progress_rows(figures, foreseen)
    ]  # fmt: skip
    return heads, rows


def _hourly(scene: Scene, hubs: Hubs) -> _Rows:
    known = metrics_for(scene.place.direction)
    metrics = [metric for metric in _HOURLY if metric in known]
    found: dict[str, Figures] = {metric: hubs.here.figures.get(metric) or {} for metric in metrics}
    hours = sorted({hour for values in found.values() for hour in values})
    heads = [Head("hour", scene.say("chart.hour")), *(_named(scene, metric) for metric in metrics)]
    return heads, [{"hour": hour, **{metric: found[metric].get(hour) for metric in metrics}} for hour in hours]


def _split(scene: Scene, metric: str, counts: Mapping[str, int], names: Mapping[str, str]) -> _Rows:
    """A count by its parts, in their order."""
    total = sum(counts.values())
    heads = [Head("key", "key"), Head("name", scene.say("proof.part")), _named(scene, metric, "count"),
             Head("share", scene.say("export.share"), "percent")]  # fmt: skip
    rows = [
        {"key": key, "name": names.get(key, key), metric: count, "share": count / total if total else None}
        for key, count in counts.items()
    ]
    return heads, rows


def _states(scene: Scene, hubs: Hubs) -> _Rows:
    counts: Mapping[str, int] = hubs.here.figures.get("m3") or {}
    return _split(scene, "m3", counts, {state: scene.say(f"state.{state}") for state in counts})


def _late(scene: Scene, hubs: Hubs) -> _Rows:
    metric = f"{scene.prefix}_buckets"
    found: Mapping[str, int] = hubs.here.figures.get(metric) or {}
    return _split(scene, metric, {bucket: found.get(bucket, 0) for bucket in BUCKETS}, {})


def _undelivered(scene: Scene, hubs: Hubs) -> _Rows:
    """Reasons, the most first."""
    found: Mapping[str, int] = hubs.here.figures.get("m5") or {}
    counts = dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
    names = {reason: scene.names.reason(reason, scene.lang) or reason for reason in counts}
    return _split(scene, "m5", counts, names)


def _waiting(scene: Scene, hubs: Hubs) -> _Rows:
    found: Mapping[str, int] = hubs.here.figures.get("m6") or {}
    names = {age: scene.say(f"age.{age}") for age in AGES}
    return _split(scene, "m6", {age: found.get(age, 0) for age in AGES}, names)


def _short(scene: Scene, hubs: Hubs) -> _Rows:
    """The camps that miss their deadline, the most stops first."""
    camps = [camp for camp in hubs.camps if ahead.falls_short(camp.figures)]
    camps.sort(key=lambda camp: (-camp.figures["shortfall"], camp.name(scene.lang)))
    metrics = ("projected_finish", "shortfall", "unassigned_stops", "spare_stops", "can_help")
    heads = [
        Head("id", "id"),
        Head("name", scene.say("level.camp")),
        *(_named(scene, metric) for metric in metrics),
        Head("need", scene.say("short.need"), "decimal"),
        Head("balance", scene.say("short.balance"), "decimal"),
    ]
    rows = [
        {"id": f"camp:{camp.hub}", "name": hub_name(camp, "camp", scene.lang),
         **{metric: camp.figures.get(metric) for metric in metrics},
         "need": ahead.need(camp.figures, scene.loose), "balance": ahead.balance(camp.figures, scene.loose)}
        for camp in camps
    ]  # fmt: skip
    return heads, rows


def _friends(scene: Scene, hubs: Hubs) -> list[Node]:
    nodes = [hubs.here] if scene.place.level == "friend" else worst_first(hubs.children, scene.prefix, scene.lang)
    return [node for node in nodes if node.hub != UNASSIGNED]


def _work(scene: Scene, hubs: Hubs) -> _Rows:
    """The table behind the strips: each Friend's stops, excluded minutes by kind, idle and net time."""
    metrics = ("stops", "idle_minutes", "net_on_road_minutes", "last_completed_at")
    heads = [
        Head("id", "id"),
        Head("name", scene.say("level.friend")),
        *(_named(scene, metric) for metric in metrics),
        *(Head(kind, f"{scene.say(f'excluded.{kind}')} (excluded_minutes.{kind})", "minutes") for kind in EXCLUDED),
    ]
    rows = [
        {"id": f"friend:{hubs.here.hub}/{node.hub}", "name": node.name(scene.lang),
         **{metric: node.figures.get(metric) for metric in metrics},
         **{kind: (node.figures.get("excluded_minutes") or {}).get(kind) for kind in EXCLUDED}}
        for node in _friends(scene, hubs)
    ]  # fmt: skip
    return heads, rows


def _strips(scene: Scene, hubs: Hubs) -> _Rows:
    """Every span of the Friends' days, Friend by Friend in the order of the table, each day from its beginning."""
    camp = scene.place.camp or hubs.here.hub
    found, zone = scene.board.strips(camp, scene.moment), scene.board.zone
    heads = [
        Head("id", "id"),
        Head("name", scene.say("level.friend")),
        Head("what", scene.say("strip.what")),
        Head("start", scene.say("strip.from"), "time"),
        Head("end", scene.say("strip.to"), "time"),
        Head("minutes", scene.say("strip.minutes"), "minutes"),
    ]
    rows = [
        {"id": f"friend:{camp}/{node.hub}", "name": node.name(scene.lang), "what": what,
         "start": tm.iso_local(start, zone), "end": tm.iso_local(end, zone), "minutes": (end - start) / tm.MINUTE}
        for node in _friends(scene, hubs)
        if node.hub in found
        for start, end, what in sorted(_spans(scene, found[node.hub]))
    ]  # fmt: skip
    return heads, rows


def _spans(scene: Scene, strip: Strip) -> Iterator[tuple[int, int, str]]:
    yield from ((start, end, scene.say("strip.drive")) for start, end in strip.drive)
    yield from ((start, end, scene.say(f"excluded.{kind}")) for kind, start, end in strip.rests)
    yield from ((start, end, scene.say("strip.allowed")) for start, end in strip.spare)
    yield from ((start, end, scene.say("tile.name.idle_minutes")) for start, end in strip.idle)
    yield from ((start, end, scene.say("strip.stop")) for start, end in strip.stops)
    yield from ((start, end, scene.say("strip.batch")) for start, end in strip.batches)
