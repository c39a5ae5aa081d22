"""Who is out, back or absent, what has arrived at the camp, and who stands still."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard.board import Node, Still
from dashboard.parts import card, card_head, figure, link, proved, shape
from dashboard.scene import UNMAPPED, Hubs, Scene
from hubstat.figures import formats as fm

# Friends shown who stand still; the number of all of them is in the head.
_STILL = 8


def crew_card(scene: Scene, node: Node, hub: str) -> html.Section:
    """Friends planned, out, back and absent; routes departed; parcels arrived at the camp against expected."""
    get = node.figures.get
    planned = get("friends_planned") or 0
    counts = [
        ("crew.out", "friends_out"),
        ("crew.back", "friends_back"),
        ("crew.not_started", "friends_not_started"),
        ("crew.absent", "friends_absent"),
    ]
    people = html.Dl(
        [
            html.Div(
                [
                    html.Dt(scene.say(word)),
                    html.Dd(
                        proved(scene, metric, get(metric), fm.count(get(metric)), hub, "" if get(metric) else "zero")
                    ),
                ]
            )
            for word, metric in [("crew.planned", "friends_planned"), *counts]
        ],
        className="people",
    )
    started = planned - (get("friends_not_started") or 0) - (get("friends_absent") or 0)
    bars = [
        _share(scene, "crew.routes", ("routes_departed", "routes_planned"), node, hub),
        _share(scene, "crew.arrived", ("arrived", "due"), node, hub) if "arrived" in node.figures else None,
    ]
    title = card_head(
        scene.say("crew.title"), f"{fm.count(max(0, started))} / {fm.count(planned)}" if planned else None
    )
    return card(
        [html.Div(**scene.part("crew", "children", [title, people, html.Ul(bars, className="crew-bars")]))], "side-card"
    )


def _share(scene: Scene, word: str, metrics: tuple[str, str], node: Node, hub: str) -> html.Li:
    part, whole = (node.figures.get(metric) or 0 for metric in metrics)
    width = f"{100 * part / whole:.1f}%" if whole else "0"
    return html.Li(
        [
            html.Span(scene.say(word), className="bar-name"),
            html.Span(html.Span(className="bar-fill", style={"width": width}), className="bar"),
            html.Span(
                [
                    proved(scene, metrics[0], part, fm.count(part), hub, "strong"),
                    html.Span(" / ", className="quiet"),
                    figure(metrics[1], whole, fm.count(whole), hub, "quiet"),
                ],
                className="bar-n",
            ),
            html.Span(fm.balance(part - whole) if whole else fm.NONE, className="n bar-left"),
        ]
    )


def still_card(scene: Scene, hubs: Hubs) -> html.Section:
    """The Friends who stand still for longer than allowed, the longest first."""
    still = scene.board.still(scene.place, scene.moment)
    names = {camp.hub: camp.name(scene.lang) for camp in hubs.camps}
    if scene.place.level == "camp":
        names = {friend.hub: friend.name(scene.lang) for friend in hubs.children}
    head = card_head(scene.say("still.title"), scene.say("still.hint", n=fm.count(len(still))) if still else None)
    body: Any = html.P([shape("ok"), scene.say("still.none")], className="calm")
    if still:
        longest = still[0].minutes or 1.0
        body = html.Ul([_still(scene, each, names, longest) for each in still[:_STILL]], className="bars still")
    return card([html.Div(**scene.part("still", "children", [head, body]))], "side-card")


def _still(scene: Scene, each: Still, names: dict[str, str], longest: float) -> html.Li:
    """Above the camp a Friend is named by the camp and the last two signs of the id; names: of Friends or camps."""
    if scene.place.level == "camp":
        name, tail = names.get(each.friend, each.friend), None
    else:
        name = names.get(each.camp, each.camp if each.camp != UNMAPPED else scene.say("hub.no_camp"))
        tail = html.Span(f" ··{each.friend[-2:]}", className="quiet")
    hub = f"friend:{each.camp}/{each.friend}"
    fill = html.Span(className="bar-fill", style={"width": f"{100 * each.minutes / longest:.1f}%"})
    words = [
        html.Span([name, tail], className="bar-name"),
        html.Span(fill, className="bar"),
        figure("silent_minutes", each.minutes, scene.say("still.minutes", n=fm.count(each.minutes)), hub, "bar-n"),
    ]  # fmt: skip
    return html.Li(link(words, scene.href(level="friend", hub=f"{each.camp}/{each.friend}"), "bar-row"))
