"""One Friend's row of one service date, taken apart: what each figure of it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, Final

from aggregations.proofs.invoices import Asked
from aggregations.proofs.model import Sentence, Term
from aggregations.question import UNASSIGNED
from aggregations.rollup import camps_of_row
from aggregations.work import ON_TIME_WITHIN
from hubstat.domain import spans
from hubstat.domain import time as tm
from hubstat.domain.document import invoice_key
from hubstat.domain.friendday import Effort, FriendDay, FriendDetail, Route, Status
from hubstat.domain.hierarchy import UNMAPPED
from hubstat.domain.projection import Pending, Projection
from hubstat.domain.runparts import RunDetail
from hubstat.domain.spans import Span

_KINDS: Final = {
    "break": Sentence("휴게", "break"),
    "app_lock": Sentence("앱 잠금", "app locked"),
    "load_wait": Sentence("상차 대기", "waiting for load"),
    "window_wait": Sentence("약속 대기", "waiting for a promised window"),
    "incident": Sentence("사고", "incident"),
    "offline": Sentence("오프라인", "offline"),
}
_STATUSES: Final[dict[Status, Sentence]] = {
    "out": Sentence("마지막 근무에서 출차, 복귀 전", "departed in the last run, its route not ended"),
    "back": Sentence("마지막 근무에서 복귀", "the route of the last run has ended"),
    "absent": Sentence("결근 보고, 활동 없음", "reported absent, nothing done"),
    "not_started": Sentence("계획됨, 아직 활동 없음, 결근 아님", "planned, nothing done yet, not absent"),
    "worked": Sentence("출발 기록 없이 활동", "worked without a departure"),
    "none": Sentence("계획 노선만 있음", "only a planned route"),
}


class FriendRow:
    """The row of a Friend (or of what nobody holds) within a camp. Every method gives the terms of one figure."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._say = asked.wording
        self._friend = asked.node.hub
        self._camps = camps_of_row(asked.node.camp or UNMAPPED)

    @cached_property
    def _anywhere(self) -> FriendDetail | None:
        """The Friend-day, at whatever camp it counts."""
        reading = self._asked.day.friend_days(self._asked.view)
        return next(iter(reading.details(reading.documents([self._friend]))), None)

    @property
    def _detail(self) -> FriendDetail | None:
        found = self._anywhere
        return found if found is not None and found.day.camp in self._camps else None

    @cached_property
    def _projection(self) -> Projection | None:
        found = self._asked.day.outlook().by_friend.get(self._friend)
        return found if found is not None and found.camp in self._camps else None

    @property
    def _runs(self) -> Sequence[RunDetail]:
        return () if self._detail is None else self._detail.runs

    def _term(self, amount: float, ko: str, en: str, **more: Any) -> Term:
        return Term(amount, Sentence(ko, en), self._asked.node.camp, self._friend, **more)

    def _hour(self, instant: int) -> str:
        return tm.hour_label(instant // tm.HOUR, self._asked.zone)

    def _spans(self, found: Iterable[Span], what: Sentence, key: str = "") -> list[Term]:
        """Minutes of spans."""
        return [
            self._term(
                (end - start) / tm.MINUTE,
                f"{what.ko} {self._say.span(start, end)}",
                f"{what.en} {self._say.span(start, end)}",
                key=key,
                start=start,
                end=end,
            )
            for start, end in found
            if start < end
        ]

    def _of_day(self, amount: Callable[[FriendDay], float], why: Callable[[FriendDay], Sentence]) -> list[Term]:
        """One term of the Friend-day, where there is one."""
        if self._detail is None:
            return []
        sentence = why(self._detail.day)
        return [self._term(amount(self._detail.day), sentence.ko, sentence.en)]

    # -- where the Friend is ----------------------------------------------------------------------------------------

    def worked(self) -> list[Term]:
        """1 where there is a run of the date."""
        found = ", ".join(self._say.span(run.first, run.last) for run in self._runs)
        why = Sentence(f"활동 {found}", f"worked {found}") if found else Sentence("활동 없음", "nothing done")
        return self._of_day(lambda day: int(day.runs > 0), lambda _: why)

    def planned(self) -> list[Term]:
        """1 where a shift of the date is planned."""

        def why(day: FriendDay) -> Sentence:
            if day.shift_end is None:
                return Sentence("계획된 근무 없음", "no shift planned")
            end = self._say.clock(day.shift_end)
            return Sentence(f"{end}까지 근무 계획", f"a shift is planned until {end}")

        return self._of_day(lambda day: int(day.planned), why)

    def status(self, wanted: Status) -> list[Term]:
        """1 where this is the Friend's status."""
        return self._of_day(lambda day: int(day.status == wanted), lambda day: _STATUSES[day.status])

    # -- routes -----------------------------------------------------------------------------------------------------

    def routes_planned(self) -> list[Term]:
        """1 for every planned route."""
        return self._routes(lambda _: 1, lambda route: True)

    def routes_departed(self) -> list[Term]:
        """1 for every planned route that has departed."""
        return self._routes(lambda _: 1, lambda route: route.departed is not None)

    def routes_on_time(self) -> list[Term]:
        """1 for every route that departed no more than 10 min after its plan."""
        return self._routes(lambda delay: int(delay <= ON_TIME_WITHIN), lambda route: route.departed is not None)

    def departure_delay(self) -> list[Term]:
        """Minutes that each route departed after its plan."""
        return self._routes(lambda delay: max(0, delay) / tm.MINUTE, lambda route: route.departed is not None)

    def _routes(self, amount: Callable[[int], float], chosen: Callable[[Route], bool]) -> list[Term]:
        found: list[Term] = []
        for route in () if self._anywhere is None else self._anywhere.day.routes:
            # A route counts at its own camp.
            if route.camp not in self._camps or not chosen(route):
                continue
            planned = self._say.clock(route.planned)
            ko, en = f"노선 {route.route_id}, 계획 {planned}", f"route {route.route_id}, planned {planned}"
            delay = 0
            if route.departed is not None:
                left, delay = self._say.clock(route.departed), route.departed - route.planned
                ko, en = f"{ko}, 출발 {left}", f"{en}, departed {left}"
            found.append(self._term(amount(delay), ko, en, start=route.planned, end=route.departed))
        return found

    # -- time -------------------------------------------------------------------------------------------------------

    def on_road(self) -> list[Term]:
        """The on-road span of every run."""
        return self._spans((run.on_road for run in self._runs), Sentence("운행", "on the road"))

    def net_on_road(self) -> list[Term]:
        """What is left of every run's on-road span without excluded time."""
        return self._spans((span for run in self._runs for span in run.net), Sentence("순운행", "net on the road"))

    def net_by_hour(self) -> list[Term]:
        """The same, cut at full hours."""
        found: list[Term] = []
        for run in self._runs:
            for start, end in run.net:
                for hour in range(start // tm.HOUR, (end - 1) // tm.HOUR + 1):
                    part = spans.clip([(start, end)], (hour * tm.HOUR, (hour + 1) * tm.HOUR))
                    label = tm.hour_label(hour, self._asked.zone)
                    found += self._spans(part, Sentence("순운행", "net on the road"), label)
        return found

    def excluded(self) -> list[Term]:
        """Excluded spans of every run by kind."""
        return [
            term
            for run in self._runs
            for kind, found in run.excluded.items()
            for term in self._spans(spans.clip(found, run.on_road), _KINDS[kind], kind)
        ]

    def gaps(self) -> list[Term]:
        """Every gap of every run with what of it is idle; one that ends at a batch scan is none."""
        found: list[Term] = []
        for gap in (gap for run in self._runs for gap in run.gaps):
            between = self._say.span(gap.start, gap.end)
            away, rest, allowed, idle = (
                f"{part / tm.MINUTE:.1f}" for part in (gap.excluded, gap.remainder, gap.allowance, gap.idle)
            )
            ko = f"간격 {between}: 제외 {away}분, 나머지 {rest}분, 허용 {allowed}분"
            en = f"gap {between}: excluded {away} min, remainder {rest} min, allowance {allowed} min"
            ko, en = (
                (f"{ko}, 유휴 {idle}분", f"{en}, idle {idle} min")
                if gap.counted
                else (f"{ko}, 일괄 스캔 앞이라 제외", f"{en}, left out: it ends at a batch scan")
            )
            found.append(self._term(gap.idle / tm.MINUTE, ko, en, start=gap.start, end=gap.end))
        return found

    def silence(self) -> list[Term]:
        """Minutes since the last activity, without excluded time."""
        day = None if self._detail is None else self._detail.day
        if day is None or day.silence is None or day.last_activity is None:
            return []
        last = self._say.clock(day.last_activity)
        away = (self._asked.day.moment.as_of - day.last_activity - day.silence) / tm.MINUTE
        return [
            self._term(
                day.silence / tm.MINUTE,
                f"마지막 활동 {last}, 그 뒤 제외 {away:.1f}분",
                f"last activity {last}, excluded since then {away:.1f} min",
                start=day.last_activity,
            )
        ]

    def silent_long(self) -> list[Term]:
        """1 where the silence is longer than the allowance."""
        if not self.silence():
            return []
        allowed = self._runs[-1].allowance / tm.MINUTE
        more = Sentence(f"허용 {allowed:.1f}분", f"allowance {allowed:.1f} min")
        return self._of_day(lambda day: int(day.silent_long), lambda _: self.silence()[0].why + more)

    # -- stops ------------------------------------------------------------------------------------------------------

    def stops(self) -> list[Term]:
        """1 for every stop."""
        return [
            self._term(
                1,
                f"스톱 {self._say.span(stop.first, stop.last)}, 스캔 {len(stop.invoices)}건",
                f"stop {self._say.span(stop.first, stop.last)}, scans: {len(stop.invoices)}",
                key=self._hour(stop.first),
                start=stop.first,
                end=stop.last,
                invoices=stop.invoices,
            )
            for run in self._runs
            for stop in run.stops
        ]

    def batches(self) -> list[Term]:
        """1 for every batch scan."""
        return [
            self._term(
                1,
                f"일괄 스캔 {self._say.span(start, end)}",
                f"batch scan {self._say.span(start, end)}",
                start=start,
                end=end,
            )
            for run in self._runs
            for start, end in run.batches
        ]

    def completed(self) -> list[Term]:
        """1 for every invoice that the Friend completed, at its first completion."""
        done = {} if self._detail is None else self._detail.completed
        return [
            self._term(
                1,
                f"{self._say.clock(at)} 완료",
                f"completed {self._say.clock(at)}",
                key=self._hour(at),
                start=at,
                invoices=(invoice,),
            )
            for invoice, at in sorted(done.items(), key=lambda item: (item[1], item[0]))
        ]

    def standard(self) -> list[Term]:
        """Standard minutes of every wave: stops outside batch scans × the standard."""
        return self._efforts(lambda effort, standard: effort.stops * standard / tm.MINUTE)

    def efficiency_net(self) -> list[Term]:
        """Net minutes outside batch scans of every wave that has a standard."""
        return self._efforts(lambda effort, _: effort.net / tm.MINUTE)

    def efficiency_stops(self) -> list[Term]:
        """Stops outside batch scans of every wave that has a standard."""
        return self._efforts(lambda effort, _: effort.stops)

    def _efforts(self, amount: Callable[[Effort, float], float]) -> list[Term]:
        if self._detail is None:
            return []
        day, found = self._detail.day, []
        area = self._asked.day.area_of(day.camp)
        for effort in day.efforts:
            standard = self._asked.day.baselines.standard(area, effort.wave)
            wave_ko, wave_en = effort.wave or "웨이브 없음", effort.wave or "no wave"
            if standard is None:
                found.append(self._term(0, f"{wave_ko}: 표준 없음, 제외", f"{wave_en}: no standard, left out"))
                continue
            net, each = effort.net / tm.MINUTE, standard / tm.MINUTE
            ko = f"{wave_ko}: 스톱 {effort.stops} × 표준 {each:.2f}분, 순운행 {net:.1f}분"
            en = f"{wave_en}: {effort.stops} stops × standard {each:.2f} min, net {net:.1f} min"
            found.append(self._term(amount(effort, standard), ko, en))
        return found

    # -- what is left to do -----------------------------------------------------------------------------------------

    def open_stops(self) -> list[Term]:
        """1 for every stop left, in order, with its projected finish."""
        return self._stops_left(lambda _: 1)

    def no_pace_stops(self) -> list[Term]:
        """1 for every stop left of a Friend whose pace is not known."""
        return self.open_stops() if self._projection is not None and self._projection.pace is None else []

    def finishes(self) -> list[Term]:
        """The projected finish (ms) of every stop left."""
        projection = self._projection
        return [] if projection is None or projection.pace is None else self._stops_left(lambda finish: finish)

    def _stops_left(self, amount: Callable[[int], int]) -> list[Term]:
        projection = self._projection
        if projection is None:
            return []
        found: list[Term] = []
        for place, stop in enumerate(projection.stops, 1):
            promise = self._say.clock(stop.invoices[0].promise)
            ko = f"남은 스톱 {len(projection.stops)}곳 중 {place}번째, {stop.wave}, 약속 {promise}"
            en = f"stop {place} of {len(projection.stops)} left, {stop.wave}, promise {promise}"
            if stop.finish is None or projection.pace is None:
                ko, en = f"{ko}, 속도를 모름", f"{en}, no pace is known"
            else:
                way_ko, way_en = self._way(projection)
                done = self._say.clock(stop.finish)
                if stop.finish > projection.start + projection.remaining_break + int(place / projection.pace):
                    ko = f"{ko}, 예상 {done} = 약속 시간대 시작"
                    en = f"{en}, finish {done} = its promised window begins"
                else:
                    ko = f"{ko}, 예상 {done} = {way_ko} + {place} ÷ {_pace(projection)}"
                    en = f"{en}, finish {done} = {way_en} + {place} ÷ {_pace(projection)}"
            found.append(self._term(amount(stop.finish or 0), ko, en, invoices=_keys(stop.invoices)))
        return found

    def _way(self, projection: Projection) -> tuple[str, str]:
        start, pause = self._say.clock(projection.start), projection.remaining_break / tm.MINUTE
        return f"{start} + 휴게 {pause:.1f}분", f"{start} + break {pause:.1f} min"

    def unassigned_stops(self) -> list[Term]:
        """1 for every stop that nobody holds; they are in the row ``unassigned``."""
        if self._friend != UNASSIGNED:
            return []
        found: list[Term] = []
        for camp in self._camps:
            for stop in self._asked.day.outlook().unassigned.get(camp, ()):
                promise = self._say.clock(stop[0].promise)
                ko, en = f"미배정 스톱, 약속 {promise}", f"stop that nobody holds, promise {promise}"
                found.append(self._term(1, ko, en, invoices=_keys(stop)))
        return found

    def shortfall(self) -> list[Term]:
        """Of every wave the stops that do not fit before its deadline."""
        projection = self._projection
        if projection is None:
            return []
        found: list[Term] = []
        for each in projection.shortfalls:
            deadline = self._say.clock(each.deadline)
            ko = (
                f"{each.wave}: 스톱 {each.stops}곳, 마지막은 {each.place}번째, "
                f"마감 {deadline}까지 {each.fits:.2f}곳 가능 ({_pace(projection)})"
            )
            en = (
                f"{each.wave}: {each.stops} stops, the last is number {each.place}, "
                f"{each.fits:.2f} fit before the deadline {deadline} ({_pace(projection)})"
            )
            found.append(self._term(each.short, ko, en))
        return found

    def can_help(self) -> list[Term]:
        """1 where there is capacity for a stop or more."""
        return self._help(lambda projection: int(projection.can_help))

    def spare(self) -> list[Term]:
        """Stops that the Friend has capacity for."""
        return self._help(lambda projection: projection.spare)

    def _help(self, amount: Callable[[Projection], float]) -> list[Term]:
        projection = self._projection
        if projection is None:
            return []
        if projection.limit is None or projection.pace is None:
            return [self._term(0, "출차 중이 아니거나 속도·마감을 모름", "not out, or no pace or deadline is known")]
        free = max(0, projection.limit - projection.start - projection.remaining_break) / tm.HOUR
        limit, left = self._say.clock(projection.limit), len(projection.stops)
        ko = f"{limit}까지 {free:.2f}시간 × {_pace(projection)} − 남은 스톱 {left}곳"
        en = f"{free:.2f} h until {limit} × {_pace(projection)} − {left} stops left"
        return [self._term(amount(projection), ko, en)]


def _pace(projection: Projection) -> str:
    return "" if projection.pace is None else f"{projection.pace * tm.HOUR:.2f}/h"


def _keys(stop: Sequence[Pending]) -> tuple[str, ...]:
    return tuple(invoice_key(each.direction, each.invoice_no) for each in stop)
