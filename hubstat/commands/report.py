"""``hubstat report``: subscriptions, runs, and single reports by hand."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer
from rich.console import Console
from rich.table import Table

from hubstat.commands.query import (
    AsOfOption,
    DateOption,
    Format,
    FormatOption,
    KnownAtOption,
    day_of,
    moment_of,
    reading,
    write_csv,
)
from hubstat.commands.reporting import Office, book_of, office, timetable
from hubstat.domain import time as tm
from hubstat.domain.mailing import STATES, TROUBLED, Run, State, Subscription
from hubstat.errors import HubstatError, QueryError
from hubstat.settings import Settings
from reports.delivery.catcher import borrowed, folder_of
from reports.delivery.orders import lang_of, report_of
from reports.delivery.owners import renewed
from reports.delivery.recipients import address
from reports.desk import Desk, html_of
from reports.model import REPORTS, Mail, Order

_WIDTH: Final = 200
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help=f"One of {', '.join(REPORTS)}.")]
LevelOption = Annotated[str, typer.Option(help="nationwide, region, area or camp.")]
HubOption = Annotated[str | None, typer.Option(help="The hub; none: the whole network.")]
WaveOption = Annotated[str | None, typer.Option(help="Of wave-close: which wave.")]
LangOption = Annotated[str | None, typer.Option(help="ko or en; default: the recipient's, else ko.")]


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the commands on ``app``; ``settings`` gives the settings when a command runs."""
    report = typer.Typer(no_args_is_help=True, help="Mailed reports: who gets them, what became of them, one by hand.")
    app.add_typer(report, name="report")

    @report.command()
    def run(
        name: NameArgument,
        service_date: DateOption,
        to: Annotated[str | None, typer.Option(help="Address of a subscriber, or of an allowed domain.")] = None,
        level: LevelOption = "nationwide",
        hub: HubOption = None,
        wave: WaveOption = None,
        as_of: AsOfOption = None,
        known_at: KnownAtOption = None,
        lang: LangOption = None,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the mail's text, send nothing.")] = False,
    ) -> None:
        """Send one report to one person now."""
        chosen = settings()
        if not dry_run and to is None:
            raise QueryError("say who gets it, with --to, or look at it with --dry-run")
        with _office(chosen) as everything:
            desk = everything.desk
            order = _order(desk, chosen, name, service_date, level, hub, wave, as_of, known_at)
            if dry_run or to is None:
                _print_mail(desk.preview(order, lang_of(lang or "ko")))
                return
            done = desk.send_now(order, to, lang_of(lang) if lang else None)
            where = f"{done.report} of {done.service_date}, {done.level} {done.hub}"
            typer.echo(f"{done.state}: {where}, to {done.recipient}")
            if done.state != "sent":
                raise HubstatError(done.error or f"the run is {done.state}: see `hubstat report runs`")
            if chosen.smtp.host is None:
                typer.echo(f"kept in {folder_of(chosen)}; read it at the board's /mails")

    @report.command()
    def preview(
        name: NameArgument,
        service_date: DateOption,
        level: LevelOption = "nationwide",
        hub: HubOption = None,
        wave: WaveOption = None,
        as_of: AsOfOption = None,
        known_at: KnownAtOption = None,
        lang: LangOption = None,
        out: Annotated[Path, typer.Option(help="Where the HTML is written, its pictures inside.")] = Path(
            "report.html"
        ),
    ) -> None:
        """Write one report as a page to open in a browser; nothing is sent."""
        chosen = settings()
        with _office(chosen) as everything:
            order = _order(everything.desk, chosen, name, service_date, level, hub, wave, as_of, known_at)
            mail = everything.desk.preview(order, lang_of(lang or "ko"))
        out.write_text(html_of(mail), encoding="utf-8")
        typer.echo(f"{mail.subject}\n{out}")

    @report.command()
    def schedule() -> None:
        """When each report goes out next."""
        chosen = settings()
        with reading(chosen) as reader:
            table = timetable(chosen, reader)
            for each in table.reports:
                slot = table.next_slot(each, reader.clock())
                wave = "" if slot is None or slot.wave == "all" else f", {slot.wave}"
                at = "never" if slot is None else tm.iso_local(slot.at, reader.zone)[:16]
                typer.echo(f"{each:18} {at}" + ("" if slot is None else f", of {slot.service_date}{wave}"))

    @report.command()
    def subscriptions(output: FormatOption = Format.table) -> None:
        """Who gets which report about which hub."""
        chosen = settings()
        with reading(chosen) as reader:
            found = book_of(chosen, reader).subscriptions()
        rows = [
            [each.recipient, each.name, each.lang, f"{each.level}:{each.hub}", ", ".join(each.reports), _until(each)]
            for each in found
        ]
        _print(["recipient", "name", "language", "hub", "reports", "holds"], rows, output)

    @report.command()
    def subscribe(
        recipient: Annotated[str | None, typer.Argument(help="An e-mail address.")] = None,
        level: LevelOption = "nationwide",
        hub: HubOption = None,
        reports: Annotated[str, typer.Option(help="Names, separated by commas.")] = ",".join(REPORTS),
        name: Annotated[str, typer.Option(help="Name of the person.")] = "",
        lang: Annotated[str, typer.Option(help="ko or en.")] = "ko",
        names: Annotated[bool, typer.Option("--names", help="May see the names of people.")] = False,
        valid_from: Annotated[str | None, typer.Option(help="First service date.")] = None,
        valid_to: Annotated[str | None, typer.Option(help="The role ends before this date.")] = None,
        owners: Annotated[bool, typer.Option("--owners", help="All owners of hubs in the master data.")] = False,
    ) -> None:
        """Let somebody get reports about a hub, and give them the right to see it; or all owners of hubs.

        Owners that are subscribed already keep their reports, also those they unsubscribed from; their name, language
        and the dates of their role are written again.
        """
        chosen = settings()
        wanted = tuple(report_of(each.strip()) for each in reports.split(","))
        if (recipient is None) != owners:
            raise QueryError("name an address, or --owners")
        skipped: list[str] = []
        with reading(chosen) as reader:
            master = reader.store.master_data(reader.country)
            if recipient is None:
                today = tm.local_date(reader.clock(), reader.zone)
                made, skipped = renewed(master, today, book_of(chosen, reader).subscriptions(), wanted)
            else:
                own = reader.country if hub is None else hub.rpartition(":")[2]
                if level not in ("nationwide", "region", "area", "camp"):
                    raise QueryError(f"there is no level {level!r} of hubs: nationwide, region, area or camp")
                if not any(found.level == level for found in master.hierarchy.on(_day(valid_from, date.max)).find(own)):
                    raise QueryError(f"the master data have no {level} {own}: see `hubstat query --level {level}`")
                days = (_day(valid_from, date.min), _day(valid_to, date.max))
                made = [Subscription(address(recipient), name, lang_of(lang), level, own, wanted, names, *days)]
            book_of(chosen, reader).subscribe(made)
        typer.echo(f"{len(made):,} subscriptions written")
        if skipped:
            typer.echo(
                f"{len(skipped):,} owners have no e-mail address and get nothing: {', '.join(skipped)}", err=True
            )

    @report.command()
    def unsubscribe(
        recipient: Annotated[str, typer.Argument(help="An e-mail address.")],
        hub: Annotated[str | None, typer.Option(help="Of this hub alone: level:id.")] = None,
    ) -> None:
        """Let somebody get no reports any more; the subscription stays listed as ended."""
        chosen = settings()
        with reading(chosen) as reader:
            book = book_of(chosen, reader)
            own = [each for each in book.subscriptions() if each.recipient == address(recipient)]
            ended = [each for each in own if hub is None or f"{each.level}:{each.hub}" == hub]
            if not ended:
                raise QueryError(f"{recipient} has no such subscription: see `hubstat report subscriptions`")
            book.subscribe(replace(each, active=False) for each in ended)
        typer.echo(f"{len(ended):,} subscriptions ended")

    @report.command()
    def runs(
        state: Annotated[str | None, typer.Option(help=f"One of {', '.join(STATES)}.")] = None,
        to: Annotated[str | None, typer.Option(help="Of one recipient: an address.")] = None,
        limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the latest due first.")] = 50,
        output: FormatOption = Format.table,
    ) -> None:
        """What became of each mail; exit code 1 while one of those shown failed or is unknown."""
        chosen = settings()
        with reading(chosen) as reader:
            found = book_of(chosen, reader).runs(limit, _state(state), address(to) if to else None)
            zone = reader.zone
        heads = ["due", "report", "date", "wave", "hub", "recipient", "state", "tries", "error", "run"]
        rows = [[tm.iso_local(each.slot_at, zone)[:16], *_cells(each)] for each in found]
        _print(heads, rows, output)
        if any(each.state in TROUBLED for each in found):
            raise typer.Exit(1)

    @report.command()
    def resend(
        run_id: Annotated[str, typer.Argument(metavar="RUN", help="As `hubstat report runs` names it.")],
    ) -> None:
        """Send again a mail that failed, is of unknown fate, was skipped or only stored, with the same figures."""
        chosen = settings()
        with _office(chosen) as everything:
            done = everything.desk.resend(run_id)
        typer.echo(f"{done.state}: {done.id}")
        if done.state != "sent":
            raise HubstatError(done.error or f"the run is {done.state}")


@contextmanager
def _office(settings: Settings) -> Iterator[Office]:
    with reading(settings) as reader, borrowed(settings) as server, office(settings, reader, lambda: server) as found:
        yield found


def _order(
    desk: Desk,
    settings: Settings,
    name: str,
    service_date: str,
    level: str,
    hub: str | None,
    wave: str | None,
    as_of: str | None,
    known_at: str | None,
) -> Order:
    times = {
        "as_of": moment_of(settings, "--as-of", as_of),
        "known_at": moment_of(settings, "--known-at", known_at),
    }
    place = hub if hub is None or ":" in hub else f"{level}:{hub}"
    return desk.order(name, day_of(service_date), level, place, wave=wave, **times)


def _day(text: str | None, otherwise: date) -> date:
    return otherwise if text is None else day_of(text)


def _state(text: str | None) -> State | None:
    if text is None:
        return None
    for state in STATES:
        if state == text:
            return state
    raise QueryError(f"there is no state {text!r}: use one of {', '.join(STATES)}")


def _until(each: Subscription) -> str:
    if not each.active:
        return "ended"
    return "yes" if each.valid_to == date.max else f"before {each.valid_to}"


def _cells(run: Run) -> list[str]:
    late = f"{run.state}, late" if run.late and run.state == "sent" else run.state
    where = (run.wave, f"{run.level}:{run.hub}", run.recipient)
    return [run.report, run.service_date.isoformat(), *where, late, str(run.attempts), run.error or "", run.id]


def _print(heads: list[str], rows: list[list[str]], output: Format) -> None:
    if output is Format.json:
        body = [dict(zip(heads, row, strict=True)) for row in rows]
        sys.stdout.write(orjson.dumps(body, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    if output is Format.csv:
        write_csv(heads, rows)
        return
    table = Table(*heads)
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else _WIDTH).print(table)
    typer.echo(f"{len(rows):,} shown")


def _print_mail(mail: Mail) -> None:
    typer.echo(f"Subject: {mail.subject}\n\n{mail.text}")
    files = [f"{each.name} ({len(each.data):,} bytes)" for each in mail.files]
    size = f"{len(mail.html.encode()):,} bytes of HTML, {len(mail.images)} pictures"
    typer.echo(f"{size}, {', '.join(files) or 'no file'}")
    for each in mail.incomplete:
        typer.echo(f"incomplete: {each}")
