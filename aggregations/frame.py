"""Answers as data frames, for exports and for people who go on calculating."""

from __future__ import annotations

from typing import Any

import pandas as pd

from aggregations.question import Answer


def to_frame(answer: Answer) -> pd.DataFrame:
    """One row a hub, objects kept as they are (None stays None).

    Columns: what was asked (service date, as-of, known-at, zone, wave, direction, level, definition version), hub,
    names, parent, then a column for each figure; a split figure has one for each part, ``m3.out``.
    """
    asked = {name: value for name, value in answer.to_json().items() if name != "rows"}
    rows: list[dict[str, Any]] = []
    for row in answer.rows:
        cells: dict[str, Any] = {
            **asked,
            "hub": row.hub,
            "name": row.name_ko,
            "name_en": row.name_en,
            "parent": row.parent,
        }
        for name, value in row.figures.items():
            parts = {f"{name}.{key}": part for key, part in value.items()} if isinstance(value, dict) else {name: value}
            cells.update(parts)
        rows.append(cells)
    columns = list(dict.fromkeys(name for cells in rows for name in cells))
    return pd.DataFrame([[cells.get(name) for name in columns] for cells in rows], columns=columns, dtype=object)
