"""When the five calls to prayer are, by the method of Umm al-Qura: dawn when the sun stands 18.5° below the horizon,
noon, the afternoon when a shadow has grown by the length of what casts it, sunset, and the night 90 minutes after
sunset, 120 in Ramadan.

The sun by the formulas of NOAA's solar calculator, each time with the sun as it stands then. The association's own
place; minutes, in Riyadh's clock; within two minutes of what is published, which is rounded and heeds the terrain.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from math import acos, asin, atan, cos, degrees, radians, sin, tan

from conversations.cases.calendar import RIYADH, here, to_hijri

DAWN, HORIZON = -18.5, -0.833
"""Degrees above the horizon of the sun's middle; at sunset its upper edge, with the air's refraction."""
NIGHT, NIGHT_IN_RAMADAN = timedelta(minutes=90), timedelta(minutes=120)
_J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


def after_prayer(latitude: float, longitude: float, minutes: int, at: datetime) -> datetime | None:
    """When the prayer is over whose time it is; None where it is no prayer's. At most 60 minutes: within the Kingdom
    none then reaches the next, or over midnight."""
    span = timedelta(minutes=minutes)
    return next((one + span for one in calls(latitude, longitude, here(at).date()) if one <= at < one + span), None)


@lru_cache(maxsize=256)
def calls(latitude: float, longitude: float, day: date) -> tuple[datetime, datetime, datetime, datetime, datetime]:
    """Dawn, noon, afternoon, sunset, night of a day (Fajr, Dhuhr, Asr, Maghrib, Isha). Not for the far north."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)

    def when(side: int, height: float | None) -> datetime:
        """Before (-1) or after (1) noon, the sun at this height; None: as high as makes the afternoon."""
        at = midnight + timedelta(minutes=720 - 4 * longitude)
        for _ in range(3):  # with the sun as it stands then: after the second time it changes by less than a second
            declination, ahead = _sun(at)
            slant = abs(radians(latitude) - declination)
            altitude = atan(1 / (1 + tan(slant))) if height is None else radians(height)
            hour = (sin(altitude) - sin(radians(latitude)) * sin(declination)) / (
                cos(radians(latitude)) * cos(declination)
            )
            from_noon = side and 4 * degrees(acos(hour))
            at = midnight + timedelta(minutes=720 - 4 * longitude - ahead + side * from_noon)
        return _whole(at).astimezone(RIYADH)

    sunset = when(1, HORIZON)
    hijri = to_hijri(day)
    night = NIGHT_IN_RAMADAN if hijri and hijri[1] == 9 else NIGHT
    return when(-1, DAWN), when(0, HORIZON), when(1, None), sunset, sunset + night


def _whole(at: datetime) -> datetime:
    return (at + _MINUTE / 2).replace(second=0, microsecond=0)


def _sun(at: datetime) -> tuple[float, float]:
    """The sun's declination (radians), and by how many minutes a sundial is ahead of the mean sun."""
    t = (at - _J2000) / timedelta(days=36525)
    mean = radians((280.46646 + t * (36000.76983 + t * 0.0003032)) % 360)
    anomaly = radians(357.52911 + t * (35999.05029 - t * 0.0001537))
    eccentricity = 0.016708634 - t * (0.000042037 + t * 0.0000001267)
    centre = (
        sin(anomaly) * (1.914602 - t * (0.004817 + t * 0.000014))
        + sin(2 * anomaly) * (0.019993 - t * 0.000101)
        + sin(3 * anomaly) * 0.000289
    )
    node = radians(125.04 - t * 1934.136)
    longitude = mean + radians(centre - 0.00569 - 0.00478 * sin(node))
    tilt = radians(23.4392911 - t * (0.0130042 + t * (0.00000016 - t * 0.0000005)) + 0.00256 * cos(node))
    y = tan(tilt / 2) ** 2
    ahead = (
        y * sin(2 * mean)
        - 2 * eccentricity * sin(anomaly)
        + 4 * eccentricity * y * sin(anomaly) * cos(2 * mean)
        - y * y * sin(4 * mean) / 2
        - 1.25 * eccentricity**2 * sin(2 * anomaly)
    )
    return asin(sin(tilt) * sin(longitude)), 4 * degrees(ahead)
