"""The audit: every figure and every event, checked against a second program that shares no code with the first.

It reads the topics, folds them with ``hubstat.oracle``, and compares

- events: each record is stored, a repetition of a stored one, or a dead letter, and nothing else is stored;
- baselines: allowances, standards and plan shares of the service date, with those that are kept,
- figures: every metric × hub × wave × direction, with what the reader answers, at every level.

Where no baselines are kept of a date its figures are formed without history, and the oracle's then likewise.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from typing import Any, Final

from aggregations import compiler
from aggregations.board import Board, board_at
from aggregations.question import ALL_WAVES, LEVELS, Moment, Question
from aggregations.reader import Reader
from aggregations.viewer import Viewer
from hubstat.domain.baselines import Baselines
from hubstat.domain.codes import DERIVED_SOURCE, DIRECTIONS, Direction
from hubstat.domain.contract import canonical
from hubstat.domain.metrics import metrics_for
from hubstat.elastic import dead_letters, hubs
from hubstat.engines import EngineAddresses
from hubstat.oracle import FriendEvent, InvoiceEvent, Network, Reject, decode_friend_record, decode_invoice_record
from hubstat.oracle.baselines import Baselines as OracleBaselines
from hubstat.oracle.compute import Records
from hubstat.settings import Settings
from ingest.records import Counters, received_at
from ingest.topic import read_topic
from ingest.topics import Topics
from ingest.worker import trusts_received_at

Progress = Callable[[str, int], None]
# Golden figures are rounded to six decimals; sums of floats differ in their last digits by the order of adding.
_TOLERANCE: Final = 0.000002


@dataclass(slots=True)
class Account:
    """Where the records of a topic went. repeated: copies of events already counted as stored."""

    records: int = 0
    derived: int = 0
    stored: int = 0
    repeated: int = 0
    refused: int = 0
    lost: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    twins: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether every record is accounted for and nothing else is stored."""
        return not (self.lost or self.extra or self.twins)


class Copies:
    """Distinct copies of events with their earliest received time; a day's millions of them fit into memory."""

    def __init__(self) -> None:
        # Owner, event id and what was sent as a digest: with the texts themselves it would be twice as large.
        self._found: dict[bytes, tuple[str, str, int]] = {}
        self._owners: dict[str, str] = {}

    def add(self, owner: str, event_id: str, sent: bytes, received: int) -> bool:
        """Add a copy received at ``received`` (ms); whether it is known already."""
        digest = blake2b(digest_size=16)
        for part in (owner.encode(), event_id.encode()):
            digest.update(len(part).to_bytes(4, "big") + part)
        digest.update(sent)
        identity = digest.digest()
        known = self._found.get(identity)
        if known is None or received < known[2]:
            self._found[identity] = (self._owners.setdefault(owner, owner), event_id, received)
        return known is not None

    def counted(self) -> Counter[tuple[str, str, int]]:
        """How many distinct copies there are of each owner, event id and received time."""
        return Counter(self._found.values())


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure on which the two programs disagree."""

    direction: str
    wave: str
    node: str
    figure: str
    oracle: Any
    reader: Any


@dataclass(slots=True)
class Result:
    """What an audit found."""

    service_date: date
    moment: Moment
    cells: int
    differences: list[Difference]
    invoice_events: Account
    friend_events: Account

    @property
    def clean(self) -> bool:
        """Whether nothing differs and every event is accounted for."""
        return not self.differences and self.invoice_events.clean and self.friend_events.clean


class Auditor:
    """Audits one installation."""

    def __init__(self, settings: Settings, addresses: EngineAddresses, reader: Reader, progress: Progress) -> None:
        self._settings = settings
        self._addresses = addresses
        self._reader = reader
        self._progress = progress
        self._records = Records(settings.country, progress)
        self._trusted = trusts_received_at(settings, addresses)

    async def run(self, service_date: date, as_of: int | None, known_at: int | None) -> Result:
        """Audit all events, and the figures of one service date at one (T, K) (None: the question's defaults)."""
        names = Topics.of(self._settings.namespace)
        self._reader.store.refresh()
        letters = {letter.id for letter in dead_letters.scan(self._reader.store.client, self._settings.namespace)}
        invoice_account, invoice_copies = await self._read(names.invoice_events, letters, self._take_invoice)
        friend_account, friend_copies = await self._read(names.friend_events, letters, self._take_friend)
        self._hold_against(invoice_account, invoice_copies, self._stored_invoices())
        self._hold_against(friend_account, friend_copies, self._stored_friends())
        moment = Question("nationwide", service_date, None, as_of, known_at).moment(
            self._reader.clock(), self._reader.zone
        )
        cells, differences = self._compare(service_date, moment)
        return Result(service_date, moment, cells, differences, invoice_account, friend_account)

    async def _read(
        self, topic: str, letters: set[str], take: Callable[[bytes, int], tuple[str, str, bytes] | None]
    ) -> tuple[Account, Copies]:
        """Read a topic into the oracle; the distinct copies with their earliest received time."""
        account = Account()
        copies = Copies()
        counters = Counters()
        async for batch in read_topic(self._settings, self._addresses.kafka_bootstrap, topic):
            for record in batch:
                account.records += 1
                letter = f"{topic}-{record.partition}-{record.offset}"
                if any(name == "source-received-at" for name, _ in record.headers) and _is_derived(record.value):
                    account.derived += 1
                    continue
                try:
                    received = received_at(record, self._trusted, counters)
                    copy = take(record.value or b"", received)
                except ValueError:
                    copy = None
                if copy is None:
                    account.refused += 1
                    if letter not in letters:
                        account.lost.append(f"{letter}: refused, but no dead letter")
                    continue
                if letter in letters:
                    account.lost.append(f"{letter}: a dead letter, but the record is right")
                account.repeated += copies.add(*copy, received)
            self._progress(topic, account.records)
        return account, copies

    def _take_invoice(self, raw: bytes, received: int) -> tuple[str, str, bytes] | None:
        event = decode_invoice_record(raw, received, self._records.zone)
        if isinstance(event, Reject):
            self._records.dead_letters[event.reason] += 1
            return None
        if DERIVED_SOURCE.encode() in raw and json.loads(event.canonical()).get("source") == DERIVED_SOURCE:
            self._records.dead_letters["source: that of hubstat's own records"] += 1
            return None
        self._records.keep_invoice(event)
        return _identity(event)

    def _take_friend(self, raw: bytes, received: int) -> tuple[str, str, bytes] | None:
        event = decode_friend_record(raw, received, self._records.zone)
        if isinstance(event, Reject):
            self._records.dead_letters[event.reason] += 1
            return None
        self._records.keep_friend(event)
        return _identity(event)

    def _hold_against(
        self,
        account: Account,
        copies: Copies,
        stored: Iterator[tuple[str, str, str, int]],
    ) -> None:
        """Compare (owner, event id, received time) of the topic with what is stored."""
        wanted = copies.counted()
        homes: dict[str, str] = {}
        for owner, home, event_id, received in stored:
            if home and homes.setdefault(owner, home) != home:
                account.twins.append(f"{owner} is kept in {homes[owner]} and in {home}")
            place = (owner, event_id, received)
            if wanted[place] > 0:
                wanted[place] -= 1
                account.stored += 1
            else:
                account.extra.append(f"{owner} {event_id} received {received}: stored, but not in the topic")
        account.lost += [f"{owner} {event_id}: not stored" for (owner, event_id, _), n in wanted.items() if n > 0]

    def _stored_invoices(self) -> Iterator[tuple[str, str, str, int]]:
        with self._reader.store.point_in_time("invoices-*") as pit:
            for number, (key, index, document) in enumerate(pit.located({"match_all": {}}, ["events"]), 1):
                for event_id, _, received, sent in document["events"]["log"]:
                    if sent.get("source") != DERIVED_SOURCE:
                        yield key, index, event_id, received
                if number % 10_000 == 0:
                    self._progress("stored invoices", number)

    def _stored_friends(self) -> Iterator[tuple[str, str, str, int]]:
        seen: set[tuple[str, str, int, bytes]] = set()  # a plan is kept at every date it may matter for
        for pattern in ("friends-*", "friend-corrections"):
            with self._reader.store.point_in_time(pattern) as pit:
                for _, _, document in pit.located(compiler.OF_EVENTS, ["friend_id", "log"]):
                    for event_id, _, received, sent in document["log"]["events"]:
                        copy = (document["friend_id"], event_id, received, canonical(sent))
                        if copy not in seen:
                            seen.add(copy)
                            yield document["friend_id"], "", event_id, received

    def _compare(self, service_date: date, moment: Moment) -> tuple[int, list[Difference]]:
        store = self._reader.store
        network = Network(hubs.texts(store.client, store.namespace), self._settings.country)
        board = board_at(self._reader, service_date, moment)
        kept = board.day.baselines
        oracle = self._records.figures(
            network, service_date.isoformat(), moment.as_of, moment.known_at, history=kept.version > 0
        )
        cells = 0
        differences: list[Difference] = []
        if kept.version > 0:
            cells, differences = baselines_differing(self._records.baselines(service_date.isoformat(), network), kept)
        for direction in DIRECTIONS:
            for wave in oracle[direction]:
                answered = self._answers(board, wave, direction)
                self._progress(f"figures of {direction} {wave}", cells)
                for node in sorted({*answered, *oracle[direction][wave]}):
                    compared, found = differing(
                        oracle[direction][wave].get(node, {}), answered.get(node, {}), direction
                    )
                    cells += compared
                    differences += [Difference(direction, wave, node, *figure) for figure in found]
        return cells, differences

    def _answers(self, board: Board, wave: str, direction: Direction) -> dict[str, dict[str, Any]]:
        """What the reader says of every node of one wave and direction."""
        viewer = Viewer.everything(self._settings.country, "audit")
        known = metrics_for(direction).values()
        found: dict[str, dict[str, Any]] = {}
        for level in LEVELS if wave == ALL_WAVES else LEVELS[:-1]:
            # The oracle measures Friends' work once, under deliveries of all waves: it is no other elsewhere.
            productive = (direction, wave) == ("DELIVERY", ALL_WAVES)
            metrics = tuple(metric.id for metric in known if productive or not metric.of_friends)
            question = Question(level, board.service_date, wave=wave, direction=direction, metrics=metrics)
            answer = board.answer(viewer, question)
            for row in answer.rows:
                found[f"{level}:{row.parent}/{row.hub}" if level == "friend" else f"{level}:{row.hub}"] = row.figures
        return found


def _identity(event: InvoiceEvent | FriendEvent) -> tuple[str, str, bytes]:
    owner = f"{event.direction}:{event.invoice_no}" if isinstance(event, InvoiceEvent) else event.friend
    return owner, event.event_id, event.canonical()


def _is_derived(value: bytes | None) -> bool:
    return value is not None and f'"source":"{DERIVED_SOURCE}"'.encode() in value


def differing(
    oracle: dict[str, Any], reader: dict[str, Any], direction: Direction
) -> tuple[int, list[tuple[str, Any, Any]]]:
    """How many figures of a node were compared, and those that differ as (figure, the oracle's, the reader's)."""
    pairs = list(_pairs(oracle, reader, direction))
    return len(pairs), [pair for pair in pairs if not _same(*pair[1:])]


def _pairs(oracle: dict[str, Any], reader: dict[str, Any], direction: Direction) -> Iterator[tuple[str, Any, Any]]:
    """Figures of a node that both programs know, parts of split ones apart; a node one leaves out is one of zeros."""
    for figure in metrics_for(direction):
        if figure not in (oracle or reader) or figure not in (reader or oracle):
            continue
        left, right = oracle.get(figure), reader.get(figure)
        if isinstance(left, dict) or isinstance(right, dict):
            for part in sorted({*(left or {}), *(right or {})}):
                pair = (left or {}).get(part, 0), (right or {}).get(part, 0)
                yield f"{figure}.{part}", *(pair if oracle and reader else (pair[0] or None, pair[1] or None))
        elif oracle and reader:
            yield figure, left, right
        else:
            yield figure, left or None, right or None


def baselines_differing(oracle: OracleBaselines, kept: Baselines) -> tuple[int, list[Difference]]:
    """How many baselines of a date were compared, and those that differ, keyed by area or camp, direction and wave."""
    kinds: dict[str, tuple[Mapping[Any, Any], Mapping[Any, Any]]] = {
        "allowance_ms": (oracle.allowances, kept.allowances),
        "standard_ms": (oracle.standards, kept.standards),
        "plan_share": (_by_offset(oracle.shares), _by_offset(kept.plan)),
    }
    cells = 0
    differences: list[Difference] = []
    for kind, (left, right) in kinds.items():
        for key in sorted({*left, *right}):
            cells += 1
            if not _same(left.get(key), right.get(key)):
                place = "/".join(map(str, key))
                differences.append(Difference("baselines", "", place, kind, left.get(key), right.get(key)))
    return cells, differences


def _by_offset(shares: Mapping[tuple[str, str, str], Sequence[float]]) -> dict[tuple[Any, ...], float]:
    return {(*key, offset): share for key, found in shares.items() for offset, share in enumerate(found)}


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, int | float) and isinstance(right, int | float):
        return abs(left - right) <= _TOLERANCE
    return bool(left == right)
