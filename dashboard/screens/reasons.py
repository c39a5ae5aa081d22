"""Why invoices are undelivered: every reason under its group, with its share; each opens its invoices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html

from dashboard.board import Node
from dashboard.markup import markup
from dashboard.parts import card, card_head, figure, info, proved, shape
from dashboard.scene import Scene
from hubstat.domain.measures import NOT_ATTEMPTED
from hubstat.domain.row import STEPS
from hubstat.figures import formats as fm
from hubstat.figures.texts import TEXTS

_Counts = Mapping[str, int]


def reasons_card(scene: Scene, node: Node, hub: str) -> html.Section:
    """M5 of a scope: groups, the most first, and below each its reasons."""
    get = node.figures.get
    groups: _Counts = get("m5_groups") or {}
    reasons: _Counts = get("m5") or {}
    total = get("undelivered")
    title = html.Span([scene.say("reasons.title"), info(scene, "m5")], className="inline")
    number = proved(scene, "undelivered", total, fm.count(total), hub, "strong")
    body: list[Any] = [_group(scene, node, hub, group, reasons) for group in _most(groups)]
    if not body:
        moves = "reasons.none_return" if scene.place.direction == "RETURN" else "reasons.none"
        body = [html.P([shape("ok"), scene.say(moves)], className="calm")]
    return card([markup(scene, "reasons", [card_head(title, None, number), *body])], "side-card")


def _most(counts: _Counts) -> list[str]:
    return sorted((key for key, count in counts.items() if count), key=lambda key: (-counts[key], key))


def _group(scene: Scene, node: Node, hub: str, group: str, reasons: _Counts) -> html.Div:
    counts: _Counts = node.figures["m5_groups"]
    shares: Mapping[str, float] = node.figures.get("m5_group_shares") or {}
    name = f"reasons.group.{group}"
    head = html.P(
        [
            html.Span(scene.say(name) if name in TEXTS else group, className="bar-name strong"),
            *_counted(scene, "m5_groups", "m5_group_shares", group, counts, shares, hub),
        ],
        className="reason-row reason-head",
    )
    own = {reason: count for reason, count in reasons.items() if _group_of(scene, reason) == group}
    return html.Div([head, html.Ul([_reason(scene, node, hub, reason, own) for reason in _most(own)])])


def _group_of(scene: Scene, reason: str) -> str:
    return NOT_ATTEMPTED if reason in STEPS else scene.names.group(reason)


def _reason(scene: Scene, node: Node, hub: str, reason: str, counts: _Counts) -> html.Li:
    shares: Mapping[str, float] = node.figures.get("m5_shares") or {}
    words = f"mail.reason.{reason}"
    name = scene.names.reason(reason, scene.lang) or (scene.say(words) if words in TEXTS else reason)
    return html.Li(
        [
            html.Span(name, className="bar-name", title=name),
            *_counted(scene, "m5", "m5_shares", reason, counts, shares, hub),
        ],
        className="reason-row",
    )


def _counted(
    scene: Scene, metric: str, share: str, key: str, counts: _Counts, shares: Mapping[str, float], hub: str
) -> list[html.Span]:
    """Bar, number and share of one key. metric, share: ids of the figures of both."""
    part = shares.get(key)
    width = {"width": f"{100 * (part or 0):.1f}%"}
    return [
        html.Span(html.Span(className="bar-fill", style=width), className="bar"),
        html.Span(proved(scene, f"{metric}.{key}", counts[key], fm.count(counts[key]), hub), className="bar-n"),
        html.Span(figure(f"{share}.{key}", part, fm.percent(part), hub, "quiet"), className="bar-n"),
    ]
