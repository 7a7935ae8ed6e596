"""How long people waited while somebody was there: the time between two moments that falls within office hours.

A message of Thursday night answered on Sunday at nine waited an hour, not three days. What is answered outside the
hours counts as answered at once, not as less than nothing.
"""

from bisect import bisect_right
from datetime import date, datetime, timedelta

from conversations.cases.calendar import WorkingCalendar, here

_DAY = timedelta(days=1)
_LOOK_AHEAD = 120
"""Days: longer than any waiting that is counted, with the holidays in it."""


class WorkingTime:
    """Office hours of the days from `first` to `last`, both included, laid end to end. What lies outside these days
    counts nothing."""

    def __init__(self, calendar: WorkingCalendar, first: date, last: date) -> None:
        self._opens: list[float] = []
        self._spans: list[float] = []
        self._before: list[float] = []
        total, day, closed = 0.0, first, 0.0
        while day <= last:
            if hours := calendar.hours(day):
                opens, closes = max(hours[0].timestamp(), closed), hours[1].timestamp()
                self._opens.append(opens)
                self._spans.append(closes - opens)
                self._before.append(total)
                total, closed = total + closes - opens, closes
            day += _DAY

    def seconds(self, since: float, until: float) -> float:
        """Of office hours between two moments, as timestamps."""
        return max(self._at(until) - self._at(since), 0.0)

    def between(self, since: datetime, until: datetime) -> timedelta:
        return timedelta(seconds=self.seconds(since.timestamp(), until.timestamp()))

    def _at(self, moment: float) -> float:
        """Seconds of office hours before this moment."""
        place = bisect_right(self._opens, moment) - 1
        if place < 0:
            return 0.0
        return self._before[place] + min(moment - self._opens[place], self._spans[place])


def after(calendar: WorkingCalendar, since: datetime, span: timedelta, women: bool = False) -> datetime:
    """When somebody (a woman, where `women`) will have been there for so long from `since` on; plain time where nobody
    ever is."""
    left, day, closed = span, here(since).date() - _DAY, since
    for _ in range(_LOOK_AHEAD):
        if hours := calendar.hours(day, women):
            opens = max(hours[0], closed)
            if opens + left <= hours[1]:
                return (opens + left).astimezone(since.tzinfo)
            left -= max(hours[1] - opens, timedelta())
            closed = max(closed, hours[1])
        day += _DAY
    return since + span
