"""``hubstat replay``: events of files, sent to Kafka as if they came in now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from hubstat.commands.streams import Target, meter
from hubstat.domain import time as tm
from hubstat.domain.masterdata import FILES
from hubstat.errors import MasterDataError, SourceError
from hubstat.settings import Settings
from ingest.sources.files import check, read_contract
from ingest.sources.lade import LadeOptions, parse_promise, read_lade
from ingest.sources.order import in_order, parse_order
from ingest.sources.record import Outgoing


class Format(StrEnum):
    """Forms of files that can be replayed."""

    CONTRACT = "contract"
    LADE = "lade"


class RecordKind(StrEnum):
    """Kinds of events."""

    INVOICE = "invoice"
    FRIEND = "friend"


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the command on ``app``; ``settings`` gives the settings when it runs."""

    @app.command()
    def replay(
        files: Annotated[list[Path], typer.Argument(help="NDJSON, CSV or Parquet files; sent one after the other.")],
        form: Annotated[Format, typer.Option("--format", help="Form of the files.")] = Format.CONTRACT,
        kind: Annotated[
            RecordKind | None, typer.Option(help="What the records are; else each is judged by its fields.")
        ] = None,
        order: Annotated[
            str, typer.Option(help="Order of sending: file, time, reverse or shuffle:SEED. Received times stay.")
        ] = "file",
        hubs: Annotated[
            Path | None, typer.Option(help="Master data to load first: a hubs.csv, or a folder of master data files.")
        ] = None,
        year: Annotated[int | None, typer.Option(min=1970, max=9998, help="LaDe: the year of its times.")] = None,
        service_date: Annotated[
            datetime | None, typer.Option(formats=["%Y-%m-%d"], help="LaDe: only parcels of this service date.")
        ] = None,
        promise: Annotated[str, typer.Option(help="LaDe: time of day of the promise, HH:MM.")] = "20:00",
        wait: Annotated[bool, typer.Option("--wait", help="Return when all of it is visible in figures.")] = False,
    ) -> None:
        """Send the events of files to the running installation, with progress and a summary."""
        chosen = settings()
        zone = tm.zone(chosen.country)
        sequence = parse_order(order)
        for path in files:
            check(path)
        if form is Format.LADE:
            if year is None:
                raise SourceError("--format lade needs --year: the file's times have none; for LaDe-D use 2022")
            day = service_date.date() if service_date else None
            lade = LadeOptions(year, parse_promise(promise), day)
            readers = [read_lade(path, lade, zone) for path in files]
        else:
            readers = [read_contract(path, kind.value if kind else None, zone) for path in files]
        target = Target.find(chosen)
        if hubs is not None:
            target.install_master_data(master_data_texts(hubs))
        asyncio.run(_replay(target, in_order(chain.from_iterable(readers), sequence), wait))


async def _replay(target: Target, records: Iterator[Outgoing], wait: bool) -> None:
    refused = 0
    before = target.dead_letters() if wait else 0
    with meter() as progress:
        sent = await target.send(records, progress)
        if wait:
            await target.settle(progress)
            refused = target.dead_letters() - before
    kinds = ", ".join(f"{count:,} {kind}-events" for kind, count in sorted(sent.by_kind.items()))
    typer.echo(f"sent {sent.total:,} records ({kinds})" + (f", {sent.cut} cut for their size" if sent.cut else ""))
    if wait:
        typer.echo(f"accepted {sent.total - refused:,}, refused {refused:,}" + (_WHERE if refused else ""))
    else:
        typer.echo(f"what is refused becomes a dead letter{_WHERE}")


_WHERE = ": see `hubstat dead-letters list`"


def master_data_texts(path: Path) -> dict[str, str]:
    """Master data texts by file name: of one hubs file, or of all known files of a folder. Raises MasterDataError."""
    paths = {name: path / name for name in FILES} if path.is_dir() else {"hubs.csv": path}
    try:
        texts = {name: file.read_text(encoding="utf-8-sig") for name, file in paths.items() if file.exists()}
    except (OSError, UnicodeDecodeError) as error:
        raise MasterDataError(f"{path}: cannot be read: {error}") from error
    if not texts:
        raise MasterDataError(f"{path}: no master data here; give a hubs.csv or a folder with {', '.join(FILES)}")
    return texts
