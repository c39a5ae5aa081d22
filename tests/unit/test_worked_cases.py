"""The worked cases on the Python interpreter."""

import pytest
from memory import MemoryNetwork, flat, records
from worked_cases import CASES, MASTER, Case, Expect


def figures_of(network: MemoryNetwork, expect: Expect) -> dict[str, object]:
    rows = [row for row in network.query(expect.question()).rows if row.hub == expect.hub]
    assert len(rows) == 1
    return {**rows[0].figures, **flat(rows[0].figures)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("backwards", [False, True], ids=["in order", "backwards"])
def test_worked_case(case: Case, backwards: bool) -> None:
    network = MemoryNetwork(MASTER)
    for raw in list(records(*case.records))[:: -1 if backwards else 1]:
        network.add_invoice(raw)
    for raw in records(*case.friend_records):
        network.add_friend(raw)
    assert network.refused == []
    for expect in case.expected:
        found = figures_of(network, expect)
        assert {name: found.get(name) for name in expect.figures} == dict(expect.figures)
