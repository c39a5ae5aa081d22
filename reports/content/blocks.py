"""The tables of a mail: the six metrics, productivity, hours, children, and what the counts are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final

from hubstat.domain.backlog import AGES
from hubstat.figures import formats as fm
from hubstat.figures.status import FRIEND_RATE_BASE, late_prefix, status
from reports.content.charts import Hour
from reports.content.letter import Block, Cell, Pair, Tone
from reports.content.part import BELOW, Both, Figures, Hub
from reports.content.voice import Take, Voice, figure, idle_each, minutes_of, total

# So many rows of a list; the rest is counted and stands in the attachment.
CHILDREN: Final = 40
FRIENDS: Final = 40
_HOURS_SHOWN: Final = timedelta(hours=48)
_TONES: Final[dict[str, Tone]] = {"behind": "late", "watch": "risk", "fine": "plain", "none": "plain"}


def tone_of(figures: Figures, direction: str) -> Tone:
    """Tone of a hub's delay metric."""
    return _TONES[status(figures, direction)]


def six(voice: Voice) -> Block:
    """M1 to M6 of the hub, against the same weekday and against the last mail."""
    hub = voice.part.here
    now, back = hub.now.delivery, hub.now.returns
    rows = [
        _late(voice, "mail.line.delivery_late", "M1", "DELIVERY"),
        _late(voice, "mail.line.return_late", "M2", "RETURN"),
        _share(
            voice,
            ("mail.line.departures", "M3"),
            "departure_on_time_rate",
            voice.say(
                "mail.beside.routes",
                part=fm.count(now.get("routes_on_time")),
                whole=fm.count(now.get("routes_departed")),
            ),
        ),
        _share(voice, ("mail.line.completion", "M4"), "completion", _of(voice, now, "completed", "due")),
        _share(
            voice,
            ("mail.line.first", "M4"),
            "first_attempt_rate",
            _of(voice, now, "first_attempt_ok", "first_attempt_n"),
        ),
        _count(voice, ("mail.line.undelivered", "M5"), figure("undelivered"), _top_reason(voice, now)),
        _count(
            voice,
            ("mail.line.backlog", "M6"),
            total("m6"),
            voice.say(
                "mail.beside.backlog",
                stalled=fm.count(now.get("m6_stalled")),
                returns=fm.count(total("m6", "RETURN")(hub.now)),
            ),
        ),
    ]
    assert back is hub.now.returns
    return Block(voice.say("mail.six.title"), _heads(voice), rows, note=compared_with(voice))


def compared_with(voice: Voice) -> str:
    """What the two columns of differences compare with."""
    part = voice.part
    day, as_of = part.week
    week = (
        voice.say("mail.week.none")
        if part.here.week is None
        else voice.say("mail.week.at", day=fm.short_day(day, voice.lang), as_of=_moment(voice, as_of), zone=voice.zone)
    )
    last = (
        voice.say("mail.last.none")
        if part.last is None
        else voice.say(
            "mail.last.at",
            day=fm.short_day(part.last.service_date, voice.lang),
            as_of=_moment(voice, part.last.as_of),
            zone=voice.zone,
        )
    )
    return f"{week} · {last}"


def _moment(voice: Voice, moment: int) -> str:
    local = voice.local(moment)
    return f"{fm.short_day(local.date(), voice.lang)} {local:%H:%M}"


def _heads(voice: Voice) -> list[str]:
    return [
        voice.say("mail.head.metric"),
        voice.say("mail.head.value"),
        voice.say("mail.head.week", weekday=voice.weekday),
        voice.say("mail.head.last"),
    ]


def _of(voice: Voice, figures: Figures, part: str, whole: str) -> str:
    return voice.say("mail.beside.of", part=fm.count(figures.get(part)), whole=fm.count(figures.get(whole)))


def _late(voice: Voice, key: str, code: str, direction: str) -> list[Cell]:
    side = "RETURN" if direction == "RETURN" else "DELIVERY"
    hub, prefix = voice.part.here, late_prefix(direction)
    figures = hub.now.of("RETURN" if side == "RETURN" else "DELIVERY")
    beside = voice.say(
        "mail.beside.late",
        part=fm.count(figures.get(f"{prefix}_late")),
        whole=fm.count(figures.get(f"{prefix}_base")),
        open=fm.count(figures.get(f"{prefix}_late_open")),
    )
    tone = tone_of(figures, direction)
    value = Cell(fm.percent(figures.get(f"{prefix}_rate"), 2), tone, strong=True)
    take = figure(f"{prefix}_rate", "RETURN" if side == "RETURN" else "DELIVERY")
    name = Cell(f"{voice.say(key)} {code}", tone if tone in ("late", "risk") else "plain", beside, mark=True)
    return [name, value, *voice.differences(hub, take, lambda less: fm.points(less, voice.lang, 2))]


def _share(voice: Voice, name: tuple[str, str], metric: str, beside: str) -> list[Cell]:
    hub = voice.part.here
    value = fm.percent(hub.now.delivery.get(metric), 2)
    less = voice.differences(hub, figure(metric), lambda less: fm.points(less, voice.lang, 2))
    return [Cell(f"{voice.say(name[0])} {name[1]}", beside=beside), Cell(value, strong=True), *less]


def _count(voice: Voice, name: tuple[str, str], take: Take, beside: str) -> list[Cell]:
    hub = voice.part.here
    return [
        Cell(f"{voice.say(name[0])} {name[1]}", beside=beside),
        Cell(fm.count(take(hub.now)), strong=True),
        *voice.differences(hub, take, fm.signed),
    ]


def _top_reason(voice: Voice, figures: Figures) -> str:
    shares: Figures = figures.get("m5_shares") or {}
    if not shares:
        return ""
    top = max(shares, key=lambda reason: shares[reason])
    return voice.say("mail.beside.reason", reason=voice.reason(top), share=fm.percent(shares[top]))


def work(voice: Voice) -> Block:
    """Productivity of the hub: hourly deliveries, idle, efficiency, final completion."""
    hub = voice.part.here
    now = hub.now.delivery

    def line(key: str, beside: str, value: str, take: Take, digits: int, unit: str = "") -> list[Cell]:
        def show(less: float) -> str:
            signed = fm.signed(less, digits)
            return voice.say(unit, value=signed) if unit else signed

        return [Cell(voice.say(key), beside=beside), Cell(value, strong=True), *voice.differences(hub, take, show)]

    each = idle_each(hub.now)
    rows = [
        line(
            "mail.line.hourly",
            voice.say("mail.beside.stops", stops=fm.decimal(now.get("hourly_stops"))),
            voice.say("mail.value.hourly", value=fm.decimal(now.get("hourly_deliveries"))),
            figure("hourly_deliveries"),
            1,
        ),
        line(
            "mail.line.idle",
            voice.say(
                "mail.beside.idle", hours=fm.hours(now.get("idle_minutes")), days=fm.count(now.get("friend_days"))
            ),
            voice.say("mail.value.minutes", value=fm.decimal(each)),
            idle_each,
            1,
            "mail.diff.minutes",
        ),
        _efficiency(voice),
        line(*_final(voice, now), 0, "mail.diff.minutes"),
    ]
    if now.get("open") and now.get("projected_finish") and voice.part.order.report == "hourly-digest":
        rows.append(_projected(voice, now))
    return Block(voice.say("mail.work.title"), _heads(voice), rows, note=voice.say("mail.work.note"))


def _efficiency(voice: Voice) -> list[Cell]:
    hub = voice.part.here
    now = hub.now.delivery
    beside = voice.say(
        "mail.beside.efficiency",
        standard=fm.hours(now.get("standard_minutes")),
        net=fm.hours(now.get("efficiency_net_minutes")),
    )
    less = voice.differences(hub, figure("efficiency"), lambda less: fm.points(less, voice.lang))
    value = fm.percent(now.get("efficiency"))
    return [Cell(voice.say("mail.line.efficiency"), beside=beside), Cell(value, strong=True), *less]


def _final(voice: Voice, now: Figures) -> tuple[str, str, str, Take]:
    p95, after = voice.clock(now.get("completion_p95")), fm.count(now.get("after_deadline"))
    if now.get("open"):
        key = "mail.line.so_far"
        beside = voice.say("mail.beside.open", open=fm.count(now["open"]), p95=p95, after=after)
    else:
        key = "mail.line.final"
        beside = voice.say("mail.beside.final", p95=p95, after=after, carried=fm.count(now.get("carried_over")))
    return key, beside, voice.clock(now.get("last_completed_at")), minutes_of("last_completed_at", _day_of(voice))


def _day_of(voice: Voice) -> _DayOf:
    return _DayOf(voice)


class _DayOf:
    """The service date that figures of the hub are of."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    def __call__(self, both: Both) -> date:
        part = self._voice.part
        if both is part.here.week:
            return part.week[0]
        return part.last.service_date if part.last is not None and both is part.here.last else part.order.service_date


def _projected(voice: Voice, now: Figures) -> list[Cell]:
    beside = voice.say(
        "mail.beside.risk", risk=fm.count(now.get("m1_at_risk")), shortfall=fm.decimal(now.get("shortfall"))
    )
    value = Cell(voice.clock(now["projected_finish"]), strong=True)
    return [Cell(voice.say("mail.line.projected"), beside=beside), value, Cell(""), Cell("")]


def hours_of(figures: Figures) -> list[Hour]:
    """Every hour in which something was done, planned or driven, without a gap; the plan of an hour alone."""
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
    listed = fm.hours_between(labels[0], labels[-1]) if away < _HOURS_SHOWN else labels
    return [Hour(label, done.get(label, 0), in_hour.get(label), rates.get(label)) for label in listed]


def hours(voice: Voice, found: Sequence[Hour]) -> Pair:
    """The figures of the chart, in two halves."""
    planned = any(hour.plan is not None for hour in found)
    heads = [voice.say(key) for key in ("mail.hours.hour", "mail.hours.done", "mail.hours.plan", "mail.hours.rate")]
    day = voice.part.order.service_date.isoformat()
    rows = [
        [
            Cell(("" if hour.label[:10] == day else f"{fm.short_day(date.fromisoformat(hour.label[:10]), voice.lang)} ")
                 + fm.hour(hour.label, voice.lang)),
            Cell(fm.count(hour.done)),
            *([Cell(fm.count(hour.plan), "quiet")] if planned else []),
            Cell(fm.decimal(hour.rate)),
        ]
        for hour in found
    ]  # fmt: skip
    if not planned:
        heads.pop(2)
    half = -(-len(rows) // 2)
    note = "" if planned else voice.say("mail.hours.no_plan")
    return Pair(Block(voice.say("mail.hours.table"), heads, rows[:half], note=note), Block("", heads, rows[half:]))


def children(voice: Voice) -> list[Block]:
    """What lies directly below, worst first with its owner; the hub itself as the sum."""
    part = voice.part
    if not part.children:
        return []
    level = voice.say(f"level.{BELOW[part.order.level]}")
    running = part.order.report == "hourly-digest"
    shown, rest = part.children[:CHILDREN], len(part.children) - CHILDREN
    note = voice.say("mail.children.more", n=rest) if rest > 0 else ""
    late = "mail.children.open" if running else "mail.children.late"
    heads = [
        level,
        *(voice.say(key) for key in ("mail.children.due", "mail.children.done", late, "mail.children.rate")),
    ]
    heads.append(voice.say("mail.children.week"))
    title = f"{voice.say('mail.children.title', level=level)} · {voice.say('mail.children.note')}"
    rows = [_child(voice, hub, running) for hub in (*shown, part.here)]
    found = [Block(title, heads, rows, note=note, total=True)]
    if not running:
        found.append(_children_work(voice, level, shown))
    return found


def _child(voice: Voice, hub: Hub, running: bool) -> list[Cell]:
    now = hub.now.delivery
    tone = tone_of(now, "DELIVERY")
    owner = voice.say("mail.children.owner", owner=hub.owner) if hub.owner and hub is not voice.part.here else ""
    week, _ = voice.differences(hub, figure("completion"), lambda less: fm.points(less, voice.lang))
    late = now.get("m1_late_open" if running else "m1_late")
    return [
        Cell(hub.name(voice.lang), tone, owner, mark=True),
        Cell(fm.count(now.get("due"))),
        Cell(fm.percent(now.get("completion"), 2)),
        Cell(fm.count(late), tone if late else "quiet", strong=True),
        Cell(fm.percent(now.get("m1_rate"), 2)),
        week,
    ]


def _children_work(voice: Voice, level: str, shown: Iterable[Hub]) -> Block:
    keys = ("mail.children.hourly", "mail.children.idle", "mail.children.efficiency", "mail.children.final")
    rows = [
        [
            Cell(hub.name(voice.lang)),
            Cell(fm.decimal(hub.now.delivery.get("hourly_deliveries"))),
            Cell(fm.decimal(idle_each(hub.now))),
            Cell(fm.percent(hub.now.delivery.get("efficiency"))),
            Cell(voice.clock(hub.now.delivery.get("last_completed_at"))),
        ]
        for hub in (*shown, voice.part.here)
    ]
    title = voice.say("mail.children.work", level=level)
    return Block(title, [level, *(voice.say(key) for key in keys)], rows, total=True)


def friends(voice: Voice) -> list[Block]:
    """The Friends of a camp by name, worst first: only for those who may read names."""
    part = voice.part
    if not part.friends:
        return []
    rest = len(part.friends) - FRIENDS
    note = voice.say("table.small_base", n=FRIEND_RATE_BASE)
    if rest > 0:
        note = f"{voice.say('mail.friends.more', n=rest)} {note}"
    keys = ("mail.children.due", "mail.children.done", "mail.children.late", "mail.children.hourly", "mail.line.idle")
    rows = [_friend(voice, hub) for hub in part.friends[:FRIENDS]]
    return [Block(voice.say("mail.friends.title"), [voice.say("level.friend"), *map(voice.say, keys)], rows, note=note)]


def _friend(voice: Voice, hub: Hub) -> list[Cell]:
    now = hub.now.delivery
    late = now.get("m1_late")
    done = now.get("completion") if (now.get("due") or 0) >= FRIEND_RATE_BASE else None
    return [
        Cell(hub.name(voice.lang)),
        Cell(fm.count(now.get("due"))),
        Cell(fm.percent(done)),
        Cell(fm.count(late), "late" if late else "quiet"),
        Cell(fm.decimal(now.get("hourly_deliveries"))),
        Cell(fm.decimal(now.get("idle_minutes"))),
    ]


def made_of(voice: Voice) -> list[Pair]:
    """Where the invoices stand and how late they are; why they are undelivered and how long they wait."""
    now = voice.part.here.now.delivery
    return [Pair(_states(voice, now), _buckets(voice, now)), Pair(_reasons(voice, now), _ages(voice, now))]


def _listed(voice: Voice, title: str, head: str, found: Iterable[tuple[str, int]]) -> Block:
    rows = [[Cell(name), Cell(fm.count(n), "plain" if n else "quiet")] for name, n in found]
    return Block(title, [voice.say(head), voice.say("mail.head.count")], rows)


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
        for reason, n in ordered
    ]
    heads = [voice.say(key) for key in ("mail.head.reason", "mail.head.count", "mail.head.share")]
    note = "" if rows else voice.say("mail.reasons.none")
    return Block(voice.say("mail.reasons.title", n=fm.count(now.get("undelivered"))), heads, rows, note=note)


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
