"""What the counts of a mail are made of: by hour, by state, by minutes late, by reason, by age."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final

from hubstat.domain.backlog import AGES
from hubstat.figures import formats as fm
from reports.content.charts import Hour
from reports.content.letter import Block, Cell, Pair
from reports.content.part import Figures
from reports.content.voice import Voice

_HOURS: Final = 48
_REASONS: Final = 12


def hours_of(figures: Figures) -> list[Hour]:
    """Every hour in which something was done, planned or driven, without a gap; the plan of an hour alone.

    Of more than two days: only hours in which there was something, the latest of them.
    """
    done = figures.get("completions_by_hour") or {}
    plan = figures.get("plan_by_hour") or {}
    rates = {hour: rate for hour, rate in (figures.get("invoices_per_hour") or {}).items() if rate is not None}
    labels = sorted({*done, *plan, *rates})
    if not labels:
        return []
    in_hour = {
        label: plan[label] - (plan[before] if before else 0.0) for before, label in pairwise(["", *sorted(plan)])
    }
    # A clock that was wrong by years must not make a table of years.
    away = datetime.fromisoformat(labels[-1]) - datetime.fromisoformat(labels[0])
    listed = fm.hours_between(labels[0], labels[-1]) if away < timedelta(hours=_HOURS) else labels[-_HOURS:]
    return [Hour(label, done.get(label, 0), in_hour.get(label), rates.get(label)) for label in listed]


def hours(voice: Voice, found: Sequence[Hour]) -> Pair:
    """The figures of the chart, in two halves."""
    planned = any(hour.plan is not None for hour in found)
    heads = [voice.say(key) for key in ("mail.hours.hour", "mail.hours.done", "mail.hours.plan", "mail.hours.rate")]
    rows = [
        [
            Cell(_hour(voice, hour.label)),
            Cell(fm.count(hour.done)),
            *([Cell(fm.count(hour.plan), "quiet")] if planned else []),
            Cell(fm.decimal(hour.rate)),
        ]
        for hour in found
        if hour.done or hour.plan or hour.rate
    ]
    if not planned:
        heads.pop(2)
    half = -(-len(rows) // 2)
    note = "" if planned else voice.say("mail.hours.no_plan")
    return Pair(
        Block(voice.say("mail.hours.table"), heads, rows[:half], listed=True),
        Block("", heads, rows[half:], note=note, listed=True),
        narrow=True,
    )


def _hour(voice: Voice, label: str) -> str:
    """An hour in a table; the day goes before it where it is not the service date."""
    day = date.fromisoformat(label[:10])
    hour = fm.hour(label, voice.lang) if voice.lang == "ko" else f"{label[11:13]}:00"
    return hour if day == voice.part.order.service_date else f"{fm.short_day(day, voice.lang)} {hour}"


def made_of(voice: Voice) -> list[Pair]:
    """Where the invoices stand and how late they are; why they are undelivered and how long they wait."""
    now = voice.part.here.now.delivery
    return [Pair(_states(voice, now), _buckets(voice, now)), Pair(_reasons(voice, now), _ages(voice, now))]


def _listed(voice: Voice, title: str, head: str, found: Iterable[tuple[str, int]]) -> Block:
    rows = [[Cell(name), Cell(fm.count(n))] for name, n in found if n]
    return Block(title, [voice.say(head), voice.say("mail.head.count")], rows, listed=True)


def _states(voice: Voice, now: Figures) -> Block:
    states: dict[str, int] = dict(now.get("m3") or {})
    title = voice.say("mail.states.title", n=fm.count(sum(states.values())))
    return _listed(voice, title, "mail.head.state", ((voice.say(f"state.{state}"), n) for state, n in states.items()))


def _buckets(voice: Voice, now: Figures) -> Block:
    buckets: dict[str, int] = dict(now.get("m1_buckets") or {})
    title = voice.say("mail.late.title", n=fm.count(now.get("m1_late")))
    return _listed(voice, title, "mail.head.minutes", ((_bucket(voice, key), n) for key, n in buckets.items()))


def _bucket(voice: Voice, key: str) -> str:
    """Words for ``(30,60]`` and ``>2880``."""
    if key.startswith(">"):
        return voice.say("late.over", n=fm.count(int(key[1:])))
    low, high = (int(end) for end in key.strip("(]").split(","))
    if not low:
        return voice.say("late.upto", to=fm.count(high))
    return voice.say("late.range", a=fm.count(low), b=fm.count(high))


def _reasons(voice: Voice, now: Figures) -> Block:
    reasons: dict[str, int] = dict(now.get("m5") or {})
    shares: Figures = now.get("m5_shares") or {}
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    rows = [
        [Cell(voice.reason(reason)), Cell(fm.count(n)), Cell(fm.percent(shares.get(reason)), "quiet")]
        for reason, n in ordered[:_REASONS]
    ]
    heads = [voice.say(key) for key in ("mail.head.reason", "mail.head.count", "mail.head.share")]
    note = "" if rows else voice.say("mail.reasons.none")
    if rest := ordered[_REASONS:]:
        note = voice.say("mail.reasons.more", n=fm.count(len(rest)), count=fm.count(sum(n for _, n in rest)))
    return Block(
        voice.say("mail.reasons.title", n=fm.count(now.get("undelivered"))), heads, rows, note=note, listed=True
    )


def _ages(voice: Voice, now: Figures) -> Block:
    ages: dict[str, int] = dict(now.get("m6") or {})
    title = voice.say("mail.backlog.title", n=fm.count(sum(ages.values())))
    return _listed(voice, title, "mail.head.age", ((_age(voice, age), ages.get(age, 0)) for age in AGES))


def _age(voice: Voice, age: str) -> str:
    """Words for ``<12``, ``12-24``, ``>=72``."""
    if age.startswith("<"):
        return voice.say("mail.age.under", b=age[1:])
    if age.startswith(">="):
        return voice.say("mail.age.over", a=age[2:])
    low, high = age.split("-")
    return voice.say("mail.age.range", a=low, b=high)
