"""``hubstat audit``: every figure of a service date and every event, against a second program."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from hubstat.commands.query import AsOfOption, DateOption, KnownAtOption, day_of, moment_of, reading
from hubstat.domain import time as tm
from hubstat.elastic import audits
from hubstat.elastic.audits import Audit
from hubstat.engines import locate
from hubstat.settings import Settings

if TYPE_CHECKING:
    from hubstat.audit import Account, Result

_SHOWN: Final = 20


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the command on ``app``; ``settings`` gives the settings when it runs."""

    @app.command()
    def audit(
        service_date: DateOption,
        as_of: AsOfOption = None,
        known_at: KnownAtOption = None,
        most: Annotated[int, typer.Option(help="How many differences to print.")] = _SHOWN,
        record: Annotated[bool, typer.Option("--record", help="Keep the result for `hubstat audits list`.")] = False,
    ) -> None:
        """Compare every figure and every event with a second program that shares no code; exit 1 on any difference."""
        from hubstat.audit import Auditor  # here, because it brings the worker, and Faust takes a second to import

        chosen = settings()
        day = day_of(service_date)
        began = time.time()
        with reading(chosen) as reader, Console(stderr=True).status("reading") as status:
            auditor = Auditor(chosen, locate(chosen), reader, lambda what, count: status.update(f"{what}: {count:,}"))
            result = asyncio.run(
                auditor.run(day, moment_of(chosen, "--as-of", as_of), moment_of(chosen, "--known-at", known_at))
            )
        report = list(_report(result, reader.zone, most))
        typer.echo("\n".join(report))
        if record:
            _record(chosen, result, began, report)
        if not result.clean:
            raise typer.Exit(1)


def _report(result: Result, zone: ZoneInfo, most: int) -> Iterator[str]:
    yield (
        f"service date {result.service_date}, as of {tm.iso_local(result.moment.as_of, zone)}, "
        f"known at {tm.iso_local(result.moment.known_at, zone)}"
    )
    yield from _account("invoice-events", result.invoice_events, most)
    yield from _account("friend-events", result.friend_events, most)
    for found in result.differences[:most]:
        yield (
            f"differs: {found.direction} {found.wave} {found.node} {found.figure}: "
            f"the oracle says {found.oracle}, the reader {found.reader}"
        )
    yield f"{result.cells:,} cells compared, {len(result.differences):,} differing"


def _account(topic: str, account: Account, most: int) -> Iterator[str]:
    yield (
        f"{topic}: {account.records:,} records = {account.stored:,} stored + {account.repeated:,} repeated + "
        f"{account.refused:,} dead letters + {account.derived:,} derived by hubstat"
    )
    for name, problems in (("lost", account.lost), ("not from the topic", account.extra), ("twin", account.twins)):
        for problem in problems[:most]:
            yield f"{name}: {problem}"
        if problems:
            yield f"{topic}: {len(problems):,} {name}"


def _record(settings: Settings, result: Result, began: float, report: list[str]) -> None:
    accounts = (result.invoice_events, result.friend_events)
    found = Audit(
        service_date=result.service_date.isoformat(),
        as_of=result.moment.as_of,
        known_at=result.moment.known_at,
        cells=result.cells,
        differing=len(result.differences),
        lost=sum(len(each.lost) + len(each.extra) + len(each.twins) for each in accounts),
        clean=result.clean,
        began_at=int(began * 1000),
        seconds=time.time() - began,
        report=report,
    )
    with reading(settings) as reader:
        audits.keep(reader.store.client, settings.namespace, found)
