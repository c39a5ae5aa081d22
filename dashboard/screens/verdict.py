"""The verdict of a screen, and above the camp the five answers: behind, where, how many, until when, who can help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from dashboard.board import Figures, Node
from dashboard.grids import last_text
from dashboard.markup import markup
from dashboard.parts import Shape, card, figure, proved, sentence, shape
from dashboard.scene import Hubs, Scene, hub_name
from dashboard.screens.states import partial
from hubstat.figures import formats as fm
from hubstat.figures import outlook as ahead
from hubstat.figures.sentences import Part, verdict
from hubstat.figures.status import status
from hubstat.figures.verdicts import Camp, crew_verdict, most_short, network_verdict

_STATUS_SHAPES: dict[str, Shape] = {"behind": "late", "watch": "risk", "fine": "ok", "none": "ring"}


def late_kind(count: float | None) -> Shape:
    """Red triangle where anything is late, else nothing: normal is quiet."""
    return "late" if count else "none"


def network_card(scene: Scene, hubs: Hubs, hub: str) -> html.Section:
    """The verdict and the five answers of a hub above the camp."""
    figures = hubs.here.figures
    camps = [Camp(hub_name(camp, "camp", scene.lang), camp.figures) for camp in hubs.camps]
    who = hub_name(hubs.here, scene.place.level, scene.lang)
    what = (scene.place.wave, scene.place.direction)
    parts = network_verdict(who, figures, camps, scene.all_deadlines(), scene.moment.day, what, scene.lang)
    if parts is None:
        late = sum(1 for camp in hubs.camps if camp.figures.get(f"{scene.prefix}_late_open"))
        parts = verdict(who, figures, *what, scene.lang, late)
    answers = html.Div(_answers(scene, hubs, hub, camps), className="answers" + (" two" if scene.moment.closed else ""))
    return _card(scene, [_head(scene, figures, parts), partial(scene, hubs.camps), answers])


def crew_card(scene: Scene, node: Node, hub: str, who: str, *, alone: bool = False) -> html.Section:
    """The verdict on a camp or (``alone``) a Friend."""
    figures = node.figures
    parts = crew_verdict(who, figures, scene.all_deadlines(), scene.moment.day, scene.lang, alone=alone)
    if parts is None:
        parts = verdict(who, figures, scene.place.wave, scene.place.direction, scene.lang)
    return _card(scene, [_head(scene, figures, parts), None if alone else partial(scene, [node])])


def _card(scene: Scene, children: list[Any]) -> html.Section:
    return card([markup(scene, "verdict", children)], "verdict")


def _head(scene: Scene, figures: Figures, parts: list[Part]) -> html.Div:
    """The sentence with its shape, whether it is final, and the moment of the projection where it is another one."""
    short = ahead.falls_short(figures)
    state = "behind" if short else status(figures, scene.place.direction)
    moment = scene.moment
    final = not moment.provisional and not moment.corrected
    tag = scene.say("asof.provisional" if moment.provisional else "asof.final" if final else "asof.corrected")
    notes = []
    at = scene.moment.projected_at
    if awaited(scene):
        notes.append(scene.say("ask.pending"))
    elif scene.moment.live and at is not None and at != scene.moment.as_of:
        notes.append(scene.say("projection.as_of", time=scene.clock(at, seconds=True)))
    if scene.narrowed and ahead.finish_of(figures) is not None:
        notes.append(scene.say("projection.of_all"))
    return html.Div(
        [
            html.H1(
                [
                    shape(_STATUS_SHAPES[state]),
                    html.Span(scene.say(f"verdict.status.{state}"), className="sr"),
                    *sentence(parts),
                ],
                className="headline",
                id="headline",
                tabIndex="-1",
            ),
            html.Span(" · ".join(notes), className="hint") if notes else None,
            html.Span(tag, className="tag" + (" tag-ok" if final else "")),
        ],
        className="verdict-head",
    )


def _answer(kind: Shape, title: str, value: Any, unit: Any, sub: Any) -> html.Div:
    return html.Div(
        [
            html.Div([shape(kind), html.Span(title)], className="answer-label"),
            html.Div([value, html.Span([" ", unit], className="answer-unit")], className=f"answer-value tone-{kind}"),
            html.Div(sub, className="answer-sub"),
        ],
        className="answer",
    )


def awaited(scene: Scene) -> bool:
    """Whether the first projection of this date is still being made: nothing can be said of what is ahead."""
    return scene.moment.live and scene.moment.projected_at is None


def fine_or_unknown(scene: Scene, unknown: int, fine: str) -> str:
    """What is said where nothing falls short: that all is well only where every stop can be projected."""
    return scene.say("verdict.unknown", n=fm.count(unknown)) if unknown else scene.say(fine)


def nothing_ahead(scene: Scene, figures: Figures) -> str:
    """What is said where no finish is projected: why not."""
    if scene.moment.closed:
        return scene.say("ask.until_closed", n=fm.count(figures.get("open")))
    return scene.say("ask.until_unknown" if ahead.left(figures) else "ask.until_none")


def _answers(scene: Scene, hubs: Hubs, hub: str, camps: Sequence[Camp]) -> list[html.Div]:
    figures = hubs.here.figures
    if scene.moment.closed:
        return [_behind(scene, figures, hub), _until(scene, figures, hub)]
    return [
        _behind(scene, figures, hub),
        _where(scene, camps),
        _how_many(scene, figures, hub),
        _until(scene, figures, hub),
        _who(scene, figures, hub, camps),
    ]


def _behind(scene: Scene, figures: Figures, hub: str) -> html.Div:
    done, gap = figures.get("completion"), ahead.gap_share(figures)
    completion = proved(scene, "completion", done, fm.percent(done), hub)
    if gap is None:
        return _answer("ring", scene.say("ask.behind"), completion, scene.say("ask.no_plan"),
                       scene.say("ask.no_plan_sub"))  # fmt: skip
    number, _, unit = fm.points(gap, scene.lang).partition("%p" if scene.lang == "ko" else " ")
    value = html.Span(number, className="n", **{"data-figure": "plan_gap"})
    planned = proved(scene, "plan", figures.get("plan"), fm.percent(ahead.plan_share(figures)), hub)
    before, between, after = scene.say("ask.behind_sub", done="\0", plan="\0").split("\0")
    return _answer("ring" if gap >= -0.005 else "late", scene.say("ask.behind"), value, unit or "%p",
                   [before, completion, between, planned, after])  # fmt: skip


def _where(scene: Scene, camps: Sequence[Camp]) -> html.Div:
    if awaited(scene):
        unit = scene.say("ask.where_unit", n=fm.count(len(camps)))
        return _answer("ring", scene.say("ask.where"), fm.NONE, unit, scene.say("ask.pending"))
    short = most_short(camps)
    number = html.Span(
        fm.count(len(short)), className="n", **{"data-figure": "camps_short", "data-value": str(len(short))}
    )
    names = " · ".join(f"{camp.name} {fm.stops(camp.figures['shortfall'])}" for camp in short[:2])
    unknown = sum(ahead.unknown(camp.figures) for camp in camps)
    return _answer(
        "late" if short else "ring" if unknown else "ok",
        scene.say("ask.where"),
        number,
        scene.say("ask.where_unit", n=fm.count(len(camps))),
        (names + (" …" if len(short) > 2 else "")) or fine_or_unknown(scene, unknown, "ask.where_none"),
    )


def _how_many(scene: Scene, figures: Figures, hub: str) -> html.Div:
    short, loose = figures.get("shortfall"), figures.get("unassigned_stops")
    risk = figures.get(f"{scene.prefix}_at_risk")
    before, between, after = scene.say("ask.short_sub", unassigned="\0", risk="\0").split("\0")
    return _answer(
        "ring" if short is None else "late" if short else "ring" if ahead.unknown(figures) else "ok",
        scene.say("ask.how_many"),
        proved(scene, "shortfall", short, fm.stops(short), hub),
        scene.say("ask.short_unit"),
        [
            before,
            proved(scene, "unassigned_stops", loose, fm.count(loose), hub),
            between,
            proved(scene, f"{scene.prefix}_at_risk", risk, fm.count(risk), hub),
            after,
        ],
    )


def _until(scene: Scene, figures: Figures, hub: str) -> html.Div:
    finish, late = ahead.finish_of(figures), ahead.minutes_after(figures, scene.all_deadlines())
    if awaited(scene):
        return _answer("ring", scene.say("ask.until"), fm.NONE, scene.say("ask.until_unit"), scene.say("ask.pending"))
    if finish is None:
        last = figures.get("last_completed_at")
        return _answer("ring", scene.say("ask.until"), proved(scene, "last_completed_at", last,
                       last_text(scene, figures), hub), scene.say("answer.until_final"),
                       nothing_ahead(scene, figures))  # fmt: skip
    deadline = ahead.deadline_of(figures, scene.all_deadlines())
    error = scene.board.error(scene.place, scene.moment)
    sub = ""
    if deadline is not None:
        named = fm.clock(deadline.at, scene.moment.day, lang=scene.lang)
        sub = scene.say("ask.until_late", deadline=named, late=fm.shift(late, scene.lang))
    if error is not None:
        sub += scene.say("ask.until_error", n=fm.count(error))
    shown = fm.clock(finish, scene.moment.day, lang=scene.lang)
    return _answer(
        "late" if ahead.falls_short(figures) else "ring" if ahead.unknown(figures) else "ok",
        scene.say("ask.until"),
        proved(scene, "projected_finish", figures.get("projected_finish"), shown, hub),
        scene.say("ask.until_unit"),
        sub,
    )


def _who(scene: Scene, figures: Figures, hub: str, camps: Sequence[Camp]) -> html.Div:
    helpers, spare = figures.get("can_help"), figures.get("spare_stops")
    loose = scene.loose
    asking = [camp.figures for camp in camps if ahead.need(camp.figures, loose)]
    solved = sum(1 for camp in asking if ahead.balance(camp, loose) >= 0)
    sub = scene.say("ask.pending") if awaited(scene) else fine_or_unknown(scene, ahead.unknown(figures), "ask.who_fine")
    if asking:
        need = fm.stops(ahead.need(figures, loose))
        sub = scene.say("ask.who_sub", need=need, solved=fm.count(solved), left=fm.count(len(asking) - solved))
    before, after = scene.say("ask.who_unit", spare="\0").split("\0")
    unit = html.Span([before, figure("spare_stops", spare, fm.stops(spare), hub), after])
    return _answer("ok" if helpers else "ring", scene.say("ask.who"),
                   proved(scene, "can_help", helpers, fm.count(helpers), hub), unit, sub)  # fmt: skip
