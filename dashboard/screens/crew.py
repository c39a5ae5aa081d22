"""Who is out, back or absent, what has arrived at the camp, and who stands still."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from dash import html

from dashboard.board import Node, Still
from dashboard.markup import markup
from dashboard.parts import card, card_head, figure, link, named, pair, proved, shape
from dashboard.scene import Hubs, Scene
from dashboard.screens.results import asked
from dashboard.sheets import Head, Sheet
from hubstat.domain import time as tm
from hubstat.figures import formats as fm
from hubstat.figures.texts import label

# Friends shown who stand still, before the rest, which stands behind "show all".
_STILL: Final = 8
# More of them than this are listed in the proof of their number alone, where rows are fetched as they are looked at.
_STILL_HERE: Final = 60


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
        _share(scene, "crew.on_time", ("routes_on_time", "routes_departed"), node, hub, "departure_on_time_rate"),
        _share(scene, "crew.arrived", ("arrived", "due"), node, hub, "arrival_rate")
        if "arrived" in node.figures
        else None,
    ]
    delay = get("departure_delay_minutes")
    lines = [
        pair(
            named(scene, "departure_delay_minutes"),
            proved(scene, "departure_delay_minutes", delay, fm.span(delay), hub, "" if delay else "zero"),
        ),
        _load(scene, hub),
    ]
    title = card_head(
        scene.say("crew.title"), f"{fm.count(max(0, started))} / {fm.count(planned)}" if planned else None
    )
    body = [title, people, html.Ul(bars, className="crew-bars"), html.Ul(lines, className="pairs")]
    return card([markup(scene, "crew", body)], "side-card")


def _load(scene: Scene, hub: str) -> html.Li | None:
    """What Friends held at their departure without having loaded it; of deliveries."""
    if scene.place.direction == "RETURN":
        return None
    found = scene.board.ends(scene.place, scene.moment)
    if found is None:
        return pair(named(scene, "load_gap"), asked(scene, "load_gap"))
    gap, held = found.get("load_gap"), found.get("load_assigned")
    beside = [
        scene.say("crew.held"),
        " ",
        proved(scene, "load_assigned", held, fm.count(held), hub),
    ]
    return pair(
        named(scene, "load_gap"), proved(scene, "load_gap", gap, fm.count(gap), hub, "" if gap else "zero"), beside
    )


def _share(scene: Scene, word: str, metrics: tuple[str, str], node: Node, hub: str, rate: str | None = None) -> html.Li:
    """A part of a whole as a bar; at its end the rate, else what is missing."""
    part, whole = (node.figures.get(metric) or 0 for metric in metrics)
    share = None if rate is None else node.figures.get(rate)
    end: Any = fm.balance(part - whole) if whole else fm.NONE
    if rate is not None:
        end = proved(scene, rate, share, fm.percent(share), hub)
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
            html.Span(end, className="n bar-left"),
        ]
    )


def still_card(scene: Scene, hubs: Hubs) -> html.Section:
    """The Friends who stand still for longer than allowed, the longest first; nobody does on a closed date."""
    still = [] if scene.moment.closed else scene.board.still(scene.place, scene.moment)
    scene.sheets["still"] = _sheet(scene, still)
    count, hub = hubs.here.figures.get("silent_friends"), f"{scene.place.level}:{hubs.here.hub}"
    number = proved(scene, "silent_friends", count, fm.count(count), hub, "strong") if still else None
    head = card_head(scene.say("still.title"), scene.say("still.hint") if still else None, number)
    none = [scene.say("still.closed")] if scene.moment.closed else [shape("ok"), scene.say("still.none")]
    body: list[Any] = [html.P(none, className="calm")]
    if still:
        here = still if len(still) <= _STILL_HERE else still[:_STILL]
        rows = [_still(scene, each, still[0].minutes or 1.0) for each in here]
        body = [html.Ul(rows[:_STILL], className="bars still")]
        every = scene.say("still.all", n=fm.count(len(still)))
        if len(still) > len(here):
            proof = scene.href(proof="silent_friends")
            body.append(link(every, proof, "short-more", **{"data-proof": "silent_friends"}))
        elif rows[_STILL:]:
            rest = html.Ul(rows[_STILL:], className="bars still")
            body.append(html.Details([html.Summary(every), rest], className="short-more"))
    return card([markup(scene, "still", [head, *body])], "side-card")


def _sheet(scene: Scene, still: Sequence[Still]) -> Sheet:
    """All who stand still, for the exports; above the camp without a name, as on the screen."""
    heads = [
        Head("id", "id"),
        Head("camp", scene.say("level.camp")),
        Head("friend", scene.say("level.friend")),
        Head("minutes", f"{label('silent_minutes', 'DELIVERY', scene.lang)} (silent_minutes)", "decimal"),
        Head("last", scene.say("table.activity"), "time"),
    ]
    rows = [
        {"id": f"friend:{each.camp}/{each.friend}", "camp": scene.camp_name(each.camp),
         "friend": scene.friend_name(each.friend), "minutes": each.minutes,
         "last": None if each.last is None else tm.iso_local(each.last, scene.board.zone)}
        for each in still
    ]  # fmt: skip
    return Sheet("still", scene.say("still.title"), heads, rows)


def _still(scene: Scene, each: Still, longest: float) -> html.Li:
    """Above the camp a Friend is named by the camp and the last two signs of the id."""
    name, tail = scene.friend_name(each.friend), None
    if scene.place.level != "camp":
        name, tail = scene.camp_name(each.camp), html.Span(f" {name}", className="quiet")
    hub = f"friend:{each.camp}/{each.friend}"
    fill = html.Span(className="bar-fill", style={"width": f"{100 * each.minutes / longest:.1f}%"})
    words = [
        html.Span([name, tail], className="bar-name"),
        html.Span(fill, className="bar"),
        figure("silent_minutes", each.minutes, scene.say("still.minutes", n=fm.count(each.minutes)), hub, "bar-n"),
    ]
    return html.Li(link(words, scene.href(level="friend", hub=f"{each.camp}/{each.friend}"), "bar-row"))
