"""Proofs over networks in memory: every metric, every part, every level has what stands behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from example_day import DAY, ExampleNetwork, agrees, moment_of
from memory import ZONE, MemoryNetwork
from proving import EVERYTHING, MemoryReader, Proved, levels, prove_all, wrong_with
from random_network import DATES, MASTER, RandomNetwork

from aggregations.proofs import checks
from aggregations.proofs.model import Proof
from aggregations.proofs.prover import Prover
from aggregations.question import Question, Scope
from hubstat.domain.codes import DIRECTIONS
from hubstat.domain.metrics import METRICS
from hubstat.errors import QueryError
from hubstat.examples import EXAMPLES, Example


@pytest.fixture(scope="module")
def reader() -> MemoryReader:
    return MemoryReader(ExampleNetwork())


def place_of(example: Example) -> Scope:
    camp, _, friend = example.hub.partition("/")
    return Scope("friend", friend, camp) if friend else Scope(example.level, example.hub)


def proof_of(reader: MemoryReader, example: Example, metric: str, scope: Scope) -> Proof:
    """The proof of a metric at the moment of an example."""
    question = Question(scope.level, DAY, None, *moment_of(example), example.wave, example.direction)
    return Prover(reader).proof(EVERYTHING, question, metric, scope)


@pytest.mark.parametrize("seed", range(6))
def test_a_random_network(seed: int) -> None:
    drawn = RandomNetwork.of_seed(seed)
    network = MemoryNetwork(MASTER)
    for raw, _ in drawn.invoices:
        network.add_invoice(raw)
    for raw, _ in drawn.friends:
        network.add_friend(raw)
    reader, proved = MemoryReader(network), Proved.none()
    for direction in DIRECTIONS:
        for wave in ("all", "DAY"):
            asked = Question("camp", date.fromisoformat(DATES[0]), None, *drawn.moment(), wave, direction)
            for question in levels(asked):
                prove_all(reader, question, proved)
    assert proved.wrong == []
    assert sum(proved.figures.values()) > 200


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_every_metric_has_a_proof_of_the_figure_reckoned_by_hand(reader: MemoryReader, example: Example) -> None:
    found = proof_of(reader, example, example.metric, place_of(example))
    assert agrees(found.figure, example.expected)
    assert list(wrong_with(found, found.figure)) == []
    assert all(side.lines or side.terms for side in found.sides)


@pytest.mark.parametrize("level", ["nationwide", "friend"])
def test_every_metric_has_a_proof_of_every_row(reader: MemoryReader, level: str) -> None:
    """At the moment of the figures that look ahead, where most is under way."""
    at = moment_of(next(example for example in EXAMPLES if example.metric == "projected_finish"))
    proved = Proved.none()
    for direction in DIRECTIONS:
        prove_all(reader, Question(level, DAY, None, *at, "all", direction), proved)
    assert proved.wrong == []
    assert set(proved.figures) == {metric.id for metric in METRICS}
    of_friends = {metric.id for metric in METRICS if metric.of_friends}
    behind = {name for name in proved.figures if proved.lines[name] or proved.terms[name]}
    assert of_friends <= behind


LOOKING_AHEAD = next(example for example in EXAMPLES if example.metric == "projected_finish")


@pytest.mark.parametrize(
    ("metric", "korean", "english"),
    [
        (
            "m1_at_risk",
            "스톱 4곳 중 2번째, 예상 완료 19:00, 약속 18:30",
            "stop 2 of 4, projected finish 19:00, promise 18:30",
        ),
        ("load_gap", "10:05 출발 때 F1 보유, 상차되지 않음", "held by F1 at the departure 10:05, not loaded"),
        (
            "after_deadline",
            "07:10 완료, DAWN 마감 07:00",
            "completed 07:10, deadline of DAWN 07:00",
        ),
        (
            "carried_over",
            "DAWN 마감 07:00의 4시간 뒤인 11:00 이후에도 진행 중",
            "open after 11:00, four hours after the deadline 07:00 of DAWN",
        ),
        ("arrived", "02:00 캠프 도착", "arrived 02:00"),
        ("arrived", "09:30 스캔으로 도착 확인", "scanned 09:30, which proves the arrival"),
        (
            "m6_stalled",
            "진행 중, 마지막 이벤트 2026-11-17 06:00 뒤 84.0시간",
            "open, last event 2026-11-17 06:00, 84.0 h ago",
        ),
        (
            "m6.>=72",
            "2026-11-17 06:00 캠프 도착 뒤 진행 중, 84.0시간",
            "open, arrived at the camp 2026-11-17 06:00, 84.0 h",
        ),
        (
            "undelivered",
            "마지막 시도 07:20 실패: 시간초과 (그룹 capacity), 약속 07:00",
            "the last attempt failed 07:20: 시간초과 (group capacity), promise 07:00",
        ),
        ("first_attempt_n", "11:20 첫 시도 실패: 주소불명", "the first attempt failed 11:20: 주소불명"),
        ("completions_by_hour.2026-11-20T17", "17:30 완료", "completed 17:30"),
        (
            "m1_late",
            "약속 07:00보다 10분 늦은 07:10 완료",
            "completed 07:10, 10 min after the promise 07:00",
        ),
    ],
)
def test_a_sentence_says_what_decides_for_its_figure(
    reader: MemoryReader, metric: str, korean: str, english: str
) -> None:
    found = proof_of(reader, LOOKING_AHEAD, metric, Scope("camp", "C1"))
    assert (korean, english) in {(line.why.ko, line.why.en) for line in found.lines}


def test_a_ratio_shows_both_its_sides(reader: MemoryReader) -> None:
    found = proof_of(reader, LOOKING_AHEAD, "m1_rate", Scope("camp", "C1"))
    assert [(side.metric.id, side.figure, side.count) for side in found.sides] == [
        ("m1_late", 10, 10),
        ("m1_base", 24, 24),
    ]
    assert found.figure == 10 / 24


def test_a_share_of_nothing_is_none_and_of_something_nought(reader: MemoryReader) -> None:
    assert proof_of(reader, LOOKING_AHEAD, "m5_shares.nowhere", Scope("camp", "C1")).figure == 0
    assert proof_of(reader, LOOKING_AHEAD, "m5_shares.nowhere", Scope("camp", "C4")).figure is None


def test_a_percentile_marks_the_rank_that_decides(reader: MemoryReader) -> None:
    found = proof_of(reader, LOOKING_AHEAD, "completion_p95", Scope("camp", "C1"))
    assert [line.rank for line in found.lines] == list(range(1, found.sides[0].count + 1))
    (decisive,) = [line for line in found.lines if line.decides]
    assert decisive.rank == -(-95 * found.sides[0].count // 100)


def test_a_friend_is_taken_apart_into_gaps(reader: MemoryReader) -> None:
    found = proof_of(reader, LOOKING_AHEAD, "idle_minutes", Scope("friend", "F1", "C1"))
    idle = [term for term in found.terms if term.amount]
    assert sum(term.amount for term in idle) == found.figure == 40
    for term in found.terms:
        assert term.start is not None
        assert term.end is not None
        assert term.amount <= (term.end - term.start) / 60_000
        assert "allowance" in term.why.en
    # F6 scanned a batch: the gap before it is listed and left out.
    batch = proof_of(reader, LOOKING_AHEAD, "idle_minutes", Scope("friend", "F6", "C2"))
    assert any("left out: it ends at a batch scan" in term.why.en and term.amount == 0 for term in batch.terms)


def test_stops_left_come_in_order_with_their_finish(reader: MemoryReader) -> None:
    found = proof_of(reader, LOOKING_AHEAD, "projected_finish", Scope("friend", "F1", "C1"))
    times = [term.amount for term in found.terms]
    assert times == sorted(times)
    assert [term.decides for term in found.terms] == [False] * (len(times) - 1) + [True]
    assert all(term.invoices for term in found.terms)


@pytest.mark.parametrize(
    "metric",
    ["m9", "due.x", "m3.nowhere", "m6.x", "idle_minutes.x", "completions_by_hour.noon", "excluded_minutes.tea"],
)
def test_what_is_no_figure_is_refused(reader: MemoryReader, metric: str) -> None:
    with pytest.raises(QueryError):
        proof_of(reader, LOOKING_AHEAD, metric, Scope("camp", "C1"))


def _without_a_line(proof: Proof) -> Proof:
    return replace(proof, sides=(replace(proof.sides[0], lines=proof.lines[1:]), *proof.sides[1:]))


def _other_amount(proof: Proof) -> Proof:
    first, *rest = proof.terms
    return replace(proof, sides=(replace(proof.sides[0], terms=(replace(first, amount=first.amount + 1), *rest)),))


def _other_figure(proof: Proof) -> Proof:
    return replace(proof, figure=proof.figure + 0.001)


@pytest.mark.parametrize(
    ("metric", "change"),
    [
        ("due", _without_a_line),
        ("m3", _without_a_line),
        ("idle_minutes", _other_amount),
        ("projected_finish", _other_amount),
        ("worked_by_hour", _other_amount),
        ("m1_rate", _other_figure),
        ("hourly_stops", _other_figure),
        ("efficiency", _other_figure),
    ],
)
def test_a_proof_that_is_not_its_figure_is_an_error(
    reader: MemoryReader, metric: str, change: Callable[[Proof], Proof]
) -> None:
    found = proof_of(reader, LOOKING_AHEAD, metric, Scope("camp", "C1"))
    checks.require_proved(found.metric, found.figure, found.sides, ZONE)
    other = change(found)
    with pytest.raises(QueryError, match="please report this"):
        checks.require_proved(other.metric, other.figure, other.sides, ZONE)
