"""``hubstat baselines``: what a service date's idle time, pace and plan are measured against."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import orjson
import typer
from rich.console import Console
from rich.table import Table

from hubstat.commands.query import DateOption, Format, FormatOption, day_of, reading, write_csv
from hubstat.domain import time as tm
from hubstat.domain.baselines import FIRST_OFFSET
from hubstat.elastic import baselines as kept
from hubstat.elastic.baselines import Kept
from hubstat.settings import Settings

_COLUMNS: Final = ("kind", "hub", "direction", "wave", "value", "unit", "n")


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the command on ``app``; ``settings`` gives the settings when it runs."""

    @app.command()
    def baselines(service_date: DateOption, output: FormatOption = Format.table) -> None:
        """Allowances, standards and plan shares of a date, each with how much history it is made from."""
        chosen = settings()
        day = day_of(service_date).isoformat()
        with reading(chosen) as reader:
            found = kept.latest(reader.store.client, chosen.namespace, day)
        if output is Format.json:
            body = {"service_date": day, "version": 0} if found is None else _json(found, chosen)
            sys.stdout.write(orjson.dumps(body, option=orjson.OPT_INDENT_2).decode() + "\n")
            return
        rows = [] if found is None else list(_rows(found))
        if output is Format.csv:
            write_csv(list(_COLUMNS), rows)
            return
        if found is None:
            typer.echo(f"no baselines for {day}: no date of its history has closed and is rolled up")
            return
        table = Table(*_COLUMNS, title=f"baselines of {day}, version {found.baselines.version}")
        for row in rows:
            table.add_row(*(f"{each:,.2f}" if isinstance(each, float) else str(each) for each in row))
        Console(width=None if sys.stdout.isatty() else 160).print(table)


def _json(found: Kept, settings: Settings) -> dict[str, Any]:
    document = found.baselines.to_document()
    return {
        "service_date": found.baselines.service_date,
        "version": found.baselines.version,
        "computed_at": tm.iso_local(found.computed_at, tm.zone(settings.country)),
        "first_offset": FIRST_OFFSET,
        **{name: document[name] for name in ("allowances", "standards", "plan")},
        "samples": found.samples,
    }


def _rows(found: Kept) -> Iterator[list[Any]]:
    """One line a baseline; a plan by its share at the end of the date."""
    of, samples = found.baselines, {name: _by_key(counts) for name, counts in found.samples.items()}
    for (area, wave), allowance in sorted(of.allowances.items()):
        n = samples["gaps"].get((area, wave), 0)
        yield ["allowance", area, "", wave, allowance / tm.MINUTE, "minutes a gap", n]
    for (area, wave), standard in sorted(of.standards.items()):
        n = samples["friend_days"].get((area, wave), 0)
        yield ["standard", area, "", wave, standard / tm.MINUTE, "minutes a stop", n]
    for (camp, direction, wave), shares in sorted(of.plan.items()):
        n = samples["dates"].get((camp, direction, wave), 0)
        yield ["plan", camp, direction, wave, shares[23 - FIRST_OFFSET], "share by midnight", n]


def _by_key(counts: list[list[Any]]) -> dict[tuple[str, ...], int]:
    return {tuple(key): n for *key, n in counts}
