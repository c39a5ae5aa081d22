"""The dictionary of figures: each metric's unit, formula and worked example in words, from registry and examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from hubstat.documentation.metrics import measure_text, predicate_text
from hubstat.domain.metric import (
    AfterDeadline,
    AgeSplit,
    AtRisk,
    CompletionHours,
    CompletionPercentile,
    Count,
    FriendHours,
    FriendLatest,
    FriendRate,
    FriendRatio,
    FriendSplit,
    FriendSum,
    LastCompletion,
    LoadCount,
    Measure,
    Metric,
    Plan,
    Ratio,
    Shares,
    SplitCount,
    StageMinutes,
    StalledCount,
)
from hubstat.domain.metrics import METRICS
from hubstat.examples import EXAMPLES, Example
from hubstat.figures.formats import Lang

Group = Literal["invoices", "returns", "backlog", "friends"]
GROUPS: Final[tuple[Group, ...]] = ("invoices", "returns", "backlog", "friends")


@dataclass(frozen=True, slots=True)
class Entry:
    """One metric under the name it is linked by; ``m3`` of returns is another one than ``m3`` of deliveries."""

    metric: Metric
    group: Group
    examples: Sequence[Example]

    @property
    def key(self) -> str:
        """Direction and id: unlike that of any other entry."""
        return f"{self.metric.directions[0]}.{self.metric.id}"


def entries() -> list[Entry]:
    """Every metric of the registry, by group, in the registry's order."""
    found = [
        Entry(
            metric,
            _group(metric),
            [each for each in EXAMPLES if each.metric == metric.id and each.direction in metric.directions],
        )
        for metric in METRICS
    ]
    return sorted(found, key=lambda entry: GROUPS.index(entry.group))


def _group(metric: Metric) -> Group:
    if metric.of_friends:
        return "friends"
    if metric.of_backlog:
        return "backlog"
    return "returns" if metric.directions == ("RETURN",) else "invoices"


def entry_of(metric_id: str | None, direction: str) -> Entry | None:
    """The entry of a metric id, of this direction where both have one; None where no metric has that id."""
    found = [entry for entry in entries() if entry.metric.id == metric_id]
    of_direction = (entry for entry in found if direction in entry.metric.directions)
    return next(of_direction, found[0] if found else None)


def formula(measure: Measure, lang: Lang) -> str:
    """A measure in words and code."""
    return measure_text(measure).replace("`", "") if lang == "en" else _korean(measure)


def _korean(measure: Measure) -> str:
    match measure:
        case Count(where):
            return f"{predicate_text(where)} 인 송장 수"
        case SplitCount(where, split, _):
            return f"{predicate_text(where)} 인 송장을 {split}별로 나눈 수"
        case Ratio(numerator, denominator):
            return f"{numerator} ÷ {denominator}"
        case Shares(parts, total):
            return f"{parts}의 각 부분 ÷ {total}"
        case CompletionHours():
            return "완료된 대상 송장을 완료 시각의 현지 시간대로 나눈 수"
        case LastCompletion():
            return "대상 송장의 완료 시각 가운데 가장 늦은 것"
        case CompletionPercentile(share):
            return f"대상 송장 완료 시각(분)의 {share:.0%} 값, 최근접 순위"
        case AfterDeadline():
            return "웨이브 마감 뒤에 완료된 대상 송장 수"
        case StageMinutes(stage):
            return f"대상 송장의 {stage} 분: 중앙값·90% 값(최근접 순위)과 건수 n"
        case AtRisk():
            return "약속 ≥ T 이고 예상 완료 > 약속인 진행 중 대상 송장 수"
        case LoadCount(part):
            return {"assigned": "첫 출차 때 배정되어 있던 대상 송장 수", "gap": "그 가운데 그때까지 상차되지 않은 수"}[
                part
            ]
        case Plan(part):
            when = {"hours": "시간마다 끝에", "now": "T에", "due": "비율이 있는 부분의 대상"}[part]
            return f"캠프·웨이브별 대상 × 계획 비율의 합: {when}"
        case AgeSplit(waits):
            since = "회수되어 입고를 기다리는" if waits == "pickup" else "T에 진행 중인"
            return f"{since} 송장을 경과 시간으로 나눈 수 (모든 서비스 날짜)"
        case StalledCount():
            return "적체 가운데 T − 마지막 이벤트 ≥ 24시간인 송장 수"
        case FriendSum(part, scale):
            return f"쿠팡친구 {part}의 합" + (f", ms ÷ {scale:,}" if scale != 1 else "")
        case FriendSplit():
            return "근무일의 제외 시간을 종류별로 더한 분"
        case FriendHours(part):
            return f"근무일의 {part}, 현지 시간대별"
        case FriendRate(part):
            return f"{'처리한 송장' if part == 'worked' else '스톱'} ÷ 순운행 시간"
        case FriendRatio(numerator, denominator):
            return f"쿠팡친구 {numerator}의 합 ÷ {denominator}의 합"
        case FriendLatest(part, _):
            return f"쿠팡친구 {part} 가운데 가장 큰 값"


def example_value(value: Any) -> str:
    """A worked figure as text, unrounded beyond three decimals; parts of a split one beside each other."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {example_value(part)}" for key, part in value.items())
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    return "—" if value is None else str(value)
