"""Sets of half-open time spans in ms: sorted, disjoint lists of (start, end)."""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[int, int]


def union(spans: Iterable[Span]) -> list[Span]:
    """Sorted disjoint union; empty spans fall out, touching ones join."""
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def clip(spans: Iterable[Span], within: Span) -> list[Span]:
    """The part of each span inside ``within``."""
    low, high = within
    return [(max(start, low), min(end, high)) for start, end in spans if start < high and end > low]


def subtract(spans: list[Span], holes: list[Span]) -> list[Span]:
    """What remains of sorted disjoint spans outside the sorted disjoint holes."""
    rest: list[Span] = []
    for start, end in spans:
        cursor = start
        for low, high in clip(holes, (start, end)):
            if low > cursor:
                rest.append((cursor, low))
            cursor = high
        if cursor < end:
            rest.append((cursor, end))
    return rest


def length(spans: Iterable[Span]) -> int:
    """Sum of the lengths, ms."""
    return sum(end - start for start, end in spans)
