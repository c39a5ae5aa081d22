"""Sets of instants as lists of disjoint, ordered (from, to) pairs in epoch ms."""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[int, int]


def union(spans: Iterable[Span]) -> list[Span]:
    """The same instants as disjoint spans in order; empty spans vanish."""
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def clip(spans: Iterable[Span], within: Span) -> list[Span]:
    """The parts that lie within one span."""
    return union((max(start, within[0]), min(end, within[1])) for start, end in spans)


def length(spans: Iterable[Span]) -> int:
    """Total ms of disjoint spans."""
    return sum(end - start for start, end in spans)
