"""A row: the attributes of one invoice that counted figures look at. Everything in it is fixed by the fold; only the
comparison of the promise with T is left to the measure, so rows of one kind can be counted by Elasticsearch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson

from hubstat.domain import time as tm
from hubstat.domain.invoice import InvoiceState

BUCKETS: Final = ("(0,30]", "(30,60]", "(60,120]", "(120,360]", "(360,1440]", "(1440,2880]", ">2880")
_LIMITS: Final = tuple(minutes * tm.MINUTE for minutes in (30, 60, 120, 360, 1440, 2880))
# Where an invoice stands that is undelivered without a failed attempt.
STEPS: Final = ("NOT_ARRIVED", "NOT_LOADED", "NO_ATTEMPT", "NOT_ASSIGNED")
ON_TIME: Final = -1
NEVER_IN_BASE: Final = -2


def late_bucket(late: int) -> int:
    """Index into ``BUCKETS`` of a lateness in ms; upper ends inclusive; nothing late is in the first."""
    for index, limit in enumerate(_LIMITS):
        if late <= limit:
            return index
    return len(_LIMITS)


@dataclass(frozen=True, slots=True)
class Row:
    """Attributes of one counted invoice.

    due: not removed by C8. state: as in M3. promise: ms. settled: for one that is no longer open, its place in M1/M2:
    an index into ``BUCKETS``, ``ON_TIME`` or ``NEVER_IN_BASE``; None while open. attempt: outcome of the first attempt.
    reason: of the last failed attempt. step: why it is undelivered where no attempt failed. valid_reasons: of attempts
    that failed by the promise with a known time (adjusted rate), sorted. policy: not completed, and first cancelled or
    withdrawn by policy.
    """

    camp: str | None
    direction: str
    wave: str
    due: bool
    state: str
    promise: int
    settled: int | None
    attempt: str | None
    reason: str | None
    step: str
    policy: bool
    valid_reasons: tuple[str, ...]

    @property
    def completed(self) -> bool:
        return self.state == "done"

    @property
    def open(self) -> bool:
        return self.settled is None

    def cell(self) -> str:
        """The row as one keyword; rows with the same attributes have the same cell."""
        return orjson.dumps(
            [
                self.camp,
                self.direction,
                self.wave,
                self.due,
                self.state,
                self.promise,
                self.settled,
                self.attempt,
                self.reason,
                self.step,
                self.policy,
                self.valid_reasons,
            ]
        ).decode()

    @classmethod
    def of_cell(cls, cell: str) -> Row:
        """Back from its keyword."""
        values = orjson.loads(cell)
        values[-1] = tuple(values[-1])
        return cls(*values)


def row_of(state: InvoiceState) -> Row | None:
    """The row of an invoice, None for one that no metric knows (unregistered, superseded)."""
    promise = state.promise
    if promise is None or state.superseded:
        return None
    return Row(
        camp=state.camp,
        direction=state.direction,
        wave=promise.wave,
        due=not state.removed,
        state=state.state,
        promise=promise.at,
        settled=_settled(state, promise.at),
        attempt=None if state.first_attempt_ok is None else "ok" if state.first_attempt_ok else "failed",
        reason=state.attempts[-1].reason if state.attempts else None,
        step=_step(state),
        policy=state.withdrawn_by_policy,
        valid_reasons=tuple(sorted({a.reason for a in state.attempts if a.time_known and a.time <= promise.at})),
    )


def _settled(state: InvoiceState, promise: int) -> int | None:
    if state.completed_at is not None:
        return ON_TIME if state.completed_at <= promise else late_bucket(state.completed_at - promise)
    if state.ended_at is None:
        return None
    if state.ended_by == "closed_admin":
        # Minutes stop at closing: closed before the promise is late with none (C13).
        return late_bucket(max(0, state.ended_at - promise))
    return late_bucket(state.ended_at - promise) if promise < state.ended_at else NEVER_IN_BASE


def _step(state: InvoiceState) -> str:
    if state.direction == "RETURN":
        return "NO_ATTEMPT" if state.assigned or state.first_departure is not None else "NOT_ASSIGNED"
    if state.arrived_at is None:
        return "NOT_ARRIVED"
    return "NO_ATTEMPT" if state.loaded else "NOT_LOADED"
