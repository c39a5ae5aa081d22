"""Compares ways to project a Friend's finish, on days they were not fitted on: ``make backtest``. No engines.

Data: simulated days of one network (fitted days of one seed, tested days later and of another), and real days, LaDe-D
Jilin, from the folder HUBSTAT_TEST_DATA (left out where it is not set), with a promise of 20:00. A real date is tested
with what D-29 … D-2 give; a simulated one with what all fitted days give.

Models, all as definition 7 but for the pace and the window floor:

- ``pace``: its pace, from the standard and the last net hour, without the floor;
- ``learned``: the pace is what the history took for a stop left, at (area, wave, hour of T), and nothing else;
- ``blend``: the pace of definition 7 with that in the place of the standard;
- ``shaped``: as ``learned``, but n stops left take rate × n ^ shape, with a shape for each (area, wave, hour);
- ``definition``, ``shaped+w``: ``pace`` and ``shaped`` with the floor: no stop is finished before its promised window.

A fit, for one (area, wave, hour): every case of the history gives stops left n and time taken = finish − from −
remaining break, at least 0. Of every shape (1 alone, or 0, ¼, ½, ¾ and 1) the rate is the median of taken ÷ n ^ shape,
weighted by n ^ shape, which has the least sum of absolute errors |taken − rate × n ^ shape|; the shape with the least
such sum is taken. It is shrunk towards the standard: n stops take (cases × rate × n ^ shape + 20 × standard × n) ÷
(cases + 20).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from itertools import accumulate, chain
from pathlib import Path
from typing import Final

from aggregations.backtest.cases import Case, ClosedDate
from aggregations.backtest.score import Errors, HourError, Model, Score, hour_of_day
from aggregations.day import context_of
from aggregations.question import Moment
from hubstat.domain import time as tm
from hubstat.domain.baselines import AreaWave, Baselines, standards_of
from hubstat.domain.contract import decode_friend_event, decode_invoice_event
from hubstat.domain.log import EventLog
from hubstat.domain.masterdata import MasterData, parse
from hubstat.domain.projection import Projection, group_stops, project
from hubstat.simulator import NetworkSpec, build_network, simulate_day
from ingest.sources.lade import LadeOptions, read_lade

COUNTRY: Final = "KR"
ZONE: Final = tm.zone(COUNTRY)
MODELS: Final = ("pace", "learned", "blend", "shaped", "definition", "shaped+w")
_SHRINKAGE: Final = 20
_WINDOW: Final = range(2, 30)
_SHAPES: Final = (1.0, 0.75, 0.5, 0.25, 0.0)

Logs = dict[str, EventLog]
Cell = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Played:
    """A closed date: its cases, and the ms per stop of every Friend-day by (area, wave).

    taken: (stops left, ms) of its cases with a finish by (area, wave, hour of T).
    """

    service_date: date
    cases: tuple[Case, ...]
    paces: dict[AreaWave, list[float]]
    taken: dict[Cell, list[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Fit:
    """What n stops left take: rate × n ^ shape, in ms. cases: it is made from; loss: sum of its absolute errors."""

    cases: int
    shape: float
    rate: float
    loss: float

    @classmethod
    def of(cls, taken: Sequence[tuple[int, int]], shape: float) -> Fit:
        """The one of a shape with the least loss."""
        ratios = sorted((time / stops**shape, stops**shape) for stops, time in taken)
        half = sum(weight for _, weight in ratios) / 2
        rate = next(ratio for (ratio, _), sofar in zip(ratios, _sums(ratios), strict=True) if sofar >= half)
        return cls(len(taken), shape, rate, sum(abs(time - rate * stops**shape) for stops, time in taken))

    def per_stop(self, stops: int, standard: float) -> float:
        """ms for each of so many stops left, shrunk towards the standard."""
        whole: float = self.cases * self.rate * stops**self.shape + _SHRINKAGE * standard * stops
        return whole / (self.cases + _SHRINKAGE) / stops


def _sums(ratios: Sequence[tuple[float, float]]) -> Iterator[float]:
    return accumulate(weight for _, weight in ratios)


class History:
    """What some dates give: the standards, and the fits with one shape (``learned``) and with any (``shaped``)."""

    def __init__(self, master: MasterData, days: Sequence[Played]) -> None:
        self._master = master
        paces: dict[AreaWave, list[float]] = {}
        taken: dict[Cell, list[tuple[int, int]]] = {}
        for day in days:
            for key, found in day.paces.items():
                paces.setdefault(key, []).extend(found)
            for cell, pairs in day.taken.items():
                taken.setdefault(cell, []).extend(pairs)
        self._standards = standards_of(paces)
        fits = {cell: [Fit.of(pairs, shape) for shape in _SHAPES] for cell, pairs in taken.items()}
        self._learned = {cell: found[0] for cell, found in fits.items()}
        self._shaped = {cell: min(found, key=lambda fit: fit.loss) for cell, found in fits.items()}

    def shapes(self) -> Counter[float]:
        """How many cells have which shape."""
        return Counter(fit.shape for fit in self._shaped.values())

    def model(self, name: str, played: Played) -> Model:
        """One of ``MODELS`` on a service date."""
        floor = name == "definition" or name.endswith("+w")
        name = name.removesuffix("+w")
        fits = {"learned": self._learned, "blend": self._learned, "shaped": self._shaped}.get(name, {})

        def model(case: Case) -> Projection:
            standards = self._with(fits, played.service_date, case)
            if name in {"learned", "shaped"} and case.day is not None:
                # Without a last net hour the pace is the rate alone.
                case = replace(case, day=replace(case.day, recent_stops=0, recent_net=0))
            if not floor:
                case = replace(case, pending=tuple(replace(each, promised_from=None) for each in case.pending))
            return projected(self._master, played.service_date, case, standards)

        return model

    def _with(self, fits: Mapping[Cell, Fit], day: date, case: Case) -> Mapping[AreaWave, float]:
        """The standards, with what was learned of a case in the place of its own."""
        area, wave = area_and_wave(self._master, day, case)
        if area is None or wave is None or (area, wave) not in self._standards:
            return self._standards
        fit = fits.get((area, wave, hour_of_day(case.as_of, ZONE)))
        if fit is None:
            return self._standards
        rate = fit.per_stop(len(group_stops(case.pending)), self._standards[area, wave])
        # A finish right at T is one ms away: a pace has to be finite.
        return {**self._standards, (area, wave): max(1.0, rate)}


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
    for key, log in invoices:
        closed.add_invoice(key, log)
    paces: dict[AreaWave, list[float]] = {}
    for final in closed.final_days():
        area = area_of(master, day, final.camp)
        for effort in final.efforts:
            if area is not None and effort.wave is not None and effort.stops:
                paces.setdefault((area, effort.wave), []).append(effort.net / effort.stops)
    cases = tuple(closed.cases())
    taken: dict[Cell, list[tuple[int, int]]] = {}
    for case in cases:
        area, wave = area_and_wave(master, day, case)
        if area is not None and wave is not None and case.finished is not None:
            seen = projected(master, day, case, {})
            time_taken = max(0, case.finished - seen.start - seen.remaining_break)
            taken.setdefault((area, wave, hour_of_day(case.as_of, ZONE)), []).append((len(seen.stops), time_taken))
    return Played(day, cases, paces, taken)


def simulated(spec: NetworkSpec, master: MasterData, first: date, days: int, seed: int) -> list[Played]:
    """Days of a simulated network that follow each other; the ones before and after are played to know of them too."""
    dates = [first + timedelta(days=n) for n in range(-1, days + 1)]
    invoices: list[Logs] = []
    friends: Logs = {}
    for day in dates:
        logs: Logs = {}
        for record in simulate_day(spec, day, seed):
            if record.kind == "invoice":
                event = decode_invoice_event(record.value, record.received_ms, ZONE)
                logs.setdefault(event.key, EventLog()).add(event)
            else:
                event = decode_friend_event(record.value, record.received_ms, ZONE)
                friends.setdefault(event.key, EventLog()).add(event)
        invoices.append(logs)
    played: list[Played] = []
    for n in range(1, days + 1):
        around = chain.from_iterable(logs.items() for logs in invoices[n - 1 : n + 2])
        played.append(play(master, dates[n], around, friends))
        _say(f"simulated {dates[n]}: {len(invoices[n]):,} invoices")
    return played


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
        if not rows[0].friends.n:
            continue
        hour = "all" if rows[0].hour is None else f"{rows[0].hour:02d}"
        _say(f"{hour:>4} {rows[0].friends.n:>7,}" + "".join(f"{_pair(row.friends):>18}" for row in rows))
    _say("camps, all" + " " * 2 + "".join(f"{_pair(rows[-1].camps):>18}" for rows in results.values()))
    _say("bias, all" + " " * 3 + "".join(f"{_number(rows[-1].friends.bias):>18}" for rows in results.values()))
    _say("precision" + " " * 3 + "".join(f"{_number(rows[-1].at_risk.precision, 2):>18}" for rows in results.values()))
    _say("recall" + " " * 6 + "".join(f"{_number(rows[-1].at_risk.recall, 2):>18}" for rows in results.values()))
    shapes = sum((history.shapes() for history in {id(each): each for _, each in tests}.values()), Counter[float]())
    whole = shapes.total()
    _say("shapes of cells: " + ", ".join(f"{shape:g}: {shapes[shape] / whole:.0%}" for shape in _SHAPES))
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
    parser.add_argument("--invoices", type=int, default=4_000, help="invoices of a simulated day")
    parser.add_argument("--seed", type=int, default=1, help="of the network and the fitted days; tested: the next one")
    parser.add_argument("--fit-days", type=int, default=12)
    parser.add_argument("--test-days", type=int, default=6)
    parser.add_argument(
        "--real",
        choices=("early", "late"),
        default="late",
        help="tested real dates: the second half, or the first without its first 29",
    )
    options = parser.parse_args()

    spec = build_network(options.invoices, options.seed, COUNTRY)
    master = parse(spec.master_data(), COUNTRY)
    fitted = simulated(spec, master, date(2026, 10, 5), options.fit_days, options.seed)
    tested = simulated(spec, master, date(2026, 11, 9), options.test_days, options.seed + 1)
    history = History(master, fitted)
    title = f"simulated, network {options.seed}, {options.invoices:,} invoices a day, {len(fitted)} fitted dates"
    compare(title, [(day, history) for day in tested])

    folder = os.environ.get("HUBSTAT_TEST_DATA")
    if folder is None:
        _say("\nHUBSTAT_TEST_DATA is not set: the real days are left out")
        return
    master, days = real(Path(folder))
    by_date = {day.service_date: day for day in days}
    half = len(days) // 2
    tests = []
    for day in days[half:] if options.real == "late" else days[len(_WINDOW) + 1 : half]:
        window = [day.service_date - timedelta(days=back) for back in _WINDOW]
        tests.append((day, History(master, [by_date[each] for each in window if each in by_date])))
    compare(f"LaDe-D Jilin, {options.real} dates, promise 20:00", tests)


if __name__ == "__main__":
    main()
