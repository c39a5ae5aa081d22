"""``hubstat dashboard``: serve the board in the foreground."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Annotated, Final

import typer
from fastapi import FastAPI

from aggregations.elsewhere import Processes, Source
from aggregations.reader import Reader
from aggregations.system import Watch
from aggregations.viewer import Viewer
from hubstat.commands.reporting import book_of, office
from hubstat.engines import locate
from hubstat.errors import HubstatError
from hubstat.settings import Settings
from reports.delivery.catcher import Folder, folder_of, found
from reports.delivery.tokens import Tokens, secret_of
from reports.delivery.web import mail_routes, unsubscribe_routes

_USUAL_PORT: Final = 8050


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the command on ``app``; ``settings`` gives the settings when it runs."""

    @app.command()
    def dashboard(
        port: Annotated[
            int | None,
            typer.Option(min=1, max=65535, help="Port to listen on; else the setting's, 8050, or a free one."),
        ] = None,
    ) -> None:
        """Serve the web dashboard until Ctrl-C."""
        # Dash is slow to import: the other commands must not wait for it.
        from dashboard.app import create_app, serve
        from dashboard.reader_board import ReaderBoard
        from dashboard.warm import kept_warm

        chosen = settings()
        host = chosen.dashboard.host
        listening = choose_port(host, port or chosen.dashboard.port)
        source = Source(chosen.elasticsearch, locate(chosen).elasticsearch_url, chosen.namespace, chosen.country)
        reader = source.reader()
        board = ReaderBoard(reader, chosen.dashboard.refresh_seconds, Processes.of(source))
        watch = Watch(reader, Viewer.everything(chosen.country), chosen.dashboard.refresh_seconds)
        address = f"http://{f'[{host}]' if ':' in host else host}:{listening}/"
        typer.echo(f"board at {address}")
        try:
            # Mails that a person sends go where those of the schedules go, found anew for each.
            with office(chosen, reader, lambda: found(chosen)) as reports:
                app = create_app(board, chosen.dashboard, watch, reports.desk)
                _pages(app.server, chosen, reader)
                with kept_warm(board.keeping):
                    serve(app, host, listening)
        finally:
            board.close()


def _pages(server: FastAPI, settings: Settings, reader: Reader) -> None:
    """Add the pages beside the board, before its own route that takes every other address."""
    routers = [unsubscribe_routes(book_of(settings, reader), Tokens(secret_of(settings)))]
    if settings.smtp.host is None:
        routers.append(mail_routes(Folder(folder_of(settings)), reader.zone, settings.dashboard.language))
    for router in routers:
        server.router.routes[:0] = router.routes


def choose_port(host: str, wanted: int | None) -> int:
    """The wanted port; without one the usual, or a free one. Raises ``HubstatError`` where the wanted one is taken."""
    for port in [wanted] if wanted else [_USUAL_PORT, 0]:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((host, port))
            except OSError:
                continue
            return int(trial.getsockname()[1])
    raise HubstatError(f"port {wanted} of {host} is taken: choose another with --port or HUBSTAT_DASHBOARD__PORT")
