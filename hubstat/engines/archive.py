"""Unpacking a run of bytes cut out of a zip archive.

The cut begins and ends at the border of an entry, so it is a plain sequence of local headers with their data and needs
no central directory. Each entry's CRC-32 is checked while it is unpacked.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from hubstat.errors import EngineError

_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_SIGNATURE = b"PK\x03\x04"
_STORED, _DEFLATED = 0, 8
_SIZES_FOLLOW_DATA = 0x08
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A local header: the entry's name in the archive and where its data lie in the file it was read from."""

    name: str
    method: int
    crc: int
    data_start: int
    packed_size: int


def entries(stream: BinaryIO) -> Iterator[Entry]:
    """Yield every entry of the seekable ``stream``, which must begin with a local header.

    Raises EngineError where the bytes are no such sequence.
    """
    position = 0
    while header := stream.read(_LOCAL_HEADER.size):
        if len(header) < _LOCAL_HEADER.size or header[:4] != _SIGNATURE:
            raise EngineError(f"the fetched archive has no entry where one should begin (byte {position} of a piece)")
        _, _, flags, method, _, _, crc, packed_size, _, name_size, extra_size = _LOCAL_HEADER.unpack(header)
        if flags & _SIZES_FOLLOW_DATA or method not in (_STORED, _DEFLATED):
            raise EngineError("the fetched archive uses a form of zip that hubstat cannot unpack piecewise")
        name = stream.read(name_size).decode("utf-8")
        data_start = position + _LOCAL_HEADER.size + name_size + extra_size
        yield Entry(name, method, crc, data_start, packed_size)
        position = data_start + packed_size
        stream.seek(position)


def unpack(piece: Path, folder: str, left_out: tuple[str, ...], target: Path) -> None:
    """Write the entries of ``piece`` below ``folder`` to ``target``, but none below a ``left_out`` sub-folder.

    Raises EngineError on a damaged entry or one that would be written outside ``target``.
    """
    with piece.open("rb") as stream, piece.open("rb") as data:
        for entry in entries(stream):
            if not entry.name.startswith(folder) or entry.name.endswith("/"):
                continue
            relative = entry.name.removeprefix(folder)
            if relative.startswith(left_out):
                continue
            if ".." in PurePosixPath(relative).parts or relative.startswith("/"):
                raise EngineError(f"the fetched archive names a file outside its folder: {entry.name}")
            _write(data, entry, target / relative)


def _write(data: BinaryIO, entry: Entry, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS) if entry.method == _DEFLATED else None
    data.seek(entry.data_start)
    crc, left = 0, entry.packed_size
    with path.open("wb") as out:
        while left:
            packed = data.read(min(_CHUNK, left))
            if not packed:
                raise EngineError(f"the fetched archive ends inside {entry.name}")
            left -= len(packed)
            plain = inflater.decompress(packed) if inflater else packed
            crc = zlib.crc32(plain, crc)
            out.write(plain)
        if inflater:
            rest = inflater.flush()
            crc = zlib.crc32(rest, crc)
            out.write(rest)
    if crc != entry.crc:
        raise EngineError(f"the fetched archive is damaged: {entry.name} has a wrong CRC")
