"""Names that a made-up network is drawn from: regions with their areas, and people; in Korean and English."""

from __future__ import annotations

from typing import Final

Name = tuple[str, str]  # Korean, English
Region = tuple[Name, tuple[Name, ...]]

_KOREA: Final[tuple[Region, ...]] = (
    (
        ("경기남부", "Gyeonggi South"),
        (
            ("성남", "Seongnam"),
            ("수원", "Suwon"),
            ("용인", "Yongin"),
            ("안양", "Anyang"),
            ("화성", "Hwaseong"),
            ("평택", "Pyeongtaek"),
        ),
    ),
    (
        ("서울", "Seoul"),
        (
            ("강남", "Gangnam"),
            ("송파", "Songpa"),
            ("마포", "Mapo"),
            ("노원", "Nowon"),
            ("구로", "Guro"),
            ("강서", "Gangseo"),
        ),
    ),
    (
        ("경기북부", "Gyeonggi North"),
        (("고양", "Goyang"), ("파주", "Paju"), ("의정부", "Uijeongbu"), ("남양주", "Namyangju")),
    ),
    (("인천", "Incheon"), (("부평", "Bupyeong"), ("송도", "Songdo"), ("김포", "Gimpo"), ("부천", "Bucheon"))),
    (("부산·울산", "Busan-Ulsan"), (("해운대", "Haeundae"), ("사상", "Sasang"), ("울산", "Ulsan"), ("기장", "Gijang"))),
    (("충청", "Chungcheong"), (("대전", "Daejeon"), ("천안", "Cheonan"), ("청주", "Cheongju"), ("세종", "Sejong"))),
    (("대구·경북", "Daegu-Gyeongbuk"), (("대구", "Daegu"), ("포항", "Pohang"), ("구미", "Gumi"))),
    (("호남", "Honam"), (("광주", "Gwangju"), ("전주", "Jeonju"), ("순천", "Suncheon"))),
    (("경남", "Gyeongnam"), (("창원", "Changwon"), ("김해", "Gimhae"), ("진주", "Jinju"))),
    (("강원", "Gangwon"), (("춘천", "Chuncheon"), ("원주", "Wonju"), ("강릉", "Gangneung"))),
)
_TAIWAN: Final[tuple[Region, ...]] = (
    (("타이베이", "Taipei"), (("다안", "Da'an"), ("신이", "Xinyi"), ("네이후", "Neihu"), ("스린", "Shilin"))),
    (
        ("신베이", "New Taipei"),
        (("반차오", "Banqiao"), ("신좡", "Xinzhuang"), ("중허", "Zhonghe"), ("단수이", "Tamsui")),
    ),
    (("타오위안", "Taoyuan"), (("중리", "Zhongli"), ("구이산", "Guishan"), ("신주", "Hsinchu"))),
    (("타이중", "Taichung"), (("시툰", "Xitun"), ("펑위안", "Fengyuan"), ("장화", "Changhua"))),
    (("가오슝", "Kaohsiung"), (("줘잉", "Zuoying"), ("펑산", "Fengshan"), ("타이난", "Tainan"))),
)
REGIONS: Final[dict[str, tuple[Region, ...]]] = {"KR": _KOREA, "TW": _TAIWAN}

_SURNAMES: Final = {"KR": "김이박최정강조윤장임한오서신권황안송류홍", "TW": "陳林黃張李王吳劉蔡楊許鄭謝郭洪"}
# First and second syllable of given names.
_GIVEN: Final = {
    "KR": ("민서도예하지주현우선연정승유수은영상", "준윤우진호원훈현연서은민빈아율철미주"),
    "TW": ("家志俊建冠承淑美雅怡佳詩心宗柏彥", "豪明傑宏宇翰芬玲婷君穎涵廷"),
}


def person(country: str, number: int) -> str:
    """Name of person ``number`` (any whole number) of a country; near numbers give unlike names."""
    name, mixed = "", number * 2_654_435_761 >> 7
    for syllables in (_SURNAMES[country], *_GIVEN[country]):
        mixed, chosen = divmod(mixed, len(syllables))
        name += syllables[chosen]
    return name
