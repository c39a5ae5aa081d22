"""What `replay` and `simulate` share: the installation they send to, progress, and waiting until figures show it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from hubstat import runfile
from hubstat.elastic import dead_letters, hubs
from hubstat.elastic.client import connect
from hubstat.elastic.retry import briefly
from hubstat.elastic.store import Store
from hubstat.engines import EngineAddresses, locate
from hubstat.errors import HubstatError
from hubstat.settings import Settings
from ingest.progress import wait_until_ingested
from ingest.sources.sender import Sendable, Sender, Sent

_Result = TypeVar("_Result")


@dataclass(slots=True)
class Target:
    """The running installation that records are sent to."""

    settings: Settings
    addresses: EngineAddresses

    @classmethod
    def find(cls, settings: Settings) -> Target:
        """That of this namespace. Raises HubstatError where none runs on this machine and the settings name none."""
        addresses = locate(settings)
        # Engines that the settings name may serve an installation elsewhere, such as one in containers.
        if addresses.origin != "settings" and runfile.read(settings) is None:
            raise HubstatError(f"hubstat is not up in namespace {settings.namespace}: run `hubstat up` first")
        return cls(settings, addresses)

    def install_master_data(self, texts: Mapping[str, str]) -> None:
        """Install master data (file name → CSV text), all or nothing. Raises MasterDataError, EngineError."""
        self._ask(lambda store: hubs.install(store.client, store.namespace, texts, self.settings.country))

    def identity(self) -> str:
        """Tells this namespace's store from another one, also from one that was emptied. Raises EngineError."""
        return self._ask(Store.identity)

    def dead_letters(self) -> int:
        """Dead letters so far. Raises EngineError."""
        self._ask(Store.refresh)
        return self._ask(lambda store: dead_letters.count(store.client, store.namespace))

    def _ask(self, work: Callable[[Store], _Result]) -> _Result:
        url = self.addresses.elasticsearch_url
        client = connect(self.settings.elasticsearch, url)
        try:
            return briefly(lambda: work(Store(client, self.settings.namespace)), url)
        finally:
            client.close()

    async def send(
        self, records: Iterable[Sendable], progress: Meter, wait: Callable[[Sendable], float] | None = None
    ) -> Sent:
        """Send records; ``wait`` as in ``Sender.send_all``. Raises EngineError, SourceError."""
        async with Sender(self.settings, self.addresses.kafka_bootstrap) as sender:
            return await sender.send_all(records, wait, progress.sent)

    async def settle(self, progress: Meter) -> None:
        """Return once figures show all that was sent. Raises EngineError."""
        await wait_until_ingested(self.settings, self.addresses.kafka_bootstrap, progress.left)
        await asyncio.to_thread(self._ask, Store.refresh)


class Meter:
    """Progress on standard error: records sent, then records that ingest has yet to write."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._sending: TaskID | None = None
        self._waiting: TaskID | None = None
        self._playing: TaskID | None = None
        self._most = 0

    def expect(self, total: int) -> None:
        """Tell how many records there will be."""
        if self._sending is None:
            self._sending = self._progress.add_task("sending", total=total)

    def sent(self, count: int) -> None:
        """Records sent so far."""
        if self._sending is None:
            self._sending = self._progress.add_task("sending", total=None)
        self._progress.update(self._sending, completed=count)

    def left(self, count: int) -> None:
        """Records that ingest has yet to write."""
        self._most = max(self._most, count)
        if self._waiting is None:
            self._waiting = self._progress.add_task("ingesting", total=None)
        self._progress.update(self._waiting, total=self._most, completed=self._most - count)

    def camps(self, done: int, total: int) -> None:
        """Camps simulated so far."""
        if self._playing is None:
            self._playing = self._progress.add_task("simulating camps", total=total)
        self._progress.update(self._playing, completed=done)


@contextmanager
def meter() -> Iterator[Meter]:
    """A progress display for the time of a command."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield Meter(progress)
