"""The sentences why an invoice counts in a figure, in Korean and English: what decides for that figure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from aggregations.proofs.model import Sentence
from hubstat.domain import time as tm
from hubstat.domain.backlog import Waiting
from hubstat.domain.invoice import InvoiceState, Stage
from hubstat.domain.measures import WAVE_CLOSES_AFTER, Context, split_key
from hubstat.domain.metric import Metric
from hubstat.domain.projection import Pending
from hubstat.domain.row import Row

_ENDS: Final = {
    "withdrawn_or_cancelled": Sentence("취소·철회", "cancelled or withdrawn"),
    "closed_admin": Sentence("관리자 종료", "closed administratively"),
}
_STATES: Final = {
    "loaded": Sentence("상차됨", "loaded"),
    "out": Sentence("배송 중", "out"),
    "back_at_camp": Sentence("캠프로 회송됨", "back at the camp"),
    "assigned": Sentence("배정됨", "assigned"),
    "assigned_arrived": Sentence("배정되고 캠프 도착", "assigned and at the camp"),
    "assigned_not_arrived": Sentence("배정되었으나 캠프 도착 전", "assigned, not at the camp yet"),
    "unassigned": Sentence("미배정", "not assigned"),
    "unassigned_arrived": Sentence("미배정, 캠프 도착", "not assigned, at the camp"),
    "unassigned_not_arrived": Sentence("미배정, 캠프 도착 전", "not assigned, not at the camp yet"),
}
_STEPS: Final = {
    "NOT_ARRIVED": Sentence("캠프 미도착", "it has not arrived at the camp"),
    "NOT_LOADED": Sentence("상차되지 않음", "it is not loaded"),
    "NO_ATTEMPT": Sentence("시도 없음", "nobody has attempted it"),
    "NOT_ASSIGNED": Sentence("배정되지 않음", "it is not assigned"),
}
_STAGES: Final[dict[Stage, tuple[str, str]]] = {
    "request_to_pickup": ("{start} 요청, {end} 회수: {n:,}분", "requested {start}, picked up {end}: {n:,} min"),
    "pickup_to_warehouse": ("{start} 회수, {end} 입고: {n:,}분", "picked up {start}, received {end}: {n:,} min"),
    "warehouse_to_completed": ("{start} 입고 뒤 반품 완료까지 {n:,}분", "completed {n:,} min after receipt {start}"),
    "refund_latency": ("{start} 회수 뒤 환불까지 {n:,}분", "refunded {n:,} min after the pickup {start}"),
}


class Wording:
    """Words sentences about one service date; a time carries its date where that is another one."""

    def __init__(self, zone: ZoneInfo, service_date: str) -> None:
        self._zone = zone
        self._service_date = service_date

    def clock(self, instant: int) -> str:
        """Local time, ``20:00`` or ``2026-11-21 01:00``."""
        day, _, clock = tm.iso_local(instant, self._zone)[:16].partition("T")
        return clock if day == self._service_date else f"{day} {clock}"

    def span(self, start: int, end: int) -> str:
        """``09:40–10:02``."""
        return f"{self.clock(start)}–{self.clock(end)}"

    def standing(self, state: InvoiceState, row: Row, as_of: int) -> Sentence:
        """Where an invoice stands against its promise: completed, ended or open, and how late."""
        promise = self.clock(row.promise)
        minutes = late_minutes(state, row, as_of)
        if state.completed_at is not None:
            done = self.clock(state.completed_at)
            if minutes is None:
                return Sentence(f"약속 {promise} 안에 {done} 완료", f"completed {done}, by the promise {promise}")
            return Sentence(
                f"약속 {promise}보다 {minutes:,}분 늦은 {done} 완료",
                f"completed {done}, {minutes:,} min after the promise {promise}",
            )
        if state.ended_at is not None:
            end, what = self.clock(state.ended_at), _ENDS[row.state]
            return Sentence(f"{end} {what.ko}, 약속 {promise}", f"{what.en} {end}, promise {promise}")
        found = (
            Sentence(f"진행 중, 약속 {promise}", f"open, promise {promise}")
            if minutes is None
            else Sentence(
                f"진행 중, 약속 {promise}을 {minutes:,}분 지남", f"open, {minutes:,} min past the promise {promise}"
            )
        )
        if not row.reason:
            return found
        return found + Sentence(f"마지막 실패 사유 {row.reason}", f"last attempt failed: {row.reason}")

    def counted(self, metric: Metric, state: InvoiceState, row: Row, context: Context) -> Sentence:
        """Why an invoice counts in a figure that a predicate decides."""
        tell = _TELLERS.get(metric.id)
        return self.standing(state, row, context.as_of) if tell is None else tell(self, state, row, context)

    def due(self, state: InvoiceState, row: Row, context: Context) -> Sentence:
        """Registered with a promise of this date and wave."""
        head = Sentence(
            f"{self._service_date} {row.wave} 웨이브 약속", f"promised for {self._service_date}, wave {row.wave}"
        )
        return head + self.standing(state, row, context.as_of)

    def arrived(self, state: InvoiceState, row: Row, context: Context) -> Sentence:
        """The camp arrival, or the scan that proves it."""
        if state.arrived_at is not None and state.arrived_at != state.loaded_at:
            at = self.clock(state.arrived_at)
            return Sentence(f"{at} 캠프 도착", f"arrived {at}")
        at = "" if state.loaded_at is None else self.clock(state.loaded_at)
        return Sentence(f"{at} 스캔으로 도착 확인", f"scanned {at}, which proves the arrival")

    def adjusted(self, state: InvoiceState, row: Row, context: Context) -> Sentence:
        """Late or not, and no failure by the promise is a customer's."""
        none = Sentence("약속 안에 고객 사유 실패 없음", "no attempt failed by the promise for a customer's reason")
        return self.standing(state, row, context.as_of) + none

    def policy(self, state: InvoiceState, row: Row, context: Context) -> Sentence:
        """Withdrawn by policy; closed administratively before, maybe."""
        withdrawn = Sentence("정책에 의한 철회, 완료되지 않음", "withdrawn by policy, not completed")
        return withdrawn + self.standing(state, row, context.as_of)

    def state(self, state: InvoiceState, row: Row, context: Context) -> Sentence:
        """Its one state, or why it is not due."""
        if not row.due and state.ended_at is not None:
            end, promise = self.clock(state.ended_at), self.clock(row.promise)
            return Sentence(
                f"{end} 취소, 출발과 약속 {promise} 전이라 대상이 아님",
                f"cancelled {end}, before departure and the promise {promise}: not due",
            )
        known = _STATES.get(row.state)
        standing = self.standing(state, row, context.as_of)
        return standing if known is None else known + standing

    def attempt(self, state: InvoiceState, row: Row, context: Context) -> Sentence:
        """The first attempt and how it went."""
        if row.attempt == "ok" and state.completed_at is not None:
            done = self.clock(state.completed_at)
            return Sentence(f"{done} 첫 시도에 완료", f"completed {done} at the first attempt")
        first = state.attempts[0]
        at = self.clock(first.time)
        return Sentence(f"{at} 첫 시도 실패: {first.reason}", f"the first attempt failed {at}: {first.reason}")

    def carried_over(self, state: InvoiceState, row: Row, context: Context) -> Sentence:
        """Open when its wave closed."""
        deadline = context.deadline(row.wave)
        closes, end = self.clock(deadline + WAVE_CLOSES_AFTER), self.clock(deadline)
        return Sentence(
            f"{row.wave} 마감 {end}의 4시간 뒤인 {closes} 이후에도 진행 중",
            f"open after {closes}, four hours after the deadline {end} of {row.wave}",
        )

    def undelivered(self, state: InvoiceState, row: Row, context: Context) -> Sentence:
        """The last failed attempt, or where it stands."""
        standing = self.standing(state, row, context.as_of)
        group = split_key("undelivered_group", row, context)
        if row.reason is None:
            step = _STEPS[row.step]
            return Sentence(f"실패한 시도 없음: {step.ko}", f"no attempt failed: {step.en}") + standing
        at = self.clock(state.attempts[-1].time)
        return Sentence(
            f"마지막 시도 {at} 실패: {row.reason} (그룹 {group})",
            f"the last attempt failed {at}: {row.reason} (group {group})",
        ) + Sentence(f"약속 {self.clock(row.promise)}", f"promise {self.clock(row.promise)}")

    def completed(self, at: int) -> Sentence:
        """Its completion."""
        return Sentence(f"{self.clock(at)} 완료", f"completed {self.clock(at)}")

    def after_deadline(self, at: int, wave: str, deadline: int) -> Sentence:
        """Completed after the deadline of its wave."""
        end = self.clock(deadline)
        return self.completed(at) + Sentence(f"{wave} 마감 {end}", f"deadline of {wave} {end}")

    def stage(self, stage: Stage, state: InvoiceState, minutes: int) -> Sentence:
        """The ends of a stage and its minutes; only times that the stage has are asked for."""
        ends = {
            "request_to_pickup": (state.registered_at, state.completed_at),
            "pickup_to_warehouse": (state.completed_at, state.warehouse_at),
            "warehouse_to_completed": (state.warehouse_at, None),
            "refund_latency": (state.completed_at, None),
        }[stage]
        start, end = ("" if each is None else self.clock(each) for each in ends)
        korean, english = (text.format(start=start, end=end, n=minutes) for text in _STAGES[stage])
        return Sentence(korean, english)

    def waiting(self, waiting: Waiting, as_of: int) -> Sentence:
        """Since when it waits, and how long."""
        since, hours = self.clock(waiting.since), (as_of - waiting.since) / tm.HOUR
        if waiting.waits == "pickup":
            return Sentence(
                f"{since} 회수 뒤 입고 전, {hours:,.1f}시간",
                f"picked up {since}, not at the warehouse for {hours:,.1f} h",
            )
        what = (
            Sentence("캠프 도착", "arrived at the camp")
            if waiting.direction == "DELIVERY"
            else Sentence("요청", "requested")
        )
        return Sentence(f"{since} {what.ko} 뒤 진행 중, {hours:,.1f}시간", f"open, {what.en} {since}, {hours:,.1f} h")

    def stalled(self, waiting: Waiting, as_of: int) -> Sentence:
        """Its last event, and how long ago that was."""
        last, hours = self.clock(waiting.last_event), (as_of - waiting.last_event) / tm.HOUR
        return Sentence(
            f"진행 중, 마지막 이벤트 {last} 뒤 {hours:,.1f}시간", f"open, last event {last}, {hours:,.1f} h ago"
        )

    def at_risk(self, invoice: Pending, place: int, stops: int, finish: int) -> Sentence:
        """The place of its stop, the projected finish and the promise."""
        done, promise = self.clock(finish), self.clock(invoice.promise)
        return Sentence(
            f"스톱 {stops}곳 중 {place}번째, 예상 완료 {done}, 약속 {promise}",
            f"stop {place} of {stops}, projected finish {done}, promise {promise}",
        )

    def load(self, friend: str, departure: int, loaded_at: int | None) -> Sentence:
        """Who held it at the departure, and when it was loaded."""
        left = self.clock(departure)
        held = Sentence(f"{left} 출발 때 {friend} 보유", f"held by {friend} at the departure {left}")
        if loaded_at is None:
            return held + Sentence("상차되지 않음", "not loaded")
        return held + Sentence(f"{self.clock(loaded_at)} 상차", f"loaded {self.clock(loaded_at)}")


def late_minutes(state: InvoiceState, row: Row, as_of: int) -> int | None:
    """Whole minutes after the promise, rounded up; None where not late, or not past the promise."""
    late = lateness(state, row, as_of)
    return None if late is None else -(-late // tm.MINUTE)


def lateness(state: InvoiceState, row: Row, as_of: int) -> int | None:
    """Time after the promise at its completion or end, else at T; ms; None where there is none."""
    end = state.completed_at if state.completed_at is not None else state.ended_at
    late = (as_of if end is None else end) - row.promise
    return late if late > 0 else None


_Teller = Callable[[Wording, InvoiceState, Row, Context], Sentence]
# Figures that something else decides than where the invoice stands against its promise.
_TELLERS: Final[dict[str, _Teller]] = {
    "due": Wording.due,
    "arrived": Wording.arrived,
    "m1_adjusted_base": Wording.adjusted,
    "m1_adjusted_late": Wording.adjusted,
    "m2_withdrawn_by_policy": Wording.policy,
    "m3": Wording.state,
    "first_attempt_n": Wording.attempt,
    "first_attempt_ok": Wording.attempt,
    "carried_over": Wording.carried_over,
    "m5": Wording.undelivered,
    "undelivered": Wording.undelivered,
    "m5_groups": Wording.undelivered,
}
