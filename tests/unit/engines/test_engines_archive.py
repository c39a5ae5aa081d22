"""Unpacking a run of bytes of a zip archive without its directory."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from hubstat.engines.archive import unpack
from hubstat.errors import EngineError


def _entries(names: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The local part of an archive: what lies before its directory."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, body in names.items():
            archive.writestr(name, body)
        end = archive.fp.tell() if archive.fp else 0
    return buffer.getvalue()[:end]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_unpacks_the_folder_alone_and_leaves_out_what_is_to_be_left_out(tmp_path: Path, method: int) -> None:
    piece = tmp_path / "piece"
    body = bytes(range(256)) * 9000
    piece.write_bytes(
        _entries(
            {"top/es/lib/a.jar": body, "top/es/modules/x/b.jar": b"b", "top/other/c": b"c", "top/es/empty": b""}, method
        )
    )
    unpack(piece, "top/es/", ("modules/x/",), tmp_path / "out")
    found = {p.relative_to(tmp_path / "out").as_posix(): p.read_bytes() for p in (tmp_path / "out").rglob("*.*")}
    assert found == {"lib/a.jar": body}
    assert (tmp_path / "out" / "empty").read_bytes() == b""
    assert not (tmp_path / "out" / "modules").exists()


def test_refuses_an_entry_whose_bytes_were_changed(tmp_path: Path) -> None:
    raw = bytearray(_entries({"top/es/a": b"x" * 100}, zipfile.ZIP_STORED))
    raw[-50] ^= 1
    (tmp_path / "piece").write_bytes(raw)
    with pytest.raises(EngineError, match="top/es/a has a wrong CRC"):
        unpack(tmp_path / "piece", "top/es/", (), tmp_path / "out")


def test_refuses_an_archive_that_ends_too_early(tmp_path: Path) -> None:
    (tmp_path / "piece").write_bytes(_entries({"top/es/a": b"x" * 100}, zipfile.ZIP_STORED)[:-10])
    with pytest.raises(EngineError, match="ends inside top/es/a"):
        unpack(tmp_path / "piece", "top/es/", (), tmp_path / "out")


def test_refuses_bytes_that_are_no_archive(tmp_path: Path) -> None:
    (tmp_path / "piece").write_bytes(b"<html>" * 20)
    with pytest.raises(EngineError, match="no entry where one should begin"):
        unpack(tmp_path / "piece", "top/es/", (), tmp_path / "out")


def test_refuses_to_write_outside_the_folder(tmp_path: Path) -> None:
    (tmp_path / "piece").write_bytes(_entries({"top/es/../../evil": b"x"}))
    with pytest.raises(EngineError, match="names a file outside its folder"):
        unpack(tmp_path / "piece", "top/es/", (), tmp_path / "out")
    assert not (tmp_path.parent / "evil").exists()
