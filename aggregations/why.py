"""The sentence why an invoice counts in a figure, in Korean and English."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from aggregations.proof import InvoiceLine
from hubstat.domain import time as tm


def why(line: InvoiceLine, zone: ZoneInfo, language: str) -> str:
    """What decides its place: promise, completion or end, lateness; a date only where it is not the service date.

    language: ``ko`` or ``en``.
    """
    korean = language == "ko"
    promise = _clock(line.promise, zone, line.service_date)
    minutes = None if line.late is None else -(-line.late // tm.MINUTE)
    if line.completed_at is not None:
        done = _clock(line.completed_at, zone, line.service_date)
        if minutes is None:
            return f"약속 {promise} 안에 {done} 완료" if korean else f"completed {done}, by the promise {promise}"
        return (
            f"약속 {promise}보다 {minutes:,}분 늦은 {done} 완료"
            if korean
            else f"completed {done}, {minutes:,} min after the promise {promise}"
        )
    if line.ended_at is not None:
        end = _clock(line.ended_at, zone, line.service_date)
        what_ko, what_en = _END[line.state]
        return f"{end} {what_ko}, 약속 {promise}" if korean else f"{what_en} {end}, promise {promise}"
    reason = f"마지막 실패 사유 {line.reason}" if korean else f"last attempt failed: {line.reason}"
    tail = f", {reason}" if line.reason else ""
    if minutes is None:
        return (f"진행 중, 약속 {promise}" if korean else f"open, promise {promise}") + tail
    return (
        f"진행 중, 약속 {promise}을 {minutes:,}분 지남"
        if korean
        else f"open, {minutes:,} min past the promise {promise}"
    ) + tail


_END = {
    "withdrawn_or_cancelled": ("취소·철회", "cancelled or withdrawn"),
    "closed_admin": ("관리자 종료", "closed administratively"),
}


def _clock(instant: int, zone: ZoneInfo, service_date: str) -> str:
    day, _, clock = tm.iso_local(instant, zone)[:16].partition("T")
    return clock if day == service_date else f"{day} {clock}"
