"""``hubstat restatements``: figures of a closed day that are no longer what they were at closing, and why."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final

import orjson
import typer
from rich.console import Console
from rich.table import Table

from hubstat.commands.query import DateOption, Format, FormatOption, day_of, reading, write_csv
from hubstat.domain import time as tm
from hubstat.domain.metrics import METRICS
from hubstat.elastic import facts
from hubstat.elastic.names import Names
from hubstat.errors import QueryError
from hubstat.settings import Settings

_COLUMNS: Final = ("metric", "part", "level", "hub", "parent", "direction", "wave", "old", "new", "invoices", "friends")
_LEVELS: Final = ("nationwide", "region", "area", "camp", "friend")
# Names of invoices or Friends that a line of the table has room for.
_NAMED: Final = 5


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the command on ``app``; ``settings`` gives the settings when it runs."""

    @app.command()
    def restatements(service_date: DateOption, output: FormatOption = Format.table) -> None:
        """Every figure of a closed date that differs between (C, C) and (C, now), with the invoices that caused it."""
        chosen = settings()
        day = day_of(service_date).isoformat()
        with reading(chosen) as reader:
            client = reader.store.client
            record = facts.record(client, chosen.namespace, day)
            if record is None:
                raise QueryError(f"{day} is not rolled up yet: it has not closed, or `hubstat rollup` does not run")
            found = [each for _, each in facts.of_date(client, Names(chosen.namespace).restatements, day)]
        found.sort(key=_order)
        if output is Format.json:
            body = {
                "service_date": day,
                "rolled_up_at": tm.iso_local(record.rolled_up_at, reader.zone),
                "restatements": [
                    {
                        **{name: each.get(name) for name in _COLUMNS},
                        "noted_at": tm.iso_local(each["noted_at"], reader.zone),
                    }
                    for each in found
                ],
            }
            sys.stdout.write(orjson.dumps(body, option=orjson.OPT_INDENT_2).decode() + "\n")
        elif output is Format.csv:
            write_csv(list(_COLUMNS), [[_cell(each.get(name)) for name in _COLUMNS] for each in found])
        else:
            _table(day, found)


def _order(each: dict[str, Any]) -> tuple[Any, ...]:
    known = {metric.id: number for number, metric in enumerate(METRICS)}
    place = (_LEVELS.index(each["level"]), each["hub"], each.get("parent") or "", each["direction"], each["wave"])
    return (*place, known.get(each["metric"], len(known)), each["part"])


def _table(day: str, found: list[dict[str, Any]]) -> None:
    table = Table("level", "hub", "direction", "wave", "figure", "old", "new", "because of", title=f"restated, {day}")
    for each in found:
        hub = f"{each['parent']}/{each['hub']}" if each["level"] == "friend" else each["hub"]
        figure = f"{each['metric']}.{each['part']}" if each["part"] else each["metric"]
        names = [*each["invoices"], *each["friends"]]
        because = " ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")
        table.add_row(
            each["level"],
            hub,
            each["direction"],
            each["wave"],
            figure,
            _cell(each.get("old")),
            _cell(each.get("new")),
            because,
        )
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    typer.echo(f"{len(found):,} figures restated")


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(value)
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
