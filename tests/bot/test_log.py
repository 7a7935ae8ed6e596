"""Logs say which error, and never what somebody typed, whoever logs: this house or a library."""

import asyncio
import gc
import logging
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import pytest

from bot.log import Lines, log, start_logging
from bot.main import Application

TYPED = "هويتي 1012345672"


@pytest.fixture(autouse=True)
def _quiet_afterwards() -> Iterator[None]:
    loud = logging.raiseExceptions
    yield
    root, ours = logging.getLogger(), logging.getLogger("wasl")
    root.handlers[:] = [one for one in root.handlers if not isinstance(one, Lines)]
    ours.handlers[:] = []
    ours.propagate, logging.raiseExceptions = True, loud


def test_an_error_that_nobody_awaited_is_named_and_not_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging("info")

    async def fail() -> None:
        raise ValueError(TYPED)

    async def forgets() -> None:
        task = asyncio.create_task(fail())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task
        gc.collect()

    asyncio.run(forgets())
    said = capsys.readouterr().err
    assert "ValueError" in said
    assert "test_log.py" in said
    assert "1012345672" not in said


def test_what_a_library_says_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging("info")
    try:
        raise KeyError(TYPED)
    except KeyError:
        logging.getLogger("some.library").exception("could not store %s", TYPED)
    said = capsys.readouterr().err
    assert "some.library" in said
    assert "KeyError" in said
    assert "1012345672" not in said


def test_our_own_facts_are_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging("info")
    log.warning("lease_ran_out", row=7)
    assert capsys.readouterr().err.count("lease_ran_out") == 1


async def test_a_page_that_breaks_is_named_and_neither_its_address_nor_what_was_posted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    start_logging("info")

    async def breaks(*_: Any) -> None:
        raise ValueError(TYPED)

    application = Application.__new__(Application)
    application.pages = breaks
    with pytest.raises(ValueError, match="1012345672"):
        await application({"type": "http", "path": "/form/a-token-of-somebody"}, Mock(), Mock())
    said = capsys.readouterr().err
    assert "request_failed" in said
    assert "ValueError" in said
    assert "1012345672" not in said
    assert "a-token-of-somebody" not in said
