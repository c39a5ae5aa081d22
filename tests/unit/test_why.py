"""Where an invoice stands against its promise, in words."""

import pytest
from memory import ZONE, received_of, records
from worked_cases import at, event, registered

from aggregations.proofs.wording import Wording
from hubstat.domain import time as tm
from hubstat.domain.contract import decode_invoice_event
from hubstat.domain.invoice import fold
from hubstat.domain.log import EventLog
from hubstat.domain.row import row_of


@pytest.mark.parametrize(
    ("events", "as_of", "korean", "english"),
    [
        ([], "19:00", "진행 중, 약속 20:00", "open, promise 20:00"),
        (
            [event("DELIVERED", at("19:30"))],
            "19:59",
            "약속 20:00 안에 19:30 완료",
            "completed 19:30, by the promise 20:00",
        ),
        (
            [event("DELIVERED", at("01:00", "2026-11-21"))],
            "23:59",
            "진행 중, 약속 20:00을 239분 지남",
            "open, 239 min past the promise 20:00",
        ),
        (
            [event("DELIVERED", at("20:00:01"))],
            "23:59",
            "약속 20:00보다 1분 늦은 20:00 완료",
            "completed 20:00, 1 min after the promise 20:00",
        ),
        (
            [event("ATTEMPT_FAILED", at("19:00"), reason="고객부재")],
            "20:01",
            "진행 중, 약속 20:00을 1분 지남, 마지막 실패 사유 고객부재",
            "open, 1 min past the promise 20:00, last attempt failed: 고객부재",
        ),
        (
            [event("CLOSED_ADMIN", at("19:00"))],
            "21:00",
            "19:00 관리자 종료, 약속 20:00",
            "closed administratively 19:00, promise 20:00",
        ),
    ],
)
def test_it_names_what_decides(events: list[dict[str, object]], as_of: str, korean: str, english: str) -> None:
    moment = tm.parse_instant(at(as_of))
    log = EventLog()
    for raw in records(registered(), *events):
        log.add(decode_invoice_event(raw, received_of(raw), ZONE))
    state = fold("DELIVERY", "I1", log, ZONE, moment)
    row = row_of(state)
    assert row is not None
    found = Wording(ZONE, "2026-11-20").standing(state, row, moment)
    assert (found.ko, found.en) == (korean, english)
    assert found.text("ko") == korean
    assert found.text("en") == english
