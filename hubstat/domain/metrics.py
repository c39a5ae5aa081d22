"""The metric registry: every figure, defined once. Tiles, tables, mails, exports, the audit and the docs read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from hubstat.domain.backlog import Waits
from hubstat.domain.codes import DIRECTIONS, Direction
from hubstat.domain.invoice import STATES
from hubstat.domain.measures import (
    AtLeast,
    CustomerReason,
    Is,
    Known,
    Not,
    Predicate,
    PromisePassed,
    Split,
    either,
    every,
)
from hubstat.domain.row import BUCKETS, NEVER_IN_BASE

DEFINITION_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Count:
    """Number of invoices a predicate holds for."""

    where: Predicate


@dataclass(frozen=True, slots=True)
class SplitCount:
    """Numbers of invoices a predicate holds for, by a key; with ``keys`` every one of them is present, also at 0."""

    where: Predicate
    split: Split
    keys: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Ratio:
    """One counted figure over another; null over an empty denominator (C12)."""

    numerator: str
    denominator: str


@dataclass(frozen=True, slots=True)
class CompletionHours:
    """Completed due invoices by local hour of completion."""


@dataclass(frozen=True, slots=True)
class LastCompletion:
    """Latest completion over Due; does not add, its roll-up is the maximum."""


@dataclass(frozen=True, slots=True)
class AgeSplit:
    """Invoices that wait at T, whatever their service date, by age; rolled up by the hierarchy of T's local date."""

    waits: Waits


@dataclass(frozen=True, slots=True)
class StalledCount:
    """Open ones of them on which nothing has happened for a day."""


@dataclass(frozen=True, slots=True)
class FriendSum:
    """Sum over Friend-days of one part; ``scale`` turns it into the unit (60000: ms to minutes)."""

    part: str
    scale: int = 1


@dataclass(frozen=True, slots=True)
class FriendSplit:
    """Sums over Friend-days of one part by kind of excluded time, in minutes."""

    part: str


@dataclass(frozen=True, slots=True)
class FriendHours:
    """Sums over Friend-days by local hour: ``worked`` invoices, ``net`` minutes, or their ``rate`` per hour."""

    part: Literal["worked", "net", "rate"]


@dataclass(frozen=True, slots=True)
class FriendRate:
    """Completions per net on-road hour over the whole service date; null under 10 net minutes."""


Measure: TypeAlias = (
    Count
    | SplitCount
    | Ratio
    | CompletionHours
    | LastCompletion
    | AgeSplit
    | StalledCount
    | FriendSum
    | FriendSplit
    | FriendHours
    | FriendRate
)
Unit = Literal["invoices", "ratio", "minutes", "per_hour", "time", "friends", "stops", "batches"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure. better: which way is good (None = neither). additive: its parts add over hubs."""

    id: str
    label_ko: str
    label_en: str
    sentence_ko: str
    sentence_en: str
    unit: Unit
    better: Literal["up", "down"] | None
    measure: Measure
    directions: tuple[Direction, ...] = DIRECTIONS
    additive: bool = True

    @property
    def counted(self) -> Predicate | None:
        """The predicate of the invoices behind it; None where it counts no invoices."""
        return self.measure.where if isinstance(self.measure, Count | SplitCount) else None

    @property
    def of_backlog(self) -> bool:
        """Whether it counts what waits at T, whatever its service date."""
        return isinstance(self.measure, AgeSplit | StalledCount)

    @property
    def of_friends(self) -> bool:
        """Whether it is a productivity figure (never filtered by direction or wave)."""
        return isinstance(self.measure, FriendSum | FriendSplit | FriendHours | FriendRate)


DUE: Final = Is("due", True)
COMPLETED: Final = every(DUE, Is("state", "done"))
OPEN: Final = every(DUE, Not(Known("settled")))
CLOSED: Final = every(DUE, Known("settled"), Not(Is("state", "done")))
BASE: Final = every(DUE, PromisePassed(), Not(Is("settled", NEVER_IN_BASE)))
LATE: Final = every(BASE, either(AtLeast("settled", 0), Not(Known("settled"))))
LATE_OPEN: Final = every(BASE, Not(Known("settled")))
ADJUSTED: Final = Not(CustomerReason())
ANY: Final = either(DUE, Not(DUE))
UNDELIVERED: Final = every(DUE, Not(Is("state", "done")), either(Known("reason"), LATE_OPEN))


def _lateness(prefix: str, direction: Direction, what_ko: str, what_en: str, many_en: str) -> list[Metric]:
    """M1 and M2: the same measure against the delivery and the pickup promise."""
    on = (direction,)
    return [
        Metric(
            f"{prefix}_base",
            f"{what_ko} 약속 시각 경과",
            f"{what_en} promises past",
            "약속 시각이 기준 시각보다 앞선 대상 송장. 약속 전에 취소·철회된 송장은 제외",
            "Due invoices whose promise is before the as-of time, without those cancelled or withdrawn by the promise",
            "invoices",
            None,
            Count(BASE),
            on,
        ),
        Metric(
            f"{prefix}_late",
            f"{what_ko} 지연 전체",
            f"{many_en} late, all",
            "약속 시각 경과 송장 가운데 약속 뒤에 완료되었거나 기준 시각까지 완료되지 않은 송장",
            "Of the promises past, those completed after the promise or not completed by the as-of time",
            "invoices",
            "down",
            Count(LATE),
            on,
        ),
        Metric(
            f"{prefix}_late_open",
            f"{what_ko} 지연",
            f"{many_en} late now",
            "약속 시각이 지났고 아직 진행 중인 송장",
            "Open invoices whose promise is past",
            "invoices",
            "down",
            Count(LATE_OPEN),
            on,
        ),
        Metric(
            f"{prefix}_rate",
            f"{what_ko} 지연율",
            f"{what_en} delay rate",
            "지연 전체 ÷ 약속 시각 경과",
            "Late ÷ promises past",
            "ratio",
            "down",
            Ratio(f"{prefix}_late", f"{prefix}_base"),
            on,
            additive=False,
        ),
        Metric(
            f"{prefix}_buckets",
            f"{what_ko} 지연 시간 분포",
            f"{what_en} lateness in minutes",
            "지연 송장의 지연 시간(분). 구간 위 끝 포함",
            "Late invoices by minutes late; the upper end of a bucket belongs to it",
            "invoices",
            "down",
            SplitCount(LATE, "late_bucket", BUCKETS),
            on,
        ),
    ]


def _states(direction: Direction) -> Metric:
    return Metric(
        "m3",
        "출차·배차 현황" if direction == "DELIVERY" else "회수 진행 현황",
        "Dispatch status" if direction == "DELIVERY" else "Pickup status",
        "대상과 출발 전 취소 송장을 현재 상태 하나로 나눈 수. 합계는 전체와 같음",
        "Due and cancelled-before-departure invoices, each in exactly one state; the row sums to the total",
        "invoices",
        None,
        SplitCount(ANY, "state", STATES[direction]),
        (direction,),
    )


_ALL: Final = (
    Metric(
        "due",
        "대상",
        "Due",
        "유효한 약속이 이 서비스 날짜와 웨이브에 속하는 등록 송장. 출발과 약속 전에 취소된 송장은 제외",
        "Registered invoices whose promise in force has this service date and wave, without those cancelled before "
        "departure and promise",
        "invoices",
        None,
        Count(DUE),
    ),
    Metric(
        "completed",
        "완료",
        "Completed",
        "기준 시각까지 완료된 대상 송장",
        "Due invoices completed by the as-of time",
        "invoices",
        "up",
        Count(COMPLETED),
    ),
    Metric(
        "open",
        "진행 중",
        "Open",
        "완료도 종료도 되지 않은 대상 송장",
        "Due invoices neither completed nor closed",
        "invoices",
        None,
        Count(OPEN),
    ),
    Metric(
        "closed",
        "종료",
        "Closed",
        "완료 없이 취소·철회되었거나 관리자가 종료한 대상 송장",
        "Due invoices cancelled, withdrawn or closed administratively without completion",
        "invoices",
        None,
        Count(CLOSED),
    ),
    Metric(
        "completion",
        "완료율",
        "Completion",
        "완료 ÷ 대상",
        "Completed ÷ due",
        "ratio",
        "up",
        Ratio("completed", "due"),
        additive=False,
    ),
    *_lateness("m1", "DELIVERY", "배송", "Delivery", "Deliveries"),
    Metric(
        "m1_adjusted_base",
        "조정 약속 시각 경과",
        "Adjusted promises past",
        "약속 시각 경과 가운데 약속 안에 고객 사유로 실패한 시도가 없는 송장",
        "Promises past without an attempt that failed by the promise for a customer's reason",
        "invoices",
        None,
        Count(every(BASE, ADJUSTED)),
        ("DELIVERY",),
    ),
    Metric(
        "m1_adjusted_late",
        "조정 지연",
        "Adjusted late",
        "지연 가운데 약속 안에 고객 사유로 실패한 시도가 없는 송장",
        "Late invoices without an attempt that failed by the promise for a customer's reason",
        "invoices",
        "down",
        Count(every(LATE, ADJUSTED)),
        ("DELIVERY",),
    ),
    Metric(
        "m1_adjusted_rate",
        "조정 배송 지연율",
        "Adjusted delivery delay rate",
        "조정 지연 ÷ 조정 약속 시각 경과",
        "Adjusted late ÷ adjusted promises past",
        "ratio",
        "down",
        Ratio("m1_adjusted_late", "m1_adjusted_base"),
        ("DELIVERY",),
        additive=False,
    ),
    *_lateness("m2", "RETURN", "회수", "Pickup", "Pickups"),
    _states("DELIVERY"),
    _states("RETURN"),
    Metric(
        "first_attempt_n",
        "시도된 송장",
        "Attempted",
        "시도가 한 번 이상 있는 대상 송장. 완료 스캔도 시도",
        "Due invoices with at least one attempt; a completion scan is an attempt",
        "invoices",
        None,
        Count(every(DUE, Known("attempt"))),
    ),
    Metric(
        "first_attempt_ok",
        "1회 성공",
        "First attempt succeeded",
        "첫 시도에 완료된 대상 송장",
        "Due invoices completed at the first attempt",
        "invoices",
        "up",
        Count(every(DUE, Is("attempt", "ok"))),
    ),
    Metric(
        "first_attempt_rate",
        "1회 성공률",
        "First attempt success",
        "1회 성공 ÷ 시도된 송장",
        "First attempt succeeded ÷ attempted",
        "ratio",
        "up",
        Ratio("first_attempt_ok", "first_attempt_n"),
        additive=False,
    ),
    Metric(
        "completions_by_hour",
        "시간대별 완료",
        "Completions by hour",
        "완료된 대상 송장의 완료 시각(현지 시간대)별 수",
        "Completed due invoices by local hour of completion",
        "invoices",
        None,
        CompletionHours(),
    ),
    Metric(
        "last_completed_at",
        "최종 완료",
        "Final completion",
        "대상 가운데 가장 늦은 완료 시각. 진행 중인 송장이 없을 때만 최종",
        "Latest completion over due; final only when none is open",
        "time",
        None,
        LastCompletion(),
        additive=False,
    ),
    Metric(
        "m5",
        "미배송 사유",
        "Undelivered by reason",
        "미완료 대상 가운데 실패한 시도가 있거나 약속이 지난 송장의 사유 하나: 마지막 실패 사유, 없으면 멈춘 단계",
        "Due invoices not completed that have a failed attempt or are open past the promise; one reason each: the last "
        "failed attempt's, else the step it stands at",
        "invoices",
        "down",
        SplitCount(UNDELIVERED, "undelivered_reason"),
    ),
    Metric(
        "m6",
        "적체",
        "Aged backlog",
        "서비스 날짜와 관계없이 기준 시각에 진행 중인 송장의 경과 시간(시간): 배송은 캠프 도착부터, 회수는 요청부터",
        "Invoices open at the as-of time, whatever their service date, by hours since camp arrival (returns: since the "
        "request)",
        "invoices",
        "down",
        AgeSplit("open"),
    ),
    Metric(
        "m6_pickup_to_warehouse",
        "회수 후 입고 대기",
        "Picked up, not at the warehouse",
        "회수되었으나 물류센터에 입고되지 않은 송장의 회수 후 경과 시간(시간)",
        "Returns picked up and not received at the warehouse, by hours since the pickup",
        "invoices",
        "down",
        AgeSplit("pickup"),
        ("RETURN",),
    ),
    Metric(
        "m6_stalled",
        "24시간 정체",
        "Stalled 24 h",
        "적체 가운데 마지막 이벤트 뒤 24시간 이상 지난 송장",
        "Aged backlog on which nothing has happened for 24 hours or more",
        "invoices",
        "down",
        StalledCount(),
    ),
    Metric(
        "friend_days",
        "근무 인원",
        "Friend-days",
        "이 서비스 날짜에 활동한 쿠팡친구",
        "Friends with work on this service date",
        "friends",
        None,
        FriendSum("friend_days"),
    ),
    Metric(
        "friends_out",
        "출차 중",
        "Friends out",
        "출차했고 복귀하지 않은 쿠팡친구",
        "Friends whose route has started and not ended",
        "friends",
        None,
        FriendSum("out"),
    ),
    Metric(
        "on_road_minutes",
        "운행 시간",
        "On-road time",
        "출발부터 복귀(없으면 마지막 활동)까지",
        "From departure to route end, else to the last activity",
        "minutes",
        None,
        FriendSum("on_road", 60_000),
    ),
    Metric(
        "excluded_minutes",
        "제외 시간",
        "Excluded time",
        "운행 중 휴게·앱 잠금·상차 대기·약속 대기·사고·오프라인 시간. 종류끼리 겹칠 수 있음",
        "On-road breaks, app locks, waits for load and for promised windows, incidents, offline; kinds may overlap",
        "minutes",
        None,
        FriendSplit("excluded"),
    ),
    Metric(
        "net_on_road_minutes",
        "순운행 시간",
        "Net on-road time",
        "운행 시간 − 제외 시간의 합집합",
        "On-road time without the union of excluded time",
        "minutes",
        None,
        FriendSum("net_on_road", 60_000),
    ),
    Metric(
        "idle_minutes",
        "유휴",
        "Idle",
        "활동 사이 간격에서 제외 시간과 허용 15분을 뺀 시간의 합. 일괄 스캔 앞 간격은 제외",
        "Sum over the gaps between activities of what remains after excluded time and a 15 minute allowance; the gap "
        "before a batch scan is left out",
        "minutes",
        "down",
        FriendSum("idle", 60_000),
    ),
    Metric(
        "stops",
        "스톱",
        "Stops",
        "한 주소에서 10분 안에 이어진 완료·시도 묶음",
        "Runs of completions and attempts at one doorstep, gaps of at most 10 min",
        "stops",
        None,
        FriendSum("stops"),
    ),
    Metric(
        "batch_scans",
        "일괄 스캔",
        "Batch scans",
        "60초 안에 세 곳 이상을 스캔한 묶음",
        "Groups of scans of three or more doorsteps within 60 s",
        "batches",
        None,
        FriendSum("batch_scans"),
    ),
    Metric(
        "worked_by_hour",
        "시간대별 처리",
        "Worked by hour",
        "쿠팡친구가 완료한 송장의 시간대별 수(배송·회수)",
        "Invoices completed by Friends, by local hour, both directions",
        "invoices",
        "up",
        FriendHours("worked"),
    ),
    Metric(
        "net_minutes_by_hour",
        "시간대별 순운행",
        "Net minutes by hour",
        "시간대별 순운행 시간(분)",
        "Net on-road minutes by local hour",
        "minutes",
        None,
        FriendHours("net"),
    ),
    Metric(
        "invoices_per_hour",
        "시간대별 시간당 배송",
        "Deliveries per Friend-hour, by hour",
        "시간대별 처리 ÷ 순운행 시간. 순운행 10분 미만이면 없음",
        "Worked ÷ net on-road hours, by local hour; none under 10 net minutes",
        "per_hour",
        "up",
        FriendHours("rate"),
        additive=False,
    ),
    Metric(
        "hourly_deliveries",
        "시간당 배송",
        "Deliveries per Friend-hour",
        "처리한 송장 ÷ 순운행 시간(하루 전체). 순운행 10분 미만이면 없음",
        "Invoices worked ÷ net on-road hours over the service date; none under 10 net minutes",
        "per_hour",
        "up",
        FriendRate(),
        additive=False,
    ),
)

METRICS: Final[tuple[Metric, ...]] = _ALL


def metrics_for(direction: Direction) -> dict[str, Metric]:
    """Metrics of one direction by id, in the order of the registry."""
    return {metric.id: metric for metric in METRICS if direction in metric.directions}
