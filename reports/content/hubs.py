"""The hubs below the mail's hub, and the Friends of a camp, worst first."""

from __future__ import annotations

from collections.abc import Iterable

from hubstat.figures import formats as fm
from hubstat.figures.status import FRIEND_RATE_BASE
from reports.content.keyfigures import tone_of
from reports.content.letter import Block, Cell
from reports.content.part import BELOW, Hub
from reports.content.voice import Voice, figure, idle_each


def children(voice: Voice) -> list[Block]:
    """What lies directly below, worst first with its owner; the hub itself as the sum."""
    part = voice.part
    if not part.children:
        return []
    level = voice.say(f"level.{BELOW[part.order.level]}")
    running = part.order.report == "hourly-digest"
    shown, rest = part.children[: voice.listed], len(part.children) - voice.listed
    more = "mail.children.more" if voice.attached else "mail.children.more.board"
    note = voice.say(more, n=fm.count(rest)) if rest > 0 else ""
    late = "mail.children.open" if running else "mail.children.late"
    heads = [
        level,
        *(
            voice.say(key)
            for key in ("mail.children.due", "mail.children.done", "mail.children.week", late, "mail.children.rate")
        ),
    ]
    title = f"{voice.say('mail.children.title', level=level)} · {voice.say('mail.children.note')}"
    rows = [_child(voice, hub, running) for hub in (*shown, part.here)]
    found = [Block(title, heads, rows, note=note, total=True)]
    if not running:
        found.append(_children_work(voice, level, shown))
    return found


def _child(voice: Voice, hub: Hub, running: bool) -> list[Cell]:
    now = hub.now.delivery
    tone = tone_of(now, "DELIVERY")
    owner = "" if hub is voice.part.here else voice.owner(hub)
    week, _ = voice.differences(hub, figure("completion"), voice.points)
    late = now.get("m1_late_open" if running else "m1_late")
    return [
        Cell(hub.name(voice.lang), tone, owner, mark=True),
        Cell(fm.count(now.get("due"))),
        Cell(fm.percent(now.get("completion"), 2)),
        week,
        Cell(fm.count(late), tone if late else "quiet", strong=True),
        Cell(fm.percent(now.get("m1_rate"), 2)),
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
    rest = len(part.friends) - voice.listed
    note = voice.say("table.small_base", n=FRIEND_RATE_BASE)
    if rest > 0:
        note = f"{voice.say('mail.friends.more', n=fm.count(rest))} {note}"
    counted = ("mail.children.due", "mail.children.done", "mail.children.late")
    heads = [voice.say(key) for key in ("level.friend", *counted, "mail.children.hourly", "mail.children.idle")]
    rows = [_friend(voice, hub) for hub in part.friends[: voice.listed]]
    return [Block(voice.say("mail.friends.title"), heads, rows, note=note)]


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
