"""``hubstat backtest``: how far the projection was off on closed days, by hour of day."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console
from rich.table import Table

from aggregations.backtest import backtest as measure
from aggregations.backtest import dates_with_work, keep
from aggregations.backtest.score import HourError
from aggregations.reader import now_ms
from hubstat.commands.query import day_of, reading
from hubstat.domain.metrics import DEFINITION_VERSION
from hubstat.errors import QueryError
from hubstat.settings import Settings

_COLUMNS: Final = (
    "hour",
    "Friends",
    "bias",
    "median",
    "p90",
    "camps",
    "median",
    "p90",
    "left out",
    "no pace",
    "at risk",
    "precision",
    "recall",
)


class Form(StrEnum):
    """Form of the output."""

    table = "table"
    json = "json"


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the command on ``app``; ``settings`` gives the settings when it runs."""

    @app.command()
    def backtest(
        service_date: Annotated[
            list[str] | None,
            typer.Option("--date", help="Closed service date, YYYY-MM-DD; may be given several times."),
        ] = None,
        days: Annotated[
            int, typer.Option("--days", min=1, help="Without --date: so many of the last closed dates that have work.")
        ] = 7,
        output: Annotated[Form, typer.Option("--format", help="Form of the output.")] = Form.table,
    ) -> None:
        """Project every Friend at every full hour of closed days, compare with what happened, and keep the errors."""
        chosen = settings()
        with reading(chosen) as reader, Console(stderr=True).status("reading") as status:
            dates = sorted({day_of(each) for each in service_date or ()}) or dates_with_work(reader, days)
            if not dates:
                raise QueryError("no date with work has closed and is ingested: there is nothing to look back at")

            def progress(day: date, done: int, friends: int) -> None:
                status.update(f"{day}: {done:,} of {friends:,} Friends")
                if done == friends:
                    typer.echo(f"{day}: {friends:,} Friends looked at", err=True)

            found = measure(reader, dates, progress)
            keep(reader.store, found, dates, now_ms())
        if output is Form.json:
            sys.stdout.write(orjson.dumps(_json(found, dates), option=orjson.OPT_INDENT_2).decode() + "\n")
        else:
            _table(found, dates)


def _json(found: Sequence[HourError], dates: Sequence[date]) -> dict[str, Any]:
    return {
        "definition_version": DEFINITION_VERSION,
        "dates": [each.isoformat() for each in dates],
        "hours": [{"hour": "all" if each.hour is None else each.hour, **each.to_json()} for each in found],
    }


def _table(found: Sequence[HourError], dates: Sequence[date]) -> None:
    shown = f"{dates[0]}" if len(dates) == 1 else f"{len(dates)} dates, {dates[0]} to {dates[-1]}"
    table = Table(title=f"error of projected_finish in minutes, {shown}, definitions {DEFINITION_VERSION}")
    for name in _COLUMNS:
        table.add_column(name, justify="right")
    for each in found:
        if each.looked_at or each.hour is None:
            table.add_row(*_cells(each), end_section=each.hour == 23)
    Console(width=None if sys.stdout.isatty() else 140).print(table)
    if not found[-1].looked_at:
        typer.echo("no Friend had a stop left at any full hour, as far as had been received by then")


def _cells(row: HourError) -> list[str]:
    return [
        "all" if row.hour is None else f"{row.hour:02d}",
        f"{row.friends.n:,}",
        *(_minutes(value) for value in (row.friends.bias, row.friends.median, row.friends.p90)),
        f"{row.camps.n:,}",
        *(_minutes(value) for value in (row.camps.median, row.camps.p90)),
        f"{row.left_out:,}",
        f"{row.no_pace:,}",
        f"{row.at_risk.said:,}",
        *(_share(value) for value in (row.at_risk.precision, row.at_risk.recall)),
    ]


def _minutes(value: float | None) -> str:
    return "—" if value is None else f"{value:,.1f}"


def _share(value: float | None) -> str:
    return "—" if value is None else f"{value:.1%}"
