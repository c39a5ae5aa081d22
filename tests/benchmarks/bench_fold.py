"""How fast one core simulates a network day, decodes and merges it, and folds its Friend-days, in Python and compiled.

``make bench`` runs it.

No engines, no network. Both ways take the same records in turns; medians and spread of CPU time are printed.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from aggregations.productivity import work_in
from aggregations.schedules import compiled as compiled_schedule
from hubstat.compiled import compiled_core
from hubstat.domain import time as tm
from hubstat.domain.activity import Activity, activity_text
from hubstat.domain.baselines import ALLOWANCE
from hubstat.domain.codes import FRIEND_RANK
from hubstat.domain.contract import decode_friend_event
from hubstat.domain.document import FriendLog, friend_document, part_of
from hubstat.domain.friendday import FriendDay, Schedule, day_of, friend_day_detail, schedule_of
from hubstat.domain.log import EventLog
from hubstat.simulator import Options, build_network, simulate_day
from ingest.merge import Decoded, Merger

DAY = date(2026, 11, 18)
# Id, documents, schedule.
_Friend = tuple[str, list[dict[str, Any]], Schedule]


def main() -> None:
    """Print one line for each step and way: what, how many, CPU time each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    zone = tm.zone("KR")
    _line(
        f"{arguments.invoices:,} invoices, {DAY}, seed 1, Python {platform.python_version()}, {os.cpu_count()} cores, "
        f"{arguments.rounds} rounds in turns"
    )
    began = time.process_time()
    spec = build_network(arguments.invoices, 1, "KR")
    simulated = list(simulate_day(spec, DAY, 1, Options(0.1, 0.05, 0.01)))
    records = [(record.value, record.received_ms) for record in simulated if record.kind == "invoice"]
    of_friends = [(record.value, record.received_ms) for record in simulated if record.kind == "friend"]
    _line(f"simulated {len(records):,} records, {(time.process_time() - began) / len(records) * 1e6:.1f} µs each")
    core = compiled_core(zone)
    ways = {"Python": Merger(zone, None)} | ({} if core is None else {"compiled": Merger(zone, core)})
    if core is None:
        _line("the compiled core was not built")
    taken: dict[tuple[str, str], list[float]] = {}
    gc.disable()
    for _ in range(arguments.rounds):
        for way, merger in ways.items():
            decoded = _timed(taken, (way, "decoded"), len(records), lambda m=merger: [m.decode(*r) for r in records])
            merged = _timed(taken, (way, "merged"), len(records), lambda m=merger, d=decoded: _merge(m, d))
            gc.collect()
    friends = _friends(merged, of_friends, zone)
    for _ in range(arguments.rounds):
        for way in ways:
            fold = _folds(friends, zone, compiled=way == "compiled")
            _timed(taken, (way, "Friend-days"), len(friends), lambda f=fold: [f(each) for each in friends])
            gc.collect()
    for (way, did), costs in taken.items():
        each = f"{statistics.median(costs):7.2f} µs each ({min(costs):.2f} to {max(costs):.2f})"
        _line(f"{did:<11} {way:<9} {each}")


def _merge(merger: Merger, records: list[Decoded]) -> list[tuple[bytes, bytes]]:
    """One record at a time, every stored log at hand; what Friends' documents hear of it."""
    stored: dict[str, bytes] = {}
    heard: list[tuple[bytes, bytes]] = []
    for record in records:
        key = record.event.key
        merged = merger.merge(key, stored.get(key), [record])
        stored[key] = merged.stored
        heard += merged.activities
    return heard


def _friends(heard: Iterable[tuple[bytes, bytes]], sent: Iterable[tuple[bytes, int]], zone: ZoneInfo) -> list[_Friend]:
    """The Friends with what their documents hold of the day."""
    logs: dict[str, dict[int, FriendLog]] = {}
    for friend, value in heard:
        activity = Activity.decode(value)
        logs.setdefault(friend.decode(), {}).setdefault(part_of(activity.time), FriendLog()).add_activity(activity)
    events: dict[str, EventLog] = {}
    for raw, received in sent:
        event = decode_friend_event(raw, received, zone)
        events.setdefault(event.key, EventLog()).add(event)
    day = DAY.isoformat()
    return [
        (
            friend,
            [friend_document(friend, day, part, log) for part, log in sorted(parts.items())],
            schedule_of(events.get(friend, EventLog()).facts(FRIEND_RANK), day, zone),
        )
        for friend, parts in sorted(logs.items())
    ]


def _folds(friends: list[_Friend], zone: ZoneInfo, compiled: bool) -> Callable[[_Friend], FriendDay | None]:
    """What folds a Friend-day from its documents; the schedules are kept from tick to tick, and at hand."""
    as_of = tm.closing(DAY, zone)

    def defined(friend: _Friend) -> FriendDay | None:
        name, documents, schedule = friend
        detail = friend_day_detail(name, schedule, work_in(name, documents), as_of=as_of, zone=zone)
        return None if detail is None else detail.day

    core = compiled_core(zone)
    if not compiled or core is None:
        return defined
    schedules = {name: compiled_schedule(schedule) for name, _, schedule in friends}

    def plain(friend: _Friend) -> FriendDay | None:
        name, documents, schedule = friend
        rows = [activity_text(document["log"]["activities"]) for document in documents]
        runs = core.friend_runs(rows, schedules[name], lambda *_: ALLOWANCE)
        return defined(friend) if runs is None else day_of(name, schedule, runs, as_of)

    return plain


def _timed(
    taken: dict[tuple[str, str], list[float]], what: tuple[str, str], count: int, work: Callable[[], Any]
) -> Any:
    began = time.process_time()
    result = work()
    taken.setdefault(what, []).append((time.process_time() - began) / count * 1e6)
    return result


def _line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
