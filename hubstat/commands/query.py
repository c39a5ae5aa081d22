"""``hubstat query``: the figures of the screen, at any as-of and known-at."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from aggregations.question import LEVELS, Answer, Question
from aggregations.reader import Reader
from aggregations.viewer import Viewer
from hubstat.domain import time as tm
from hubstat.domain.codes import Direction
from hubstat.domain.metrics import metrics_for
from hubstat.elastic.client import connect
from hubstat.elastic.retry import explained
from hubstat.elastic.store import Store
from hubstat.engines import locate
from hubstat.errors import QueryError
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
        metrics: Annotated[str | None, typer.Option(help="Metric ids, separated by commas. Default: all.")] = None,
        output: FormatOption = Format.table,
    ) -> None:
        """The same figures as the screen, at any as-of and known-at."""
        chosen = settings()
        names = tuple(name.strip() for name in metrics.split(",")) if metrics else None
        question = question_of(chosen, level, service_date, hub, as_of, known_at, wave, direction, names)
        with folding() as progress, reading(chosen, progress) as reader:
            answer = reader.query(Viewer.everything(chosen.country), question)
            error = _projection_error(reader, answer) if output is Format.json else {}
        if output is Format.json:
            print_text(orjson.dumps({**answer.to_json(), **error}, option=orjson.OPT_INDENT_2).decode())
        elif output is Format.csv:
            _csv(answer)
        else:
            _table(answer)


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
        return moment
    except (ValueError, OverflowError):
        example = date.today().isoformat()  # noqa: DTZ011 - an example of the form only
        raise QueryError(f"{option} {text} is no time: write it as {example}T15:04 or with an offset") from None


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


def _table(answer: Answer) -> None:
    known = metrics_for(answer.direction)
    prefix = "m1" if answer.direction == "DELIVERY" else "m2"
    wanted = [name if name in known else f"{prefix}_{name}" for name in _TABLE]
    shown = [name for name in wanted if any(name in row.figures for row in answer.rows)]
    if not shown:
        shown = [name for name in known if any(name in row.figures for row in answer.rows)]
    data = answer.to_json()
    title = f"{answer.level} {data['service_date']} {answer.direction} {answer.wave}, as of {data['as_of']}"
    table = Table("hub", "name", *(known[name].label_en for name in shown), title=title)
    for row in answer.rows:
        table.add_row(row.hub, row.name_ko, *(_cell(row.figures[name], known[name].unit) for name in shown))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


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
