"""How the audit holds two programs' figures of a node against each other."""

from __future__ import annotations

from typing import Any

import pytest

from hubstat.audit import differing


@pytest.mark.parametrize(
    ("oracle", "reader", "figures"),
    [
        ({"due": 2, "m1_rate": 0.5}, {"due": 2, "m1_rate": 0.5000004}, []),
        ({"due": 2}, {"due": 3}, ["due"]),
        ({"due": 0, "m1_rate": None}, {"due": 0, "m1_rate": 0.0}, ["m1_rate"]),
        ({"last_completed_at": None}, {"last_completed_at": "2026-11-20T10:00"}, ["last_completed_at"]),
        ({"due": 1, "m5": {"고객부재": 1}}, {"due": 1, "m5": {}}, ["m5.고객부재"]),
        ({"due": 1, "m5": {"고객부재": 0}}, {"due": 1, "m5": {}}, []),
        ({}, {"due": 0, "m1_rate": None, "m5": {}, "idle_minutes": 0.0}, []),
        ({}, {"due": 1, "m1_rate": 0.0}, ["due"]),
        ({"due": 1, "m3": {"out": 1, "done": 0}}, {}, ["due", "m3.out"]),
        ({"due": 1, "of_a_later_version": 4}, {"due": 1}, []),
    ],
)  # fmt: skip
def test_what_differs(oracle: dict[str, Any], reader: dict[str, Any], figures: list[str]) -> None:
    assert [name for name, *_ in differing(oracle, reader, "DELIVERY")[1]] == figures


def test_every_figure_and_part_is_a_cell() -> None:
    node = {"due": 1, "m3": {"out": 1, "done": 0}}
    assert differing(node, node, "DELIVERY") == (3, [])
