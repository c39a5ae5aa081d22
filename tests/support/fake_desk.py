"""A made-up desk of the mailed reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from dashboard_fake import DAY, NOW

from aggregations.reader import now_ms
from hubstat.errors import QueryError, RecipientError


@dataclass(frozen=True)
class FakeSubscription:
    recipient: str
    name: str
    lang: str
    level: str
    hub: str
    reports: tuple[str, ...]
    active: bool = True


@dataclass(frozen=True)
class FakeRun:
    id: str
    report: str
    hub: str
    recipient: str
    state: str
    slot_at: int
    error: str | None = None
    attempts: int = 1
    level: str = "camp"
    service_date: date = DAY
    ended_at: int | None = NOW


class FakeDesk:
    """Implements ``dashboard.desk.Desk``. sent: (order, recipient) of every copy that somebody asked for."""

    def __init__(self) -> None:
        now = now_ms()
        self.sent: list[tuple[Any, str]] = []
        self._runs = {
            run.id: run
            for run in (
                FakeRun("r1", "daily-final", "KR", "park@example.org", "sent", now - 3_600_000, level="nationwide"),
                FakeRun("r2", "daily-final", "C101", "kim@example.org", "failed", now - 3_600_000,
                        "550 mailbox kim@example.org is full", 3),
                FakeRun("r3", "wave-close", "C101", "kim@example.org", "building", now - 60_000),
                FakeRun("r4", "daily-provisional", "R1", "lee@example.org", "stored", now - 7_200_000, level="region"),
            )
        }  # fmt: skip

    def subscriptions(self) -> Sequence[FakeSubscription]:
        return [
            FakeSubscription("park@example.org", "박지현", "ko", "nationwide", "KR", ("daily-final", "hourly-digest")),
            FakeSubscription("kim@example.org", "김도윤", "ko", "camp", "C101", ("daily-final", "wave-close")),
            FakeSubscription("lee@example.org", "Lee", "en", "region", "R1", ("daily-provisional",), False),
        ]

    def runs(self, limit: int) -> Sequence[FakeRun]:
        return sorted(self._runs.values(), key=lambda run: -run.slot_at)[:limit]

    def resend(self, run_id: str) -> FakeRun:
        if self._runs[run_id].state == "sent":
            raise QueryError(f"run {run_id} is sent: only failed ones can be sent again")
        self._runs[run_id] = replace(self._runs[run_id], state="sent", error=None)
        return self._runs[run_id]

    def order(self, report: str, service_date: date, level: str, hub: str | None, *, wave: str | None) -> Any:
        return (report, service_date, level, hub, wave)

    def preview_html(self, order: Any, lang: Any) -> str:
        return f"<html lang={lang}><body><h1>{order[0]}</h1><p>{order[1]} {order[2]}:{order[3]}</p></body></html>"

    def send_now(self, order: Any, recipient: str, lang: Any) -> FakeRun:
        if not recipient.endswith("@example.org"):
            raise RecipientError(f"{recipient} is no subscriber and of no allowed domain")
        self.sent.append((order, recipient))
        return FakeRun("now", order[0], order[3], recipient, "sent", now_ms())
