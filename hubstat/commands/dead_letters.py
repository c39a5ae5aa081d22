"""``hubstat dead-letters``: the records that were refused, why, and sending them again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import islice
from typing import Annotated

import typer

from hubstat import engines
from hubstat.domain import time as tm
from hubstat.elastic import dead_letters as letters
from hubstat.elastic.client import connect
from hubstat.elastic.dead_letters import DeadLetter
from hubstat.elastic.retry import briefly
from hubstat.errors import HubstatError
from hubstat.settings import Settings
from ingest.resend import resend as send_again

Reason = Annotated[str | None, typer.Option(help="Only letters of this reason, such as missing_field.")]


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the commands on ``app``; ``settings`` gives the settings when one runs."""
    group = typer.Typer(no_args_is_help=True, help="Records that were refused.")
    app.add_typer(group, name="dead-letters")

    @group.command(name="list")
    def list_letters(
        reason: Reason = None,
        limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    ) -> None:
        """List letters by topic, partition and offset: id, received time, reason and what is wrong."""
        chosen = settings()
        zone = tm.zone(chosen.country)
        for letter in _find(chosen, reason, limit):
            what = f"{letter.field}: {letter.detail}" if letter.field else letter.detail
            typer.echo(f"{letter.id}  {tm.iso_local(letter.received, zone)}  {letter.reason}  {_line(what, 200)}")
        typer.echo(f"{_count(chosen)} dead letters in namespace {chosen.namespace}")

    @group.command()
    def show(
        letter_id: Annotated[str, typer.Argument(metavar="ID", help="topic-partition-offset, as listed.")],
    ) -> None:
        """Show one letter with its raw record."""
        chosen = settings()
        letter = _get(chosen, letter_id)
        for name in ("reason", "field", "detail", "topic", "partition", "offset"):
            typer.echo(f"{name}: {getattr(letter, name)}")
        typer.echo(f"received: {tm.iso_local(letter.received, tm.zone(chosen.country))}")
        for name, value in letter.headers:
            typer.echo(f"header {name}: {_readable(value)}")
        typer.echo(f"key: {_readable(letter.key)}")
        typer.echo(f"value: {_readable(letter.raw)}")

    @group.command()
    def resend(
        letter_ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Letters to send.")] = None,
        reason: Reason = None,
    ) -> None:
        """Send letters again, by id or by reason, and take them out once Kafka has them; refused ones come back."""
        chosen = settings()
        if bool(letter_ids) == bool(reason):
            raise HubstatError("say which letters to send again: give ids, or --reason")
        chosen_letters = [_get(chosen, each) for each in letter_ids or ()] or _find(chosen, reason, None)
        asyncio.run(send_again(chosen, engines.locate(chosen).kafka_bootstrap, chosen_letters))
        url = engines.locate(chosen).elasticsearch_url
        with closing(connect(chosen.elasticsearch, url)) as client:
            for letter in chosen_letters:
                briefly(partial(letters.remove, client, chosen.namespace, letter.id), url)
        typer.echo(f"sent {len(chosen_letters)} records again")


def _find(settings: Settings, reason: str | None, limit: int | None) -> list[DeadLetter]:
    url = engines.locate(settings).elasticsearch_url
    with closing(connect(settings.elasticsearch, url)) as client:
        return briefly(lambda: list(islice(letters.scan(client, settings.namespace, reason), limit)), url)


def _count(settings: Settings) -> int:
    url = engines.locate(settings).elasticsearch_url
    with closing(connect(settings.elasticsearch, url)) as client:
        return briefly(lambda: letters.count(client, settings.namespace), url)


def _get(settings: Settings, letter_id: str) -> DeadLetter:
    url = engines.locate(settings).elasticsearch_url
    with closing(connect(settings.elasticsearch, url)) as client:
        letter = briefly(lambda: letters.get(client, settings.namespace, letter_id), url)
    if letter is None:
        raise HubstatError(
            f"no dead letter {letter_id} in namespace {settings.namespace}: see `hubstat dead-letters list`"
        )
    return letter


def _readable(value: bytes | None) -> str:
    if value is None:
        return "(none)"
    try:
        return value.decode()
    except UnicodeDecodeError:
        return repr(value)


def _line(text: str, most: int) -> str:
    """Text on one line of a terminal: control characters escaped, cut to a length."""
    shown = json.dumps(text, ensure_ascii=False)[1:-1]
    return shown if len(shown) <= most else shown[: most - 1] + "…"
