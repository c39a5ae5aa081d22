"""Where one invoice stands at T, as a pure function of its events."""

from __future__ import annotations

from dataclasses import dataclass

from hubstat.oracle.ranks import whole_minutes
from hubstat.oracle.records import InvoiceEvent

COMPLETING = {
    "DELIVERY": {"DELIVERED"},
    "RETURN": {"PICKED_UP", "ARRIVED_CAMP", "RECEIVED_WAREHOUSE", "INSPECTED", "EXCHANGED", "COMPLETED"},
}
REGISTERING = {"REGISTERED", "REQUESTED"}
ENDING = {"CANCELLED", "WITHDRAWN"}
HOLDING = {"ASSIGNED", "LOADED", "DEPARTED", "ATTEMPT_FAILED"}
WAREHOUSE = {"RECEIVED_WAREHOUSE"}
PROVES_ARRIVAL = {"ARRIVED_CAMP", "LOADED", "DEPARTED", "ATTEMPT_FAILED", "DELIVERED"}
PROVES_LOADING = {"LOADED", "DEPARTED", "ATTEMPT_FAILED", "DELIVERED"}


@dataclass(frozen=True, slots=True)
class Standing:
    """One registered invoice at T; times are epoch ms, ``None`` = has not happened.

    ``proven``: at the camp, by an arrival or a later scan. ``stages``: minutes of each stage of a return that is known.
    """

    direction: str
    number: str
    service_date: str
    wave: str
    promise: int
    promised_from: int | None
    camp: str | None
    friend: str | None
    registered_at: int
    completed_at: int | None
    removed: bool
    ended_at: int | None
    ended_by: str | None
    state: str
    failed: tuple[InvoiceEvent, ...]
    first_attempt_ok: bool | None
    arrived_at: int | None
    loaded: bool
    assigned: bool
    warehouse_at: int | None
    last_event_at: int
    address_key: str | None
    proven: bool
    by_policy: bool
    stages: dict[str, int]

    @property
    def open(self) -> bool:
        """Neither completed nor ended (a removed invoice has ended)."""
        return self.completed_at is None and self.ended_at is None

    @property
    def awaits_warehouse(self) -> bool:
        """A return that was picked up and has not reached the warehouse."""
        return self.direction == "RETURN" and self.completed_at is not None and self.warehouse_at is None


def promise_in_force(events: list[InvoiceEvent]) -> InvoiceEvent | None:
    """The event whose promise, service date and wave count: the registration, or the customer's last move of it.

    ``events``: those of one invoice up to T, in order. None: not registered.
    """
    promise = next((event for event in events if event.code in REGISTERING), None)
    if promise is None:
        return None
    for event in events:
        if _departs(event):
            break
        if event.code == "RESCHEDULED" and event.by == "CUSTOMER":
            promise = event
    return promise


def standing(events: list[InvoiceEvent]) -> Standing | None:
    """Where the invoice stands after ``events`` (those up to T, in order); None when it is not registered."""
    promised = promise_in_force(events)
    if promised is None:
        return None
    assert promised.promise is not None
    assert promised.service_date is not None
    assert promised.wave is not None
    direction = promised.direction
    completion = next((event for event in events if event.code in COMPLETING[direction]), None)
    until_completion = events if completion is None else events[: events.index(completion) + 1]
    holder = holder_after(until_completion)
    ended = None
    removed = False
    if completion is None:
        ended = next((event for event in events if event.code in ENDING or event.code == "CLOSED_ADMIN"), None)
        removed = _is_removed(events, promised.promise)
    attempts = [event for event in events if event.code == "ATTEMPT_FAILED" or event is completion]
    return Standing(
        direction=direction,
        number=promised.invoice_no,
        service_date=promised.service_date,
        wave=promised.wave,
        promise=promised.promise,
        promised_from=promised.promised_from,
        camp=_last([event.camp for event in until_completion]),
        friend=(completion.friend or holder) if completion else holder,
        registered_at=next(event.time for event in events if event.code in REGISTERING),
        completed_at=completion.time if completion else None,
        removed=removed,
        ended_at=ended.time if ended else None,
        ended_by=ended.code if ended else None,
        state=_state(events, completion, ended, holder),
        failed=tuple(event for event in attempts if event is not completion),
        first_attempt_ok=attempts[0] is completion if attempts else None,
        arrived_at=_arrival(events),
        loaded=any(event.code in ("LOADED", "DEPARTED") for event in events),
        assigned=any(event.code in HOLDING for event in events),
        warehouse_at=next((event.time for event in events if event.code in WAREHOUSE), None),
        last_event_at=events[-1].time,
        address_key=_last([event.address_key for event in events]),
        proven=any(event.code in PROVES_ARRIVAL for event in events),
        by_policy=completion is None and _by_policy(events),
        stages=_stages(events, completion) if direction == "RETURN" else {},
    )


def holder_after(events: list[InvoiceEvent]) -> str | None:
    """The Friend who holds the invoice after ``events``; an event without a Friend leaves the holder as it was."""
    return _last([event.friend for event in events if event.code in HOLDING])


def load_gap(events: list[InvoiceEvent], departures: dict[str, int]) -> tuple[bool, bool]:
    """Whether a Friend held the invoice at the first departure of that day, and one without having loaded it.

    ``departures``: the first departure on the date by Friend.
    """
    held = missing = False
    for friend in {event.friend for event in events if event.code in HOLDING and event.friend in departures}:
        assert friend is not None
        until = [event for event in events if event.time <= departures[friend]]
        if holder_after(until) == friend:
            held = True
            missing = missing or not any(event.code in PROVES_LOADING for event in until)
    return held, missing


def _by_policy(events: list[InvoiceEvent]) -> bool:
    """Whether the first cancellation or withdrawal was made by policy."""
    return next((event.by == "POLICY" for event in events if event.code in ENDING), False)


def _stages(events: list[InvoiceEvent], pickup: InvoiceEvent | None) -> dict[str, int]:
    """Minutes of the stages of a return whose both ends are known to the minute."""

    def first(codes: set[str]) -> InvoiceEvent | None:
        return next((event for event in events if event.code in codes), None)

    request, warehouse = first(REGISTERING), first(WAREHOUSE)
    ends = {
        "return_request_to_pickup": (request, pickup),
        "return_pickup_to_warehouse": (pickup, warehouse),
        "return_warehouse_to_completed": (warehouse, first({"COMPLETED"})),
    }
    if request is not None and request.prerefund:
        ends["return_refund_latency"] = (pickup, first({"REFUNDED"}))
    return {
        stage: max(0, whole_minutes(end.time - start.time))
        for stage, (start, end) in ends.items()
        if start is not None and end is not None and start.time_known and end.time_known
    }


def _departs(event: InvoiceEvent) -> bool:
    return event.code in ("DEPARTED", "ATTEMPT_FAILED") or event.code in COMPLETING[event.direction]


def _last(values: list[str | None]) -> str | None:
    return next((value for value in reversed(values) if value is not None), None)


def _is_removed(events: list[InvoiceEvent], promise: int) -> bool:
    """Whether the first cancellation or withdrawal came before the first departure and before the promise."""
    for event in events:
        if _departs(event):
            return False
        if event.code in ENDING:
            return event.time < promise
    return False


def _arrival(events: list[InvoiceEvent]) -> int | None:
    """The first arrival at a camp; without one, the first scan that proves it."""
    arrived = next((event.time for event in events if event.code == "ARRIVED_CAMP"), None)
    if arrived is not None:
        return arrived
    return next((event.time for event in events if event.code in ("LOADED", "DEPARTED")), None)


def _state(
    events: list[InvoiceEvent], completion: InvoiceEvent | None, ended: InvoiceEvent | None, holder: str | None
) -> str:
    """The dispatch state (M3)."""
    if completion is not None:
        return "done"
    if ended is not None:
        return "closed_admin" if ended.code == "CLOSED_ADMIN" else "withdrawn_or_cancelled"
    moves = [event.code for event in events if event.code in HOLDING or event.code == "RETURNED_CAMP"]
    last = moves[-1] if moves else "ASSIGNED"
    if last in ("DEPARTED", "ATTEMPT_FAILED"):
        return "out"
    if last == "LOADED":
        return "loaded"
    if last == "RETURNED_CAMP":
        return "back_at_camp"
    held = "assigned" if holder else "unassigned"
    if events[0].direction == "RETURN":
        return held
    arrived = any(event.code == "ARRIVED_CAMP" for event in events)
    return f"{held}_arrived" if arrived else f"{held}_not_arrived"
