"""A made-up network behind the board's interface: 4 regions, 8 areas, 24 camps, 10 Friends each; every sum is right.

Loaded by path from the tests (there are no packages under tests/).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.board import Detail, Event, Line, Listing, Moment, Node, Proof, WaveTime
from dashboard.place import Place
from hubstat.domain.backlog import AGES
from hubstat.domain.row import BUCKETS

ZONE = ZoneInfo("Asia/Seoul")
DAY = date(2026, 11, 20)
NOW = int(datetime(2026, 11, 20, 15, 4, 30, tzinfo=ZONE).timestamp() * 1000)
HOURS = [f"2026-11-20T{hour:02d}" for hour in range(10, 16)]
REGIONS = [
    ("R1", "경기남부", "South Gyeonggi"),
    ("R2", "인천", "Incheon"),
    ("R3", "서울", "Seoul"),
    ("R4", "강원", "Gangwon"),
]
STATES = ("done", "closed_admin", "withdrawn_or_cancelled", "loaded", "out", "back_at_camp", "assigned_arrived",
          "assigned_not_arrived", "unassigned_arrived", "unassigned_not_arrived")  # fmt: skip
EXCLUDED = ("break", "app_lock", "load_wait", "window_wait", "incident", "offline")
_PLAIN = ("due", "completed", "open", "closed", "base", "late", "late_open", "first_attempt_n", "first_attempt_ok",
          "friend_days", "friends_out", "on_road_minutes", "net_on_road_minutes", "idle_minutes", "stops",
          "batch_scans", "m6_stalled")  # fmt: skip
_SPLIT = (
    "buckets",
    "m3",
    "m5",
    "m6",
    "completions_by_hour",
    "excluded_minutes",
    "worked_by_hour",
    "net_minutes_by_hour",
)


def _friend(dice: random.Random, bad: float, unassigned: bool) -> dict[str, Any]:
    due = dice.randint(3, 9) if unassigned else dice.randint(180, 230)
    done = 0 if unassigned else int(due * dice.uniform(0.46, 0.52) * (1 - bad))
    hours = Counter(dice.choices(HOURS, weights=(6, 16, 20, 20, 20, 2), k=done))
    late_open = dice.randint(0, 6) if bad > 0.1 else int(dice.random() > 0.9)
    late = late_open + (dice.randint(0, 5) if done else 0)
    closed = dice.randint(0, 1)
    net = {hour: dice.uniform(42, 58) for hour in HOURS[:-1]} | {HOURS[-1]: 4.5} if done else {}
    last = f"2026-11-20T15:0{dice.randint(0, 4)}:{dice.randint(10, 29)}.000+09:00" if done else None
    return {
        "due": due, "completed": done, "open": due - done - closed, "closed": closed, "base": int(due * 0.22),
        "late": late, "late_open": late_open, "buckets": Counter(dice.choices(BUCKETS[:4], k=late)),
        "m3": Counter({"done": done, "closed_admin": closed, "out": due - done - closed}),
        "m5": Counter({"고객부재": closed, "NO_ATTEMPT": late_open}),
        "m6": Counter({"<12": due - done - closed, ">=72": late_open}), "m6_stalled": late_open,
        "first_attempt_n": done + 2, "first_attempt_ok": done, "completions_by_hour": hours,
        "worked_by_hour": hours, "net_minutes_by_hour": net, "last_completed_at": last,
        "friend_days": 0 if unassigned else 1, "friends_out": 0 if unassigned else 1,
        "on_road_minutes": 290.0 if done else 0.0, "net_on_road_minutes": sum(net.values()),
        "idle_minutes": dice.choice((0.0, 0.0, 4.2, 12.7)) if done else 0.0, "stops": int(done * 0.8), "batch_scans": 0,
        "excluded_minutes": dict.fromkeys(EXCLUDED, 0.0) | ({"break": 60.0} if done else {}),
    }  # fmt: skip


def _sum(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    total: dict[str, Any] = {key: sum(part[key] for part in parts) for key in _PLAIN}
    for key in _SPLIT:
        merged: Counter[str] = Counter()
        for part in parts:
            merged.update(part[key])
        total[key] = merged
    total["last_completed_at"] = max((p["last_completed_at"] for p in parts if p["last_completed_at"]), default=None)
    return total


def _over(a: float, b: float) -> float | None:
    return a / b if b else None


def _figures(raw: dict[str, Any], direction: str) -> dict[str, Any]:
    prefix = "m2" if direction == "RETURN" else "m1"
    net = raw["net_minutes_by_hour"]
    rates = {h: (raw["worked_by_hour"].get(h, 0) / (net[h] / 60) if net[h] >= 10 else None) for h in sorted(net)}
    figures = {key: value for key, value in raw.items() if key not in ("base", "late", "late_open", "buckets")}
    worked = sum(raw["worked_by_hour"].values())
    return figures | {
        f"{prefix}_base": raw["base"], f"{prefix}_late": raw["late"], f"{prefix}_late_open": raw["late_open"],
        f"{prefix}_rate": _over(raw["late"], raw["base"]),
        f"{prefix}_buckets": {bucket: raw["buckets"].get(bucket, 0) for bucket in BUCKETS},
        "m3": {state: raw["m3"].get(state, 0) for state in STATES},
        "m5": {reason: count for reason, count in sorted(raw["m5"].items()) if count},
        "m6": {age: raw["m6"].get(age, 0) for age in AGES},
        **({"m6_pickup_to_warehouse": dict.fromkeys(AGES, raw["completed"] // 9)} if direction == "RETURN" else {}),
        "completion": _over(raw["completed"], raw["due"]),
        "first_attempt_rate": _over(raw["first_attempt_ok"], raw["first_attempt_n"]),
        "completions_by_hour": dict(sorted(raw["completions_by_hour"].items())),
        "worked_by_hour": dict(sorted(raw["worked_by_hour"].items())),
        "net_minutes_by_hour": dict(sorted(net.items())), "invoices_per_hour": rates,
        "excluded_minutes": dict(raw["excluded_minutes"]),
        "hourly_deliveries": _over(worked, raw["net_on_road_minutes"] / 60),
    }  # fmt: skip


class FakeBoard:
    """Implements ``dashboard.board.Board``. fail: raised by ``moment`` while set; empty: nothing was received."""

    zone = ZONE

    def __init__(self, empty: bool = False) -> None:
        dice = random.Random(7)
        self.generation = 1
        self.fail: Exception | None = None
        self.now = NOW
        self.friends: dict[tuple[str, str], dict[str, Any]] = {}
        self.camps: dict[str, tuple[str, str]] = {}
        for r, (region, _, _) in enumerate(REGIONS):
            for a in range(2):
                for c in range(3):
                    camp = f"C{r}{a}{c}"
                    self.camps[camp] = (f"A{r}{a}", region)
                    bad = 0.2 if (r, a, c) in {(0, 0, 0), (0, 1, 2), (1, 0, 1)} else dice.uniform(0, 0.06)
                    for friend in [*(f"F{camp[1:]}{n}" for n in range(10)), "unassigned"]:
                        raw = _friend(dice, bad, friend == "unassigned")
                        self.friends[camp, friend] = _sum([]) if empty else raw

    def active_dates(self) -> Sequence[date]:
        return [DAY]

    def moment(self, place: Place) -> Moment:
        if self.fail is not None:
            raise self.fail
        live = not place.fixed
        as_of = place.as_of or self.now
        known = place.known_at or as_of
        return Moment(place.day or DAY, as_of, known, as_of - 18_000, str(self.generation), live, True, "1")

    def nodes(self, place: Place, moment: Moment, level: str, hub: str | None) -> Sequence[Node]:
        if level == "friend":
            chosen = [(friend, raw) for (camp, friend), raw in self.friends.items() if camp == hub]
            return [Node(f, f, f, hub, _figures(raw, place.direction)) for f, raw in chosen]
        names = {region: (ko, en) for region, ko, en in REGIONS}
        groups: dict[str, list[dict[str, Any]]] = {}
        parents: dict[str, str | None] = {}
        for (camp, _), raw in self.friends.items():
            area, region = self.camps[camp]
            node = {"nationwide": "KR", "region": region, "area": area, "camp": camp}[level]
            parents[node] = {"nationwide": None, "region": "KR", "area": region, "camp": area}[level]
            groups.setdefault(node, []).append(raw)
        return [
            Node(
                node,
                names.get(node, ("전국" if node == "KR" else f"캠프 {node}", ""))[0],
                names.get(node, ("", "Nationwide" if node == "KR" else f"Hub {node}"))[1],
                parents[node],
                _figures(_sum(raws), place.direction),
            )
            for node, raws in groups.items()
        ]

    def stages(self, place: Place, moment: Moment, level: str, hub: str | None) -> dict[str, dict[str, Any]]:
        shares = {"request_to_pickup": (0.9, 1_310), "pickup_to_warehouse": (0.5, 410), "warehouse_to_completed":
                  (0.3, 95), "refund_latency": (0.1, 61)}  # fmt: skip
        return {
            node.hub: {
                f"return_{stage}": {"n": int(node.figures["completed"] * share), "median": at, "p90": at * 2}
                for stage, (share, at) in shares.items()
            }
            for node in self.nodes(place, moment, level, hub)
        }

    def waves(self, day: date) -> Sequence[WaveTime]:
        start = int(datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp() * 1000)
        return [WaveTime("DAWN", start + 7 * 3_600_000), WaveTime("DAY", start + 21 * 3_600_000)]

    def _lines(self, place: Place, number: int, late: bool = False) -> list[Line]:
        promise = NOW - 3_600_000 if late else NOW + 6 * 3_600_000
        name = (place.hub or "KR").replace("/", "-")
        why = ("진행 중", "open")
        after = 60 if late else None
        return [
            Line(f"{name}-{n:06d}", place.direction, "out", "C000", "F0000", promise, None, after, *why)
            for n in range(number)
        ]

    def invoices(self, place: Place, moment: Moment) -> Sequence[Line]:
        return self._lines(place, self.friends[place.camp or "", place.friend or ""]["due"])

    def proof(self, place: Place, moment: Moment, metric: str) -> Proof:
        level = place.level
        rows = self.nodes(place, moment, level, place.camp if level == "friend" else None)
        hub = place.friend if level == "friend" else place.hub or "KR"
        figure = next(row for row in rows if row.hub == hub).figures[metric]
        figure = sum(figure.values()) if isinstance(figure, dict) else figure
        return Proof(figure, self._lines(place, figure, "late" in metric))

    @contextmanager
    def listing(self, place: Place, moment: Moment, metric: str) -> Iterator[Listing]:
        found = self.proof(place, moment, metric)
        yield Listing(found.figure, iter(found.lines))

    def invoice(self, place: Place, moment: Moment) -> Detail | None:
        if place.hub == "missing":
            return None
        start = datetime(2026, 11, 19, 22, 41, 7, tzinfo=ZONE)
        codes = ("REGISTERED", "ARRIVED_CAMP", "ASSIGNED", "LOADED", "DEPARTED", "DELIVERED", "DELIVERED")
        events = []
        for index, code in enumerate(codes):
            at = int((start + timedelta(hours=2.7 * index)).timestamp() * 1000)
            events.append(Event(f"E{index}", code, at, at + 2_000, "C000", "F0000", "own", None, True, None))
        events[-2] = replace(events[-2], note="decides")
        events[-1] = replace(events[-1], in_force=False, note="other_copy")
        line = replace(self._lines(place, 1, True)[0], invoice_no=place.hub or "", state="done",
                       completed_at=events[-2].time)  # fmt: skip
        return Detail(line, DAY, "DAY", events)
