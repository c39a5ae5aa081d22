"""Compares ways to project a Friend's finish, on days they were not fitted on: ``make backtest``. No engines.

Data: simulated days of one network (fitted days of one seed, tested days later and of another), and real days, LaDe-D
Jilin, from the folder HUBSTAT_TEST_DATA (left out where it is not set), with a promise of 20:00. A real date is tested
with what D-29 … D-2 give, the second half of them; a simulated one with what all fitted days give.

Models, all as definition 7 but for the pace:

- ``definition``: its pace, from the standard and the last net hour;
- ``learned``: the pace is the learned rate of (area, wave, hour of T) alone;
- ``blend``: the pace of the definition with the learned rate in the place of the standard rate;
- ``windows``, ``learned+w``, ``blend+w``: the three with finish_k not before a promised window of the stop begins.

The learned rate, ms per stop left: over the history's cases of (area, wave, hour), (finish − from − remaining break) ÷
stops left, its median weighted by stops left (the value with the least absolute error), shrunk: (cases × median + 20 ×
standard) ÷ (cases + 20). Without cases it is the standard.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

from aggregations.backtest.cases import Case, ClosedDate
from aggregations.backtest.score import Errors, HourError, Model, Score, hour_of_day
from aggregations.day import context_of
from aggregations.question import Moment
from hubstat.domain import time as tm
from hubstat.domain.baselines import AreaWave, Baselines, percentile_of_counts, standards_of
from hubstat.domain.contract import decode_friend_event, decode_invoice_event
from hubstat.domain.document import invoice_key
from hubstat.domain.invoice import fold
from hubstat.domain.log import EventLog
from hubstat.domain.masterdata import MasterData, parse
from hubstat.domain.projection import Projection, project
from hubstat.simulator import build_network, simulate_day
from ingest.sources.lade import LadeOptions, read_lade

COUNTRY: Final = "KR"
ZONE: Final = tm.zone(COUNTRY)
MODELS: Final = ("definition", "learned", "blend", "windows", "learned+w", "blend+w")
_SHRINKAGE: Final = 20
_WINDOW: Final = range(2, 30)

Logs = dict[str, EventLog]
Cell = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Played:
    """A closed date: its cases, and the ms per stop of every Friend-day by (area, wave).

    opens: by invoice key the start of its promised window, ms.
    """

    service_date: date
    cases: tuple[Case, ...]
    paces: dict[AreaWave, list[float]]
    opens: dict[str, int]


class History:
    """What some dates give: the standards, and the learned rates."""

    def __init__(self, master: MasterData, days: Sequence[Played]) -> None:
        self._master = master
        paces: dict[AreaWave, list[float]] = {}
        for day in days:
            for key, found in day.paces.items():
                paces.setdefault(key, []).extend(found)
        self.standards = standards_of(paces)
        self._learned: dict[Cell, tuple[int, int]] = {}
        values: dict[Cell, Counter[int]] = {}
        cases: Counter[Cell] = Counter()
        for day in days:
            for case in day.cases:
                seen = self._rate_seen(day.service_date, case)
                if seen is not None:
                    cell, rate, stops = seen
                    cases[cell] += 1
                    values.setdefault(cell, Counter())[rate] += stops
        self._learned = {cell: (cases[cell], percentile_of_counts(found, 0.5)) for cell, found in values.items()}

    def _rate_seen(self, day: date, case: Case) -> tuple[Cell, int, int] | None:
        """Cell, ms per stop left, and stops left, of a case that has all of it."""
        area, wave = area_and_wave(self._master, day, case)
        if area is None or wave is None or case.finished is None:
            return None
        seen = projected(self._master, day, case, self.standards)
        stops = len(seen.stops)
        taken = max(0, case.finished - seen.start - seen.remaining_break)
        return (area, wave, hour_of_day(case.as_of, ZONE)), taken // stops, stops

    def rates(self, hour: int) -> dict[AreaWave, float]:
        """Learned ms per stop left at an hour of day."""
        found: dict[AreaWave, float] = {}
        for (area, wave), standard in self.standards.items():
            cases, rate = self._learned.get((area, wave, hour), (0, 0))
            found[area, wave] = (cases * rate + _SHRINKAGE * standard) / (cases + _SHRINKAGE)
        return found

    def model(self, name: str, played: Played) -> Model:
        """One of ``MODELS`` on a service date."""
        day = played.service_date
        rates = lru_cache(maxsize=24)(self.rates)

        def definition(case: Case) -> Projection:
            return projected(self._master, day, case, self.standards)

        def blend(case: Case) -> Projection:
            return projected(self._master, day, case, rates(hour_of_day(case.as_of, ZONE)))

        def learned(case: Case) -> Projection:
            # Without a last net hour the pace is the rate alone.
            alone = None if case.day is None else replace(case.day, recent_stops=0, recent_net=0)
            return blend(replace(case, day=alone))

        plain = {"definition": definition, "learned": learned, "blend": blend}
        if name in plain:
            return plain[name]
        without = definition if name == "windows" else plain[name.removesuffix("+w")]
        return lambda case: within_windows(without(case), played.opens)


def within_windows(projection: Projection, opens: Mapping[str, int]) -> Projection:
    """No stop is finished before a promised window of it begins."""
    if projection.pace is None:
        return projection
    stops = tuple(
        replace(
            stop,
            finish=max(
                stop.finish or 0,
                *(opens.get(invoice_key(each.direction, each.invoice_no), 0) for each in stop.invoices),
            ),
        )
        for stop in projection.stops
    )
    return replace(projection, stops=stops, finish=max(stop.finish or 0 for stop in stops))


def projected(master: MasterData, day: date, case: Case, standards: Mapping[AreaWave, float]) -> Projection:
    """The projection of a case with some standards, ms per stop."""
    context = context_of(master, COUNTRY, day, Moment(case.as_of, case.as_of), ZONE)
    return project(
        case.pending,
        case.day,
        as_of=case.as_of,
        baselines=Baselines(day.isoformat(), 1, {}, standards, {}),
        area_of=lambda camp: area_of(master, day, camp),
        deadline_of=context.deadline,
    )


def area_of(master: MasterData, day: date, camp: str | None) -> str | None:
    """Area of a camp on a date."""
    tree = master.hierarchy.on(day)
    return tree.path(camp).area if tree.knows(camp) else None


def area_and_wave(master: MasterData, day: date, case: Case) -> tuple[str | None, str | None]:
    """What the standard of a case is looked up by."""
    first = min(case.pending, key=lambda each: each.order)
    if case.day is not None and case.day.last_wave is not None:
        return area_of(master, day, case.day.camp), case.day.last_wave
    camp = first.camp if case.day is None or case.day.camp is None else case.day.camp
    return area_of(master, day, camp), first.wave


def play(master: MasterData, day: date, invoices: Iterable[tuple[str, EventLog]], friends: Logs) -> Played:
    """A closed date from the events of its invoices and Friends."""
    closed = ClosedDate(day, ZONE, lambda camp: area_of(master, day, camp))
    for friend, log in friends.items():
        closed.add_friend(friend, log)
    opens: dict[str, int] = {}
    for key, log in invoices:
        closed.add_invoice(key, log)
        promise = fold(*key.split(":", 1), log, ZONE).promise
        if promise is not None and promise.since is not None:
            opens[key] = promise.since
    paces: dict[AreaWave, list[float]] = {}
    for final in closed.final_days():
        area = area_of(master, day, final.camp)
        for effort in final.efforts:
            if area is not None and effort.wave is not None and effort.stops:
                paces.setdefault((area, effort.wave), []).append(effort.net / effort.stops)
    return Played(day, tuple(closed.cases()), paces, opens)


def simulated(invoices: int, seed: int, first: date, days: int, day_seed: int) -> Iterator[Played]:
    """Days of one simulated network."""
    spec = build_network(invoices, seed, COUNTRY)
    master = parse(spec.master_data(), COUNTRY)
    for day in (first + timedelta(days=n) for n in range(days)):
        found: dict[str, Logs] = {"invoice": {}, "friend": {}}
        for record in simulate_day(spec, day, day_seed):
            decode = decode_invoice_event if record.kind == "invoice" else decode_friend_event
            event = decode(record.value, record.received_ms, ZONE)
            found[record.kind].setdefault(event.key, EventLog()).add(event)
        _say(f"simulated {day}: {len(found['invoice']):,} invoices")
        yield play(master, day, found["invoice"].items(), found["friend"])


def real(folder: Path) -> tuple[MasterData, list[Played]]:
    """Every service date of LaDe-D Jilin."""
    master = parse({"hubs.csv": (folder / "lade_hubs.csv").read_text(encoding="utf-8")}, COUNTRY)
    logs: Logs = {}
    dates: dict[date, set[str]] = {}
    for record in read_lade(folder / "lade_d_jilin.parquet", LadeOptions(2022, time(20, 0)), ZONE):
        event = decode_invoice_event(record.value, record.received_ms or 0, ZONE)
        logs.setdefault(event.key, EventLog()).add(event)
        dates.setdefault(tm.parse_date(event.copy.sent["service_date"]), set()).add(event.key)
    played: list[Played] = []
    for day in sorted(dates):
        around = [dates.get(day + timedelta(days=n), set()) for n in (-1, 0, 1)]
        played.append(play(master, day, ((key, logs[key]) for key in sorted(set().union(*around))), {}))
    _say(f"LaDe-D Jilin: {len(logs):,} invoices on {len(played)} dates, {played[0].service_date} to {day}")
    return master, played


def compare(title: str, tests: Sequence[tuple[Played, History]]) -> None:
    """Print the errors of every model over the tested dates, by hour."""
    results: dict[str, list[HourError]] = {}
    for name in MODELS:
        score = Score(ZONE)
        for day, history in tests:
            score.add(day.service_date.isoformat(), day.cases, history.model(name, day))
        results[name] = score.results()
    _say(f"\n{title}: {len(tests)} tested dates; Friends: median / p90 of |error| in minutes by hour of T")
    _say("hour       n" + "".join(f"{name:>18}" for name in MODELS))
    for rows in zip(*results.values(), strict=True):
        if not rows[0].looked_at:
            continue
        hour = "all" if rows[0].hour is None else f"{rows[0].hour:02d}"
        _say(f"{hour:>4} {rows[0].friends.n:>7,}" + "".join(f"{_pair(row.friends):>18}" for row in rows))
    _say("camps, all" + " " * 2 + "".join(f"{_pair(rows[-1].camps):>18}" for rows in results.values()))
    _say("bias, all" + " " * 3 + "".join(f"{_number(rows[-1].friends.bias):>18}" for rows in results.values()))
    _say("precision" + " " * 3 + "".join(f"{_number(rows[-1].at_risk.precision, 2):>18}" for rows in results.values()))
    _say("recall" + " " * 6 + "".join(f"{_number(rows[-1].at_risk.recall, 2):>18}" for rows in results.values()))
    last = results[MODELS[0]][-1]
    _say(f"left out: {last.left_out:,} without a finish, {last.no_pace:,} without a pace")


def _pair(errors: Errors) -> str:
    return f"{_number(errors.median)} / {_number(errors.p90)}"


def _number(value: float | None, digits: int = 1) -> str:
    return "—" if value is None else f"{value:.{digits}f}"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Fit, test and print both data sets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--invoices", type=int, default=6_000, help="invoices of a simulated day")
    parser.add_argument("--fit-days", type=int, default=14)
    parser.add_argument("--test-days", type=int, default=7)
    options = parser.parse_args()

    fitted = list(simulated(options.invoices, 1, date(2026, 10, 5), options.fit_days, 1))
    tested = list(simulated(options.invoices, 1, date(2026, 11, 9), options.test_days, 2))
    history = History(parse(build_network(options.invoices, 1, COUNTRY).master_data(), COUNTRY), fitted)
    compare(f"simulated, {options.invoices:,} invoices a day", [(day, history) for day in tested])

    folder = os.environ.get("HUBSTAT_TEST_DATA")
    if folder is None:
        _say("\nHUBSTAT_TEST_DATA is not set: the real days are left out")
        return
    master, days = real(Path(folder))
    by_date = {day.service_date: day for day in days}
    tests = []
    for day in days[len(days) // 2 :]:
        window = [day.service_date - timedelta(days=back) for back in _WINDOW]
        tests.append((day, History(master, [by_date[each] for each in window if each in by_date])))
    compare("LaDe-D Jilin, promise 20:00", tests)


if __name__ == "__main__":
    main()
