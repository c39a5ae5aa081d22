"""A Docker engine of the test's own: its programs installed where they are missing, started by hand, and stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

# Program that has to be there → Debian package that brings it.
_PROGRAMS = {
    "dockerd": "docker.io",
    "docker": "docker.io",
    "docker-compose": "docker-compose",
    "debootstrap": "debootstrap",
}
_START_SECONDS = 60.0
_STOP_SECONDS = 60.0


class TestFailed(Exception):
    """A check found something wrong; its text says what."""


def say(text: str) -> None:
    """One line of progress."""
    sys.stderr.write(f"test-docker: {text}\n")
    sys.stderr.flush()


def run(*command: str, environment: Mapping[str, str] | None = None, seconds: float = 900.0) -> str:
    """Run a program and return what it wrote. Raises TestFailed with the end of its output where it fails."""
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        env={**os.environ, **(environment or {})},
    )
    if done.returncode != 0:
        raise TestFailed(f"`{' '.join(command)}` ended with {done.returncode}:\n{done.stdout[-4_000:]}")
    return done.stdout


def answers() -> bool:
    """Whether a Docker engine answers."""
    return (
        shutil.which("docker") is not None and subprocess.run(["docker", "info"], capture_output=True).returncode == 0
    )


def install_programs() -> None:
    """Install what is missing. Raises TestFailed where that takes another user or another system."""
    missing = sorted({package for program, package in _PROGRAMS.items() if shutil.which(program) is None})
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise TestFailed(f"no Docker answers; to start one this needs root on Debian with: {', '.join(missing)}")
    say(f"installing Debian's {', '.join(missing)}")
    run("apt-get", "update", "-qq")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run("apt-get", "install", "-qq", "-y", "--no-install-recommends", *missing, environment=quiet)


@contextmanager
def engine(folder: Path) -> Iterator[None]:
    """A Docker engine with all its data below ``folder``; programs find it by DOCKER_HOST. Gone without a trace after.

    Raises TestFailed where it may not run, with the end of its log.
    """
    if os.geteuid() != 0:
        raise TestFailed("no Docker answers, and only root can start one: start Docker, or run this as root")
    before = _network()
    address, log = f"unix://{folder / 'docker.sock'}", folder / "dockerd.log"
    command = ["dockerd", "--host", address, "--data-root", str(folder / "data"), "--exec-root", str(folder / "run")]
    with log.open("wb") as out:
        daemon = subprocess.Popen(
            [*command, "--pidfile", str(folder / "dockerd.pid")], stdout=out, stderr=out, start_new_session=True
        )
    os.environ["DOCKER_HOST"] = address
    try:
        _wait(daemon, log)
        yield
    finally:
        daemon.send_signal(signal.SIGTERM)
        try:
            daemon.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
        finally:
            del os.environ["DOCKER_HOST"]
            _unmount(folder)
            _restore(before)


def _unmount(folder: Path) -> None:
    """Unmount what the engine left below ``folder``: it keeps a network namespace there."""
    places = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for place in reversed([place for place in places if place.startswith(f"{folder}/")]):
        subprocess.run(["umount", place], capture_output=True, check=False)


def _wait(daemon: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not answers():
        if daemon.poll() is not None or time.monotonic() > deadline:
            end = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
            raise TestFailed(f"dockerd does not answer; the end of its log:\n{end}")
        time.sleep(0.5)


def _network() -> tuple[bool, dict[str, str]]:
    """Whether Docker's bridge is there, and the rules of the packet filter by the program that restores them."""
    rules = {}
    for program in ("iptables", "ip6tables"):
        done = subprocess.run([f"{program}-save"], capture_output=True, text=True)
        if done.returncode == 0:
            rules[f"{program}-restore"] = done.stdout
    return Path("/sys/class/net/docker0").exists(), rules


def _restore(before: tuple[bool, dict[str, str]]) -> None:
    bridge, rules = before
    for program, text in rules.items():
        subprocess.run([program], input=text, text=True, capture_output=True, check=False)
    if not bridge:
        subprocess.run(["ip", "link", "delete", "docker0"], capture_output=True, check=False)
