"""Counting invoices: one tally is everything that is counted for one set of invoices, and tallies add."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hubstat.oracle.clock import HOUR, MINUTE, Zone
from hubstat.oracle.invoices import Standing
from hubstat.oracle.masters import Network
from hubstat.oracle.ranks import counted_rank, whole_minutes

BUCKETS = {
    "(0,30]": 30,
    "(30,60]": 60,
    "(60,120]": 120,
    "(120,360]": 360,
    "(360,1440]": 1440,
    "(1440,2880]": 2880,
}  # label → upper end in minutes, inclusive
LAST_BUCKET = ">2880"
AGES = {"<12": 12, "12-24": 24, "24-48": 48, "48-72": 72}  # label → upper end in hours, exclusive
LAST_AGE = ">=72"
STATES = {
    "DELIVERY": (
        "done", "closed_admin", "withdrawn_or_cancelled", "loaded", "out", "back_at_camp", "assigned_arrived",
        "assigned_not_arrived", "unassigned_arrived", "unassigned_not_arrived",
    ),
    "RETURN": ("done", "closed_admin", "withdrawn_or_cancelled", "out", "assigned", "unassigned"),
}  # fmt: skip
STALLED = 24 * HOUR
CLOSING = 4 * HOUR  # after a wave's deadline its open invoices are carried over
STEP_GROUP = "not-attempted"
STAGES = (
    "return_request_to_pickup", "return_pickup_to_warehouse", "return_warehouse_to_completed", "return_refund_latency",
)  # fmt: skip


@dataclass
class Tally:
    """Counts of invoices; ``last`` is the latest completion in epoch ms.

    ``minutes``: completions by minute since the epoch; ``stages``: returns by (stage, its minutes).
    """

    counts: Counter[str] = field(default_factory=Counter)
    buckets: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    hours: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    ages: Counter[str] = field(default_factory=Counter)
    pickup_ages: Counter[str] = field(default_factory=Counter)
    groups: Counter[str] = field(default_factory=Counter)
    minutes: Counter[int] = field(default_factory=Counter)
    stages: Counter[tuple[str, int]] = field(default_factory=Counter)
    last: int | None = None

    def add(self, other: Tally) -> None:
        """Add what another tally counted."""
        self.counts.update(other.counts)
        self.buckets.update(other.buckets)
        self.states.update(other.states)
        self.hours.update(other.hours)
        self.reasons.update(other.reasons)
        self.ages.update(other.ages)
        self.pickup_ages.update(other.pickup_ages)
        self.groups.update(other.groups)
        self.minutes.update(other.minutes)
        self.stages.update(other.stages)
        if other.last is not None:
            self.last = other.last if self.last is None else max(self.last, other.last)

    def figures(self, direction: str, zone: Zone) -> dict[str, Any]:
        """The figures under their own keys; ratios unrounded, None for an empty denominator."""
        figures = self._outcome(zone) | self._lateness("m1" if direction == "DELIVERY" else "m2")
        figures["m3"] = {state: self.states[state] for state in STATES[direction]}
        figures |= self._undelivered()
        figures["m6"] = {label: self.ages[label] for label in (*AGES, LAST_AGE)}
        figures["m6_stalled"] = self.counts["stalled"]
        return figures | (self._deliveries() if direction == "DELIVERY" else self._returns())

    def _outcome(self, zone: Zone) -> dict[str, Any]:
        """Completion, first attempt, final completion."""
        count = self.counts
        names = ("due", "completed", "open", "closed", "after_deadline", "carried_over")
        figures: dict[str, Any] = {name: count[name] for name in (*names, "first_attempt_n", "first_attempt_ok")}
        figures["completion"] = ratio(count["completed"], count["due"])
        figures["first_attempt_rate"] = ratio(count["first_attempt_ok"], count["first_attempt_n"])
        figures["completions_by_hour"] = dict(sorted(self.hours.items()))
        figures["last_completed_at"] = None if self.last is None else zone.text(self.last)
        minute = counted_rank(self.minutes, 95)
        figures["completion_p95"] = None if minute is None else zone.text(minute * MINUTE)
        return figures

    def _lateness(self, metric: str) -> dict[str, Any]:
        """M1 or M2."""
        count = self.counts
        figures: dict[str, Any] = {f"{metric}_{name}": count[name] for name in ("base", "late", "late_open", "at_risk")}
        figures[f"{metric}_rate"] = ratio(count["late"], count["base"])
        figures[f"{metric}_buckets"] = {label: self.buckets[label] for label in (*BUCKETS, LAST_BUCKET)}
        return figures

    def _undelivered(self) -> dict[str, Any]:
        """M5: by reason, by group, and the shares of both."""
        undelivered = self.reasons.total()
        reasons, groups = dict(sorted(self.reasons.items())), dict(sorted(self.groups.items()))
        return {
            "undelivered": undelivered,
            "m5": reasons,
            "m5_groups": groups,
            "m5_shares": {reason: count / undelivered for reason, count in reasons.items()},
            "m5_group_shares": {group: count / undelivered for group, count in groups.items()},
        }

    def _deliveries(self) -> dict[str, Any]:
        """What only deliveries have."""
        count = self.counts
        figures: dict[str, Any] = {f"m1_{name}": count[name] for name in ("adjusted_base", "adjusted_late")}
        figures["m1_adjusted_rate"] = ratio(count["adjusted_late"], count["adjusted_base"])
        figures |= {name: count[name] for name in ("arrived", "load_gap", "load_assigned")}
        figures["arrival_rate"] = ratio(count["arrived"], count["due"])
        return figures

    def _returns(self) -> dict[str, Any]:
        """What only returns have."""
        figures: dict[str, Any] = {"m2_withdrawn_by_policy": self.counts["by_policy"]}
        figures["m6_pickup_to_warehouse"] = {label: self.pickup_ages[label] for label in (*AGES, LAST_AGE)}
        for stage in STAGES:
            minutes = Counter({minute: count for (name, minute), count in self.stages.items() if name == stage})
            ranks = {"median": counted_rank(minutes, 50), "p90": counted_rank(minutes, 90)}
            figures[stage] = ranks | {"n": minutes.total()}
        return figures


def ratio(part: float, whole: float) -> float | None:
    """part ÷ whole, None when the whole is empty."""
    return part / whole if whole else None


def count_day(tally: Tally, invoice: Standing, as_of: int, network: Network, deadline: int, zone: Zone) -> None:
    """Count one invoice of the day; ``deadline``: of its wave, epoch ms."""
    tally.states[invoice.state] += 1
    tally.counts["by_policy"] += invoice.by_policy
    if invoice.removed:
        return
    tally.counts["due"] += 1
    tally.counts["arrived"] += invoice.proven
    tally.stages.update(invoice.stages.items())
    if invoice.completed_at is not None:
        tally.counts["completed"] += 1
        tally.counts["after_deadline"] += invoice.completed_at > deadline
        tally.hours[zone.hour(invoice.completed_at)] += 1
        tally.minutes[whole_minutes(invoice.completed_at)] += 1
        tally.last = invoice.completed_at if tally.last is None else max(tally.last, invoice.completed_at)
    else:
        tally.counts["open" if invoice.open else "closed"] += 1
        tally.counts["carried_over"] += invoice.open and deadline + CLOSING <= as_of
        reason = undelivered_reason(invoice, as_of)
        if reason is not None:
            tally.reasons[reason] += 1
            step = not invoice.failed
            tally.groups[STEP_GROUP if step else network.group(reason)] += 1
    if invoice.first_attempt_ok is not None:
        tally.counts["first_attempt_n"] += 1
        tally.counts["first_attempt_ok"] += invoice.first_attempt_ok
    count_lateness(tally, invoice, as_of, network.customer_reasons)


def count_lateness(tally: Tally, invoice: Standing, as_of: int, customer_reasons: set[str]) -> None:
    """M1 (M2 for returns): the base, the late, their minutes, and the adjusted rate."""
    if not invoice.promise < as_of:
        return
    if invoice.completed_at is not None:
        late_by = invoice.completed_at - invoice.promise
        late = late_by > 0
    elif invoice.ended_by == "CLOSED_ADMIN":
        assert invoice.ended_at is not None
        late_by = max(0, invoice.ended_at - invoice.promise)
        late = True
    elif invoice.ended_at is not None:
        if not invoice.promise < invoice.ended_at:
            return
        late_by = invoice.ended_at - invoice.promise
        late = True
    else:
        late_by = as_of - invoice.promise
        late = True
    tally.counts["base"] += 1
    if late:
        tally.counts["late"] += 1
        tally.counts["late_open"] += invoice.open
        tally.buckets[bucket(late_by)] += 1
    if not tried_in_time(invoice, customer_reasons):
        tally.counts["adjusted_base"] += 1
        tally.counts["adjusted_late"] += late


def count_backlog(tally: Tally, invoice: Standing, as_of: int) -> None:
    """M6, whatever the service date."""
    if invoice.open:
        start = invoice.arrived_at if invoice.direction == "DELIVERY" else invoice.registered_at
        if start is not None:
            tally.ages[age(as_of - start)] += 1
            tally.counts["stalled"] += as_of - invoice.last_event_at >= STALLED
    if invoice.awaits_warehouse and invoice.completed_at is not None:
        tally.pickup_ages[age(as_of - invoice.completed_at)] += 1


def tried_in_time(invoice: Standing, customer_reasons: set[str]) -> bool:
    """Whether an attempt failed for a customer's reason, at a known time, no later than the promise."""
    return any(
        event.time_known and event.time <= invoice.promise and event.reason in customer_reasons
        for event in invoice.failed
    )


def undelivered_reason(invoice: Standing, as_of: int) -> str | None:
    """M5: the one reason why a due invoice is not completed; None when it counts in none."""
    if invoice.failed:
        return invoice.failed[-1].reason or "UNKNOWN"
    if not (invoice.open and invoice.promise < as_of):
        return None
    if invoice.direction == "RETURN":
        return "NO_ATTEMPT" if invoice.assigned else "NOT_ASSIGNED"
    if invoice.arrived_at is None:
        return "NOT_ARRIVED"
    return "NO_ATTEMPT" if invoice.loaded else "NOT_LOADED"


def bucket(late_by: int) -> str:
    """The lateness bucket of a number of ms."""
    return next((label for label, end in BUCKETS.items() if late_by <= end * MINUTE), LAST_BUCKET)


def age(waited: int) -> str:
    """The age class of a number of ms."""
    return next((label for label, end in AGES.items() if waited < end * HOUR), LAST_AGE)
