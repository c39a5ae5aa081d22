"""The key figures of a mail: the six metrics and productivity, against the week before and the last mail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final

from hubstat.domain.codes import Direction
from hubstat.figures import formats as fm
from hubstat.figures.status import late_prefix, status
from reports.content.letter import Block, Cell, Tone
from reports.content.part import Both, Figures
from reports.content.voice import Take, Voice, figure, idle_each, minutes_of, total

_TONES: Final[dict[str, Tone]] = {"behind": "late", "watch": "risk", "fine": "plain", "none": "plain"}


def tone_of(figures: Figures, direction: Direction) -> Tone:
    """Tone of a hub's delay metric."""
    return _TONES[status(figures, direction)]


def six(voice: Voice) -> Block:
    """M1 to M6 of the hub, against the same weekday and against the last mail."""
    hub = voice.part.here
    now = hub.now.delivery
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
        voice.say("mail.head.week"),
        voice.say("mail.head.last"),
    ]


def _of(voice: Voice, figures: Figures, part: str, whole: str) -> str:
    return voice.say("mail.beside.of", part=fm.count(figures.get(part)), whole=fm.count(figures.get(whole)))


def _late(voice: Voice, key: str, code: str, direction: Direction) -> list[Cell]:
    hub, prefix = voice.part.here, late_prefix(direction)
    figures = hub.now.of(direction)
    beside = voice.say(
        "mail.beside.late",
        part=fm.count(figures.get(f"{prefix}_late")),
        whole=fm.count(figures.get(f"{prefix}_base")),
        open=fm.count(figures.get(f"{prefix}_late_open")),
    )
    tone = tone_of(figures, direction)
    value = Cell(fm.percent(figures.get(f"{prefix}_rate"), 2), tone, strong=True)
    take = figure(f"{prefix}_rate", direction)
    name = Cell(f"{voice.say(key)} {code}", tone if tone in ("late", "risk") else "plain", beside, mark=True)
    return [name, value, *voice.differences(hub, take, voice.points2)]


def _share(voice: Voice, name: tuple[str, str], metric: str, beside: str) -> list[Cell]:
    hub = voice.part.here
    value = fm.percent(hub.now.delivery.get(metric), 2)
    less = voice.differences(hub, figure(metric), voice.points2)
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
    beside = (
        voice.say("mail.beside.no_standard")
        if now.get("efficiency") is None
        else voice.say(
            "mail.beside.efficiency",
            standard=fm.hours(now.get("standard_minutes")),
            net=fm.hours(now.get("efficiency_net_minutes")),
        )
    )
    less = voice.differences(hub, figure("efficiency"), voice.points)
    value = fm.percent(now.get("efficiency"))
    return [Cell(voice.say("mail.line.efficiency"), beside=beside), Cell(value, strong=True), *less]


def _final(voice: Voice, now: Figures) -> tuple[str, str, str, Take]:
    p95, after = voice.clock(now.get("completion_p95")), fm.count(now.get("after_deadline"))
    if now.get("open"):
        key = "mail.line.so_far" if voice.part.provisional else "mail.line.last"
        beside = voice.say("mail.beside.open", open=fm.count(now["open"]), p95=p95, after=after)
    else:
        key = "mail.line.final"
        beside = voice.say("mail.beside.final", p95=p95, after=after, carried=fm.count(now.get("carried_over")))
    return key, beside, voice.clock(now.get("last_completed_at")), minutes_of("last_completed_at", _day_of(voice))


def _day_of(voice: Voice) -> Callable[[Both], date]:
    """The service date that figures of the hub are of."""
    part = voice.part

    def day(both: Both) -> date:
        if both is part.here.week:
            return part.week[0]
        return part.last.service_date if part.last is not None and both is part.here.last else part.order.service_date

    return day


def _projected(voice: Voice, now: Figures) -> list[Cell]:
    beside = voice.say(
        "mail.beside.risk", risk=fm.count(now.get("m1_at_risk")), shortfall=fm.stops(now.get("shortfall"))
    )
    value = Cell(voice.clock(now["projected_finish"]), strong=True)
    return [Cell(voice.say("mail.line.projected"), beside=beside), value, Cell(""), Cell("")]
