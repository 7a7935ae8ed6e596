"""Days as people here say them and as an office counts them: both calendars, public holidays, hours by season.

Two different questions, kept apart:
- a *working day* is what a promise counts: Sunday to Thursday less public holidays (DOMAIN, "Promise"). An office that
  also opens on a Saturday makes no working day of it, and one closed on Wednesdays does not stretch its promise.
- *open* is when somebody is there: the days and hours of the season in the profile, less public holidays.

Hijri is Umm al-Qura (hijridate, 1343–1500 AH). Public holidays are computed (holidays, with the substitute days it
knows); the association corrects them in its profile, since Eid is announced and not computed.

Digits: Arabic sentences write dates, times and counts in ٠–٩, as the rest of our Arabic does; what people copy, type or
dial (references, telephone numbers, account numbers) stays in 0–9 everywhere. English writes 0–9.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from conversations.association.profile import Holidays, Hours, Profile, Season

RIYADH = ZoneInfo("Asia/Riyadh")
Digits = Literal["arab", "latn"]
Words = Callable[..., str]
"""`words(key, **args)`: an association's Wording, or a moment's `words`."""

_ARABIC_INDIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_DAY = timedelta(days=1)
_LOOK_AHEAD = 60
"""Days searched for the next opening: longer than any holiday with the weekends around it."""
_WORKWEEK = frozenset({6, 0, 1, 2, 3})
"""Sunday to Thursday, as `date.weekday` counts."""
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WAKING = (time(9), time(21))

DAYS = {
    "ar": ("الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
MONTHS = {
    "ar": (
        *("يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو"),
        *("يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
HIJRI_MONTHS = {
    "ar": (
        *("محرّم", "صفر", "ربيع الأول", "ربيع الآخر", "جمادى الأولى", "جمادى الآخرة"),
        *("رجب", "شعبان", "رمضان", "شوّال", "ذو القعدة", "ذو الحجة"),
    ),
    "en": (
        *("Muharram", "Safar", "Rabi al-Awwal", "Rabi al-Akhir", "Jumada al-Ula", "Jumada al-Akhirah"),
        *("Rajab", "Shaban", "Ramadan", "Shawwal", "Dhu al-Qadah", "Dhu al-Hijjah"),
    ),
}


def here(moment: datetime) -> datetime:
    """The same instant on the wall clock of Riyadh. Raises ValueError for a naive time: those are read as UTC by some
    and as local by others."""
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment.astimezone(RIYADH)


@lru_cache(maxsize=4096)
def to_hijri(day: date) -> tuple[int, int, int] | None:
    """Year, month and day by Umm al-Qura; None outside 1343–1500 AH."""
    from hijridate import Gregorian

    try:
        hijri = Gregorian.fromdate(day).to_hijri()
    except OverflowError:
        return None
    return hijri.year, hijri.month, hijri.day


def from_hijri(year: int, month: int, day: int) -> date:
    """Raises ValueError for a day that does not exist (30/9/1448) or lies outside 1343–1500 AH."""
    from hijridate import Hijri

    try:
        found = Hijri(year, month, day).to_gregorian()
    except OverflowError as why:
        raise ValueError(str(why)) from None
    return date(found.year, found.month, found.day)


def in_digits(text: object, language: str, digits: Digits | None = None) -> str:
    """Numbers as this language writes them, or as `digits` says."""
    return str(text).translate(_ARABIC_INDIC) if (digits or _usual(language)) == "arab" else str(text)


def _usual(language: str) -> Digits:
    return "latn" if language == "en" else "arab"


@lru_cache(maxsize=4096)
def said(day: date, language: str, digits: Digits | None = None) -> str:
    """The day's name and both calendars: «الأحد ٦ ديسمبر ٢٠٢٦م (٢٦ جمادى الآخرة ١٤٤٨هـ)»."""
    names = "en" if language == "en" else "ar"
    hijri = to_hijri(day)
    common, ours = ("", " AH") if names == "en" else ("م", "هـ")
    text = f"{DAYS[names][day.weekday()]} {day.day} {MONTHS[names][day.month - 1]} {day.year}{common}"
    if hijri:
        text += f" ({hijri[2]} {HIJRI_MONTHS[names][hijri[1] - 1]} {hijri[0]}{ours})"
    return in_digits(text, language, digits)


def time_said(at: time, language: str, digits: Digits | None = None) -> str:
    """«٨:٠٠ صباحًا», "8:00 am"."""
    morning = at.hour < 12
    half = ("am" if morning else "pm") if language == "en" else ("صباحًا" if morning else "مساءً")
    return in_digits(f"{at.hour % 12 or 12}:{at.minute:02} {half}", language, digits)


def by_day(moment: datetime) -> datetime:
    """The same moment, or the next 9:00 in Riyadh where it falls between 21:00 and 9:00 (a refusal is never sent at
    night)."""
    local = here(moment)
    if _WAKING[0] <= local.time() < _WAKING[1]:
        return moment
    day = local.date() + (_DAY if local.time() >= _WAKING[1] else timedelta())
    return datetime.combine(day, _WAKING[0], RIYADH).astimezone(moment.tzinfo)


@lru_cache(maxsize=64)
def public_holidays(year: int) -> dict[date, str]:
    """Saudi public holidays of a Gregorian year, with substitute days, named in Arabic whatever the machine speaks."""
    from holidays.countries.saudi_arabia import SaudiArabia

    return dict(SaudiArabia(years=year, islamic_show_estimated=True, language="ar"))


class WorkingCalendar:
    """One association's days and hours."""

    def __init__(self, hours: Hours, holidays: Holidays) -> None:
        self._added = {day: name for name, day in holidays.add.items()}
        self._removed = frozenset(holidays.remove)
        self._usual = next((season for season in hours.seasons if not season.hijri_months), None)
        self._by_month: dict[int, Season] = {month: season for season in hours.seasons for month in season.hijri_months}

    def holiday(self, day: date) -> str:
        """The holiday's name, or nothing. The association's corrections win."""
        if day in self._added:
            return self._added[day]
        return "" if day in self._removed else public_holidays(day.year).get(day, "")

    def is_working(self, day: date) -> bool:
        return day.weekday() in _WORKWEEK and not self.holiday(day)

    def add_working_days(self, start: date, count: int) -> date:
        """The last of `count` working days that follow `start`; `start` itself is not counted."""
        day = start
        while count > 0:
            day += _DAY
            count -= self.is_working(day)
        return day

    def season(self, day: date) -> Season | None:
        """Whose hours hold that day; None where the profile names none for it."""
        if self._by_month and (hijri := to_hijri(day)):
            return self._by_month.get(hijri[1], self._usual)
        return self._usual

    def hours(self, day: date, women: bool = False) -> tuple[datetime, datetime] | None:
        """From when to when somebody (a woman, where `women`) is there that day, in Riyadh time. Hours that close
        before they open run past midnight."""
        season = self.season(day)
        if season is None or _WEEKDAYS[day.weekday()] not in season.days or self.holiday(day):
            return None
        opens, closes = (season.women_opens, season.women_closes) if women else (season.opens, season.closes)
        if opens is None or closes is None:
            return None
        end = day if closes > opens else day + _DAY
        return datetime.combine(day, opens, RIYADH), datetime.combine(end, closes, RIYADH)

    def is_open(self, now: datetime, women: bool = False) -> bool:
        today = here(now).date()
        return any(
            span[0] <= now < span[1] for day in (today, today - _DAY) if (span := self.hours(day, women)) is not None
        )

    def next_open(self, now: datetime, women: bool = False) -> datetime | None:
        """`now` itself while open, else the next opening in Riyadh time; None where none is known (no women's hours in
        the profile, say): then no time may be promised."""
        if self.is_open(now, women):
            return here(now)
        today = here(now).date()
        for ahead in range(_LOOK_AHEAD):
            span = self.hours(today + ahead * _DAY, women)
            if span is not None and span[0] > now:
                return span[0]
        return None

    def next_open_said(self, now: datetime, language: str, words: Words, women: bool = False) -> str:
        """«غدًا الأحد الساعة ٨:٠٠ صباحًا»; empty where no opening is known."""
        opening = self.next_open(now, women)
        if opening is None:
            return ""
        today, day = here(now).date(), opening.date()
        at = time_said(opening.time(), language)
        name = DAYS["en" if language == "en" else "ar"][day.weekday()]
        if opening <= now:
            return words("calendar.now")
        if day == today:
            return words("calendar.today", time=at)
        if day == today + _DAY:
            return words("calendar.tomorrow", day=name, time=at)
        return words("calendar.on", date=said(day, language), time=at)


def calendar_of(profile: Profile) -> WorkingCalendar:
    """The same object for the same hours and corrections, however often it is asked for."""
    return _calendar(profile.hours, tuple(profile.holidays.add.items()), profile.holidays.remove)


@lru_cache(maxsize=256)
def _calendar(hours: Hours, added: tuple[tuple[str, date], ...], removed: tuple[date, ...]) -> WorkingCalendar:
    return WorkingCalendar(hours, Holidays(add=dict(added), remove=removed))
