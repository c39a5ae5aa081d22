"""Comparison of answers with golden figures that an independent program computed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from memory import ZONE, flat, same

from aggregations.question import LEVELS, Answer, Question
from hubstat.domain import time as tm
from hubstat.domain.row import BUCKETS

Ask = Callable[[Question], Answer]


def data_folder() -> Path:
    """Folder of the real data, from HUBSTAT_TEST_DATA alone."""
    folder = os.environ.get("HUBSTAT_TEST_DATA")
    if not folder:
        raise RuntimeError("set HUBSTAT_TEST_DATA to the folder that holds nasty_1/ and lade_d_jilin.parquet")
    return Path(folder)


@dataclass
class Comparison:
    """How many golden values were compared, and what differs."""

    compared: int = 0
    differing: list[str] = field(default_factory=list)

    def node(self, where: str, golden: dict[str, Any], figures: dict[str, Any] | None, known: frozenset[str]) -> None:
        """Compare one node; an absent node is one of zeros."""
        found = flat(figures or {})
        wanted = flat(golden)
        for name, value in wanted.items():
            self.compared += 1
            if name.split(".")[0] not in known:
                self.differing.append(f"{where} {name}: the registry has no such metric")
                continue
            got = found.get(name, 0 if value == 0 or "." in name else None)
            if name.split(".")[0] == "last_completed_at" and value is not None and got is not None:
                got = got[: len(value)]
            if not same(value, got):
                self.differing.append(f"{where} {name}: golden {value}, got {got}")
        for name in found.keys() - wanted.keys():
            head, dot, _ = name.partition(".")
            if dot and head in golden and found[name]:
                self.differing.append(f"{where} {name}: not in golden, got {found[name]}")


def nodes(answers: list[Answer]) -> dict[str, dict[str, Any]]:
    """Figures by ``level:hub``, Friends as ``friend:<camp>/<Friend>``."""
    found: dict[str, dict[str, Any]] = {}
    for answer in answers:
        for row in answer.rows:
            name = f"{row.parent}/{row.hub}" if answer.level == "friend" else row.hub
            found[f"{answer.level}:{name}"] = row.figures
    return found


def compare_nasty(ask: Ask) -> Comparison:
    """Every figure of nasty_1/golden.json that the registry has, at its five (T, K)."""
    golden = json.loads((data_folder() / "nasty_1" / "golden.json").read_text())
    comparison = Comparison()
    for pair, directions in golden.items():
        as_of, known_at = (tm.parse_instant(part) for part in pair.split("|"))
        for direction, waves in directions.items():
            for wave, wanted in waves.items():
                levels = LEVELS if wave == "all" else LEVELS[:-1]
                answers = [
                    ask(Question(level, date(2026, 11, 18), None, as_of, known_at, wave, direction)) for level in levels
                ]
                known = frozenset(name for answer in answers for row in answer.rows for name in row.figures)
                found = nodes(answers)
                for node, figures in wanted.items():
                    comparison.node(f"{pair} {direction} {wave} {node}", figures, found.get(node), known)
                for node in found.keys() - wanted.keys():
                    if any(value for name, value in flat(found[node]).items() if name in {"due", "friend_days"}):
                        comparison.differing.append(f"{pair} {direction} {wave} {node}: not in golden")
    return comparison


def compare_lade(ask: Ask) -> Comparison:
    """Every figure of golden_lade_2022-05-29.json at its three as-of times."""
    golden = json.loads((data_folder() / "golden_lade_2022-05-29.json").read_text())
    comparison = Comparison()
    for text, wanted in golden.items():
        as_of = tm.parse_moment(text, ZONE)
        answers = [ask(Question(level, date(2022, 5, 29), None, as_of)) for level in LEVELS]
        found: dict[str, tuple[str | None, dict[str, Any]]] = {
            f"{answer.level}:{row.hub}": (row.parent, row.figures) for answer in answers for row in answer.rows
        }
        known = frozenset(name for _, figures in found.values() for name in figures)
        for node, figures in wanted.items():
            parent, got = found.get(node, (None, {}))
            camp = figures.pop("camp", None)
            figures["m1_buckets"] = dict(zip(BUCKETS, figures["m1_buckets"], strict=True))
            # A Friend without an invoice or a Friend-day has no row; golden lists one with zeros.
            if camp is not None and got and str(camp) != parent:
                comparison.differing.append(f"{text} {node}: golden camp {camp}, got {parent}")
            comparison.node(f"{text} {node}", figures, got, known)
        comparison.differing += [f"{text} {node}: not in golden" for node in found.keys() - wanted.keys()]
    return comparison
