"""Words of the proof drawer."""

from __future__ import annotations

from typing import Final

DRAWER_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "drawer.path": ("수치의 위치", "Location of the figure"),
    "proof.equal": ("화면 {figure} = 목록 {n} (같은 시점)", "figure {figure} = list {n} (same moment)"),
    "proof.alone": ("목록 {n}건", "list of {n}"),
    "proof.later": (
        "화면 {figure} · 목록 {n}: 화면 뒤에 들어온 기록이 목록에는 있습니다",
        "figure {figure} · list {n}: the list has records that came in after the screen was read",
    ),
    "proof.differs": (
        "화면 {figure} ≠ 목록 {n}: 오류입니다. 시스템 화면의 감사를 확인하세요",
        "figure {figure} ≠ list {n}: this is a fault; see the audit on the system screen",
    ),
    "proof.moved": (
        "화면은 {then}({then_at})에서 {now}({now_at})(으)로 바뀌었습니다. 아래는 {then_at}의 것입니다.",
        "The screen went from {then} ({then_at}) to {now} ({now_at}). Below is what it was made of at {then_at}.",
    ),
    "proof.renew": ("지금 것으로", "Show the present one"),
    "proof.retry": ("다시 시도", "Try again"),
    "proof.failed": ("근거를 보일 수 없습니다", "The proof cannot be shown"),
    "proof.below": ("{level}별로 나누면", "By {level}"),
    "proof.moment": ("기준 T {as_of} · 수신 K {known_at} {zone}", "as of T {as_of} · known at K {known_at} {zone}"),
    "proof.version": ("정의 v{n}", "definition v{n}"),
    "proof.why": ("왜 세는가", "Why it counts"),
    "proof.close": ("닫기", "Close"),
    "proof.note": ("고객 정보는 보이지 않음", "no customer data is shown"),
    "proof.none": ("해당하는 송장이 없습니다.", "No such invoice."),
    "proof.sum": ("화면 = 항목 {n}개의 합 (같은 시점)", "figure = sum of {n} {n:part|parts} (same moment)"),
    "proof.latest": (
        "화면 = 항목 {n}개 가운데 가장 늦은 것 (같은 시점)",
        "figure = the latest of {n} {n:part|parts} (same moment)",
    ),
    "proof.listed": ("송장 {n}건 (같은 시점)", "{n} {n:invoice|invoices} (same moment)"),
    "proof.part": ("항목", "Part"),
    "proof.amount": ("값", "Amount"),
    "proof.from": ("부터", "From"),
    "proof.to": ("까지", "To"),
    "proof.divided": ("화면 =", "figure ="),
}
