"""The board over the reader: live snapshots for the running dates, boards of fixed moments, proofs and invoices."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from aggregations.proofs.invoices import standing_line
from aggregations.proofs.model import EventLine, InvoiceDetail, InvoiceLine
from aggregations.proofs.prover import Prover
from aggregations.question import Moment as Instant
from aggregations.question import Question, Scope
from aggregations.reader import Reader
from aggregations.snapshot import Board as Figures
from aggregations.snapshot import Snapshots, board_at
from aggregations.viewer import Viewer
from dashboard.board import Detail, Event, Line, Listing, Moment, Node, Proof, WaveTime
from dashboard.place import Place
from hubstat.domain import time as tm
from hubstat.domain.codes import COMPLETIONS, DIRECTIONS
from hubstat.domain.masterdata import MasterData
from hubstat.domain.metric import StageMinutes
from hubstat.domain.metrics import DEFINITION_VERSION, metrics_for
from hubstat.domain.row import row_of
from hubstat.errors import QueryError

_KEPT_MOMENTS: Final = 16
# What screens show of every tick. Projections, plans, minutes and loads are read for those who ask for them.
_SHOWN: Final = {
    direction: tuple(m.id for m in metrics_for(direction).values() if m.needs in {"invoices", "backlog", "friends"})
    for direction in DIRECTIONS
}
_STAGES: Final = tuple(m.id for m in metrics_for("RETURN").values() if isinstance(m.measure, StageMinutes))


class ReaderBoard:
    """Implements ``dashboard.board.Board``. refresh_seconds: how long a live snapshot is shared by all viewers."""

    def __init__(self, reader: Reader, refresh_seconds: float) -> None:
        self._reader: Final = reader
        self._prover: Final = Prover(reader)
        self._snapshots: Final = Snapshots(reader, refresh_seconds)
        self._viewer: Final = Viewer.everything(reader.country)
        self._fixed: Final[OrderedDict[tuple[date, int, int], Figures]] = OrderedDict()
        self._lock: Final = threading.Lock()
        self.zone: Final[ZoneInfo] = reader.zone

    def close(self) -> None:
        """Let go of what is open in Elasticsearch."""
        self._snapshots.close()

    def active_dates(self) -> Sequence[date]:
        """Service dates whose shift is running."""
        return self._reader.active_dates()

    def moment(self, place: Place) -> Moment:
        """The snapshot's moment where the date is open and no moment is fixed; else the fixed (T, K)."""
        day = place.day or self.active_dates()[0]
        now = self._reader.clock()
        closing = tm.closing(day, self.zone)
        if place.fixed or now >= closing:
            instant = Question("nationwide", day, as_of=place.as_of, known_at=place.known_at).moment(now, self.zone)
            return Moment(
                day, instant.as_of, instant.known_at, None, f"{instant.as_of}|{instant.known_at}", False,
                instant.known_at < closing, str(DEFINITION_VERSION),
            )  # fmt: skip
        board = self._snapshots.current(day)
        at = board.moment
        # The lines "now" and "so far" move with the minute although no figure changed.
        generation = f"{board.generation}.{at.as_of // tm.MINUTE}"
        return Moment(day, at.as_of, at.known_at, board.data_to, generation, True, True, str(DEFINITION_VERSION))

    def nodes(self, place: Place, moment: Moment, level: str, hub: str | None) -> Sequence[Node]:
        """Every node of a level at or below a hub. ``hub``: of the camp on level friend, else of the level itself."""
        board = self._board(moment)
        scope = None if hub is None else f"{'camp' if level == 'friend' else level}:{hub}"
        shown = _SHOWN[place.direction]
        question = Question(level, moment.day, scope, wave=place.wave, direction=place.direction, metrics=shown)
        answer = board.answer(self._viewer, question)
        return [Node(row.hub, row.name_ko, row.name_en, row.parent, row.figures) for row in answer.rows]

    def stages(self, place: Place, moment: Moment, level: str, hub: str | None) -> Mapping[str, Mapping[str, Any]]:
        """Stages of returns by hub id: their minutes are read for those who ask for them."""
        scope = None if hub is None else f"{level}:{hub}"
        question = Question(level, moment.day, scope, wave=place.wave, direction="RETURN", metrics=_STAGES)
        return {row.hub: row.figures for row in self._board(moment).answer(self._viewer, question).rows}

    def _board(self, moment: Moment) -> Figures:
        if moment.live and (board := self._snapshots.recall(moment.day, moment.as_of)) is not None:
            return board
        key = (moment.day, moment.as_of, moment.known_at)
        with self._lock:
            known = self._fixed.get(key)
            if known is None:
                known = self._fixed[key] = board_at(self._reader, moment.day, Instant(moment.as_of, moment.known_at))
                if len(self._fixed) > _KEPT_MOMENTS:
                    self._fixed.popitem(last=False)
        return known

    def _master(self) -> MasterData:
        return self._reader.store.master_data(self._reader.country)

    def waves(self, day: date) -> Sequence[WaveTime]:
        """Waves of the country with their deadlines on a service date."""
        waves = self._master().waves_of(self._reader.country)
        return [WaveTime(wave.wave, wave.deadline_at(day, self.zone)) for wave in waves]

    def _question(self, place: Place, moment: Moment, level: str) -> Question:
        return Question(
            level, moment.day, None, moment.as_of, moment.known_at, wave=place.wave, direction=place.direction
        )

    def invoices(self, place: Place, moment: Moment) -> Sequence[Line]:
        """Every invoice that counts under a Friend, those cancelled before departure too."""
        lines = self._prover.invoices(self._viewer, self._question(place, moment, "friend"), self._scope(place))
        return [self._line(line) for line in lines]

    def proof(self, place: Place, moment: Moment, metric: str) -> Proof:
        """The invoices behind a counted figure of a place."""
        level = "friend" if place.level == "friend" else place.level
        proof = self._prover.proof(self._viewer, self._question(place, moment, level), metric, self._scope(place))
        figure = sum(proof.figure.values()) if isinstance(proof.figure, Mapping) else proof.figure
        if len(proof.sides) > 1 or not isinstance(figure, int):
            raise QueryError(f"{metric} is more than a number of invoices: hubstat proof shows what it is made of")
        return Proof(figure, [self._line(line) for line in proof.lines])

    @contextmanager
    def listing(self, place: Place, moment: Moment, metric: str) -> Iterator[Listing]:
        """The invoices behind a counted figure, as they are read."""
        question = self._question(place, moment, place.level)
        with self._prover.listing(self._viewer, question, metric, self._scope(place)) as found:
            yield Listing(found.figure, map(self._line, found.lines))

    def _scope(self, place: Place) -> Scope:
        if place.level == "friend":
            return Scope("friend", place.friend or "", place.camp)
        return Scope(place.level, place.hub or self._reader.country)

    def _line(self, line: InvoiceLine) -> Line:
        return Line(
            line.invoice_no,
            line.direction,
            line.state,
            line.camp,
            line.friend,
            line.promise,
            line.completed_at,
            None if line.late is None else -(-line.late // tm.MINUTE),
            line.why.ko,
            line.why.en,
        )

    def invoice(self, place: Place, moment: Moment) -> Detail | None:
        """An invoice with every stored event. Raises ``QueryError`` where nobody has reported it."""
        found = self._prover.invoice(
            self._viewer, place.direction, place.hub or "", Instant(moment.as_of, moment.known_at)
        )
        promise = found.state.promise
        return Detail(
            self._detail_line(found, moment.as_of),
            tm.parse_date(promise.service_date) if promise else None,
            promise.wave if promise else None,
            [self._event(found, line) for line in found.events],
        )

    def _detail_line(self, found: InvoiceDetail, as_of: int) -> Line:
        state = found.state
        row = row_of(state)
        if row is None:
            return Line(
                state.invoice_no, state.direction, state.state, state.camp, state.friend, None, state.completed_at,
                None, "", "",
            )  # fmt: skip
        return self._line(standing_line(state, row, as_of, self.zone))

    def _event(self, found: InvoiceDetail, line: EventLine) -> Event:
        decides = (
            line.standing == "in_force"
            and line.code in COMPLETIONS[found.state.direction]
            and line.time == found.state.completed_at
        )
        sent = line.sent
        return Event(
            line.event_id,
            line.code,
            line.time,
            line.received,
            sent.get("camp_id"),
            sent.get("friend_id"),
            sent.get("source"),
            sent.get("reason"),
            line.standing == "in_force",
            "decides" if decides else None if line.standing == "in_force" else line.standing,
        )
