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


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """The instants of the first that are not in the second, as disjoint spans in order."""
    kept: list[Span] = []
    holes = union(taken)
    for start, end in union(spans):
        begin = start
        for hole_start, hole_end in holes:
            if hole_end <= begin or hole_start >= end:
                continue
            kept.append((begin, hole_start))
            begin = hole_end
        kept.append((begin, end))
    return [span for span in kept if span[0] < span[1]]
