"""Processes that start at once: forked from a server that has the front line imported, and as killable as any."""

import asyncio
import multiprocessing
import os
from collections.abc import Callable, Mapping
from typing import Any

PRELOADED = [
    "tests.bot.standin_child",
    "tests.bot.forum_child",
    "uvicorn",
    "uvicorn.protocols.http.h11_impl",
    "fastapi",
    "telegram",
    "twilio.rest",
    "psycopg",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "sqlalchemy.dialects.postgresql.psycopg",
    "apscheduler.schedulers.asyncio",
    "alembic.command",
]
_context: Any = None


def _forkserver() -> Any:
    global _context
    if _context is None:
        _context = multiprocessing.get_context("forkserver")
        _context.set_forkserver_preload(PRELOADED)
    return _context


def _run(main: Callable[[str, int], None], point: str, times: int, environ: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environ)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    main(point, times)


class Forked:
    """What a subprocess of asyncio is to its tests: `wait`, `kill`, `terminate`, `returncode`."""

    def __init__(self, main: Callable[[str, int], None], point: str, times: int, environ: Mapping[str, str]) -> None:
        self.process = _forkserver().Process(target=_run, args=(main, point, times, dict(environ)), daemon=True)
        self.process.start()

    @property
    def returncode(self) -> int | None:
        code: int | None = self.process.exitcode
        return code

    async def wait(self) -> int:
        await asyncio.to_thread(self.process.join)
        assert self.returncode is not None
        return self.returncode

    def kill(self) -> None:
        self.process.kill()

    def terminate(self) -> None:
        self.process.terminate()
