"""Whatever happens in whatever order, no offset past a record that is not written is ever committed."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ingest.transport.chunk import Chunk
from ingest.transport.ledger import Ledger

TP = tuple[str, int]
PARTITIONS = [("t", number) for number in range(3)]


@dataclass
class Record:
    offset: int
    timestamp: int = 0
    key: bytes = b"k"
    value: bytes = b"v"


@dataclass
class Log:
    """One partition in Kafka and what this group has done with it."""

    end: int = 0
    markers: set[int] = field(default_factory=set)
    """Offsets that carry no record: transaction markers, aborted and compacted records."""
    written: set[int] = field(default_factory=set)
    committed: int = 0
    position: int = 0


class LedgerMachine(RuleBasedStateMachine):
    """The ledger between a consumer that reads with gaps and a sink that writes in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger: Ledger[TP] = Ledger(lambda: 0.0)
        self.logs = {tp: Log() for tp in PARTITIONS}
        self.chunks: list[tuple[TP, Chunk, list[int]]] = []
        self.sent: list[tuple[int, dict[TP, int]]] = []
        self.is_open = False

    @rule(tp=st.sampled_from(PARTITIONS), steps=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), max_size=3))
    def produce(self, tp: TP, steps: list[tuple[int, int]]) -> None:
        log = self.logs[tp]
        for gap, records in steps:
            log.markers |= set(range(log.end, log.end + gap))
            log.end += gap + records

    @rule(tp=st.sampled_from(PARTITIONS), gap=st.integers(1, 3))
    def abort(self, tp: TP, gap: int) -> None:
        log = self.logs[tp]
        log.markers |= set(range(log.end, log.end + gap))
        log.end += gap

    @rule(tp=st.sampled_from(PARTITIONS), most=st.integers(1, 5))
    def read(self, tp: TP, most: int) -> None:
        """Also while closed: a fetch can block through a rebalance."""
        log = self.logs[tp]
        offsets = [o for o in range(log.position, log.end) if o not in log.markers][:most]
        more = [o for o in range(log.position, log.end) if o not in log.markers and o not in offsets]
        log.position = offsets[-1] + 1 if more else log.end
        if offsets:
            self.chunks.append((tp, self.ledger.register(tp, [Record(o) for o in offsets]), offsets))  # type: ignore[misc]

    @precondition(lambda self: self.chunks)
    @rule(data=st.data(), acknowledge=st.booleans())
    def write(self, data: st.DataObject, acknowledge: bool) -> None:
        """A flush ends, of this epoch or of an old one; sometimes without its acknowledgement."""
        tp, chunk, offsets = data.draw(st.sampled_from(self.chunks))
        self.logs[tp].written |= set(offsets)
        if acknowledge:
            chunk.ack()

    @precondition(lambda self: self.chunks)
    @rule(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.chunks))[1].begin()

    @rule()
    def commit_begins(self) -> None:
        self.sent.append(self.ledger.committable(lambda tp: self.logs[tp].position))

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), confirmed=st.booleans())
    def commit_arrives(self, data: st.DataObject, confirmed: bool) -> None:
        """In any order; Kafka may have it while the answer is lost."""
        epoch, offsets = self.sent.pop(data.draw(st.integers(0, len(self.sent) - 1)))
        for tp, offset in offsets.items():
            self.logs[tp].committed = offset
        if confirmed:
            self.ledger.committed(epoch, offsets)

    @rule()
    def hold(self) -> None:
        self.ledger.hold()

    @rule()
    def revoke(self) -> None:
        self.ledger.close()
        self.is_open = False

    @precondition(lambda self: not self.is_open)
    @rule(partitions=st.sets(st.sampled_from(PARTITIONS)), overtaken=st.booleans())
    def assign(self, partitions: set[TP], overtaken: bool) -> None:
        epoch = self.ledger.epoch
        for tp in partitions:
            self.logs[tp].position = self.logs[tp].committed
        if overtaken:
            self.ledger.close()
        opened = self.ledger.open(epoch, {tp: self.logs[tp].committed for tp in partitions})
        assert opened is not overtaken
        self.is_open = opened

    @invariant()
    def nothing_unwritten_is_behind_a_commit(self) -> None:
        for tp, log in self.logs.items():
            lost = [o for o in range(log.committed) if o not in log.markers and o not in log.written]
            assert not lost, f"{tp}: committed {log.committed}, lost {lost}"


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=300, stateful_step_count=60, deadline=None)
