"""The documents that keep a closed day: its exact parts beside numbers that other tools can use. Pure.

One document a camp, or camp and Friend, and

- ``of: invoices``: direction and wave, with the exact parts of what counts under the date and of what waits;
- ``of: work``: of a Friend or of a camp's Friends together, whatever the direction and wave.

``known``: ``final`` as it was at closing, (C, C), ``current`` as it is known now, (C, now); one document for both where
they are equal. The wave ``all`` is kept only where it is not the sum of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from math import isclose
from typing import Any, Final, Literal

import orjson
from pydantic import TypeAdapter

from aggregations.question import ALL_WAVES
from aggregations.tally import Key, Tallies, Tally
from aggregations.work import Place, work_of_camps
from hubstat.domain import time as tm
from hubstat.domain.codes import DIRECTIONS, Direction
from hubstat.domain.friendday import FriendDay
from hubstat.domain.hierarchy import HubTree

Known = Literal["final", "current"]
Document = dict[str, Any]
# Wave (None: a run without one) -> minutes -> how many gaps that count for idle have such a remainder.
Gaps = dict[str | None, dict[int, int]]
FINAL: Final[Known] = "final"
CURRENT: Final[Known] = "current"
CAMP_HOUR: Final = "facts-camp-hour"
CAMP_DAY: Final = "facts-camp-day"
FRIEND_DAY: Final = "facts-friend-day"
KINDS: Final = (CAMP_HOUR, CAMP_DAY, FRIEND_DAY)
_MAX_ID: Final = 512
_FRIEND_DAY: Final = TypeAdapter(FriendDay)


@dataclass(slots=True)
class Contents:
    """Everything that is counted of one date at one (T, K), for all camps.

    camps, friends, waiting_camps, waiting_friends: as ``Day`` gives them, with the wave ``all``. work: by (camp,
    Friend). gaps: by Friend, of final contents only.
    """

    camps: dict[Direction, Tallies]
    friends: dict[Direction, Tallies]
    waiting_camps: dict[Direction, Tallies]
    waiting_friends: dict[Direction, Tallies]
    work: dict[Place, Tally]
    days: tuple[FriendDay, ...]
    gaps: dict[str, Gaps] = field(default_factory=dict)


def identity(*parts: str | int | None) -> str:
    """Fixed id of a document from what it is of; its hash where Elasticsearch would not take it as an id."""
    text = orjson.dumps(parts)
    return text.decode() if len(text) <= _MAX_ID else f"sha256:{sha256(text).hexdigest()}"


def documents_of(
    service_date: str, tree: HubTree, final: Contents, current: Contents
) -> dict[str, dict[str, Document]]:
    """All documents of a date by kind of index and id. tree: the hierarchy of the date."""
    found: dict[str, dict[str, Document]] = {}
    for kind, make in _MAKERS.items():
        before, now = dict(make(final)), dict(make(current))
        documents = found[kind] = {}
        for dimensions in before.keys() | now.keys():
            for known, content in _versions(before.get(dimensions), now.get(dimensions)):
                document_id = identity(service_date, *dimensions.parts(), known[0])
                place = dimensions.document(tree)
                documents[document_id] = {"service_date": service_date, "known": known, **place, **content}
    return found


def _versions(before: Document | None, now: Document | None) -> Iterator[tuple[list[Known], Document]]:
    if before is not None and now == {name: part for name, part in before.items() if name != "gaps"}:
        yield [FINAL, CURRENT], before
        return
    if before is not None:
        yield [FINAL], before
    if now is not None:
        yield [CURRENT], now


@dataclass(frozen=True, slots=True)
class Dimensions:
    """What one document is of. friend None: of no Friend, or of a camp as a whole."""

    of: Literal["invoices", "work"]
    camp: str | None
    friend: str | None = None
    direction: Direction | None = None
    wave: str | None = None
    hour: int | None = None

    def parts(self) -> tuple[str | int | None, ...]:
        """In a fixed order, for the id."""
        return (self.of, self.camp, self.friend, self.direction, self.wave, self.hour)

    def document(self, tree: HubTree) -> Document:
        """As fields, with where the camp rolls up."""
        path = tree.path(self.camp)
        found: Document = {
            "of": self.of,
            "camp": self.camp,
            "area": path.area,
            "region": path.region,
            "country": path.country,
            "friend": self.friend,
            "direction": self.direction,
            "wave": self.wave,
            "hour": None if self.hour is None else self.hour * tm.HOUR,
        }
        return {name: value for name, value in found.items() if value is not None}


_Made = Iterable[tuple[Dimensions, Document]]


def _camp_days(contents: Contents) -> _Made:
    for direction in DIRECTIONS:
        counted, waiting = kept(contents.camps[direction]), kept(contents.waiting_camps[direction])
        for camp, wave in counted.keys() | waiting.keys():
            content = _invoices(direction, counted.get((camp, wave)), waiting.get((camp, wave)))
            yield Dimensions("invoices", camp, direction=direction, wave=wave), content
    for camp, tally in work_of_camps(contents.work).items():
        yield Dimensions("work", camp), _work(tally)


def _camp_hours(contents: Contents) -> _Made:
    for direction in DIRECTIONS:
        for (camp, wave), tally in kept(contents.camps[direction]).items():
            for hour, n in tally.hours.items():
                if n:
                    yield Dimensions("invoices", camp, None, direction, wave, hour), {"completed": n}
    for camp, tally in work_of_camps(contents.work).items():
        for hour in tally.worked.keys() | tally.net.keys():
            yield Dimensions("work", camp, hour=hour), {"worked": tally.worked[hour], "net_ms": tally.net[hour]}


def _friend_days(contents: Contents) -> _Made:
    for direction in DIRECTIONS:
        counted, waiting = kept(contents.friends[direction]), kept(contents.waiting_friends[direction])
        for camp, friend, wave in counted.keys() | waiting.keys():
            key = (camp, friend, wave)
            content = _invoices(direction, counted.get(key), waiting.get(key))
            yield Dimensions("invoices", camp, friend, direction, wave), content
    days = {(day.camp, day.friend_id): day for day in contents.days}
    for camp, friend in contents.work.keys() | days.keys():
        # A Friend-day may be all there is at its camp: its routes count elsewhere.
        work = contents.work.get((camp, friend))
        content = {} if work is None else _work(work)
        day = None if friend is None else days.get((camp, friend))
        if day is not None:
            content["day"] = friend_day_document(day)
            if day.friend_id in contents.gaps:
                content["gaps"] = _json(_stored(contents.gaps[day.friend_id]))
        yield Dimensions("work", camp, friend), content


_MAKERS: Final[dict[str, Callable[[Contents], _Made]]] = {
    CAMP_HOUR: _camp_hours,
    CAMP_DAY: _camp_days,
    FRIEND_DAY: _friend_days,
}


def _stored(gaps: Gaps) -> list[tuple[str | None, list[tuple[int, int]]]]:
    ordered = sorted(gaps.items(), key=lambda item: (item[0] is None, item[0] or ""))
    return [(wave, sorted(counts.items())) for wave, counts in ordered]


def _invoices(direction: Direction, tally: Tally | None, waiting: Tally | None) -> Document:
    prefix = "m1" if direction == "DELIVERY" else "m2"
    content: Document = {}
    if tally is not None:
        counts = tally.counts
        content = {
            "due": counts["due", ""],
            "completed": counts["completed", ""],
            "open": counts["open", ""],
            "closed": counts["closed", ""],
            "base": counts[f"{prefix}_base", ""],
            "late": counts[f"{prefix}_late", ""],
            "late_open": counts[f"{prefix}_late_open", ""],
            "parts": _json(tally.to_document()),
        }
    if waiting is not None:
        content["waiting"] = _json(waiting.to_document())
    return content


def _work(tally: Tally) -> Document:
    return {
        "friend_days": tally.friends["friend_days"],
        "worked": sum(tally.worked.values()),
        "stops": tally.friends["stops"],
        "net_ms": tally.friends["net_on_road"],
        "idle_ms": tally.friends["idle"],
        "parts": _json(tally.to_document()),
    }


def _json(value: Any) -> Any:
    """As it comes back from JSON, so that what is kept and what is computed compare equal."""
    return orjson.loads(orjson.dumps(value))


def friend_day_document(day: FriendDay) -> Document:
    """A Friend-day as kept."""
    found: Document = _FRIEND_DAY.dump_python(day, mode="json")
    return _json_keys(found)


def _json_keys(document: Document) -> Document:
    found: Document = orjson.loads(orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS))
    return found


def friend_day_of(document: Mapping[str, Any]) -> FriendDay:
    """Back from ``friend_day_document``."""
    return _FRIEND_DAY.validate_json(orjson.dumps(document))


def kept(tallies: Mapping[Key, Tally]) -> Tallies:
    """Tallies by wave, without a wave ``all`` that is the sum of the others."""
    sums = _sums(tallies)
    return {key: tally for key, tally in tallies.items() if key[-1] != ALL_WAVES or not _same(sums.get(key), tally)}


def _same(one: Tally | None, other: Tally) -> bool:
    """Equal, but for the last digits of fractions, which depend on the order of adding."""
    if one is None or replace(one, sums={}, plan={}) != replace(other, sums={}, plan={}):
        return False
    pairs: list[tuple[dict[Any, float], dict[Any, float]]] = [(one.sums, other.sums), (one.plan, other.plan)]
    return all(
        left.keys() == right.keys() and all(isclose(left[name], right[name], abs_tol=1e-9) for name in left)
        for left, right in pairs
    )


def restored(tallies: Tallies) -> Tallies:
    """Back from ``kept``: with the wave ``all``."""
    return {**_sums(tallies), **tallies}


def _sums(tallies: Mapping[Key, Tally]) -> Tallies:
    found: Tallies = {}
    for key, tally in sorted(tallies.items(), key=lambda item: [part or "" for part in item[0]]):
        if key[-1] != ALL_WAVES:
            found.setdefault((*key[:-1], ALL_WAVES), Tally()).add(tally)
    return found
