"""The repository's own files agree with each other and with the code: locks, containers, pages, commands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from importlib import resources
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from packaging.requirements import Requirement

from hubstat import cli, docs
from hubstat.engines.server import ENGINE_NAMES
from hubstat.healthcheck import CHECKS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
# Read by the tests alone, so they are no settings.
OF_TESTS = {"HUBSTAT_CHROMIUM", "HUBSTAT_TEST_DATA"}


def _locked(name: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Version and hashes by package; a line that is anything else fails."""
    packages: dict[str, tuple[str, frozenset[str]]] = {}
    for entry in re.split(r"\n(?=\S)", (ROOT / name).read_text().strip()):
        if entry.startswith("#"):
            continue
        head, *hashes = [line.strip().removesuffix("\\").strip() for line in entry.splitlines()]
        package, _, version = head.partition("==")
        assert re.fullmatch(r"[a-z0-9._-]+", package), entry
        assert hashes, f"{package} has no hash"
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for each in hashes), f"{package}: {hashes}"
        packages[package] = (version.split(" ")[0], frozenset(hashes))
    return packages


def _project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def _compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def _commands() -> set[str]:
    """Every command of the command line, as typed: ``engines start``."""
    found = set()
    for name, command in typer.main.get_group(cli.app).commands.items():
        parts = getattr(command, "commands", None)
        found |= {f"{name} {part}" for part in parts} if parts else {name}
    return found


def test_locks_pin_versions_and_hashes_of_what_the_project_asks_for() -> None:
    project, full, runtime = _project(), _locked("requirements.lock"), _locked("requirements-runtime.lock")
    assert {name: full[name] for name in runtime} == runtime
    asked = [Requirement(text) for text in project["project"]["dependencies"]]
    dev = [Requirement(text) for text in project["dependency-groups"]["dev"]]
    for requirement in asked:
        assert requirement.specifier.contains(runtime[requirement.name][0]), requirement
    for requirement in dev:
        assert requirement.specifier.contains(full[requirement.name][0]), requirement
    assert not {"hypothesis", "mypy", "playwright", "pytest", "ruff", "uv"} & set(runtime)


def test_image_takes_the_whole_build_backend_from_the_lock() -> None:
    listed = re.search(r"keep = /\^\(([^)]*)\)==/", (ROOT / "Dockerfile").read_text())
    assert listed is not None
    needed, left = {"hatchling"}, ["hatchling"]
    while left:
        for text in requires(left.pop()) or []:
            requirement = Requirement(text)
            if (requirement.marker is None or requirement.marker.evaluate()) and requirement.name not in needed:
                needed.add(requirement.name)
                left.append(requirement.name)
    assert set(listed[1].split("|")) == needed


def test_image_and_wheel_carry_every_package() -> None:
    packages = set(_project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    assert packages == {path.parent.name for path in ROOT.glob("*/__init__.py")}
    copied = set(re.findall(r"^COPY (\w+) \1$", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == packages
    assert packages <= let_in
    assert let_in - packages == set(re.findall(r"\S+\.(?:lock|toml|md|py)|LICENSE", _copied_files()))


def _copied_files() -> str:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    return "\n".join(line for line in lines if line.startswith("COPY ") and "--from" not in line)


def test_compose_runs_the_engines_that_the_code_is_made_for() -> None:
    services = _compose()["services"]
    locked = json.loads((resources.files("hubstat.engines") / "engines.lock.json").read_text())
    for name in ENGINE_NAMES:
        assert services[name]["image"].endswith(f":{locked[name]['version']}")
    conftest = (ROOT / "tests" / "conftest.py").read_text()
    assert all(services[name]["image"] in conftest for name in ENGINE_NAMES)


def test_compose_publishes_what_the_engines_are_looked_for_at_and_on_loopback_only() -> None:
    services = _compose()["services"]
    published = {
        name: [port.rpartition(":")[2] for port in service.get("ports", [])] for name, service in services.items()
    }
    assert published == {
        "elasticsearch": ["9200"],
        "kafka": ["9092"],
        "ingest": [],
        "rollup": [],
        "dashboard": [],
        "scheduler": [],
    }
    for service in services.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_every_container_has_a_health_check_and_waits_for_healthy_engines() -> None:
    for name, service in _compose()["services"].items():
        assert service["healthcheck"]["test"], name
        if name not in ENGINE_NAMES:
            assert service["healthcheck"]["test"][-1] == name
            assert name in CHECKS
            assert service["command"] == [name]
            assert name in _commands()
            assert service["depends_on"] == {engine: {"condition": "service_healthy"} for engine in ENGINE_NAMES}


def test_variables_named_anywhere_are_settings() -> None:
    known = {*re.findall(r"`(HUBSTAT_\w+)`", docs.settings_page()), *OF_TESTS}
    places = [*PAGES, *(ROOT / name for name in ("docker-compose.yml", "Dockerfile", "Makefile", ".ci/run"))]
    named = {(path.name, name) for path in places for name in re.findall(r"HUBSTAT_[A-Z_]*[A-Z]", path.read_text())}
    assert {(place, name) for place, name in named if name not in known} == set()


def test_readme_names_every_command_and_no_other() -> None:
    table = re.findall(r"^\| (`hubstat .*?) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    named = set()
    for cell in table:
        for text in re.findall(r"`hubstat ([^`]*)`", cell):
            words = re.match(r"([a-z-]+)(?: ([a-z][a-z-]*(?:/[a-z-]+)*))?(?= |$)", text)
            assert words is not None, text
            parts = words[2].split("/") if words[2] else [None]
            named |= {f"{words[1]} {part}" if part else words[1] for part in parts}
    assert named == _commands()


def test_commands_named_in_pages_exist() -> None:
    commands = _commands()
    words = {command.split(" ")[0] for command in commands}
    for path in PAGES:
        for text in re.findall(r"`hubstat ((?:--namespace \S+ )?[a-z][a-z-]*(?: [a-z]+)?)", path.read_text()):
            first, *rest = re.sub(r"--namespace \S+ ", "", text).split(" ")
            assert first in words, f"{path}: hubstat {text}"
            if rest and first not in commands:
                assert f"{first} {rest[0]}" in commands, f"{path}: hubstat {text}"


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        (path.relative_to(ROOT), target)
        for path in PAGES
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", path.read_text())
        if "://" not in target and not (path.parent / target).exists()
    ]
    assert broken == []


def test_make_targets_named_in_pages_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for path in PAGES for name in re.findall(r"`make ([a-z-]+)", path.read_text())}
    assert named <= targets
    assert {"setup", "demo", "test", "bench", "lock", "clean"} <= targets


@pytest.mark.parametrize("script", [".ci/run"])
def test_scripts_can_be_run(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    assert subprocess.run(["bash", "-n", ROOT / script], check=False).returncode == 0
