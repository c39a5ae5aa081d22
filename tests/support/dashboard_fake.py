"""A made-up network behind the board's interface: 4 regions, 8 areas, 24 camps, 10 Friends each; every sum is right.

Loaded by path from the tests (there are no packages under tests/).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.board import Addend, Detail, Event, Line, Listing, Moment, Node, Proof, Side, Still, Strip, WaveTime
from dashboard.place import Place
from hubstat.domain.backlog import AGES
from hubstat.domain.row import BUCKETS
from hubstat.errors import NotKnownError
from hubstat.figures.formats import Lang

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
          "batch_scans", "m6_stalled", "at_risk", "undelivered", "arrived", "friends_planned", "friends_back",
          "friends_absent", "friends_not_started", "routes_planned", "routes_departed", "plan", "plan_due",
          "open_stops", "no_pace_stops", "unassigned_stops", "shortfall", "can_help", "spare_stops", "standard",
          "efficiency_net", "adjusted_late", "routes_on_time", "departure_delay_minutes", "silent_friends",
          "carried_over")  # fmt: skip
_SPLIT = (
    "buckets",
    "m3",
    "m5",
    "m6",
    "completions_by_hour",
    "excluded_minutes",
    "worked_by_hour",
    "net_minutes_by_hour",
    "plan_by_hour",
)
SHARES = {"2026-11-20T10": 0.04, "2026-11-20T11": 0.14, "2026-11-20T12": 0.25, "2026-11-20T13": 0.36,
          "2026-11-20T14": 0.47, "2026-11-20T15": 0.58, "2026-11-20T16": 0.68, "2026-11-20T17": 0.78,
          "2026-11-20T18": 0.87, "2026-11-20T19": 0.95, "2026-11-20T20": 1.0}  # fmt: skip


def _iso(hour: float) -> str:
    return (datetime(2026, 11, 20, tzinfo=ZONE) + timedelta(minutes=round(hour * 60))).isoformat(
        timespec="milliseconds"
    )


def _outlook(dice: random.Random, due: int, left: int, bad: float, unassigned: bool) -> dict[str, Any]:
    """What is ahead: three camps fall short, in the others some Friends have room."""
    stops = int(left * 0.8)
    short = 0.0 if unassigned or bad < 0.1 else dice.choice((0.0, 2.4, 5.2, 7.8))
    spare = 0.0 if unassigned or short else dice.choice((0.0, 2.6, 4.0, 9.5))
    finish = None if unassigned else _iso(21.1 + short / 8 if short else 20.9 - spare / 6)
    return {
        "at_risk": int(short * 1.4), "plan": 0.0 if unassigned else due * 0.477, "plan_due": 0 if unassigned else due,
        "plan_by_hour": {} if unassigned else {hour: due * share for hour, share in SHARES.items()},
        "open_stops": 0 if unassigned else stops, "no_pace_stops": 0,
        "unassigned_stops": stops if unassigned else 0, "shortfall": short,
        "can_help": int(spare > 0), "spare_stops": spare, "projected_finish": finish,
    }  # fmt: skip


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
        "undelivered": closed + late_open, "arrived": due - dice.randint(0, 2),
        "friends_planned": 0 if unassigned else 1,
        "friends_back": 0, "friends_absent": 0, "friends_not_started": 0, "routes_planned": 0 if unassigned else 1,
        "routes_departed": 0 if unassigned else 1, "adjusted_late": late_open, "carried_over": 0, "silent_friends": 0,
        "routes_on_time": 0 if unassigned else int(late_open < 3),
        "departure_delay_minutes": 0.0 if unassigned else float(late_open),
        "standard": done * 2.6, "efficiency_net": sum(net.values()),
        **_outlook(dice, due, due - done - closed, bad, unassigned),
    }  # fmt: skip


def _sum(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    total: dict[str, Any] = {key: sum(part[key] for part in parts) for key in _PLAIN}
    for key in _SPLIT:
        merged: Counter[str] = Counter()
        for part in parts:
            merged.update(part[key])
        total[key] = merged
    for key in ("last_completed_at", "projected_finish"):
        total[key] = max((p[key] for p in parts if p[key]), default=None)
    return total


def _over(a: float, b: float) -> float | None:
    return a / b if b else None


def _figures(raw: dict[str, Any], direction: str) -> dict[str, Any]:
    prefix = "m2" if direction == "RETURN" else "m1"
    net = raw["net_minutes_by_hour"]
    rates = {h: (raw["worked_by_hour"].get(h, 0) / (net[h] / 60) if net[h] >= 10 else None) for h in sorted(net)}
    hidden = ("base", "late", "late_open", "buckets", "at_risk", "adjusted_late", "standard", "efficiency_net")
    figures = {key: value for key, value in raw.items() if key not in hidden}
    worked = sum(raw["worked_by_hour"].values())
    missed = sum(raw["m5"].values())
    groups = {"customer": raw["m5"]["고객부재"], "not-attempted": raw["m5"]["NO_ATTEMPT"]}
    adjusted = {"m1_adjusted_base": raw["base"], "m1_adjusted_late": raw["adjusted_late"],
                "m1_adjusted_rate": _over(raw["adjusted_late"], raw["base"]),
                "arrival_rate": _over(raw["arrived"], raw["due"])}  # fmt: skip
    return figures | {
        f"{prefix}_base": raw["base"], f"{prefix}_late": raw["late"], f"{prefix}_late_open": raw["late_open"],
        f"{prefix}_rate": _over(raw["late"], raw["base"]), f"{prefix}_at_risk": raw["at_risk"],
        "plan_by_hour": dict(sorted(raw["plan_by_hour"].items())) or None, "hourly_stops": _over(raw["stops"],
        raw["net_on_road_minutes"] / 60), "efficiency": _over(raw["standard"], raw["efficiency_net"]),
        "efficiency_stops": raw["stops"], "standard_minutes": raw["standard"],
        "efficiency_net_minutes": raw["efficiency_net"],
        **(adjusted if direction == "DELIVERY" else {"m2_withdrawn_by_policy": raw["closed"]}),
        "departure_on_time_rate": _over(raw["routes_on_time"], raw["routes_departed"]),
        "stops_by_hour": {hour: int(n * 0.8) for hour, n in sorted(raw["worked_by_hour"].items())},
        "stops_per_hour": {hour: rate and rate * 0.8 for hour, rate in rates.items()},
        "m5_groups": {group: count for group, count in groups.items() if count},
        "m5_shares": {reason: count / missed for reason, count in raw["m5"].items() if count},
        "m5_group_shares": {group: count / missed for group, count in groups.items() if count},
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


class FakeNames:
    """Implements ``dashboard.board.Names``."""

    def camp(self, camp: str, lang: Lang) -> str:
        return f"Hub {camp}" if lang == "en" else f"캠프 {camp}"

    def friend(self, friend: str) -> str:
        return f"김{friend[1:]}"

    def reason(self, reason: str, lang: Lang) -> str | None:
        return {"고객부재": "Customer absent" if lang == "en" else "고객부재"}.get(reason)

    def group(self, reason: str) -> str:
        return "customer" if reason == "고객부재" else "unknown"


class FakeBoard:
    """Implements ``dashboard.board.Board``. fail: raised by ``moment`` while set; empty: nothing was received.

    expected: what it says of the next moment. told: what moments say instead. silent_camps: those of which nothing is
    heard. standing: who stands still.
    """

    zone = ZONE

    def __init__(self, empty: bool = False) -> None:
        dice = random.Random(7)
        self.generation = 1
        self.fail: Exception | None = None
        self.prepares: list[Callable[[Moment], None]] = []
        self.now = NOW
        self.compared_ready = True
        self.expected: tuple[int, int] | None = None
        self.silent_camps: set[str] = set()
        self.standing = [Still("C000", "F0001", 58.4, NOW - 3_504_000), Still("C101", "F1012", 41.0, NOW - 2_460_000)]
        self.told: dict[str, Any] = {}
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
        for still in [] if empty else self.standing:
            self.friends[still.camp, still.friend]["silent_friends"] = 1

    def active_dates(self) -> Sequence[date]:
        return [DAY]

    def next_in(self, moment: Moment) -> tuple[int, int] | None:
        return self.expected

    def prepare(self, prepare: Callable[[Moment], None]) -> None:
        self.prepares.append(prepare)

    def moment(self, place: Place) -> Moment:
        if self.fail is not None:
            raise self.fail
        live = not place.fixed
        as_of = place.as_of or self.now
        known = place.known_at or as_of
        at = Moment(place.day or DAY, as_of, known, as_of - 18_000, str(self.generation), live, True, "1", as_of)
        return replace(at, **self.told)

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

    def names(self, day: date) -> FakeNames:
        return FakeNames()

    def ends(self, place: Place, moment: Moment) -> dict[str, Any] | None:
        """Of deliveries also the loads; nothing is read of a network that is live."""
        if moment.live and place.level != "camp":
            return None
        found = {"completion_p95": "2026-11-20T14:58:00.000+09:00", "after_deadline": 3}
        return found | ({"load_assigned": 180, "load_gap": 4} if place.direction == "DELIVERY" else {})

    def active(self, place: Place, moment: Moment) -> dict[str, int]:
        """The camps of the first region were active a minute before all others."""
        return {} if moment.closed else {camp: NOW - 60_000 * (2 if camp < "C1" else 1) for camp in self.camps}

    def silent(self, place: Place, moment: Moment, camps: Sequence[Node]) -> list[Node]:
        return [camp for camp in camps if camp.hub in self.silent_camps]

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
        name, _, part = metric.partition(".")
        figure = next(row for row in rows if row.hub == hub).figures[name]
        figure = figure[part] if part else figure
        if isinstance(figure, int) and name not in ("can_help", "unassigned_stops", "friends_out"):
            lines = self._lines(place, figure, "late" in metric)
            return Proof(figure, [Side(name, part, figure, lines)], moment.as_of, True)
        addends = [Addend(f"{n}", "C000", f"F000{n}", None, None, n == 3, "몫", "share") for n in range(4)]
        return Proof(figure, [Side(name, part, figure, (), addends)], moment.as_of)

    def ahead(self, place: Place, moment: Moment) -> dict[str, int]:
        rows = self.nodes(place, moment, place.level, place.camp if place.level == "friend" else None)
        hub = place.friend if place.level == "friend" else place.hub or "KR"
        left = next(row for row in rows if row.hub == hub).figures["open"]
        return {f"2026-11-20T{hour}": int(left * 0.142) for hour in range(15, 22)}

    def error(self, place: Place, moment: Moment) -> float | None:
        return 12.0

    def strips(self, camp: str, moment: Moment) -> dict[str, Strip]:
        minute = 60_000
        dice = random.Random(3)
        found = {}
        for each, friend in self.friends:
            if each == camp and friend != "unassigned":
                start = NOW - dice.randint(290, 305) * minute
                stops = [(at, at + minute) for at in range(start + 9 * minute, NOW, 7 * minute)]
                rest = ("break", start + 150 * minute, start + 210 * minute)
                found[friend] = Strip(
                    [(start, NOW)], [s for s in stops if not rest[1] - minute <= s[0] <= rest[2]], [rest],
                    [(start + 255 * minute, start + 262 * minute)], [(start + 240 * minute, start + 255 * minute)],
                    [(start + 80 * minute, start + 81 * minute)] if dice.random() > 0.7 else [],
                )  # fmt: skip
        return found

    def still(self, place: Place, moment: Moment) -> list[Still]:
        return self.standing

    def compared(self, place: Place, moment: Moment) -> Moment | None:
        if not self.compared_ready:
            return None
        as_of = moment.as_of - 7 * 86_400_000
        return Moment(DAY - timedelta(days=7), as_of, as_of, None, "before", False, True, "1")

    @contextmanager
    def listing(self, place: Place, moment: Moment, metric: str) -> Iterator[Listing]:
        found = self.proof(place, moment, metric)
        yield Listing(found.figure, iter([line for side in found.sides for line in side.lines]), found.as_of)

    def invoice(self, place: Place, moment: Moment) -> Detail:
        if place.hub == "missing":
            raise NotKnownError(f"no invoice {place.hub} is known", place.hub)
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
