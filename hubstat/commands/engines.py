"""``hubstat engines``: start, stop and look at the engines of this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from hubstat import engines
from hubstat.errors import EngineError
from hubstat.settings import Settings


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the sub-commands on ``app``; ``settings`` gives the settings when a command runs."""
    group = typer.Typer(no_args_is_help=True, help="The Elasticsearch and Kafka of this machine.")

    @group.command()
    def start(
        fresh: Annotated[
            bool, typer.Option("--fresh", help="Throw away the data of former runs of the embedded engines.")
        ] = False,
    ) -> None:
        """Start what does not run and leave it running until `hubstat engines stop`."""
        chosen = settings()
        if fresh:
            if any(row.origin == "embedded" for row in engines.status(chosen)):
                raise EngineError("the engines are running with their data: run `hubstat engines stop` first")
            chosen = chosen.model_copy(update={"engines": chosen.engines.model_copy(update={"keep_data": False})})
        engines.ensure(chosen, engines.console_reporter(), detached=True)

    @group.command()
    def stop() -> None:
        """Stop the engines of this machine, whoever started them; their data stay."""
        chosen = settings()
        typer.echo("engines stopped" if engines.stop(chosen, engines.console_reporter()) else "no engine was running")

    @group.command()
    def status() -> None:
        """Show both engines; exits with 1 unless both answer."""
        chosen = settings()
        rows = engines.status(chosen)
        for row in rows:
            typer.echo(f"{row.name:<14} {_state(row)}")
        typer.echo(f"{'logs':<14} {chosen.engines.data_dir / 'logs'}")
        if not all(row.answers for row in rows):
            raise typer.Exit(1)

    app.add_typer(group, name="engines")


def _state(row: engines.EngineStatus) -> str:
    if row.address is None:
        return "stopped"
    process = f", process {row.pid}" if row.pid is not None else ""
    return f"{'answers' if row.answers else 'does not answer'} at {row.address} ({row.origin}{process})"
