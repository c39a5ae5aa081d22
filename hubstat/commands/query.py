"""``hubstat query``: the figures of the screen, at any as-of and known-at."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console
from rich.table import Table

from aggregations.backtest import error_of
from aggregations.backtest.score import hour_of_day
from aggregations.counting import Progress
from aggregations.question import ALL_WAVES, LEVELS, Answer, Question
from aggregations.reader import Reader, now_ms
from aggregations.rollup import resolve
from aggregations.viewer import Viewer
from hubstat.domain import time as tm
from hubstat.domain.codes import Direction
from hubstat.domain.hierarchy import UNMAPPED
from hubstat.domain.metric import Metric
from hubstat.domain.metrics import metrics_for
from hubstat.elastic.client import connect
from hubstat.elastic.retry import explained
from hubstat.elastic.store import Store
from hubstat.engines import locate
from hubstat.errors import QueryError
from hubstat.figures.status import bases_of
from hubstat.settings import Settings

_TABLE = (
    "due",
    "completed",
    "open",
    "closed",
    "completion",
    "late",
    "late_open",
    "rate",
    "hourly_deliveries",
    "idle_minutes",
)


# Beyond these, local times and the ends of days leave the calendar.
_YEARS: Final = range(1970, 2200)
_OUTSIDE: Final = "its year must be 1970 to 2199"


class Format(StrEnum):
    """Form of the output."""

    table = "table"
    json = "json"
    csv = "csv"


class DirectionChoice(StrEnum):
    """Direction of the invoices."""

    DELIVERY = "DELIVERY"
    RETURN = "RETURN"


LevelOption = Annotated[str, typer.Option(help=f"One of {', '.join(LEVELS)}.")]
HubOption = Annotated[str | None, typer.Option(help="At or below this hub: an id, or level:id.")]
DateOption = Annotated[str, typer.Option("--date", help="Service date, YYYY-MM-DD.")]
AsOfOption = Annotated[
    str | None, typer.Option(help="T; without offset it is local. Default: now, of a past date its closing.")
]
KnownAtOption = Annotated[str | None, typer.Option(help="K: what had been received by then. Default: now.")]
WaveOption = Annotated[str, typer.Option(help="A wave, or all.")]
DirectionOption = Annotated[DirectionChoice, typer.Option(help="Never filters productivity.")]
FormatOption = Annotated[Format, typer.Option("--format", help="Form of the output.")]


@contextmanager
def reading(settings: Settings, progress: Progress | None = None) -> Iterator[Reader]:
    """The reader of this installation. Raises EngineError, also while reading, where Elasticsearch does not answer."""
    url = locate(settings).elasticsearch_url
    with explained(url), connect(settings.elasticsearch, url) as client:
        yield Reader(Store(client, settings.namespace), settings.country, progress=progress)


@contextmanager
def folding() -> Iterator[Progress]:
    """Shows on standard error how far the fold of stored events is, from its first report on; most need none."""
    status = Console(stderr=True).status("")
    shown = False

    def show(done: int, total: int) -> None:
        nonlocal shown
        status.update(f"folding {done:,} of {total:,} invoices at this as-of and known-at; Ctrl-C ends it")
        if not shown:
            shown = True
            status.start()

    try:
        yield show
    finally:
        status.stop()


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the commands on ``app``; ``settings`` gives the settings when a command runs."""

    @app.command()
    def query(
        level: LevelOption,
        service_date: DateOption,
        hub: HubOption = None,
        as_of: AsOfOption = None,
        known_at: KnownAtOption = None,
        wave: WaveOption = "all",
        direction: DirectionOption = DirectionChoice.DELIVERY,
        metrics: Annotated[
            str | None, typer.Option(help="Metric ids, separated by commas. Default: all; in a table ten of them.")
        ] = None,
        output: FormatOption = Format.table,
    ) -> None:
        """The same figures as the screen, at any as-of and known-at."""
        chosen = settings()
        names = tuple(name.strip() for name in metrics.split(",")) if metrics else None
        question = question_of(chosen, level, service_date, hub, as_of, known_at, wave, direction, names)
        if output is Format.table:
            question, names = _for_table(question)
        with folding() as progress, reading(chosen, progress) as reader:
            answer = reader.query(Viewer.everything(chosen.country), question)
            notice_unknown(reader, question)
            error = _projection_error(reader, answer) if output is Format.json else {}
        if output is Format.json:
            print_text(orjson.dumps({**answer.to_json(), **error}, option=orjson.OPT_INDENT_2).decode())
        elif output is Format.csv:
            _csv(answer)
        else:
            _table(answer, names or ())


def question_of(
    settings: Settings,
    level: str,
    service_date: str,
    hub: str | None,
    as_of: str | None,
    known_at: str | None,
    wave: str,
    direction: DirectionChoice,
    metrics: tuple[str, ...] | None,
) -> Question:
    """The question that options state. Raises ``QueryError``."""
    named: Direction = "RETURN" if direction is DirectionChoice.RETURN else "DELIVERY"
    return Question(
        level,
        day_of(service_date),
        hub,
        moment_of(settings, "--as-of", as_of),
        moment_of(settings, "--known-at", known_at),
        wave,
        named,
        metrics,
    )


def day_of(text: str) -> date:
    """The service date an option states. Raises ``QueryError``."""
    try:
        day = tm.parse_date(text)
    except ValueError as error:
        raise QueryError(f"--date {text}: {error}") from None
    if day.year not in _YEARS:
        raise QueryError(f"--date {text}: {_OUTSIDE}")
    return day


def moment_of(settings: Settings, option: str, text: str | None) -> int | None:
    """The time (ms) an option states; None where it states none. Raises ``QueryError``."""
    if text is None:
        return None
    zone = tm.zone(settings.country)
    try:
        moment = tm.parse_moment(text, zone)
        if tm.local_date(moment, zone).year not in _YEARS:
            raise QueryError(f"{option} {text}: {_OUTSIDE}")
    except (ValueError, OverflowError):
        example = date.today().isoformat()  # noqa: DTZ011 - an example of the form only
        raise QueryError(f"{option} {text} is no time: write it as {example}T15:04 or with an offset") from None
    if moment > now_ms():
        raise QueryError(f"{option} {text} is in the future: what will be known then cannot be told now")
    return moment


def notice_unknown(reader: Reader, question: Question) -> None:
    """Say on standard error what the master data do not know: it is counted where records name it, and else it is 0."""
    master = reader.store.master_data(reader.country)
    waves = sorted(wave.wave for wave in master.waves_of(reader.country))
    if question.wave != ALL_WAVES and question.wave not in waves:
        sys.stderr.write(f"note: the master data know no wave {question.wave}, only {', '.join(waves)}\n")
    if question.hub is not None:
        scope = resolve(master.hierarchy.on(question.service_date), question.level, question.hub)
        tree = master.hierarchy.on(question.service_date)
        if scope.level == "camp" and scope.hub != UNMAPPED and not tree.knows(scope.hub):
            sys.stderr.write(f"note: the master data know no hub {question.hub} on {question.service_date}\n")


def print_text(text: str) -> None:
    """Text to standard output."""
    sys.stdout.write(text + "\n")


def _projection_error(reader: Reader, answer: Answer) -> dict[str, Any]:
    """How far ``projected_finish`` was off at the hour of day of T, where it is shown and was back-tested."""
    if not any("projected_finish" in row.figures for row in answer.rows):
        return {}
    hour = hour_of_day(answer.moment.as_of, reader.zone)
    found = error_of(reader.store).get(hour)
    return {} if found is None else {"projection_error": {"hour": hour, **found.to_json()}}


def _for_table(question: Question) -> tuple[Question, tuple[str, ...]]:
    """The question with what a table needs, and the metrics that it shows: those asked for, else the usual ones."""
    known = metrics_for(question.direction)
    prefix = "m1" if question.direction == "DELIVERY" else "m2"
    names = question.metrics or tuple(name if name in known else f"{prefix}_{name}" for name in _TABLE)
    bases = [base[0] for name in names if (base := bases_of(known[name]))]
    return replace(question, metrics=tuple(dict.fromkeys([*names, *bases]))), names


def _table(answer: Answer, names: tuple[str, ...]) -> None:
    known = metrics_for(answer.direction)
    data = answer.to_json()
    title = (
        f"{answer.level} {data['service_date']} {answer.direction} {answer.wave}, "
        f"as of {data['as_of']}, known at {data['known_at']}"
    )
    of_friends = ("camp",) if answer.level == "friend" else ()
    table = Table(*of_friends, "hub", "name", *(known[name].label_en for name in names), title=title)
    for row in answer.rows:
        camp = (row.parent,) if of_friends else ()
        cells = (_shown(known[name], row.figures, answer.level) for name in names)
        table.add_row(*camp, row.hub, row.name_ko, *cells)
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def _shown(metric: Metric, figures: dict[str, Any], level: str) -> str:
    """A figure as text; a Friend's rate over a small n says nothing (C12)."""
    base = bases_of(metric) if level == "friend" else None
    if base is not None and (figures[base[0]] or 0) < base[1]:
        return "—"
    return _cell(figures[metric.id], metric.unit)


def _cell(value: Any, unit: str) -> str:
    if value is None:
        return "—"
    if unit == "ratio":
        return f"{value:.1%}"
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, dict):
        return " ".join(f"{key}={_cell(part, unit)}" for key, part in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)


def _csv(answer: Answer) -> None:
    # Here, because pandas takes half a second to import and no other form needs it.
    from aggregations.frame import to_frame

    frame = to_frame(answer)
    write_csv(list(frame.columns), frame.to_numpy(dtype=object).tolist())


def write_csv(header: list[str], rows: list[list[Any]]) -> None:
    """Print rows as CSV."""
    writer = csv.writer(sys.stdout)
    writer.writerow(header)
    for row in rows:
        writer.writerow([_formula_safe(value) for value in row])


def _formula_safe(value: Any) -> Any:
    """A spreadsheet must not run what somebody wrote into a name."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
