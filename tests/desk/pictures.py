"""Pictures of the desk, to be looked at: `python -m tests.desk.pictures out /inbox /cases …`.

A real server with a few people, cases and workers of every role; each path at 360 and 1280 pixels, in Arabic and
English, light and dark (English and dark at 1280 only).
"""

import asyncio
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from sqlalchemy import Connection, select
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from bot.desk.desk import COOKIE
from bot.web.page import static
from conversations.association.load import load_associations
from conversations.cases.errands import KINDS
from conversations.rights import WORKER_ROLES
from storage import notices, tasks
from storage.ids import new_id
from storage.schema import cases
from storage.times import ms
from tests.desk.house import Browser, House
from tests.ports import free_port

SHOTS = ((360, "ar", "light"), (1280, "ar", "light"), (1280, "en", "light"), (1280, "ar", "dark"))


def fill(house: House) -> None:
    """People at every place: two who wait, a request, a complaint, an answer of staff."""
    for number in range(3):
        person = house.person(f"710{number}")
        person.does(person.apply())
    person = house.person("7200")
    person.does(person.complain())
    person.does(person.say("ابغى موظف"))
    other = house.person("+966500000009", "whatsapp")
    other.does(other.say("السلام عليكم"))
    other.does(other.say("ابغى موظفة"))
    house.do(_errands, house)
    house.do(_notices, house)


def _errands(connection: Connection, house: House) -> None:
    """One task of each kind, of a request."""
    c = cases.c
    query = select(c.id, c.reference, c.conversation, c.beneficiary).where(c.kind == "request").order_by(c.id)
    row = connection.execute(query).first()
    assert row is not None
    for number, kind in enumerate(KINDS):
        task = tasks.Task(
            "harif", new_id(), kind, case_id=row.id, reference=row.reference, conversation=row.conversation,
            beneficiary=row.beneficiary, why="exhausted", at=ms(house.now), due=ms(house.now) + number,
        )  # fmt: skip
        tasks.add(connection, house.vault, task)


def _notices(connection: Connection, house: House) -> None:
    """News of that request in each state, one with three ways."""
    c = cases.c
    query = select(c.id, c.reference, c.conversation, c.beneficiary).where(c.kind == "request").order_by(c.id)
    row = connection.execute(query).first()
    assert row is not None
    now = ms(house.now)
    states = (("reached", ""), ("waiting", "quiet"), ("unopened", ""), ("dropped", "muted"), ("out", ""))
    for state, why in (*states, ("with_staff", "exhausted")):
        notice = notices.Notice(
            "harif", new_id(), "moved", f"moved:{row.reference}:1", now, channel="whatsapp", reference=row.reference,
            case_id=row.id, conversation=row.conversation, beneficiary=row.beneficiary, state=state, why=why,
            due=now + 3_600_000 if state == "waiting" else None,
        )  # fmt: skip
        notices.add(connection, notice)
    ways = (("whatsapp", "failed", "no_template"), ("telegram", "silent", "no_evidence"), ("phone", "out", "exhausted"))
    for step, (channel, state, why) in enumerate(ways, 1):
        notices.add_leg(connection, notices.Leg("harif", notice.id, step, channel, now, state, why=why))


@contextmanager
def served(house: House) -> Iterator[str]:
    """The address of a server of this house, with the static files beside the desk."""
    port = free_port()
    app = Starlette(routes=[*house.app.routes, Route("/static/{name}", static)])
    assert isinstance(app.routes[0], Mount)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical", ws="none"))
    serving = asyncio.run_coroutine_threadsafe(server.serve(), house.loop)
    for _ in range(200):
        if server.started:
            break
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    serving.result(15)


def sign_in(context: Any, address: str, worker: Browser) -> None:
    context.add_cookies([{"name": COOKIE, "value": worker.token, "url": f"{address}/desk", "httpOnly": True}])


def main(folder: str, *paths: str) -> None:
    from playwright.sync_api import sync_playwright

    from tests.web.conftest import ARGUMENTS, CHROMIUM

    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    loaded = load_associations(Path(__file__).parents[2] / "deploy" / "associations")
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        house = House({one.slug: one for one in loaded}, Path(place))
        fill(house)
        workers = {language: house.worker(*WORKER_ROLES, woman=True, language=language) for language in ("ar", "en")}
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with served(house) as address:
            take(browser, address, workers, out, paths)
        browser.close()
        house.close()


def take(browser: Any, address: str, workers: dict[str, Browser], out: Path, paths: tuple[str, ...]) -> None:
    for width, language, scheme in SHOTS:
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        sign_in(context, address, workers[language])
        page = context.new_page()
        for path in paths:
            page.goto(f"{address}/desk/harif{path}")
            name = path.strip("/").replace("/", "-") or "home"
            page.screenshot(path=str(out / f"{name}-{width}-{language}-{scheme}.png"), full_page=True)
        context.close()


if __name__ == "__main__":
    threading.current_thread().name = "pictures"
    main(sys.argv[1], *sys.argv[2:])
