"""The algebra counted figures are written in: predicates over the attributes of a row, and T.

Two interpreters read it: ``holds`` here, over rows of folded invoices, and ``aggregations.compiler``, which turns the
same predicates into Elasticsearch queries over the fields of the same names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from hubstat.domain.row import BUCKETS, Row, late_bucket


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


Predicate: TypeAlias = Is | Known | AtLeast | PromisePassed | CustomerReason | Every | Either | Not


def every(*parts: Predicate) -> Every:
    """Conjunction."""
    return Every(parts)


def either(*parts: Predicate) -> Either:
    """Disjunction."""
    return Either(parts)


@dataclass(frozen=True, slots=True)
class Context:
    """What a predicate is read against. as_of: T, ms; customer_reasons: reasons that count as a customer's."""

    as_of: int
    customer_reasons: frozenset[str] = frozenset()


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
        case Every(parts):
            return all(holds(part, row, context) for part in parts)
        case Either(parts):
            return any(holds(part, row, context) for part in parts)
        case Not(part):
            return not holds(part, row, context)


Split = Literal["state", "late_bucket", "undelivered_reason"]


def split_key(split: Split, row: Row, context: Context) -> str:
    """Key of a row in a figure that is split."""
    if split == "state":
        return row.state
    if split == "late_bucket":
        return BUCKETS[row.settled if row.settled is not None else late_bucket(context.as_of - row.promise)]
    return row.reason if row.reason is not None else row.step
