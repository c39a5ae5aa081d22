"""What a mail says is what the reader says: every figure, in both parts and in the file; never better than it is."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from memory import ZONE
from report_days import CLOSED, DAY, DaysReader, simulated
from report_reading import figures_in, seen, sources

from aggregations.facts.noted import Noted
from aggregations.question import Question
from aggregations.viewer import Grant, Viewer
from dashboard.place import Place, parse
from hubstat.domain import time as tm
from hubstat.domain.mailing import Run
from hubstat.errors import AccessError, QueryError
from hubstat.figures import formats as fm
from reports.content import ReportContent
from reports.content.lead import lead
from reports.content.part import HubPart
from reports.content.voice import Voice
from reports.content.writing import write
from reports.delivery.orders import order_of
from reports.delivery.readiness import Readiness
from reports.model import Mail, Order
from reports.schedule import Slot, Timetable

EVERYTHING = Viewer.everything("KR")
FINAL = Order("daily-final", DAY, None, "nationwide", "KR", CLOSED, CLOSED)
EARLY = replace(FINAL, report="daily-provisional", as_of=CLOSED - 11 * tm.HOUR, known_at=CLOSED - 11 * tm.HOUR)
FOUR = tm.parse_instant("2026-11-20T16:00:00+09:00")
HOURLY = replace(FINAL, report="hourly-digest", as_of=FOUR, known_at=FOUR)
MOST = 5_000_000


def nothing_restated(*_: Any) -> tuple[Noted, ...]:
    return ()


def content_of(reader: DaysReader) -> ReportContent:
    return ReportContent(reader, nothing_restated, most_attached=MOST)


@pytest.fixture(scope="module")
def reader() -> DaysReader:
    return simulated(700)


@pytest.fixture(scope="module")
def content(reader: DaysReader) -> ReportContent:
    return content_of(reader)


@pytest.fixture(scope="module")
def final(content: ReportContent) -> HubPart:
    return content.part(EVERYTHING, FINAL, EARLY)


def mail_of(part: HubPart, lang: fm.Lang = "ko", *, names: bool = False, late: bool = False) -> Mail:
    return write(
        part,
        lang,
        names=names,
        board_url="http://board.example/",
        unsubscribe_url="http://board.example/stop?token=1",
        late=late,
        most_attached=MOST,
    )


def figures(reader: DaysReader, level: str, hub: str, order: Order = FINAL, direction: Any = "DELIVERY") -> Any:
    """What ``hubstat query`` gives for a hub at an order's (T, K)."""
    wave = order.wave or "all"
    question = Question(level, order.service_date, f"{level}:{hub}", order.as_of, order.known_at, wave, direction)
    return next(row.figures for row in reader.query(EVERYTHING, question).rows if row.hub == hub)


def row(mail: Mail, begins: str) -> str:
    """The line of the plain text that begins so."""
    return next(line for line in mail.text.splitlines() if line.lstrip("-▲◆● ").startswith(begins))


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("order", [FINAL, EARLY, HOURLY, replace(EARLY, report="wave-close", wave="DAY")])
def test_every_figure_of_the_html_is_in_the_plain_text(content: ReportContent, order: Order, lang: fm.Lang) -> None:
    mail = mail_of(content.part(EVERYTHING, order, EARLY if order == FINAL else None), lang)
    shown, said = figures_in(seen(mail.html)), figures_in(mail.text)
    assert len(shown) > 60
    assert not shown - said


def test_the_six_metrics_are_the_readers(reader: DaysReader, final: HubPart) -> None:
    mail, now, back = (
        mail_of(final),
        figures(reader, "nationwide", "KR"),
        figures(reader, "nationwide", "KR", FINAL, "RETURN"),
    )
    late = fm.percent(now["m1_rate"], 2)
    assert f"값 {late}," in row(mail, "배송 지연 M1")
    assert f"({fm.count(now['m1_late'])} / {fm.count(now['m1_base'])} · 미완료 {fm.count(now['m1_late_open'])})" in row(
        mail, "배송 지연 M1"
    )
    assert f"값 {fm.percent(back['m2_rate'], 2)}," in row(mail, "회수 지연 M2")
    assert f"값 {fm.percent(now['departure_on_time_rate'], 2)}," in row(mail, "출차 정시 M3")
    assert f"값 {fm.percent(now['completion'], 2)}," in row(mail, "완료율 M4")
    assert f"값 {fm.percent(now['first_attempt_rate'], 2)}," in row(mail, "1회 성공률 M4")
    assert f"값 {fm.count(now['undelivered'])}," in row(mail, "미배송 M5")
    assert f"값 {fm.count(sum(now['m6'].values()))}," in row(mail, "적체 M6")
    assert f"값 {fm.decimal(now['hourly_deliveries'])}건," in row(mail, "시간당 배송")


def test_differences_are_against_the_same_weekday_and_the_last_mail(reader: DaysReader, final: HubPart) -> None:
    closed = tm.closing(DAY - timedelta(days=7), ZONE)
    week = replace(FINAL, service_date=DAY - timedelta(days=7), as_of=closed, known_at=closed)
    now, then, last = (figures(reader, "nationwide", "KR", order) for order in (FINAL, week, EARLY))
    assert then["due"]
    line = row(mail_of(final), "미배송 M5")
    assert f"지난주 대비 {fm.signed(now['undelivered'] - then['undelivered'])}" in line
    assert f"지난 메일 대비 {fm.signed(now['undelivered'] - last['undelivered'])}" in line
    assert now["undelivered"] != last["undelivered"]


def test_without_a_last_mail_nothing_is_compared_with_it(content: ReportContent) -> None:
    mail = mail_of(content.part(EVERYTHING, FINAL, None))
    assert row(mail, "미배송 M5").endswith("지난 메일 대비 —")
    assert "지난 메일: 없음" in mail.text


def test_children_come_worst_first_with_their_owners_and_sum_up(reader: DaysReader, final: HubPart) -> None:
    listed = [child for child in final.children if child.hub != "unmapped"]
    late = [child.now.delivery["m1_late"] for child in listed]
    assert late == sorted(late, reverse=True)
    mail = mail_of(final)
    lines = mail.text.split("## 지역별 · 지연이 많은 곳부터\n")[1].split("\n\n")[0].splitlines()
    names = [line.lstrip("-▲◆● ").split(" (")[0].split(":")[0] for line in lines]
    assert names == [child.name("ko") for child in final.children] + ["전국"]
    owners = {owner.hub_id: owner.name for owner in reader.network.master.owners}
    for child in listed:
        assert (
            f"{child.name('ko')} (담당 {owners[child.hub]}): 대상 {fm.count(child.now.delivery['due'])}," in mail.text
        )


def cells(mail: Mail) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Header lines and rows (by the id in brackets) of a mail's CSV."""
    raw = mail.files[0].data
    assert raw.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    empty = lines.index([])
    keys = [re.fullmatch(r".* \(([^()]*(?:\([^()]*\]|)[^()]*)\)", label) for label in lines[empty + 1]]
    names = [match[1] if match else label for match, label in zip(keys, lines[empty + 1], strict=True)]
    return dict(lines[1:empty]), [dict(zip(names, line, strict=True)) for line in lines[empty + 2 :]]


@pytest.mark.parametrize("order", [FINAL, replace(FINAL, level="region", hub="R11"), HOURLY])
def test_the_file_is_what_query_prints(reader: DaysReader, content: ReportContent, order: Order) -> None:
    if order.level == "region":
        order = replace(order, hub=reader.network.master.hierarchy.on(DAY).hubs("region")[0].id)
    mail = mail_of(content.part(EVERYTHING, order, None))
    header, rows = cells(mail)
    assert header["기준 시각 T"] == tm.iso_local(order.as_of, ZONE)
    assert header["수신 시각 K"] == tm.iso_local(order.known_at, ZONE)
    found = {(each["level"], each["direction"], each["hub"]): each for each in rows}
    assert len(found) == len(rows)
    expected = 0
    for level in ("nationwide", "region", "area", "camp"):
        if level == "nationwide" and order.level == "region":
            continue
        for direction in ("DELIVERY", "RETURN"):
            hub = f"{order.level}:{order.hub}"
            question = Question(level, DAY, hub, order.as_of, order.known_at, direction=direction)
            for each in reader.query(EVERYTHING, question).to_json()["rows"]:
                line = found[level, direction, each["hub"]]
                expected += 1
                assert line["name"] == each["name"]
                assert line["parent"] == (each["parent"] or "")
                for key, value in flat(each["figures"]).items():
                    assert line[key] == ("" if value is None else str(value)), (level, each["hub"], key)
    assert expected == len(rows)


def flat(given: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in given.items():
        found |= {f"{name}.{key}": part for key, part in value.items()} if isinstance(value, dict) else {name: value}
    return found


def test_the_link_opens_the_same_view(final: HubPart) -> None:
    mail = mail_of(final, "en")
    link = re.search(r"http://board\.example/(\?\S+)", mail.text)
    assert link is not None
    assert parse(link[1], ZONE, "ko") == Place(day=DAY, as_of=CLOSED, known_at=CLOSED, lang="en")


def test_pictures_resolve_and_have_words(final: HubPart) -> None:
    mail = mail_of(final)
    assert sources(mail.html) == [f"cid:{image.cid}" for image in mail.images]
    assert all(image.alt and image.png.startswith(b"\x89PNG") for image in mail.images)


def test_nothing_from_elsewhere_is_loaded(final: HubPart) -> None:
    html = mail_of(final).html
    assert re.findall(r"src=[\"']?(\w+)", html) == ["cid"]
    assert not re.search(r"url\(|@import|<link|<script|background=", html)


def test_a_lag_is_said_everywhere(final: HubPart) -> None:
    lagging = replace(final, data_to=CLOSED - 10 * tm.MINUTE)
    mail = mail_of(lagging)
    assert mail.subject.startswith("[자료 미완]")
    assert len(mail.incomplete) == 1
    assert "11:50:00" in mail.incomplete[0]
    for said in (mail.text, seen(mail.html), mail.files[0].data.decode("utf-8-sig")):
        assert mail.incomplete[0] in said
    assert mail_of(final).incomplete == ()
    assert "빠진 것" not in mail_of(final).text


def test_where_ingest_says_nothing_the_mail_is_incomplete(final: HubPart) -> None:
    mail = mail_of(replace(final, data_to=None))
    assert len(mail.incomplete) == 1
    assert mail.subject.startswith("[자료 미완]")


def test_silent_camps_are_named(final: HubPart) -> None:
    camps = [camp for camp in final.camps if camp.hub != "unmapped"][:2]
    mail = mail_of(replace(final, silent=tuple(camps)), "en")
    assert [line.removeprefix("Silent camp: ") for line in mail.incomplete] == [camp.name_en for camp in camps]
    n = sum(camp.hub != "unmapped" for camp in final.camps)
    assert f"{n - 2} of {n} camps heard" in mail.text


def test_a_camp_whose_feed_died_before_its_shift_makes_mail_and_readiness_incomplete(reader: DaysReader) -> None:
    content = content_of(reader)
    part = content.part(EVERYTHING, HOURLY, None)
    assert part.silent == ()
    camp = max(part.camps, key=lambda each: each.now.delivery["due"])
    dead = {"due": 100, "arrived": 100, "open": 60, "completed": 40, "last_completed_at": "2026-11-20T06:00:00+09:00"}
    camp = replace(camp, now=replace(camp.now, delivery={**dead, "friends_out": 0}))
    master = reader.network.master
    assert content._silent(master, HOURLY, [camp]) == (camp,)
    assert content._silent(master, replace(HOURLY, wave="DAWN"), [camp]) == ()
    row = SimpleNamespace(hub=camp.hub, figures=camp.now.delivery)
    fake: Any = SimpleNamespace(
        clock=reader.clock, data_to=reader.data_to, zone=ZONE, country="KR", store=reader.store,
        query=lambda viewer, question: SimpleNamespace(rows=[row]),
    )  # fmt: skip
    ready = Readiness(fake, tm.MINUTE).of(Slot("hourly-digest", DAY, "all", FOUR, "r", FOUR))
    assert ready.missing == (f"camp {camp.hub} is silent",)


def test_no_camp_of_a_usual_day_is_silent(reader: DaysReader) -> None:
    readiness = Readiness(reader, tm.MINUTE)
    for hour in (4, 7, 12, 19, 22):
        moment = tm.parse_instant("2026-11-20T00:00:00+09:00") + hour * tm.HOUR
        assert readiness.of(Slot("hourly-digest", DAY, "all", moment, "r", moment)).missing == (), hour


def test_what_is_not_complete_is_never_called_on_time(final: HubPart) -> None:
    good = {**final.here.now.delivery, "m1_late": 0, "m1_late_open": 0, "m1_rate": 0.0}
    fine = replace(final, here=replace(final.here, now=replace(final.here.now, delivery=good)))
    assert "전국 배송은 정상입니다." in mail_of(fine).text
    lagging = mail_of(replace(fine, data_to=None))
    assert "정상" not in lagging.text.split("## ")[0]
    assert "알 수 없습니다" in lagging.text


def test_the_subject_of_what_is_not_complete_never_says_fine(final: HubPart) -> None:
    good = {**final.here.now.delivery, "m1_late": 0, "m1_late_open": 0, "m1_rate": 0.0}
    fine = replace(final, here=replace(final.here, now=replace(final.here.now, delivery=good)))
    assert "정상, 지연율 0.00%" in mail_of(fine).subject
    lagging = replace(fine, data_to=None)
    assert mail_of(lagging).subject.endswith("판단 보류")
    assert mail_of(lagging, "en").subject.endswith("too early to say")
    assert "ok" in {tone for _, tone in lead(Voice(fine, "ko"))}
    assert "ok" not in {tone for _, tone in lead(Voice(lagging, "ko"))}


class LaggingJudge:
    """As ``Readiness`` where the data reach to a time before T and stay there."""

    def __init__(self, reader: DaysReader) -> None:
        self.readiness = Readiness(reader, tm.MINUTE)  # type: ignore[arg-type]

    def order(self, slot: Slot) -> Order:
        """The order of a scheduled run that went out after its wait."""
        ready = self.readiness.of(slot)
        assert ready.missing
        return order_of(
            Run(slot.report, slot.service_date, slot.wave, "nationwide", "KR", "a@b.example", slot.revision, "ko",
                False, False, slot.at, ready.as_of, ready.known_at, "claimed", slot.at)
        )  # fmt: skip


@pytest.mark.parametrize("report", ["hourly-digest", "daily-final"])
def test_figures_of_an_earlier_time_than_was_due_are_never_complete(reader: DaysReader, report: Any) -> None:
    at, wanted = (FOUR, FOUR) if report == "hourly-digest" else (CLOSED + 30 * tm.MINUTE, CLOSED)
    before = reader.reached
    reader.reached = wanted - 20 * tm.MINUTE
    try:
        order = LaggingJudge(reader).order(Slot(report, DAY, "all", at, "r", wanted))
        part = content_of(reader).part(EVERYTHING, order, None)
    finally:
        reader.reached = before
    assert (order.as_of, order.known_at) == (wanted - 20 * tm.MINUTE,) * 2
    assert part.caught_up
    mail = mail_of(part)
    asked, got = ("16:00:00", "15:40:00") if report == "hourly-digest" else ("12:00:00", "11:40:00")
    assert mail.subject.startswith("[자료 미완]")
    (said,) = mail.incomplete
    assert asked in said
    assert got in said
    assert said in mail.text
    assert "모두 반영" not in mail.text
    by_hand = content_of(reader).part(EVERYTHING, replace(order, due=None), None)
    assert "모두 반영" in mail_of(by_hand).text


def test_no_data_is_unknown_and_not_zero(reader: DaysReader, content: ReportContent) -> None:
    day = DAY + timedelta(days=40)
    closed = tm.closing(day, ZONE)
    mail = mail_of(content.part(EVERYTHING, replace(FINAL, service_date=day, as_of=closed, known_at=closed), None))
    assert mail.subject.endswith("모름")
    assert mail.incomplete
    assert "12. 30.(수) 업무일의 자료를 받지 못했습니다. 0이 아니라 모르는 것입니다." in mail.text
    assert "##" not in mail.text
    assert mail.images == ()
    assert "정상" not in seen(mail.html)


def test_a_hub_with_nothing_due_says_so(final: HubPart) -> None:
    nothing = {**final.here.now.delivery, "due": 0, "completion": None, "m1_rate": None, "m1_base": 0}
    mail = mail_of(replace(final, here=replace(final.here, now=replace(final.here.now, delivery=nothing))))
    assert "전국 배송 예정이 없습니다." in mail.text
    assert "값 —" in row(mail, "배송 지연 M1")


def test_a_name_can_neither_run_nor_break_out(final: HubPart) -> None:
    bad = '=cmd|"/c"!A1<script>alert(1)</script>\r\nBcc: x@example.com'
    exported = tuple(replace(each, row=replace(each.row, name_ko=bad)) for each in final.exported)
    child = replace(final.children[0], name_ko=bad, owner=bad)
    mail = mail_of(replace(final, here=replace(final.here, name_ko=bad), children=(child,), exported=exported))
    assert "<script" not in mail.html
    assert "&lt;script&gt;" in mail.html
    assert "\n" not in mail.subject
    assert "\r" not in mail.subject
    _, rows = cells(mail)
    assert {each["name"] for each in rows} == {"'" + bad}


def test_only_those_with_a_right_get_a_hub(reader: DaysReader, content: ReportContent) -> None:
    camps = reader.network.master.hierarchy.on(DAY).hubs("camp")
    viewer = Viewer("lead", (Grant("camp", camps[0].id),))
    own = replace(FINAL, level="camp", hub=camps[0].id)
    assert content.part(viewer, own, None).here.hub == camps[0].id
    for other in (replace(own, hub=camps[1].id), FINAL):
        with pytest.raises(AccessError):
            content.part(viewer, other, None)


def test_an_unknown_hub_is_an_error(content: ReportContent) -> None:
    with pytest.raises(QueryError, match="no area nowhere"):
        content.part(EVERYTHING, replace(FINAL, level="area", hub="nowhere"), None)


def test_all_hubs_of_a_run_cost_one_reading(reader: DaysReader) -> None:
    fresh, before = content_of(reader), reader.looks
    tree = reader.network.master.hierarchy.on(DAY)
    for level in ("nationwide", "region", "area", "camp"):
        for hub in tree.hubs(level):
            fresh.part(EVERYTHING, replace(FINAL, level=level, hub=hub.id), EARLY)
    assert reader.looks - before <= 6  # three moments, and a part read later of each


def test_an_incomplete_reading_is_shared_until_it_would_be_complete(reader: DaysReader) -> None:
    fresh = content_of(reader)
    now, reached, clock = [CLOSED], reader.reached, reader.clock
    reader.clock = lambda: now[0]
    try:
        reader.reached = CLOSED - 2
        assert fresh.part(EVERYTHING, FINAL, None).data_to == CLOSED - 2
        reader.reached = CLOSED - 1
        assert fresh.part(EVERYTHING, FINAL, None).data_to == CLOSED - 2
        now[0] += 2 * tm.MINUTE
        assert fresh.part(EVERYTHING, FINAL, None).data_to == CLOSED - 1
        reader.reached = CLOSED
        assert fresh.part(EVERYTHING, FINAL, None).complete
    finally:
        reader.reached, reader.clock = reached, clock


def test_friends_are_named_only_to_those_who_may_read_names(reader: DaysReader, content: ReportContent) -> None:
    camp = next(each for each in content.part(EVERYTHING, FINAL, None).camps if each.now.delivery["friend_days"])
    part = content.part(EVERYTHING, replace(FINAL, level="camp", hub=camp.hub), None)
    names = {friend.name_ko for friend in part.friends if friend.hub != "unassigned"}
    assert names
    named, masked = mail_of(part, names=True), mail_of(part)
    assert all(name in named.html and name in named.text for name in names)
    for said in (masked.html, masked.text, masked.files[0].data.decode(), named.files[0].data.decode()):
        assert not [name for name in names if name in said]
        assert not [friend.hub for friend in part.friends if friend.hub != "unassigned" and friend.hub in said]


def test_a_wave_close_is_of_its_wave(reader: DaysReader, content: ReportContent) -> None:
    order = replace(EARLY, report="wave-close", wave="DAWN")
    mail = mail_of(content.part(EVERYTHING, order, None))
    now = figures(reader, "nationwide", "KR", order)
    assert "새벽 마감 리포트" in mail.subject
    assert f"{fm.count(now['completed'])} / {fm.count(now['due'])}" in row(mail, "완료율 M4")
    assert now["due"] < figures(reader, "nationwide", "KR", EARLY)["due"]


def test_what_is_open_when_its_wave_closes_is_late(reader: DaysReader, content: ReportContent) -> None:
    table = Timetable({}, tuple(reader.network.master.waves_of("KR")), ZONE)
    start = tm.parse_instant("2026-11-20T00:00:00+09:00")
    slots = [slot for slot in table.slots("wave-close", start, start + tm.DAY) if slot.service_date == DAY]
    assert [slot.wave for slot in slots] == ["DAWN", "DAY", "SAME_DAY"]
    for slot in slots:
        order = Order("wave-close", DAY, slot.wave, "nationwide", "KR", slot.as_of, slot.as_of + tm.MINUTE, slot.at)
        mail, now = mail_of(content.part(EVERYTHING, order, None)), figures(reader, "nationwide", "KR", order)
        assert now["open"] == now["m1_late_open"] > 0
        assert fm.percent(now["m1_rate"], 2) in mail.subject
        assert "정상" not in mail.subject
        assert mail.incomplete == ()


def test_what_has_no_camp_is_not_counted_as_one(final: HubPart) -> None:
    late = {**final.here.now.delivery, "m1_late_open": 9}
    camps = [camp for camp in final.camps if camp.hub != "unmapped"]
    every = [replace(camp, now=replace(camp.now, delivery=late)) for camp in camps]
    unplaced = replace(every[0], hub="unmapped", now=replace(every[0].now, delivery=late))
    mail = mail_of(replace(final, here=replace(final.here, now=every[0].now), camps=(*every, unplaced)))
    assert f"{len(camps)}개 캠프에서 9건" in mail.text


def test_a_final_mail_projects_nothing(content: ReportContent, final: HubPart) -> None:
    assert final.here.now.delivery["projected_finish"]
    assert "지금 속도로" not in mail_of(final).text
    assert "지금까지" not in mail_of(final).text
    assert "지금 속도로" in mail_of(content.part(EVERYTHING, EARLY, None)).text


def test_restatements_of_the_hub_and_below_are_told(reader: DaysReader) -> None:
    told = [
        Noted(date(2026, 11, 18), "m1_late", "nationwide", "KR", "DELIVERY", 61, 58, 3, CLOSED - 1),
        Noted(date(2026, 11, 18), "completed", "camp", "elsewhere", "DELIVERY", 1, 2, 1, CLOSED - 1),
    ]
    asked: list[Any] = []

    def noted(reader: Any, viewer: Any, metrics: Any, since: int, until: int) -> tuple[Noted, ...]:
        asked.append((since, until))
        return tuple(told)

    content = ReportContent(reader, noted, most_attached=MOST)
    mail = mail_of(content.part(EVERYTHING, FINAL, EARLY))
    assert "닫힌 날의 정정 1건" in mail.text
    assert "- 11. 18. 전국: 지표 배송 지연 전체, 전 61, 후 58" in mail.text
    assert asked == [(tm.closing(DAY - timedelta(days=1), ZONE), CLOSED)]
    assert "정정" not in mail_of(content.part(EVERYTHING, EARLY, None)).text


def test_restatements_that_do_not_fit_are_counted_and_all_are_in_the_file(final: HubPart) -> None:
    told = tuple(
        Noted(date(2026, 11, 18), "m1_late", "nationwide", "KR", "DELIVERY", 1000 + n, 2000 + n, 3, CLOSED - 1)
        for n in range(15)
    )
    mail = mail_of(replace(final, restated=told, restated_names={("nationwide", "KR"): ("전국", "Nationwide")}))
    assert mail.text.count("- 11. 18. 전국:") == 12
    assert "그 밖의 3건은 첨부에 있습니다." in mail.text
    file = mail.files[0].data.decode("utf-8-sig")
    assert all(
        f"정정 2026-11-18 전국 (nationwide:KR) 배송 지연 전체 (m1_late),{1000 + n} → {2000 + n}" in file
        for n in range(15)
    )


def test_the_worst_place_is_that_of_the_figure_it_is_named_with(content: ReportContent) -> None:
    part = content.part(EVERYTHING, HOURLY, None)
    first, second = (
        replace(child, now=replace(child.now, delivery={**child.now.delivery, "m1_late": late, "m1_late_open": left}))
        for child, late, left in zip(part.children[:2], (10, 90), (9, 1), strict=True)
    )
    now = {**part.here.now.delivery, "m1_late_open": 10, "m1_rate": 0.06}
    part = replace(part, children=(first, second), here=replace(part.here, now=replace(part.here.now, delivery=now)))
    assert f"{second.name_en} has the most late (90, " in mail_of(part, "en").text


def test_no_camp_is_called_unchanged_that_was_not_compared(final: HubPart) -> None:
    same = tuple(replace(camp, week=camp.now) for camp in final.camps)
    told = "지난주보다 지연이 늘거나 준 캠프가 없습니다."
    assert told in mail_of(replace(final, camps=same)).text
    unknown = tuple(replace(camp, week=None) for camp in final.camps)
    assert told not in mail_of(replace(final, camps=unknown)).text
    camp = replace(final, order=replace(final.order, level="camp"), camps=same[:1], children=())
    assert told not in mail_of(camp).text


def test_a_final_mail_compares_with_the_close_and_others_with_the_same_time(final: HubPart) -> None:
    week = replace(final.here.now, delivery={**final.here.now.delivery, "completion": 0.5})
    final = replace(final, here=replace(final.here, week=week))
    assert "완료율은 지난 금요일 마감 때보다" in mail_of(final).text
    assert "같은 시각" not in mail_of(final).text
    running = replace(final, order=replace(final.order, report="daily-provisional"))
    assert "완료율은 지난 금요일 같은 시각보다" in mail_of(running).text


def test_a_caught_up_mail_says_that_it_is_late(final: HubPart) -> None:
    mail = mail_of(final, late=True)
    assert mail.subject.startswith("[늦은 발송]")
    assert "늦게 보내는 메일" in mail.text
    assert mail.incomplete == ()


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_part_gives_the_same_mail_every_time(final: HubPart, lang: fm.Lang) -> None:
    assert mail_of(final, lang) == mail_of(final, lang)
