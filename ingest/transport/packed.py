"""Records that wait for long, as compressed bytes: a twentieth of the memory, unpacked only while gone through."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, overload

import cramjam

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

_LEVEL: Final = 1
_NONE: Final = -1
# What Python keeps around the content of a chunk, and around the headers of a record.
_FRAME_BYTES: Final = 400
_HEADERS_BYTES: Final = 300


@dataclass(slots=True)
class PackedRecord:
    """What flushers ask of a Kafka record. ``timestamp``: ms."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class PackedRecords(Sequence[PackedRecord]):
    """Records of one partition. ``size``: bytes of memory."""

    __slots__ = ("_content", "_count", "_headers", "_partition", "_topic", "size")

    def __init__(self, records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
        self._topic: str = records[0].topic
        self._partition: int = records[0].partition
        self._count = len(records)
        texts = [text for record in records for text in (record.key, record.value)]
        content = b"".join(
            (
                array("q", [record.offset for record in records]),
                array("q", [record.timestamp for record in records]),
                array("q", [_NONE if text is None else len(text) for text in texts]),
                *(text for text in texts if text),
            )
        )
        self._content = bytes(cramjam.zstd.compress(content, _LEVEL))
        self._headers = {place: record.headers for place, record in enumerate(records) if record.headers}
        text = sum(len(name) + len(value or b"") for headers in self._headers.values() for name, value in headers)
        self.size = _FRAME_BYTES + len(self._content) + text + _HEADERS_BYTES * len(self._headers)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[PackedRecord]:
        content, offsets, times, lengths = self._unpacked()
        topic, partition, headers = self._topic, self._partition, self._headers
        begin = 4 * self._count * offsets.itemsize
        rows = zip(offsets, times, lengths[::2], lengths[1::2], strict=True)
        for place, (offset, time, key_length, value_length) in enumerate(rows):
            key = value = None
            if key_length != _NONE:
                key, begin = content[begin : begin + key_length], begin + key_length
            if value_length != _NONE:
                value, begin = content[begin : begin + value_length], begin + value_length
            yield PackedRecord(topic, partition, offset, time, key, value, headers.get(place, ()))

    @overload
    def __getitem__(self, place: int) -> PackedRecord: ...
    @overload
    def __getitem__(self, place: slice) -> list[PackedRecord]: ...
    def __getitem__(self, place: int | slice) -> PackedRecord | list[PackedRecord]:
        if isinstance(place, slice):
            return list(self)[place]
        place = range(self._count)[place]
        content, offsets, times, lengths = self._unpacked()
        at = 4 * self._count * offsets.itemsize + sum(length for length in lengths[: 2 * place] if length != _NONE)
        key, at = _cut(content, at, lengths[2 * place])
        value, _ = _cut(content, at, lengths[2 * place + 1])
        return self._record(place, offsets[place], times[place], key, value)

    def _unpacked(self) -> tuple[bytes, memoryview[int], memoryview[int], memoryview[int]]:
        """The content, and in it: offsets, timestamps, and lengths of keys and values by turns."""
        content = bytes(cramjam.zstd.decompress(self._content))
        numbers = memoryview(content)[: 4 * self._count * 8].cast("q")
        count = self._count
        return content, numbers[:count], numbers[count : 2 * count], numbers[2 * count :]

    def _record(self, place: int, offset: int, time: int, key: bytes | None, value: bytes | None) -> PackedRecord:
        return PackedRecord(self._topic, self._partition, offset, time, key, value, self._headers.get(place, ()))


def _cut(content: bytes, at: int, length: int) -> tuple[bytes | None, int]:
    """A text of this length (none where there is none), and where the next one begins."""
    return (None, at) if length == _NONE else (content[at : at + length], at + length)


class Gathered(Sequence[Any]):
    """The records of several chunks as one sequence, without unpacking them all at once."""

    def __init__(self, parts: Sequence[Sequence[Any]]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(self._parts)

    @overload
    def __getitem__(self, place: int) -> Any: ...
    @overload
    def __getitem__(self, place: slice) -> list[Any]: ...
    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            return [self[each] for each in range(len(self))[place]]
        left = range(len(self))[place]
        for part in self._parts:
            if left < len(part):
                return part[left]
            left -= len(part)
        raise IndexError(place)
