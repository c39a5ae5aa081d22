"""The camps that miss their deadline: when each is done, what it lacks, and what its own Friends can take over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from dashboard.board import Node
from dashboard.parts import card, card_head, figure, link, shape
from dashboard.scene import Hubs, Scene, hub_name
from dashboard.screens.verdict import awaited
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
    number = html.Span(f" {fm.NONE if pending else len(short)}", className="tone-late" if short else "quiet")
    title = html.Span([scene.say("short.title"), number])
    if not short:
        needed = scene.say("short.needed", n=fm.stops(ahead.need(figures, scene.loose)))
    words = f"{needed}, {scene.say('short.spare', n=fm.stops(spare))}"
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

    words = f"{scene.say('short.needed', n=fm.stops(ahead.need(figures, scene.loose)))}, {scene.say('short.spare', n=fm.stops(spare))}"
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
    return html.Span([shape("ok" if left >= 0 else "late"), fm.signed(left)], className=f"n short-balance tone-{kind}")


def _total(scene: Scene, short: Sequence[Node]) -> html.Div:
    """The camps that cannot solve it alone, and what they lack together."""
    lacking = [left for camp in short if (left := ahead.balance(camp.figures, scene.loose)) < 0]
    need = sum(ahead.need(camp.figures, scene.loose) for camp in short)
    spare = sum(camp.figures.get("spare_stops") or 0.0 for camp in short)
    return html.Div(
        [
            html.Span(scene.say("short.total", n=fm.count(len(short))), className="row-name"),
            html.Span(f"{scene.say('short.needed', n=fm.stops(need))} · {scene.say('short.spare', n=fm.stops(spare))}"),
            html.Span(fm.signed(sum(lacking)) if lacking else fm.signed(spare - need), className="n short-balance"
                      + (" tone-late" if lacking else " tone-ok")),
        ],
        className="short-total",
    )  # fmt: skip
