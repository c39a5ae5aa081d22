"""``hubstat proof``: what stands behind one figure, down to its invoices with their events and the terms of a sum."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import orjson
import typer
from rich.console import Console
from rich.table import Table

from aggregations.proofs.model import EventLine, InvoiceLine, Proof, Side, Term
from aggregations.proofs.prover import Prover
from aggregations.question import Scope
from aggregations.viewer import Viewer
from hubstat.commands.query import (
    AsOfOption,
    DateOption,
    DirectionChoice,
    DirectionOption,
    Format,
    FormatOption,
    HubOption,
    KnownAtOption,
    LevelOption,
    WaveOption,
    folding,
    notice_unknown,
    print_text,
    question_of,
    reading,
    write_csv,
)
from hubstat.domain import time as tm
from hubstat.errors import QueryError
from hubstat.settings import Settings

_COLUMNS: Final = ("side", "part", "invoice_no", "camp", "friend", "amount", "rank", "decides", "from", "to")
_SENTENCES: Final = ("why", "why_en")


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the command on ``app``; ``settings`` gives the settings when it runs."""

    @app.command()
    def proof(
        metric: Annotated[str, typer.Option(help="A metric; m3.out names one part of a split one.")],
        level: LevelOption,
        service_date: DateOption,
        hub: HubOption = None,
        as_of: AsOfOption = None,
        known_at: KnownAtOption = None,
        wave: WaveOption = "all",
        direction: DirectionOption = DirectionChoice.DELIVERY,
        events: Annotated[bool, typer.Option("--events", help="Also the events of every invoice.")] = False,
        output: FormatOption = Format.table,
    ) -> None:
        """Everything behind one figure, and why it counts. A Friend is --level friend --hub CAMP/FRIEND."""
        chosen = settings()
        scope = _friend_scope(hub) if level == "friend" else None
        question = question_of(
            chosen, level, service_date, None if scope else hub, as_of, known_at, wave, direction, None
        )
        with folding() as progress, reading(chosen, progress) as reader:
            viewer = Viewer.everything(chosen.country)
            found = Prover(reader).proof(viewer, question, metric, scope, events=events)
            notice_unknown(reader, question)
        zone = tm.zone(chosen.country)
        if output is Format.json:
            print_text(orjson.dumps(_json(found, zone), option=orjson.OPT_INDENT_2).decode())
        elif output is Format.csv:
            _csv(found, zone)
        else:
            _table(found, zone)


def _friend_scope(hub: str | None) -> Scope:
    camp, _, friend = (hub or "").partition("/")
    if not camp or not friend:
        raise QueryError("a Friend is named as CAMP/FRIEND: --hub C01/F001, or C01/unassigned")
    return Scope("friend", friend, camp)


def _name(proved: Proof | Side) -> str:
    return f"{proved.metric.id}.{proved.key}" if proved.key else proved.metric.id


def _json(proof: Proof, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "metric": _name(proof),
        "figure": proof.figure,
        "unit": proof.metric.unit,
        "level": proof.scope.level,
        "hub": proof.scope.hub,
        "camp": proof.scope.camp,
        "service_date": proof.service_date.isoformat(),
        "as_of": tm.iso_local(proof.moment.as_of, zone),
        "known_at": tm.iso_local(proof.moment.known_at, zone),
        "wave": proof.wave,
        "direction": proof.direction,
        "baselines_version": proof.baselines,
        "sides": [
            {
                "metric": _name(side),
                "figure": side.figure,
                "invoices": [_line(line, proof, zone) for line in side.lines],
                "terms": [_term(term, side, proof, zone) for term in side.terms],
            }
            for side in proof.sides
        ],
    }


def _time(instant: int | None, zone: ZoneInfo) -> str | None:
    return None if instant is None else tm.iso_local(instant, zone)


def _line(line: InvoiceLine, proof: Proof, zone: ZoneInfo) -> dict[str, Any]:
    found: dict[str, Any] = {
        "invoice_no": line.invoice_no,
        "camp": line.camp,
        "friend": line.friend,
        "wave": line.wave,
        "state": line.state,
        "part": line.key or None,
        "promise": tm.iso_local(line.promise, zone),
        "completed_at": _time(line.completed_at, zone),
        "minute": line.value,
        "rank": line.rank,
        "decides": line.decides or None,
        "why": line.why.ko,
        "why_en": line.why.en,
    }
    if proof.events:
        found["events"] = [_event(event, zone) for event in proof.events[line.invoice]]
    return found


def _term(term: Term, side: Side, proof: Proof, zone: ZoneInfo) -> dict[str, Any]:
    found: dict[str, Any] = {
        "camp": term.camp,
        "friend": term.friend,
        "part": term.key or None,
        "amount": _amount(term, side, zone),
        "decides": term.decides,
        "from": _time(term.start, zone),
        "to": _time(term.end, zone),
        "invoices": list(term.invoices),
        "why": term.why.ko,
        "why_en": term.why.en,
    }
    if proof.events and term.invoices:
        found["events"] = {key: [_event(event, zone) for event in proof.events[key]] for key in term.invoices}
    return found


def _amount(term: Term, side: Side, zone: ZoneInfo) -> float | str:
    return tm.iso_local(int(term.amount), zone) if side.metric.unit == "time" else term.amount


def _event(event: EventLine, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "event_id": event.event_id,
        "code": event.code,
        "event_time": tm.iso_local(event.time, zone),
        "received_at": tm.iso_local(event.received, zone),
        "standing": event.standing,
        "sent": event.sent,
    }


def _rows(proof: Proof, zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    """Lines and terms of all sides alike, by ``_COLUMNS`` and ``_SENTENCES``; invoices: keys of those it names."""
    for side in proof.sides:
        for line in side.lines:
            yield {
                **_line(line, proof, zone),
                "side": side.metric.id,
                "amount": line.value,
                "invoices": [line.invoice],
            }
        for term in side.terms:
            yield {**_term(term, side, proof, zone), "side": side.metric.id, "decides": "yes" if term.decides else None}


def _csv(proof: Proof, zone: ZoneInfo) -> None:
    # Of the figure; columns of its invoices have the same names without the prefix.
    asked = {f"figure_{name}": value for name, value in _json(proof, zone).items() if name not in {"sides", "figure"}}
    asked["figure"] = _figure(proof.figure)
    columns = (*asked, *_COLUMNS, "invoices", *_SENTENCES)
    told = ({**asked, **row, "invoices": " ".join(row["invoices"])} for row in _rows(proof, zone))
    body = [[row.get(name) for name in columns] for row in told]
    if not proof.events:
        write_csv(list(columns), body)
        return
    # One line for each event, after what it belongs to.
    of_event = ("event_id", "code", "event_time", "received_at", "standing")
    lines: list[list[Any]] = []
    for row, cells in zip(_rows(proof, zone), body, strict=True):
        lines.append([*cells, *[None] * (len(of_event) + 1)])
        for key in row["invoices"]:
            for event in proof.events[key]:
                sent = _event(event, zone)
                lines.append(
                    [
                        *asked.values(),
                        row["side"],
                        *[None] * (len(columns) - len(asked) - 1),
                        key,
                        *(sent[name] for name in of_event),
                    ]
                )
    write_csv([*columns, "invoice", *of_event], lines)


def _many(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _figure(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_figure(part)}" for key, part in value.items()) or "none"
    if value is None:
        return "—"
    return f"{value:,.6g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _table(proof: Proof, zone: ZoneInfo) -> None:
    console = Console(width=None if sys.stdout.isatty() else 200)
    where = f"{proof.scope.level} {f'{proof.scope.camp}/' if proof.scope.camp else ''}{proof.scope.hub}"
    moment = f"as of {tm.iso_local(proof.moment.as_of, zone)}, known at {tm.iso_local(proof.moment.known_at, zone)}"
    console.print(f"{_name(proof)} = {_figure(proof.figure)}", markup=False, highlight=False)
    console.print(
        f"{where}, {proof.service_date} {proof.direction} {proof.wave}, {moment}", markup=False, highlight=False
    )
    for side in proof.sides:
        n = _many(len(side.lines), "invoice") if side.lines or not side.terms else _many(len(side.terms), "term")
        table = Table(
            "invoice", "camp", "Friend", "part", "amount", "why", title=f"{_name(side)} = {_figure(side.figure)}: {n}"
        )
        for line in side.lines:
            value = "" if line.value is None else str(line.value)
            table.add_row(line.invoice_no, line.camp, line.friend, line.key, _marked(value, line.decides), line.why.en)
            _add_events(table, proof, (line.invoice,), zone)
        for term in side.terms:
            amount = _amount(term, side, zone)
            text = amount if isinstance(amount, str) else f"{amount:,.6g}"
            numbers = " ".join(key.split(":", 1)[1] for key in term.invoices)
            table.add_row(numbers, term.camp, term.friend, term.key, _marked(text, term.decides), term.why.en)
            _add_events(table, proof, term.invoices, zone)
        console.print(table)


def _marked(text: str, decides: object) -> str:
    return f"{text} ◀" if decides else text


def _add_events(table: Table, proof: Proof, keys: tuple[str, ...], zone: ZoneInfo) -> None:
    for key in keys if proof.events else ():
        for event in proof.events[key]:
            told = f"{tm.iso_local(event.time, zone)} {event.code} {event.standing}"
            table.add_row(f"  {key.partition(':')[2]}", "", "", "", "", told)
