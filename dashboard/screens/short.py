"""The camps that miss their deadline: when each is done, what it lacks, and what its own Friends can take over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from dashboard.board import Node
from dashboard.markup import markup
from dashboard.parts import card, card_head, figure, link, shape
from dashboard.scene import Hubs, Scene, hub_name
from dashboard.screens.verdict import awaited, fine_or_unknown
from hubstat.figures import formats as fm
from hubstat.figures import outlook as ahead

# Camps shown before the rest, which stands behind "show all".
_FIRST = 12


def short_card(scene: Scene, hubs: Hubs) -> html.Section:
    """Every camp of which stops fall short, the most first, with need against help."""
    short = sorted(
        (camp for camp in hubs.camps if ahead.falls_short(camp.figures)),
        key=lambda camp: (-camp.figures["shortfall"], camp.name(scene.lang)),
    )
    pending = awaited(scene)
    shown = fm.NONE if pending or scene.moment.closed else fm.count(len(short))
    number = html.Span(f" {shown}", className="tone-late" if short else "quiet")
    title = html.Span([scene.say("short.title"), number])
    if not short:
        unknown = sum(ahead.unknown(camp.figures) for camp in hubs.camps)
        words = scene.say("ask.pending") if pending else fine_or_unknown(scene, unknown, "short.none")
        mark = None if pending else shape("ring" if unknown else "ok")
        if scene.moment.closed:
            words, mark = scene.say("still.closed"), None
        body: list[Any] = [html.P([mark, words], className="calm")]
    else:
        largest = max(
            max(ahead.need(camp.figures, scene.loose), camp.figures.get("spare_stops") or 0.0) for camp in short
        )
        rows = [_row(scene, camp, largest or 1.0) for camp in short]
        body = [_head(scene), *rows[:_FIRST]]
        if rows[_FIRST:]:
            body.append(
                html.Details(
                    [html.Summary(scene.say("short.all", n=fm.count(len(rows)))), *rows[_FIRST:]],
                    className="short-more",
                )
            )
        body.append(_total(scene, short))
    # A finish on another day has that day before it.
    days = any(at.date() != scene.moment.day for camp in short if (at := ahead.finish_of(camp.figures)))
    table = html.Div(body, className="short short-days" if days else "short")
    return card([markup(scene, "short", [card_head(title), table])], "side-card")


def _head(scene: Scene) -> html.Div:
    words = [scene.say("level.camp"), *(scene.say(f"short.{part}") for part in ("finish", "late", "need", "bars"))]
    cells = [*(html.Span(word) for word in words), html.Span(scene.say("short.balance"))]
    return html.Div(cells, className="short-row short-head")


def _row(scene: Scene, camp: Node, largest: float) -> html.A:
    figures, hub = camp.figures, f"camp:{camp.hub}"
    finish = ahead.finish_of(figures)
    late = ahead.minutes_after(figures, scene.all_deadlines())
    return link(
        [
            html.Span(hub_name(camp, "camp", scene.lang), className="row-name"),
            figure("projected_finish", figures.get("projected_finish"),
                   fm.clock(finish, scene.moment.day, lang=scene.lang), hub, "tone-late short-time"),
            html.Span(fm.shift(late, scene.lang), className="n quiet"),
            _need(scene, figures, hub),
            _bars(scene, figures, largest),
            _balance(scene, figures),
        ],
        scene.href(level="camp", hub=camp.hub),
        "short-row",
    )  # fmt: skip


def _need(scene: Scene, figures: Any, hub: str) -> html.Span:
    short, loose = figures.get("shortfall"), figures.get("unassigned_stops")
    return html.Span(
        [
            figure("shortfall", short, fm.stops(short), hub, "strong"),
            html.Span("+" if scene.loose else " · ", className="quiet") if loose else None,
            figure("unassigned_stops", loose, fm.count(loose), hub, "quiet") if loose else None,
        ]
    )


def _bars(scene: Scene, figures: Any, largest: float) -> html.Span:
    """Need over spare on one scale; the unassigned part of the need hollow."""
    short = figures.get("shortfall") or 0.0
    loose = ahead.need(figures, scene.loose) - short
    spare = figures.get("spare_stops") or 0.0

    def width(value: float) -> dict[str, str]:
        return {"width": f"{100 * value / largest:.1f}%"}

    needed = scene.say("short.needed", n=fm.stops(ahead.need(figures, scene.loose)))
    words = f"{needed}, {scene.say('short.spare', n=fm.stops(spare))}"
    return html.Span(
        [
            html.Span(
                [
                    html.Span(className="need-short", style=width(short)),
                    html.Span(className="need-loose", style=width(loose)),
                ],
                className="need-bar",
            ),
            html.Span(html.Span(className="need-spare", style=width(spare)), className="need-bar"),
        ],
        className="need-bars",
        role="img",
        **{"aria-label": words, "title": words},
    )


def _balance(scene: Scene, figures: Any) -> html.Span:
    left = ahead.balance(figures, scene.loose)
    kind = "ok" if left >= 0 else "late"
    return html.Span([shape("ok" if left >= 0 else "late"), fm.balance(left)], className=f"n short-balance tone-{kind}")


def _total(scene: Scene, short: Sequence[Node]) -> html.Div:
    """The camps that cannot solve it alone, and what they lack together."""
    lacking = [left for camp in short if (left := ahead.balance(camp.figures, scene.loose)) < 0]
    need = sum(ahead.need(camp.figures, scene.loose) for camp in short)
    spare = sum(camp.figures.get("spare_stops") or 0.0 for camp in short)
    return html.Div(
        [
            html.Span(scene.say("short.total", n=fm.count(len(short))), className="row-name"),
            html.Span(f"{scene.say('short.needed', n=fm.stops(need))} · {scene.say('short.spare', n=fm.stops(spare))}"),
            html.Span(fm.balance(sum(lacking)) if lacking else fm.balance(spare - need), className="n short-balance"
                      + (" tone-late" if lacking else " tone-ok")),
        ],
        className="short-total",
    )  # fmt: skip
