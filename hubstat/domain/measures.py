"""The algebra counted figures are written in: predicates over the attributes of a row, and T.

Two interpreters read it: ``holds`` here, over rows of folded invoices, and ``aggregations.compiler``, which turns the
same predicates into Elasticsearch queries over the fields of the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from hubstat.domain import time as tm
from hubstat.domain.row import BUCKETS, Row, late_bucket

WAVE_CLOSES_AFTER: Final = 4 * tm.HOUR


@dataclass(frozen=True, slots=True)
class Is:
    """The attribute has this value (for ``valid_reasons``: contains it)."""

    field: str
    value: str | int | bool


@dataclass(frozen=True, slots=True)
class Known:
    """The attribute has a value (for ``valid_reasons``: at least one)."""

    field: str


@dataclass(frozen=True, slots=True)
class AtLeast:
    """The numeric attribute is known and not smaller."""

    field: str
    value: int


@dataclass(frozen=True, slots=True)
class PromisePassed:
    """promise < T."""


@dataclass(frozen=True, slots=True)
class CustomerReason:
    """An attempt failed by the promise, at a known time, for a reason that counts as a customer's."""


@dataclass(frozen=True, slots=True)
class WaveClosed:
    """The deadline of its wave is at least four hours past."""


@dataclass(frozen=True, slots=True)
class Every:
    """All of them hold."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of them holds."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """It does not hold."""

    part: Predicate


Predicate: TypeAlias = Is | Known | AtLeast | PromisePassed | CustomerReason | WaveClosed | Every | Either | Not


def every(*parts: Predicate) -> Every:
    """Conjunction."""
    return Every(parts)


def either(*parts: Predicate) -> Either:
    """Disjunction."""
    return Either(parts)


@dataclass(frozen=True, slots=True)
class Context:
    """What a predicate is read against.

    as_of: T, ms. customer_reasons: reasons that count as a customer's. groups: of reasons, by reason. deadlines: of the
    waves of the service date, ms; another wave's is ``day_end``.
    """

    as_of: int
    customer_reasons: frozenset[str] = frozenset()
    groups: Mapping[str, str] = field(default_factory=dict)
    deadlines: Mapping[str, int] = field(default_factory=dict)
    day_end: int = 0

    def deadline(self, wave: str) -> int:
        """Deadline of a wave, ms."""
        return self.deadlines.get(wave, self.day_end)

    def wave_closed(self, deadline: int) -> bool:
        """Whether a wave with this deadline (ms) is closed at T."""
        return deadline + WAVE_CLOSES_AFTER <= self.as_of


def holds(predicate: Predicate, row: Row, context: Context) -> bool:
    """Whether a row satisfies a predicate."""
    match predicate:
        case Is(field, value):
            found = getattr(row, field)
            return value in found if isinstance(found, tuple) else bool(found == value)
        case Known(field):
            found = getattr(row, field)
            return bool(found) if isinstance(found, tuple) else found is not None
        case AtLeast(field, value):
            found = getattr(row, field)
            return found is not None and found >= value
        case PromisePassed():
            return row.promise < context.as_of
        case CustomerReason():
            return any(reason in context.customer_reasons for reason in row.valid_reasons)
        case WaveClosed():
            return context.wave_closed(context.deadline(row.wave))
        case Every(parts):
            return all(holds(part, row, context) for part in parts)
        case Either(parts):
            return any(holds(part, row, context) for part in parts)
        case Not(part):
            return not holds(part, row, context)


Split = Literal["state", "late_bucket", "undelivered_reason", "undelivered_group"]
# Groups that are none of the master data's: a reason that nobody listed, and a step where no attempt failed.
UNKNOWN_GROUP: Final = "unknown"
NOT_ATTEMPTED: Final = "not-attempted"


def split_key(split: Split, row: Row, context: Context) -> str:
    """Key of a row in a figure that is split."""
    if split == "state":
        return row.state
    if split == "late_bucket":
        return BUCKETS[row.settled if row.settled is not None else late_bucket(context.as_of - row.promise)]
    if split == "undelivered_group":
        return NOT_ATTEMPTED if row.reason is None else context.groups.get(row.reason, UNKNOWN_GROUP)
    return row.reason if row.reason is not None else row.step
