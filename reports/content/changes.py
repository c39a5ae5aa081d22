"""What changed since the last mail and the week before, who owns it, and which closed dates were restated."""

from __future__ import annotations

from aggregations.facts.noted import Noted
from hubstat.domain.codes import Direction
from hubstat.figures import formats as fm
from hubstat.figures.texts import label
from hubstat.figures.texts import metric as metric_of
from reports.content.letter import Block, Cell, Items
from reports.content.part import Hub, short
from reports.content.voice import Voice, figure

_MOVED: int = 3
_RESTATED: int = 12


def changes(voice: Voice) -> list[Items]:
    """Against the last mail in one line; then the camps with most more late than a week ago, and the best recovery."""
    note = _since(voice)
    items = _moved(voice)
    if not note and not items:
        return []
    none = [(voice.say("mail.changes.none"), "")] if not items and _compared(voice) else []
    return [Items(voice.say("mail.changes.title"), items or none, note)]


def _compared(voice: Voice) -> list[Hub]:
    """The camps below that are known of the week before; not the hub itself."""
    if voice.part.order.level == "camp":
        return []
    return [hub for hub in voice.part.camps if hub.week is not None]


def _since(voice: Voice) -> str:
    part = voice.part
    last, here = part.last, part.here
    if last is None or here.last is None:
        return ""
    moved = {
        name: voice.differences(here, figure(metric), fm.signed)[1].text
        for name, metric in (("completed", "completed"), ("late", "m1_late"), ("undelivered", "undelivered"))
    }
    if last.service_date == part.order.service_date:
        as_of = voice.moment(last.as_of, part.order.as_of)
        return voice.say("mail.changes.since", as_of=as_of, zone=voice.zone, **moved)
    return voice.say("mail.changes.against", day=fm.short_day(last.service_date, voice.lang), **moved)


def _moved(voice: Voice) -> list[tuple[str, str]]:
    """The camps with most more late than a week ago, and the one with most fewer."""
    moved = sorted(
        (
            ((hub.now.delivery.get("m1_late") or 0) - (hub.week.delivery.get("m1_late") or 0), hub)
            for hub in _compared(voice)
            if hub.week is not None
        ),
        key=lambda item: (-item[0], item[1].name_ko),
    )
    worse = [(difference, hub) for difference, hub in moved[:_MOVED] if difference > 0]
    better = [(difference, hub) for difference, hub in moved[-1:] if difference < 0]
    return [_item(voice, difference, hub) for difference, hub in (*worse, *better)]


def _item(voice: Voice, difference: int, hub: Hub) -> tuple[str, str]:
    week = hub.week.delivery if hub.week is not None else {}
    told = [
        voice.say(
            "mail.changes.from_to",
            weekday=voice.weekday,
            old=fm.count(week.get("m1_late") or 0),
            new=fm.count(hub.now.delivery.get("m1_late") or 0),
        )
    ]
    if hub.owner:
        told.append(voice.owner(hub))
    name = hub.name(voice.lang)
    return voice.say("mail.changes.more_late", camp=name, difference=fm.signed(difference)), " · ".join(told)


def restatements(voice: Voice) -> list[Block]:
    """Figures of closed dates that are no longer what they were; of a final daily mail also that there are none."""
    part = voice.part
    if part.order.report != "daily-final":
        return []
    heads = [
        voice.say(key) for key in ("mail.restated.where", "mail.head.metric", "mail.restated.old", "mail.restated.new")
    ]
    rows = []
    for each in part.restated[:_RESTATED]:
        where = f"{fm.short_day(each.service_date, voice.lang)} {short(_name(voice, each))}"
        times = metric_of(each.metric, _direction(each)).unit == "time"
        old, new = (voice.clock(value) if times else fm.count(value) for value in (each.old, each.new))
        said = label(each.metric, _direction(each), voice.lang)
        rows.append([Cell(where), Cell(said), Cell(old, "quiet"), Cell(new, strong=True)])
    note = voice.say("mail.restated.note" if rows else "mail.restated.none")
    rest = len(part.restated) - len(rows)
    if rest > 0:
        more = voice.say("mail.restated.more" if voice.attached else "mail.restated.more.board", n=fm.count(rest))
        note = f"{more} {note}"
    return [Block(voice.say("mail.restated.title", n=fm.count(len(part.restated))), heads, rows, note=note)]


def restated_lines(voice: Voice) -> list[tuple[str, str]]:
    """Every restatement of the part for the attachment: what it is of, and before → after as they are."""
    found = []
    for each in voice.part.restated:
        metric = f"{label(each.metric, _direction(each), voice.lang)} ({each.metric})"
        where = f"{_name(voice, each)} ({each.level}:{each.hub})"
        said = voice.say("mail.file.restated", day=each.service_date.isoformat(), where=where, metric=metric)
        found.append((said, f"{_plain(each.old)} → {_plain(each.new)}"))
    return found


def _direction(each: Noted) -> Direction:
    return "RETURN" if each.direction == "RETURN" else "DELIVERY"


def _name(voice: Voice, each: Noted) -> str:
    return voice.part.restated_names[each.level, each.hub][0 if voice.lang == "ko" else 1]


def _plain(value: object) -> str:
    return fm.NONE if value is None else str(value)
