"""What goes wrong with one row holds up nothing else of its round."""

from collections.abc import Iterator
from contextlib import contextmanager

from bot.log import log
from storage.database import DatabaseAway


@contextmanager
def alone(event: str, *, but: type[Exception] = DatabaseAway, **about: str) -> Iterator[None]:
    """An error inside is logged as `event`, without its words, and passes; not `but`, after which nothing works."""
    try:
        yield
    except but:
        raise
    except Exception as error:
        log.error(event, error=type(error).__name__, **about)
