"""How a mail begins: title, standing, the moment it is of, the verdict, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence

from aggregations.question import UNASSIGNED
from hubstat.domain.hierarchy import UNMAPPED
from hubstat.figures import formats as fm
from hubstat.figures.sentences import Part as Stretch
from hubstat.figures.sentences import verdict, what_moves
from hubstat.figures.status import status
from reports.content.letter import Tone
from reports.content.part import Hub
from reports.content.voice import Voice, figure


def title(voice: Voice) -> str:
    """Name of the mail."""
    order = voice.part.order
    if order.report == "wave-close":
        return voice.say("mail.title.wave", who=voice.who, wave=voice.wave)
    if order.report == "hourly-digest":
        return voice.say("mail.title.hourly", who=voice.who, time=f"{voice.local(order.as_of):%H:%M}")
    return voice.say("mail.title.daily", who=voice.who)


def subject(voice: Voice, late: bool) -> str:
    """Title, date, standing and the verdict in a few words; what is missing or late comes first."""
    now = voice.part.here.now.delivery
    standing = status(now, "DELIVERY")
    words = voice.say(f"verdict.status.{standing}")
    if not voice.part.has_data:
        words = voice.say("empty.no_data")
    elif standing == "fine" and not voice.part.complete:
        # What has not arrived may be late: nothing is called fine before it has.
        words = voice.say("mail.subject.unsure")
    elif now.get("m1_rate") is not None:
        words = voice.say("mail.subject.rate", status=words, rate=fm.percent(now["m1_rate"], 2))
    found = voice.say(
        "mail.subject",
        title=title(voice),
        day=voice.day(voice.part.order.service_date),
        standing=_standing(voice),
        verdict=words,
    )
    if not voice.part.complete:
        found = voice.say("mail.subject.incomplete", subject=found)
    # A name that somebody wrote must not break the header.
    return " ".join((voice.say("mail.subject.late", subject=found) if late else found).split())


def _standing(voice: Voice) -> str:
    return voice.say("asof.provisional" if voice.part.provisional else "asof.final")


def tags(voice: Voice, late: bool) -> list[tuple[str, Tone]]:
    """Provisional or final, incomplete, late."""
    found: list[tuple[str, Tone]] = [(_standing(voice), "quiet" if voice.part.provisional else "ok")]
    if not voice.part.complete:
        found.append((voice.say("mail.tag.incomplete"), "risk"))
    if late:
        found.append((voice.say("mail.tag.late"), "risk"))
    return found


def meta(voice: Voice) -> list[str]:
    """Date, wave and directions; T, K and zone; how complete the data are, and by which definitions."""
    part = voice.part
    wave = voice.say("mail.meta.all_waves") if part.wave == "all" else voice.say("mail.meta.wave", wave=voice.wave)
    order = part.order
    if part.data_to is None:
        data = voice.say("mail.meta.data_unknown")
    elif part.caught_up and part.short:
        data = voice.say("mail.meta.data_to", time=voice.moment(order.known_at, order.as_of))
    elif part.caught_up:
        data = voice.say("mail.meta.all_in")
    else:
        data = voice.say("mail.meta.data_to", time=voice.moment(part.data_to, order.as_of))
    return [
        f"{voice.day(order.service_date)} · {wave} · {voice.say('mail.meta.directions')}",
        voice.say(
            "mail.meta.moment",
            as_of=voice.moment(order.as_of),
            known_at=voice.moment(order.known_at, order.as_of),
            zone=voice.zone,
        ),
        " · ".join(
            (
                _heard(voice),
                data,
                voice.say("mail.meta.version", n=part.definition_version),
            )
        ),
    ]


def _heard(voice: Voice) -> str:
    """Of how many camps something is heard."""
    camps = len(voice.part.placed)
    heard = camps - len(voice.part.silent) if voice.part.has_data else 0
    return voice.say("mail.meta.heard", heard=heard, n=camps)


def lead(voice: Voice) -> list[tuple[str, Tone]]:
    """Whether the hub is behind and where; then the board's sentence; then the week before and returns."""
    part = voice.part
    if not part.has_data:
        return [(no_data(voice), "risk")]
    now = part.here.now.delivery
    found = _opening(voice)
    late = sum(bool(camp.now.delivery.get("m1_late_open")) for camp in part.placed)
    camps = None if part.order.level == "camp" else late
    told = verdict(voice.who, now, part.wave, "DELIVERY", voice.lang, camps)
    found += [_stretch(each, part.complete) for each in told]
    return found + _against_week(voice) + _returns(voice)


def _stretch(part: Stretch, complete: bool) -> tuple[str, Tone]:
    """Where something is missing, nothing stands out as good."""
    return part.text, "plain" if part.tone == "ok" and not complete else part.tone


def _opening(voice: Voice) -> list[tuple[str, Tone]]:
    part = voice.part
    now = part.here.now.delivery
    standing = status(now, "DELIVERY")
    if standing == "none":
        return []
    what = what_moves(part.wave, "DELIVERY", voice.lang)
    if standing == "fine" and not part.complete:
        return [(voice.say("mail.lead.so_far", who=voice.who, what=what), "risk")]
    key = {"behind": "mail.lead.behind.DELIVERY", "watch": "mail.lead.watch.DELIVERY"}.get(
        standing, "mail.lead.fine.DELIVERY"
    )
    tone: Tone = "late" if standing == "behind" else "risk" if standing == "watch" else "ok"
    found: list[tuple[str, Tone]] = [(voice.say(key, who=voice.who, what=what), tone)]
    worst = _most_late(part.children)
    if standing != "fine" and worst is not None:
        figures = worst.now.delivery
        late, rate = fm.count(figures["m1_late"]), fm.percent(figures.get("m1_rate"))
        found.append((voice.say("mail.lead.where", where=worst.name(voice.lang), late=late, rate=rate), "plain"))
    return found


def _most_late(children: Sequence[Hub]) -> Hub | None:
    """The child with the most late, whatever the table is ordered by; None where nothing is."""
    placed = [child for child in children if child.hub not in (UNMAPPED, UNASSIGNED)]
    worst = max(placed, key=lambda child: child.now.delivery.get("m1_late") or 0, default=None)
    return worst if worst is not None and worst.now.delivery.get("m1_late") else None


def _against_week(voice: Voice) -> list[tuple[str, Tone]]:
    here = voice.part.here
    take = figure("completion")
    now, then = take(here.now), None if here.week is None else take(here.week)
    if now is None or then is None or not round((now - then) * 1000):
        return []
    if voice.part.order.report == "daily-final":
        key = "mail.lead.higher.final" if now > then else "mail.lead.lower.final"
    else:
        key = "mail.lead.higher" if now > then else "mail.lead.lower"
    points = fm.points(abs(now - then), voice.lang).lstrip("+")
    return [(voice.say(key, weekday=voice.weekday, points=points), "plain")]


def _returns(voice: Voice) -> list[tuple[str, Tone]]:
    back = voice.part.here.now.returns
    standing = status(back, "RETURN")
    if standing not in ("behind", "watch"):
        return []
    key = "mail.lead.returns" if back.get("m2_late_open") else "mail.lead.returns.none"
    said = voice.say(key, rate=fm.percent(back.get("m2_rate")), late=fm.count(back.get("m2_late_open")))
    return [(said, "late" if standing == "behind" else "plain")]


def no_data(voice: Voice) -> str:
    """That nothing was received is not that nothing happened."""
    return voice.say("mail.missing.no_data", day=voice.day(voice.part.order.service_date))


def missing(voice: Voice) -> tuple[str, ...]:
    """What is missing from the figures, each in a sentence; silent camps by name."""
    part = voice.part
    found = [] if part.has_data else [no_data(voice)]
    known_at = voice.moment(part.order.known_at)
    if part.short:
        as_of = voice.moment(part.order.as_of, part.wanted)
        found.append(voice.say("mail.missing.short", wanted=voice.moment(part.wanted), as_of=as_of))
    if part.data_to is None:
        found.append(voice.say("mail.missing.lag_unknown", known_at=known_at))
    elif not part.caught_up:
        data_to = voice.moment(part.data_to, part.order.known_at)
        found.append(voice.say("mail.missing.lag", known_at=known_at, data_to=data_to))
    return (*found, *(voice.say("mail.missing.silent", camp=camp.name(voice.lang)) for camp in part.silent))


def listed(voice: Voice) -> list[str]:
    """``missing`` as the mail lists it: silent camps in one line, as many by name as a list has rows."""
    silent = voice.part.silent
    found = list(missing(voice))[: -len(silent) or None]
    if silent:
        names = [camp.name(voice.lang) for camp in silent[: voice.listed]]
        if rest := len(silent) - len(names):
            names.append(voice.say("mail.missing.more", n=fm.count(rest)))
        found.append(voice.say("mail.missing.camps", n=fm.count(len(silent)), camps=", ".join(names)))
    return found
