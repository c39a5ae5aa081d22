"""What the start of one engine needs, whichever engine it is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hubstat.engines.account import Account
from hubstat.engines.install import Programs

EngineName = Literal["elasticsearch", "kafka"]
ENGINE_NAMES: tuple[EngineName, ...] = ("elasticsearch", "kafka")
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one engine lives: its programs, its folder, its two ports, its heap and the account it runs as.

    ``port`` serves clients; ``inner_port`` is the engine's own (transport, controller). Both listen on loopback only.
    """

    programs: Programs
    folder: Path
    logs: Path
    port: int
    inner_port: int
    heap_mb: int
    account: Account

    @property
    def java(self) -> Path:
        """The Java program."""
        return self.programs.java / "bin" / "java"

    def make_folders(self, *names: str) -> None:
        """Create the engine's sub-folders, owned by its account."""
        self.account.own(self.folder)
        for name in names:
            self.account.own_all(self.folder / name)
        self.account.own(self.logs)

    def environment(self) -> dict[str, str]:
        """A small environment: nothing of the caller's (``JAVA_TOOL_OPTIONS``, ``CLASSPATH`` …) reaches an engine."""
        return {
            "PATH": os.defpath,
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "ES_JAVA_HOME": str(self.programs.java),
            "ES_TMPDIR": str(self.folder / "tmp"),
        }


@dataclass(frozen=True, slots=True)
class Launch:
    """The command of one engine. ``output`` is the file that takes its standard output and error."""

    argv: list[str]
    environment: dict[str, str]
    directory: Path
    output: Path
    account: Account
