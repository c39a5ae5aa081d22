"""Exports: what a screen shows in a table, as CSV or XLSX, and invoice lists of any length as they are read."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Final

from dashboard.board import Line, Moment
from dashboard.causes import Refused
from dashboard.export_sheets import ahead_of
from dashboard.live import Built, Screens
from dashboard.place import HUB_SCREENS
from dashboard.scene import Scene, hub_name
from dashboard.screens.friend import ordered_lines
from dashboard.sheets import Sheet
from dashboard.shell import FORMATS
from hubstat.domain import time as tm
from hubstat.figures.export import Column, Kind, Table, csv_blocks, xlsx_bytes
from hubstat.figures.formats import MINUS
from hubstat.figures.texts import label

# Of longer lists only CSV is made: a spreadsheet's file is whole in memory before its first byte is sent.
XLSX_ROWS: Final = 100_000
PROOF: Final = "proof"
_KINDS: Final[Mapping[str, Kind]] = {
    "percent": "share", "share": "share", "count": "count", "decimal": "number", "span": "number", "minutes": "number",
    "stops": "number", "whole": "share", "time": "time",
}  # fmt: skip
# Figures of a table's column that are a time, though the form of their text does not say so.
_TIMES: Final = ("last_completed_at", "projected_finish")
# Columns of no one metric, with where a row has their raw value.
_DERIVED: Final[Mapping[str, tuple[Kind, tuple[str, ...]]]] = {
    "gap": ("share", ("share", "gap")), "was": ("share", ("share", "was")), "bal": ("number", ("bal",)),
}  # fmt: skip


# Columns of no one metric that say what is ahead.
_AHEAD: Final = ("bal",)


@dataclass(frozen=True, slots=True)
class Export:
    """A file on its way. rows: how many lines of data it will have, None where nobody knows before."""

    name: str
    body: Generator[bytes]
    rows: int | None


def export(
    screens: Screens, built: Built, metric: str | None, name: str, form: str, listed: tuple[int, int] | None = None
) -> Export:
    """A table of a screen as a file; ``proof``: the invoices behind the figure ``metric`` of its place.

    listed: (T, K) of the list that a drawer shows, ms; without it the list is of the screen's moment.
    Raises ``Refused`` where there is no such table or form, or the list is too long for XLSX.
    """
    scene = built.scene
    if form not in FORMATS:
        raise Refused("error.export_format", known=", ".join(FORMATS), value=form)
    if name == PROOF:
        return _proof(screens, built, metric, form, listed)
    table = table_of(built, name)
    body = _written(ExitStack(), table, table.rows, form)
    return Export(_file_name(scene, [name], form), body, len(table.rows))


def table_of(built: Built, name: str) -> Table:
    """A table of a screen with its raw values. Raises ``Refused`` where it has none of that name."""
    scene = built.scene
    sheet: Sheet | None = scene.sheets.get(name)
    if sheet is not None:
        return Table(sheet.title, header(built), _heads(sheet), sheet.rows)
    for offer in built.offers:
        if offer.name == name and built.hubs is not None:
            made = offer.sheet(scene, built.hubs)
            return Table(made.title, header(built), _heads(made), made.rows)
    parts = {
        prop: built.parts.get(f"{name}-{scene.key}.{prop}") for prop in ("columnDefs", "rowData", "dashGridOptions")
    }
    definitions, rows, options = (part.value if part else None for part in parts.values())
    if definitions is None or rows is None:
        known = ", ".join(each for each, _ in built.tables) or "none"
        raise Refused("error.export_table", known=known, value=name)
    leaves = [leaf for entry in definitions for leaf in entry.get("children", [entry])]
    cells = [cell for leaf in leaves for cell in _cells(scene, leaf)]
    if scene.moment.closed:
        cells = [cell for cell in cells if cell.column.key not in _AHEAD and not ahead_of(scene, cell.column.key)]
    every = [*in_order(leaves, rows, scene.place.sort), *((options or {}).get("pinnedBottomRowData") or ())]
    raw = [{cell.column.key: cell.value(row) for cell in cells} for row in every]
    kept = [cell.column for cell in cells if not any(isinstance(row[cell.column.key], dict | list) for row in raw)]
    return Table(dict(built.tables)[name], header(built), kept, raw)


def _heads(sheet: Sheet) -> list[Column]:
    return [Column(head.key, head.label, _KINDS.get(head.kind, "text")) for head in sheet.heads]


def in_order(
    leaves: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]], sort: str | None
) -> list[Mapping[str, Any]]:
    """Rows as the table shows them with the order of an address (``column.asc``); without one as they are given.

    leaves: the table's columns; they sort as its comparators do (``assets/grid.js``), nothing before something.
    """
    name, _, direction = (sort or "").rpartition(".")
    leaf = next((each for each in leaves if each.get("colId", each.get("field")) == name), None)
    if leaf is None or direction not in ("asc", "desc"):
        return list(rows)
    comparator = (leaf.get("comparator") or {}).get("function")
    path = tuple(leaf["field"].split("."))

    def place(row: Mapping[str, Any]) -> tuple[bool, Any]:
        if comparator == "hsWorst":
            return True, -row["rank"]
        value = _at(row, path)
        if comparator == "hsNumber":
            return True, _number(value)
        return value is not None, 0 if value is None else value

    return sorted(rows, key=place, reverse=direction == "desc")


def _number(value: Any) -> float:
    try:
        return float(str(value).replace(MINUS, "-"))
    except ValueError:
        return 0.0


def _at(row: Mapping[str, Any], path: Sequence[str]) -> Any:
    found: Any = row
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


@dataclass(frozen=True, slots=True)
class _Cell:
    """A column of a grid and where its raw value stands in a row."""

    column: Column
    path: tuple[str, ...]

    def value(self, row: Mapping[str, Any]) -> Any:
        return _at(row, self.path)


def _cells(scene: Scene, leaf: Mapping[str, Any]) -> Iterator[_Cell]:
    """The columns that one column of a grid is: a name with its id, a count with what it is of."""
    field = leaf["field"]
    if field == "name":
        yield _Cell(Column("id", "id"), ("id",))
        yield _Cell(Column("name", leaf["headerName"]), ("name",))
        return
    if field in _DERIVED:
        kind, path = _DERIVED[field]
        yield _Cell(Column(field, leaf["headerName"], kind), path)
        return
    params = leaf.get("cellRendererParams") or {}
    metric = params.get("metric")
    path = ("f", params["raw"]) if "raw" in params else tuple(field.split(".", 1))
    title = leaf["headerName"]
    if metric is not None:
        # What is drawn is worked out from the raw figure: the file has that, under its own name.
        title = f"{label(metric, scene.place.direction, scene.lang) if 'raw' in params else title} ({metric})"
    yield _Cell(Column(metric or field, title, _kind(params, metric)), path)
    if of := params.get("of"):
        words = label(of, scene.place.direction, scene.lang)
        yield _Cell(Column(of, f"{words} ({of})", "count"), ("f", of))


def _kind(params: Mapping[str, Any], metric: str | None) -> Kind:
    if metric in _TIMES:
        return "time"
    return "number" if "raw" in params else _KINDS.get(params.get("form", ""), "text")


def header(built: Built, listed: tuple[int, int] | None = None) -> list[tuple[str, str]]:
    """What figures are of: scope, service date, wave, direction, as-of, known-at, zone, definitions; of a screen also
    the moments of the projection and of what it is compared with, where they are others.

    listed: (T, K) of a list, ms.
    """
    scene, moment = built.scene, built.scene.moment
    zone = scene.board.zone
    lines: list[tuple[str, str]] = []
    if scene.place.screen in HUB_SCREENS:
        path = " › ".join(hub_name(node, level, scene.lang) for level, node in built.hubs.path) if built.hubs else ""
        here = f"{scene.place.level}:{built.hubs.here.hub}" if built.hubs else scene.place.hub or ""
        lines += [
            (scene.say("export.scope"), f"{path} ({here})"),
            (scene.say("export.date"), moment.day.isoformat()),
            (scene.say("wave.label"), scene.place.wave),
            (scene.say("direction.label"), scene.place.direction),
        ]
    as_of, known_at = listed or (moment.as_of, moment.known_at)
    more: list[tuple[str, str]] = []
    if listed is None and moment.projected_at not in (None, as_of) and not moment.closed:
        more.append((scene.say("export.projected_at"), tm.iso_local(moment.projected_at or as_of, zone)))
    if listed is None and built.scene.before is not None:
        more.append((scene.say("export.compared_at"), tm.iso_local(built.scene.before.as_of, zone)))
    return [
        *lines,
        (scene.say("export.as_of"), tm.iso_local(as_of, zone)),
        (scene.say("export.known_at"), tm.iso_local(known_at, zone)),
        *more,
        (scene.say("export.zone"), str(zone)),
        (scene.say("export.version"), moment.version),
        (scene.say("export.standing"), scene.say(_standing(moment))),
    ]


def _standing(moment: Moment) -> str:
    if moment.provisional:
        return "asof.provisional"
    return "asof.corrected" if moment.corrected else "asof.final"


def _file_name(scene: Scene, names: Sequence[str], form: str) -> str:
    place = scene.place
    hub = (place.hub or place.level) if place.screen in HUB_SCREENS else ""
    at = tm.iso_local(scene.moment.as_of, scene.board.zone)[:19].replace(":", "")
    parts = ["hubstat", place.screen, hub, *names, at]
    safe = "-".join(part for part in parts if part)
    return "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_.") else "_" for sign in safe) + f".{form}"


def _proof(screens: Screens, built: Built, metric: str | None, form: str, listed: tuple[int, int] | None) -> Export:
    """The list in the order of the drawer; one too long to be sorted as it is read."""
    scene, moment = built.scene, built.scene.moment
    if metric is None:
        raise Refused("error.export_proof")
    if listed is not None:
        # What the drawer shows is of one moment, also where that is the projection's.
        moment = replace(moment, as_of=listed[0], known_at=listed[1], live=False)
    stack = ExitStack()
    found = stack.enter_context(screens.board.listing(scene.place, moment, metric))
    try:
        if form == "xlsx" and found.figure > XLSX_ROWS:
            raise Refused("export.too_long", n=f"{found.figure:,}", most=f"{XLSX_ROWS:,}")
        short = found.figure <= XLSX_ROWS
        known_at = moment.known_at if found.as_of == moment.as_of else found.as_of
        lines = [*header(built, (found.as_of, known_at)), (scene.say("export.figure"), f"{metric} = {found.figure}")]
        if not short:
            lines.append((scene.say("export.order"), scene.say("export.order_read")))
    except BaseException:
        stack.close()
        raise
    title = label(metric.partition(".")[0], scene.place.direction, scene.lang)
    table = Table(title, lines, _columns(scene), ())
    body = _written(stack, table, _invoices(scene, found.lines, short), form)
    return Export(_file_name(scene, [PROOF, metric], form), body, found.figure)


def _invoices(scene: Scene, lines: Iterable[Line], short: bool) -> Iterator[dict[str, Any]]:
    for line in ordered_lines(list(lines)) if short else lines:
        yield _invoice(scene, line)


def _written(stack: ExitStack, table: Table, rows: Iterable[Mapping[str, Any]], form: str) -> Generator[bytes]:
    """The file, block by block; the look at the data is closed at its end, or when nobody wants the rest."""
    with stack:
        if form == "csv":
            yield from csv_blocks(table, rows)
        else:
            yield xlsx_bytes(Table(table.title, table.header, table.columns, list(rows)))


def _columns(scene: Scene) -> Sequence[Column]:
    kinds: dict[str, Kind] = {"promise": "time", "completed": "time", "late": "count"}
    names = ("invoice", "promise", "completed", "late", "camp", "friend", "state", "why")
    columns = [Column("direction", scene.say("direction.label")),
               *(Column(name, scene.say(f"col.{name}"), kinds.get(name, "text")) for name in names)]  # fmt: skip
    more = [Column("camp_name", scene.say("export.camp_name"))]
    if scene.place.level in ("camp", "friend"):  # above the camp no Friend is named
        more.append(Column("friend_name", scene.say("export.friend_name")))
    return [*columns, *more]


def _invoice(scene: Scene, line: Line) -> dict[str, Any]:
    zone = scene.board.zone
    return {
        "direction": line.direction,
        "invoice": line.invoice_no,
        "promise": None if line.promise is None else tm.iso_local(line.promise, zone),
        "completed": None if line.completed_at is None else tm.iso_local(line.completed_at, zone),
        "late": line.late,
        "camp": line.camp,
        "friend": line.friend,
        "camp_name": scene.camp_name(line.camp),
        "friend_name": scene.friend_name(line.friend),
        "state": line.state,
        "why": line.why_en if scene.lang == "en" else line.why_ko,
    }
