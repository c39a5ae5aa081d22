"""The catalogue's part for pages beside the mails, in Korean and English."""

from __future__ import annotations

from typing import Final

DELIVERY_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "unsubscribe.title": ("메일 그만 받기", "Unsubscribe"),
    "unsubscribe.ask": (
        "{recipient} 님께 보내는 {hub} {report} 메일을 그만 보낼까요?",
        "Stop sending the {report} of {hub} to {recipient}?",
    ),
    "unsubscribe.button": ("그만 받기", "Unsubscribe"),
    "unsubscribe.done": (
        "이 메일은 더 보내지 않습니다. 다시 받으려면 관리자에게 말씀해 주세요.",
        "This mail is not sent to you any more. To get it again, ask an administrator.",
    ),
    "unsubscribe.bad_link": (
        "링크가 올바르지 않습니다. 메일에 있는 링크를 그대로 열어 주세요.",
        "This link is not valid. Open the one in the mail as it is.",
    ),
    "unsubscribe.daily_provisional": ("일일 리포트(잠정)", "provisional daily report"),
    "unsubscribe.daily_final": ("일일 리포트(확정)", "final daily report"),
    "unsubscribe.wave_close": ("웨이브 마감 리포트", "wave close report"),
    "unsubscribe.hourly_digest": ("시간별 현황", "hourly digest"),
    "mails.title": ("보낸 메일", "Sent mails"),
    "mails.count": ("{n}통.", "{n} in all."),
    "mails.where": (
        "메일 서버가 설정되지 않아 이 컴퓨터에 보관합니다: {folder}",
        "No mail server is set, so they are kept on this machine: {folder}",
    ),
    "mails.none": ("아직 보낸 메일이 없습니다.", "No mail has been sent yet."),
    "mails.gone": ("이 메일은 없습니다.", "There is no such mail."),
    "mails.file": ("첨부", "Attachment"),
    "mails.from": ("보낸 사람", "From"),
    "mails.to": ("받는 사람", "To"),
    "mails.came": ("시각", "Time"),
    "mails.plain": ("텍스트로 보기", "Plain text"),
}
