"""A process beside that of the board: what is made there takes no turn of the board's interpreter."""

from __future__ import annotations

import gc
import itertools
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from typing import Final, NamedTuple, ParamSpec, TypeVar

from aggregations.reader import Reader
from hubstat.elastic.client import connect
from hubstat.elastic.store import Store
from hubstat.errors import HubstatError
from hubstat.settings import ElasticsearchSettings

_NICE: Final = 10
# After so long (s of the processor) it is time for a rest.
_STRETCH: Final = 0.05
# Of so many dates a process keeps what it knows: those that are looked at at once, or nearly.
DATES_KEPT: Final = 4
# How long a process may take to end.
_LAST_SECONDS: Final = 3.0
# What works on many objects and makes few cycles looks for these seldom: at Python's own thresholds that takes a third
# of the time.
COLLECTED: Final = (100_000, 20, 20)
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


class Failed(RuntimeError):
    """What was called there failed for a reason that nobody foresaw; the message names it."""


class Elsewhere:
    """A process, begun when it is first needed, and again if it died: what it knew is gone then.

    nice: how much everything else on the machine goes before it. took: what Elasticsearch took for all that it was
    asked, ms, as those who ask add it up.
    """

    def __init__(self, source: Source, nice: int = 0) -> None:
        self._of: Final = (source, nice)
        self._spawn: Final = multiprocessing.get_context("spawn")
        self._over: Final = threading.Event()
        self._lock: Final = threading.RLock()
        self._pool: ProcessPoolExecutor | None = None
        self._held: Connection | None = None
        self._begun = 0
        self.process_id = 0
        self.took = 0

    @contextmanager
    def alone(self) -> Iterator[int]:
        """Nobody else calls meanwhile: for calls that belong together. Gives how often the process was begun.

        Raises ``Abandoned`` once closed.
        """
        with self._lock:
            if self._over.is_set():
                raise Abandoned
            if self._pool is None:
                # It ends where this end is closed, or goes with this process.
                told, self._held = self._spawn.Pipe(duplex=False)
                self._pool = ProcessPoolExecutor(1, self._spawn, initializer=_begin, initargs=(*self._of, told))
                self._begun += 1
                self.process_id = self.call(os.getpid)
            yield self._begun

    def call(self, function: Callable[_P, _T], *arguments: _P.args, **more: _P.kwargs) -> _T:
        """What a function of a module gives there. Within ``alone``.

        Raises ``HubstatError`` with the message of one, ``Failed`` for anything else that was raised there,
        ``BrokenProcessPool`` where the process has died, ``Abandoned`` once closed.
        """
        with self._lock:
            pool = self._pool
            try:
                if pool is None:
                    raise Abandoned
                return pool.submit(_called, partial(function, *arguments, **more)).result()
            except (CancelledError, RuntimeError) as error:
                if self._over.is_set():
                    raise Abandoned from None
                if isinstance(error, BrokenProcessPool) and pool is not None:
                    pool.shutdown(wait=False)
                    self._pool = None
                raise

    def close(self) -> None:
        """End the process, at once where it asks (``Turns``), else when it is ready or after some seconds."""
        self._over.set()
        pool, held = self._pool, self._held
        if pool is None or held is None:
            return
        held.close()
        pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            if process.pid == self.process_id:
                process.join(_LAST_SECONDS)
                process.terminate()
                process.join(_LAST_SECONDS)


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
    ended: Connection


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
        if _Here.ended.poll(self._rests * worked):
            raise Abandoned
        self.rested += time.monotonic() - began
        self._since = time.process_time()


def reader() -> Reader:
    """The reader of this other process."""
    return _Here.reader


def _begin(source: Source, nice: int, ended: Connection) -> None:
    # Who began this process ends it: Ctrl-C comes to both.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(nice)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gc.freeze()
    gc.set_threshold(*COLLECTED)
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
    except HubstatError as error:  # not every kind of error can be sent
        raise HubstatError(str(error)) from error
    except Exception as error:
        raise Failed(f"{type(error).__name__}: {error}") from error
