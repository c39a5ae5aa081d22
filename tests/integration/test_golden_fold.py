"""The Python interpreter against golden figures, no engine."""

from golden import compare_nasty, data_folder
from memory import MemoryNetwork


def nasty_network() -> MemoryNetwork:
    folder = data_folder() / "nasty_1"
    # Golden is stated without history, although some of its records are of earlier dates.
    network = MemoryNetwork({path.name: path.read_text() for path in folder.glob("*.csv")}, history=False)
    for line in (folder / "events.ndjson").read_bytes().splitlines():
        network.add_invoice(line)
    for line in (folder / "friend_events.ndjson").read_bytes().splitlines():
        network.add_friend(line)
    return network


def test_every_figure_of_nasty_1() -> None:
    network = nasty_network()
    assert len(network.refused) == 14
    comparison = compare_nasty(network.query)
    assert comparison.differing == []
    assert comparison.compared == 87_473
