"""Disk full and memory short, under real workers and engines: a clear word, and afterwards the audit finds nothing.

What has to mount a small disk needs root.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from faults import Trial, a_trial, own_engines, simulated, told

from hubstat import engines
from hubstat.elastic.client import connect
from hubstat.elastic.writer import Write, Writer
from hubstat.engines import EngineAddresses
from hubstat.engines.server import EngineName
from hubstat.errors import EngineError
from hubstat.settings import ElasticsearchSettings, EngineSettings, KafkaSettings, Settings

pytestmark = pytest.mark.engines

Figure = Callable[[str], None]
MOUNTS = os.geteuid() == 0 and shutil.which("mount") is not None
BLOCK = "index.blocks.read_only_allow_delete"


@pytest.fixture
async def trial(engines: EngineAddresses, namespace: str, tmp_path: Path) -> AsyncIterator[Trial]:
    async with a_trial(engines, namespace, tmp_path) as trial:
        yield trial


@contextmanager
def _disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of so many MB at ``folder``."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def _fill(folder: Path) -> Path:
    """A file that leaves no byte free."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(65_536))
    return ballast


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the engines' account may enter."""
    path = Path(tempfile.mkdtemp(prefix="hubstat-disk-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


async def test_elasticsearch_short_of_disk(trial: Trial, figure: Figure) -> None:
    """The block that Elasticsearch puts on every index at the flood stage: the worker waits for its end."""
    day = simulated()
    await trial.begin(day)
    await trial.feed(day.records)
    worker = trial.work(unhealthy_lag_seconds=3)
    await trial.until_busy(5)
    everything = trial.names.everything
    await asyncio.to_thread(trial.client.indices.put_settings, index=everything, settings={BLOCK: True})
    await trial.until(lambda: "flood-stage watermark" in trial.log(), "the worker says that the disk is full")
    await trial.until(lambda: trial.health()[0] == 503, "its health shows it")
    (line,) = [line for line in trial.log().splitlines() if "flood-stage" in line][:1]
    figure(line)
    assert "its disk is full: free some there" in line
    assert await trial.unwritten() > 0
    assert worker.poll() is None
    await asyncio.to_thread(trial.client.indices.put_settings, index=everything, settings={BLOCK: None})
    figure(told("disk short", await trial.assert_sound(day)))
    assert worker.poll() is None
    await trial.until(lambda: trial.health()[0] == 200, f"its health recovers: {trial.health()}", 20)


async def test_elasticsearch_short_of_memory(trial: Trial, figure: Figure) -> None:
    """Bulks that are too large for its circuit breaker: smaller ones get through, without anybody's help."""
    day = simulated()
    await trial.begin(day)
    await trial.feed(day.records)
    trial.proxy.delay = 0
    trial.proxy.most_bytes = 96 * 1024
    worker = trial.work(chunk_records=500)
    result = await trial.assert_sound(day)
    sizes = trial.proxy.bulk_bytes
    assert trial.proxy.acts["break"] > 0
    assert "circuit_breaking_exception" in trial.log()
    assert worker.poll() is None
    figure(told(f"{len(sizes)} bulks, {trial.proxy.acts['break']} over {96 * 1024} bytes refused", result))


@pytest.mark.parametrize("room_mib", [48, 96])
async def test_a_worker_short_of_memory(trial: Trial, figure: Figure, room_mib: int) -> None:
    """It ends with a word about memory, having committed nothing that is not written; with more it goes on."""
    day = simulated()
    await trial.begin(day)
    worker = trial.work(chunk_records=2000)
    await trial.until(lambda: "1" in trial.reporting(), "the worker reports")
    (size,) = (
        int(line.split()[1])
        for line in Path(f"/proc/{worker.pid}/status").read_text().splitlines()
        if line.startswith("VmSize")
    )
    limit = size * 1024 + room_mib * 1024 * 1024
    resource.prlimit(worker.pid, resource.RLIMIT_AS, (limit, limit))
    await trial.feed(day.records)
    code = await asyncio.to_thread(worker.wait, 60)
    last = trial.log().splitlines()[-1]
    figure(f"exit {code}: {last}")
    assert code not in (0, None)
    assert "it is short of memory: give it more, or set HUBSTAT_INGEST__CACHE_MB" in last
    trial.work()
    figure(told("worker short of memory", await trial.assert_sound(day)))


@pytest.mark.skipif(not MOUNTS, reason="a small disk is mounted by root only")
def test_engines_do_not_start_on_a_full_disk(folder: Path) -> None:
    with _disk(folder / "small", 20) as small:
        part = EngineSettings(
            choice="embedded", data_dir=small / "engines", elasticsearch_heap_mb=512, kafka_heap_mb=256
        )
        with pytest.raises(EngineError, match=r"need 500 MB of disk below .*small/engines, \d+ MB are free: free some"):
            engines.ensure(Settings(engines=part, elasticsearch=ElasticsearchSettings(), kafka=KafkaSettings()))


@pytest.mark.skipif(not MOUNTS, reason="a small disk is mounted by root only")
async def test_what_a_failed_write_shows_is_not_taken_for_kept(folder: Path) -> None:
    """Elasticsearch shows, and guards, what it could not append to its log, and loses it at the next write."""
    index = "doubtful"
    with _disk(folder / "engines" / "elasticsearch", 400) as disk, own_engines(folder) as own:
        url = own.addresses.elasticsearch_url
        with (
            closing(Writer(ElasticsearchSettings(url=url), url)) as writer,
            connect(own.settings.elasticsearch, url) as es,
        ):
            es.indices.create(index=index, settings={"number_of_replicas": 0}, mappings={"dynamic": False})
            for number in range(4):
                ballast = await asyncio.to_thread(_fill, disk)
                ids = [f"{number}-{place}" for place in range(5)]
                writing = asyncio.create_task(
                    writer.bulk([Write(index, each, b'{"a":"%b"}' % (b"x" * 3000), None) for each in ids])
                )
                await asyncio.sleep(0.3 + 0.2 * number)
                ballast.unlink()
                await writing
                await writer.bulk([Write(index, f"{number}-next", b"{}", None)])
                assert [found.id for found in await writer.get([(index, each) for each in ids])] == ids


@pytest.mark.skipif(not MOUNTS, reason="a small disk is mounted by root only")
@pytest.mark.parametrize("name", ["elasticsearch", "kafka"])
async def test_an_engine_whose_disk_is_full(
    name: EngineName, folder: Path, namespace: str, tmp_path: Path, figure: Figure
) -> None:
    """Not a byte is left: the worker waits; once there is space (and Kafka, which ends, was started) all comes."""
    day = simulated()
    with _disk(folder / "engines" / name, 400) as disk, own_engines(folder) as own:
        async with a_trial(own.addresses, namespace, tmp_path) as trial:
            await trial.begin(day)
            worker = trial.work(unhealthy_lag_seconds=3)
            half = len(day.records) // 2
            await trial.feed(day.records[:half])
            await trial.until_busy(5)
            ballast = await asyncio.to_thread(_fill, disk)
            if name == "elasticsearch":
                await trial.feed(day.records[half:])
            else:
                with pytest.raises(EngineError):
                    await asyncio.wait_for(trial.feed(day.records[half:]), 60)
            await trial.until(lambda: trial.health()[0] == 503, "its health shows it")
            await asyncio.sleep(5)
            assert worker.poll() is None
            figure(trial.log().splitlines()[-1])
            ballast.unlink()
            await asyncio.to_thread(own.start)
            if name == "kafka":
                await trial.feed(day.records[half:])
            figure(told(f"{name} without disk", await trial.assert_sound(day)))
            assert worker.poll() is None
