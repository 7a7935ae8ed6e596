"""Times are stored as whole milliseconds since 1970, UTC: the same number on both databases, ordered and comparable."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000


def ms(moment: datetime) -> int:
    """Whole milliseconds of an aware time. Raises TypeError for a naive one."""
    return (moment - _EPOCH) // _MILLISECOND


def ms_or_none(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // _MILLISECOND


def moment(milliseconds: int) -> datetime:
    """An aware UTC time."""
    return _EPOCH + milliseconds * _MILLISECOND


def moment_or_none(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else _EPOCH + milliseconds * _MILLISECOND
