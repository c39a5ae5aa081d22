"""``hubstat hubs``: the master data of the network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from hubstat import engines
from hubstat.commands.replay import master_data_texts
from hubstat.elastic import facts, indices, marks
from hubstat.elastic import hubs as installed
from hubstat.elastic.client import connect
from hubstat.elastic.retry import briefly
from hubstat.settings import Settings


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the command on ``app``; ``settings`` gives the settings when it runs."""
    group = typer.Typer(no_args_is_help=True, help="Master data of the network.")
    app.add_typer(group, name="hubs")

    @group.callback()
    def _group() -> None:
        """Master data of the network."""

    @group.command()
    def load(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with hubs.csv and others.")]) -> None:
        """Check all master data files of a folder and install them, all or nothing."""
        chosen = settings()
        texts = master_data_texts(folder)
        url = engines.locate(chosen).elasticsearch_url
        with connect(chosen.elasticsearch, url) as client:
            briefly(lambda: indices.ensure(client, chosen), url)
            before = briefly(lambda: installed.installed_version(client, chosen.namespace), url)
            data = briefly(lambda: installed.install(client, chosen.namespace, texts, chosen.country), url)
            if data.version != before:
                # Other hubs or reasons may change every figure there is.
                dates = briefly(lambda: facts.records(client, chosen.namespace), url)
                briefly(lambda: marks.put(client, chosen.namespace, dates), url)
        typer.echo(
            f"loaded {', '.join(texts)} as version {data.version}: {len(data.hierarchy.rows)} camp rows, "
            f"{len(data.friends)} Friends, {len(data.owners)} owners, {len(data.reasons)} reasons, "
            f"{len(data.waves)} waves"
        )
