"""Master data: from the texts of CSV files to checked, effective-dated values; all rows are checked before use."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from hubstat.domain import time as tm
from hubstat.domain.hierarchy import LEVELS, UNMAPPED, CampRow, Hierarchy
from hubstat.errors import MasterDataError

COUNTRIES: Final = ("KR", "TW")
GROUPS: Final = ("customer", "address-access", "capacity", "damage-loss-missort", "force-majeure", "unknown")
RESERVED: Final = frozenset({UNMAPPED, "unassigned"})
_SHOWN_PROBLEMS: Final = 20
_NO_DAY: Final = date.min
_DAY_END: Final = time(23, 59, 59)

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

_HUBS = "hubs.csv"
_OWNERS = "hub_owners.csv"
_FRIENDS = "friends.csv"
_REASONS = "reasons.csv"
_WAVES = "waves.csv"

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    _HUBS: tuple(CampRow.__slots__),
    _OWNERS: ("hub_id", "level", "name", "email", "language", "valid_from", "valid_to"),
    _FRIENDS: ("friend_id", "name", "home_camp_id", "carrier", "valid_from", "valid_to"),
    _REASONS: ("reason", "group", "label_ko", "label_en", "customer"),
    _WAVES: ("country", "wave", "deadline", "next_day", "shift_start", "shift_end"),
}
FILES: Final = tuple(COLUMNS)

# What holds until a file of that name is loaded.
SHIPPED: Final[dict[str, str]] = {
    _REASONS: """reason,group,label_ko,label_en,customer
고객부재,customer,고객부재,Customer absent,true
주소불명,address-access,주소불명,Address unclear,true
수취거부,customer,수취거부,Refused,true
공동현관 출입불가,address-access,공동현관 출입불가,No access to entrance,true
연락두절,customer,연락두절,Unreachable,true
시간초과,capacity,시간초과,Out of time,false
미적재,damage-loss-missort,미적재,Not loaded,false
오분류,damage-loss-missort,오분류,Missorted,false
파손,damage-loss-missort,파손,Damaged,false
분실,damage-loss-missort,분실,Lost,false
기상,force-majeure,기상,Weather,false
""",
    _WAVES: """country,wave,deadline,next_day,shift_start,shift_end
KR,DAWN,07:00,false,21:30,07:30
KR,DAY,23:59:59,false,10:00,21:00
KR,SAME_DAY,23:59:59,false,12:00,23:00
TW,DAWN,07:00,false,21:30,07:30
TW,DAY,23:59:59,false,10:00,21:00
TW,SAME_DAY,23:59:59,false,12:00,23:00
""",
}


@dataclass(frozen=True, slots=True)
class Owner:
    """A person who owns a hub and gets its mails. ``language``: ``ko`` or ``en``."""

    hub_id: str
    level: str
    name: str
    email: str
    language: str
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Friend:
    """A person who delivers. ``carrier``: "" for the own fleet."""

    friend_id: str
    name: str
    home_camp_id: str
    carrier: str
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an attempt failed. ``customer`` alone decides whether it counts in the adjusted rate."""

    reason: str
    group: str
    label_ko: str
    label_en: str
    customer: bool


@dataclass(frozen=True, slots=True)
class Wave:
    """A wave of a country: its deadline (on the service date, or the next day) and its shift, in local times."""

    country: str
    wave: str
    deadline: time
    next_day: bool
    shift_start: time
    shift_end: time

    def deadline_at(self, service_date: date, zone: ZoneInfo) -> int:
        """Deadline of a service date, ms; 23:59:59 is the end of that second."""
        moment = self._deadline(service_date, zone)
        ending = 999 if self.deadline == _DAY_END else 0
        return int(moment.timestamp()) * 1000 + ending

    def shift_at(self, service_date: date, zone: ZoneInfo) -> tuple[int, int]:
        """Start and end of the shift that works for a service date, ms: the last one that begins before its deadline,
        so a night shift belongs to the service date of its deadline."""
        deadline = self._deadline(service_date, zone)
        start = datetime.combine(deadline.date(), self.shift_start, zone)
        if start > deadline:
            start -= timedelta(days=1)
        end = datetime.combine(start.date(), self.shift_end, zone)
        if end <= start:
            end += timedelta(days=1)
        return int(start.timestamp()) * 1000, int(end.timestamp()) * 1000

    def _deadline(self, service_date: date, zone: ZoneInfo) -> datetime:
        return datetime.combine(service_date + timedelta(days=int(self.next_day)), self.deadline, zone)


@dataclass(frozen=True, slots=True)
class MasterData:
    """Everything that was loaded, as one consistent version (0: nothing was loaded yet, only what is shipped)."""

    version: int
    hierarchy: Hierarchy
    friends: dict[str, tuple[Friend, ...]]
    owners: tuple[Owner, ...]
    reasons: dict[str, Reason]
    waves: dict[tuple[str, str], Wave]

    def friend(self, friend_id: str, day: date) -> Friend | None:
        """A Friend's record on a date, else the latest before, else the earliest; None for one that nobody loaded."""
        rows = self.friends.get(friend_id)
        if not rows:
            return None
        return next((row for row in reversed(rows) if row.valid_from <= day), rows[0])

    def waves_of(self, country: str) -> list[Wave]:
        """The waves of a country, in master data order."""
        return [wave for (of, _), wave in self.waves.items() if of == country]


@dataclass(slots=True)
class _Row:
    """One line of a file; reading a cell notes what is wrong with it and goes on with a harmless value."""

    file: str
    line: int
    cells: dict[str, str]
    problems: list[str]

    def wrong(self, column: str, what: str) -> None:
        self.problems.append(f"{self.file}:{self.line}:{column}: {what}")

    def text(self, column: str, *, required: bool = True) -> str:
        value = self.cells[column]
        if required and not value:
            self.wrong(column, "is empty; give a value")
        return value

    def identity(self, column: str) -> str:
        value = self.text(column)
        if value in RESERVED:
            self.wrong(column, f"{value!r} is a name of hubstat's own; choose another id")
        return value

    def choice(self, column: str, allowed: tuple[str, ...]) -> str:
        value = self.cells[column]
        if value not in allowed:
            self.wrong(column, f"must be one of {', '.join(allowed)}, got {value!r}")
        return value

    def flag(self, column: str) -> bool:
        return self.choice(column, ("true", "false")) == "true"

    def day(self, column: str) -> date:
        try:
            return tm.parse_date(self.cells[column])
        except ValueError:
            self.wrong(column, f"{self.cells[column]!r} is no date; write it as 2026-11-20")
            return _NO_DAY

    def clock(self, column: str) -> time:
        value = self.cells[column]
        try:
            if len(value) not in (5, 8):
                raise ValueError
            return time.fromisoformat(value)
        except ValueError:
            self.wrong(column, f"{value!r} is no time of day; write it as 07:00 or 23:59:59")
            return time.min

    def deadline(self, column: str) -> time:
        """A whole minute of the day or its end, 23:59:59, so that counts by minute tell what came after."""
        value = self.clock(column)
        if value.second and value != _DAY_END:
            self.wrong(column, f"{self.cells[column]!r} lies inside a minute; write 20:00, or 23:59:59 for midnight")
        return value

    def validity(self) -> tuple[date, date | None]:
        start = self.day("valid_from")
        end = self.day("valid_to") if self.cells["valid_to"] else None
        if end is not None and _NO_DAY not in (start, end) and end <= start:
            self.wrong(
                "valid_to", f"{end} is not after valid_from {start}; the end is the first day it no longer holds"
            )
        return start, end


@dataclass(slots=True)
class _Spans:
    """Validities already claimed per key, to find two that overlap."""

    seen: dict[tuple[str, ...], list[tuple[date, date | None, int]]] = field(default_factory=dict)

    def claim(self, row: _Row, key: tuple[str, ...], start: date, end: date | None, what: str) -> None:
        if _NO_DAY in (start, end):
            return
        for other_start, other_end, line in self.seen.setdefault(key, []):
            if (other_end is None or start < other_end) and (end is None or other_start < end):
                row.wrong("valid_from", f"{what} overlaps line {line}; end that one before, or begin this one later")
                break
        self.seen[key].append((start, end, row.line))


def parse(texts: Mapping[str, str], home: str, version: int = 0) -> MasterData:
    """Check and read the texts of master data files by file name; a file that is absent is as shipped, else empty.

    ``home``: country that unmapped camps belong to. Raises ``MasterDataError`` naming each problem as file:line:column.
    """
    problems: list[str] = [
        f"{name}: is no master data file; known are {', '.join(FILES)}" for name in texts if name not in COLUMNS
    ]
    rows = {name: _rows(name, texts[name], problems) if name in texts else _shipped(name) for name in FILES}
    camps = _camps(rows[_HUBS])
    _check_borders(rows[_HUBS], camps)
    ids = {
        "camp": {camp.camp_id for camp in camps},
        "area": {camp.area_id for camp in camps},
        "region": {camp.region_id for camp in camps},
        "nationwide": {camp.country for camp in camps},
    }
    owners = _owners(rows[_OWNERS], ids)
    friends = _friends(rows[_FRIENDS], ids["camp"])
    reasons = _keyed(rows[_REASONS], _reason, lambda reason: reason.reason, "reason")
    waves = _keyed(rows[_WAVES], _wave, lambda wave: (wave.country, wave.wave), "wave")
    if problems:
        shown = "; ".join(problems[:_SHOWN_PROBLEMS])
        more = f"; and {len(problems) - _SHOWN_PROBLEMS} more" if len(problems) > _SHOWN_PROBLEMS else ""
        raise MasterDataError(f"nothing was loaded, {len(problems)} problems: {shown}{more}")
    return MasterData(version, Hierarchy(camps, home), friends, owners, reasons, waves)


def _shipped(name: str) -> list[_Row]:
    return _rows(name, SHIPPED[name], []) if name in SHIPPED else []


def _rows(name: str, text: str, problems: list[str]) -> list[_Row]:
    if not text.strip():
        problems.append(f"{name}:1:{COLUMNS[name][0]}: the file is empty; give it a header and rows, or leave it out")
        return []
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    rows: list[_Row] = []
    header: list[str] | None = None
    line = 1
    try:
        for cells in reader:
            values = [cell.strip() for cell in cells]
            if header is None:
                header = values
                if not _check_header(name, header, problems):
                    return []
            elif any(values):
                if len(values) != len(header):
                    problems.append(
                        f"{name}:{line}:{header[-1]}: the row has {len(values)} cells, the header {len(header)}; "
                        "quote cells that hold a comma"
                    )
                else:
                    rows.append(_Row(name, line, dict(zip(header, values, strict=True)), problems))
            line = reader.line_num + 1
    except csv.Error as error:
        problems.append(f"{name}:{line}:{COLUMNS[name][0]}: is no CSV: {error}; check its quotes")
    return rows


def _check_header(name: str, header: list[str], problems: list[str]) -> bool:
    missing = [column for column in COLUMNS[name] if column not in header]
    twice = sorted({column for column in header if header.count(column) > 1})
    problems.extend(f"{name}:1:{column}: the column is missing; add it to the header" for column in missing)
    problems.extend(f"{name}:1:{column}: the column stands twice; remove one" for column in twice)
    return not missing and not twice


def _camps(rows: list[_Row]) -> list[CampRow]:
    found: list[CampRow] = []
    spans = _Spans()
    for row in rows:
        start, end = row.validity()
        camp = CampRow(
            camp_id=row.identity("camp_id"),
            camp_name_ko=row.text("camp_name_ko"),
            camp_name_en=row.text("camp_name_en"),
            area_id=row.identity("area_id"),
            area_name_ko=row.text("area_name_ko"),
            area_name_en=row.text("area_name_en"),
            region_id=row.identity("region_id"),
            region_name_ko=row.text("region_name_ko"),
            region_name_en=row.text("region_name_en"),
            country=row.choice("country", COUNTRIES),
            valid_from=start,
            valid_to=end,
        )
        spans.claim(row, (camp.camp_id,), start, end, f"camp {camp.camp_id}")
        found.append(camp)
    return found


def _check_borders(rows: list[_Row], camps: list[CampRow]) -> None:
    """On no date may an area be in two regions, nor a region in two countries."""
    edges = sorted({camp.valid_from for camp in camps})
    for column, above in (("area_id", "region_id"), ("region_id", "country")):
        reported: set[tuple[int, int]] = set()
        for day in edges:
            first: dict[str, tuple[str, _Row]] = {}
            for row, camp in zip(rows, camps, strict=True):
                if not camp.valid_on(day):
                    continue
                node, parent = getattr(camp, column), getattr(camp, above)
                known, source = first.setdefault(node, (parent, row))
                if known != parent and (source.line, row.line) not in reported:
                    reported.add((source.line, row.line))
                    row.wrong(
                        above,
                        f"{column} {node} is in {parent} here but in {known} on line {source.line}, both valid on "
                        f"{day}; give it one, or let their dates not overlap",
                    )


def _owners(rows: list[_Row], ids: dict[str, set[str]]) -> tuple[Owner, ...]:
    found: list[Owner] = []
    spans = _Spans()
    for row in rows:
        start, end = row.validity()
        owner = Owner(
            hub_id=row.text("hub_id"),
            level=row.choice("level", LEVELS),
            name=row.text("name"),
            email=row.text("email"),
            language=row.choice("language", ("ko", "en")),
            valid_from=start,
            valid_to=end,
        )
        if owner.email and ("@" not in owner.email or any(c.isspace() for c in owner.email)):
            row.wrong("email", f"{owner.email!r} is no mail address")
        if owner.level in ids and owner.hub_id and owner.hub_id not in ids[owner.level]:
            row.wrong("hub_id", f"{owner.hub_id!r} is no {owner.level} of hubs.csv; add it there or correct it here")
        spans.claim(row, (owner.level, owner.hub_id, owner.email), start, end, f"{owner.email} for {owner.hub_id}")
        found.append(owner)
    return tuple(found)


def _friends(rows: list[_Row], camps: set[str]) -> dict[str, tuple[Friend, ...]]:
    found: dict[str, list[Friend]] = {}
    spans = _Spans()
    for row in rows:
        start, end = row.validity()
        friend = Friend(
            friend_id=row.identity("friend_id"),
            name=row.text("name"),
            home_camp_id=row.text("home_camp_id"),
            carrier=row.text("carrier", required=False),
            valid_from=start,
            valid_to=end,
        )
        if friend.home_camp_id and friend.home_camp_id not in camps:
            row.wrong(
                "home_camp_id", f"{friend.home_camp_id!r} is no camp of hubs.csv; add it there or correct it here"
            )
        spans.claim(row, (friend.friend_id,), start, end, f"Friend {friend.friend_id}")
        found.setdefault(friend.friend_id, []).append(friend)
    return {key: tuple(sorted(of, key=lambda friend: friend.valid_from)) for key, of in found.items()}


def _reason(row: _Row) -> Reason:
    return Reason(
        row.text("reason"),
        row.choice("group", GROUPS),
        row.text("label_ko"),
        row.text("label_en"),
        row.flag("customer"),
    )


def _wave(row: _Row) -> Wave:
    return Wave(
        row.choice("country", COUNTRIES),
        row.text("wave"),
        row.deadline("deadline"),
        row.flag("next_day"),
        row.clock("shift_start"),
        row.clock("shift_end"),
    )


def _keyed(
    rows: list[_Row], read: Callable[[_Row], _Value], key: Callable[[_Value], _Key], column: str
) -> dict[_Key, _Value]:
    found: dict[_Key, _Value] = {}
    lines: dict[_Key, int] = {}
    for row in rows:
        value = read(row)
        if key(value) in found:
            row.wrong(column, f"stands on line {lines[key(value)]} already; keep one")
        found.setdefault(key(value), value)
        lines.setdefault(key(value), row.line)
    return found
