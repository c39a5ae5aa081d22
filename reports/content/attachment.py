"""The attachment: every figure of the recipient's scope as ``hubstat query`` gives it, one row a hub and direction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hubstat.domain.metric import Unit
from hubstat.domain.metrics import METRICS
from hubstat.figures.export import CSV_MIME, Column, Kind, Table, csv_bytes
from hubstat.figures.formats import Lang
from reports.content.changes import restated_lines
from reports.content.lead import missing, title
from reports.content.part import Exported
from reports.content.voice import Voice
from reports.model import File

_KINDS: Final[Mapping[Unit, Kind]] = {
    "invoices": "count",
    "ratio": "share",
    "minutes": "number",
    "per_hour": "number",
    "time": "time",
    "friends": "count",
    "stops": "number",
    "batches": "count",
    "routes": "count",
}


def attachment(voice: Voice) -> File:
    """The CSV of a part."""
    order = voice.part.order
    name = f"hubstat_{order.service_date}_{order.report}_{order.level}_{_plain(order.hub)}.csv"
    return File(name, CSV_MIME, csv_bytes(table(voice)))


def _plain(hub: str) -> str:
    """An id as part of a file name."""
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "_" for letter in hub)


def table(voice: Voice) -> Table:
    """All figures of the hub and of what lies below it, in registry order; a split figure has a column a part.

    Above them what they are of, and every restatement of a final daily mail.
    """
    part, order = voice.part, voice.part.order
    standing = voice.say("asof.provisional" if part.provisional else "asof.final")
    whole = missing(voice)
    header = [
        (voice.say("mail.file.scope"), f"{voice.who} ({order.level}:{order.hub})"),
        (voice.say("mail.file.date"), order.service_date.isoformat()),
        (voice.say("mail.file.wave"), part.wave),
        (voice.say("mail.file.as_of"), f"{voice.local(order.as_of).isoformat(timespec='milliseconds')}"),
        (voice.say("mail.file.known_at"), f"{voice.local(order.known_at).isoformat(timespec='milliseconds')}"),
        (voice.say("mail.file.zone"), f"{part.zone.key} ({voice.zone})"),
        (voice.say("mail.file.standing"), standing),
        (voice.say("mail.file.complete"), "; ".join(whole) if whole else voice.say("mail.file.whole")),
        (voice.say("mail.file.version"), str(part.definition_version)),
        *restated_lines(voice),
    ]
    rows = [_row(each, voice.lang) for each in part.exported]
    first = [
        Column(key, f"{voice.say(f'mail.file.{key}')} ({key})")
        for key in ("level", "direction", "hub", "name", "parent")
    ]
    return Table(f"{title(voice)} {order.service_date}", header, [*first, *_columns(rows, voice.lang)], rows)


def _row(each: Exported, lang: Lang) -> dict[str, Any]:
    row = each.row
    cells: dict[str, Any] = {
        "level": each.level,
        "direction": each.direction,
        "hub": row.hub,
        "name": row.name_en if lang == "en" else row.name_ko,
        "parent": row.parent,
    }
    for name, value in row.figures.items():
        if isinstance(value, Mapping):
            cells.update((f"{name}.{key}", part) for key, part in value.items())
        else:
            cells[name] = value
    return cells


def _columns(rows: list[dict[str, Any]], lang: Lang) -> list[Column]:
    """A column for each figure, and for each part of a split one, that any row has."""
    parts: dict[str, dict[str, None]] = {}
    for row in rows:
        for key in row:
            parts.setdefault(key.partition(".")[0], {})[key] = None
    found: list[Column] = []
    for metric in METRICS:
        for key in sorted(parts.pop(metric.id, {})) if metric.id in parts else ():
            label = metric.label_en if lang == "en" else metric.label_ko
            found.append(Column(key, f"{label} ({key})", _KINDS[metric.unit]))
    return found
