"""The shipped lock file names every artifact by path, size and SHA-256, and no host."""

from __future__ import annotations

import re
from importlib import resources

from hubstat.engines.artifacts import LOCK_NAME, read_lock
from hubstat.settings import EngineSettings


def test_every_piece_is_pinned_and_relative_to_the_repository() -> None:
    lock = read_lock()
    pieces = (*lock.elasticsearch.pieces, *lock.kafka.pieces)
    assert len(pieces) > 50
    for piece in pieces:
        assert re.fullmatch(r"[0-9a-f]{64}", piece.sha256), piece
        assert piece.size > 0
        assert re.fullmatch(r"(?:[A-Za-z0-9_.-]+/)+[A-Za-z0-9_.-]+\.(?:jar|zip)", piece.path), piece
    assert len({piece.sha256 for piece in pieces}) == len(pieces)


def test_no_host_is_named() -> None:
    text = resources.files("hubstat.engines").joinpath(LOCK_NAME).read_text()
    assert "://" not in text
    assert not re.search(r"\b(?:localhost|\d+\.\d+\.\d+\.\d+:\d+)\b", text)


def test_the_versions_promised() -> None:
    lock = read_lock()
    assert lock.elasticsearch.version == "8.19.8"
    assert lock.kafka.version == "4.1.1"
    names = {piece.name for piece in lock.kafka.pieces}
    assert {"kafka_2.13-4.1.1.jar", "kafka-clients-4.1.1.jar", "slf4j-simple-1.7.36.jar"} <= names
    assert len(names) == 46


def test_the_archive_is_cut_into_parts_that_do_not_overlap() -> None:
    pieces = sorted(read_lock().elasticsearch.pieces, key=lambda piece: piece.start or 0)
    assert all(piece.start is not None for piece in pieces)
    ends = [(piece.start or 0) + piece.size for piece in pieces]
    assert all(end <= (after.start or 0) for end, after in zip(ends, pieces[1:], strict=False))


def test_only_a_changed_part_of_the_lock_changes_its_folder() -> None:
    text = resources.files("hubstat.engines").joinpath(LOCK_NAME).read_text()
    before = read_lock(text)
    after = read_lock(text.replace("modules/analysis-common/", "modules/apm/"))
    assert after.kafka.digest == before.kafka.digest
    assert after.elasticsearch.digest != before.elasticsearch.digest


def test_the_default_repository_is_maven_central() -> None:
    default = EngineSettings.model_fields["maven_repository"].default
    assert default == "https://repo.maven.apache.org/maven2"
