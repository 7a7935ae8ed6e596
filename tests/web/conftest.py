"""One house and one client a test; for the browser, one Chromium a module and one server a test."""

import asyncio
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from starlette.testclient import TestClient

from tests.web.house import House, application

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def client(house: House) -> TestClient:
    return TestClient(application(house), base_url="http://chat.example", follow_redirects=False)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Skipped with its reason where there is no Chromium; WASL_TEST_BROWSER=required makes that a failure.

    For one module at a time: while Playwright lives, its loop runs in this thread, and no asynchronous test can.
    """
    required = os.environ.get("WASL_TEST_BROWSER") == "required"
    if not os.path.exists(CHROMIUM):
        if required:
            pytest.fail("WASL_TEST_BROWSER=required, and there is no Chromium")
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def server(house: House) -> Iterator[str]:
    """The pages on a free local port; its address."""
    yield from serve(house)


def serve(house: House, **site: Any) -> Iterator[str]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config = uvicorn.Config(application(house, **site), log_level="error", access_log=False, lifespan="off")
    running = uvicorn.Server(config)

    async def run() -> None:
        house.loop = asyncio.get_running_loop()
        await running.serve(sockets=[listener])

    thread = threading.Thread(target=asyncio.run, args=[run()], daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield f"http://localhost:{port}"
    running.should_exit = True
    house.wake(house.changes.close)
    thread.join(10)
