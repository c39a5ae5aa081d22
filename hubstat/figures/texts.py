"""The catalogue: every word of page and mail in Korean and English. Labels of figures come from the metric registry."""

from __future__ import annotations

import string
from typing import Any, Final

from hubstat.domain.codes import Direction
from hubstat.domain.metric import Metric
from hubstat.domain.metrics import metrics_for
from hubstat.figures.formats import Lang
from hubstat.figures.texts_delivery import DELIVERY_TEXTS
from hubstat.figures.texts_drawer import DRAWER_TEXTS
from hubstat.figures.texts_errors import ERROR_TEXTS
from hubstat.figures.texts_export import EXPORT_TEXTS
from hubstat.figures.texts_mail import MAIL_TEXTS
from hubstat.figures.texts_network import NETWORK_TEXTS
from hubstat.figures.texts_screens import SCREEN_TEXTS

# key: (Korean, English). A test checks that both are there, agree in their placeholders, and that every key is used.
TEXTS: Final[dict[str, tuple[str, str]]] = {
    **NETWORK_TEXTS,
    "app.title": ("hubstat 현황", "hubstat status"),
    "nav.main": ("주 메뉴", "Main"),
    "nav.status": ("현황", "Status"),
    "nav.path": ("위치", "Location"),
    "nav.siblings": ("같은 단계의 다른 곳", "Others on this level"),
    "nav.skip": ("본문으로", "Skip to content"),
    "level.region": ("지역", "Region"),
    "level.area": ("권역", "Area"),
    "level.camp": ("캠프", "Camp"),
    "level.friend": ("쿠팡친구", "Friend"),
    "hub.unassigned": ("미배정", "Unassigned"),
    "hub.unmapped": ("소속 미확인", "Unmapped"),
    "hub.no_camp": ("캠프 미확인", "No camp yet"),
    "wave.label": ("웨이브", "Wave"),
    "wave.DAWN": ("새벽", "Dawn"),
    "wave.DAY": ("주간", "Day"),
    "wave.SAME_DAY": ("당일", "Same-day"),
    "wave.all": ("전체", "All"),
    "direction.label": ("방향", "Direction"),
    "direction.DELIVERY": ("배송", "Delivery"),
    "direction.RETURN": ("회수", "Returns"),
    "date.previous": ("이전 업무일", "Previous service date"),
    "date.next": ("다음 업무일", "Next service date"),
    "date.choose": ("업무일 고르기", "Choose a service date"),
    "date.running": ("지금 운행 중", "Running now"),
    "asof.line": ("기준 {time} {zone}", "As of {time} {zone}"),
    "asof.data": ("자료 {time}까지", "data to {time}"),
    "asof.provisional": ("잠정", "Provisional"),
    "asof.data_unknown": ("자료 시각 모름", "data to: unknown"),
    "asof.final": ("확정", "Final"),
    "asof.corrected": ("마감 뒤 정정 포함", "With later corrections"),
    "asof.closed": ("마감된 업무일", "Closed date"),
    "asof.fixed": ("고정된 시점", "Fixed moment"),
    "asof.fixed_line": (
        "기준 {as_of} · 수신 {known_at} {zone}. 자동 갱신을 쉽니다.",
        "As of {as_of} · known at {known_at} {zone}. No refresh.",
    ),
    "asof.now": ("지금으로", "Back to now"),
    "refresh.label": ("갱신 간격", "Refresh interval"),
    "refresh.seconds": ("{n}초", "{n} s"),
    "refresh.paused": ("갱신 멈춤", "paused"),
    "refresh.pause": ("갱신 멈춤·다시 시작", "Pause or resume refresh"),
    "stale.title": ("에서 멈춘 화면입니다.", ": the screen stopped here."),
    "stale.text": (
        "연결을 다시 시도하고 있습니다. 수치는 그때까지만 맞습니다.",
        "Trying to connect again. The figures hold up to then.",
    ),
    "stale.age": ("경과", "age"),
    "stale.retry": ("지금 다시 시도", "Try now"),
    "theme.toggle": ("밝게·어둡게", "Light or dark"),
    "lang.switch": ("English", "한국어"),
    "answer.until_final": ("최종 완료", "final completion"),
    "deadline.one": ("마감 {time}", "deadline {time}"),
    "verdict.nothing_due": ("{who} {what} 예정이 없습니다.", "{who}: no {what} due."),
    "verdict.progress": (
        "{who} {what} {due}건 가운데 {share}를 완료했고, ",
        "{who} {what}: {share} of {due} done, ",
    ),
    "verdict.late_camps": (
        "{camps}개 캠프에서 {late}건이 약속을 넘긴 채 남아 있습니다.",
        "{late} open past {late:its|their} promise in {camps} {camps:camp|camps}.",
    ),
    "verdict.late": ("{late}건이 약속을 넘긴 채 남아 있습니다.", "{late} open past {late:its|their} promise."),
    "verdict.none_late": ("약속을 넘기고 남은 송장은 없습니다.", "none open past its promise."),
    "verdict.status.behind": ("뒤처짐", "Behind"),
    "verdict.status.watch": ("살펴볼 것", "Watch"),
    "verdict.status.fine": ("정상", "Fine"),
    "verdict.status.none": ("예정 없음", "Nothing due"),
    "tile.name.due": ("대상", "Due"),
    "tile.name.late_open": ("지연 중", "Late now"),
    "tile.name.m6_stalled": ("24시간 정체", "Stalled 24 h"),
    "tile.name.hourly_deliveries": ("시간당 배송", "Per hour"),
    "tile.name.idle_minutes": ("유휴", "Idle"),
    "tile.name.friends_out": ("출차 중", "Friends out"),
    "tile.open": ("진행 중 {open}", "{open} open"),
    "tile.undelivered": ("실패 {failed} · 미시도 {untried}", "{failed} failed · {untried} untried"),
    "tile.backlog": ("적체 {waiting}", "{waiting} aged"),
    "tile.hourly": ("순운행 {hours}시간", "{hours} net hours"),
    "tile.idle": ("1인 {each}분", "{each} min each"),
    "tile.definition": ("정의", "Definition"),
    "tile.proof": ("근거 송장 보기", "Show the invoices"),
    "unit.each": ("{value}분", "{value} min"),
    "chart.title": ("누적 완료", "Completions so far"),
    "chart.subtitle": ("대상 대비 % · 아래는 시간대별 건수", "% of due · below, per hour"),
    "chart.actual": ("실제 {share}", "Actual {share}"),
    "chart.now": ("지금 {time}", "now {time}"),
    "chart.as_of": ("기준 {time}", "as of {time}"),
    "chart.deadline": ("{wave} 마감 {time}", "{wave} deadline {time}"),
    "chart.table": ("표로 보기", "Show as table"),
    "chart.summary": (
        "{time}까지 {completed}건, 대상의 {share}를 완료했습니다. 가장 많았던 시간은 {peak}, {n}건입니다.",
        "By {time} {completed} were done, {share} of due. The busiest hour was {peak} with {n}.",
    ),
    "chart.summary_none": ("아직 완료가 없습니다.", "Nothing completed yet."),
    "chart.hour": ("시간", "Hour"),
    "chart.in_hour": ("시간대 완료", "In the hour"),
    "chart.so_far": ("누적", "So far"),
    "chart.share": ("대상 대비", "Of due"),
    "hourly.title": ("시간대별 처리", "Worked by hour"),
    "hourly.subtitle": ("막대 = 건수 · 위 숫자 = 순운행 시간당", "bars = invoices · above = per net hour"),
    "hourly.summary": (
        "순운행 {net}시간에 {worked}건, 시간당 {rate}건을 처리했습니다.",
        "{worked} worked in {net} net hours, {rate} per hour.",
    ),
    "table.children": ("{level}별 현황", "By {level}"),
    "table.worst": ("나쁜 순", "worst first"),
    "table.done": ("완료율", "Done"),
    "table.done_left": ("완료 / 남음", "Done / left"),
    "table.late": ("지연 중", "Late"),
    "table.hourly": ("시간당", "/hour"),
    "table.idle_each": ("유휴 1인", "Idle each"),
    "table.last": ("최종 완료", "Last done"),
    "table.net": ("순운행", "Net"),
    "table.stops": ("스톱", "Stops"),
    "table.so_far": ("진행 중", "so far"),
    "table.final": ("최종", "final"),
    "table.total": ("합계", "Total"),
    "table.footnote": (
        "생산성은 배송·회수와 모든 웨이브를 함께 셉니다",
        "Productivity counts both directions and all waves",
    ),
    "table.small_base": (
        "쿠팡친구의 비율은 {n}건 미만이면 “—”",
        "A Friend's rate under {n} invoices is shown as “—”",
    ),
    "excluded.break": ("휴게", "Break"),
    "excluded.app_lock": ("앱 잠금", "App lock"),
    "excluded.load_wait": ("상차 대기", "Load"),
    "excluded.window_wait": ("약속 대기", "Window"),
    "excluded.incident": ("사고", "Incident"),
    "excluded.offline": ("오프라인", "Offline"),
    "states.title": ("지금 상태", "Where they stand"),
    "state.done": ("완료", "Done"),
    "state.closed_admin": ("관리 종료", "Closed by office"),
    "state.withdrawn_or_cancelled": ("취소·철회", "Cancelled or withdrawn"),
    "state.loaded": ("상차", "Loaded"),
    "state.out": ("운행 중", "Out"),
    "state.back_at_camp": ("캠프 회송", "Back at camp"),
    "state.assigned": ("배정", "Assigned"),
    "state.assigned_arrived": ("배정 · 캠프 도착", "Assigned, at camp"),
    "state.assigned_not_arrived": ("배정 · 도착 전", "Assigned, not at camp"),
    "state.unassigned": ("미배정", "Unassigned"),
    "state.unassigned_arrived": ("미배정 · 캠프 도착", "Unassigned, at camp"),
    "state.unassigned_not_arrived": ("미배정 · 도착 전", "Unassigned, not at camp"),
    "late.title": ("늦은 정도", "How late"),
    "late.upto": ("{to}분까지", "to {to} min"),
    "late.range": ("{a}~{b}분", "{a}–{b} min"),
    "late.over": ("{n}분 넘음", "over {n} min"),
    "invoices.title": ("송장 {n}건", "{n} {n:invoice|invoices}"),
    "col.invoice": ("송장", "Invoice"),
    "col.promise": ("약속", "Promise"),
    "col.completed": ("완료", "Completed"),
    "col.late": ("지연 분", "Late min"),
    "col.friend": ("쿠팡친구", "Friend"),
    "col.camp": ("캠프", "Camp"),
    "col.state": ("상태", "State"),
    "col.why": ("세는 까닭", "Why it counts"),
    "invoice.title": ("송장 {no}", "Invoice {no}"),
    "invoice.counts": ("이 송장을 여기에 세는 까닭", "Why it counts here"),
    "invoice.counts.date": ("업무일", "Service date"),
    "invoice.counts.wave": ("웨이브", "Wave"),
    "invoice.counts.camp": ("캠프", "Camp"),
    "invoice.counts.friend": ("쿠팡친구", "Friend"),
    "invoice.counts.promise": ("약속", "Promise"),
    "invoice.counts.completed": ("완료", "Completed"),
    "invoice.counts.state": ("상태", "State"),
    "invoice.counts.why": ("까닭", "Why"),
    "invoice.events": ("사건 {n}건", "{n} {n:event|events}"),
    "invoice.events_hint": ("발생 시각 순 · 수신 시각 함께", "by event time · received time beside"),
    "invoice.promise": ("약속 시각", "Promise"),
    "invoice.promise_hint": ("여기까지 완료되면 정시", "on time up to here"),
    "invoice.received": ("수신 {time}", "received {time}"),
    "standing.decides": ("결정", "decides"),
    "standing.voided": ("정정으로 무효", "voided by a correction"),
    "standing.other_copy": ("같은 event_id의 다른 사본", "another copy of one event_id"),
    "standing.later": ("기준 시각 뒤", "after the as-of time"),
    "standing.unknown_yet": ("이때는 아직 받지 않음", "not received by then"),
    "invoice.out_of_force": ("세지 않음", "not counted"),
    "event.REGISTERED": ("등록", "Registered"),
    "event.REQUESTED": ("회수 요청", "Return requested"),
    "event.ASSIGNED": ("배정", "Assigned"),
    "event.ARRIVED_CAMP": ("캠프 도착", "Arrived at camp"),
    "event.LOADED": ("상차", "Loaded"),
    "event.DEPARTED": ("출차", "Departed"),
    "event.ATTEMPT_FAILED": ("시도 실패", "Attempt failed"),
    "event.RETURNED_CAMP": ("캠프 회송", "Back at camp"),
    "event.RESCHEDULED": ("약속 변경", "Rescheduled"),
    "event.DELIVERED": ("배송완료", "Delivered"),
    "event.PICKED_UP": ("회수", "Picked up"),
    "event.CANCELLED": ("취소", "Cancelled"),
    "event.WITHDRAWN": ("철회", "Withdrawn"),
    "event.CLOSED_ADMIN": ("관리 종료", "Closed by office"),
    "event.SUPERSEDED": ("송장 대체", "Superseded"),
    "event.RECEIVED_WAREHOUSE": ("창고 입고", "Received at warehouse"),
    "event.INSPECTED": ("검수", "Inspected"),
    "event.EXCHANGED": ("교환", "Exchanged"),
    "event.REFUNDED": ("환불", "Refunded"),
    "event.COMPLETED": ("회수 완료", "Return completed"),
    "event.CORRECTED": ("정정", "Corrected"),
    "empty.no_deliveries": (
        "{what} 예정이 없습니다. 자료는 정상으로 받고 있습니다.",
        "No {what} due. Data arrives normally.",
    ),
    "empty.no_deliveries_behind": (
        "지금까지 받은 자료에는 {what} 예정이 없습니다. 자료가 늦어 더 있을 수 있습니다.",
        "No {what} due in the data so far. The data are behind: there may be more.",
    ),
    "partial.title": ("자료 일부.", "Partial data."),
    "partial.camps": ("소식 없는 캠프 {n}곳", "{n} silent {n:camp|camps}"),
    "partial.more": (" 외 {n}곳", " and {n} more"),
    "empty.no_data": ("모름", "Unknown"),
    "empty.no_data_text": (
        "{day} 업무일의 자료를 받지 못했습니다. 0이 아니라 모르는 것입니다.",
        "No data received for {day}. This is unknown, not zero.",
    ),
    "empty.no_invoices": ("이 쿠팡친구의 송장이 없습니다.", "This Friend has no invoices."),
    "empty.no_friends": ("이 캠프에서 일한 쿠팡친구가 없습니다.", "No Friend worked from this camp."),
    "loading": ("불러오는 중…", "Loading…"),
    **DELIVERY_TEXTS,
    **DRAWER_TEXTS,
    **ERROR_TEXTS,
    **EXPORT_TEXTS,
    **MAIL_TEXTS,
    **SCREEN_TEXTS,
}


class _Numbered(string.Formatter):
    """``{n:camp|camps}``: the first word where ``n`` is 1, else the second."""

    def format_field(self, value: Any, format_spec: str) -> str:
        one, bar, many = format_spec.partition("|")
        if not bar:
            return str(super().format_field(value, format_spec))
        return one if str(value) == "1" else many


_NUMBERED: Final = _Numbered()


def text(key: str, lang: Lang, **values: Any) -> str:
    """A word or sentence of the catalogue with its placeholders filled. Raises ``KeyError`` for an unknown key."""
    korean, english = TEXTS[key]
    template = korean if lang == "ko" else english
    if not values:
        return template
    return _NUMBERED.format(template, **values) if "|" in template else template.format(**values)


def wave_name(wave: str, lang: Lang) -> str:
    """Name of a wave, or of all; its code where the catalogue has none: waves are master data."""
    return text(f"wave.{wave}", lang) if f"wave.{wave}" in TEXTS else wave


def metric(metric_id: str, direction: Direction) -> Metric:
    """The registry's entry of a figure. Raises ``KeyError``."""
    return metrics_for(direction)[metric_id]


def label(metric_id: str, direction: Direction, lang: Lang) -> str:
    """Label of a figure from the registry."""
    entry = metric(metric_id, direction)
    return entry.label_ko if lang == "ko" else entry.label_en


def definition(metric_id: str, direction: Direction, lang: Lang) -> str:
    """Definition sentence of a figure from the registry."""
    entry = metric(metric_id, direction)
    return entry.sentence_ko if lang == "ko" else entry.sentence_en
