"""The desk on a busy day: every page of every room, at 10,000 open cases and 1,000 waiting conversations, on SQLite.

One worker with every role asks; the pages are answered in this process, without a network between. Each page once to
warm up, then in turns; of its times the median and the worst are told.
"""

import asyncio
import re
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
from sqlalchemy import Connection

from bot.bench.dialogue import ASSOCIATIONS, SLUG
from bot.case_moves import found_by
from conversations.association.association import Association
from conversations.association.policy_version import policy_version
from conversations.cases import lifecycle
from conversations.events import Text
from conversations.rights import WORKER_ROLES
from conversations.says import Say
from storage import cases, conversations, handoffs, messages, policy, sign_ins, staff, tasks, world
from storage.ids import new_id
from storage.times import DAY, ms
from storage.vault import Vault

OPEN, CLOSED, WAITING, TALKING = 10_000, 20_000, 1_000, 2_000
"""Cases that are open, cases that are closed, conversations that wait for a person, conversations in all."""
CALLS = 1_000
"""People to be called."""
LINES = 12
"""Messages of each conversation."""
LIMIT = 150
"""Milliseconds that any page may take."""
TURNS = 5
FILES = (".xlsx", ".csv", ".pdf")
"""What is downloaded: told, and not held to the limit of a page."""
_encode = msgspec.msgpack.Encoder().encode


def run(seconds: float = 5.0) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="wasl-bench-") as folder:
        return asyncio.run(_run(Path(folder)))


async def _run(folder: Path) -> dict[str, Any]:
    from bot.desk.desk import Desk
    from bot.frontline import build
    from bot.settings import read_settings
    from bot.web.ports import Site
    from conversations.association.load import load_associations

    settings = read_settings({"WASL_DATA": str(folder), "WASL_ASSOCIATIONS": str(ASSOCIATIONS)})
    associations = {one.slug: one for one in load_associations(ASSOCIATIONS)}
    line = build(settings, associations)
    began = time.perf_counter()
    token = line.database.write_now(_fill, line.vault, associations[SLUG], line.intake.clock())
    print(f"desk: {OPEN:,} open cases, {CLOSED:,} closed, {WAITING:,} waiting conversations on SQLite")
    print(f"  (filled in {time.perf_counter() - began:.0f} s)")
    desk = Desk(
        Site(associations=associations),
        line.database,
        line.vault,
        line.intake,
        line.house.blobs,
        line.attachments,
        line.hub,
    )
    from starlette.routing import Router

    app = Router(routes=desk.routes())
    took: dict[str, list[float]] = {}
    for turn in range(TURNS + 1):
        for path in line.database.read_now(paths_of, desk, SLUG):
            spent = await _get(app, path, token)
            if turn and spent:
                took.setdefault(re.sub(r"\d{6,}", "…", path), []).append(spent)
    await line.close()
    worst = 0.0
    for path, times in sorted(took.items(), key=lambda item: -max(item[1])):
        is_file = path.endswith(FILES)
        worst = worst if is_file else max(worst, max(times))
        print(f"  {median(times):6.1f} ms  worst {max(times):6.1f}   {path}{'   (a file)' if is_file else ''}")
    print(f"  the slowest page: {worst:.0f} ms; limit {LIMIT} ms")
    return {"worst": worst, "pages": {path: median(times) for path, times in took.items()}}


def paths_of(connection: Connection, desk: Any, slug: str) -> list[str]:
    """Every page that is shown, with a real row where its path names one."""
    from sqlalchemy import select

    from storage import schema, schema_desk, schema_notices

    rows = {
        "conversation": connection.scalar(select(schema.handoffs.c.conversation).limit(1)),
        "case": connection.scalar(select(schema.cases.c.id).where(schema.cases.c.kind == "request").limit(1)),
        "what": "complaint",
        "sitting": connection.scalar(select(schema_desk.sittings.c.id).limit(1)),
        "delivery": connection.scalar(select(schema_notices.notices.c.id).limit(1)),
        "tasks": connection.scalar(select(schema_notices.tasks.c.id).order_by(schema_notices.tasks.c.id).limit(1)),
    }
    found = []
    for room in desk.rooms:
        for page in room.pages:
            names = re.findall(r"{(\w+)(?::\w+)?}", page.path)
            if (
                page.method != "GET"
                or "live" in page.path
                or any(rows.get(_of(page.path, name)) is None for name in names)
            ):
                continue
            path = page.path
            for name in names:
                path = re.sub(rf"{{{name}(:\w+)?}}", str(rows[_of(path, name)]), path)
            found.append(f"/{slug}{path}")
    return found


def _of(path: str, name: str) -> str:
    """What a path's parameter is the id of: it stands before it where the parameter itself is called `id`."""
    if name != "id":
        return name
    before = path.partition("{id")[0].strip("/").rpartition("/")[2]
    return {"cases": "case"}.get(before, before)


async def _get(app: Any, path: str, token: str) -> float:
    """Milliseconds to the last byte; 0 where the page is not for this row. Raises RuntimeError for anything else."""
    path, _, query = path.partition("?")
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "root_path": "", "scheme": "http",
        "query_string": query.encode(), "http_version": "1.1", "client": ("127.0.0.1", 1), "server": ("desk", 80),
        "headers": [(b"host", b"desk"), (b"cookie", f"wasl_desk={token}".encode())],
    }  # fmt: skip
    status = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    began = time.perf_counter()
    await app(scope, receive, send)
    spent = (time.perf_counter() - began) * 1000
    if status == 404:
        return 0.0
    if status >= 400:
        raise RuntimeError(f"{path}: {status}")
    return spent


def _fill(connection: Connection, vault: Vault, association: Association, now: datetime) -> str:
    """A busy association; the token of a worker with every role."""
    at = ms(now)
    keys = [(SLUG, "whatsapp" if number % 2 else "telegram", f"+9665{number:08}") for number in range(TALKING)]
    stored = list(conversations.take(connection, vault, keys, at).values())
    people = []
    for number, one in enumerate(stored):
        one.beneficiary, one.seq, one.last_in, one.updated = new_id(), LINES, at - number * 1000, at
        one.conversation.greeted, one.conversation.last_at = True, now - timedelta(seconds=number)
        one.conversation.holder = "queue" if number < WAITING else "bot"
        facts = {"full_name": f"نورة السالم {number}", "mobile": f"+9665{number:08}"}
        people.append(world.Beneficiary(SLUG, one.beneficiary, facts, {"privacy": True}))
    conversations.save(connection, vault, stored)
    world.save_beneficiaries(connection, vault, people, at)
    for one in stored:
        messages.insert_all(connection, vault, [_line(one, number, at) for number in range(1, LINES + 1)])
    waits = [
        handoffs.Handoff(SLUG, new_id(), one.id, ("asked", "voice", "unclear")[number % 3], at=at - number * 60_000)
        for number, one in enumerate(stored[:WAITING])
    ]
    handoffs.add(connection, vault, waits)
    for first in range(0, OPEN + CLOSED, 500):
        numbers = range(first, min(first + 500, OPEN + CLOSED))
        cases.file(connection, vault, [_case(stored, association, number, at) for number in numbers], at)
    for number in range(CALLS):
        one = stored[number]
        call = tasks.Task(
            SLUG, new_id(), "call", conversation=one.id, beneficiary=one.beneficiary, why="exhausted", at=at,
            due=at - number * 60_000,
        )  # fmt: skip
        tasks.add(connection, vault, call)
    id = staff.add(connection, vault, "bench", "عاملة المكتب", at)
    staff.join(connection, staff.Member(SLUG, id, frozenset(WORKER_ROLES), woman=True), at)
    policy.sign(connection, SLUG, id, policy_version(association.profile), at)
    from bot.desk.desk import digest

    sign_ins.keep(connection, id, digest("bench"), "password", "bench", at, at + 7 * DAY)
    return "bench"


def _line(one: conversations.Stored, number: int, at: int) -> messages.Message:
    comes = number % 2
    body = (
        _encode(Text(id="t", at=datetime.now(UTC), text="متى يصلنا الرد؟"))
        if comes
        else _encode(Say(text="وصلنا طلبكم."))
    )
    return messages.Message(
        SLUG, new_id(), one.id, number, one.channel, "in" if comes else "out", "dialogue", "text" if comes else "say",
        at - (LINES - number) * 60_000, body, state="received" if comes else "delivered",
    )  # fmt: skip


def _case(stored: list[conversations.Stored], association: Association, number: int, at: int) -> cases.Case:
    kind = ("request", "request", "request", "complaint", "inquiry", "suggestion")[number % 6]
    is_open = number < OPEN
    stages = [one for one in lifecycle.LIFECYCLES[kind].stages if lifecycle.is_open(one) == is_open]
    one = stored[number % len(stored)]
    services = association.profile.services
    answers = {"full_name": f"نورة السالم {number}", "mobile": f"+9665{number:08}", "plan": "شراء ماكينة خياطة " * 8}
    return cases.Case(
        association=SLUG, id=new_id(), reference=f"HRF-{number:05}", kind=kind, stage=stages[number % len(stages)],
        service=services[number % len(services)].id if kind == "request" else "", source=one.channel,
        beneficiary=one.beneficiary, conversation=one.id, opened_at=at - (number % 300) * DAY,
        completed_at=at - (number % 300) * DAY, closed_at=None if is_open else at - (number % 200) * DAY,
        latest=at + (number % 60 - 20) * DAY, due=at + (number % 60 - 20) * DAY if is_open else None,
        answers=answers, index=tuple(found_by(answers)),
    )  # fmt: skip


if __name__ == "__main__":
    run()
