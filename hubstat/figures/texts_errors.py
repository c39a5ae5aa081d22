"""Words of what cannot be shown: what, where, what to do."""

from __future__ import annotations

from typing import Final

ERROR_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "error.title": ("수치를 낼 수 없습니다", "The figures cannot be given"),
    "error.retry": ("다시 시도", "Try again"),
    "error.home": ("전국으로", "To nationwide"),
    "error.unexpected": (
        "예상하지 못한 오류입니다. 다시 시도하고, 계속되면 관리자에게 참조 {ref}번을 알려 주세요.",
        "Unexpected error. Try again; if it stays, give your administrator reference {ref}.",
    ),
    "error.engine": (
        "자료 저장소가 응답하지 않습니다. 잠시 뒤 다시 시도하고, 계속되면 관리자에게 참조 {ref}번을 알려 주세요.",
        "The data store does not answer. Try again in a moment; if it stays, give your administrator reference {ref}.",
    ),
    "error.query": (
        "정확한 수치를 읽지 못했습니다. 다시 시도하고, 계속되면 관리자에게 참조 {ref}번을 알려 주세요.",
        "The exact figures could not be read. Try again; if it stays, give your administrator reference {ref}.",
    ),
    "error.no_right": (
        "이 범위는 권한 밖에 있습니다. 관리자에게 권한을 요청하세요.",
        "This scope is outside your rights. Ask an administrator for a grant on it.",
    ),
    "error.not_known": (
        "받은 자료에 없습니다: {what}. 번호와 방향을 확인하세요.",
        "Nothing received about {what}: check the number and the direction.",
    ),
    "error.place": ("주소가 맞지 않습니다: {what}", "The address is not valid: {what}"),
    "error.one_of": (
        "{field}: {known} 가운데 하나여야 합니다. 지금은 '{value}'",
        "{field}: one of {known}, not '{value}'",
    ),
    "error.hub": (
        "이 업무일에 없는 곳입니다: {level} {hub}. 날짜를 바꾸거나 전국에서 찾으세요.",
        "There is no {level} {hub} on this service date: choose another date, or look from nationwide.",
    ),
    "error.screen": ("여기서는 볼 수 없는 화면입니다: {screen}", "There is no screen {screen} here"),
    "error.returns_level": (
        "level: 회수 화면은 캠프까지입니다. 지금은 '{level}'",
        "level: returns are shown down to the camp, not on level {level}",
    ),
    "error.hub_missing": ("hub: {level} 단계는 id가 필요합니다", "hub: level {level} needs one"),
    "error.friend_hub": (
        "hub: 쿠팡친구의 주소는 camp/friend입니다",
        "hub: a Friend is addressed as camp/friend",
    ),
    "error.date": (
        "date: '{value}'. 2026-11-20처럼 쓰고, {first}년부터 {last}년까지만 볼 수 있습니다",
        "date: '{value}' is no date such as 2026-11-20 of the years {first} to {last}",
    ),
    "error.moment": (
        "{field}: '{value}'. 2026-11-20T15:04:30처럼 쓰세요",
        "{field}: '{value}' is no time such as 2026-11-20T15:04:30",
    ),
    "error.known_before": (
        "known_at: 기준 시각보다 이릅니다. as_of와 같거나 뒤여야 합니다",
        "known_at: it is before as_of; what is true at a time can only be known from then on",
    ),
    "error.metric": (
        "proof: {metric}은(는) 이 방향에 없는 지표입니다. 사전에서 찾으세요",
        "proof: no metric of this direction is called {metric}; see the dictionary",
    ),
    "error.order": (
        "order: 리포트는 report|level:hub로 적습니다. 지금은 '{order}'",
        "order: a report is named as report|level:hub, not '{order}'",
    ),
    "error.wave_needed": (
        "웨이브 마감 리포트는 웨이브 하나의 것입니다: 현황에서 웨이브를 고르고 오세요",
        "wave-close is the report of one wave: choose a wave on the status screen first",
    ),
    "error.recipient": (
        "{recipient}(으)로는 보낼 수 없습니다. 구독자이거나 허용된 도메인이어야 합니다",
        "{recipient} cannot be sent to: it must be a subscriber or of an allowed domain",
    ),
    "error.export_format": (
        "format: {known} 가운데 하나여야 합니다. 지금은 '{value}'",
        "format: one of {known}, not '{value}'",
    ),
    "error.export_table": (
        "table: 이 화면에 있는 표는 {known}입니다. '{value}'은(는) 없습니다",
        "table: this screen has {known}, not '{value}'",
    ),
    "error.export_proof": (
        "proof: 어느 수치의 송장을 내보낼지 주소에 없습니다",
        "proof: the address names no figure whose invoices are to be exported",
    ),
    "error.export_moment": (
        "listed_at: 목록의 시점이 맞지 않습니다. 목록을 다시 열고 내보내세요",
        "listed_at: no moment of a list; open the list again and export from there",
    ),
}
