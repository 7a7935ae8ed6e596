"""The times of prayer against published ones of Umm al-Qura, and news that leaves them alone."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import notices
from conversations.association.profile import NoticeRules, PrayerRules, Profile
from conversations.cases.calendar import here, to_hijri
from conversations.cases.prayer import after_prayer, calls
from conversations.moment import RIYADH
from tests.conversations.robot import associations

MAKKAH, DAMMAM, RIYADH_CITY = (21.4225, 39.8262), (26.4344, 50.1033), (24.6877, 46.7219)
HARIF: Profile = next(one for one in associations() if one.slug == "harif").profile


def minutes(said: str) -> int:
    hours, rest = said.split(":")
    return int(hours) * 60 + int(rest)


def off_by(found: datetime, said: str) -> int:
    return abs(found.hour * 60 + found.minute - minutes(said))


# The calendar's own pages (ummulqura.org.sa), 1437–1438: dawn, noon, afternoon, sunset, night.
PUBLISHED = [
    (date(2016, 1, 5), "05:39 12:26 15:32 17:53 19:23"),
    (date(2016, 2, 4), "05:39 12:35 15:49 18:13 19:43"),
    (date(2016, 3, 5), "05:22 12:33 15:55 18:27 19:57"),
    (date(2016, 4, 3), "04:55 12:24 15:50 18:37 20:07"),
    (date(2016, 5, 2), "04:27 12:18 15:39 18:47 20:17"),
    (date(2016, 6, 4), "04:11 12:20 15:37 19:01 20:31"),
    (date(2016, 7, 8), "04:18 12:26 15:43 19:07 20:37"),
    (date(2016, 8, 2), "04:32 12:27 15:46 19:00 20:30"),
    (date(2016, 9, 4), "04:48 12:20 15:45 18:34 20:04"),
    (date(2016, 10, 6), "04:58 12:09 15:32 18:04 19:34"),
    (date(2016, 11, 5), "05:09 12:05 15:19 17:43 19:13"),
    (date(2016, 12, 4), "05:24 12:12 15:17 17:38 19:08"),
]


@pytest.mark.parametrize(("day", "said"), PUBLISHED)
def test_the_five_of_makkah_are_those_of_the_calendar(day: date, said: str) -> None:
    found = calls(*MAKKAH, day)
    assert [off_by(one, at) <= 2 for one, at in zip(found, said.split(), strict=True)] == [True] * 5, found
    assert all(one.date() == day and one.tzinfo is RIYADH and one.second == 0 for one in found)


@pytest.mark.parametrize(
    ("city", "day", "which", "said"),
    [
        # The press by Umm al-Qura, 2 Ramadan 1442 and the evening before it.
        (DAMMAM, date(2021, 4, 14), 0, "03:56"),
        (MAKKAH, date(2021, 4, 14), 0, "04:45"),
        (RIYADH_CITY, date(2021, 4, 14), 0, "04:12"),
        (MAKKAH, date(2021, 4, 13), 3, "18:40"),
        (RIYADH_CITY, date(2021, 4, 13), 3, "18:15"),
        # Sunsets of Dammam through a year, as an almanac of the city prints them.
        (DAMMAM, date(2026, 1, 1), 3, "16:59"),
        (DAMMAM, date(2026, 3, 1), 3, "17:41"),
        (DAMMAM, date(2026, 5, 1), 3, "18:12"),
        (DAMMAM, date(2026, 7, 1), 3, "18:37"),
        (DAMMAM, date(2026, 9, 1), 3, "18:01"),
        (DAMMAM, date(2026, 12, 1), 3, "16:48"),
    ],
)
def test_dammam_and_others_have_their_own(city: tuple[float, float], day: date, which: int, said: str) -> None:
    assert off_by(calls(*city, day)[which], said) <= 2


def test_in_ramadan_the_night_prayer_is_two_hours_after_sunset() -> None:
    assert to_hijri(date(2027, 2, 8)) == (1448, 9, 1)
    for day, span in ((date(2027, 2, 7), 90), (date(2027, 2, 8), 120), (date(2027, 3, 8), 120), (date(2027, 3, 9), 90)):
        sunset, night = calls(*MAKKAH, day)[3:]
        assert night - sunset == timedelta(minutes=span)


def test_the_time_from_a_call_is_left_alone_and_what_is_just_before_goes() -> None:
    noon = calls(*MAKKAH, date(2026, 11, 22))[1]
    assert after_prayer(*MAKKAH, 30, noon) == after_prayer(*MAKKAH, 30, noon + timedelta(minutes=29)) is not None
    assert after_prayer(*MAKKAH, 30, noon) == noon + timedelta(minutes=30)
    assert after_prayer(*MAKKAH, 30, noon - timedelta(seconds=1)) is None
    assert after_prayer(*MAKKAH, 30, noon + timedelta(minutes=30)) is None


# --- news ------------------------------------------------------------------------------------------------------------

LEFT_ALONE = NoticeRules(prayer=PrayerRules(latitude=DAMMAM[0], longitude=DAMMAM[1]))
DAMMAMS = HARIF.model_copy(update={"notices": LEFT_ALONE})


def at(hour: int, minute: int = 0, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=RIYADH)


def test_news_waits_out_a_prayer_only_where_the_profile_says_so() -> None:
    noon = calls(*DAMMAM, date(2026, 11, 23))[1]
    during = noon + timedelta(minutes=10)
    assert HARIF.notices.prayer is None, "off unless somebody asked for it"
    assert notices.goes_at(HARIF, False, during) == during
    assert notices.goes_at(DAMMAMS, False, during.astimezone(UTC)) == noon + timedelta(minutes=30)
    assert notices.goes_at(DAMMAMS, True, during) == during, "what is urgent passes"


def test_a_prayer_at_the_end_of_the_day_puts_it_off_to_the_morning() -> None:
    night = calls(*DAMMAM, date(2026, 11, 23))[4]
    closing = (night + timedelta(minutes=15)).time()
    rules = LEFT_ALONE.model_copy(update={"until": closing})
    profile = HARIF.model_copy(update={"notices": rules})
    assert notices.goes_at(profile, False, night) == at(8, day=24)


def test_a_prayer_at_the_beginning_of_the_day_is_waited_out_too() -> None:
    dawn = calls(*DAMMAM, date(2026, 11, 23))[0]
    profile = HARIF.model_copy(update={"notices": LEFT_ALONE.model_copy(update={"from_": dawn.time()})})
    assert notices.goes_at(profile, False, at(1)) == dawn + timedelta(minutes=30)


@given(st.integers(0, 6 * 365 * 24 * 60), st.sampled_from([MAKKAH, DAMMAM]), st.sampled_from([1, 30, 60]))
def test_whenever_it_is_news_goes_by_day_and_in_no_prayer(minute: int, city: tuple[float, float], span: int) -> None:
    rules = NoticeRules(fridays=True, prayer=PrayerRules(latitude=city[0], longitude=city[1], minutes=span))
    profile = HARIF.model_copy(update={"notices": rules})
    begun = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    goes = notices.goes_at(profile, False, begun)
    assert begun <= goes and goes == notices.goes_at(profile, False, goes)
    there = here(goes)
    assert time(8) <= there.time() < time(21)
    assert in_order(calls(*city, there.date()))
    assert not any(call <= goes < call + timedelta(minutes=span) for call in calls(*city, there.date()))


def in_order(found: Sequence[datetime]) -> bool:
    return len(found) == 5 and list(found) == sorted(found)
