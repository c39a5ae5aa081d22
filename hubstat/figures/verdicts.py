"""The verdict on a running date, from what is projected; where nothing is, the one of ``sentences`` stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hubstat.figures import formats as fm
from hubstat.figures import outlook as ahead
from hubstat.figures.formats import Lang
from hubstat.figures.outlook import Figures
from hubstat.figures.plots import Deadline
from hubstat.figures.sentences import Part, what_moves
from hubstat.figures.texts import text


@dataclass(frozen=True, slots=True)
class Camp:
    """A camp as a verdict names it."""

    name: str
    figures: Figures


def most_short(camps: Sequence[Camp]) -> list[Camp]:
    """Camps of which stops miss their deadline, the most stops first."""
    short = [camp for camp in camps if ahead.falls_short(camp.figures)]
    return sorted(short, key=lambda camp: (-camp.figures["shortfall"], camp.name))


def network_verdict(
    who: str,
    figures: Figures,
    camps: Sequence[Camp],
    deadlines: Sequence[Deadline],
    day: date,
    what: tuple[str, str],
    lang: Lang,
) -> list[Part] | None:
    """Against the plan; of all work, how many camps miss their deadline, the worst; None where nothing is projected.

    what: wave and direction shown.
    """
    if ahead.finish_of(figures) is None:
        return None
    moves, gap = what_moves(*what, lang), ahead.gap_share(figures)
    # What is ahead is of all work: with a wave or the returns chosen it is another sentence.
    whole = what == ("all", "DELIVERY")
    parts: list[Part] = []
    if gap is None:
        share, due = fm.percent(figures.get("completion")), fm.count(figures.get("due"))
        key = "verdict.progress" if whole else "verdict.progress_alone"
        parts.append(Part(text(key, lang, who=who, what=moves, due=due, share=share)))
    else:
        behind = "verdict.behind_plan" if whole else "verdict.behind_plan_alone"
        ahead_of = "verdict.on_plan" if whole else "verdict.on_plan_alone"
        key = behind if gap < 0 else ahead_of
        parts.append(Part(text(key, lang, who=who, what=moves, gap=fm.points(abs(gap), lang).lstrip("+"))))
    short = most_short(camps)
    if not short and ahead.unknown(figures):
        return [*parts, _unknown(figures, lang)]
    if not short:
        return [*parts, Part(text("verdict.no_camp_short", lang), "ok")]
    worst = short[0]
    deadline = ahead.deadline_of(worst.figures, deadlines)
    named = fm.clock(deadline.at if deadline else None, day, lang=lang)
    stops = fm.stops(worst.figures["shortfall"])
    return [
        *parts,
        Part(text("verdict.camps_short", lang, n=fm.count(len(short))), "late"),
        Part(text("verdict.worst_camp", lang, camp=worst.name, deadline=named, n=stops)),
    ]


def _unknown(figures: Figures, lang: Lang) -> Part:
    return Part(text("verdict.unknown", lang, n=fm.count(ahead.unknown(figures))))


def crew_verdict(
    who: str, figures: Figures, deadlines: Sequence[Deadline], day: date, lang: Lang, *, alone: bool = False
) -> list[Part] | None:
    """When a camp or (``alone``) a Friend is done, what falls short and who can help; None where nothing is left."""
    finish, deadline = ahead.finish_of(figures), ahead.deadline_of(figures, deadlines)
    late = ahead.minutes_after(figures, deadlines)
    if finish is None or deadline is None or late is None:
        return None
    words = {"who": who, "time": fm.clock(finish, day, lang=lang), "deadline": fm.clock(deadline.at, day, lang=lang)}
    if not ahead.falls_short(figures) and ahead.unknown(figures):
        return [Part(text("verdict.finish_short", lang, who=who, time=words["time"])), _unknown(figures, lang)]
    if not ahead.falls_short(figures):
        return [Part(text("verdict.finish_fine", lang, **words), "ok")]
    if late > 0:
        parts = [Part(text("verdict.finish_late", lang, late=fm.shift(late, lang).lstrip("+"), **words), "late")]
    else:
        parts = [Part(text("verdict.finish_short", lang, who=who, time=words["time"]), "late")]
    short = fm.stops(figures.get("shortfall"))
    if alone:
        return [*parts, Part(text("verdict.short_alone", lang, n=short))]
    parts.append(Part(text("verdict.short", lang, n=short)))
    helpers = figures.get("can_help") or 0
    if not helpers:
        return [*parts, Part(text("verdict.no_helper", lang))]
    spare = fm.stops(figures.get("spare_stops"))
    return [*parts, Part(text("verdict.helpers", lang, n=fm.count(helpers), spare=spare), "ok")]
