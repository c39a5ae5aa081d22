"""A process beside that of the board: what is made there takes no turn of the board's interpreter."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing.synchronize import Event
from typing import Final, NamedTuple, ParamSpec, TypeVar

from aggregations.reader import Reader
from hubstat.elastic.client import connect
from hubstat.elastic.store import Store
from hubstat.errors import HubstatError
from hubstat.settings import ElasticsearchSettings

_NICE: Final = 10
# After so long (s of the processor) it is time for a rest.
_STRETCH: Final = 0.05
_P = ParamSpec("_P")
_T = TypeVar("_T")


class Source(NamedTuple):
    """Where a reader reads from. url: of Elasticsearch."""

    settings: ElasticsearchSettings
    url: str
    namespace: str
    country: str

    def reader(self) -> Reader:
        """A reader of it."""
        return Reader(Store(connect(self.settings, self.url), self.namespace), self.country)


class Abandoned(Exception):
    """Nobody waits for it any more."""


class Elsewhere:
    """A process, begun when it is first needed, and again if it died. Calls come one after the other.

    nice: how much everything else on the machine goes before it. took: what Elasticsearch took for all that it was
    asked, ms, as those who ask add it up.
    """

    def __init__(self, source: Source, nice: int = 0) -> None:
        self._spawn: Final = multiprocessing.get_context("spawn")
        self._ended: Final = self._spawn.Event()
        self._of: Final = (source, nice, self._ended)
        self._pool: ProcessPoolExecutor | None = None
        self._begun = 0
        self.took = 0

    @property
    def process_id(self) -> int:
        """Of the process."""
        return self.call(os.getpid)

    def begin(self) -> int:
        """Have it run; how often it was begun: what it knew before is gone. Raises ``Abandoned`` once closed."""
        if self._ended.is_set():
            raise Abandoned
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, self._spawn, initializer=_begin, initargs=self._of)
            self._begun += 1
        return self._begun

    def call(self, function: Callable[_P, _T], *arguments: _P.args, **more: _P.kwargs) -> _T:
        """What a function of a module gives there.

        Raises ``HubstatError`` for what it raises, ``BrokenProcessPool`` where the process has died, ``Abandoned`` once
        closed.
        """
        self.begin()
        assert self._pool is not None
        try:
            return self._pool.submit(_called, partial(function, *arguments, **more)).result()
        except (CancelledError, RuntimeError) as error:
            if self._ended.is_set():
                raise Abandoned from None
            if isinstance(error, BrokenProcessPool):
                self._pool.shutdown(wait=False)
                self._pool = None
            raise

    def close(self) -> None:
        """End the process; what it is at, it gives up when it asks (``Turns``)."""
        self._ended.set()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class Processes:
    """Those of a board. folding: of the many Friends' documents of a tick. projecting: of the projections."""

    folding: Elsewhere
    projecting: Elsewhere

    @classmethod
    def of(cls, source: Source) -> Processes:
        """Everything else on the machine goes before a projection."""
        return cls(Elsewhere(source), Elsewhere(source, _NICE))

    def close(self) -> None:
        """End both."""
        self.projecting.close()
        self.folding.close()


def pieces(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Items, so many at once: they are packed and unpacked in one go, and nobody else has his turn meanwhile."""
    rest = iter(items)
    while piece := list(itertools.islice(rest, size)):
        yield piece


# -- in the other process ---------------------------------------------------------------------------------------------


class _Here:
    reader: Reader
    ended: Event


class Turns:
    """Asked in between long work whether to go on; it rests then, so that others have most of the machine.

    rests: for so many times as long as it has worked. rested: how long so far, s.
    """

    def __init__(self, rests: float) -> None:
        self._rests: Final = rests
        self._since = time.process_time()
        self.rested = 0.0

    def __call__(self) -> None:
        """Raises ``Abandoned`` where nobody waits any more for what this other process does."""
        worked = time.process_time() - self._since
        if worked < _STRETCH:
            return
        began = time.monotonic()
        if _Here.ended.wait(self._rests * worked):
            raise Abandoned
        self.rested += time.monotonic() - began
        self._since = time.process_time()


def reader() -> Reader:
    """The reader of this other process."""
    return _Here.reader


def _begin(source: Source, nice: int, ended: Event) -> None:
    # Who began this process ends it: Ctrl-C comes to both.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(nice)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _Here.reader, _Here.ended = source.reader(), ended


def _end_with_parent() -> None:
    """A pool's process does not notice by itself that the one that began it was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _called(function: Callable[[], _T]) -> _T:
    try:
        return function()
    except Abandoned:
        raise
    except Exception as error:  # not every kind of it can be sent
        raise HubstatError(f"{type(error).__name__}: {error}") from error
