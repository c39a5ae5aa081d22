"""The command line, and the one place where settings are built and parts are put together."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Annotated, Final

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError as UnreadableSetting

from hubstat.errors import HubstatError, SettingsError
from hubstat.settings import Settings

_COMMANDS: Final = (
    "up",
    "engines",
    "ingest",
    "ingest_status",
    "rollup",
    "dashboard",
    "indices",
    "hubs",
    "simulate",
    "replay",
    "query",
    "proof",
    "restatements",
    "baselines",
    "backtest",
    "report",
    "scheduler",
    "audit",
    "audits",
    "dead_letters",
    "refold",
    "bench",
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A status board for a parcel network: every figure exact, provable and reproducible.",
)


@app.callback()
def _options(
    namespace: Annotated[
        str | None,
        typer.Option(help="Keeps this installation's topics, indices and process files apart (HUBSTAT_NAMESPACE)."),
    ] = None,
) -> None:
    if namespace is not None:
        # Processes that this one starts belong to the same installation.
        os.environ["HUBSTAT_NAMESPACE"] = namespace


def settings() -> Settings:
    """The settings of this run. Raises ``SettingsError`` that names the setting at fault."""
    try:
        return Settings()
    except ValidationError as error:
        # Never what it was set to: under a mistyped name that may be a password.
        first = error.errors(include_input=False)[0]
        name = "HUBSTAT_" + "__".join(str(part).upper() for part in first["loc"])
        raise SettingsError(f"setting {name}: {first['msg']}") from None
    except UnreadableSetting as error:
        raise SettingsError(f"{error}: give JSON, or set its parts one by one") from None


for _name in _COMMANDS:
    import_module(f"hubstat.commands.{_name}").register(app, settings)


def main() -> None:
    """Run a command; an error that a user can cause is one line, not a traceback."""
    try:
        app()
    except HubstatError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
