"""Ids of rows: 63-bit, ordered by time, made by the application so that a row is known before it is stored.

43 bits of milliseconds since 2020, then 20 bits that start at random in each millisecond and count upwards within it.
Two processes collide only when they draw the same of a million numbers in the same millisecond, and the primary key
then refuses the second: the batch is tried again with new ids.
"""

import secrets
import threading
import time

_SINCE = 1_577_836_800_000  # 2020-01-01T00:00:00Z
_lock = threading.Lock()
_last = 0


def new_id() -> int:
    """Greater than every id this process has drawn before, even when the clock steps back."""
    global _last
    with _lock:
        # Half of the range stays free above the random start, so that a burst does not run into the next millisecond.
        now = time.time_ns() // 1_000_000 - _SINCE
        _last = now << 20 | secrets.randbits(19) if now > _last >> 20 else _last + 1
        return _last


def id_at(milliseconds: int) -> int:
    """Below every id drawn from this moment on."""
    return max(0, milliseconds - _SINCE) << 20
