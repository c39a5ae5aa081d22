"""How the work came out: first attempts, rates of delay, and when it was done; each opens what it is made of."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard.board import Figures, Node
from dashboard.grids import last_text, time_text
from dashboard.markup import markup
from dashboard.parts import card, card_head, link, named, pair, proved
from dashboard.scene import Scene
from hubstat.figures import formats as fm
from hubstat.figures.texts import label

# Rates with what is divided and by what; the prefix of the direction stands for "x".
_RATES = (
    ("first_attempt_rate", "first_attempt_ok", "first_attempt_n"),
    ("x_rate", "x_late", "x_base"),
    ("m1_adjusted_rate", "m1_adjusted_late", "m1_adjusted_base"),
)
_COUNTS = ("open", "closed", "m2_withdrawn_by_policy", "carried_over")


def results_card(scene: Scene, node: Node, hub: str) -> html.Section:
    """Rates over counts, the end of the work, and what came after its deadline."""
    lines = [
        _plan(scene, node.figures, hub),
        *(_rate(scene, node.figures, hub, *_named(scene, rate)) for rate in _RATES),
        _last(scene, node.figures, hub),
        *_ends(scene, hub),
        *(_count(scene, node.figures, hub, metric) for metric in _COUNTS),
    ]
    body = html.Ul([line for line in lines if line is not None], className="pairs")
    head = card_head(scene.say("results.title"))
    return card([markup(scene, "results", [head, body])], "side-card")


def _named(scene: Scene, metrics: tuple[str, str, str]) -> list[str]:
    return [f"{scene.prefix}{metric[1:]}" if metric.startswith("x_") else metric for metric in metrics]


def _rate(scene: Scene, figures: Figures, hub: str, rate: str, part: str, whole: str) -> html.Li | None:
    if rate not in figures:
        return None
    beside: list[Any] = []
    for metric in (part, whole):
        beside += [" / " if beside else "", proved(scene, metric, figures[metric], fm.count(figures[metric]), hub)]
    shown = proved(scene, rate, figures[rate], fm.percent(figures[rate], 2), hub, "strong")
    return pair(named(scene, rate), shown, beside)


def _plan(scene: Scene, figures: Figures, hub: str) -> html.Li | None:
    """What was to be done by now, of how many that have a plan; nothing without history."""
    plan, due = figures.get("plan"), figures.get("plan_due")
    if not due:
        return None
    of = [
        f"{label('plan_due', scene.place.direction, scene.lang)} ",
        proved(scene, "plan_due", due, fm.count(due), hub),
    ]
    return pair(named(scene, "plan"), proved(scene, "plan", plan, fm.count(plan), hub, "strong"), of)


def _count(scene: Scene, figures: Figures, hub: str, metric: str) -> html.Li | None:
    if metric not in figures:
        return None
    count = figures[metric]
    return pair(named(scene, metric), proved(scene, metric, count, fm.count(count), hub, "" if count else "zero"))


def _last(scene: Scene, figures: Figures, hub: str) -> html.Li:
    """Latest completion, and whether it is the last one there will be."""
    last, left = figures.get("last_completed_at"), figures.get("open") or 0
    words = scene.say("results.open", n=fm.count(left)) if left else scene.say("table.final") if last else None
    shown = proved(scene, "last_completed_at", last, last_text(scene, figures), hub, "strong")
    return pair(named(scene, "last_completed_at"), shown, words)


def _ends(scene: Scene, hub: str) -> list[html.Li]:
    """Figures by minute; where they are not read for a screen, the way to their proof."""
    found = scene.board.ends(scene.place, scene.moment)
    if found is None:
        return [pair(named(scene, metric), asked(scene, metric)) for metric in ("completion_p95", "after_deadline")]
    at, after = found.get("completion_p95"), found.get("after_deadline")
    return [
        pair(named(scene, "completion_p95"), proved(scene, "completion_p95", at, time_text(scene, at), hub)),
        pair(
            named(scene, "after_deadline"),
            proved(scene, "after_deadline", after, fm.count(after), hub, "" if after else "zero"),
        ),
    ]


def asked(scene: Scene, metric: str) -> html.A:
    """The way to a figure that is read only when somebody asks for it."""
    return link(scene.say("results.ask"), scene.href(proof=metric), **{"data-proof": metric})
