"""``hubstat audit``: every figure of a service date and every event, against a second program."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console

from hubstat.commands.query import AsOfOption, DateOption, KnownAtOption, day_of, moment_of, reading
from hubstat.domain import time as tm
from hubstat.engines import locate
from hubstat.settings import Settings

if TYPE_CHECKING:
    from hubstat.audit import Account

_SHOWN: Final = 20


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the command on ``app``; ``settings`` gives the settings when it runs."""

    @app.command()
    def audit(
        service_date: DateOption,
        as_of: AsOfOption = None,
        known_at: KnownAtOption = None,
        most: Annotated[int, typer.Option(help="How many differences to print.")] = _SHOWN,
    ) -> None:
        """Compare every figure and every event with a second program that shares no code; exit 1 on any difference."""
        from hubstat.audit import Auditor  # here, because it brings the worker, and Faust takes a second to import

        chosen = settings()
        day = day_of(service_date)
        with reading(chosen) as reader, Console(stderr=True).status("reading") as status:
            auditor = Auditor(chosen, locate(chosen), reader, lambda what, count: status.update(f"{what}: {count:,}"))
            result = asyncio.run(
                auditor.run(day, moment_of(chosen, "--as-of", as_of), moment_of(chosen, "--known-at", known_at))
            )
        typer.echo(
            f"service date {day}, as of {tm.iso_local(result.moment.as_of, reader.zone)}, "
            f"known at {tm.iso_local(result.moment.known_at, reader.zone)}"
        )
        _account("invoice-events", result.invoice_events, most)
        _account("friend-events", result.friend_events, most)
        for found in result.differences[:most]:
            typer.echo(
                f"differs: {found.direction} {found.wave} {found.node} {found.figure}: "
                f"the oracle says {found.oracle}, the reader {found.reader}"
            )
        typer.echo(f"{result.cells:,} cells compared, {len(result.differences):,} differing")
        if not result.clean:
            raise typer.Exit(1)


def _account(topic: str, account: Account, most: int) -> None:
    typer.echo(
        f"{topic}: {account.records:,} records = {account.stored:,} stored + {account.repeated:,} repeated + "
        f"{account.refused:,} dead letters + {account.derived:,} derived by hubstat"
    )
    for name, problems in (("lost", account.lost), ("not from the topic", account.extra), ("twin", account.twins)):
        for problem in problems[:most]:
            typer.echo(f"{name}: {problem}")
        if problems:
            typer.echo(f"{topic}: {len(problems):,} {name}")
