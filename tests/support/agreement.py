"""Comparing the fold and the oracle over a network, and making a network on which they differ small."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from memory import MemoryNetwork
from random_network import DATES, MASTER, Received

from aggregations.question import LEVELS, Answer, Question
from hubstat.audit import differing
from hubstat.domain.codes import DIRECTIONS, Direction
from hubstat.domain.metrics import metrics_for
from hubstat.oracle import Network
from hubstat.oracle.compute import Figures, Records

Ask = Callable[[Question], Answer]


def by_node(ask: Ask, day: date, as_of: int, known_at: int, wave: str, direction: Direction) -> dict[str, Any]:
    """Figures of every node of one wave and direction, named as the oracle names nodes.

    Friends' figures are asked for once, under deliveries of all waves: they are no other elsewhere.
    """
    found: dict[str, Any] = {}
    every = wave == "all"
    working = every and direction == "DELIVERY"
    names = tuple(m.id for m in metrics_for(direction).values() if working or not m.of_friends)
    for level in LEVELS if every else LEVELS[:-1]:
        for row in ask(Question(level, day, None, as_of, known_at, wave, direction, names)).rows:
            found[f"{level}:{row.parent}/{row.hub}" if level == "friend" else f"{level}:{row.hub}"] = row.figures
    return found


def disagreements(ask: Ask, expected: Figures, day: date, as_of: int, known_at: int) -> tuple[int, list[str]]:
    """Figures compared of one service date at one (T, K), and what differs."""
    compared, found = 0, []
    for direction in DIRECTIONS:
        for wave, nodes in expected[direction].items():
            answered = by_node(ask, day, as_of, known_at, wave, direction)
            for node in sorted({*nodes, *answered}):
                cells, differ = differing(nodes.get(node, {}), answered.get(node, {}), direction)
                compared += cells
                found += [f"{day} {direction} {wave} {node}: {each}" for each in differ]
    return compared, found


def broken_sums(ask: Ask, day: date, as_of: int, known_at: int, direction: Direction) -> tuple[int, list[str]]:
    """Sums compared and broken: of every metric that adds, children + unassigned + unmapped = parent, at each level.

    Those of what waits at T are left out where T's hierarchy is not that of the date: its rows have other parents.
    """
    known = metrics_for(direction)
    names = tuple(name for name, metric in known.items() if metric.additive and not metric.of_backlog)
    answers = {
        level: ask(Question(level, day, None, as_of, known_at, "all", direction, names)).rows for level in LEVELS
    }
    compared, broken = 0, []
    for above, below in pairwise(LEVELS):
        for parent in answers[above]:
            children = [row.figures for row in answers[below] if row.parent == parent.hub]
            for name in names:
                if below == "friend" and known[name].needs == "plan":
                    continue  # a Friend has no plan
                compared += 1
                added = _added([child[name] for child in children])
                if not _alike(added, _added([parent.figures[name]])):
                    broken.append(f"{day} {direction} {above} {parent.hub} {name}: {parent.figures[name]}, sum {added}")
    return compared, broken


def _added(values: Sequence[Any]) -> dict[str, float]:
    total: dict[str, float] = {}
    for value in values:
        for key, part in (value if isinstance(value, dict) else {"": value or 0}).items():
            total[key] = total.get(key, 0) + part
    return total


def _alike(left: Mapping[str, float], right: Mapping[str, float]) -> bool:
    return all(abs(left.get(key, 0) - right.get(key, 0)) < 0.000002 for key in {*left, *right})


def compare(
    invoices: Sequence[Received],
    friends: Sequence[Received],
    as_of: int,
    known_at: int,
    master: Mapping[str, str] = MASTER,
) -> tuple[int, list[str]]:
    """The two Python programs over the records of a network: figures compared over both dates, and what differs."""
    network, oracle = MemoryNetwork(master), Records("KR")
    for raw, _ in invoices:
        network.add_invoice(raw)
    for raw, _ in friends:
        network.add_friend(raw)
    oracle.read_invoices(invoices)
    oracle.read_friends(friends)
    assert len(network.refused) == oracle.dead_letters.total()
    compared, found = 0, []
    for text in DATES:
        day = date.fromisoformat(text)
        expected = oracle.figures(Network(dict(master), "KR"), text, as_of, known_at)
        cells, differ = disagreements(network.query, expected, day, as_of, known_at)
        compared, found = compared + cells, found + differ
    return compared, found


def shrunk(
    invoices: Sequence[Received], friends: Sequence[Received], differs: Callable[[list[Received], list[Received]], bool]
) -> tuple[list[Received], list[Received]]:
    """The fewest records on which ``differs`` still holds, found by leaving out one after the other."""
    kept_invoices, kept_friends = list(invoices), list(friends)
    for kept in (kept_invoices, kept_friends):
        place = 0
        while place < len(kept):
            record = kept.pop(place)
            if not differs(kept_invoices, kept_friends):
                kept.insert(place, record)
                place += 1
    return kept_invoices, kept_friends


def told(invoices: Sequence[Received], friends: Sequence[Received]) -> str:
    """Records as lines, for a failure's message."""
    return "\n".join(json.dumps(json.loads(raw), ensure_ascii=False) for raw, _ in (*invoices, *friends))
