"""Strategies for the parts that figures are made of: rows, contexts, Friend-days, what is left to do."""

from __future__ import annotations

from hypothesis import strategies as st

from hubstat.domain import time as tm
from hubstat.domain.backlog import Waiting
from hubstat.domain.codes import DIRECTIONS, Direction
from hubstat.domain.excluded import Pauses
from hubstat.domain.friendday import EXCLUDED_KINDS, Effort, FriendDay, Route
from hubstat.domain.hierarchy import UNMAPPED
from hubstat.domain.invoice import STATES
from hubstat.domain.measures import WAVE_CLOSES_AFTER, Context
from hubstat.domain.projection import Pending
from hubstat.domain.row import BUCKETS, NEVER_IN_BASE, STEPS, Row

# Some as-of time on 2026-11-21 in Korea.
T = tm.parse_instant("2026-11-21T18:00:00+09:00")
REASONS = ("고객부재", "시간초과", "UNKNOWN")
WAVES = ("DAY", "DAWN", "OTHER")
CAMPS = (None, "C1", "C2", "C9", UNMAPPED)
FRIENDS = ("F1", "F2", "F3")
HOURS = st.integers(T // tm.HOUR - 3, T // tm.HOUR)
MINUTES = st.integers(T // tm.MINUTE - 200, T // tm.MINUTE)
_SPAN = st.integers(0, 5 * tm.HOUR)


@st.composite
def rows(draw: st.DrawFn, direction: Direction | None = None) -> Row:
    """Any row, also ones that no fold makes."""
    direction = direction or draw(st.sampled_from(DIRECTIONS))
    return Row(
        camp=draw(st.sampled_from(CAMPS)),
        direction=direction,
        wave=draw(st.sampled_from(WAVES)),
        due=draw(st.booleans()),
        state=draw(st.sampled_from(STATES[direction])),
        promise=draw(st.integers(T - 2, T + 2)),
        settled=draw(st.one_of(st.none(), st.integers(NEVER_IN_BASE, len(BUCKETS) - 1))),
        attempt=draw(st.sampled_from([None, "ok", "failed"])),
        reason=draw(st.sampled_from([None, *REASONS])),
        step=draw(st.sampled_from(STEPS)),
        policy=draw(st.booleans()),
        valid_reasons=tuple(sorted(draw(st.sets(st.sampled_from(REASONS))))),
    )


def _deadlines() -> st.SearchStrategy[int]:
    """Around the time at which a wave closes by T."""
    return st.integers(T - WAVE_CLOSES_AFTER - 1, T - WAVE_CLOSES_AFTER + 1)


contexts = st.builds(
    Context,
    as_of=st.just(T),
    customer_reasons=st.frozensets(st.sampled_from(REASONS)),
    groups=st.just({"고객부재": "customer", "시간초과": "capacity"}),
    deadlines=st.fixed_dictionaries({"DAY": _deadlines(), "DAWN": _deadlines()}),
    day_end=_deadlines(),
)

efforts = st.lists(
    st.builds(Effort, st.sampled_from([None, "DAY", "DAWN"]), _SPAN, st.integers(0, 9)),
    max_size=2,
    unique_by=lambda effort: effort.wave,
).map(tuple)
routes = st.lists(
    st.builds(
        Route,
        st.sampled_from(["R1", "R2"]),
        st.sampled_from(CAMPS),
        st.just(T),
        st.one_of(st.none(), st.sampled_from([T - tm.HOUR, T + 10 * tm.MINUTE, T + 10 * tm.MINUTE + 1])),
    ),
    max_size=2,
    unique_by=lambda route: route.route_id,
).map(tuple)
friend_days = st.builds(
    FriendDay,
    friend_id=st.sampled_from(FRIENDS),
    service_date=st.just("2026-11-21"),
    camp=st.sampled_from(CAMPS),
    worked=st.dictionaries(HOURS, st.integers(1, 9)),
    net=st.dictionaries(HOURS, st.integers(1, tm.HOUR)),
    stops_by_hour=st.dictionaries(HOURS, st.integers(1, 9)),
    on_road=_SPAN,
    excluded=st.fixed_dictionaries({kind: st.integers(0, 10**6) for kind in EXCLUDED_KINDS}),
    net_on_road=_SPAN,
    idle=st.integers(0, 10**6),
    stops=st.integers(0, 9),
    batch_scans=st.integers(0, 3),
    runs=st.integers(0, 2),
    planned=st.booleans(),
    status=st.sampled_from(["out", "back", "absent", "not_started", "worked", "none"]),
    efforts=efforts,
    silence=st.one_of(st.none(), _SPAN),
    allowance=st.just(tm.HOUR),
    pauses=st.just(Pauses(None, 0, (), (), (), ())),
    first_departure=st.none(),
    waves=st.sampled_from([(), ("DAY",), ("DAWN", "DAY")]),
    last_wave=st.sampled_from([None, "DAY"]),
    recent_stops=st.integers(0, 9),
    recent_net=st.integers(0, tm.HOUR),
    starts_at=st.one_of(st.none(), st.just(T + tm.HOUR)),
    remaining_break=st.integers(0, tm.HOUR),
    shift_end=st.one_of(st.none(), st.integers(T, T + 4 * tm.HOUR)),
    routes=routes,
    last_activity=st.none(),
)
pending = st.builds(
    Pending,
    camp=st.sampled_from(CAMPS),
    friend=st.sampled_from([None, *FRIENDS]),
    direction=st.sampled_from(DIRECTIONS),
    invoice_no=st.integers(1, 30).map(str),
    promise=st.integers(T - tm.HOUR, T + 3 * tm.HOUR),
    wave=st.sampled_from(WAVES),
    address_key=st.sampled_from([None, "x", "y"]),
)
waiting = st.builds(
    Waiting,
    camp=st.sampled_from(CAMPS),
    direction=st.sampled_from(DIRECTIONS),
    wave=st.sampled_from(WAVES),
    waits=st.just("open"),
    since=st.integers(0, 80).map(lambda hours: T - hours * tm.HOUR),
    last_event=st.integers(0, 30).map(lambda hours: T - hours * tm.HOUR),
)
