"""``hubstat bench``: this program beside its peers, in one run on engines of their own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hubstat.bench.results import TARGETS, Report
from hubstat.settings import Settings

_PEERS: Final = Path(__file__).parents[2] / "tests" / "benchmarks" / "peers"


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the command on ``app``; ``settings`` gives the settings when it runs."""

    @app.command()
    def bench(
        names: Annotated[list[str] | None, typer.Argument(help="Benchmarks to run. Default: all.")] = None,
        quick: Annotated[bool, typer.Option("--quick", help="Small sizes: minutes, and only a rough idea.")] = False,
        events: Annotated[int | None, typer.Option(min=2_000, help="Invoice events of a measured run.")] = None,
        rounds: Annotated[int | None, typer.Option(min=1, max=50, help="Measured runs of each program.")] = None,
        live: Annotated[int | None, typer.Option(min=10_000, help="Documents of the full index.")] = None,
        memory_events: Annotated[
            int | None, typer.Option(min=10_000, help="Events over which a worker's memory is measured.")
        ] = None,
        out: Annotated[Path | None, typer.Option(help="Write the results here, as JSON.")] = None,
    ) -> None:
        """Measure ingest and the query of closed days beside their peers, in turns, on engines started for it."""
        from hubstat.bench import suite  # here, because it starts what only benchmarks need

        asked = {"events": events, "rounds": rounds, "live": live, "memory_events": memory_events}
        sizes = replace(
            suite.QUICK if quick else suite.FULL, **{key: value for key, value in asked.items() if value is not None}
        )
        console = Console(stderr=True)

        def say(what: str) -> None:
            console.print(what, markup=False, highlight=False)

        def keep(report: Report) -> None:
            if out is not None:
                out.write_bytes(orjson.dumps(report.to_json(), option=orjson.OPT_INDENT_2) + b"\n")

        report = suite.run(settings(), names or [], sizes, say, _PEERS if _PEERS.is_dir() else None, keep)
        _print(report)
        if any(missing.what in suite.BENCHES for missing in report.not_run):
            raise typer.Exit(1)


def _print(report: Report) -> None:
    console = Console(width=None if sys.stdout.isatty() else 160)
    for name, value in report.conditions.items():
        console.print(f"{name}: {value}", markup=False, highlight=False)
    table = Table("measured", "unit", "median", "least", "most")
    for each in report.series:
        cells = (f"{value:,.4g}" for value in (each.median, min(each.values), max(each.values)))
        table.add_row(escape(f"{each.bench}: {each.name}"), each.unit, *cells)
    console.print(table)
    found = Table("target", "of", "median", "least", "most", "must", "aim", "reached")
    for finding in report.findings:
        target = TARGETS[finding.target]
        sign = "≥" if target.up else "≤"
        cells = (f"{value:.3g}" for value in (finding.median, min(finding.values), max(finding.values)))
        bounds = (f"{sign} {target.must:g}", f"{sign} {target.aim:g}")
        found.add_row(finding.target, escape(finding.variant), *cells, *bounds, target.reached(finding.median))
    console.print(found)
    for missing in report.not_run:
        console.print(f"not run: {missing.what}: {missing.why}", markup=False, highlight=False)
