"""Logs: one line a fact, ids and codes only, never what somebody typed.

Plain lines for a person at a terminal, JSON where nobody watches. (structlog takes a tenth of our second to start; the
standard library's logging with one formatter says the same.)
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

_logger = logging.getLogger("wasl")
if TYPE_CHECKING:
    _Stream = logging.StreamHandler[TextIO]
else:
    _Stream = logging.StreamHandler


class Log:
    def debug(self, what: str, /, **facts: Any) -> None:
        self._say(logging.DEBUG, what, facts)

    def info(self, what: str, /, **facts: Any) -> None:
        self._say(logging.INFO, what, facts)

    def warning(self, what: str, /, **facts: Any) -> None:
        self._say(logging.WARNING, what, facts)

    def error(self, what: str, /, **facts: Any) -> None:
        self._say(logging.ERROR, what, facts)

    def _say(self, level: int, what: str, facts: dict[str, Any]) -> None:
        if _logger.isEnabledFor(level):
            _logger.log(level, what, extra={"facts": facts})


log = Log()


class Lines(_Stream):
    """What this house says as it is; of what a library logs, who and which error where: its own words, and an error's,
    may quote what somebody typed."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.plain = sys.stderr.isatty()

    def format(self, record: logging.LogRecord) -> str:
        at, level = datetime.fromtimestamp(record.created, UTC), record.levelname.lower()
        what, facts = _said(record)
        if self.plain:
            return " ".join([f"{at:%H:%M:%S}", level, what, *(f"{name}={fact}" for name, fact in facts.items())])
        return json.dumps({"at": at.isoformat(timespec="milliseconds"), "level": level, "what": what, **facts})


def _said(record: logging.LogRecord) -> tuple[str, dict[str, Any]]:
    if record.name == _logger.name:
        return record.getMessage(), getattr(record, "facts", {})
    error = record.exc_info[1] if record.exc_info else None
    return "library_said", {"logger": record.name, **(about(error) if error else {})}


def about(error: BaseException) -> dict[str, str]:
    """The kind of an error and the line it came from, never its words."""
    frames = traceback.extract_tb(error.__traceback__)
    where = {"where": f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"} if frames else {}
    return {"error": type(error).__name__, **where}


def start_logging(level: str) -> None:
    logging.raiseExceptions = False  # a line that cannot be written would be printed with what is in it
    lines = Lines()
    _logger.handlers[:] = [lines]
    _logger.setLevel(level.upper())
    _logger.propagate = False
    root = logging.getLogger()
    root.handlers[:] = [*(one for one in root.handlers if not isinstance(one, Lines)), lines]
