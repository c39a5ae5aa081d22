"""The demo's feed of its history: what it remembers, how fast it is, what it says."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import orjson
import pytest

from hubstat.commands.demo import Pace, Played, send_history
from hubstat.settings import Settings
from hubstat.simulator import DEMO_OPTIONS, DEMO_SCALE, SMALL, Record, build_network, history_dates, history_records

SPEC = build_network(4_000, 1, "KR")
TODAY = date(2026, 11, 20)
DATES = history_dates(TODAY, 7)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate({"state_dir": tmp_path})


class Feed:
    """A time of its own, and what was sent and said in it; the store fails once ``fails_after`` records are there."""

    def __init__(self, played: Played, rate: int = 1_000, fails_after: int | None = None) -> None:
        self.played = played
        self.now = 0.0
        self.records: list[Record] = []
        self.said: list[str] = []
        self._rate = rate
        self._fails_after = fails_after

    async def _sleep(self, seconds: float) -> None:
        self.now += seconds

    async def _send(self, records: list[Record]) -> None:
        if self._fails_after is not None and len(self.records) >= self._fails_after:
            raise ConnectionError
        assert len(records) <= 500
        self.records += records

    async def run(self) -> Feed:
        pace = Pace(self._rate, lambda: self.now, self._sleep)
        await send_history(SPEC, 1, DATES, self.played, pace, self._send, self.said.append)
        return self

    def small(self, day: date) -> list[Record]:
        return list(history_records(SPEC, day, 1, DEMO_OPTIONS, SMALL))


def known(settings: Settings, store: str = "S") -> Played:
    return Played.read(settings, SPEC, 1, store)


async def test_all_dates_are_sent_once_at_the_rate(settings: Settings) -> None:
    feed = await Feed(known(settings)).run()
    assert feed.records == [record for day in DATES for record in feed.small(day)]
    assert feed.now == pytest.approx(len(feed.records) / 1_000)
    first = len(feed.small(DATES[0]))
    assert feed.said[0] == f"history 2026-11-13: {first:,} records, 1 of 7 dates"
    assert feed.said[-1] == "history: all 7 dates sent"
    again = await Feed(known(settings)).run()
    assert (again.records, again.said) == ([], ["history: 7 of 7 dates are there already"])


async def test_an_interrupted_one_goes_on_with_the_date_it_was_at(settings: Settings) -> None:
    sent = len(Feed(known(settings)).small(DATES[0]))
    with pytest.raises(ConnectionError):
        await Feed(known(settings), fails_after=sent + 1).run()
    feed = await Feed(known(settings)).run()
    assert feed.records == [record for day in DATES[1:] for record in feed.small(day)]
    assert feed.said[0] == "history: 1 of 7 dates are there already"
    assert feed.said[1].endswith("2 of 7 dates")


async def test_a_day_that_was_left_in_the_middle_is_sent_whole_and_a_day_that_was_passed_is_not(
    settings: Settings,
) -> None:
    """A day the demo was playing live keeps its size: the small one has other events under the same numbers."""
    played = known(settings)
    left, passed = DATES[1], DATES[2]
    played.note(left, whole=True, done=False)
    played.note(passed, whole=True, done=True)
    played.note(passed, whole=True, done=False)  # a later start plays it again; what is there stays there
    feed = await Feed(known(settings)).run()
    routes = {orjson.loads(record.value)["route_id"] for record in feed.records if record.kind == "friend"}
    assert {day for day in DATES if any(f"-{day:%y%m%d}-" in route for route in routes)} == {*DATES} - {passed}
    whole = list(history_records(SPEC, left, 1, DEMO_OPTIONS, DEMO_SCALE))
    begin = feed.records.index(whole[0])
    assert feed.records[begin : begin + len(whole)] == whole
    assert len(whole) > len(feed.small(left))


async def test_another_store_or_network_knows_nothing(settings: Settings) -> None:
    await Feed(known(settings)).run()
    assert known(settings).done(DATES[0])
    assert not known(settings, "emptied").dates
    assert not Played.read(settings, build_network(500, 1, "KR"), 1, "S").dates
    assert not Played.read(settings, SPEC, 2, "S").dates


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"identity": 1, "dates": {}}', '{"identity'])
def test_a_damaged_file_is_as_none(settings: Settings, text: str) -> None:
    path = settings.namespace_dir / "demo.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert not known(settings).dates
