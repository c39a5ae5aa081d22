"""A figure of every metric of Friends' work on the example day, reckoned by hand from the story."""

from __future__ import annotations

from typing import Final

from hubstat.examples.parts import Example

_F1: Final = "C1/F1"
_NET_OF_F1: Final = "445 min on the road − 145 excluded = 300 min"
_NET_BY_HOUR: Final = {
    "2026-11-20T10": 50,
    "2026-11-20T11": 50,
    "2026-11-20T12": 20,
    "2026-11-20T13": 60,
    "2026-11-20T14": 20,
    "2026-11-20T15": 20,
    "2026-11-20T16": 50,
    "2026-11-20T17": 30,
}
_STANDARD: Final = (
    "F1's Fridays took 20, 30 and 15 min a stop (80, 120 and 60 min for 4 stops): the standard of A1's day wave is "
    "20 min"
)
_EFFORTS: Final = "F1 13 stops in 300 min, F2 3 in 55, F6 2 in 88 (E1 and E5: 149 min − 61 to the end of the batch)"
_PACE_OF_F1: Final = (
    "F1's last net hour (from 16:20, without 16:40–16:50 offline) has 3 stops: pace (3 + 3) ÷ 2 h, 20 min "
    "a stop, and 20 of the 60 min of planned break are left"
)
_PACE_OF_F2: Final = (
    "F2's 55 net min have 3 stops: pace (3 + 3) ÷ (55 + 60) min, 19 min 10 s a stop, and no break is left"
)

FRIEND_EXAMPLES: Final[tuple[Example, ...]] = (
    Example(
        "friend_days",
        5,
        "F1, F2, F5, F6 and F8 worked. F1's earlier Fridays are days of their own.",
        hub="KR",
        level="nationwide",
    ),
    Example("friends_planned", 8, "F1 to F8 have a shift of the date.", hub="KR", level="nationwide"),
    Example("friends_out", 3, "F1, F2 and F8 have departed and not ended.", hub="KR", level="nationwide"),
    Example("friends_back", 2, "F5 ended at 07:40, F6 at 12:30.", hub="KR", level="nationwide"),
    Example("friends_absent", 1, "F3, reported at 09:30."),
    Example(
        "friends_not_started",
        2,
        "F4's shift begins at 19:00; F7's began at 10:00 without any activity. F3 is absent.",
        hub="KR",
        level="nationwide",
    ),
    Example("routes_planned", 5, "R1 to R5 of F1 to F5. F6 and F8 departed without a planned route."),
    Example("routes_departed", 3, "R1 of F1, R2 of F2 and R5 of F5."),
    Example("routes_on_time", 2, "R1 departed 5 min and R5 8 min after the plan; R2 was 25 min late."),
    Example("departure_on_time_rate", 2 / 3, "R1 and R5 of R1, R2 and R5. 2 ÷ 3 = 0.667."),
    Example("departure_delay_minutes", 38, "R1 5 + R2 25 + R5 8 min."),
    Example(
        "on_road_minutes",
        652,
        "F1 10:05–17:30 = 445 (not ended: to the last activity), F2 10:25–11:20 = 55, F5 05:08–07:40 = 152.",
    ),
    Example(
        "excluded_minutes",
        {"break": 40, "app_lock": 40, "load_wait": 5, "window_wait": 40, "incident": 10, "offline": 10},
        "Break 12:00–12:40 as recorded, not as planned; app lock 14:20–15:00; waiting for load "
        "10:06–10:11; for D7's window 15:20–16:00; incident 11:12–11:22; offline 16:40–16:50. Offline "
        "17:35–17:45 is after the last activity.",
        hub=_F1,
        level="friend",
    ),
    Example(
        "net_on_road_minutes",
        507,
        f"F1 {_NET_OF_F1}; F2 55, since the planned break is after its last activity; F5 152.",
    ),
    Example(
        "idle_minutes",
        65,
        "The allowance of A1's day wave is 25 min, the longest of the 9 gaps of F1's Fridays. F1 "
        "11:30–13:10 less 40 min break: 60 − 25 = 35; 14:10–15:20 less 40 min app lock: 30 − 25 = 5. F5 "
        "(dawn, no history: 15 min) four gaps of 20: 20. F6 11:31–12:01: 30 − 25 = 5; the hour before the "
        "batch is left out.",
        hub="A1",
        level="area",
    ),
    Example(
        "silent_minutes",
        390,
        "The longest: F8 since 11:30. F2 since 11:20 is 400 − 60 of the planned break = 340, F1 since "
        "17:30 is 30 − 10 offline = 20; F5 and F6 are back.",
        hub="KR",
        level="nationwide",
    ),
    Example(
        "silent_friends",
        2,
        "F2 (340 min, allowance 25) and F8 (390 min, allowance 15). F1's 20 min are within 25.",
        hub="KR",
        level="nationwide",
    ),
    Example(
        "stops",
        29,
        "F1 13 (D1 and D2 are one; D3 and D6 two each; P1, P2 and P3 too), F2 3, F5 8 (N1 to N8), F6 5.",
        hub="A1",
        level="area",
    ),
    Example(
        "batch_scans",
        1,
        "F6's E2, E3 and E4 at 11:30:00, 11:30:30 and 11:31:00: three doorsteps within 60 s.",
        hub="C2",
    ),
    Example(
        "worked_by_hour",
        {
            "2026-11-20T10": 2,
            "2026-11-20T11": 2,
            "2026-11-20T12": 0,
            "2026-11-20T13": 2,
            "2026-11-20T14": 1,
            "2026-11-20T15": 0,
            "2026-11-20T16": 2,
            "2026-11-20T17": 2,
        },
        "D1, D2; D4, D5; D3, P1; P2; D7, D6; D8, D9. Hours with net time and nothing done are 0.",
        hub=_F1,
        level="friend",
    ),
    Example(
        "net_minutes_by_hour",
        _NET_BY_HOUR,
        "10: from 10:05, 55 − 5 load; 11: − 10 incident; 12: − 40 break; 13: all; 14: − 40 app lock; 15: "
        "− 40 window; 16: − 10 offline; 17: to 17:30.",
        hub=_F1,
        level="friend",
    ),
    Example(
        "invoices_per_hour",
        {
            "2026-11-20T10": 2.4,
            "2026-11-20T11": 2.4,
            "2026-11-20T12": 0,
            "2026-11-20T13": 2,
            "2026-11-20T14": 3,
            "2026-11-20T15": 0,
            "2026-11-20T16": 2.4,
            "2026-11-20T17": 4,
        },
        "Worked ÷ net: 10, 11 and 16: 2 in 50 min; 13: D3 and P1 in 60; 14: P2 in 20; 17: D8 and D9 in 30.",
        hub=_F1,
        level="friend",
    ),
    Example(
        "hourly_deliveries",
        2.2,
        f"F1: {_NET_OF_F1} = 5 h; D1 to D9, P1 and P2 are 11. 11 ÷ 5 = 2.2.",
        hub=_F1,
        level="friend",
    ),
    Example(
        "stops_by_hour",
        {
            "2026-11-20T10": 2,
            "2026-11-20T11": 2,
            "2026-11-20T12": 0,
            "2026-11-20T13": 3,
            "2026-11-20T14": 1,
            "2026-11-20T15": 1,
            "2026-11-20T16": 2,
            "2026-11-20T17": 2,
        },
        "D1 with D2, D3 (failed); D4, D5; D3, D6 (failed), P1; P2; P3 (failed); D7, D6; D8, D9.",
        hub=_F1,
        level="friend",
    ),
    Example(
        "stops_per_hour",
        {
            "2026-11-20T10": 2.4,
            "2026-11-20T11": 2.4,
            "2026-11-20T12": 0,
            "2026-11-20T13": 3,
            "2026-11-20T14": 3,
            "2026-11-20T15": 3,
            "2026-11-20T16": 2.4,
            "2026-11-20T17": 4,
        },
        "Stops ÷ net: 10, 11 and 16: 2 in 50 min; 13: D3, D6 and P1 in 60; 14: P2 in 20; 15: P3 in 20; "
        "17: D8 and D9 in 30.",
        hub=_F1,
        level="friend",
    ),
    Example(
        "hourly_stops",
        2.6,
        f"F1: {_NET_OF_F1} = 5 h; 13 stops. 13 ÷ 5 = 2.6.",
        hub=_F1,
        level="friend",
    ),
    Example(
        "standard_minutes",
        360,
        f"{_STANDARD}. F1 13, F2 3, F6 2 stops (E2 to E4 are a batch) × 20. F5's dawn has no standard.",
        hub="A1",
        level="area",
    ),
    Example("efficiency_net_minutes", 443, f"{_EFFORTS}: 300 + 55 + 88.", hub="A1", level="area"),
    Example("efficiency_stops", 18, f"{_EFFORTS}: 13 + 3 + 2.", hub="A1", level="area"),
    Example(
        "efficiency",
        360 / 443,
        f"{_STANDARD}. {_EFFORTS}: 18 × 20 ÷ 443 = 0.813.",
        hub="A1",
        level="area",
    ),
    Example(
        "open_stops",
        10,
        "F1 D13, D12, P3, D10 with D11 (4); F2 P6, D17, D22, D23 (4); F5, who is back, N8 and N9 (2).",
    ),
    Example(
        "unassigned_stops",
        7,
        "C1 D18, D19, P5; C2 E6, E7, E8; C3 G3 and G4 at one doorstep.",
        hub="KR",
        level="nationwide",
    ),
    Example(
        "no_pace_stops",
        2,
        "G1 and G2 of F7, who has done nothing, in an area without a standard.",
        hub="C3",
    ),
    Example(
        "projected_finish",
        "2026-11-20T19:40:00.000+09:00",
        f"{_PACE_OF_F1}: the 4 stops D13, D12, P3, D10 with D11 are done at 18:00 + 80 + 20 min. F2 is "
        "done at 19:16:40 and F5's two at 18:30.",
    ),
    Example(
        "shortfall",
        3,
        "At 06:30 F5 has N5 to N9 left and did 4 stops (N1 to N4) in the last net hour; no standard. 30 "
        "min to the deadline of 07:00 are enough for 2: 5 − 2 = 3.",
        as_of="06:30",
    ),
    Example(
        "can_help",
        2,
        "F1 and F2 are out and could do 4 and 5.39 stops more by the end of their shift (see spare_stops). F5 is back.",
    ),
    Example(
        "spare_stops",
        4 + (3 * 360 / 115 - 4),
        f"Until 21:00, the end of the shift. {_PACE_OF_F1}: 160 min are enough for 8, 4 are left to do: 4. "
        f"{_PACE_OF_F2}: 180 min are enough for 9.391, 4 are left to do: 5.391.",
    ),
)
