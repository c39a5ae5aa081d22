"""Rules of the embedded engines that need no engine: platform, account, memory, run file, configuration."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from hubstat.engines import elasticsearch_server, embedded, kafka_server
from hubstat.engines.account import Account, pick_account
from hubstat.engines.install import Programs
from hubstat.engines.runfile import Process, Run, Running, read_run, run_file, write_run
from hubstat.engines.server import Place
from hubstat.errors import EngineError

SHIPPED_JVM_OPTIONS = """\
## a comment
-XX:+UseG1GC
-Djava.io.tmpdir=${ES_TMPDIR}
20-:--add-modules=jdk.incubator.vector
23:-XX:CompileCommand=dontinline,java/lang/invoke/MethodHandle.asTypeUncached
-XX:+HeapDumpOnOutOfMemoryError
-XX:+ExitOnOutOfMemoryError
-XX:ErrorFile=hs_err_pid%p.log
-Xlog:gc*,gc+age=trace,safepoint:file=gc.log:utctime,level,pid,tags:filecount=32,filesize=64m
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place whose programs are only as real as their configuration needs."""
    home = tmp_path / "home" / "config"
    home.mkdir(parents=True)
    (home / "jvm.options").write_text(SHIPPED_JVM_OPTIONS)
    for name in ("role_mapping.yml", "roles.yml", "users", "users_roles"):
        (home / name).write_text("")
    programs = Programs(tmp_path / "java", tmp_path / "home", tmp_path / "kafka")
    return Place(programs, tmp_path / "data's", tmp_path / "logs", 19200, 19300, 512, Account())


@pytest.mark.parametrize(("system", "machine"), [("win32", "AMD64"), ("linux", "riscv64"), ("freebsd14", "x86_64")])
def test_an_unsupported_platform_is_named_with_the_ways_out(system: str, machine: str) -> None:
    with pytest.raises(EngineError, match=rf"not on {system} {machine}: use Docker, or set HUBSTAT_ELASTICSEARCH__URL"):
        embedded.require_platform(system, machine)


def test_the_tried_platform_is_let_through() -> None:
    embedded.require_platform("linux", "x86_64")


def test_elasticsearch_is_configured_for_one_node_on_loopback(place: Place) -> None:
    launch = elasticsearch_server.prepare(place)
    config = place.folder / "config"
    yaml = (config / "elasticsearch.yml").read_text().splitlines()
    assert "network.host: 127.0.0.1" in yaml
    assert "http.port: 19200" in yaml
    assert "transport.port: 19300" in yaml
    assert "discovery.type: single-node" in yaml
    assert "cluster.routing.allocation.disk.threshold_enabled: false" in yaml
    assert "cluster.max_shards_per_node: 10000" in yaml
    assert f"path.data: '{str(place.folder / 'data').replace(chr(39), chr(39) * 2)}'" in yaml
    options = (config / "jvm.options").read_text().splitlines()
    assert options == [
        "-XX:+UseG1GC",
        "-Djava.io.tmpdir=${ES_TMPDIR}",
        "23:-XX:CompileCommand=dontinline,java/lang/invoke/MethodHandle.asTypeUncached",
        "-XX:+ExitOnOutOfMemoryError",
        "-Xms512m",
        "-Xmx512m",
        f"-XX:ErrorFile={place.logs}/elasticsearch-crash-%p.log",
    ]
    assert launch.directory == place.programs.elasticsearch
    assert launch.argv[-1] == "org.elasticsearch.launcher.CliToolLauncher"


def test_kafka_is_configured_without_topics_of_its_own_making(place: Place) -> None:
    (place.folder / "data").mkdir(parents=True)
    (place.folder / "data" / "meta.properties").write_text("")
    launch = kafka_server.prepare(place)
    lines = (place.folder / "server.properties").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines)
    assert values["auto.create.topics.enable"] == "false"
    assert values["process.roles"] == "broker,controller"
    assert values["controller.quorum.voters"] == "1@127.0.0.1:19300"
    assert values["listeners"] == "PLAINTEXT://127.0.0.1:19200,CONTROLLER://127.0.0.1:19300"
    assert values["group.initial.rebalance.delay.ms"] == "0"
    assert {value for name, value in values.items() if name.endswith("replication.factor")} == {"1"}
    assert "-Xmx512m" in launch.argv


def test_nothing_of_the_callers_environment_reaches_an_engine(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Dx=y")
    assert set(elasticsearch_server.prepare(place).environment) == {
        "PATH",
        "HOME",
        "LANG",
        "ES_JAVA_HOME",
        "ES_TMPDIR",
    }


def test_a_folder_closed_to_the_engines_account_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    inner = closed / "inner"
    inner.mkdir(parents=True)
    closed.chmod(0o700)
    stranger = Account(os.getuid() + 4321, os.getgid() + 4321, "stranger")
    for folder in (*reversed(tmp_path.parents), tmp_path):
        if not folder.stat().st_mode & 0o001:
            # pytest's own folder is closed as well; the first closed one is the one to name.
            closed = folder
            break
    with pytest.raises(EngineError, match=rf"'stranger', who may not enter {closed}: set THE_SETTING"):
        stranger.make_way(inner, "THE_SETTING")


def test_without_root_there_is_no_obstacle(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert Account().obstacle(tmp_path) is None


def test_root_asks_for_a_user_that_exists_and_is_not_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(EngineError, match="no user 'nobody-such'"):
        pick_account("nobody-such")
    with pytest.raises(EngineError, match="'root' is root"):
        pick_account("root")
    assert pick_account(None).name == "nobody"


def test_who_is_not_root_runs_the_engines_as_oneself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert pick_account("nobody") == Account()


def test_free_memory_obeys_the_containers_limit(tmp_path: Path) -> None:
    unlimited = embedded.free_memory_mb(tmp_path / "absent")
    for name, text in {
        "memory.max": f"{300 << 20}",
        "memory.current": f"{200 << 20}",
        "memory.stat": f"anon 1\ninactive_file {50 << 20}",
    }.items():
        (tmp_path / name).write_text(text)
    assert embedded.free_memory_mb(tmp_path) == 150
    (tmp_path / "memory.max").write_text("max\n")
    assert embedded.free_memory_mb(tmp_path) == pytest.approx(unlimited, abs=500)


def test_the_run_file_comes_back_as_written(tmp_path: Path) -> None:
    me = Process.of(os.getpid())
    run = Run().with_running("kafka", Running(me, me, None, 19092))
    write_run(tmp_path, run)
    assert read_run(tmp_path) == run
    assert read_run(tmp_path).address("kafka") == ("127.0.0.1:19092", "embedded")
    assert read_run(tmp_path).address("elasticsearch") is None


def test_an_engine_whose_owner_is_gone_does_not_run(tmp_path: Path) -> None:
    me = Process.of(os.getpid())
    gone = replace(me, started=me.started - 1000)
    run = Run().with_running("elasticsearch", Running(me, me, gone, 19200))
    write_run(tmp_path, run)
    assert read_run(tmp_path).address("elasticsearch") is None
    assert read_run(tmp_path).last_ports == {"elasticsearch": 19200}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pids": {"kafka": 3}}', "null"])
def test_a_run_file_that_makes_no_sense_is_as_none(tmp_path: Path, text: str) -> None:
    run_file(tmp_path).write_text(text)
    assert read_run(tmp_path) == Run()
