"""The system: how far the data are, who writes them, which camps are silent, what was refused, restated and audited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from dash import html

from aggregations.system import CAMP_SILENT_MS, Change, Health, Partition, Worker
from dashboard.markup import markup
from dashboard.parts import Shape, card, card_head, figure, link, shape
from dashboard.scene import STALE_DATA_MS, Scene
from dashboard.sheets import Cells, Head, Sheet, plain_table
from hubstat.domain import time as tm
from hubstat.figures import formats as fm
from hubstat.figures.texts import label, metric, wave_name

# An element of the sentence, its shape, and whether it is worth the red one.
Trouble = tuple[str, Shape]


def build(scene: Scene, health: Health) -> html.Div:
    """The screen."""
    return html.Div(
        [
            _verdict(scene, health),
            html.Div(
                [
                    html.Div(
                        [_workers(scene, health), _camps(scene, health), _changes(scene, health)],
                        className="main-column",
                    ),
                    html.Div(
                        [
                            _letters(scene, health),
                            _audits(scene, health),
                            _restated(scene, health),
                            _versions(scene, health),
                        ],
                        className="side-column",
                    ),
                ],
                className="columns system",
            ),
        ],
        className="screen",
    )


def age(scene: Scene, milliseconds: int) -> str:
    """A time that has passed, in words."""
    key, numbers = fm.elapsed(milliseconds)
    return scene.say(key, **numbers)


def troubles(scene: Scene, health: Health) -> list[Trouble]:
    """What is to be looked at, the gravest first."""
    found: list[Trouble] = []
    live = [worker for worker in health.workers if not worker.silent]
    if not live:
        found.append((scene.say("system.trouble.silent"), "late"))
    elif not all(worker.healthy for worker in live):
        found.append((scene.say("system.trouble.worker"), "late"))
    if live and any(partition.worker is None for partition in health.partitions):
        found.append((scene.say("system.trouble.partition"), "late"))
    if health.cluster.status != "green":
        status = scene.say(f"system.cluster.{health.cluster.status}")
        found.append((scene.say("system.trouble.cluster", status=status), _cluster_shape(health)))
    if health.audits and not health.audits[0].clean:
        found.append((scene.say("system.trouble.audit"), "late"))
    if health.silent_camps:
        found.append((scene.say("system.trouble.camps", n=fm.count(len(health.silent_camps))), "risk"))
    letters = sum(group.count for group in health.letters)
    if letters:
        found.append((scene.say("system.trouble.letters", n=fm.count(letters)), "risk"))
    return found


def _cluster_shape(health: Health) -> Shape:
    return {"green": "ok", "yellow": "risk"}.get(health.cluster.status, "late")  # type: ignore[return-value]


def _verdict(scene: Scene, health: Health) -> html.Section:
    found = troubles(scene, health)
    kind: Shape = "ok"
    words = scene.say("system.fine", lag=fm.count(health.lag))
    if found:
        kind = "late" if any(each[1] == "late" for each in found) else "risk"
        words = scene.say("system.trouble", n=len(found), what=", ".join(each[0] for each in found))
    head = html.H1([shape(kind), html.Span(words)], className="headline", id="headline", tabIndex="-1")
    children = [html.Div(head, className="verdict-head"), html.Div(_answers(scene, health), className="answers six")]
    return card([markup(scene, "verdict", children)], "verdict")


def _answer(scene: Scene, key: str, kind: Shape, value: Any, shown: Any, sub: str) -> html.Div:
    return html.Div(
        [
            html.Div([shape(kind), html.Span(scene.say(f"system.{key}"))], className="answer-label"),
            html.Div(figure(f"system.{key}", value, shown, "system"), className=f"answer-value tone-{kind}"),
            html.Div(sub, className="answer-sub"),
        ],
        className="answer",
    )


def _answers(scene: Scene, health: Health) -> list[html.Div]:
    partitions, letters = len(health.partitions), sum(group.count for group in health.letters)
    lag_sub = scene.say("system.lag_sub", n=partitions)
    data_sub = scene.say("system.data_to_unknown")
    if health.data_to is not None:
        data_sub = scene.say("system.data_to_sub", age=age(scene, health.at - health.data_to))
    fresh = health.data_to is not None and health.at - health.data_to <= STALE_DATA_MS
    silent = len(health.silent_camps)
    cluster = health.cluster
    return [
        _answer(scene, "data_to", "ok" if fresh else "risk", health.data_to,
                scene.clock(health.data_to, seconds=True), data_sub),
        _answer(scene, "lag", "ring" if health.lag is not None else "late", health.lag, fm.count(health.lag),
                lag_sub if health.lag is not None else scene.say("system.lag_unknown")),
        _answer(scene, "silent", "risk" if silent else "ok", silent, fm.count(silent),
                scene.say("system.silent_of", n=fm.count(health.camps))),
        _answer(scene, "letters", "risk" if letters else "ok", letters, fm.count(letters),
                scene.say("system.letters_sub", n=len(health.letters))),
        _last_audit(scene, health),
        _answer(scene, "cluster", _cluster_shape(health), cluster.status,
                scene.say(f"system.cluster.{cluster.status}"), _cluster_words(scene, health)),
    ]  # fmt: skip


def _cluster_words(scene: Scene, health: Health) -> str:
    cluster = health.cluster
    disk, loose = fm.percent(cluster.disk_used, 0), cluster.unassigned_shards
    if loose:
        return scene.say("system.cluster_loose", n=fm.count(loose), disk=disk)
    return scene.say("system.cluster_sub", nodes=cluster.nodes, disk=disk)


def _last_audit(scene: Scene, health: Health) -> html.Div:
    if not health.audits:
        return _answer(scene, "audit", "ring", None, scene.say("system.audit_none"), scene.say("system.audit_none_sub"))
    last = health.audits[0]
    shown = scene.say("system.audit_clean" if last.clean else "system.audit_differs", n=fm.count(last.differing))
    day = fm.short_day(date.fromisoformat(last.service_date), scene.lang)
    sub = scene.say("system.audit_sub", day=day, cells=fm.count(last.cells))
    return _answer(scene, "audit", "ok" if last.clean else "late", last.differing, shown, sub)


def _time(scene: Scene, at: int | None) -> str | None:
    return None if at is None else tm.iso_local(at, scene.board.zone)


def _heads(scene: Scene, *columns: tuple[str, str, str]) -> list[Head]:
    return [Head(key, scene.say(label), kind) for key, label, kind in columns]


def _workers(scene: Scene, health: Health) -> html.Section:
    heads = _heads(
        scene, ("name", "system.worker", "text"), ("state", "system.state", "text"),
        ("partitions", "system.col.partitions", "count"), ("records", "system.col.records", "decimal"),
        ("lag_seconds", "system.col.behind", "decimal"), ("p50", "system.col.half", "decimal"),
        ("p99", "system.col.most", "decimal"), ("retries", "system.col.retries", "count"),
        ("refused", "system.col.refused", "count"), ("reasons", "system.col.reasons", "words"),
    )  # fmt: skip
    rows = [_worker(scene, worker, health.at) for worker in health.workers]
    said = ("name", "partitions", "records", "lag_seconds", "p50", "p99", "retries", "refused")
    raw = [{name: getattr(worker, name) for name in said}
           | {"state": _state(scene, worker, health.at), "reasons": "; ".join(worker.reasons)}
           for worker in health.workers]  # fmt: skip
    none = html.P([shape("late"), scene.say("system.no_workers")], className="calm")
    return card(
        [
            card_head(scene.say("system.workers"), scene.say("system.workers_hint")),
            plain_table(scene, Sheet("workers", scene.say("system.workers"), heads, raw), rows, none),
            html.H3(scene.say("system.partitions"), className="card-part"),
            _partitions(scene, health.partitions),
        ],
        "table-card",
    )


def _state(scene: Scene, worker: Worker, now: int) -> str:
    if worker.silent:
        return scene.say("system.state.silent", age=age(scene, now - worker.reported_at))
    return scene.say("system.state.healthy" if worker.healthy else "system.state.unhealthy")


def _worker(scene: Scene, worker: Worker, now: int) -> Cells:
    kind: Shape = "ok" if worker.healthy else "late"
    return {
        "name": html.Span(worker.name, className="strong"),
        "state": html.Span([shape(kind), _state(scene, worker, now)], className="" if worker.healthy else "tone-late"),
        "partitions": fm.count(worker.partitions),
        "records": fm.decimal(worker.records, 0),
        "lag_seconds": fm.decimal(worker.lag_seconds),
        "p50": fm.decimal(worker.p50, 2),
        "p99": fm.decimal(worker.p99, 2),
        "retries": fm.count(worker.retries),
        "refused": fm.count(worker.refused),
        "reasons": "; ".join(worker.reasons) or fm.NONE,
    }


def _partitions(scene: Scene, partitions: Sequence[Partition]) -> html.Div:
    heads = _heads(
        scene, ("name", "system.col.partition", "text"), ("worker", "system.worker", "text"),
        ("committed", "system.col.committed", "count"), ("end", "system.col.end", "count"),
        ("lag", "system.col.lag", "count"), ("complete_to", "system.col.data_to", "time"),
    )  # fmt: skip
    names = [head.key for head in heads]
    raw = [{name: getattr(each, name) for name in names} | {"complete_to": _time(scene, each.complete_to)}
           for each in partitions]  # fmt: skip
    return plain_table(
        scene,
        Sheet("partitions", scene.say("system.partitions"), heads, raw),
        [_partition(scene, each) for each in partitions],
    )


def _partition(scene: Scene, each: Partition) -> Cells:
    nobody = html.Span([shape("late"), scene.say("system.nobody")], className="tone-late")
    return {
        "name": each.name,
        "worker": each.worker or nobody,
        "committed": fm.count(each.committed),
        "end": fm.count(each.end),
        "lag": html.Span(fm.count(each.lag), className="strong" if each.lag else "quiet"),
        "complete_to": scene.clock(each.complete_to, seconds=True),
    }


def _camps(scene: Scene, health: Health) -> html.Section:
    heads = _heads(
        scene, ("camp", "system.col.camp", "text"), ("area", "system.col.area", "text"),
        ("open", "system.col.open", "count"), ("last_event", "system.col.last", "time"),
        ("minutes", "system.col.age", "minutes"),
    )  # fmt: skip
    english = scene.lang == "en"
    raw: list[Cells] = []
    rows: list[Cells] = []
    for each in health.silent_camps:
        name, area = (each.name_en, each.area_en) if english else (each.name_ko, each.area_ko)
        gone = health.at - each.last_event
        raw.append({"camp": name, "area": area, "open": each.open, "last_event": _time(scene, each.last_event),
                    "minutes": gone // tm.MINUTE})  # fmt: skip
        rows.append(
            {
                "camp": link(
                    name, scene.href(screen="status", level="camp", hub=each.camp, day=health.dates[0]), "strong"
                ),
                "area": area,
                "open": fm.count(each.open),
                "last_event": scene.clock(each.last_event, seconds=True),
                "minutes": html.Span([shape("risk"), age(scene, gone)], className="tone-risk"),
            }
        )
    sheet = Sheet("silent", scene.say("system.camps_title"), heads, raw)
    none = html.P([shape("ok"), scene.say("system.camps_none")], className="calm")
    return card(
        [
            card_head(
                scene.say("system.camps_title"),
                scene.say("system.camps_hint", minutes=CAMP_SILENT_MS // tm.MINUTE),
                fm.count(len(rows)),
            ),
            plain_table(scene, sheet, rows, none),
        ],
        "table-card",
    )


def _letters(scene: Scene, health: Health) -> html.Section:
    heads = _heads(
        scene, ("reason", "system.col.reason", "text"), ("count", "system.col.count", "count"),
        ("latest", "system.col.latest", "time"), ("topic", "system.col.topic", "text"),
        ("detail", "system.col.detail", "words"),
    )  # fmt: skip
    raw = [{"reason": each.reason, "count": each.count, "latest": _time(scene, each.latest), "topic": each.topic,
            "detail": f"{each.field}: {each.detail}"} for each in health.letters]  # fmt: skip
    rows: list[Cells] = [
        {
            "reason": html.Code(each.reason),
            "count": html.Span(fm.count(each.count), className="strong"),
            "latest": scene.clock(each.latest),
            "topic": each.topic,
            "detail": f"{each.field}: {each.detail}",
        }
        for each in health.letters
    ]
    none = html.P([shape("ok"), scene.say("system.letters_none")], className="calm")
    sheet = Sheet("letters", scene.say("system.letters_title"), heads, raw)
    return card(
        [
            card_head(scene.say("system.letters_title"), scene.say("system.letters_hint"),
                      fm.count(sum(each.count for each in health.letters))),
            plain_table(scene, sheet, rows, none),
            html.P(scene.say("system.letters_do"), className="footnote"),
        ],
        "side-card",
    )  # fmt: skip


def _audits(scene: Scene, health: Health) -> html.Section:
    heads = _heads(
        scene, ("day", "system.col.day", "date"), ("cells", "system.col.cells", "count"),
        ("differing", "system.col.differing", "count"), ("lost", "system.col.lost", "count"),
        ("took", "system.col.took", "count"),
    )  # fmt: skip
    raw = [{"day": each.service_date, "cells": each.cells, "differing": each.differing, "lost": each.lost,
            "took": round(each.seconds)} for each in health.audits]  # fmt: skip
    rows: list[Cells] = [
        {
            "day": html.Span([shape("ok" if each.clean else "late"), each.service_date]),
            "cells": fm.count(each.cells),
            "differing": html.Span(fm.count(each.differing), className="tone-late" if each.differing else "quiet"),
            "lost": html.Span(fm.count(each.lost), className="tone-late" if each.lost else "quiet"),
            "took": fm.count(each.seconds),
        }
        for each in health.audits
    ]
    none = html.P(scene.say("system.audits_none"), className="calm")
    sheet = Sheet("audits", scene.say("system.audits_title"), heads, raw)
    head = card_head(scene.say("system.audits_title"), scene.say("system.audits_hint"))
    return card([head, plain_table(scene, sheet, rows, none)], "side-card")


def _restated(scene: Scene, health: Health) -> html.Section:
    heads = _heads(
        scene, ("day", "system.col.day", "date"), ("figures", "system.col.figures", "count"),
        ("noted", "system.col.noted", "time"),
    )  # fmt: skip
    raw = [{"day": each.service_date, "figures": each.figures, "noted": _time(scene, each.noted_at)}
           for each in health.restated]  # fmt: skip
    rows: list[Cells] = [
        {
            "day": link(each.service_date, scene.href(screen="status", level="nationwide", hub=None,
                                                     day=date.fromisoformat(each.service_date))),
            "figures": fm.count(each.figures),
            "noted": scene.clock(each.noted_at),
        }
        for each in health.restated
    ]  # fmt: skip
    closed = scene.say("system.closed_none")
    if health.closed is not None:
        closed = scene.say("system.closed", day=health.closed[0])
    none = html.P([shape("ok"), scene.say("system.restated_none")], className="calm")
    sheet = Sheet("restated", scene.say("system.restated_title"), heads, raw)
    return card(
        [
            card_head(scene.say("system.restated_title"), scene.say("system.restated_hint")),
            plain_table(scene, sheet, rows, none),
            html.P(f"{scene.say('system.restated_do')} · {closed}", className="footnote"),
        ],
        "side-card",
    )


def _changes(scene: Scene, health: Health) -> html.Section:
    """What the restated figures were at closing and are now."""
    heads = _heads(
        scene, ("day", "system.col.day", "date"), ("hub", "system.col.hub", "text"),
        ("metric", "system.col.metric", "text"), ("old", "system.col.old", "decimal"),
        ("new", "system.col.new", "decimal"), ("noted", "system.col.noted", "time"),
    )  # fmt: skip
    heads.insert(1, Head("id", "id"))
    raw: list[Cells] = []
    rows: list[Cells] = []
    for change in health.changes:
        each, hub = change.restated, _hub_of(scene, change)
        what = _figure_of(scene, change)
        raw.append({"day": each.service_date, "id": f"{each.level}:{change.place}", "hub": hub,
                    "metric": f"{' '.join(what)} ({each.metric})", "old": each.old, "new": each.new,
                    "noted": _time(scene, each.noted_at)})  # fmt: skip
        day = date.fromisoformat(each.service_date)
        moved = {"direction": each.direction, "wave": each.wave}
        href = scene.href(screen="status", level=each.level, hub=change.place, day=day, **moved)
        rows.append(
            {
                "day": each.service_date,
                "hub": link(hub, href, "strong"),
                "metric": [what[0], html.Span(f" {' · '.join(what[1:])}", className="quiet")],
                "old": html.Span(_shown(scene, change, each.old), className="quiet"),
                "new": html.Span(_shown(scene, change, each.new), className="strong"),
                "noted": scene.clock(each.noted_at),
            }
        )
    cut = len(rows) < health.all_changes
    count = scene.say("system.changes_cut", n=fm.count(len(rows)), of=fm.count(health.all_changes)) if cut else None
    none = html.P([shape("ok"), scene.say("system.restated_none")], className="calm")
    sheet = Sheet("changes", scene.say("system.changes_title"), heads, raw)
    return card(
        [
            card_head(
                scene.say("system.changes_title"), scene.say("system.changes_hint"), count or fm.count(len(rows))
            ),
            plain_table(scene, sheet, rows, none, long=True),
        ],
        "table-card",
    )


def _hub_of(scene: Scene, change: Change) -> str:
    """Name of the hub; a Friend is named by the camp and the last two signs of the id."""
    name = change.name_en if scene.lang == "en" else change.name_ko
    each = change.restated
    return f"{name} {scene.friend_name(each.hub)}" if each.level == "friend" else name


def _figure_of(scene: Scene, change: Change) -> list[str]:
    """Label of the figure, its part where it is split, direction and wave."""
    each = change.restated
    part = [each.part.replace("T", " ")] if each.part else []
    return [
        label(each.metric, each.direction, scene.lang),
        *part,
        scene.say(f"direction.{each.direction}"),
        wave_name(each.wave, scene.lang),
    ]


def _shown(scene: Scene, change: Change, value: Any) -> str:
    """A figure before or after, by its unit; times of its own date."""
    each = change.restated
    unit = metric(each.metric, each.direction).unit
    if value is None:
        return fm.NONE
    if unit == "time":
        return fm.clock(datetime.fromisoformat(value), date.fromisoformat(each.service_date), True, scene.lang)
    if unit == "ratio":
        return fm.percent(value, 2)
    return fm.count(value) if isinstance(value, int) else fm.decimal(value)


def _versions(scene: Scene, health: Health) -> html.Section:
    items = [
        html.Li([html.Span(scene.say(f"system.version.{name}")), html.Span(value, className="pair-value")])
        for name, value in health.versions.items()
    ]
    return card([card_head(scene.say("system.versions")), html.Ul(items, className="pairs")], "side-card")
