"""What a screen shows when there is nothing to show: no deliveries, no data, an error; never one for another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from dash import html

from dashboard.board import Figures, Node
from dashboard.icons import icon
from dashboard.markup import markup
from dashboard.parts import card, link, shape
from dashboard.place import Place
from dashboard.scene import Scene, hub_name
from hubstat.figures import formats as fm
from hubstat.figures.formats import Lang
from hubstat.figures.sentences import what_moves
from hubstat.figures.texts import text

# Silent camps that are named; the others are counted.
_NAMED: Final = 3


def nothing_due(scene: Scene) -> html.Div:
    """Nothing is due as far as the data reach: a sentence above figures that say 0, and whether more may come."""
    scene.notice = "no-deliveries"
    moves = what_moves(scene.place.wave, scene.place.direction, scene.lang)
    word = "empty.no_deliveries" if scene.hears else "empty.no_deliveries_behind"
    said = [shape("ok" if scene.hears else "risk"), html.Span(scene.say(word, what=moves))]
    return html.Div(
        markup(scene, "nothing-due", said),
        className="note note-ok" if scene.hears else "note",
        id=scene.notice,
    )


def partial(scene: Scene, camps: Sequence[Node]) -> html.P | None:
    """Which of some camps must have something to say and do not, so that the figures lack their part; None without."""
    silent = scene.board.silent(scene.place, scene.moment, camps)
    if not silent:
        return None
    names: list[Any] = []
    for camp in silent[:_NAMED]:
        name = hub_name(camp, "camp", scene.lang)
        names += [" · " if names else " ", link(name, scene.href(level="camp", hub=camp.hub))]
    rest = scene.say("partial.more", n=fm.count(len(silent) - _NAMED)) if len(silent) > _NAMED else None
    said = scene.say("partial.camps", n=fm.count(len(silent)))
    return html.P([shape("risk"), html.B(scene.say("partial.title")), f" {said}:", *names, rest], className="partial",
                  id="partial")  # fmt: skip


def no_data(scene: Scene) -> html.Div:
    """Nothing was received for this service date: unknown, not zero."""
    scene.notice = "no-data"
    return card(
        [
            html.Div(
                [
                    html.Div("-•-", className="broken", **{"aria-hidden": "true"}),
                    html.H1(scene.say("empty.no_data"), className="state-title", id="headline", tabIndex="-1"),
                    html.P(scene.say("empty.no_data_text", day=fm.day(scene.moment.day, scene.lang))),
                ],
                className="state",
                id=scene.notice,
            )
        ]
    )


def failed(lang: Lang, cause: str, home: str, here: str) -> html.Div:
    """The figures cannot be given: why, and what to do."""
    return card(
        [
            html.Div(
                [
                    html.H1(
                        [shape("late"), text("error.title", lang)], className="state-title tone-late", id="headline"
                    ),
                    html.P(cause),
                    html.Div(
                        [
                            html.A(text("error.retry", lang), href=here, className="button"),
                            html.A(text("error.home", lang), href=home, className="button", **{"data-nav": "1"}),
                        ],
                        className="buttons",
                    ),
                ],
                className="state",
                id="failed",
                role="alert",
            )
        ]
    )


def no_right(lang: Lang, cause: str, home: str) -> html.Section:
    """The viewer has no right to this scope: a lock and no figure, whatever the address says."""
    return card(
        [
            html.Div(
                [
                    html.Div(icon("lock"), className="broken"),
                    html.H1(text("state.no_right", lang), className="state-title", id="headline", tabIndex="-1"),
                    html.P(cause),
                    html.P(text("state.no_right_text", lang), className="quiet"),
                    html.Div(
                        html.A(text("error.home", lang), href=home, className="button", **{"data-nav": "1"}),
                        className="buttons",
                    ),
                ],
                className="state",
                id="no-right",
                role="alert",
            )
        ]
    )


def has_data(figures: Figures) -> bool:
    """Whether a network's figures show that anything was received for the service date."""
    states = figures.get("m3") or {}
    return bool(figures.get("due") or any(states.values()) or figures.get("friend_days"))


def any_wave(place: Place) -> Place:
    """The network of the same day, all waves: where to look whether anything was received."""
    return place.go(level="nationwide", hub=None, wave="all")
