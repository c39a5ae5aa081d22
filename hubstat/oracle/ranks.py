"""Percentiles by nearest rank, and whole minutes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from hubstat.oracle.clock import MINUTE

Number = TypeVar("Number", int, float)


def rank(percent: int, count: int) -> int:
    """The place (from 1) of a percentile among ``count`` values in ascending order, in whole numbers."""
    return -(-percent * count // 100)


def nearest_rank(values: Sequence[Number], percent: int) -> Number:
    """The percentile of at least one value by nearest rank, never an average of two."""
    return sorted(values)[rank(percent, len(values)) - 1]


def counted_rank(counts: Counter[int], percent: int) -> int | None:
    """The percentile of values given as value → how often; None without any."""
    left = rank(percent, counts.total())
    for value in sorted(counts):
        left -= counts[value]
        if left <= 0 and counts.total():
            return value
    return None


def whole_minutes(duration: int) -> int:
    """Ms as whole minutes, rounded up."""
    return -(-duration // MINUTE)
