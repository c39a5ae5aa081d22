"""The run file of a namespace: who is in charge, one process at a time, whatever the file holds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hubstat import runfile
from hubstat.engines.runfile import Process
from hubstat.errors import HubstatError
from hubstat.runfile import Installation
from hubstat.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(namespace="t", state_dir=tmp_path)


def test_a_running_installation_is_found_and_one_that_ended_is_not(settings: Settings) -> None:
    running = Installation(Process.of(os.getpid()), True, False, None)
    runfile.write(settings, running)
    assert runfile.read(settings) == running
    assert runfile.others(settings.model_copy(update={"namespace": "other"})) == ["t"]
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        gone = Process.of(ended.pid)
    runfile.write(settings, Installation(gone, True, False, None))
    assert runfile.read(settings) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"process": {"pid": 1}}', '{"process": {"pid": 1, "x": 2}}'])
def test_a_file_that_nobody_understands_is_nobody_running(settings: Settings, text: str) -> None:
    settings.namespace_dir.mkdir(parents=True)
    (settings.namespace_dir / "run.json").write_text(text)
    assert runfile.read(settings) is None


def test_two_processes_cannot_start_one_namespace(settings: Settings) -> None:
    with runfile.claimed(settings):
        with pytest.raises(HubstatError, match="runs already or is being started"), runfile.claimed(settings):
            pass
        with runfile.claimed(settings.model_copy(update={"namespace": "other"})):
            pass
    with runfile.claimed(settings):
        pass
