"""``hubstat refold``: stored documents folded anew from their events, after a new version has changed the fold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console

from hubstat.commands.query import day_of, reading
from hubstat.domain import time as tm
from hubstat.elastic import indices
from hubstat.elastic.retry import briefly
from hubstat.elastic.writer import Writer
from hubstat.engines import locate
from hubstat.settings import Settings
from ingest.refold import Refolder


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the command on ``app``; ``settings`` gives the settings when it runs."""

    @app.command()
    def refold(
        service_date: Annotated[
            str | None, typer.Option("--date", help="Only what concerns this service date.")
        ] = None,
    ) -> None:
        """Write derived fields of stored documents anew from their events where they differ; may run beside ingest."""
        chosen = settings()
        day = None if service_date is None else day_of(service_date)
        url = locate(chosen).elasticsearch_url
        with reading(chosen) as reader, Console(stderr=True).status("reading") as status:
            briefly(lambda: indices.ensure(reader.store.client, chosen), url)
            writer = Writer(chosen.elasticsearch, url)
            try:
                folder = Refolder(
                    reader.store,
                    writer,
                    tm.zone(chosen.country),
                    lambda read, changed: status.update(f"{read:,} documents read, {changed:,} changed"),
                )
                done = asyncio.run(folder.run(day))
            finally:
                writer.close()
        left = f", {done.overtaken:,} left to ingest, which wrote them meanwhile" if done.overtaken else ""
        typer.echo(f"{done.read:,} documents read, {done.changed:,} changed{left}")
