"""When news may go, by which address, and what counts as having arrived."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import notices
from conversations.association.profile import NoticeRules, Profile
from conversations.cases.calendar import calendar_of, here, to_hijri
from conversations.moment import RIYADH
from tests.conversations.robot import associations

HARIF: Profile = next(one for one in associations() if one.slug == "harif").profile
FRIDAYS = HARIF.model_copy(update={"notices": NoticeRules(fridays=True)})


def at(month: int, day: int, hour: int, minute: int = 0, year: int = 2027) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=RIYADH)


# 1 Ramadan 1448 is 8 February 2027, its last day (the 29th) 8 March; Eid al-Fitr from the 9th.
@pytest.mark.parametrize(
    ("now", "goes"),
    [
        (at(1, 3, 10), at(1, 3, 10)),
        (at(1, 3, 7, 59), at(1, 3, 8)),
        (at(1, 3, 8), at(1, 3, 8)),
        (at(1, 3, 20, 59), at(1, 3, 20, 59)),
        (at(1, 3, 21), at(1, 4, 8)),
        (at(1, 4, 0, 30), at(1, 4, 8)),
        (at(1, 7, 22), at(1, 9, 8)),  # Thursday night: not on the Friday
        (at(1, 8, 10), at(1, 9, 8)),
        (at(2, 7, 23), at(2, 8, 8)),  # the night on which Ramadan begins
        (at(2, 9, 2), at(2, 9, 8)),  # before dawn, though Ramadan's nights are long
        (at(2, 9, 22), at(2, 10, 8)),
        (at(3, 8, 10), at(3, 8, 10)),  # the last day of the month, of which there are twenty-nine
        (at(3, 8, 21, 30), at(3, 13, 8)),  # the eve of the feast, which ends on a Friday
        (at(3, 9, 10), at(3, 13, 8)),
        (at(3, 14, 10), at(3, 15, 8)),  # the day off that follows it
        (at(2, 22, 10), at(2, 23, 8)),  # Founding Day
        (at(9, 23, 10), at(9, 25, 8)),  # National Day, a Thursday
        (at(12, 31, 22), at(1, 1, 8, year=2028)),
    ],
)
def test_news_goes_by_day_neither_on_a_friday_nor_on_a_feast(now: datetime, goes: datetime) -> None:
    assert to_hijri(date(2027, 2, 8)) == (1448, 9, 1) and to_hijri(date(2027, 3, 8)) == (1448, 9, 29)
    assert notices.goes_at(HARIF, False, now.astimezone(UTC)) == goes
    assert notices.goes_at(HARIF, True, now) == now, "what is urgent passes"


def test_on_fridays_where_the_profile_says_so() -> None:
    assert notices.goes_at(FRIDAYS, False, at(1, 8, 10)) == at(1, 8, 10)
    assert notices.goes_at(FRIDAYS, False, at(1, 7, 22)) == at(1, 8, 8)


def test_what_is_too_much_for_today_goes_on_the_next_day_that_is_none_of_rest() -> None:
    assert notices.next_day(HARIF, at(1, 3, 10)) == at(1, 4, 8)
    assert notices.next_day(HARIF, at(1, 7, 10)) == at(1, 9, 8)
    assert notices.next_day(HARIF, at(3, 8, 10)) == at(3, 13, 8), "after the feast"
    assert notices.too_many(HARIF, HARIF.notices.a_day) and not notices.too_many(HARIF, HARIF.notices.a_day - 1)


@given(st.integers(0, 6 * 365 * 24 * 60), st.booleans())
def test_whenever_it_is_it_waits_no_longer_than_a_feast_and_only_until_a_good_hour(minute: int, fridays: bool) -> None:
    profile = FRIDAYS if fridays else HARIF
    begun = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    goes = notices.goes_at(profile, False, begun)
    assert begun <= goes <= begun + timedelta(days=14)
    there = here(goes)
    assert profile.notices.from_ <= there.time() < profile.notices.until
    assert not calendar_of(profile).holiday(there.date()) and (fridays or there.weekday() != 4)
    assert notices.goes_at(profile, False, goes) == goes


# --- addresses -------------------------------------------------------------------------------------------------------


def address(conversation: int, channel: str, proven: bool = True, blocked: bool = False) -> notices.Address:
    return notices.Address(conversation, channel, proven, False, blocked)


EVERY = [address(number, channel) for number, channel in enumerate(notices.MESSAGING, 1)]


@pytest.mark.parametrize("agreed", notices.MESSAGING)
def test_the_agreed_channel_comes_first_then_where_it_began_then_the_others(agreed: str) -> None:
    ordered = [one.channel for one in notices.order(agreed, 3, EVERY)]
    assert ordered[0] == agreed and (agreed == "web_chat" or ordered[1] == "web_chat")
    assert sorted(ordered) == sorted(notices.MESSAGING)


def test_a_case_that_is_followed_by_its_number_goes_nowhere_else() -> None:
    assert notices.order(notices.BY_NUMBER, 2, EVERY) == [EVERY[1]]


@pytest.mark.parametrize(
    ("channel", "proven_at", "last_in", "home"),
    [("email", None, 5, False), ("email", 5, None, True), ("telegram", None, 5, True), ("telegram", None, None, False)],
)
def test_writing_from_an_address_proves_it_where_the_channel_vouches_for_who_writes(
    channel: str, proven_at: int | None, last_in: int | None, home: bool
) -> None:
    assert notices.is_proven(channel, proven_at, last_in) is home


# --- evidence --------------------------------------------------------------------------------------------------------

SOON, LATE = timedelta(seconds=30), timedelta(days=2)


@pytest.mark.parametrize(
    ("channel", "states", "waited", "verdict"),
    [
        ("telegram", ["accepted"], SOON, "arrived"),
        ("telegram", ["uncertain"], LATE, "silent"),
        ("whatsapp", ["accepted"], SOON, "pending"),
        ("whatsapp", ["accepted"], LATE, "silent"),
        ("whatsapp", ["delivered", "accepted"], LATE, "silent"),
        ("whatsapp", ["delivered", "read"], SOON, "arrived"),
        ("sms", ["queued"], LATE, "pending"),
        ("sms", ["delivered", "failed"], SOON, "failed"),
        ("email", ["accepted"], timedelta(hours=23), "pending"),
        ("email", ["accepted"], timedelta(hours=24), "arrived"),
        ("email", ["failed"], timedelta(hours=3), "failed"),
        ("web_chat", ["accepted"], timedelta(hours=23), "pending"),
        ("web_chat", ["accepted"], timedelta(hours=24), "silent"),
        ("web_chat", ["delivered"], SOON, "arrived"),
        ("telegram", ["held"], SOON, "failed"),
        ("whatsapp", [], SOON, "pending"),
    ],
)
def test_what_shows_that_it_arrived_is_a_property_of_the_channel(
    channel: str, states: Sequence[str], waited: timedelta, verdict: str
) -> None:
    within = notices.within(channel, "moved", at(2, 1, 9))
    assert notices.verdict(channel, states, waited, within) == verdict


@pytest.mark.parametrize(
    ("channel", "kind", "hours_ahead", "hours"),
    [
        ("web_chat", "moved", None, 24),
        ("web_chat", "appointment", None, 4),
        ("email", "appointment", 24, 4),
        ("web_chat", "appointment", 5, 3),
        ("whatsapp", "appointment", 1, 1 / 6),
        ("telegram", "appointment", 1, 1 / 30),
    ],
)
def test_what_names_an_hour_is_looked_at_before_it_is_over(
    channel: str, kind: str, hours_ahead: float | None, hours: float
) -> None:
    left = at(2, 1, 9)
    starts = left + timedelta(hours=hours_ahead) if hours_ahead else None
    assert notices.within(channel, kind, left, starts) == timedelta(hours=hours)
