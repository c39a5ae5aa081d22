"""Friend-days at one (T, K): from the Friends' documents where these are the state then, else from the invoices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from aggregations import compiler
from aggregations.friendlook import EVENTS, Place, Stamp, place_of
from aggregations.question import Moment
from aggregations.schedules import Schedules
from hubstat.compiled import compiled_core
from hubstat.domain import time as tm
from hubstat.domain.activity import Activity, activity_text, counted_activities
from hubstat.domain.baselines import Baselines
from hubstat.domain.codes import FRIEND_RANK, RANK
from hubstat.domain.document import READ_AROUND, restore_activities, restore_events, restore_invoice
from hubstat.domain.friendday import FriendDay, FriendDetail, Schedule, Work, day_of, friend_day_detail, schedule_of
from hubstat.domain.invoice import Promise, activities, fold_facts
from hubstat.domain.log import EventLog, Fact
from hubstat.elastic.search import PointInTime

_MANY: Final = 5_000
_AT_ONCE: Final = 10_000


class FriendDayReader:
    """Friend-days of one service date at one (T, K).

    area_of: area of a camp on that date. schedules: as kept from earlier looks.
    """

    def __init__(
        self,
        friends: PointInTime,
        corrections: PointInTime,
        invoices: PointInTime,
        service_date: date,
        moment: Moment,
        zone: ZoneInfo,
        baselines: Baselines,
        area_of: Callable[[str | None], str | None],
        schedules: Schedules | None = None,
    ) -> None:
        self._friends = friends
        self._corrections = corrections
        self._invoices = invoices
        self._service_date = service_date
        self._moment = moment
        self._zone = zone
        self._baselines = baselines
        self._area_of = area_of
        self._allowances: dict[tuple[str | None, str | None], int] = {}
        self._schedules = schedules or Schedules(service_date.isoformat(), zone)
        self._core = compiled_core(zone)
        self._dates = [(service_date + timedelta(days=offset)).isoformat() for offset in READ_AROUND]

    def of_camps(self, camps: Sequence[str]) -> list[FriendDay]:
        """Friend-days that may belong to some camps: of the Friends of whom a record names one of them."""
        query = compiler.all_of([{"terms": {"date": self._dates}}, {"terms": {"camps": list(camps)}}])
        return self.of_friends(
            sorted({found["friend_id"] for _, found in self._friends.documents(query, ["friend_id"])})
        )

    def of_friends(self, friends: Sequence[str]) -> list[FriendDay]:
        """Friend-days of some Friends."""
        return list(self.days(self.documents(friends)))

    def all(self) -> list[FriendDay]:
        """Friend-days of the whole network."""
        return list(self.days(self.documents(None)))

    def look(self) -> FriendLook:
        """The documents around the service date, to be carried from look to look."""
        return FriendLook(self._friends, self._corrections, self._dates)

    def documents(self, friends: Sequence[str] | None) -> dict[str, list[dict[str, Any]]]:
        """Stored documents of some Friends (None: of all) around the service date, by Friend."""
        found: dict[str, list[dict[str, Any]]] = {}
        filters: list[compiler.Query] = [{"terms": {"date": self._dates}}]
        if friends is not None:
            filters.append({"terms": {"friend_id": list(friends)}})
        for _, document in self._friends.documents(compiler.all_of(filters)):
            found.setdefault(document["friend_id"], []).append(document)
        for friend_id, document in self._corrections.documents({"match_all": {}}):
            if friend_id in found:
                found[friend_id].append(document)
        return found

    def days(self, documents: dict[str, list[dict[str, Any]]]) -> Iterator[FriendDay]:
        """Friend-days of the Friends these documents are of, who worked, are planned or absent."""
        late = self._late(documents)
        for friend_id, found in documents.items():
            if friend_id in late:
                day = self._day(friend_id, self._schedule(friend_id, found), late[friend_id])
            else:
                day = self._settled_day(friend_id, found)
            if day is not None:
                yield day

    def _settled_day(self, friend_id: str, documents: list[dict[str, Any]]) -> FriendDay | None:
        """The Friend-day of documents that are the state at (T, K)."""
        kept = self._schedules.of(friend_id, documents)
        rows = [document["log"]["activities"] for document in documents if "activities" in document["log"]]
        if self._core is not None and kept.compiled is not None and rows:
            runs = self._core.friend_runs([activity_text(each) for each in rows], kept.compiled, self._allowance)
            if runs is not None:
                return day_of(friend_id, kept.schedule, runs, self._moment.as_of)
        return self._day(friend_id, kept.schedule, work_in(friend_id, documents))

    def _day(self, friend_id: str, schedule: Schedule, work: Sequence[Work]) -> FriendDay | None:
        detail = self._detail(friend_id, schedule, work)
        return None if detail is None else detail.day

    def _allowance(self, camp: str | None, wave: str | None) -> int:
        key = (camp, wave)
        if key not in self._allowances:
            self._allowances[key] = self._baselines.allowance(self._area_of(camp), wave)
        return self._allowances[key]

    def _late(self, documents: dict[str, list[dict[str, Any]]]) -> dict[str, list[Work]]:
        """Work, from the invoices, of the Friends of whom more is stored than the state at (T, K)."""
        late = {friend for friend, found in documents.items() if not self.settled(found)}
        folded = self._work_from_invoices(late) if late else {}
        return {friend: folded.get(friend, []) for friend in late}

    def settled(self, documents: Sequence[dict[str, Any]]) -> bool:
        """Whether a Friend's documents hold nothing later than (T, K)."""
        return is_settled(documents, self._moment)

    def _schedule(self, friend_id: str, documents: Sequence[dict[str, Any]]) -> Schedule:
        events = restore_events(friend_id, documents)
        facts = events.facts(FRIEND_RANK, self._moment.as_of, self._moment.known_at)
        return schedule_of(facts, self._service_date.isoformat(), self._zone)

    def _detail(self, friend_id: str, schedule: Schedule, work: Sequence[Work]) -> FriendDetail | None:
        return friend_day_detail(
            friend_id,
            schedule,
            work,
            as_of=self._moment.as_of,
            zone=self._zone,
            baselines=self._baselines,
            area_of=self._area_of,
        )

    def details(self, documents: dict[str, list[dict[str, Any]]]) -> Iterator[FriendDetail]:
        """The details of the Friend-days of the Friends these documents are of."""
        late = self._late(documents)
        for friend_id, found in documents.items():
            work = late[friend_id] if friend_id in late else work_in(friend_id, found)
            detail = self._detail(friend_id, self._schedule(friend_id, found), work)
            if detail is not None:
                yield detail

    def _work_from_invoices(self, friends: set[str]) -> dict[str, list[Work]]:
        """What these Friends did, read from the invoices' own events at (T, K)."""
        filters: list[compiler.Query] = [{"terms": {"activity_dates": self._dates}}]
        if len(friends) <= _MANY:
            filters.append({"terms": {"friends": sorted(friends)}})
        found: dict[str, list[Work]] = {}
        for key, document in self._invoices.documents(compiler.all_of(filters), ["events"]):
            for friend, work in work_in_invoice(key, restore_invoice(key, document), self._moment, self._zone):
                found.setdefault(friend, []).append(work)
        return found


class FriendLook:
    """Implements ``friendlook.Reading``. dates: of the documents."""

    def __init__(self, friends: PointInTime, corrections: PointInTime, dates: Sequence[str]) -> None:
        self._looks: Final[tuple[tuple[PointInTime, compiler.Query], ...]] = (
            (friends, {"terms": {"date": list(dates)}}),
            (corrections, {"match_all": {}}),
        )

    def stamps(self) -> dict[str, Stamp]:
        """By date; of the corrections by "".

        A date in no index is not among them.
        """
        parts = {"total": {"sum": {"field": "_seq_no"}}, "written_at": {"max": {"field": "written_at"}}}
        found: dict[str, Stamp] = {}
        for look, query in self._looks:
            for (of_date,), bucket in look.buckets(query, ("date",), parts):
                at = bucket["written_at"]["value"] or 0
                found[of_date or ""] = Stamp(bucket["doc_count"], int(bucket["total"]["value"]), int(at))
        return found

    def sequences(self, written_since: int | None) -> Iterator[tuple[Place, int]]:
        """Sequence numbers of the documents that were written at or after a time (ms); None: of all."""
        since = [] if written_since is None else [{"range": {"written_at": {"gte": written_since}}}]
        for look, query in self._looks:
            # Not from the documents themselves, which are long.
            for hit in look.hits(compiler.all_of([query, *since]), ("friend_id", "date", "part")):
                yield place_of(hit.fields), hit.sequence

    def documents(self, places: Iterable[Place]) -> Iterator[dict[str, Any]]:
        """Some documents."""
        by_part: dict[tuple[str, int], list[str]] = {}
        for friend, of_date, part in sorted(places):
            by_part.setdefault((of_date, part), []).append(friend)
        (dated, _), (corrections, _) = self._looks
        for (of_date, part), friends in by_part.items():
            look = dated if of_date else corrections
            of_part = _of_part(of_date, part) if of_date else []
            for start in range(0, len(friends), _AT_ONCE):
                some: compiler.Query = {"terms": {"friend_id": friends[start : start + _AT_ONCE]}}
                for _, document in look.documents(compiler.all_of([some, *of_part])):
                    yield document


def _of_part(of_date: str, part: int) -> list[compiler.Query]:
    return [{"term": {"date": of_date}}, compiler.OF_EVENTS if part == EVENTS else {"term": {"part": part}}]


def is_settled(documents: Iterable[dict[str, Any]], moment: Moment) -> bool:
    """Whether documents hold nothing later than (T, K): then what is derived from them is the state at (T, K)."""
    return all(d["max_event_time"] <= moment.as_of and d["max_received_at"] <= moment.known_at for d in documents)


def work_in(friend_id: str, documents: Sequence[dict[str, Any]]) -> list[Work]:
    """Work that counts now, from a Friend's stored documents."""
    kept = [document["log"]["activities"] for document in documents if "activities" in document["log"]]
    counted = counted_activities(kept)
    if counted is None:
        return work_of(restore_activities(friend_id, kept).activities.values())
    return [
        Work(time, RANK[invoice.partition(":")[0]][code], event_id, code, invoice, camp, address, since, date, wave)
        for invoice, event_id, code, time, camp, address, since, date, wave in counted
    ]


def work_of(activities_known: Iterable[Activity]) -> list[Work]:
    """Work from the derived activities that count now."""
    return [
        Work(
            time=a.time,
            rank=RANK[a.invoice.split(":", 1)[0]][a.code],
            event_id=a.event_id,
            code=a.code,
            invoice=a.invoice,
            camp=a.camp_id,
            address_key=a.address_key,
            promised_from=a.promised_from,
            service_date=a.service_date,
            wave=a.wave,
        )
        for a in activities_known
        if a.counts and a.voided_at is None
    ]


def work_in_invoice(key: str, log: EventLog, moment: Moment, zone: ZoneInfo) -> list[tuple[str, Work]]:
    """The (Friend, work) pairs of one invoice at (T, K); a scan without a time of day is no work."""
    direction, invoice_no = key.split(":", 1)
    facts = log.facts(RANK[direction], moment.as_of, moment.known_at)
    state = fold_facts(direction, invoice_no, facts, zone)
    promise = state.promise
    return [
        (
            friend,
            Work(
                time=fact.time,
                rank=fact.rank,
                event_id=fact.event_id,
                code=fact.sent["code"],
                invoice=key,
                camp=fact.sent.get("camp_id"),
                address_key=fact.sent.get("address_key") or state.address_key,
                promised_from=_since(fact, promise),
                service_date=fact.sent.get("service_date") or (promise.service_date if promise else None),
                wave=fact.sent.get("wave") or (promise.wave if promise else None),
            ),
        )
        for fact, friend in activities(direction, facts)
        if friend is not None and len(fact.sent["event_time"]) > 10
    ]


def _since(fact: Fact, promise: Promise | None) -> int | None:
    """Start of the window that was promised: the event's own, else that of the promise in force."""
    stated = fact.sent.get("promised_from")
    if stated:
        return tm.parse_instant(stated)
    return promise.since if promise else None
