"""Verdicts and one-sentence summaries, built from figures alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from hubstat.figures import formats as fm
from hubstat.figures.formats import Lang
from hubstat.figures.outlook import falls_short, finish_of, gap_share, plan_share, unknown
from hubstat.figures.status import late_prefix
from hubstat.figures.texts import text, wave_name

Tone = Literal["plain", "late", "ok"]


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a sentence and how it is to stand out."""

    text: str
    tone: Tone = "plain"


def what_moves(wave: str, direction: str, lang: Lang) -> str:
    """``주간 배송`` / ``day deliveries``; without the wave where all are shown."""
    moves = text(f"direction.{direction}", lang)
    if lang == "en":
        moves = "returns" if direction == "RETURN" else "deliveries"
    if wave == "all":
        return moves
    named = wave_name(wave, lang)
    return f"{named} {moves}" if lang == "ko" else f"{named.lower()} {moves}"


def verdict(
    who: str, figures: Mapping[str, Any], wave: str, direction: str, lang: Lang, late_camps: int | None = None
) -> list[Part]:
    """One sentence on a scope. late_camps: camps with late open invoices; None for a camp or a Friend."""
    what = what_moves(wave, direction, lang)
    due = figures.get("due") or 0
    if not due:
        return [Part(text("verdict.nothing_due", lang, who=who, what=what))]
    late = figures.get(f"{late_prefix(direction)}_late_open") or 0
    share = fm.percent(figures.get("completion"))
    start = Part(text("verdict.progress", lang, who=who, what=what, due=fm.count(due), share=share))
    if not late:
        return [start, Part(text("verdict.none_late", lang), "ok")]
    if late_camps is None:
        return [start, Part(text("verdict.late", lang, late=fm.count(late)), "late")]
    return [start, Part(text("verdict.late_camps", lang, late=fm.count(late), camps=fm.count(late_camps)), "late")]


def plain(parts: list[Part]) -> str:
    """The sentence as text."""
    return "".join(part.text for part in parts)


def completion_summary(figures: Mapping[str, Any], time: str, day: date, lang: Lang) -> str:
    """What the main chart shows: done so far, against the plan, and when it ends at the present pace."""
    hours: Mapping[str, int] = figures.get("completions_by_hour") or {}
    if not hours:
        return text("chart.summary_none", lang)
    peak = max(hours, key=lambda hour: hours[hour])
    said = [
        text(
            "chart.summary",
            lang,
            time=time,
            completed=fm.count(figures.get("completed")),
            share=fm.percent(figures.get("completion")),
            peak=fm.hour(peak, lang) if lang == "ko" else f"{peak[11:13]}:00",
            n=fm.count(hours[peak]),
        )
    ]
    planned, finish = plan_share(figures), finish_of(figures)
    if planned is not None:
        gap = fm.points(gap_share(figures), lang)
        said.append(text("chart.summary_plan", lang, plan=fm.percent(planned), gap=gap))
    if finish is not None:
        at = fm.clock(finish, day, lang=lang)
        if falls_short(figures):
            said.append(text("chart.summary_short", lang, time=at, n=fm.stops(figures.get("shortfall"))))
        elif unknown(figures):
            said.append(text("verdict.unknown", lang, n=fm.count(unknown(figures))))
        else:
            said.append(text("chart.summary_ahead", lang, time=at))
    return " ".join(said)


def hourly_summary(figures: Mapping[str, Any], lang: Lang) -> str:
    """What a Friend's or camp's hourly bars show, in one sentence."""
    worked = sum((figures.get("worked_by_hour") or {}).values())
    return text(
        "hourly.summary",
        lang,
        net=fm.hours(figures.get("net_on_road_minutes")),
        worked=fm.count(worked),
        rate=fm.decimal(figures.get("hourly_deliveries")),
    )
