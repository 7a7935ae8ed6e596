"""The command line at work in a folder of its own: in this process, or by its real entry point in another one."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from bot.channels.contract import Incoming
from bot.cli import app
from bot.frontline import FrontLine, build
from bot.settings import Settings, read_settings
from conversations.association.association import Association
from conversations.events import Text
from storage import cases
from storage.columns import metadata
from storage.ids import new_id
from storage.times import ms
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
PROFILES = ROOT / "deploy" / "associations"
SECRET = "ياسمينة الخزامى"
"""Typed by somebody: no command may ever print it."""


class Said(NamedTuple):
    code: int
    out: str
    err: str


class Wasl:
    """`wasl(…)` runs a command here. `environ` is what it and the subprocesses see."""

    def __init__(self, folder: Path, associations: Mapping[str, Association], patch: pytest.MonkeyPatch) -> None:
        self.folder, self.associations, self.patch = folder, associations, patch
        for name in [one for one in os.environ if one.startswith("WASL_")]:
            patch.delenv(name)
        self.set(WASL_DATA=str(folder), WASL_ASSOCIATIONS=str(PROFILES))

    def set(self, **values: str) -> None:
        for name, value in values.items():
            self.patch.setenv(name, value)

    @property
    def settings(self) -> Settings:
        return read_settings()

    @property
    def database_file(self) -> Path:
        return self.folder / "wasl.sqlite"

    def __call__(self, *words: str, stdin: str | bytes = "") -> Said:
        result = CliRunner().invoke(app, words, input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.stdout, result.stderr)

    def process(self, *words: str, stdin: str = "") -> Said:
        """By the real entry point."""
        done = subprocess.run(
            [sys.executable, "-m", "bot.cli", *words], input=stdin, capture_output=True, text=True, cwd=ROOT, timeout=60
        )
        return Said(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def line(self) -> Iterator[FrontLine]:
        """The house from inside, to prepare and to look."""
        line = build(self.settings, self.associations)
        try:
            yield line
        finally:
            line.database.close()

    def rows(self, table: str) -> list[Any]:
        with self.line() as line:
            return list(line.database.read_now(lambda c: c.execute(select(metadata.tables[table])).all()))

    def greet(self, handle: str = "cookie-1", text: str = "السلام عليكم") -> int:
        """Somebody writes in the web chat of harif; the conversation's id."""
        with self.line() as line:

            async def taken() -> None:
                event = Text(id="g", at=line.intake.clock(), text=text)
                await line.intake.take("harif", "web_chat", [Incoming(handle=handle, event=event, key=handle)])

            asyncio.run(taken())
        return int(max(row.id for row in self.rows("conversations")))

    def file(self, kind: str = "request", stage: str = "submitted", **more: Any) -> str:
        """A case of harif; its reference."""
        from conversations.cases.reference import new_reference

        reference = new_reference(os.urandom(16), "HRF")
        with self.line() as line:
            now = ms(line.intake.clock())
            fields: dict[str, Any] = {"opened_at": now, "answers": {"name": SECRET}} | more
            case = cases.Case(association="harif", id=new_id(), reference=reference, kind=kind, stage=stage, **fields)
            line.database.write_now(cases.file, line.vault, [case], now)
        return reference


@contextmanager
def serving(wasl: Wasl, **environ: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """`wasl serve` in a process of its own, ready; its address."""
    port = free_port()
    wasl.set(WASL_PORT=str(port), **environ)
    command = [sys.executable, "-m", "bot.cli", "serve"]
    served = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: get(f"{url}/health") == 200, served)
        yield url, served
    finally:
        served.terminate()
        try:
            served.wait(20)
        except subprocess.TimeoutExpired:
            served.kill()


def get(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def wait_for(happened: Any, served: "subprocess.Popen[str]", seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not happened():
        assert served.poll() is None, served.communicate()
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.05)


def copy_of_profiles(to: Path, *slugs: str) -> Path:
    for slug in slugs:
        shutil.copytree(PROFILES / slug, to / slug)
    return to
