"""The fold of one invoice: from the set of its events to its state at (T, K). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal
from zoneinfo import ZoneInfo

from hubstat.domain import time as tm
from hubstat.domain.codes import COMPLETIONS, RANK, REGISTRATIONS, STOPS
from hubstat.domain.log import EventLog, Fact

FOLD_VERSION: Final = 3

_HOLDING: Final = frozenset({"ASSIGNED", "LOADED", "DEPARTED", "ATTEMPT_FAILED"})
_STATE_OF: Final = {
    "LOADED": "loaded",
    "DEPARTED": "out",
    "ATTEMPT_FAILED": "out",
    "RETURNED_CAMP": "back_at_camp",
    "ASSIGNED": "",
}
DELIVERY_STATES: Final = (
    "done",
    "closed_admin",
    "withdrawn_or_cancelled",
    "loaded",
    "out",
    "back_at_camp",
    "assigned_arrived",
    "assigned_not_arrived",
    "unassigned_arrived",
    "unassigned_not_arrived",
)
RETURN_STATES: Final = ("done", "closed_admin", "withdrawn_or_cancelled", "out", "assigned", "unassigned")
STATES: Final = {"DELIVERY": DELIVERY_STATES, "RETURN": RETURN_STATES}

# The stages of a return whose minutes are measured.
Stage = Literal["request_to_pickup", "pickup_to_warehouse", "warehouse_to_completed", "refund_latency"]
STAGES: Final[tuple[Stage, ...]] = (
    "request_to_pickup",
    "pickup_to_warehouse",
    "warehouse_to_completed",
    "refund_latency",
)


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise in force: due time and start of its window (ms), service date and wave it belongs to."""

    at: int
    since: int | None
    service_date: str
    wave: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """A failed attempt: its time (ms), reason, and whether its time of day is known."""

    time: int
    reason: str
    time_known: bool


@dataclass(frozen=True, slots=True)
class InvoiceState:
    """What is true of one invoice at (T, K). Times in ms; None where it has not happened.

    removed: cancelled before departure and promise, so not due (C8). ended: the earlier of a cancellation or withdrawal
    (``ended_by`` = ``x``) and an administrative closing (``closed_admin``). camp, friend: attribution (C9). loaded_at:
    the first LOADED, departure, attempt or completion. holdings: (since, Friend) at each change of the holder. stages:
    whole minutes, rounded up, of the stages of a return that are over.
    """

    direction: str
    invoice_no: str
    registered_at: int | None
    superseded: bool
    superseded_by: str | None
    promise: Promise | None
    completed_at: int | None
    inferred: bool
    time_unknown: bool
    removed: bool
    ended_at: int | None
    ended_by: str | None
    state: str
    camp: str | None
    friend: str | None
    first_departure: int | None
    attempts: tuple[Attempt, ...]
    first_attempt_ok: bool | None
    arrived_at: int | None
    loaded: bool
    loaded_at: int | None
    assigned: bool
    holdings: tuple[tuple[int, str], ...]
    withdrawn_by_policy: bool
    stages: tuple[tuple[Stage, int], ...]
    warehouse_at: int | None
    last_event_at: int | None
    address_key: str | None

    @property
    def counted(self) -> bool:
        """Whether metrics know it: registered, not superseded."""
        return self.promise is not None and not self.superseded

    @property
    def open(self) -> bool:
        """Neither completed nor ended."""
        return self.completed_at is None and self.ended_at is None


def fold(
    direction: str,
    invoice_no: str,
    log: EventLog,
    zone: ZoneInfo,
    as_of: int | None = None,
    known_at: int | None = None,
) -> InvoiceState:
    """State of an invoice at (T, K) from its events; None = no limit. zone: the network's."""
    return fold_facts(direction, invoice_no, log.facts(RANK[direction], as_of, known_at), zone)


def fold_facts(direction: str, invoice_no: str, facts: list[Fact], zone: ZoneInfo) -> InvoiceState:
    """State of an invoice from its events in force, in the order of C3."""
    completions = COMPLETIONS[direction]
    registration = completion = departure = cancelled = closed = arrived = left = warehouse = last = superseding = None
    finished = refunded = None
    holder = holder_at_completion = camp = camp_at_completion = address_key = None
    step: str = "ASSIGNED"
    loaded = assigned = False
    attempts: list[Attempt] = []
    holdings: list[tuple[int, str]] = []
    first_stop: Fact | None = None
    for fact in facts:
        sent = fact.sent
        code = sent["code"]
        if code == "SUPERSEDED":
            if superseding is None and ("superseded_by" in sent or sent.get("source") != "hubstat"):
                superseding = fact
            continue
        last = fact
        camp = sent.get("camp_id") or camp
        address_key = sent.get("address_key") or address_key
        if code in _HOLDING:
            friend = sent.get("friend_id")
            if friend is not None and friend != holder:
                holder = friend
                holdings.append((fact.time, friend))
        if code in _STATE_OF:
            step = code
        if code in REGISTRATIONS:
            registration = registration or fact
        elif code == "ATTEMPT_FAILED":
            attempts.append(Attempt(fact.time, sent.get("reason") or "UNKNOWN", len(sent["event_time"]) > 10))
            departure, first_stop = departure or fact, first_stop or fact
            loaded = True
        elif code == "DEPARTED":
            departure, left = departure or fact, left or fact
            loaded = True
        elif code == "LOADED":
            left, loaded = left or fact, True
        elif code == "ASSIGNED":
            assigned = True
        elif code in {"CANCELLED", "WITHDRAWN"}:
            cancelled = cancelled or fact
        elif code == "CLOSED_ADMIN":
            closed = closed or fact
        if code == "ARRIVED_CAMP":
            arrived = arrived or fact
        elif code == "RECEIVED_WAREHOUSE":
            warehouse = warehouse or fact
        elif code == "COMPLETED":
            finished = finished or fact
        elif code == "REFUNDED":
            refunded = refunded or fact
        if code in completions and completion is None:
            completion = fact
            departure, first_stop = departure or fact, first_stop or fact
            holder_at_completion, camp_at_completion = holder, camp
    promise = _promise(registration, departure, facts, zone)
    removed = (
        completion is None
        and cancelled is not None
        and promise is not None
        and (departure is None or cancelled.order < departure.order)
        and cancelled.time < promise.at
    )
    ended = min((end for end in (cancelled, closed) if end is not None), key=lambda end: end.order, default=None)
    if completion is not None:
        state, ended = "done", None
        friend, camp = completion.sent.get("friend_id") or holder_at_completion, camp_at_completion
    else:
        friend = holder
        state = _state(direction, ended, closed, step, holder, arrived)
    arrival = arrived or left
    loading = min((f.time for f in (left, first_stop) if f is not None), default=None)
    return InvoiceState(
        direction=direction,
        invoice_no=invoice_no,
        registered_at=registration.time if registration else None,
        superseded=superseding is not None,
        superseded_by=superseding.sent.get("superseded_by") if superseding else None,
        promise=promise,
        completed_at=completion.time if completion else None,
        inferred=completion is not None and direction == "RETURN" and completion.sent["code"] != "PICKED_UP",
        time_unknown=completion is not None and len(completion.sent["event_time"]) == 10,
        removed=removed,
        ended_at=ended.time if ended else None,
        ended_by=None if ended is None else "closed_admin" if ended is closed else "x",
        state=state,
        camp=camp,
        friend=friend,
        first_departure=departure.time if departure else None,
        attempts=tuple(attempts),
        first_attempt_ok=None if first_stop is None else first_stop is completion,
        arrived_at=arrival.time if arrival else None,
        loaded=loaded,
        loaded_at=loading,
        holdings=tuple(holdings),
        withdrawn_by_policy=completion is None and cancelled is not None and cancelled.sent.get("by") == "POLICY",
        stages=_stages(registration, completion, warehouse, finished, refunded) if direction == "RETURN" else (),
        assigned=assigned or holder is not None,
        warehouse_at=warehouse.time if warehouse else None,
        last_event_at=last.time if last else None,
        address_key=address_key,
    )


def _stages(
    request: Fact | None, pickup: Fact | None, warehouse: Fact | None, finished: Fact | None, refunded: Fact | None
) -> tuple[tuple[Stage, int], ...]:
    """Whole minutes of every stage of which both ends are known, with a time of day."""
    prerefund = request is not None and request.sent.get("prerefund") is True
    ends: tuple[tuple[Stage, Fact | None, Fact | None], ...] = (
        ("request_to_pickup", request, pickup),
        ("pickup_to_warehouse", pickup, warehouse),
        ("warehouse_to_completed", warehouse, finished),
        ("refund_latency", pickup if prerefund else None, refunded),
    )
    return tuple(
        (stage, max(0, -(-(end.time - start.time) // tm.MINUTE)))
        for stage, start, end in ends
        if start is not None and end is not None and _timed(start) and _timed(end)
    )


def _timed(fact: Fact) -> bool:
    return len(fact.sent["event_time"]) > 10


def _promise(registration: Fact | None, departure: Fact | None, facts: list[Fact], zone: ZoneInfo) -> Promise | None:
    if registration is None:
        return None
    source = registration
    for fact in facts:
        if departure is not None and fact.order >= departure.order:
            break
        if fact.sent["code"] == "RESCHEDULED" and fact.sent.get("by") == "CUSTOMER":
            source = fact
    sent = source.sent
    since = sent.get("promised_from")
    return Promise(
        tm.parse_promise(sent["promised_at"], zone),
        tm.parse_instant(since) if since else None,
        sent["service_date"],
        sent["wave"],
    )


def _state(
    direction: str, ended: Fact | None, closed: Fact | None, step: str, holder: str | None, arrived: Fact | None
) -> str:
    if ended is not None:
        return "closed_admin" if ended is closed else "withdrawn_or_cancelled"
    if _STATE_OF[step] and (direction == "DELIVERY" or step in {"DEPARTED", "ATTEMPT_FAILED"}):
        return _STATE_OF[step]
    kind = "assigned" if holder is not None else "unassigned"
    if direction == "RETURN":
        return kind
    return f"{kind}_{'arrived' if arrived is not None else 'not_arrived'}"


def activities(direction: str, facts: list[Fact]) -> list[tuple[Fact, str | None]]:
    """Events that are a Friend's activity, with that Friend; a superseded invoice's scans included.

    A completion scan without a Friend is the holder's of that moment; another scan without one is nobody's.
    """
    holder: str | None = None
    found: list[tuple[Fact, str | None]] = []
    for fact in facts:
        sent = fact.sent
        code = sent["code"]
        friend = sent.get("friend_id")
        if code in _HOLDING:
            holder = friend or holder
        if code in STOPS or code == "DEPARTED":
            completing = code in COMPLETIONS[direction]
            found.append((fact, friend or (holder if completing else None)))
    return found
