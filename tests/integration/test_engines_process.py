"""No process is left behind, whatever ends: the engine here is a small program with a child that ignores SIGTERM."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from hubstat.engines import process
from hubstat.engines.account import Account
from hubstat.engines.runfile import Running
from hubstat.engines.server import Launch
from hubstat.errors import EngineError

# Prints the process id of a child that would stay for ten minutes.
ENGINE = """
import signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {child!r}])
print(child.pid, flush=True)
signal.signal(signal.SIGTERM, signal.{on_term} if {on_term!r} != "exit" else lambda *_: sys.exit())
time.sleep(600)
"""
CHILD = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"

OWNER = """
import sys, time
from pathlib import Path
from hubstat.engines import process
from hubstat.engines.account import Account
from hubstat.engines.server import Launch
launch = Launch([sys.executable, "-c", Path(sys.argv[1]).read_text()], {{}}, Path("/"), Path(sys.argv[2]), Account())
running = process.start(launch, 1)
print(running.supervisor.pid, running.engine.pid, flush=True)
{then}
"""


def _engine(on_term: str = "exit") -> str:
    return ENGINE.format(child=CHILD, on_term=on_term)


def _launch(tmp_path: Path, on_term: str = "exit") -> Launch:
    return Launch([sys.executable, "-c", _engine(on_term)], {}, Path("/"), tmp_path / "out", Account())


def _owner(tmp_path: Path, then: str) -> subprocess.Popen[str]:
    (tmp_path / "engine.py").write_text(_engine())
    code = textwrap.dedent(OWNER.format(then=then))
    return subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "engine.py"), str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        text=True,
        # A shell starts what runs in its background with Ctrl-C ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def _child_of(output: Path) -> int:
    """Process id of the engine's child, once it has been written."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if output.exists() and (text := output.read_text().strip()):
            return int(text)
        time.sleep(0.02)
    raise AssertionError("the engine has not started its child")


def _gone(*pids: int, within_seconds: float = 10.0) -> bool:
    """Whether all of these end (a process nobody has waited for counts as ended)."""
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        if not any(_lives(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def _lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_stop_ends_the_engine_and_its_children(tmp_path: Path) -> None:
    running = process.start(_launch(tmp_path), 1)
    child = _child_of(tmp_path / "out")
    assert running.alive()
    assert _lives(child)
    process.stop(running)
    assert not _lives(child)
    assert not running.alive()
    process.stop(running)


def test_an_engine_that_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.5)
    running = process.start(_launch(tmp_path, on_term="SIG_IGN"), 1)
    child = _child_of(tmp_path / "out")
    process.stop(running)
    assert not _lives(running.engine.pid)
    assert not _lives(child)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_when_the_owner_is_ended(tmp_path: Path, number: signal.Signals) -> None:
    owner = _owner(tmp_path, then="time.sleep(600)")
    assert owner.stdout is not None
    with owner.stdout:
        supervisor, engine = map(int, owner.stdout.readline().split())
    child = _child_of(tmp_path / "out")
    assert _lives(engine)
    owner.send_signal(number)
    owner.wait(20)
    assert _gone(supervisor, engine, child)


def test_nothing_is_left_when_the_owner_just_ends(tmp_path: Path) -> None:
    owner = _owner(tmp_path, then="time.sleep(0.5)")
    assert owner.stdout is not None
    with owner.stdout:
        supervisor, engine = map(int, owner.stdout.readline().split())
    assert owner.wait(20) == 0
    # Not within a time: a normal end waits for the engine.
    assert not _lives(supervisor)
    assert not _lives(engine)


def test_a_detached_engine_outlives_its_starter_until_it_is_stopped(tmp_path: Path) -> None:
    owner = _owner(tmp_path, then="process.release(running)")
    assert owner.stdout is not None
    with owner.stdout:
        supervisor, engine = map(int, owner.stdout.readline().split())
    assert owner.wait(20) == 0
    child = _child_of(tmp_path / "out")
    time.sleep(1)
    assert _lives(engine)
    process.stop(Running(process.Process.of(supervisor), process.Process.of(engine), None, 1))
    assert _gone(supervisor, engine, child)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
def test_an_engine_ends_when_its_supervisor_is_killed(tmp_path: Path) -> None:
    running = process.start(_launch(tmp_path), 1)
    child = _child_of(tmp_path / "out")
    os.kill(running.supervisor.pid, signal.SIGKILL)
    assert _gone(running.engine.pid)
    process.stop(running)
    assert not _lives(child)


def test_the_former_output_is_kept(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("why it crashed")
    process.stop(process.start(_launch(tmp_path), 1))
    assert (tmp_path / "out.1").read_text() == "why it crashed"


def test_a_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    launch = Launch([str(tmp_path / "absent")], {}, tmp_path, tmp_path / "out", Account())
    with pytest.raises(EngineError, match=r"cannot start .*absent.*No such file"):
        process.start(launch, 1)
