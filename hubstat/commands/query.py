"""``hubstat query`` and ``hubstat proof``: the figures of the screen, and the invoices behind them."""

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

from aggregations.proof import Prover
from aggregations.question import LEVELS, Answer, Question, Scope
from aggregations.reader import Reader
from aggregations.viewer import Viewer
from aggregations.why import why
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
def reading(settings: Settings) -> Iterator[Reader]:
    """The reader of this installation. Raises EngineError, also while reading, where Elasticsearch does not answer."""
    url = locate(settings).elasticsearch_url
    with explained(url), connect(settings.elasticsearch, url) as client:
        yield Reader(Store(client, settings.namespace), settings.country)


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
        question = _question(chosen, level, service_date, hub, as_of, known_at, wave, direction, names)
        with reading(chosen) as reader:
            answer = reader.query(Viewer.everything(chosen.country), question)
        if output is Format.json:
            _print(orjson.dumps(answer.to_json(), option=orjson.OPT_INDENT_2).decode())
        elif output is Format.csv:
            _csv(answer)
        else:
            _table(answer)

    @app.command()
    def proof(
        metric: Annotated[str, typer.Option(help="A counted metric; m3.out names one part of a split one.")],
        level: LevelOption,
        service_date: DateOption,
        hub: HubOption = None,
        as_of: AsOfOption = None,
        known_at: KnownAtOption = None,
        wave: WaveOption = "all",
        direction: DirectionOption = DirectionChoice.DELIVERY,
        output: FormatOption = Format.table,
    ) -> None:
        """The invoices behind one figure, each with why it counts. A Friend is --level friend --hub CAMP/FRIEND."""
        chosen = settings()
        scope = _friend_scope(hub) if level == "friend" else None
        question = _question(
            chosen, level, service_date, None if scope else hub, as_of, known_at, wave, direction, None
        )
        with reading(chosen) as reader:
            found = Prover(reader).proof(Viewer.everything(chosen.country), question, metric, scope)
        lines: list[dict[str, Any]] = [
            {
                "invoice_no": line.invoice_no,
                "camp": line.camp,
                "friend": line.friend,
                "wave": line.wave,
                "state": line.state,
                "part": line.key or None,
                "promise": tm.iso_local(line.promise, reader.zone),
                "completed_at": None if line.completed_at is None else tm.iso_local(line.completed_at, reader.zone),
                "why": why(line, reader.zone, "ko"),
                "why_en": why(line, reader.zone, "en"),
            }
            for line in found.lines
        ]
        head = {
            "metric": metric,
            "figure": found.figure,
            "level": found.scope.level,
            "hub": found.scope.hub,
            "camp": found.scope.camp,
            "service_date": service_date,
            "as_of": tm.iso_local(found.moment.as_of, reader.zone),
            "known_at": tm.iso_local(found.moment.known_at, reader.zone),
            "wave": wave,
            "direction": direction.value,
        }
        if output is Format.json:
            _print(orjson.dumps({**head, "invoices": lines}, option=orjson.OPT_INDENT_2).decode())
        elif output is Format.csv:
            _write_csv(list(lines[0]) if lines else ["invoice_no"], [list(line.values()) for line in lines])
        else:
            table = Table("invoice", "camp", "Friend", "state", "why", title=f"{metric} = {found.figure}")
            for line in lines:
                table.add_row(line["invoice_no"], line["camp"], line["friend"], line["state"], line["why_en"])
            Console().print(table)


def _question(
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


def _friend_scope(hub: str | None) -> Scope:
    camp, _, friend = (hub or "").partition("/")
    if not camp or not friend:
        raise QueryError("a Friend is named as CAMP/FRIEND: --hub C01/F001, or C01/unassigned")
    return Scope("friend", friend, camp)


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")


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
    _write_csv(list(frame.columns), frame.to_numpy(dtype=object).tolist())


def _write_csv(header: list[str], rows: list[list[Any]]) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(header)
    for row in rows:
        writer.writerow([_formula_safe(value) for value in row])


def _formula_safe(value: Any) -> Any:
    """A spreadsheet must not run what somebody wrote into a name."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
