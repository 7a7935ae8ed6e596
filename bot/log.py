"""Logs: one line a fact, ids and codes only, never what somebody typed.

Plain lines for a person at a terminal, JSON where nobody watches. (structlog takes a tenth of our second to start; the
standard library's logging with one formatter says the same.)
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

_logger = logging.getLogger("wasl")


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


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts = getattr(record, "facts", {})
        at = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        return " ".join([at, record.levelname.lower(), record.getMessage(), *(f"{k}={v}" for k, v in facts.items())])


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        facts = getattr(record, "facts", {})
        return json.dumps({"at": at, "level": record.levelname.lower(), "what": record.getMessage(), **facts})


def start_logging(level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines() if sys.stderr.isatty() else _Json())
    _logger.handlers[:] = [handler]
    _logger.setLevel(level.upper())
    _logger.propagate = False
