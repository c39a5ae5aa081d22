"""What a proof is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from aggregations.question import Moment, Scope
from hubstat.domain.codes import Direction
from hubstat.domain.document import invoice_key
from hubstat.domain.invoice import InvoiceState
from hubstat.domain.metric import Metric


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence in Korean and English."""

    ko: str
    en: str

    def text(self, language: str) -> str:
        """In ``ko`` or ``en``."""
        return self.ko if language == "ko" else self.en

    def __add__(self, other: Sentence) -> Sentence:
        return Sentence(f"{self.ko}, {other.ko}", f"{self.en}, {other.en}")


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One invoice behind a figure. Times in ms; late: ms after the promise, None where not late or not past it.

    ended_at: when it was cancelled, withdrawn or closed. why: what decides that it counts. key: of the part of a split
    figure it belongs to, else "". value: whole minute of the completion since the epoch, or minutes of the stage, where
    the figure is one of several; rank: place among them from 1. decides: the part of the figure that is its value.
    """

    direction: Direction
    invoice_no: str
    service_date: str
    camp: str | None
    friend: str | None
    wave: str
    state: str
    promise: int
    completed_at: int | None
    ended_at: int | None
    late: int | None
    reason: str | None
    why: Sentence
    key: str = ""
    value: int | None = None
    rank: int | None = None
    decides: str = ""

    @property
    def invoice(self) -> str:
        """Its key."""
        return invoice_key(self.direction, self.invoice_no)


@dataclass(frozen=True, slots=True)
class Term:
    """One addend of a sum, in the unit of the figure (a time: ms); of a latest or longest value one candidate.

    key: of the part of a split figure it belongs to. start, end: of a span, ms. invoices: keys of those it is made of.
    decides: of candidates the one that is the figure.
    """

    amount: float
    why: Sentence
    camp: str | None
    friend: str | None = None
    key: str = ""
    start: int | None = None
    end: int | None = None
    invoices: tuple[str, ...] = ()
    decides: bool = False


@dataclass(frozen=True, slots=True)
class Side:
    """One counted or added figure with what it is made of. key: the part of a split figure, "" for the whole.

    figure: as in an answer; where split the parts by key.
    """

    metric: Metric
    key: str
    figure: Any
    lines: tuple[InvoiceLine, ...] = ()
    terms: tuple[Term, ...] = ()

    @property
    def count(self) -> int:
        """How many invoices are listed."""
        return len(self.lines)


@dataclass(frozen=True, slots=True)
class EventLine:
    """One copy of an event as received. Times in ms.

    standing: ``in_force``, ``voided``, ``other_copy`` (another copy of it counts),
    ``later`` (after T) or ``unknown_yet`` (received after K). sent: the known fields as sent.
    """

    event_id: str
    code: str
    time: int
    received: int
    standing: str
    sent: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Listing:
    """A counted figure and its invoices, read one after the other."""

    figure: int
    lines: Iterator[InvoiceLine]


@dataclass(frozen=True, slots=True)
class Proof:
    """A figure as in an answer, and its sides, from one point in time: one, or numerator and denominator.

    key: the part of a split figure, "" for the whole. baselines: version of the baselines. events: of every invoice
    named, by invoice key, where asked for.
    """

    metric: Metric
    key: str
    scope: Scope
    service_date: date
    moment: Moment
    wave: str
    direction: Direction
    figure: Any
    sides: tuple[Side, ...]
    baselines: int
    events: Mapping[str, tuple[EventLine, ...]] = field(default_factory=dict)

    @property
    def lines(self) -> tuple[InvoiceLine, ...]:
        """The invoices of all sides."""
        return tuple(line for side in self.sides for line in side.lines)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms of all sides."""
        return tuple(term for side in self.sides for term in side.terms)


@dataclass(frozen=True, slots=True)
class InvoiceDetail:
    """An invoice at (T, K) with every event that is stored of it, in the order of C3."""

    state: InvoiceState
    moment: Moment
    events: tuple[EventLine, ...]
