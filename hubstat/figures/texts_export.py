"""Words of exported tables."""

from __future__ import annotations

from typing import Final

EXPORT_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "export.table.figures": ("이 화면의 모든 수치", "Every figure of this hub"),
    "export.table.waiting": ("적체 시간", "Waiting by age"),
    "export.table.strips": ("쿠팡친구의 하루(구간)", "Friends' days, span by span"),
    "export.share": ("비율", "Share"),
    "export.order": ("순서", "Order"),
    "export.order_read": ("읽은 순서: 너무 길어 정렬하지 않음", "as read: too long to be sorted"),
    "export.camp_name": ("캠프 이름", "Camp name"),
    "export.friend_name": ("쿠팡친구 이름", "Friend's name"),
}
