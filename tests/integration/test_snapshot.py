"""The live board over real Elasticsearch: what a tick reads anew gives the same figures as reading everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import date

import orjson
import pytest
from installation import EVERYTHING
from memory import ZONE
from worked_cases import MASTER

from aggregations.board import board_at
from aggregations.question import Moment, Question
from aggregations.reader import Reader
from aggregations.snapshot import Snapshots
from hubstat.domain import time as tm
from hubstat.domain.baselines import Baselines
from hubstat.domain.contract import decode_friend_event, decode_invoice_event
from hubstat.domain.document import (
    Activity,
    FriendLog,
    friend_document,
    home_date,
    invoice_document,
    part_of,
)
from hubstat.domain.log import EventLog
from hubstat.elastic import baselines, hubs, indices
from hubstat.elastic.baselines import Kept
from hubstat.elastic.client import connect
from hubstat.elastic.names import Names
from hubstat.elastic.store import Store
from hubstat.settings import Settings
from ingest.derive import friend_activities
from ingest.friends import document_id

pytestmark = pytest.mark.engines

DAY = date(2026, 11, 20)
Opened = Callable[[Reader, float], Snapshots]
NINE = tm.parse_instant("2026-11-20T09:00:00+09:00")


class Writer:
    """Writes documents as ingest does, one at a time."""

    def __init__(self, settings: Settings) -> None:
        self.client = connect(settings.elasticsearch, str(settings.elasticsearch.url))
        self.names = Names(settings.namespace)
        indices.ensure(self.client, settings)
        self.invoices: dict[str, EventLog] = {}
        self.friends: dict[tuple[str, str, int | None], FriendLog] = {}
        self.clock = NINE

    def invoice(self, invoice_no: str, code: str, minute: int, **more: object) -> None:
        """One event of a delivery, some minutes after nine."""
        time = tm.iso_local(NINE + minute * tm.MINUTE, ZONE)
        sent = {"v": 1, "invoice_no": invoice_no, "direction": "DELIVERY", "code": code, "event_time": time, **more}
        event = decode_invoice_event(orjson.dumps(sent), NINE + minute * tm.MINUTE, ZONE)
        log = self.invoices.setdefault(event.key, EventLog())
        log.add(event)
        index = self.names.invoices(home_date(event, ZONE))
        self.client.index(index=index, id=event.key, document=invoice_document(event.key, log, ZONE), refresh=True)
        for activity in friend_activities(event.key, log, [event], ZONE):
            self._friend(activity.friend_id, activity.dates[0], activity)

    def friend(self, friend_id: str, code: str, minute: int) -> None:
        """One friend event, some minutes after nine."""
        time = tm.iso_local(NINE + minute * tm.MINUTE, ZONE)
        raw = orjson.dumps({"v": 1, "friend_id": friend_id, "code": code, "event_time": time, "camp_id": "C1"})
        event = decode_friend_event(raw, NINE + minute * tm.MINUTE, ZONE)
        place = (friend_id, DAY.isoformat(), None)
        log = self.friends.setdefault(place, FriendLog())
        log.events.add(event)
        self._write(place, log)

    def _friend(self, friend_id: str, day: str, activity: Activity) -> None:
        place = (friend_id, day, part_of(activity.time))
        log = self.friends.setdefault(place, FriendLog())
        log.add_activity(activity)
        self._write(place, log)

    def _write(self, place: tuple[str, str, int | None], log: FriendLog) -> None:
        self.clock += 1
        friend_id, day, part = place
        document = {**friend_document(*place, log), "written_at": self.clock}
        index = self.names.friends(day)
        self.client.index(index=index, id=document_id(friend_id, part), document=document, refresh=True)


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Makes snapshots whose looks are closed after the test."""
    with ExitStack() as stack:
        yield lambda reader, seconds: stack.enter_context(closing(Snapshots(reader, seconds)))


@pytest.fixture
def writer(settings: Settings) -> Iterator[Writer]:
    found = Writer(settings)
    yield found
    found.client.close()


def test_a_tick_gives_what_reading_everything_gives(settings: Settings, writer: Writer, opened: Opened) -> None:
    now = [NINE]
    reader = Reader(Store(writer.client, settings.namespace), "KR", lambda: now[0])
    snapshots = opened(reader, 1.0)
    promise = {"service_date": "2026-11-20", "wave": "DAY", "promised_at": "2026-11-20T20:00:00+09:00"}
    place = {"camp_id": "C1", "friend_id": "F1"}
    steps = [
        lambda: writer.invoice("I1", "REGISTERED", 0, **promise),
        lambda: writer.invoice("I1", "DEPARTED", 10, **place),
        lambda: writer.friend("F1", "ROUTE_STARTED", 5),
        lambda: writer.invoice("I1", "DELIVERED", 30, **place),
        lambda: writer.invoice("I2", "DELIVERED", 70, service_date="2026-11-20", **place),
        lambda: writer.invoice("I3", "DELIVERED", 75, service_date="2026-11-20", camp_id="C2", friend_id="F2"),
        # Scanned after the tick that first sees it: to be taken in once its time has come.
        lambda: writer.invoice("I4", "DELIVERED", 115, service_date="2026-11-20", **place),
        lambda: writer.friend("F1", "ROUTE_ENDED", 118),
        lambda: None,
    ]
    generations = []
    for number, step in enumerate(steps, 1):
        step()
        now[0] = NINE + 15 * number * tm.MINUTE
        board = snapshots.current(DAY)
        generations.append(board.generation)
        whole = board_at(reader, DAY, Moment(now[0], now[0]))
        for level in ("nationwide", "camp", "friend"):
            question = Question(level, DAY)
            assert board.answer(EVERYTHING, question).to_json() == whole.answer(EVERYTHING, question).to_json()
    assert snapshots.current(DAY).answer(EVERYTHING, Question("nationwide", DAY)).rows[0].figures["friend_days"] == 2
    assert generations == sorted(generations)
    assert generations[-1] > 5


def test_a_board_is_shared_for_its_interval_and_unchanged_figures_keep_the_generation(
    settings: Settings, writer: Writer, opened: Opened
) -> None:
    now = [NINE]
    snapshots = opened(Reader(Store(writer.client, settings.namespace), "KR", lambda: now[0]), 2.0)
    first = snapshots.current(DAY)
    now[0] += 1_999
    assert snapshots.current(DAY) is first
    now[0] += 1
    second = snapshots.current(DAY)
    assert second is not first
    assert second.generation == first.generation


def test_a_screen_finds_its_board_again_after_the_next_tick(settings: Settings, writer: Writer, opened: Opened) -> None:
    now = [NINE]
    snapshots = opened(Reader(Store(writer.client, settings.namespace), "KR", lambda: now[0]), 2.0)
    first = snapshots.current(DAY)
    now[0] += 2_000
    assert snapshots.current(DAY) is not first
    assert snapshots.recall(DAY, NINE) is first
    assert snapshots.recall(DAY, NINE + 1) is None
    for _ in range(4):
        now[0] += 2_000
        snapshots.current(DAY)
    assert snapshots.recall(DAY, NINE) is None


def test_a_slow_tick_is_made_less_often(settings: Settings, writer: Writer, opened: Opened) -> None:
    now = [NINE]
    step = [0]

    def clock() -> int:
        now[0] += step[0]
        return now[0]

    snapshots = opened(Reader(Store(writer.client, settings.namespace), "KR", clock), 2.0)
    step[0] = 1_000  # every look at the clock takes a second
    first = snapshots.current(DAY)
    step[0] = 0
    now[0] = first.moment.as_of + 2_001
    step[0] = 1_000
    second = snapshots.current(DAY)
    assert second is not first, "the first one reads all there is: how long it took says nothing"
    step[0] = 0
    took = now[0] - second.moment.as_of
    assert took >= 1_000
    now[0] = second.moment.as_of + 2_999
    assert snapshots.current(DAY) is second
    now[0] = second.moment.as_of + 4 * (took + 1_000)
    assert snapshots.current(DAY) is not second


def test_only_what_is_new_makes_a_generation_and_a_moved_camp_has_its_new_allowance(
    settings: Settings, writer: Writer, opened: Opened
) -> None:
    """Silence grows with every tick without being news; baselines are of an area, so the hierarchy is."""
    hubs.install(writer.client, settings.namespace, MASTER, "KR")
    yardsticks = Baselines(DAY.isoformat(), 1, {("A", "DAY"): tm.HOUR}, {}, {})
    baselines.keep(writer.client, settings.namespace, Kept(yardsticks, "", {}, 0))
    now = [NINE + 140 * tm.MINUTE]
    reader = Reader(Store(writer.client, settings.namespace), "KR", lambda: now[0])
    snapshots = opened(reader, 1.0)
    writer.friend("F1", "ROUTE_STARTED", 0)
    for number, minute in enumerate((5, 55, 105)):
        more = {"service_date": "2026-11-20", "wave": "DAY", "camp_id": "C1", "friend_id": "F1"}
        writer.invoice(f"I{number}", "DELIVERED", minute, **more)

    def camp() -> tuple[int, float, float]:
        board = snapshots.current(DAY)
        whole = board_at(reader, DAY, Moment(now[0], now[0]))
        (figures,) = (row.figures for row in board.answer(EVERYTHING, Question("camp", DAY, "C1")).rows)
        assert [figures] == [row.figures for row in whole.answer(EVERYTHING, Question("camp", DAY, "C1")).rows]
        return board.generation, figures["idle_minutes"], figures["silent_minutes"]

    assert camp() == (1, 0, 35)
    now[0] += 5 * tm.MINUTE
    assert camp() == (1, 0, 40)
    moved = MASTER["hubs.csv"].replace("C1,캠프 1,Camp 1,A,구역 A,Area A", "C1,캠프 1,Camp 1,D,구역 D,Area D")
    hubs.install(writer.client, settings.namespace, {"hubs.csv": moved}, "KR")
    now[0] += tm.MINUTE
    assert camp() == (2, 35 + 35, 41)  # two gaps of 50 minutes, of which the 15 of an area without history are allowed


def test_what_is_asked_of_a_board_later_is_read_through_the_same_look(
    settings: Settings, writer: Writer, opened: Opened
) -> None:
    """A record received by T that becomes visible after the tick is in none of its figures: rows would not add."""
    hubs.install(writer.client, settings.namespace, MASTER, "KR")
    now = [NINE + 60 * tm.MINUTE]
    reader = Reader(Store(writer.client, settings.namespace), "KR", lambda: now[0])
    snapshots = opened(reader, 2.0)
    promise = {"service_date": "2026-11-20", "wave": "DAY", "promised_at": "2026-11-20T20:00:00+09:00"}
    place = {"camp_id": "C1", "friend_id": "F1"}
    for number, minute in (("I1", 0), ("I2", 1)):
        board = snapshots.current(DAY)
        writer.invoice(number, "REGISTERED", minute, **promise)
        writer.invoice(number, "ASSIGNED", minute, **place)
        (camp,) = board.answer(EVERYTHING, Question("camp", DAY, "C1")).rows
        friends = board.answer(EVERYTHING, Question("friend", DAY, "C1")).rows
        for name in ("due", "open", "open_stops"):
            assert camp.figures[name] == sum(row.figures[name] for row in friends) == int(number == "I2")
        now[0] += 2_000
    (camp,) = snapshots.current(DAY).answer(EVERYTHING, Question("camp", DAY, "C1")).rows
    assert (camp.figures["due"], camp.figures["open_stops"]) == (2, 2)


def test_a_forecast_gives_what_reading_everything_gives_at_its_moment(
    settings: Settings, writer: Writer, opened: Opened
) -> None:
    now = [NINE]
    reader = Reader(Store(writer.client, settings.namespace), "KR", lambda: now[0])
    snapshots = opened(reader, 60.0)
    promise = {"service_date": "2026-11-20", "wave": "DAY", "promised_at": "2026-11-20T20:00:00+09:00"}
    place = {"camp_id": "C1", "friend_id": "F1"}
    writer.friend("F1", "ROUTE_STARTED", 0)
    for number in range(4):
        key = {"address_key": f"A{number}"}
        writer.invoice(f"I{number}", "REGISTERED", number, **promise, **key)
        writer.invoice(f"I{number}", "DEPARTED", 5 + number, **place, **key)
    for number in range(2):
        writer.invoice(f"I{number}", "DELIVERED", 20 + 10 * number, **place)
    writer.invoice("I9", "REGISTERED", 40, **promise, camp_id="C1")
    now[0] = NINE + 45 * tm.MINUTE
    board = snapshots.current(DAY)
    assert board.forecast is not None
    assert board.forecast.moment == board.moment
    whole = board_at(reader, DAY, board.moment)
    for question in (Question("nationwide", DAY), Question("camp", DAY), Question("friend", DAY, "camp:C1")):
        assert board.shown(EVERYTHING, question).rows == whole.answer(EVERYTHING, question).rows
    everywhere = Question("nationwide", DAY)
    figures = board.shown(EVERYTHING, everywhere).rows[0].figures
    assert figures["open_stops"] == sum(board.ahead(EVERYTHING, everywhere).values()) == 2
    assert board.ahead(EVERYTHING, Question("camp", DAY, "camp:C2")) == {}
    assert figures["unassigned_stops"] == 1

    # Nothing new within the minute: the next tick keeps the forecast, and says of which moment it is.
    now[0] += 60_000 - now[0] % tm.MINUTE - 1
    known = board.forecast
    again = snapshots.current(DAY)
    assert again.forecast is known
    details = board.details(EVERYTHING, "C1")
    assert [detail.day.friend_id for detail in details] == ["F1"]
    assert len(details[0].runs[0].stops) == 2

    # A long while later the Friend stands still.
    now[0] += 30 * tm.MINUTE
    still = snapshots.current(DAY).silent(EVERYTHING, everywhere)
    assert [each.friend_id for each in still] == ["F1"]
    silent = snapshots.current(DAY).answer(EVERYTHING, everywhere).rows[0].figures["silent_minutes"]
    assert silent == still[0].silence / tm.MINUTE
