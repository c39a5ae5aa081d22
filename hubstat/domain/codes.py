"""Codes of the event contract with their rank: among events of one time, the smaller rank comes first."""

from __future__ import annotations

from typing import Final, Literal

Direction = Literal["DELIVERY", "RETURN"]
DIRECTIONS: Final[tuple[Direction, ...]] = ("DELIVERY", "RETURN")

DELIVERY_CODES: Final = (
    "REGISTERED",
    "ASSIGNED",
    "ARRIVED_CAMP",
    "LOADED",
    "DEPARTED",
    "ATTEMPT_FAILED",
    "RETURNED_CAMP",
    "RESCHEDULED",
    "DELIVERED",
    "CANCELLED",
    "CLOSED_ADMIN",
    "SUPERSEDED",
    "CORRECTED",
)
RETURN_CODES: Final = (
    "REQUESTED",
    "ASSIGNED",
    "DEPARTED",
    "ATTEMPT_FAILED",
    "RESCHEDULED",
    "PICKED_UP",
    "ARRIVED_CAMP",
    "RECEIVED_WAREHOUSE",
    "INSPECTED",
    "EXCHANGED",
    "REFUNDED",
    "COMPLETED",
    "WITHDRAWN",
    "CLOSED_ADMIN",
    "CORRECTED",
)
FRIEND_CODES: Final = (
    "SHIFT_PLANNED",
    "ROUTE_PLANNED",
    "BREAK_PLANNED",
    "ROUTE_STARTED",
    "ROUTE_ENDED",
    "BREAK_STARTED",
    "BREAK_ENDED",
    "APP_LOCKED",
    "APP_UNLOCKED",
    "LOAD_WAIT_STARTED",
    "LOAD_WAIT_ENDED",
    "INCIDENT_STARTED",
    "INCIDENT_ENDED",
    "OFFLINE_STARTED",
    "OFFLINE_ENDED",
    "ABSENT",
    "CORRECTED",
)

RANK: Final[dict[str, dict[str, int]]] = {
    "DELIVERY": {code: rank for rank, code in enumerate(DELIVERY_CODES)},
    "RETURN": {code: rank for rank, code in enumerate(RETURN_CODES)},
}
FRIEND_RANK: Final[dict[str, int]] = {code: rank for rank, code in enumerate(FRIEND_CODES)}

REGISTRATIONS: Final = frozenset({"REGISTERED", "REQUESTED"})
COMPLETIONS: Final[dict[str, frozenset[str]]] = {
    "DELIVERY": frozenset({"DELIVERED"}),
    "RETURN": frozenset({"PICKED_UP", "ARRIVED_CAMP", "RECEIVED_WAREHOUSE", "INSPECTED", "EXCHANGED", "COMPLETED"}),
}
# What a Friend does on the road; an inferred pickup is none.
ACTIVITIES: Final = frozenset({"DEPARTED", "ATTEMPT_FAILED", "DELIVERED", "PICKED_UP"})
STOPS: Final = ACTIVITIES - {"DEPARTED"}

INITIATORS: Final = frozenset({"CUSTOMER", "CARRIER", "SELLER", "POLICY"})
# The source of records that hubstat derives itself; no producer may use it.
DERIVED_SOURCE: Final = "hubstat"
