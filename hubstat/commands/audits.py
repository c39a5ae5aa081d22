"""``hubstat audits``: the audits that were recorded, such as those that the roll-up makes by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from hubstat.commands.query import day_of, reading
from hubstat.domain import time as tm
from hubstat.elastic import audits as kept
from hubstat.settings import Settings


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the commands on ``app``; ``settings`` gives the settings when one runs."""
    group = typer.Typer(no_args_is_help=True, help="Audits that were recorded.")
    app.add_typer(group, name="audits")

    @group.callback()
    def _group() -> None:
        """Audits that were recorded."""

    @group.command(name="list")
    def list_audits(
        service_date: Annotated[str | None, typer.Option("--date", help="Only of this date, with the report.")] = None,
    ) -> None:
        """List recorded audits, the latest first: date, moment, cells, differences; exit 1 if the latest differs."""
        chosen = settings()
        day = None if service_date is None else day_of(service_date).isoformat()
        with reading(chosen) as reader:
            found = kept.recorded(reader.store.client, chosen.namespace, day)
        zone = tm.zone(chosen.country)
        for audit in found:
            typer.echo(
                f"{audit.service_date}  {'clean' if audit.clean else 'DIFFERS'}  {audit.cells:,} cells, "
                f"{audit.differing:,} differing, {audit.lost:,} events not accounted for, "
                f"as of {tm.iso_local(audit.as_of, zone)}, known at {tm.iso_local(audit.known_at, zone)}, "
                f"in {audit.seconds:.0f} s"
            )
            if day is not None:
                for line in audit.report:
                    typer.echo(f"  {line}")
        typer.echo(f"{len(found)} audits in namespace {chosen.namespace}")
        if found and not found[0].clean:
            raise typer.Exit(1)
