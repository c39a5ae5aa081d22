"""``hubstat indices``: index templates, shipped against installed."""

from __future__ import annotations

from collections.abc import Callable

import typer

from hubstat import engines
from hubstat.elastic import indices as templates
from hubstat.elastic.client import connect
from hubstat.elastic.retry import briefly
from hubstat.settings import Settings


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the commands on ``app``; ``settings`` gives the settings when one runs."""
    group = typer.Typer(no_args_is_help=True, help="Index templates, shipped against installed.")
    app.add_typer(group, name="indices")

    @group.command()
    def diff() -> None:
        """Print what is not installed as shipped; exit code 1 if anything is."""
        chosen = settings()
        url = engines.locate(chosen).elasticsearch_url
        with connect(chosen.elasticsearch, url) as client:
            found = briefly(lambda: templates.differences(client, chosen), url)
        for difference in found:
            typer.echo(str(difference))
        typer.echo(f"{len(found)} differences in namespace {chosen.namespace}")
        raise typer.Exit(1 if found else 0)

    @group.command()
    def apply() -> None:
        """Install the shipped templates, printing each change; existing indices get new fields and dynamic settings."""
        chosen = settings()
        url = engines.locate(chosen).elasticsearch_url
        with connect(chosen.elasticsearch, url) as client:
            found = briefly(lambda: templates.differences(client, chosen), url)
            for difference in found:
                typer.echo(str(difference))
            briefly(lambda: templates.apply(client, chosen), url)
            left = briefly(lambda: templates.differences(client, chosen), url)
        typer.echo(f"{len(found) - len(left)} differences applied, {len(left)} remain in namespace {chosen.namespace}")
        for difference in left:
            typer.echo(f"remains (existing indices keep it): {difference}")
