"""One request at the desk: who asks, for which association, and everything a handler needs to answer."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot import notices
from bot.desk.whole import whole
from bot.desk.words import DeskWords
from bot.desk.worker import Worker
from bot.fold import Arrived, Committed
from bot.web.body import Posted
from conversations.association.association import Association
from conversations.events import Event
from storage import audit, seen, timers
from storage.blobs import Missing
from storage.seen import digest_key
from storage.timers import Timer
from storage.times import ms

if TYPE_CHECKING:
    from bot.desk.desk import Desk

T = TypeVar("T")


class Replayed(Exception):
    """This very form was submitted before: what it asked for is done."""


class Refused(Exception):
    """Not done, and why: the key of a sentence (and what it interpolates). Nothing has changed."""

    def __init__(self, words: str, /, **facts: Any) -> None:
        super().__init__(words)
        self.words, self.facts = words, facts


class Stale(Refused):
    """Somebody was faster: the page shows what is no more."""


class NotFound(Exception):
    """There is no such thing for this worker: what may not be seen is not said to exist."""


@dataclass
class At:
    """`form` is what was posted, its key checked; empty for a GET. `path` are the path's parameters."""

    request: Request
    desk: "Desk"
    worker: Worker
    association: Association
    form: Posted = field(default_factory=lambda: Posted(()))
    _told: bool = False

    @property
    def slug(self) -> str:
        return self.association.slug

    @property
    def language(self) -> str:
        return self.worker.language

    @cached_property
    def words(self) -> DeskWords:
        return DeskWords(self.language, self.association)

    @property
    def now(self) -> datetime:
        return self.desk.clock()

    @property
    def base(self) -> str:
        return f"/desk/{self.slug}"

    def path(self, name: str) -> str:
        return str(self.request.path_params[name])

    def number(self, name: str) -> int:
        """A whole number of the path. Raises NotFound for anything else."""
        if (value := whole(self.path(name))) is None:
            raise NotFound
        return value

    def query(self, name: str, otherwise: str = "") -> str:
        return self.request.query_params.get(name, otherwise)

    # --- reading and writing -----------------------------------------------------------------------------------------

    async def read(self, function: Callable[..., T], *args: Any) -> T:
        """`function(connection, *args)`."""
        return await self.desk.database.read(function, *args)

    async def write(self, act: str, subject: str, function: Callable[..., T], *args: Any, detail: str = "") -> T:
        """`function(connection, *args)` in one transaction with its audit row; a form that came before is refused.
        `act` is empty where the function writes its own.

        Raises Replayed, and whatever `function` raises (Refused), all undone."""
        done: T = await self.desk.database.write(self._write, act, subject, detail, function, args)
        if self._told:
            self.desk.intake.after_commit(Committed([], [], {"timers"}))
        return done

    def _write(
        self, connection: Connection, act: str, subject: str, detail: str, function: Callable[..., T], args: Any
    ) -> T:
        self.once(connection)
        done = function(connection, *args)
        if act:
            self.log(connection, act, subject, detail)
        return done

    async def keep(self, function: Callable[..., T], *args: Any) -> T:
        """`function(connection, *args)` for what is nobody's act (a draft, who is looking): it may come as often as a
        page likes, spends no number and is not on record."""
        return await self.desk.database.write(function, *args)

    async def put(
        self,
        act: str,
        conversation: int,
        event: Event,
        *,
        unless: Callable[[Connection], None] | None = None,
        also: Callable[[Connection], None] | None = None,
    ) -> None:
        """Something a worker does to a conversation: an event, through the one way in, with its audit row (`act` is
        empty where `also` writes its own).

        `unless` runs first, with the conversation locked, and raises Refused to stop it; `also` writes what goes with
        it. Raises Replayed, Refused, DatabaseAway."""
        stopped: list[Exception] = []

        def claim(connection: Connection, at: int) -> bool:
            # Folded again (a deadlock): what was found the time before is no more.
            stopped.clear()
            try:
                self.once(connection)
                if unless is not None:
                    unless(connection)
            except (Replayed, Refused) as error:
                stopped.append(error)
                return False
            if also is not None:
                also(connection)
            if act:
                self.log(connection, act, f"conversation:{conversation}")
            return True

        await self.desk.intake.put(Arrived(self.slug, "", "", event, conversation=conversation, claim=claim))
        if stopped:
            raise stopped[0]

    def tell(self, connection: Connection) -> notices.Wake:
        """How a move of a case reaches its person: by the agreed channel, as an event picked up after the commit."""
        return notices.telling(connection, self.desk.vault, self.association, self.now, self.wake(connection))

    def wake(self, connection: Connection) -> notices.Wake:
        """An event for a conversation, due at once, picked up after the commit."""

        def wake(conversation: int, timer: str) -> None:
            timers.set_all(connection, [Timer(self.slug, conversation, timer, ms(self.now))])
            self._told = True

        return wake

    def once(self, connection: Connection) -> None:
        """Claim the form's own number. Raises Replayed."""
        number = self.form.get("once")
        if self.request.method == "POST" and not (number and seen.claim(connection, [self._number], ms(self.now))):
            raise Replayed

    def came_before(self, connection: Connection) -> bool:
        """Whether the form's own number is spent, for an act that begins before `once` decides."""
        return seen.is_taken(connection, *self._number)

    @property
    def _number(self) -> tuple[str, bytes]:
        return self.slug, digest_key("desk", f"{self.worker.sign_in}:{self.form.get('once')}")

    def log(self, connection: Connection, act: str, subject: str, detail: str = "") -> None:
        audit.log(connection, [audit.Act(self.slug, ms(self.now), self.worker.who, act, subject, detail)])

    async def saw(self, subject: str, detail: str = "") -> None:
        """A view of personal data, on record before it is shown."""
        await self.desk.database.write(self.log, "view", subject, detail)

    # --- answering ---------------------------------------------------------------------------------------------------

    def page(
        self,
        template: str,
        /,
        *,
        status: int = 200,
        error: str = "",
        more_headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """A whole page in the desk's frame. `error`: a sentence shown above everything, read out at once."""
        return self.desk.render(self, template, status=status, error=error, more_headers=more_headers, **values)

    def part(self, template: str, /, **values: Any) -> HTMLResponse:
        """A piece of a page, for a live update."""
        return self.desk.render(self, template, whole=False, **values)

    def back(self, path: str, said: str = "") -> RedirectResponse:
        """After a form: to a page below /desk/{association}. `said`: the key `said.<said>` of what it then says."""
        page, hash, place = path.partition("#")
        mark = f"{'&' if '?' in page else '?'}said={quote(said)}" if said else ""
        return RedirectResponse(f"{self.base}{page}{mark}{hash}{place}", 303)

    async def bytes_of(self, id: int) -> bytes:
        """What a file of this association holds. Raises NotFound where it is not there any more."""
        try:
            return await asyncio.to_thread(self.desk.blobs.get, self.slug, id)
        except Missing:
            raise NotFound from None

    def file(self, name: str, media_type: str, data: bytes, *, inline: bool = False) -> Response:
        """A file, sealed to this viewer: never cached, never run as a page."""
        return self.desk.file(name, media_type, data, inline=inline)
