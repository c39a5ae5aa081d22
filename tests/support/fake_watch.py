"""A made-up look at the installation behind the system's screen."""

from __future__ import annotations

from dataclasses import replace

from dashboard_fake import DAY, NOW

from aggregations.system import Change, Health, Partition, SilentCamp, Worker
from hubstat.elastic.audits import Audit
from hubstat.elastic.overview import Cluster, LetterGroup, Restated, RestatedDate
from hubstat.errors import HubstatError

HEALTHY = Health(
    at=NOW,
    data_to=NOW - 18_000,
    dates=[DAY],
    workers=[
        Worker("seoul-1", NOW - 800, False, True, (), 6, 0.4, 512.3, 0.21, 0.87, 3, 2),
        Worker("seoul-2", NOW - 900, False, True, (), 6, 0.4, 498.0, 0.19, 0.91, 0, 0),
    ],
    partitions=[
        Partition(f"demo.invoice-events-{n}", f"seoul-{n % 2 + 1}", 1_204_400 + n, 1_204_400 + n, 0, NOW - 18_000)
        for n in range(12)
    ],
    camps=24,
    silent_camps=[],
    letters=[],
    restated=[],
    changes=[],
    all_changes=0,
    closed=("2026-11-18", NOW - 90_000_000),
    audits=[Audit("2026-11-18", NOW, NOW, 412_332, 0, 0, True, NOW - 80_000_000, 212.0, ["clean"])],
    cluster=Cluster("8.19.4", "green", 3, 0, 0.42),
    versions={"hubstat": "0.1.0", "definitions": "2", "fold": "5", "elasticsearch": "8.19.4"},
)


def troubled() -> Health:
    """Everything that can be wrong at once."""
    behind = Partition("demo.invoice-events-3", None, None, None, None, NOW - 960_000)
    lagging = replace(HEALTHY.partitions[5], committed=1_200_000, lag=4_405, complete_to=NOW - 260_000)
    return replace(
        HEALTHY,
        at=NOW + 1_000,
        data_to=NOW - 960_000,
        workers=[
            replace(HEALTHY.workers[0], healthy=False, reasons=("4,405 records behind for 260 s",), lag_seconds=260.0),
            Worker("seoul-2", NOW - 961_000, True, False, (), 0, None, None, None, None, 17, 0),
        ],
        partitions=[behind, lagging, *HEALTHY.partitions[6:]],
        silent_camps=[
            SilentCamp("C101", "성남3", "Seongnam 3", "경기남부", "South Gyeonggi", 1_204, NOW - 5_460_000),
            SilentCamp("C012", "부천2", "Bucheon 2", "인천", "Incheon", 87, NOW - 2_100_000),
        ],
        letters=[
            LetterGroup("unknown_value", 12, NOW - 60_000, "demo.invoice-events", "code", "got 'DELIVERD'"),
            LetterGroup("missing", 3, NOW - 7_200_000, "demo.friend-events", "camp_id", "is required by LOADED"),
        ],
        restated=[RestatedDate("2026-11-18", 214, NOW - 3_600_000), RestatedDate("2026-11-15", 3, NOW - 90_000_000)],
        changes=[
            Change(Restated("2026-11-18", "nationwide", "KR", None, "RETURN", "all", "m2_rate", "", 0.0312, 0.0308,
                            NOW - 3_600_000), "전국", "Nationwide"),
            Change(Restated("2026-11-18", "camp", "C002", "A00", "DELIVERY", "DAY", "m3", "done", 1_604, 1_607,
                            NOW - 3_600_000), "수원2", "Suwon 2"),
            Change(Restated("2026-11-15", "friend", "F0021", "C002", "DELIVERY", "all", "last_completed_at", "", None,
                            "2026-11-16T00:12:40.000+09:00", NOW - 90_000_000), "수원2", "Suwon 2"),
        ],
        all_changes=31,
        audits=[
            Audit("2026-11-18", NOW, NOW, 412_332, 2, 1, False, NOW - 80_000_000, 212.0, ["…"]),
            Audit("2026-11-17", NOW, NOW, 409_118, 0, 0, True, NOW - 170_000_000, 198.0, ["clean"]),
        ],
        cluster=Cluster("8.19.4", "yellow", 3, 12, 0.81),
    )  # fmt: skip


class FakeWatch:
    """Implements ``dashboard.watch.Watch``. fail: raised while set."""

    def __init__(self, health: Health = HEALTHY) -> None:
        self.health = health
        self.fail: HubstatError | None = None

    def look(self) -> Health:
        if self.fail is not None:
            raise self.fail
        return self.health
