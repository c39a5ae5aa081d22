"""The compose file run for real: every service healthy, a simulated day through it, its figures and its audit."""

from __future__ import annotations

import json
import socket
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
from machine import TestFailed, run, say

from hubstat.engines.docker import compose_command

REPOSITORY = Path(__file__).parents[2]
SERVICES = ("elasticsearch", "kafka", "ingest", "rollup", "dashboard", "scheduler")
DAY = "2026-11-18"
_INVOICES = "1500"
_HEALTHY_SECONDS = 240.0
_HUBSTAT = (sys.executable, "-m", "hubstat")


def check(folder: Path) -> None:
    """Everything, from the engines alone to the whole installation, which is gone after. Raises TestFailed."""
    environment = _environment(folder)
    with _project(environment):
        _engines(environment)
        say("docker compose up --build, every service")
        compose(environment, "up", "--build", "--detach")
        _wait_healthy(environment)
        _day(folder, environment)
        _dashboard(environment)


def compose(environment: dict[str, str], *arguments: str) -> str:
    """Run docker compose on the repository's file."""
    file = str(REPOSITORY / "docker-compose.yml")
    return run(*compose_command(), "--file", file, *arguments, environment=environment)


def _environment(folder: Path) -> dict[str, str]:
    """The variables of one project on free ports, seen by docker compose and by hubstat on this machine alike."""
    search, kafka, board = _free_ports(3)
    return {
        "COMPOSE_PROJECT_NAME": "hubstattest",
        "HUBSTAT_STATE_DIR": str(folder / "state"),
        "HUBSTAT_ENGINES__DATA_DIR": str(folder / "engines"),
        "HUBSTAT_ENGINES__ELASTICSEARCH_PORT": str(search),
        "HUBSTAT_ENGINES__KAFKA_PORT": str(kafka),
        "HUBSTAT_ENGINES__ELASTICSEARCH_HEAP_MB": "512",
        "HUBSTAT_ENGINES__KAFKA_HEAP_MB": "256",
        "HUBSTAT_DASHBOARD__PORT": str(board),
        # The simulated day is past: its records tell themselves when they were received.
        "HUBSTAT_INGEST__TRUST_RECEIVED_AT": "true",
    }


@contextmanager
def _project(environment: dict[str, str]) -> Iterator[None]:
    try:
        yield
    except TestFailed:
        sys.stderr.write(compose(environment, "logs", "--no-color", "--tail", "30"))
        raise
    finally:
        say("docker compose down")
        compose(environment, "down", "--volumes", "--remove-orphans", "--timeout", "60")


def _engines(environment: dict[str, str]) -> None:
    """The engines alone, as `hubstat up` starts them where Docker answers."""
    chosen = environment | {"HUBSTAT_ENGINES__CHOICE": "docker"}
    say("hubstat engines start, in Docker")
    run(*_HUBSTAT, "engines", "start", environment=chosen)
    status = run(*_HUBSTAT, "engines", "status", environment=chosen)
    _require(status.count("(docker)") == 2, f"the engines are not Docker's:\n{status}")
    run(*_HUBSTAT, "engines", "stop", environment=chosen)
    running = compose(environment, "ps", "--services", "--filter", "status=running").split()
    _require(not running, f"still running after `hubstat engines stop`: {running}")


def _wait_healthy(environment: dict[str, str]) -> None:
    deadline = time.monotonic() + _HEALTHY_SECONDS
    while (state := {name: _health(environment, name) for name in SERVICES}) != dict.fromkeys(SERVICES, "healthy"):
        _require(time.monotonic() < deadline, f"not all services became healthy: {state}")
        time.sleep(2)
    say(f"healthy: {', '.join(SERVICES)}")


def _health(environment: dict[str, str], service: str) -> str:
    container = compose(environment, "ps", "--quiet", service).strip()
    return run("docker", "inspect", "--format", "{{.State.Health.Status}}", container).strip() if container else "none"


def _day(folder: Path, environment: dict[str, str]) -> None:
    """A simulated day with disorder sent from this machine; then figures against its truth, and the audit."""
    chosen = environment | {
        "HUBSTAT_ELASTICSEARCH__URL": f"http://127.0.0.1:{environment['HUBSTAT_ENGINES__ELASTICSEARCH_PORT']}",
        "HUBSTAT_KAFKA__BOOTSTRAP_SERVERS": f"127.0.0.1:{environment['HUBSTAT_ENGINES__KAFKA_PORT']}",
    }
    truth = folder / "truth.parquet"
    disorder = ("--duplicates", "0.1", "--out-of-order", "0.05", "--corrections", "0.02")
    sent = run(
        *(*_HUBSTAT, "simulate", "--invoices", _INVOICES, "--date", DAY, "--wait"),
        *(*disorder, "--truth", str(truth)),
        environment=chosen,
    )
    say(next(line for line in sent.splitlines() if " records: " in line))
    question = ("--level", "nationwide", "--date", DAY, "--as-of", "2026-11-21T00:00:00+09:00", "--format", "json")
    for direction in ("DELIVERY", "RETURN"):
        answer = run(*_HUBSTAT, "query", *question, "--direction", direction, environment=chosen)
        figures = json.loads(answer)["rows"][0]["figures"]
        told = {name: figures[name] for name in ("due", "completed")}
        rows = [row for row in pq.read_table(truth).to_pylist() if row["direction"] == direction]
        due = [row for row in rows if row["due"] and row["service_date"] == DAY]
        true = {"due": len(due), "completed": sum(row["completed_at"] is not None for row in due)}
        _require(told == true, f"{direction}: figures {told}, truth {true}")
        say(f"{direction}: figures and truth agree: {told}")
    audit = run(*_HUBSTAT, "audit", "--date", DAY, environment=chosen)
    say(audit.strip().splitlines()[-1])


def _dashboard(environment: dict[str, str]) -> None:
    url = f"http://127.0.0.1:{environment['HUBSTAT_DASHBOARD__PORT']}/"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as page:
        _require(page.status == 200, f"the dashboard at {url} answers {page.status}")
    say("the dashboard answers")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise TestFailed(otherwise)


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
