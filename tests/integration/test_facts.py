"""Facts of closed days over real Elasticsearch: they say what counting says, heal, and note restatements."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from memory import MemoryNetwork, records
from stored import store
from worked_cases import CASES, MASTER, Case, at, event, registered

from aggregations.day import Day
from aggregations.facts import closing
from aggregations.facts.closing import Done, RollUp, roll_up_all
from aggregations.facts.documents import identity
from aggregations.facts.reading import closed_day
from aggregations.question import LEVELS, Moment, Question, Scope
from aggregations.reader import Reader, rows_of
from aggregations.viewer import Viewer
from hubstat.domain import time as tm
from hubstat.domain.codes import DIRECTIONS
from hubstat.elastic import baselines, facts, hubs, indices, marks
from hubstat.elastic.client import connect
from hubstat.elastic.store import Store
from hubstat.engines import EngineAddresses
from hubstat.settings import Settings

pytestmark = pytest.mark.engines

EVERYTHING = Viewer.everything("KR", "test")
DAY = date(2026, 11, 20)
NOON = tm.parse_instant(at("12:00", "2026-11-21"))


@dataclass
class Place:
    """A namespace with a clock of its own."""

    reader: Reader
    now: list[int]

    @property
    def store(self) -> Store:
        return self.reader.store

    def put(self, network: MemoryNetwork, now: str, *dates: date) -> None:
        """What ingest leaves behind: documents, a report and marks, at a present."""
        self.now[0] = tm.parse_instant(now)
        client, namespace = self.store.client, self.store.namespace
        store(client, namespace, network)
        status = {"worker": "1", "written_at": self.now[0], "complete_to": {"t-0": self.now[0]}}
        client.index(index=f"{namespace}-ingest-status", id="1", document=status, refresh=True)
        marks.put(client, namespace, [day.isoformat() for day in dates])

    def roll_up(self) -> list[Done]:
        """Everything that is due."""
        rolling = RollUp(self.reader)
        return roll_up_all(rolling, list(rolling.due()), lambda said: None)

    def marked(self) -> list[str]:
        return [mark.service_date for mark in marks.pending(self.store.client, self.store.namespace)]

    def figures(self, known_at: int | None = None, day: date = DAY) -> list[Any]:
        """All rows of all levels, waves and directions at closing, as ``query`` answers."""
        moment = Moment(tm.closing(day, self.reader.zone), known_at or self.now[0])
        found = []
        with self.reader.view() as view:
            live = Day(self.reader.view, view.master, "KR", day, moment, self.store.baselines(day.isoformat()))
            ground = self.reader.ground(view.master, day, moment)
            with live.within(view):
                for question in questions(day):
                    found.append(rows_of(live, ground, question, Scope("nationwide", "KR")))
        return found

    def from_facts(self, known_at: int | None = None, day: date = DAY) -> list[Any] | None:
        """The same from facts; None where they do not hold."""
        master = self.store.master_data("KR")
        moment = Moment(tm.closing(day, self.reader.zone), known_at or self.now[0])
        known = self.store.baselines(day.isoformat())
        kept = closed_day(self.store, never, master, "KR", day, moment, known)
        if kept is None:
            return None
        ground = self.reader.ground(master, day, moment)
        return [rows_of(kept, ground, question, Scope("nationwide", "KR")) for question in questions(day)]

    def restated(self) -> list[dict[str, Any]]:
        index = f"{self.store.namespace}-restatements"
        return [each for _, each in facts.of_date(self.store.client, index, DAY.isoformat())]


def never() -> Any:
    raise AssertionError("a closed day was counted and not read from its facts")


def questions(day: date) -> Iterator[Question]:
    for direction in DIRECTIONS:
        for wave in ("all", "DAY", "DAWN"):
            for level in LEVELS:
                yield Question(level, day, wave=wave, direction=direction)


@pytest.fixture(scope="module")
def namespace_reader(engines: EngineAddresses) -> Iterator[tuple[Reader, list[int]]]:
    base = Settings()
    settings = base.model_copy(update={"namespace": f"t{secrets.token_hex(6)}", "state_dir": Path()})
    with connect(settings.elasticsearch, engines.elasticsearch_url) as client:
        indices.ensure(client, settings)
        now = [NOON]
        yield Reader(Store(client, settings.namespace), "KR", lambda: now[0]), now
        client.indices.delete(index=list(client.indices.get(index=f"{settings.namespace}-*").body))
        for kind in indices.KINDS:
            client.indices.delete_index_template(name=f"{settings.namespace}-{kind}")


@pytest.fixture
def place(namespace_reader: tuple[Reader, list[int]]) -> Place:
    reader, now = namespace_reader
    client, namespace = reader.store.client, reader.store.namespace
    client.indices.refresh(index=f"{namespace}-*")
    client.delete_by_query(index=f"{namespace}-*", query={"match_all": {}}, refresh=True)
    hubs.install(client, namespace, MASTER, "KR")
    return Place(Reader(Store(client, namespace), "KR", lambda: now[0]), now)


def network(*cases: Case) -> MemoryNetwork:
    found = MemoryNetwork(MASTER)
    for number, case in enumerate(cases):
        for record in case.records:
            for raw in records({**record, "invoice_no": f"{number}-{record['invoice_no']}"}):
                found.add_invoice(raw)
        for raw in records(*case.friend_records):
            found.add_friend(raw)
    return found


PLAN = Case(
    "a planned Friend",
    (),
    (),
    tuple(
        {"friend_id": "F1", "camp_id": "C1", "event_time": time, "received_at": time, **more}
        for time, more in (
            (
                at("06:00"),
                {
                    "code": "SHIFT_PLANNED",
                    "service_date": DAY.isoformat(),
                    "wave": "DAY",
                    "planned_from": at("08:00"),
                    "planned_to": at("18:00"),
                },
            ),
            (at("09:00"), {"code": "ROUTE_STARTED", "route_id": "R"}),
        )
    ),
)


def test_facts_say_what_counting_says_and_are_not_written_again(place: Place) -> None:
    place.put(network(*CASES, PLAN), at("10:00", "2026-12-01"))
    assert place.from_facts() is None
    done = {each.service_date: each for each in place.roll_up()}
    assert done[DAY].documents > 20
    assert place.marked() == []
    for known_at in (NOON, place.now[0]):
        assert place.from_facts(known_at) == place.figures(known_at)
    place.now[0] += tm.HOUR
    assert place.roll_up() == []
    before = facts.record(place.store.client, place.store.namespace, DAY.isoformat())
    again = RollUp(place.reader).roll_up(DAY)
    assert (again.documents, again.changed, again.marked) == (done[DAY].documents, 0, False)
    after = facts.record(place.store.client, place.store.namespace, DAY.isoformat())
    assert before is not None
    assert after is not None
    # Nothing is written again but as of when it is known.
    assert (after.rolled_up_at, after.history_hash) == (place.now[0], before.history_hash)
    assert place.from_facts() == place.figures()


def test_facts_answer_for_no_moment_before_they_were_made(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is current as of a later roll-up says nothing of an earlier known-at, whether anything changed or not."""
    place.put(network(Case("", tuple(LATE), ())), at("12:30", "2026-11-21"))
    place.roll_up()
    # Ended after the facts of a late scan were written and before the record was kept; then done again.
    place.put(network(Case("", (*LATE, HEARD), ())), at("15:00", "2026-11-21"), DAY)
    with monkeypatch.context() as patch:
        _break(patch, "record")
        with pytest.raises(KeyboardInterrupt):
            RollUp(place.reader).roll_up(DAY)
    place.roll_up()
    assert place.marked() == []
    assert place.from_facts() == place.figures()
    assert place.from_facts(tm.parse_instant(at("13:00", "2026-11-21"))) is None
    # A scan and its correction that both came between two roll-ups leave the facts as they were.
    heard = event("DELIVERED", at("18:00"), invoice_no="I2", event_id="h", received_at=at("15:10", "2026-11-21"))
    voided = event("CORRECTED", at("15:20", "2026-11-21"), invoice_no="I2", event_id="c", corrects="h")
    place.put(network(Case("", (*LATE, HEARD, heard, voided), ())), at("16:00", "2026-11-21"), DAY)
    place.roll_up()
    assert place.from_facts() == place.figures()
    assert place.from_facts(tm.parse_instant(at("15:15", "2026-11-21"))) is None


def test_what_is_gone_is_taken_away_and_a_mark_keeps_facts_from_being_read(place: Place) -> None:
    place.put(network(*CASES), at("10:00", "2026-12-01"))
    place.roll_up()
    place.put(network(*CASES[:3]), at("11:00", "2026-12-01"), DAY)
    assert place.from_facts() is None
    place.roll_up()
    assert place.from_facts() == place.figures()
    place.put(MemoryNetwork(MASTER), at("12:00", "2026-12-01"), DAY)
    done = {each.service_date: each for each in place.roll_up()}
    assert (done[DAY].documents, place.marked(), place.from_facts()) == (0, [], None)
    of_day = {"term": {"service_date": DAY.isoformat()}}
    assert place.store.client.count(index=f"{place.store.namespace}-facts-*", query=of_day)["count"] == 0


@pytest.mark.parametrize("step", ["before", "first replace", "second replace", "record", "clear"])
def test_whatever_ends_a_roll_up_leaves_the_mark_and_the_next_one_heals(
    place: Place, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.put(network(*CASES[:6]), at("10:00", "2026-11-22"), DAY)
    with monkeypatch.context() as patch:
        _break(patch, step)
        with pytest.raises(KeyboardInterrupt):
            RollUp(place.reader).roll_up(DAY)
    assert DAY.isoformat() in place.marked()
    assert place.from_facts() is None
    place.roll_up()
    assert place.marked() == []
    assert place.from_facts() == place.figures()


def _break(patch: pytest.MonkeyPatch, step: str) -> None:
    """Let a step of the roll-up be where the process is killed."""
    calls = {"first replace": 1, "second replace": 2}

    def killed(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    if step == "before":
        patch.setattr(closing, "contents_of", killed)
    elif step == "record":
        patch.setattr(facts, "keep_record", killed)
    elif step == "clear":
        patch.setattr(marks, "clear", killed)
    else:
        real, left = facts.replace, [calls[step]]

        def replace(*arguments: Any) -> int:
            left[0] -= 1
            return killed() if not left[0] else real(*arguments)

        patch.setattr(facts, "replace", replace)


def test_a_mark_made_meanwhile_stays(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.put(network(*CASES[:3]), at("10:00", "2026-11-22"), DAY)
    real = facts.keep_record

    def keep(*arguments: Any) -> bool:
        marks.put(place.store.client, place.store.namespace, [DAY.isoformat()])
        return real(*arguments)

    monkeypatch.setattr(facts, "keep_record", keep)
    assert RollUp(place.reader).roll_up(DAY).marked
    assert DAY.isoformat() in place.marked()
    assert place.from_facts() is None


def test_two_roll_ups_at_once_leave_the_date_marked(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.put(network(*CASES[:3]), at("10:00", "2026-11-22"), DAY)
    real = closing.contents_of
    nested = [True]

    def contents_of(day: Any) -> Any:
        if nested.pop() if nested else False:
            RollUp(place.reader).roll_up(DAY)
        return real(day)

    monkeypatch.setattr(closing, "contents_of", contents_of)
    RollUp(place.reader).roll_up(DAY)
    assert DAY.isoformat() in place.marked()


# Case 14: I1 is scanned in time and heard of late, I2 is delivered two days late.
LATE = [
    registered(invoice_no="I1"),
    event("ARRIVED_CAMP", at("06:00"), invoice_no="I1", camp_id="C1"),
    registered(invoice_no="I2"),
    registered(invoice_no="I3"),
    event("DELIVERED", at("10:00"), invoice_no="I3"),
]
HEARD = event("DELIVERED", at("19:00"), invoice_no="I1", received_at=at("14:00", "2026-11-21"))
DELIVERED = event("DELIVERED", at("10:00", "2026-11-22"), invoice_no="I2")


def test_a_late_scan_restates_a_closed_day_and_a_late_delivery_does_not(place: Place) -> None:
    place.put(network(Case("", tuple(LATE), ())), at("12:30", "2026-11-21"))
    place.roll_up()
    final = place.figures(NOON)
    assert place.from_facts(NOON) == final
    assert place.restated() == []

    place.put(network(Case("", (*LATE, DELIVERED), ())), at("10:30", "2026-11-22"), DAY)
    place.roll_up()
    assert place.restated() == []

    place.put(network(Case("", (*LATE, DELIVERED, HEARD), ())), at("11:00", "2026-11-22"), DAY)
    place.roll_up()
    assert place.figures(NOON) == final
    assert place.from_facts(NOON) == final
    assert place.from_facts() == place.figures()
    found = {
        (each["metric"], each["part"], each["level"], each["hub"], each["wave"]): each
        for each in place.restated()
        if each["direction"] == "DELIVERY"
    }
    late = found["m1_late", "", "camp", "C1", "all"]
    assert (late["old"], late["new"], late["invoices"]) == (2, 1, ["0-I1"])
    assert {level for name, _, level, *_ in found if name == "completed"} == set(LEVELS)
    assert found["completed", "", "friend", "F1", "DAY"]["invoices"] == ["0-I1"]
    waited = found["m6", "24-48", "nationwide", "KR", "all"]
    assert (waited["old"], waited["new"], waited["invoices"]) == (1, 0, ["0-I1"])
    assert ("due", "", "camp", "C1", "all") not in found
    assert {name for each in found.values() for name in each["invoices"]} == {"0-I1"}
    noted = {identity(*key): each["noted_at"] for key, each in found.items()}
    place.now[0] += tm.HOUR
    assert RollUp(place.reader).roll_up(DAY).changed == 0
    assert set(noted.values()) == {each["noted_at"] for each in place.restated()}


def test_nothing_is_rolled_up_before_the_data_reach_beyond_the_closing(place: Place) -> None:
    place.put(network(*CASES[:3]), at("12:30", "2026-11-21"))
    assert RollUp(place.reader).last_closed() == DAY
    status = {"worker": "1", "written_at": place.now[0], "complete_to": {"t-0": NOON - 1}}
    client, namespace = place.store.client, place.store.namespace
    client.index(index=f"{namespace}-ingest-status", id="1", document=status, refresh=True)
    assert RollUp(place.reader).last_closed() == date(2026, 11, 19)
    assert DAY not in RollUp(place.reader).due()
    client.delete(index=f"{namespace}-ingest-status", id="1", refresh=True)
    assert RollUp(place.reader).due() == {}


def test_other_master_data_make_facts_due_again(place: Place) -> None:
    place.put(network(*CASES[:3]), at("12:30", "2026-11-21"))
    place.roll_up()
    assert RollUp(place.reader).due() == {}
    elsewhere = MASTER["hubs.csv"].replace("C1,캠프 1,Camp 1,A,구역 A,Area A", "C1,캠프 1,Camp 1,D,구역 D,Area D")
    hubs.install(place.store.client, place.store.namespace, {"hubs.csv": elsewhere}, "KR")
    assert place.from_facts() is None
    assert DAY in RollUp(place.reader).due()
    place.roll_up()
    assert place.from_facts() == place.figures()
    index = f"{place.store.namespace}-facts-camp-day"
    of_camp = facts.of_date(place.store.client, index, DAY.isoformat(), {"term": {"camp": "C1"}})
    assert {each["area"] for _, each in of_camp} == {"D"}


def test_baselines_are_kept_by_version(place: Place) -> None:
    """Of the day after next, from a day that has just closed; and again when what is known of that day changes."""
    target = "2026-11-22"
    client, namespace = place.store.client, place.store.namespace
    stops = [
        event("DELIVERED", at(f"{10 + n // 60:02d}:{n % 60:02d}"), invoice_no=f"S{n}", address_key=f"k{n}")
        for n in range(0, 100, 20)
    ]
    day = (*(registered(invoice_no=each["invoice_no"]) for each in stops), *stops)
    place.put(network(Case("", day, ()), PLAN), at("12:30", "2026-11-21"))
    place.roll_up()
    first = baselines.latest(client, namespace, target)
    assert first is not None
    assert (first.baselines.version, first.baselines.allowance("A", "DAY")) == (1, 20 * tm.MINUTE)
    assert first.baselines.standard("A", "DAY") is not None
    assert first.samples["gaps"] == [["A", "DAY", 4]]
    # Folded by another way, from the events.
    independent = network(Case("", day, ()), PLAN)
    independent.history = True
    assert independent.baselines(date(2026, 11, 22)) == first.baselines
    assert place.store.baselines(target) == first.baselines
    assert baselines.latest(client, namespace, "2026-11-23") is None
    RollUp(place.reader).roll_up(DAY)
    assert RollUp(place.reader).refresh_baselines(set()) == []

    more = event("DELIVERED", at("12:10"), invoice_no="S99", address_key="k99")
    place.put(network(Case("", (*day, registered(invoice_no="S99"), more), ()), PLAN), at("12:40", "2026-11-21"), DAY)
    place.roll_up()
    second = baselines.latest(client, namespace, target)
    assert second is not None
    assert (second.baselines.version, second.baselines.allowance("A", "DAY")) == (2, 50 * tm.MINUTE)
    assert client.get(index=f"{namespace}-baselines", id=f"{target}-1")["_source"]["version"] == 1
    assert place.store.baselines(target).version == 2
