"""A figure of every metric of invoices on the example day, reckoned by hand from the story."""

from __future__ import annotations

from typing import Final

from hubstat.examples.parts import Example

_LATE: Final = (
    "Late are D4 (10 min), D8 (5), D6 (90), D13 (30, open), D14 (60, when it was closed), D18 (60, open), "
    "D19 (120, open), N7 (10), N8 and N9 (660 each, open)"
)
_LATE_RETURNS: Final = "P2 (10 min), P4 (60, when it was withdrawn), P5 (60, open) and P6 (180, open)"
_UNDELIVERED: Final = (
    "N8 (failed: 시간초과), D22 (failed: 주소불명), D13 and D18 (open past their promise, arrived, not loaded), "
    "D19 (open past its promise, not arrived) and N9 (open past its promise, loaded, never tried)"
)
_HELD: Final = (
    "At F1's departure (10:05) F1 held D1 to D13, at F2's (10:25) F2 held D17 and D20 to D23, at F5's "
    "(05:08) F5 held N1 to N9"
)

INVOICE_EXAMPLES: Final[tuple[Example, ...]] = (
    Example(
        "due",
        30,
        "DAY 21: D1 to D14, D17 to D23; DAWN 9: N1 to N9. D15 was cancelled at 09:00, before its "
        "departure and promise; D16 is superseded by D19; the customer moved D24 to the 21st.",
    ),
    Example(
        "completed",
        6,
        "E1 to E5, and E8, whose scan of 17:40 was received at 18:30. E6's delivery scan was corrected.",
        hub="C2",
        known_at="19:00",
    ),
    Example("open", 11, "D10 to D13, D17, D18, D19, D22, D23, N8 and N9."),
    Example(
        "closed",
        2,
        "P4 was withdrawn after its promise, P9 closed by an administrator. P7, withdrawn before its "
        "promise, is not due.",
        direction="RETURN",
    ),
    Example(
        "completion",
        25 / 45,
        "Completed 18 in C1, 5 in C2, 2 in C4; due 30 in C1, 8 in C2, 4 in C3, 3 in C4: 25 ÷ 45 = 0.556.",
        hub="KR",
        level="nationwide",
    ),
    Example(
        "arrived",
        28,
        "All 30 due but D17 and D19. D23 has no arrival scan; its loading proves the arrival.",
    ),
    Example("arrival_rate", 28 / 30, "28 of the 30 due: all but D17 and D19. 28 ÷ 30 = 0.933."),
    Example(
        "m1_base",
        24,
        "Promises before 18:00: D1 to D9, D13, D14, D18 to D21 (15) and N1 to N9 (9). D10, D11, D12, D17, "
        "D22 and D23 are promised for later.",
    ),
    Example("m1_late", 10, f"{_LATE}. D9, delivered at 17:30 for 17:30, is on time."),
    Example("m1_late_open", 5, "Open with a promise before 18:00: D13, D18, D19, N8 and N9."),
    Example("m1_rate", 10 / 24, f"{_LATE}: 10 of the 24 promises past. 10 ÷ 24 = 0.417."),
    Example(
        "m1_buckets",
        {
            "(0,30]": 4,
            "(30,60]": 2,
            "(60,120]": 2,
            "(120,360]": 0,
            "(360,1440]": 2,
            "(1440,2880]": 0,
            ">2880": 0,
        },
        f"{_LATE}. 30, 60 and 120 belong to the bucket that they end.",
    ),
    Example(
        "m1_at_risk",
        2,
        "D12 of F1 is the second stop left, finished at 19:00 for a promise of 18:30; H3 of F8 is "
        "projected to 18:30 for 18:15. See projected_finish for F1's pace; F8 did 2 stops in the last net "
        "hour, so one takes 30 min.",
        hub="KR",
        level="nationwide",
    ),
    Example(
        "m1_adjusted_base",
        22,
        "The 24 promises past without D3 (failed 10:48, promise 14:00, customer absent) and D6 (failed 13:30, promise "
        "15:00, unreachable). N8 failed for want of time, after its promise.",
    ),
    Example("m1_adjusted_late", 9, "The 10 late ones without D6, which failed by its promise for a customer's reason."),
    Example("m1_adjusted_rate", 9 / 22, "10 late − D6 = 9; 24 promises past − D3 − D6 = 22. 9 ÷ 22 = 0.409."),
    Example(
        "m2_base",
        5,
        "P1, P2, P4, P5 and P6. P3 and P9 are promised for later, P7 was withdrawn before its promise.",
        direction="RETURN",
    ),
    Example("m2_late", 4, f"{_LATE_RETURNS}. P1 was picked up at 13:50 for 14:00.", direction="RETURN"),
    Example("m2_late_open", 2, "P5 and P6 are open past their promises.", direction="RETURN"),
    Example("m2_rate", 4 / 5, f"{_LATE_RETURNS} of 5 promises past. 4 ÷ 5 = 0.8.", direction="RETURN"),
    Example(
        "m2_buckets",
        {
            "(0,30]": 1,
            "(30,60]": 2,
            "(60,120]": 0,
            "(120,360]": 1,
            "(360,1440]": 0,
            "(1440,2880]": 0,
            ">2880": 0,
        },
        f"{_LATE_RETURNS}.",
        direction="RETURN",
    ),
    Example(
        "m2_at_risk",
        1,
        "P3 is F1's third stop left, projected to 19:20 for a promise of 19:00. P6 is late already.",
        direction="RETURN",
    ),
    Example(
        "m2_withdrawn_by_policy",
        2,
        "P4 at 17:00 and P7 at 09:00; P7 counts here although it is no longer due.",
        direction="RETURN",
    ),
    Example(
        "return_request_to_pickup",
        {"median": 1080, "p90": 1440, "n": 4},
        "Q2 960, P2 1,080, P1 1,440, Q1 1,440 minutes (Q1's pickup is inferred from the warehouse scan): "
        "place ⌈0.5 × 4⌉ = 2 is 1,080, place ⌈0.9 × 4⌉ = 4 is 1,440.",
        hub="A1",
        level="area",
        direction="RETURN",
    ),
    Example(
        "return_pickup_to_warehouse",
        {"median": 210, "p90": 240, "n": 3},
        "Q1 0, P1 210, Q2 240 minutes; P2 is not there yet. Place 2 of 3 is 210, place ⌈2.7⌉ = 3 is 240.",
        hub="A1",
        level="area",
        direction="RETURN",
    ),
    Example(
        "return_warehouse_to_completed",
        {"median": 270, "p90": 360, "n": 2},
        "Q2 270, Q1 360 minutes: place 1 of 2 is 270, place ⌈1.8⌉ = 2 is 360.",
        hub="C2",
        direction="RETURN",
    ),
    Example(
        "return_refund_latency",
        {"median": 30, "p90": 90, "n": 2},
        "P2 30, P1 90 minutes. Q2 may not be refunded first, so that its refund does not count.",
        hub="A1",
        level="area",
        direction="RETURN",
    ),
    Example(
        "m3",
        {
            "done": 25,
            "closed_admin": 1,
            "withdrawn_or_cancelled": 1,
            "loaded": 5,
            "out": 1,
            "back_at_camp": 2,
            "assigned_arrived": 3,
            "assigned_not_arrived": 1,
            "unassigned_arrived": 5,
            "unassigned_not_arrived": 2,
        },
        "Closed D14; cancelled D15; loaded D10, D11, D12, D23, H3; out D22; back N8, N9; assigned D13, "
        "G1, G2 (arrived) and D17; unassigned D18, E6, E8, G3, G4 (arrived), D19 and E7. With the 25 "
        "completed: the 45 due and D15.",
        hub="KR",
        level="nationwide",
    ),
    Example(
        "m3",
        {"done": 2, "closed_admin": 1, "withdrawn_or_cancelled": 2, "out": 1, "assigned": 1, "unassigned": 1},
        "Done P1, P2; closed P9; withdrawn P4, P7; out P3, whose attempt failed; assigned P6; unassigned P5.",
        direction="RETURN",
    ),
    Example("load_assigned", 27, f"{_HELD}: 13 + 5 + 9."),
    Example(
        "load_gap",
        2,
        f"{_HELD}. D13 was never loaded, D17 never arrived; D23 was loaded, though never scanned as arrived.",
    ),
    Example(
        "first_attempt_n",
        20,
        "D1 to D9, D20, D21 and N1 to N7 are completed, D22 and N8 failed.",
    ),
    Example("first_attempt_ok", 16, "The 18 completed ones without D3 and D6, whose first attempts failed."),
    Example("first_attempt_rate", 16 / 20, "16 of 20: D3, D6, D22 and N8 failed at first. 16 ÷ 20 = 0.8."),
    Example(
        "completions_by_hour",
        {
            "2026-11-20T05": 2,
            "2026-11-20T06": 4,
            "2026-11-20T07": 1,
            "2026-11-20T10": 3,
            "2026-11-20T11": 3,
            "2026-11-20T13": 1,
            "2026-11-20T16": 2,
            "2026-11-20T17": 2,
        },
        "N1, N2; N3 to N6; N7; D1, D2, D20; D4, D5, D21 (11:00:00 belongs to the hour it begins); D3; D6, D7; D8, D9.",
    ),
    Example(
        "last_completed_at",
        "2026-11-20T17:40:00.000+09:00",
        "E8's scan of 17:40 is the latest, once it is received at 18:30; as known at 18:00 it was E5's of 12:01.",
        hub="C2",
        known_at="18:30",
    ),
    Example(
        "completion_p95",
        "2026-11-20T17:05:00.000+09:00",
        "18 completed in C1 and 5 in C2: place ⌈0.95 × 23⌉ = 22, the last but one: D8 at 17:05, before D9 at 17:30.",
        hub="A1",
        level="area",
    ),
    Example("after_deadline", 1, "The dawn wave's deadline is 07:00: N7 was delivered at 07:10.", wave="DAWN"),
    Example(
        "carried_over",
        2,
        "The dawn wave closed at 07:00 + 4 h; N8 and N9 are still open. The day's deadline is the end of the date.",
    ),
    Example(
        "plan_by_hour",
        {"2026-11-20T10": 10.5, "2026-11-20T11": 15.75},
        "F1's Fridays had 2, 2 and 3 of 4 done before 11:00, and 3, 3 and 4 of 4 before 12:00: medians 0.5 and 0.75, "
        "nothing before and no more after. Due in the day wave 21: 10.5 and 15.75.",
        as_of="11:30",
    ),
    Example(
        "plan",
        13.125,
        "Half-way between 10.5 at 11:00 and 15.75 at 12:00.",
        as_of="11:30",
    ),
    Example(
        "plan_due",
        21,
        "The 21 due of the day wave. The dawn wave's 9 have no history in C1.",
        as_of="11:30",
    ),
    Example(
        "m5",
        {"NOT_ARRIVED": 1, "NOT_LOADED": 2, "NO_ATTEMPT": 1, "시간초과": 1, "주소불명": 1},
        f"{_UNDELIVERED}.",
    ),
    Example("undelivered", 6, f"{_UNDELIVERED}."),
    Example(
        "m5_groups",
        {"address-access": 1, "capacity": 1, "not-attempted": 4},
        "주소불명 (D22) is of address-access, 시간초과 (N8) of capacity; the steps of D13, D18, D19 and N9 are "
        "not-attempted.",
    ),
    Example(
        "m5_shares",
        {"NOT_ARRIVED": 1 / 6, "NOT_LOADED": 2 / 6, "NO_ATTEMPT": 1 / 6, "시간초과": 1 / 6, "주소불명": 1 / 6},
        "Of 6 undelivered, D13 and D18 are not loaded: 2 ÷ 6 = 0.333; D19, N9, N8 and D22 are 1 ÷ 6 = 0.167 each.",
    ),
    Example(
        "m5_group_shares",
        {"address-access": 1 / 6, "capacity": 1 / 6, "not-attempted": 4 / 6},
        "Of 6 undelivered, D22 1, N8 1, and D13, D18, D19, N9 4: 0.167, 0.167 and 0.667.",
    ),
    Example(
        "m6",
        {"<12": 7, "12-24": 2, "24-48": 1, "48-72": 1, ">=72": 1},
        "D10 to D13, D18, D22 (11 h) and D23 (8.5 h since its loading); N8, N9 (16 h); of earlier dates "
        "B3 (35 h), B1 (59 h) and B2 (84 h). D17 and D19 have not arrived.",
    ),
    Example(
        "m6_pickup_to_warehouse",
        {"<12": 1, "12-24": 0, "24-48": 0, "48-72": 1, ">=72": 0},
        "P2 was picked up 3 h 50 min ago, P8 of the 18th 51 h ago; neither is at the warehouse. P1 is.",
        direction="RETURN",
    ),
    Example(
        "m6_stalled",
        2,
        "Nothing has happened to B1 for 24.5 h (back at the camp 19th 17:30) and to B2 for 84 h; B3 came "
        "back 22 h ago.",
    ),
)
