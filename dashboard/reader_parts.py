"""What the reader gives, as screens take it: invoices, their events, proofs and Friends' days."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from aggregations.proofs.invoices import standing_line
from aggregations.proofs.model import EventLine, InvoiceDetail, InvoiceLine, Term
from aggregations.proofs.model import Proof as Proved
from aggregations.proofs.model import Side as ProvedSide
from aggregations.proofs.prover import listed
from dashboard.board import Addend, Detail, Event, Line, Proof, Side, Strip
from hubstat.domain import spans
from hubstat.domain import time as tm
from hubstat.domain.codes import COMPLETIONS
from hubstat.domain.friendday import FriendDetail
from hubstat.domain.metric import Metric
from hubstat.domain.row import row_of
from hubstat.domain.runparts import RunDetail
from hubstat.domain.spans import Span


def line_of(line: InvoiceLine) -> Line:
    """An invoice of a list."""
    return Line(
        line.invoice_no,
        line.direction,
        line.state,
        line.camp,
        line.friend,
        line.promise,
        line.completed_at,
        None if line.late is None else -(-line.late // tm.MINUTE),
        line.why.ko,
        line.why.en,
    )


def proof_of(proof: Proved, zone: ZoneInfo) -> Proof:
    """A figure with what it is made of."""
    return Proof(proof.figure, [_side(side, zone) for side in proof.sides], proof.moment.as_of, listed(proof.metric))


def _side(side: ProvedSide, zone: ZoneInfo) -> Side:
    terms = sorted(side.terms, key=lambda term: (not term.decides, -term.amount, term.camp or "", term.friend or ""))
    return Side(
        side.metric.id,
        side.key,
        side.figure,
        [line_of(line) for line in side.lines],
        [_addend(term, side.metric, zone) for term in terms],
    )


def _addend(term: Term, metric: Metric, zone: ZoneInfo) -> Addend:
    if metric.unit == "time":
        amount = tm.iso_local(round(term.amount), zone)[11:19]
    else:
        amount = f"{term.amount:,.3f}".rstrip("0").rstrip(".")
    return Addend(amount, term.camp, term.friend, term.start, term.end, term.decides, term.why.ko, term.why.en)


def detail_of(found: InvoiceDetail, as_of: int, zone: ZoneInfo) -> Detail:
    """An invoice with every stored event. as_of: ms."""
    promise = found.state.promise
    return Detail(
        _standing(found, as_of, zone),
        tm.parse_date(promise.service_date) if promise else None,
        promise.wave if promise else None,
        [_event(found, line) for line in found.events],
    )


def _standing(found: InvoiceDetail, as_of: int, zone: ZoneInfo) -> Line:
    state = found.state
    row = row_of(state)
    if row is None:
        return Line(
            state.invoice_no, state.direction, state.state, state.camp, state.friend, None, state.completed_at, None,
            "", "",
        )  # fmt: skip
    return line_of(standing_line(state, row, as_of, zone))


def _event(found: InvoiceDetail, line: EventLine) -> Event:
    in_force = line.standing == "in_force"
    decides = in_force and line.code in COMPLETIONS[found.state.direction] and line.time == found.state.completed_at
    sent = line.sent
    return Event(
        line.event_id,
        line.code,
        line.time,
        line.received,
        sent.get("camp_id"),
        sent.get("friend_id"),
        sent.get("source"),
        sent.get("reason"),
        in_force,
        "decides" if decides else None if in_force else line.standing,
    )


def strip_of(detail: FriendDetail) -> Strip:
    """The parts of a Friend's day that its strip shows."""
    idle: list[Span] = []
    spare: list[Span] = []
    for run in detail.runs:
        for covered, beyond in _idle_gaps(run):
            spare += covered
            idle += beyond
    runs = detail.runs
    return Strip(
        drive=[run.on_road for run in runs if run.on_road[0] < run.on_road[1]],
        stops=[(stop.first, stop.last) for run in runs for stop in run.stops if stop.effective],
        rests=[(kind, *span) for run in runs for kind, found in run.excluded.items() for span in found],
        idle=idle,
        spare=spare,
        batches=[span for run in runs for span in run.batches],
    )


def _idle_gaps(run: RunDetail) -> list[tuple[list[Span], list[Span]]]:
    """Of every gap with idle time the part that the allowance covers, and the part beyond it; without excluded time."""
    away = spans.union(span for found in run.excluded.values() for span in found)
    return [split_at(spans.subtract([(gap.start, gap.end)], away), gap.allowance) for gap in run.gaps if gap.idle]


def split_at(parts: Sequence[Span], length: int) -> tuple[list[Span], list[Span]]:
    """Spans cut where their lengths add up to ``length`` (ms)."""
    before: list[Span] = []
    after: list[Span] = []
    left = length
    for start, end in parts:
        cut = min(end, start + left)
        left -= cut - start
        if start < cut:
            before.append((start, cut))
        if cut < end:
            after.append((cut, end))
    return before, after
