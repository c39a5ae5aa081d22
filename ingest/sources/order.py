"""The order in which records are sent. When each was received is told by the record itself and stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random

from hubstat.errors import SourceError
from ingest.sources.record import Outgoing


def parse_order(text: str) -> tuple[str, int]:
    """``file``, ``time``, ``reverse`` or ``shuffle:SEED`` as (name, seed). Raises SourceError."""
    name, _, seed = text.partition(":")
    if name == "shuffle" and seed.isascii() and seed.isdigit():
        return name, int(seed)
    if text in {"file", "time", "reverse"}:
        return text, 0
    raise SourceError(f"--order {text}: unknown; use file, time, reverse or shuffle:SEED such as shuffle:7")


def in_order(records: Iterable[Outgoing], order: tuple[str, int]) -> Iterator[Outgoing]:
    """Records in an order of ``parse_order``: as read; by received time (those without it first); backwards; mixed up.

    All but ``file`` read everything into memory first.
    """
    name, seed = order
    if name == "file":
        return iter(records)
    everything = list(records)
    if name == "time":
        everything.sort(key=lambda record: record.received_ms or 0)
    elif name == "reverse":
        everything.reverse()
    else:
        Random(seed).shuffle(everything)
    return iter(everything)
