"""The Python interpreter of the registry over a network held in memory: every figure by folding, no engine."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from aggregations.productivity import fold_day, work_in_invoice
from aggregations.question import ALL_WAVES, Answer, Moment, Question
from aggregations.reader import camp_tallies, customer_reasons, friend_tallies
from aggregations.rollup import Ground, friend_rows, hub_rows, resolve
from aggregations.tally import Tally, backlog_contributions, contributions
from hubstat.domain import time as tm
from hubstat.domain.backlog import waiting_of
from hubstat.domain.contract import Event, Refusal, decode_friend_event, decode_invoice_event
from hubstat.domain.friendday import FriendDay, Work
from hubstat.domain.invoice import fold
from hubstat.domain.log import EventLog
from hubstat.domain.masterdata import parse
from hubstat.domain.measures import Context
from hubstat.domain.row import row_of
from ingest.derive import supersessions

ZONE = tm.zone("KR")


def received_of(raw: bytes) -> int:
    """Received time of a record of a contract file: its own, else its event time; the epoch where it states none."""
    try:
        record = json.loads(raw)
        return tm.parse_instant(record.get("received_at") or record["event_time"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return 0


class MemoryNetwork:
    """Events of a network, folded anew for every question."""

    def __init__(self, master: Mapping[str, str] | None = None) -> None:
        self.master = parse(dict(master or {}), "KR")
        self.invoices: dict[str, EventLog] = {}
        self.friends: dict[str, EventLog] = {}
        self.refused: list[Refusal] = []

    def add_invoice(self, raw: bytes) -> None:
        """Take one record of invoice-events, as a contract file holds it."""
        try:
            event = decode_invoice_event(raw, received_of(raw), ZONE)
        except Refusal as refusal:
            self.refused.append(refusal)
            return
        self._take(event)

    def _take(self, event: Event) -> None:
        log = self.invoices.setdefault(event.key, EventLog())
        log.add(event)
        for derived in supersessions(event.key, log, [event]):
            self._take(decode_invoice_event(derived.value, derived.received, ZONE))

    def add_friend(self, raw: bytes) -> None:
        """Take one record of friend-events."""
        event = decode_friend_event(raw, received_of(raw), ZONE)
        self.friends.setdefault(event.key, EventLog()).add(event)

    def query(self, question: Question, now: int = 4_000_000_000_000) -> Answer:
        """The same question the reader answers."""
        moment = question.moment(now, ZONE)
        day = question.service_date.isoformat()
        tree = self.master.hierarchy.on(question.service_date)
        context = Context(moment.as_of, customer_reasons(self.master))
        camps: dict[tuple[str | None, ...], Tally] = {}
        friends: dict[tuple[str | None, ...], Tally] = {}
        waiting: dict[tuple[str | None, ...], Tally] = {}
        waiting_friends: dict[tuple[str | None, ...], Tally] = {}
        for key, log in self.invoices.items():
            direction, invoice_no = key.split(":", 1)
            state = fold(direction, invoice_no, log, ZONE, moment.as_of, moment.known_at)
            waits = waiting_of(state)
            if waits is not None and direction == question.direction and question.wave in {ALL_WAVES, waits.wave}:
                for tally in (
                    waiting.setdefault((state.camp,), Tally()),
                    waiting_friends.setdefault((state.camp, state.friend), Tally()),
                ):
                    tally.counts.update(backlog_contributions(waits, moment.as_of))
            row = row_of(state)
            if direction != question.direction or row is None or state.promise is None:
                continue
            if state.promise.service_date != day or question.wave not in {ALL_WAVES, row.wave}:
                continue
            for tally in (
                camps.setdefault((row.camp,), Tally()),
                friends.setdefault((row.camp, state.friend), Tally()),
            ):
                tally.counts.update(contributions(row, context))
                if state.completed_at is not None:
                    tally.hours[state.completed_at // tm.HOUR] += 1
                    tally.completed_at(state.completed_at)
        days = self.friend_days(question, moment)
        ground = Ground(tree, self.master.hierarchy.on(tm.local_date(moment.as_of, ZONE)))
        scope = resolve(tree, question.level, question.hub)
        only = None if question.metrics is None else frozenset(question.metrics)
        if question.level == "friend":
            rows = friend_rows(
                ground,
                self.master,
                friend_tallies(friends, days),
                friend_tallies(waiting_friends, ()),
                scope,
                question.direction,
                question.service_date,
                only,
            )
        else:
            rows = hub_rows(
                ground,
                camp_tallies(camps, days),
                camp_tallies(waiting, ()),
                question.level,
                scope,
                question.direction,
                only,
            )
        return Answer(question.level, question.service_date, moment, question.wave, question.direction, ZONE, rows)

    def friend_days(self, question: Question, moment: Moment) -> list[FriendDay]:
        """All Friend-days of the question's service date."""
        work: dict[str, list[Work]] = {}
        for key, log in self.invoices.items():
            for friend, item in work_in_invoice(key, log, moment, ZONE):
                work.setdefault(friend, []).append(item)
        found = [
            fold_day(f, self.friends.get(f, EventLog()), work.get(f, []), question.service_date, moment, ZONE)
            for f in sorted({*work, *self.friends})
        ]
        return [day for day in found if day is not None]


def flat(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Figures with the parts of split ones as keys of their own."""
    found: dict[str, Any] = {}
    for name, value in figures.items():
        if isinstance(value, dict):
            found.update({f"{name}.{key}": part for key, part in value.items()})
        else:
            found[name] = value
    return found


def same(left: Any, right: Any) -> bool:
    """Equal; numbers within the rounding of golden files."""
    if isinstance(left, int | float) and isinstance(right, int | float):
        return abs(left - right) <= 0.000002
    return bool(left == right)


def records(*events: Mapping[str, Any]) -> Iterable[bytes]:
    """Contract records as bytes, ``v`` added."""
    return (json.dumps({"v": 1, **event}, ensure_ascii=False).encode() for event in events)
