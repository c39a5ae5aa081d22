"""Other programs that do a part of the same work, each a process of its own: it reads a topic and writes each event as
a document, blindly, and says how long that took from the first record on.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
import psutil

from hubstat.bench.place import Site
from hubstat.bench.raw import Connection
from hubstat.bench.results import NotRun, Report
from hubstat.engines.supervisor import bound_to_parent
from hubstat.errors import EngineError
from hubstat.simulator import Record
from ingest.sources.sender import Sender
from ingest.topics import Topics, ensure_topics

AIOKAFKA: Final = "naive aiokafka + `streaming_bulk`"
FAUST: Final = "naive Faust + `take` + `async_bulk`"
BENTO: Final = "Bento, tuned"
INDICES: Final = "peer-*"
_MOST_SECONDS: Final = 300.0
_LOOK_SECONDS: Final = 0.05
# The broker says that a topic is there before each of its partitions takes records.
_NEW_TOPIC_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Topic:
    """A loaded topic with so many records."""

    name: str
    records: int


@dataclass(frozen=True, slots=True)
class Took:
    """How long a peer took, and the CPU seconds of its process."""

    seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Contender:
    """A peer that can run here."""

    name: str
    run: Callable[[Site, Topic], Took]


def contenders(site: Site, report: Report) -> list[Contender]:
    """The peers that can run here; the others are noted in the report."""
    found = []
    for name, script in ((AIOKAFKA, "aiokafka_bulk.py"), (FAUST, "faust_bulk.py")):
        path = None if site.peers is None else site.peers / script
        if path is None or not path.is_file():
            report.not_run.append(NotRun(name, "the peers' programs come with a checkout: tests/benchmarks/peers"))
        else:
            found.append(Contender(name, lambda site, topic, path=path: _script(path, site, topic)))  # type: ignore[misc]
    program = shutil.which("bento")
    config = None if site.peers is None else site.peers / "bento.yaml"
    if program is None or config is None or not config.is_file():
        report.not_run.append(NotRun(BENTO, "no program `bento` in the PATH"))
    else:
        found.append(Contender(BENTO, lambda site, topic: _bento(program, config, site, topic)))
    return found


def load(site: Site, records: Sequence[Record]) -> Topic:
    """A topic of its own with these invoice events."""
    settings = site.settings_of(f"p{secrets.token_hex(4)}")

    async def send() -> None:
        await ensure_topics(settings, site.bootstrap)
        await asyncio.sleep(_NEW_TOPIC_SECONDS)
        async with Sender(settings, site.bootstrap) as sender:
            await sender.send_all(records)

    asyncio.run(send())
    return Topic(Topics.of(settings.namespace).invoice_events, len(records))


def _environment(site: Site, topic: Topic, index: str) -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("HUBSTAT_")} | {
        "PEER_ELASTICSEARCH": site.url,
        "PEER_KAFKA": site.bootstrap,
        "PEER_TOPIC": topic.name,
        "PEER_RECORDS": str(topic.records),
        "PEER_INDEX": index,
        "PEER_FOLDER": str(site.folder),
    }


def _index(site: Site) -> str:
    """A fresh index with the refresh interval and shards of hubstat's, and no mapping for what a peer writes whole."""
    name = f"peer-{secrets.token_hex(4)}"
    elastic = site.settings.elasticsearch
    connection = Connection(site.url)
    fields = {name: {"type": "keyword"} for name in ("invoice_no", "direction", "code", "camp_id", "friend_id")}
    body = {
        "settings": {
            "number_of_shards": elastic.shards,
            "number_of_replicas": elastic.replicas,
            "refresh_interval": f"{elastic.refresh_seconds * 1000:.0f}ms",
        },
        "mappings": {"dynamic": False, "properties": {**fields, "event_time": {"type": "date"}}},
    }
    connection.ask("PUT", f"/{name}", body)
    connection.close()
    return name


def _script(path: Path, site: Site, topic: Topic) -> Took:
    command = [sys.executable, str(path)]
    try:
        found = subprocess.run(
            command,
            env=_environment(site, topic, _index(site)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_MOST_SECONDS,
            check=False,
            preexec_fn=bound_to_parent(),
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"{path.name} took longer than {_MOST_SECONDS:.0f} s") from error
    # Faust prints a banner, and what its spinner shows, to the same place.
    lines = [line for line in found.stdout.splitlines() if line.startswith(b"{")]
    if found.returncode or not lines:
        words = found.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        raise EngineError(f"{path.name} ended with {found.returncode}: {words[0]}")
    answer = orjson.loads(lines[-1])
    return Took(answer["seconds"], answer["cpu_seconds"])


def _bento(program: str, config: Path, site: Site, topic: Topic) -> Took:
    """It says nothing of its progress, so the documents written tell; it does not end by itself."""
    index = _index(site)
    connection = Connection(site.url)
    path = f"/{index}/_stats/indexing?filter_path=_all.primaries.indexing.index_total"
    environment = _environment(site, topic, index) | {"PEER_GROUP": f"bento-{secrets.token_hex(4)}"}
    with (site.folder / "bento.log").open("ab") as log:
        process = subprocess.Popen(
            [program, "run", str(config)], env=environment, stdout=log, stderr=log, preexec_fn=bound_to_parent()
        )
    usage = psutil.Process(process.pid)
    began: float | None = None
    deadline = time.monotonic() + _MOST_SECONDS
    try:
        while True:
            written = int(connection.ask("GET", path)["_all"]["primaries"]["indexing"]["index_total"])
            now, times = time.monotonic(), usage.cpu_times()
            cpu = times.user + times.system
            if began is None and written:
                began, before = now, (written, cpu)
            if began is not None and written >= topic.records:
                # Scaled to all records: it had written some when it was first seen to have begun.
                share = topic.records / (written - before[0])
                return Took((now - began) * share, (cpu - before[1]) * share)
            if now > deadline or process.poll() is not None:
                raise EngineError(f"bento wrote {written:,} of {topic.records:,} documents: see its log in the run")
            time.sleep(_LOOK_SECONDS)
    finally:
        process.terminate()
        process.wait()
        connection.close()
