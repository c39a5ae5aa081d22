"""A running installation for a test: the real command line on the session's engines, in a namespace of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from aggregations.board import Board, board_at
from aggregations.question import LEVELS, Answer, Question
from aggregations.reader import Reader
from aggregations.viewer import Viewer
from hubstat.cli import app
from hubstat.elastic.client import connect
from hubstat.elastic.store import Store
from hubstat.settings import Settings

EVERYTHING = Viewer.everything("KR", "test")


@dataclass
class Installation:
    """Runs ``hubstat`` commands; ``reader`` reads the same namespace."""

    settings: Settings
    reader: Reader

    def environment(self) -> dict[str, str]:
        """Environment of its processes."""
        chosen = self.settings
        return {
            **os.environ,
            "HUBSTAT_NAMESPACE": chosen.namespace,
            "HUBSTAT_STATE_DIR": str(chosen.state_dir),
            "HUBSTAT_ELASTICSEARCH__URL": str(chosen.elasticsearch.url),
            "HUBSTAT_KAFKA__BOOTSTRAP_SERVERS": str(chosen.kafka.bootstrap_servers),
            "HUBSTAT_INGEST__TRUST_RECEIVED_AT": "true",
        }

    def run(self, *arguments: str, check: bool = True, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """One command; its output is in the failure. timeout: seconds."""
        done = subprocess.run(
            [sys.executable, "-m", "hubstat", *arguments],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"hubstat {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def figures(self, *options: str) -> dict[str, dict[str, Any]]:
        """Figures by ``level:id`` (of a Friend ``friend:camp/id``) of every level, as ``hubstat query`` prints them.

        options: of the command. It runs in this process, so that many questions do not wait for as many starts.
        """
        found = {}
        for level in LEVELS:
            command = ["query", "--level", level, *options, "--format", "json"]
            done = CliRunner().invoke(app, command, env=self.environment())
            assert done.exit_code == 0, done.output
            for row in json.loads(done.stdout)["rows"]:
                hub = f"{row['parent']}/{row['hub']}" if level == "friend" else row["hub"]
                found[f"{level}:{hub}"] = row["figures"]
        return found

    def ask(self, question: Question) -> Answer:
        """Ask the reader."""
        return self.reader.query(EVERYTHING, question)


class Boards:
    """Asks boards of fixed moments, one for each (date, T, K): every level, wave and direction from one look."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._boards: dict[tuple[object, int, int], Board] = {}

    def ask(self, question: Question) -> Answer:
        """The same answer as the reader's."""
        moment = question.moment(self._reader.clock(), self._reader.zone)
        key = (question.service_date, moment.as_of, moment.known_at)
        if key not in self._boards:
            self._boards[key] = board_at(self._reader, question.service_date, moment)
        return self._boards[key].answer(EVERYTHING, question)


@contextmanager
def running(settings: Settings, *options: str) -> Iterator[Installation]:
    """``hubstat up --detach --no-dashboard --no-reports`` with more options until the block ends."""
    client = connect(settings.elasticsearch, str(settings.elasticsearch.url))
    installation = Installation(settings, Reader(Store(client, settings.namespace), settings.country))
    installation.run("up", "--detach", "--no-dashboard", "--no-reports", *options)
    try:
        yield installation
    finally:
        installation.run("down")
        client.close()
