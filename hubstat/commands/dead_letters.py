"""``hubstat dead-letters``: the records that were refused and why; mending them and sending them again."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import unified_diff
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Any, Final
from unicodedata import category

import orjson
import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from hubstat.commands.query import moment_of
from hubstat.domain import time as tm
from hubstat.elastic import dead_letters as letters
from hubstat.elastic.client import connect
from hubstat.elastic.dead_letters import DeadLetter, Filter, Place, Resent
from hubstat.elastic.retry import briefly, explained
from hubstat.elastic.store import Store
from hubstat.engines import EngineAddresses, locate
from hubstat.errors import HubstatError, QueryError
from hubstat.settings import Settings
from ingest import resend as sending
from ingest.resend import Outgoing
from ingest.topics import Topics


class StateChoice(StrEnum):
    """Whether letters were sent again."""

    open = "open"
    resent = "resent"
    all = "all"


LetterId = Annotated[str, typer.Argument(metavar="ID", help="topic-partition-offset, as listed.")]
Reason = Annotated[str | None, typer.Option(help="Only letters of this reason, such as missing_field.")]
Topic = Annotated[str | None, typer.Option(help="Only of this topic; without the namespace too: invoice-events.")]
Since = Annotated[str | None, typer.Option(help="Only received then or later; without offset it is local.")]
Until = Annotated[str | None, typer.Option(help="Only received then or earlier.")]
Text = Annotated[str | None, typer.Option(help="Only with this text in detail, field, key, value or a header.")]
Pairs = list[str] | None
_FIELD: Final = "FIELD=VALUE"
# Unicode's control and format characters, half a surrogate, and what ends a line or a paragraph.
_OBEYED: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the commands on ``app``; ``settings`` gives the settings when one runs."""
    group = typer.Typer(no_args_is_help=True, help="Records that were refused.")
    app.add_typer(group, name="dead-letters")

    @group.command(name="list")
    def list_letters(
        reason: Reason = None,
        topic: Topic = None,
        since: Since = None,
        until: Until = None,
        text: Text = None,
        state: Annotated[StateChoice, typer.Option(help="Whether they were sent again.")] = StateChoice.open,
        limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
        after: Annotated[str | None, typer.Option(metavar="ID", help="Go on behind this letter.")] = None,
    ) -> None:
        """List letters by topic, partition and offset: id, received time, reason, what is wrong; then how many."""
        desk = _Desk(settings())
        which = replace(desk.filter(reason, topic, since, until, text), state=state.value)
        with desk.open() as store:
            found = letters.scan(store.client, store.namespace, which, None if after is None else _place(after))
            shown = list(islice(found, limit))
            for letter in shown:
                typer.echo(desk.line(letter))
            if next(found, None) is not None:
                typer.echo(f"more: add --after {shown[-1].id}")
            for name, number in _reasons(store, which).items():
                typer.echo(f"{number:>10,}  {name}")
            total = letters.count(store.client, store.namespace)
        typer.echo(f"{total} dead letters in namespace {store.namespace}, sent again or not")

    @group.command()
    def show(letter_id: LetterId) -> None:
        """Show one letter with its raw record, its headers, and when it was sent again."""
        desk = _Desk(settings())
        letter = desk.get(letter_id)
        for name in ("reason", "field", "detail", "topic", "partition", "offset"):
            typer.echo(f"{name}: {_harmless(str(getattr(letter, name)))}")
        typer.echo(f"received: {desk.time(letter.received)}")
        for name, value in letter.headers:
            typer.echo(f"header {_harmless(name)}: {_readable(value)}")
        typer.echo(f"key: {_readable(letter.key)}")
        typer.echo(f"value: {_readable(letter.raw)}")
        for each in letter.resent:
            how = "mended and sent again" if each.mended else "sent again"
            typer.echo(f"{how}: {desk.time(each.at)} by {each.by} as {each.topic}-{each.partition}-{each.offset}")

    @group.command()
    def mend(
        letter_id: LetterId,
        texts: Annotated[Pairs, typer.Option("--set", metavar=_FIELD, help="Set a field to a text.")] = None,
        values: Annotated[Pairs, typer.Option("--set-json", metavar=_FIELD, help="Set a field to JSON.")] = None,
        unset: Annotated[Pairs, typer.Option("--unset", metavar="FIELD", help="Take a field out.")] = None,
        value: Annotated[
            Path | None, typer.Option("--value", metavar="FILE", exists=True, dir_okay=False, help="A whole value.")
        ] = None,
        headers: Annotated[
            Pairs, typer.Option("--header", metavar="NAME=VALUE", help="Set a header; NAME= takes it out.")
        ] = None,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask before sending.")] = False,
    ) -> None:
        """Change a letter's record, check it as ingest will, show what changes, and send it as a new record."""
        desk = _Desk(settings())
        letter = desk.get(letter_id)
        fields = _pairs("--set", texts) | {
            name: _json(name, text) for name, text in _pairs("--set-json", values).items()
        }
        if value is not None and (fields or unset):
            raise QueryError("--value gives the whole value: leave out --set, --set-json and --unset")
        changed = value.read_bytes() if value is not None else letter.raw or b""
        if fields or unset:
            changed = sending.with_fields(letter, fields, unset or ())
        set_headers = {name: text.encode() or None for name, text in _pairs("--header", headers).items()}
        record = sending.mended(desk.settings, letter, changed, set_headers, trusted=desk.trusted)
        difference = list(_difference(letter, record))
        if not difference:
            raise QueryError("nothing changes: say what with --set, --set-json, --unset, --value or --header")
        for line in difference:
            typer.echo(line)
        if letter.resent:
            typer.echo(f"it was sent again {len(letter.resent)} times already")
        if yes or typer.confirm("send it?"):
            desk.send([record])
            typer.echo(f"sent 1 record to {letter.topic}")

    @group.command()
    def resend(
        letter_ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Letters to send.")] = None,
        reason: Reason = None,
        topic: Topic = None,
        since: Since = None,
        until: Until = None,
        text: Text = None,
        everything: Annotated[bool, typer.Option("--all", help="All open letters.")] = False,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which.")] = False,
        again: Annotated[bool, typer.Option("--again", help="Also those named that were sent again already.")] = False,
    ) -> None:
        """Send letters again as they are: those named, or open ones by filter. What is refused again comes back."""
        desk = _Desk(settings())
        filtered = any(each is not None for each in (reason, topic, since, until, text)) or everything
        if bool(letter_ids) == filtered:
            raise HubstatError("say which letters to send again: give ids, or a filter such as --reason, or --all")
        with desk.open() as store:
            named = [desk.get(each) for each in dict.fromkeys(letter_ids or ())]
            if not again and (sent := [letter.id for letter in named if letter.resent]):
                raise HubstatError(f"{', '.join(sent)}: sent again already; add --again to send it once more")
            chosen: Iterable[DeadLetter] = named
            if filtered:
                # What is refused again meanwhile comes back later than now.
                which = desk.filter(reason, topic, since, until, text, latest=time.time_ns() // 1_000_000)
                chosen = letters.scan(store.client, store.namespace, which)
            if dry_run:
                count = 0
                for letter in chosen:
                    count += 1
                    typer.echo(desk.line(letter))
                typer.echo(f"would send {count} records again")
                return
            records = (sending.unchanged(letter, trusted=desk.trusted) for letter in chosen)
            typer.echo(f"sent {desk.send(records)} records again")


@dataclass(slots=True)
class _Desk:
    """What the commands share: where the letters are, and how they are sent."""

    settings: Settings
    _addresses: EngineAddresses | None = None

    @property
    def addresses(self) -> EngineAddresses:
        if self._addresses is None:
            self._addresses = locate(self.settings)
        return self._addresses

    @property
    def trusted(self) -> bool:
        from ingest.worker import trusts_received_at  # here, because Faust takes a second to import

        return trusts_received_at(self.settings, self.addresses)

    @contextmanager
    def open(self) -> Iterator[Store]:
        """The store. Raises EngineError, also while reading, where Elasticsearch does not answer."""
        url = self.addresses.elasticsearch_url
        with explained(url), connect(self.settings.elasticsearch, url) as client:
            yield Store(client, self.settings.namespace)

    def get(self, letter_id: str) -> DeadLetter:
        """A letter by id. Raises HubstatError where there is none."""
        with self.open() as store:
            url = self.addresses.elasticsearch_url
            letter = briefly(lambda: letters.get(store.client, store.namespace, letter_id), url)
        if letter is None:
            raise HubstatError(
                f"no dead letter {letter_id} in namespace {self.settings.namespace}: see `hubstat dead-letters list`"
            )
        return letter

    def filter(
        self,
        reason: str | None,
        topic: str | None,
        since: str | None,
        until: str | None,
        text: str | None,
        latest: int | None = None,
    ) -> Filter:
        """Open letters by what was asked for; latest: the greatest received time, ms. Raises QueryError."""
        if topic is not None:
            known = Topics.of(self.settings.namespace).names()
            named = [name for name in known if topic in (name, name.removeprefix(f"{self.settings.namespace}-"))]
            if not named:
                raise QueryError(f"--topic {topic}: topics of this namespace are {', '.join(known)}")
            topic = named[0]
        to = moment_of(self.settings, "--until", until)
        return Filter(reason, topic, moment_of(self.settings, "--since", since), latest if to is None else to, text)

    def send(self, records: Iterable[Outgoing]) -> int:
        """Send records, note it in their letters, and show how far it is; how many were sent."""
        columns = (SpinnerColumn(), TextColumn("sending"), MofNCompleteColumn(), TimeElapsedColumn())
        with self.open() as store, Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("sending", total=None)

            def note(sent: Sequence[tuple[DeadLetter, Resent]]) -> None:
                url = self.addresses.elasticsearch_url
                briefly(lambda: letters.note_resent(store.client, store.namespace, sent), url)
                progress.advance(task, len(sent))

            return asyncio.run(sending.resend(self.settings, self.addresses.kafka_bootstrap, records, note))

    def line(self, letter: DeadLetter) -> str:
        """A letter in one line."""
        what = f"{letter.field}: {letter.detail}" if letter.field else letter.detail
        again = "  sent again" if letter.resent else ""
        return f"{letter.id}  {self.time(letter.received)}  {letter.reason}  {_line(what, 200)}{again}"

    def time(self, instant: int) -> str:
        """A time in the country's zone."""
        return tm.iso_local(instant, tm.zone(self.settings.country))


def _reasons(store: Store, which: Filter) -> dict[str, int]:
    if which.text is None:
        return letters.reasons(store.client, store.namespace, which)
    counts = Counter(letter.reason for letter in letters.scan(store.client, store.namespace, which))
    return dict(counts.most_common())


def _place(letter_id: str) -> Place:
    topic, *numbers = letter_id.rsplit("-", 2)
    if len(numbers) != 2 or not all(each.isdigit() for each in numbers):
        raise QueryError(f"--after {letter_id}: a letter's id is topic-partition-offset")
    return topic, int(numbers[0]), int(numbers[1])


def _pairs(option: str, given: Pairs) -> dict[str, str]:
    pairs = [text.partition("=") for text in given or ()]
    if wrong := [name for name, sign, _ in pairs if not sign or not name]:
        raise QueryError(f"{option} {wrong[0]}: write name=value")
    return {name: value for name, _, value in pairs}


def _json(name: str, text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise QueryError(f"--set-json {name}={text}: no JSON ({error}); a text goes with --set") from None


def _difference(letter: DeadLetter, record: Outgoing) -> Iterator[str]:
    before = _lines(letter.key, letter.raw, letter.headers)
    after = _lines(record.key, record.value, record.headers)
    return unified_diff(before, after, f"{letter.id} as it was refused", "as it will be sent", lineterm="", n=50)


def _lines(key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes]]) -> list[str]:
    try:
        shown = orjson.dumps(orjson.loads(value or b""), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        shown = _readable(value)
    first = [f"key: {_readable(key)}", *(f"header {_harmless(name)}: {_readable(each)}" for name, each in headers)]
    return list(chain(first, map(_harmless, shown.split("\n"))))


def _readable(value: bytes | None) -> str:
    if value is None:
        return "(none)"
    try:
        return _harmless(value.decode())
    except UnicodeDecodeError:
        return repr(value)


def _harmless(text: str) -> str:
    """Text with what a terminal would obey, or show nothing of, escaped: a record's sender decides what is in it."""
    return "".join(each if category(each) not in _OBEYED else ascii(each)[1:-1] for each in text)


def _line(text: str, most: int) -> str:
    """Text on one line of a terminal, cut to a length."""
    shown = _harmless(json.dumps(text, ensure_ascii=False)[1:-1])
    return shown if len(shown) <= most else shown[: most - 1] + "…"
