"""Settings and command of the embedded Elasticsearch."""

from __future__ import annotations

import shutil
from pathlib import Path

from hubstat.engines.server import HOST, Launch, Place

# Lines of the shipped jvm.options that do not fit: a module the runtime lacks, logs of up to 2 GB, a folder not ours.
_DROPPED = ("20-:--add-modules=jdk.incubator.vector", "-Xlog:gc", "-XX:ErrorFile", "-XX:+HeapDumpOnOutOfMemoryError")
_SHIPPED_CONFIG = ("role_mapping.yml", "roles.yml", "users", "users_roles")

_LOG4J = """\
status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = {log}
appender.file.filePattern = {log}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = [%d{{ISO8601}}][%-5p][%-25c{{1.}}] %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 20MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{{ISO8601}}][%-5p][%-25c{{1.}}] %m%n
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
rootLogger.appenderRef.console.ref = console
rootLogger.appenderRef.console.level = error
"""


def prepare(place: Place) -> Launch:
    """Write the configuration below ``place.folder`` and return the command that starts the server."""
    place.make_folders("data", "tmp")
    home, config = place.programs.elasticsearch, place.folder / "config"
    config.mkdir(exist_ok=True)
    for name in _SHIPPED_CONFIG:
        shutil.copyfile(home / "config" / name, config / name)
    (config / "elasticsearch.yml").write_text(_yaml(place), encoding="utf-8")
    (config / "jvm.options").write_text(_jvm_options(home / "config" / "jvm.options", place), encoding="utf-8")
    (config / "log4j2.properties").write_text(_LOG4J.format(log=place.logs / "elasticsearch.log"), encoding="utf-8")
    # The server keeps its keystore in this folder.
    place.account.own_all(config)
    return Launch(
        launcher(place, "server", "lib/tools/server-cli"),
        place.environment(),
        home,
        place.logs / "elasticsearch.out",
        place.account,
    )


def launcher(place: Place, tool: str, libraries: str) -> list[str]:
    """Command of one of Elasticsearch's own tools; the archive lacks the shell scripts that usually start them."""
    home = place.programs.elasticsearch
    return [
        str(place.java),
        *("-Xms4m", "-Xmx64m", "-XX:+UseSerialGC"),
        f"-Dcli.name={tool}",
        f"-Dcli.script={home}/bin/elasticsearch",
        f"-Dcli.libs={libraries}",
        f"-Des.path.home={home}",
        f"-Des.path.conf={place.folder / 'config'}",
        "-Des.distribution.type=tar",
        "-Des.java.type=ES_JAVA_HOME",
        *("-cp", f"{home}/lib/*:{home}/lib/cli-launcher/*"),
        "org.elasticsearch.launcher.CliToolLauncher",
    ]


def _yaml(place: Place) -> str:
    # Only settings of modules that are there: one of an absent module aborts the start.
    return "\n".join(
        (
            "cluster.name: hubstat",
            "node.name: hubstat",
            "discovery.type: single-node",
            f"network.host: {HOST}",
            f"http.port: {place.port}",
            f"transport.port: {place.inner_port}",
            f"path.data: {_quoted(place.folder / 'data')}",
            f"path.logs: {_quoted(place.logs)}",
            "xpack.security.enabled: false",
            "cluster.routing.allocation.disk.threshold_enabled: false",
            "cluster.max_shards_per_node: 10000",
            "",
        )
    )


def _quoted(path: Path) -> str:
    escaped = str(path).replace("'", "''")
    return f"'{escaped}'"


def _jvm_options(shipped: Path, place: Place) -> str:
    lines = [line.strip() for line in shipped.read_text(encoding="utf-8").splitlines()]
    kept = [line for line in lines if line and not line.startswith(("#", *_DROPPED))]
    heap = [f"-Xms{place.heap_mb}m", f"-Xmx{place.heap_mb}m"]
    return "\n".join([*kept, *heap, f"-XX:ErrorFile={place.logs}/elasticsearch-crash-%p.log", ""])
