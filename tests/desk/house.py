"""A whole front line with paper channels, its desk in one browser a worker, and a clock that a test moves.

`house.worker("committee")` signs a worker in and gives their browser; `house.person("7001")` is a beneficiary on
Telegram (`channel="whatsapp"` on WhatsApp). Both speak through the same process, as in service.
"""

import asyncio
import re
import threading
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from bot.channels.record import Record
from bot.desk.desk import COOKIE, Desk, digest, key_of
from bot.desk.live import Hub
from bot.fold import Committed
from bot.web.ports import Site
from conversations.association.association import Association
from conversations.association.policy_version import policy_version
from storage import policy, sign_ins, staff
from storage.database import Database
from storage.staff import Member
from storage.times import ms
from storage.vault import Vault, generate_key
from tests.bot.desk import Desk as Line
from tests.bot.desk import Paper
from tests.bot.desk import Person as PaperPerson
from tests.migrated import migrated_sqlite

T = TypeVar("T")
DESK = "http://desk.example"


class House:
    """`line` is the paper front line (tests/bot/desk.py): its `ask` and `do` read and write the database."""

    def __init__(self, associations: dict[str, Association], folder: Path, slugs: tuple[str, ...] = ()) -> None:
        self.associations = associations
        self.database = Database(migrated_sqlite(folder / "wasl.db"))
        self.database.open()
        self.vault = Vault([generate_key()], generate_key())
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        served = slugs or tuple(associations)
        self.papers = {
            (slug, name): Paper(slug, name) for slug in served for name in ("telegram", "whatsapp", "web_chat")
        }
        self.wires = {**self.papers, **{(slug, Record.name): Record(slug) for slug in served}}
        self.line = self.run(self._line(folder))
        self.hub = Hub()
        after = self.line.intake.after_commit

        def committed(done: Committed) -> None:
            after(done)
            self.hub.tell(done)

        self.line.intake.after_commit = committed
        site = Site(associations=associations, clock=lambda: self.line.now)
        self.desk = Desk(
            site, self.database, self.vault, self.line.intake, self.line.blobs, self.line.house.draws, self.hub
        )
        self.app = Starlette(routes=[Mount("/desk", app=Starlette(routes=self.desk.routes()))])

    async def _line(self, folder: Path) -> Line:
        return Line(self.database, self.vault, self.associations, folder, self.wires)

    @property
    def now(self) -> datetime:
        return self.line.now

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Something of the front line, on its own loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def later(self, **span: float) -> None:
        """Time passes, and every round runs."""
        self.run(self.line.later(**span))

    def settle(self) -> None:
        """What was caused goes out, timers fire."""
        self.run(self.line.run())

    def person(self, handle: str, channel: str = "telegram", association: str = "harif") -> "Person":
        return Person(self, handle, channel, association)

    def account(self, name: str, login: str = "") -> int:
        return self.database.write_now(staff.add, self.vault, login or name, name, ms(self.now))

    def worker(
        self,
        *roles: str,
        association: str = "harif",
        name: str = "",
        woman: bool = False,
        categories: tuple[str, ...] = (),
        branch: str = "",
        signed: bool = True,
        id: int = 0,
        language: str = "ar",
    ) -> "Browser":
        """A member with these roles, signed in, the policy signed. `id`: an account that exists already."""
        name = name or " ".join(roles) or "nobody"
        id = id or self.account(name, f"{name}-{association}-{len(roles)}-{self._count()}")
        now = ms(self.now)
        member = Member(association, id, frozenset(roles), frozenset(categories), branch, woman)
        self.database.write_now(staff.join, member, now)
        self.database.write_now(lambda c: staff.change(c, id, language=language))
        if signed:
            version = policy_version(self.associations[association].profile)
            self.database.write_now(policy.sign, association, id, version, now)
        return Browser(self, id, association)

    def _count(self) -> int:
        self._made = getattr(self, "_made", 0) + 1
        return self._made

    def ask(self, function: Callable[..., Any], *args: Any) -> Any:
        return self.database.read_now(function, *args)

    def do(self, function: Callable[..., Any], *args: Any) -> Any:
        return self.database.write_now(function, *args)

    def acts(self, association: str = "harif") -> list[tuple[str, str, str, str]]:
        """Who did what to which row, oldest first: the audit."""
        from sqlalchemy import select

        from storage.schema import audit

        a = audit.c
        query = select(a.who, a.act, a.subject, a.detail).where(a.association == association).order_by(a.id)
        return [tuple(row) for row in self.ask(lambda c: c.execute(query).all())]

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.database.close()


class Browser:
    """A worker's browser without scripts: pages as text, forms submitted as a browser would."""

    def __init__(self, house: House, id: int, association: str) -> None:
        self.house, self.id, self.association = house, id, association
        self.client = TestClient(_OnLoop(house), base_url=DESK, follow_redirects=False)
        self.sign_in()

    def sign_in(self) -> None:
        """Signed in, or again: `later` may be days."""
        now = ms(self.house.now)
        self.token = f"token-{self.id}-{self.house._count()}"
        self.house.do(sign_ins.keep, self.id, digest(self.token), "password", "test", now, now + 7 * 86_400_000)
        self.client.cookies.set(COOKIE, self.token, domain="desk.example", path="/desk")

    @property
    def who(self) -> str:
        return f"staff:{self.id}"

    def _path(self, path: str) -> str:
        return path if path.startswith("/desk") else f"/desk/{self.association}{path}"

    def get(self, path: str, follow: bool = True) -> Any:
        return self.client.get(self._path(path), follow_redirects=follow)

    def post(self, path: str, follow: Any = True, files: Any = None, **fields: Any) -> Any:
        """A form with this sign-in's key and a fresh number, as every form of the desk carries.
        `follow` is not typed as the bool it is, or no mapping of strings could be given as fields."""
        data = {"key": key_of(self.token), "once": f"n{self.house._count()}", **fields}
        return self.client.post(
            self._path(path), data=data, files=files, headers={"origin": DESK}, follow_redirects=follow
        )

    def text(self, path: str) -> str:
        """What a page says, without its markup."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return words_of(answer.text)


class Person(PaperPerson):
    """A beneficiary, from a test that is not asynchronous. `told` is all they were told, in order."""

    reference = ""
    """Of the request that was filed for them (tests/desk/broadcasting.py)."""

    def __init__(self, house: House, handle: str, channel: str, association: str) -> None:
        super().__init__(house.line, handle, channel, association)
        self.house = house

    @property
    def told(self) -> list[str]:
        return self.house.line.told(self.handle, self.channel, self.association)

    @property
    def id(self) -> int:
        return self.house.line.id_of(self.handle, self.channel, self.association)

    def does(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """One thing they do (`person.does(person.says("…"))`), and all that follows from it."""
        done = self.house.run(coroutine)
        self.house.settle()
        return done


class _OnLoop:
    """The desk, answering on the front line's own loop while the test's client waits in its thread."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise AssertionError(scope["type"])
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        sent: list[Any] = []
        taken = False

        async def give() -> Any:
            nonlocal taken
            if taken:
                return {"type": "http.disconnect"}
            taken = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def keep(message: Any) -> None:
            sent.append(message)

        self.house.run(self.house.app(scope, give, keep))
        for message in sent:
            await send(message)


def words_of(html: str) -> str:
    """A page's words, one space between them."""
    from html import unescape

    without = re.sub(r"<(script|style|template)\b.*?</\1>", " ", html, flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", without))).strip()
