"""Dates in either calendar, Hijri by Umm al-Qura (1343–1500; hijridate's table).

The value is {"iso": "2026-03-19", "calendar": "hijri" or "gregorian"}; of a birth before the tables, or of one whose
day nobody knows, {"year": 1340, "calendar": …}.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar

from conversations.answers.contract import Again, Answer, Confirm, Got, Heard, Hearing
from conversations.arabic.normalise import ascii_digits, fold
from conversations.events import Event, Text


def _by_language(ar: str, en: str) -> dict[str, list[str]]:
    return {"ar": ar.split(", "), "en": en.split(", ")}


GREGORIAN = _by_language(
    "يناير, فبراير, مارس, أبريل, مايو, يونيو, يوليو, أغسطس, سبتمبر, أكتوبر, نوفمبر, ديسمبر",
    "January, February, March, April, May, June, July, August, September, October, November, December",
)
HIJRI = _by_language(
    "محرم, صفر, ربيع الأول, ربيع الآخر, جمادى الأولى, جمادى الآخرة, رجب, شعبان, رمضان, شوال, ذو القعدة, ذو الحجة",
    "Muharram, Safar, Rabi I, Rabi II, Jumada I, Jumada II, Rajab, Sha'ban, Ramadan, Shawwal, Dhu al-Qa'dah, "
    "Dhu al-Hijjah",
)
FIRST_HIJRI, LAST_HIJRI = 1343, 1500
OLD = 60
"""Years from which on the year of birth is enough."""
_HIJRI_NAMES = """
1 محرم, muharram, moharram
2 صفر, safar
3 ربيع الأول, ربيع أول, ربيع اول, ربيع 1, rabi i, rabi al awwal, rabi al awal, rabi 1
4 ربيع الآخر, ربيع الثاني, ربيع ثاني, ربيع 2, rabi ii, rabi al thani, rabi al akhir, rabi 2
5 جمادى الأولى, جمادى الأول, جماد الأول, جماد أول, جمادى 1, جماد 1, jumada i, jumada al awwal, jumada 1
6 جمادى الآخرة, جمادى الثانية, جمادى الآخر, جماد الثاني, جماد ثاني, جمادى 2, jumada ii, jumada al thani, jumada 2
7 رجب, rajab
8 شعبان, shaban
9 رمضان, ramadan, ramadhan
10 شوال, shawwal, shawal
11 ذو القعدة, ذي القعدة, ذا القعدة, ذوالقعدة, القعدة, dhu al qadah, dhul qadah, dhu al qidah
12 ذو الحجة, ذي الحجة, ذا الحجة, ذوالحجة, الحجة, dhu al hijjah, dhul hijjah, dhu al hijja
"""
_GREGORIAN_NAMES = """
1 يناير, كانون الثاني, january, jan
2 فبراير, شباط, february, feb
3 مارس, آذار, march, mar
4 أبريل, ابريل, إبريل, نيسان, april, apr
5 مايو, أيار, may
6 يونيو, يونيه, حزيران, june, jun
7 يوليو, يوليه, تموز, july, jul
8 أغسطس, اغسطس, آب, august, aug
9 سبتمبر, أيلول, september, sept, sep
10 أكتوبر, تشرين الأول, october, oct
11 نوفمبر, تشرين الثاني, november, nov
12 ديسمبر, كانون الأول, december, dec
"""


def _names(table: str, calendar: str) -> dict[str, tuple[str, int]]:
    found = {}
    for line in table.strip().splitlines():
        number, _, names = line.partition(" ")
        for name in names.split(","):
            found[fold(name)] = (calendar, int(number))
    return found


_MONTHS = _names(_HIJRI_NAMES, "hijri") | _names(_GREGORIAN_NAMES, "gregorian")
_MONTH = re.compile(rf"(?<!\w)(?:{'|'.join(sorted(map(re.escape, _MONTHS), key=len, reverse=True))})(?!\w)")
_RELATIVE = {
    fold(word): days
    for days, words in {
        0: ("اليوم", "النهارده", "today"),
        -1: ("أمس", "امبارح", "البارح", "البارحة", "yesterday"),
        1: ("بكرة", "بكره", "بكرا", "غدا", "غدًا", "باكر", "tomorrow"),
        2: ("بعد بكرة", "بعد بكره", "بعد غد", "بعد باكر", "the day after tomorrow"),
    }.items()
    for word in words
}
_FIRST_DAY = re.compile(r"(?<!\w)(?:غره|مستهل|بدايه)(?!\w)")
_NUMBER = re.compile(r"[0-9]+")
_HIJRI_MARK = re.compile(r"(?<!\w)(?:هـ|ه|هجري|هجرية|هجريا|hijri|ah|h)(?!\w)")
_GREGORIAN_MARK = re.compile(r"(?<!\w)(?:م|ميلادي|ميلادية|ميلاديا|gregorian|ad|ce)(?!\w)")


@dataclass(frozen=True)
class Date(Answer):
    """A day, in whichever calendar the person thinks."""

    kind: ClassVar[str] = "date"

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if not isinstance(event, Text):
            return Again("date.only")
        return read_date(event.text, hearing.today)

    def show(self, value: Any, language: str) -> str:
        return show_date(value, language)

    def input(self) -> Mapping[str, Any]:
        # A date picker knows no Hijri, so the page takes it typed.
        return {"type": "text", "maxlength": 40, "autocomplete": "off"}


@dataclass(frozen=True)
class BirthDate(Date):
    """A day of birth: never in the future; of the old the year alone is enough."""

    kind: ClassVar[str] = "birth_date"

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if not isinstance(event, Text):
            return Again("birth_date.only")
        heard = read_date(event.text, hearing.today, birth=True)
        if isinstance(heard, Got | Confirm):
            age = age_on(heard.value, hearing.today)
            if age < 0:
                return Again("birth_date.future")
            if age > 130:
                return Again("birth_date.too_old")
        return heard

    def input(self) -> Mapping[str, Any]:
        return {**super().input(), "autocomplete": "bday"}


def age_on(value: Mapping[str, Any], day: date) -> int:
    """Full years on that day, by the Gregorian calendar. Negative for a birth to come; of a year alone, its middle."""
    if "iso" in value:
        born = date.fromisoformat(value["iso"])
    else:
        year = int(value["year"])
        # A Hijri year is 0.970225 of a Gregorian one; good to a year, which is all that a year alone can say.
        born = date(int(year * 0.970225 + 622.04) if value["calendar"] == "hijri" else year, 7, 1)
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def to_gregorian(year: int, month: int, day: int) -> date | None:
    """The Gregorian day of a Hijri one, or None where there is no such day (30/9/1448)."""
    from hijridate import Hijri

    try:
        gregorian = Hijri(year, month, day).to_gregorian()
    except (ValueError, OverflowError):
        return None
    return date(gregorian.year, gregorian.month, gregorian.day)


def read_date(text: str, today: date, birth: bool = False) -> Heard:
    """One date out of a short text; the complaint names what is missing or impossible."""
    folded = fold(ascii_digits(text)[:120])
    if folded in _RELATIVE:
        return Got(_value(today + timedelta(days=_RELATIVE[folded]), "gregorian"))
    named = _MONTH.search(folded)
    calendar, month = _MONTHS[named[0]] if named else ("", 0)
    if named:
        folded = f"{folded[: named.start()]} {folded[named.end() :]}"
        if _FIRST_DAY.search(folded):
            folded = f"1 {folded}"
    marked = "hijri" if _HIJRI_MARK.search(folded) else "gregorian" if _GREGORIAN_MARK.search(folded) else ""
    numbers = _NUMBER.findall(folded)
    if len(numbers) == 1 and len(numbers[0]) == 8 and not named:
        return _run_together(numbers[0], marked)
    if not numbers or len(numbers) > 3 or any(len(number) > 4 for number in numbers):
        return Again("date.only")
    values = [int(number) for number in numbers]
    if len(numbers) == 1 and not named:
        if birth and len(numbers[0]) == 4:
            return _year_alone(values[0], marked, today)
        return Again("date.parts")
    if len(values) != (2 if named else 3):
        return Again("date.parts")
    years = [index for index, number in enumerate(numbers) if len(number) == 4]
    if len(years) != 1 or (len(numbers) == 3 and years[0] == 1):
        return Again("date.year")
    year = values.pop(years[0])
    if named:
        return _settle(year, month, values[0], calendar, marked, birth)
    first, second = values if years[0] else reversed(values)
    if second > 12 >= first:
        # Month first, as some phones write it.
        heard = _settle(year, first, second, "", marked, birth)
        return Confirm(heard.value, "date.confirm") if isinstance(heard, Got) else heard
    return _settle(year, second, first, "", marked, birth)


def _settle(year: int, month: int, day: int, named: str, marked: str, birth: bool) -> Heard:
    by_year = "hijri" if year <= LAST_HIJRI else "gregorian" if year >= 1800 else ""
    said = {calendar for calendar in (named, marked, by_year) if calendar}
    if len(said) != 1 or year < 1200 or year > 2200:
        return Again("date.calendar")
    calendar = said.pop()
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return Again("date.none")
    if calendar == "hijri" and year < FIRST_HIJRI:
        return Got({"year": year, "calendar": "hijri"}) if birth else Again("date.calendar")
    found = to_gregorian(year, month, day) if calendar == "hijri" else _gregorian(year, month, day)
    if found is None:
        return Again("date.none")
    value = _value(found, calendar)
    # A year that belongs to neither calendar was read by its mark or month alone.
    return Got(value) if by_year else Confirm(value, "date.confirm")


def _gregorian(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _run_together(digits: str, marked: str) -> Heard:
    """Eight digits without separators: always read back, for nothing says where the year stands."""
    for year, month, day in (
        (digits[4:], digits[2:4], digits[:2]),
        (digits[:4], digits[4:6], digits[6:]),
    ):
        if FIRST_HIJRI <= int(year) <= LAST_HIJRI or 1900 <= int(year) <= 2200:
            heard = _settle(int(year), int(month), int(day), "", marked, birth=False)
            if isinstance(heard, Got):
                return Confirm(heard.value, "date.confirm")
    return Again("date.parts")


def _year_alone(year: int, marked: str, today: date) -> Heard:
    """Enough of whoever is old: many were registered without a day, and nothing hangs on it any more."""
    for calendar, first, last in (("hijri", 1200, LAST_HIJRI), ("gregorian", 1800, today.year)):
        value = {"year": year, "calendar": calendar}
        if marked in ("", calendar) and first <= year <= last and age_on(value, today) >= OLD:
            return Got(value)
    return Again("date.parts")


def _value(day: date, calendar: str) -> dict[str, Any]:
    return {"iso": day.isoformat(), "calendar": calendar}


def show_date(value: Mapping[str, Any], language: str) -> str:
    """The day in the calendar it was said in, with the month's name, and in the other beside it."""
    language = "en" if language == "en" else "ar"
    marks = {"ar": {"hijri": " هـ", "gregorian": " م"}, "en": {"hijri": " AH", "gregorian": ""}}[language]
    if "iso" not in value:
        return f"{value['year']}{marks[value['calendar']]}"
    day = date.fromisoformat(value["iso"])
    gregorian = f"{day.day} {GREGORIAN[language][day.month - 1]} {day.year}{marks['gregorian']}"
    from hijridate import Gregorian

    try:
        there = Gregorian(day.year, day.month, day.day).to_hijri()
    except (ValueError, OverflowError):
        return gregorian
    hijri = f"{there.day} {HIJRI[language][there.month - 1]} {there.year}{marks['hijri']}"
    return f"{hijri} ({gregorian})" if value["calendar"] == "hijri" else f"{gregorian} ({hijri})"
