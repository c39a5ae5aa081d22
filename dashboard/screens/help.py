"""Shortfall and help within a camp: what is needed, who has room before the deadline, and what holds the camp up."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard.board import Figures, Node
from dashboard.markup import markup
from dashboard.parts import card, card_head, figure, link, proved, shape
from dashboard.scene import Hubs, Scene
from dashboard.screens.verdict import awaited, fine_or_unknown
from hubstat.figures import formats as fm
from hubstat.figures import outlook as ahead

# Kinds of excluded time that hold a camp up; breaks are due to everybody.
_WAITS = ("load_wait", "window_wait", "app_lock", "offline", "incident")


def help_card(scene: Scene, hubs: Hubs, hub: str) -> html.Section:
    """Need against room, the Friends with room, and the causes."""
    children: list[Any] = [card_head(scene.say("help.title"))]
    if scene.moment.closed:
        children.append(html.P(scene.say("still.closed"), className="calm"))
    else:
        children += [_balance(scene, hubs.here.figures, hub), *_friends(scene, hubs)]
    children += _causes(scene, hubs.here.figures, hub)
    return card([markup(scene, "help", children)], "side-card help")


def _balance(scene: Scene, figures: Figures, hub: str) -> html.Div:
    short, loose = figures.get("shortfall") or 0.0, figures.get("unassigned_stops") or 0
    spare, helpers = figures.get("spare_stops") or 0.0, figures.get("can_help") or 0
    need, left = ahead.need(figures, scene.loose), ahead.balance(figures, scene.loose)
    if awaited(scene):
        return html.Div(html.P(scene.say("ask.pending"), className="calm"))
    word, kind = (
        ("help.not_needed", "ok") if not need else ("help.enough", "ok") if left >= 0 else ("help.not_enough", "late")
    )
    unknown = ahead.unknown(figures) if left >= 0 else 0
    said = fine_or_unknown(scene, unknown, word)
    scale, hidden = max(need, spare) or 1.0, {"aria-hidden": "true"}

    def bar(value: float, name: str) -> html.Span:
        return html.Span(className=name, style={"width": f"{100 * value / scale:.1f}%"})

    before, between, after = scene.say(
        "help.need" if scene.loose else "help.need_apart", need=fm.stops(need), short="\0", unassigned="\0"
    ).split("\0")
    first, second, third = scene.say("help.spare", spare="\0", n="\0").split("\0")
    return html.Div(
        [
            html.Div(
                [
                    html.B(
                        [shape("ring" if unknown else "ok" if kind == "ok" else "late"), said],
                        className="" if unknown else f"tone-{kind}",
                    ),
                    html.B(fm.balance(left), className=f"n tone-{kind}") if need or spare else None,
                ],
                className="help-verdict",
            ),
            html.P(
                [
                    before,
                    proved(scene, "shortfall", figures.get("shortfall"), fm.stops(short), hub),
                    between,
                    proved(scene, "unassigned_stops", figures.get("unassigned_stops"), fm.count(loose), hub),
                    after,
                ]
            ),
            html.Div([bar(short, "need-short"), bar(need - short, "need-loose")], className="need-bar", **hidden),
            html.P(
                [
                    first,
                    proved(scene, "spare_stops", figures.get("spare_stops"), fm.stops(spare), hub),
                    second,
                    proved(scene, "can_help", figures.get("can_help"), fm.count(helpers), hub),
                    third,
                ]
            ),
            html.Div(bar(spare, "need-spare"), className="need-bar", **hidden),
        ],
        className="help-balance",
    )  # fmt: skip


def _friends(scene: Scene, hubs: Hubs) -> list[Any]:
    able = [node for node in hubs.children if node.figures.get("can_help")]
    able.sort(key=lambda node: (-node.figures["spare_stops"], node.name(scene.lang)))
    if not able:
        return []
    rows = [_friend(scene, hubs.here.hub, node) for node in able]
    return [
        html.P(scene.say("help.friends"), className="help-head"),
        html.Ul(rows, className="help-rows"),
        html.P(scene.say("help.note"), className="help-note"),
    ]


def _friend(scene: Scene, camp: str, node: Node) -> html.Li:
    hub, get = f"friend:{camp}/{node.hub}", node.figures.get
    finish = fm.clock(ahead.finish_of(node.figures), scene.moment.day, lang=scene.lang)
    spare = scene.say("help.stops", n=fm.stops(get("spare_stops")))
    pace = scene.say("help.pace", n=fm.decimal(get("hourly_stops")))
    return html.Li(
        link(
            [
                html.Span(node.name(scene.lang), className="row-name"),
                figure("spare_stops", get("spare_stops"), spare, hub, "tone-ok strong"),
                html.Span(
                    scene.say("help.finish", time=finish) if get("projected_finish") else "", className="n quiet"
                ),
                figure("hourly_stops", get("hourly_stops"), pace, hub, "quiet"),
            ],
            scene.href(level="friend", hub=f"{camp}/{node.hub}"),
            "help-row",
        )
    )


def _causes(scene: Scene, figures: Figures, hub: str) -> list[Any]:
    """Absences, parcels not yet at the camp, waits by kind, idle time: only what there is."""
    excluded = figures.get("excluded_minutes") or {}
    found: list[tuple[str, Any]] = []
    absent = figures.get("friends_absent")
    if absent:
        shown = scene.say("help.people", n=fm.count(absent))
        found.append((scene.say("help.absent"), proved(scene, "friends_absent", absent, shown, hub)))
    if "arrived" in figures and figures["arrived"] < (figures.get("due") or 0):
        missing = scene.say("help.invoices", n=fm.count(figures["due"] - figures["arrived"]))
        found.append((scene.say("help.not_arrived"), html.Span(missing, className="n")))
    for kind in _WAITS:
        if (excluded.get(kind) or 0) >= 1:
            shown = scene.say("help.minutes", n=fm.count(excluded[kind]))
            metric = f"excluded_minutes.{kind}"
            found.append((scene.say(f"excluded.{kind}"), proved(scene, metric, excluded[kind], shown, hub)))
    idle = figures.get("idle_minutes") or 0
    if idle >= 1:
        shown = scene.say("help.minutes", n=fm.count(idle))
        found.append((scene.say("tile.name.idle_minutes"), proved(scene, "idle_minutes", idle, shown, hub)))
    if not found:
        return []
    items = [html.Li([html.Span(name), value]) for name, value in found]
    return [html.P(scene.say("help.causes"), className="help-head"), html.Ul(items, className="pairs")]
