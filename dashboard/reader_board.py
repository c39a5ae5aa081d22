"""The board over the reader: live snapshots for the running dates, boards of fixed moments, proofs and invoices."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from aggregations.backtest.score import HourError, hour_of_day
from aggregations.backtest.stored import error_of
from aggregations.board import Board as Figures
from aggregations.board import board_at
from aggregations.elsewhere import Processes
from aggregations.proofs.prover import Prover
from aggregations.question import Answer, Question, Scope
from aggregations.question import Moment as Instant
from aggregations.reader import Reader
from aggregations.snapshot import Snapshots
from aggregations.tally import Tally, figures
from aggregations.viewer import Viewer
from dashboard.board import Detail, Line, Listing, Moment, Node, Proof, Still, Strip, WaveTime
from dashboard.causes import Refused
from dashboard.compared import Compared
from dashboard.keeping import Keeping
from dashboard.lately import Lately
from dashboard.paced import Paced
from dashboard.place import LEVELS, Place
from dashboard.reader_names import MasterNames
from dashboard.reader_parts import detail_of, line_of, proof_of, strip_of
from hubstat.domain import time as tm
from hubstat.domain.codes import DIRECTIONS
from hubstat.domain.hierarchy import UNMAPPED
from hubstat.domain.masterdata import MasterData
from hubstat.domain.metric import StageMinutes
from hubstat.domain.metrics import DEFINITION_VERSION, metrics_for
from hubstat.errors import QueryError
from hubstat.figures.status import silence
from hubstat.shared import Shared

log = logging.getLogger(__name__)

_KEPT_MOMENTS: Final = 16
_SHOWN_NEEDS: Final = frozenset({"invoices", "backlog", "friends", "plan", "projection"})
# What screens show of every moment. Minutes and loads are read for those who ask for them.
_SHOWN: Final = {
    direction: tuple(m.id for m in metrics_for(direction).values() if m.needs in _SHOWN_NEEDS)
    for direction in DIRECTIONS
}
# What is compared with another moment: what was planned or foreseen then is not.
_COMPARED: Final = {
    direction: tuple(m.id for m in metrics_for(direction).values() if m.needs in _SHOWN_NEEDS - {"plan", "projection"})
    for direction in DIRECTIONS
}
# What a fixed screen is compared with counts as known at steps of this length, so that it is read once for all (ms).
_KNOWN_STEP: Final = 10 * tm.MINUTE
# A back-test is new at most once a day: how long the last one is kept (ms).
_ERRORS_KEPT: Final = 10 * tm.MINUTE
# What is read of one place when somebody looks at it, at the full minute (``Board.ends``).
_ENDS: Final = {
    direction: tuple(
        m.id
        for m in metrics_for(direction).values()
        if m.needs in ("minutes", "load") and not isinstance(m.measure, StageMinutes)
    )
    for direction in DIRECTIONS
}
_KEPT_ENDS: Final = 256
# Whether master data have changed is looked at this often for words, and for which dates are at work (s).
_MASTER_SECONDS: Final = 1.0
# So many answers at most are made before a snapshot is shown, and while there is time (s).
_PREPARED: Final = 64
_PREPARING_SECONDS: Final = 0.5
_STAGES: Final = tuple(m.id for m in metrics_for("RETURN").values() if isinstance(m.measure, StageMinutes))


class ReaderBoard:
    """Implements ``dashboard.board.Board``.

    refresh_seconds: how long a live snapshot is shared by all viewers. processes: make of a large network what takes
    long; they are ended with the board.
    """

    def __init__(self, reader: Reader, refresh_seconds: float, processes: Processes | None = None) -> None:
        self._reader: Final = reader
        self._prover: Final = Prover(reader)
        self._snapshots: Final = Snapshots(reader, refresh_seconds, self._prepare, processes)
        self._viewer: Final = Viewer.everything(reader.country)
        self._fixed: Final[Shared[Figures]] = Shared(_KEPT_MOMENTS)
        self._compared: Final = Compared(self._read)
        self._errors: Final[Shared[Mapping[int, HourError]]] = Shared(2)
        self._ends: Final[Shared[Mapping[str, Any]]] = Shared(_KEPT_ENDS)
        self._masters: Final = Paced(lambda: reader.store.master_data(reader.country), _MASTER_SECONDS)
        self._dates: Final = Paced(reader.active_dates, _MASTER_SECONDS)
        self._asked: Final[Lately[Question, None]] = Lately(_PREPARED)
        self._prepares: Final[list[Callable[[Moment], None]]] = []
        self.keeping: Final = Keeping(self._snapshots, reader)
        self.zone: Final[ZoneInfo] = reader.zone

    def close(self) -> None:
        """Let go of what is open in Elasticsearch, and end the processes."""
        self._compared.close()
        self._snapshots.close()

    def active_dates(self) -> Sequence[date]:
        """Service dates at work."""
        return self._dates.get()

    def prepare(self, prepare: Callable[[Moment], None]) -> None:
        """Have the moment of each new snapshot given to somebody before a viewer is shown it."""
        self._prepares.append(prepare)

    def _prepare(self, board: Figures) -> None:
        """Have at hand on a new board what viewers asked of the last ones."""
        until = time.monotonic() + _PREPARING_SECONDS
        for asked in self._asked.of(lambda asked: asked.key.service_date == board.service_date):
            if time.monotonic() < until:
                try:
                    board.shown(self._viewer, asked.key)
                except Exception as error:  # as a hub that is gone: who asks for it is told
                    log.debug("an answer could not be prepared: %s", error, exc_info=True)
                    self._asked.forget(asked)
                    continue
            self._asked.passed(asked, None)
        moment = self._live(board)
        for prepare in self._prepares:
            prepare(moment)

    def moment(self, place: Place) -> Moment:
        """The snapshot's moment where the date is open and no moment is fixed; else the fixed (T, K)."""
        day = place.day or self.active_dates()[0]
        now = self._reader.clock()
        closing = tm.closing(day, self.zone)
        if place.fixed or now >= closing:
            # What the address leaves open is of this minute: a screen that is asked for again is the same one.
            asked = Question("nationwide", day, as_of=place.as_of, known_at=place.known_at)
            try:
                instant = asked.moment(now - now % tm.MINUTE, self.zone)
            except QueryError as error:
                raise Refused("error.known_before") from error
            return Moment(
                day, instant.as_of, instant.known_at, None, f"{instant.as_of}|{instant.known_at}", False,
                instant.known_at < closing, str(DEFINITION_VERSION), instant.as_of, instant.as_of >= closing,
                instant.known_at > closing,
            )  # fmt: skip
        return self._live(self.keeping.snapshot(day))

    def next_in(self, moment: Moment) -> tuple[int, int] | None:
        """Until the next snapshot of its date is expected, and from it to the one after it, ms."""
        return self.keeping.next_in(moment.day) if moment.live else None

    @staticmethod
    def _live(board: Figures) -> Moment:
        day, at, foreseen = board.service_date, board.moment, board.forecast
        projected_at = None if foreseen is None else foreseen.moment.as_of
        # The lines "now" and "so far" move with the minute although no figure changed.
        generation = f"{board.generation}.{at.as_of // tm.MINUTE}.{projected_at}"
        return Moment(
            day, at.as_of, at.known_at, board.data_to, generation, True, True, str(DEFINITION_VERSION), projected_at
        )

    def nodes(self, place: Place, moment: Moment, level: str, hub: str | None) -> Sequence[Node]:
        """Every node of a level at or below a hub. ``hub``: of the camp on level friend, else of the level itself."""
        shown = _SHOWN if moment.projected_at is not None or moment.live else _COMPARED
        scope = None if hub is None else f"{'camp' if level == 'friend' else level}:{hub}"
        question = Question(
            level, moment.day, scope, wave=place.wave, direction=place.direction, metrics=shown[place.direction]
        )
        if moment.live:
            self._asked.ask(question, None)
        answer = self._board(moment).shown(self._viewer, question)
        return [Node(row.hub, row.name_ko, row.name_en, row.parent, row.figures) for row in answer.rows]

    def stages(self, place: Place, moment: Moment, level: str, hub: str | None) -> Mapping[str, Mapping[str, Any]]:
        """Stages of returns by hub id: their minutes are read for those who ask for them."""
        scope = None if hub is None else f"{level}:{hub}"
        question = Question(level, moment.day, scope, wave=place.wave, direction="RETURN", metrics=_STAGES)
        found = {row.hub: row.figures for row in self._board(moment).answer(self._viewer, question).rows}
        # A hub that the master data do not name has a row only where something counts there.
        nothing = figures(Tally(), "RETURN", self.zone, _STAGES)
        return {node.hub: found.get(node.hub, nothing) for node in self.nodes(place, moment, level, hub)}

    def ends(self, place: Place, moment: Moment) -> Mapping[str, Any] | None:
        """Figures that are read beside the tick, once a minute and camp for all; above camps their proof alone does."""
        hub = f"{place.level}:{place.hub or self._reader.country}"
        question = Question(
            place.level, moment.day, hub, wave=place.wave, direction=place.direction, metrics=_ENDS[place.direction]
        )
        if not moment.live:
            return self._only(self._board(moment).answer(self._viewer, question), question)
        if place.level != "camp":
            return None
        at = _full_minute(moment)
        asked = replace(question, as_of=at.as_of, known_at=at.known_at)
        return self._ends.get(asked, lambda: self._only(self._reader.query(self._viewer, asked), question))

    def _only(self, answer: Answer, question: Question) -> Mapping[str, Any]:
        """Figures of the one hub that was asked for: one that no master data name has a row where something counts."""
        if answer.rows:
            return answer.rows[0].figures
        return figures(Tally(), question.direction, self.zone, question.metrics)

    def active(self, place: Place, moment: Moment) -> Mapping[str, int]:
        """Latest activities by camp, from the Friend-days that a tick or a fixed moment has read anyway."""
        if moment.closed:
            return {}
        return self._board(moment).last_activities(self._viewer, self._within(place, moment))

    def names(self, day: date) -> MasterNames:
        """Names of the master data in force."""
        return MasterNames(self._master(), day)

    def _board(self, moment: Moment) -> Figures:
        if moment.live and (board := self._snapshots.recall(moment.day, moment.as_of)) is not None:
            return board
        day, instant = moment.day, Instant(moment.as_of, moment.known_at)
        return self._fixed.get((day, instant), lambda: board_at(self._reader, day, instant))

    def _master(self) -> MasterData:
        return self._masters.get()

    def waves(self, day: date) -> Sequence[WaveTime]:
        """Waves of the country with their deadlines on a service date."""
        waves = self._master().waves_of(self._reader.country)
        return [WaveTime(wave.wave, wave.deadline_at(day, self.zone)) for wave in waves]

    def silent(self, place: Place, moment: Moment, camps: Sequence[Node]) -> list[Node]:
        """Those of some camps that must have something to say of a place's deliveries and do not; none of returns."""
        if place.direction == "RETURN":
            return []
        waves = self._master().waves_of(self._reader.country)
        asked = [wave for wave in waves if place.wave in ("all", wave.wave)]
        silent = silence(asked, moment.day, moment.as_of, self.zone)
        return [camp for camp in camps if camp.hub != UNMAPPED and silent(camp.figures)]

    def _question(self, place: Place, moment: Moment, level: str) -> Question:
        return Question(
            level, moment.day, None, moment.as_of, moment.known_at, wave=place.wave, direction=place.direction
        )

    def _within(self, place: Place, moment: Moment) -> Question:
        """Asks for the hub of a place, which a Friend's is not: its camp."""
        level, hub = ("camp", place.camp) if place.level == "friend" else (place.level, place.hub)
        scope = None if hub is None else f"{level}:{hub}"
        return Question(level, moment.day, scope, wave=place.wave, direction=place.direction)

    def invoices(self, place: Place, moment: Moment) -> Sequence[Line]:
        """Every invoice that counts under a Friend, those cancelled before departure too."""
        question = self._question(place, moment, "friend")
        return [line_of(line) for line in self._prover.invoices(self._viewer, question, self._scope(place))]

    def proof(self, place: Place, moment: Moment, metric: str) -> Proof:
        """What a figure of a place is made of; of what the projection gives at the projection's moment."""
        question = self._question(place, self._moment_of(place, moment, metric), place.level)
        proved = self._prover.proof(self._viewer, question, metric, self._scope(place))
        return proof_of(proved, self.zone)

    def _moment_of(self, place: Place, moment: Moment, metric: str) -> Moment:
        """The moment that a figure of a screen is of."""
        entry = metrics_for(place.direction).get(metric.partition(".")[0])
        if moment.live and entry is not None and entry.needs == "projection" and moment.projected_at is not None:
            return replace(moment, as_of=moment.projected_at, known_at=moment.projected_at)
        return (
            _full_minute(moment) if moment.live and entry is not None and entry.id in _ENDS[place.direction] else moment
        )

    @contextmanager
    def listing(self, place: Place, moment: Moment, metric: str) -> Iterator[Listing]:
        """The invoices behind a counted figure, as they are read; of a projected one as ``proof``."""
        instant = self._moment_of(place, moment, metric)
        question = self._question(place, instant, place.level)
        with self._prover.listing(self._viewer, question, metric, self._scope(place)) as found:
            yield Listing(found.figure, map(line_of, found.lines), instant.as_of)

    def _scope(self, place: Place) -> Scope:
        if place.level == "friend":
            return Scope("friend", place.friend or "", place.camp)
        return Scope(place.level, place.hub or self._reader.country)

    def invoice(self, place: Place, moment: Moment) -> Detail:
        """An invoice with every stored event. Raises ``QueryError`` where nobody has reported it."""
        instant = Instant(moment.as_of, moment.known_at)
        found = self._prover.invoice(self._viewer, place.direction, place.hub or "", instant)
        return detail_of(found, moment.as_of, self.zone)

    def ahead(self, place: Place, moment: Moment) -> Mapping[str, int]:
        """Open invoices of a place by the local hour in which they are projected to be done; of hubs alone."""
        if place.level == "friend":
            return {}
        found = self._board(moment).ahead(self._viewer, self._within(place, moment))
        return {tm.hour_label(hour, self.zone): count for hour, count in found.items()}

    def error(self, place: Place, moment: Moment) -> float | None:
        """Median absolute error at this hour of day: of camps' finishes, for a Friend of Friends'."""
        errors = self._errors.get(self._reader.clock() // _ERRORS_KEPT, lambda: error_of(self._reader.store))
        found = errors.get(hour_of_day(moment.as_of, self.zone))
        if found is None:
            return None
        return found.friends.median if place.level == "friend" else found.camps.median

    def strips(self, camp: str, moment: Moment) -> Mapping[str, Strip]:
        """The days of the Friends of a camp, by Friend."""
        details = self._board(moment).details(self._viewer, camp)
        return {detail.day.friend_id: strip_of(detail) for detail in details}

    def still(self, place: Place, moment: Moment) -> Sequence[Still]:
        """Friends of a place who stand still for longer than their allowance, the longest first."""
        found = self._board(moment).silent(self._viewer, self._within(place, moment))
        return [
            Still(each.camp, each.friend_id, each.silence / tm.MINUTE, each.last_activity)
            for each in found
            if each.camp is not None
        ]

    def compared(self, place: Place, moment: Moment) -> Moment | None:
        """The earlier moment that a place compares with, once its figures are at hand."""
        return self._compared.at(place, self._other(place, moment), live=moment.live)

    def _read(self, place: Place, other: Moment) -> None:
        for level in LEVELS[: LEVELS.index("friend")]:
            self.nodes(place, other, level, None)

    def _other(self, place: Place, moment: Moment) -> Moment:
        """Yesterday, the same weekday last week, or the last closed date. What was known by now, not then, counts."""
        if place.compare == "closed":
            day = tm.local_date(self._reader.clock(), self.zone)
            while day >= moment.day or tm.closing(day, self.zone) > self._reader.clock():
                day -= timedelta(days=1)
            as_of = known_at = tm.closing(day, self.zone)
        else:
            days = 1 if place.compare == "yesterday" else 7
            day = moment.day - timedelta(days=days)
            as_of, known_at = moment.as_of, moment.known_at
            if moment.live:
                as_of = known_at = as_of - as_of % tm.MINUTE
            elif place.known_at is None:
                known_at -= known_at % _KNOWN_STEP
            as_of -= days * tm.DAY
            known_at = max(as_of, known_at)
        generation = f"{as_of}|{known_at}"
        return Moment(
            day, as_of, known_at, None, generation, False, known_at < tm.closing(day, self.zone), moment.version
        )


def _full_minute(moment: Moment) -> Moment:
    at = moment.as_of - moment.as_of % tm.MINUTE
    return replace(moment, as_of=at, known_at=at)
