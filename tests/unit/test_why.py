"""The sentence why an invoice counts."""

import pytest
from memory import ZONE

from aggregations.proof import InvoiceLine
from aggregations.why import why
from hubstat.domain import time as tm

PROMISE = tm.parse_instant("2026-11-20T20:00:00+09:00")


def line(**more: object) -> InvoiceLine:
    values: dict[str, object] = {
        "direction": "DELIVERY",
        "invoice_no": "I1",
        "service_date": "2026-11-20",
        "camp": "C1",
        "friend": "F1",
        "wave": "DAY",
        "state": "out",
        "promise": PROMISE,
        "completed_at": None,
        "ended_at": None,
        "late": None,
        "reason": None,
        "key": "",
    }
    return InvoiceLine(**{**values, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("more", "korean", "english"),
    [
        ({}, "진행 중, 약속 20:00", "open, promise 20:00"),
        (
            {"state": "done", "completed_at": PROMISE - 30 * tm.MINUTE},
            "약속 20:00 안에 19:30 완료",
            "completed 19:30, by the promise 20:00",
        ),
        (
            {"state": "done", "completed_at": PROMISE + 5 * tm.HOUR, "late": 5 * tm.HOUR},
            "약속 20:00보다 300분 늦은 2026-11-21 01:00 완료",
            "completed 2026-11-21 01:00, 300 min after the promise 20:00",
        ),
        (
            {"late": 1, "reason": "고객부재"},
            "진행 중, 약속 20:00을 1분 지남, 마지막 실패 사유 고객부재",
            "open, 1 min past the promise 20:00, last attempt failed: 고객부재",
        ),
        (
            {"state": "closed_admin", "ended_at": PROMISE - tm.HOUR},
            "19:00 관리자 종료, 약속 20:00",
            "closed administratively 19:00, promise 20:00",
        ),
    ],
)
def test_it_names_what_decides(more: dict[str, object], korean: str, english: str) -> None:
    assert why(line(**more), ZONE, "ko") == korean
    assert why(line(**more), ZONE, "en") == english
