"""Friends' work of a scope: time on the road, what is taken out of it, stops, pace, efficiency, idle."""

from __future__ import annotations

from dash import html

from dashboard.board import Figures, Node
from dashboard.grids import EXCLUDED
from dashboard.markup import markup
from dashboard.parts import card, card_head, named, pair, proved
from dashboard.scene import Scene
from hubstat.figures import formats as fm
from hubstat.figures.status import FRIEND_RATE_BASE


def work_card(scene: Scene, node: Node, hub: str) -> html.Section:
    """What the productivity of a scope is made of; every figure opens the Friends or spans it adds."""
    figures = node.figures
    lines = [
        _count(scene, figures, hub, "friend_days"),
        _span(scene, figures, hub, "on_road_minutes"),
        *_excluded(scene, figures, hub),
        _span(scene, figures, hub, "net_on_road_minutes", "sum"),
        _count(scene, figures, hub, "stops"),
        _count(scene, figures, hub, "batch_scans"),
        *(_pace(scene, figures, hub, metric) for metric in ("hourly_deliveries", "hourly_stops")),
        _efficiency(scene, figures, hub),
        _count(scene, figures, hub, "efficiency_stops"),
        _idle(scene, figures, hub),
        # Of a closed date nothing is ahead.
        *(_count(scene, figures, hub, metric) for metric in ("open_stops", "no_pace_stops") if metric in figures),
    ]
    head = card_head(scene.say("work.title"), scene.say("work.hint"))
    body = markup(scene, "work", lines, "ul", className="pairs")
    return card([head, body], "side-card")


def _span(scene: Scene, figures: Figures, hub: str, metric: str, class_name: str = "") -> html.Li:
    minutes = figures.get(metric)
    return pair(named(scene, metric), proved(scene, metric, minutes, fm.span(minutes), hub), class_name=class_name)


def _count(scene: Scene, figures: Figures, hub: str, metric: str) -> html.Li:
    count = figures.get(metric)
    return pair(named(scene, metric), proved(scene, metric, count, fm.count(count), hub, "" if count else "zero"))


def _excluded(scene: Scene, figures: Figures, hub: str) -> list[html.Li]:
    excluded = figures.get("excluded_minutes") or {}
    return [
        pair(
            f"{fm.MINUS} {scene.say(f'excluded.{kind}')}",
            proved(
                scene,
                f"excluded_minutes.{kind}",
                excluded[kind],
                fm.span(excluded[kind]),
                hub,
                "" if excluded[kind] else "zero",
            ),
        )
        for kind in EXCLUDED
        if kind in excluded
    ]


def _pace(scene: Scene, figures: Figures, hub: str, metric: str) -> html.Li:
    rate = figures.get(metric)
    return pair(named(scene, metric), proved(scene, metric, rate, fm.decimal(rate), hub))


def _efficiency(scene: Scene, figures: Figures, hub: str) -> html.Li:
    """Standard over net minutes; of one Friend with few stops hidden, as in tables."""
    standard, net = figures.get("standard_minutes"), figures.get("efficiency_net_minutes")
    beside = [
        proved(scene, "standard_minutes", standard, fm.span(standard), hub),
        " / ",
        proved(scene, "efficiency_net_minutes", net, fm.span(net), hub),
    ]
    few = scene.place.level == "friend" and (figures.get("efficiency_stops") or 0) < FRIEND_RATE_BASE
    share = figures.get("efficiency")
    shown = fm.NONE if few else fm.percent(share, 0)
    return pair(named(scene, "efficiency"), proved(scene, "efficiency", share, shown, hub), beside)


def _idle(scene: Scene, figures: Figures, hub: str) -> html.Li:
    idle, days = figures.get("idle_minutes"), figures.get("friend_days")
    each = scene.say("tile.idle", each=fm.decimal((idle or 0.0) / days)) if days else None
    shown = fm.NONE if idle is None else scene.say("unit.each", value=fm.count(idle))
    return pair(named(scene, "idle_minutes"), proved(scene, "idle_minutes", idle, shown, hub), each)
