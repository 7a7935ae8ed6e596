"""The inbox: who waits for a person, who holds which conversation, and the next one for me.

Rows show a first name (or the end of a number), why, how long, and a line of what was said last: opened for the rows
shown alone, and on record as seen.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from bot.desk.at import At, NotFound, Refused, Stale
from bot.desk.conversation import alarmed, inbox_rows
from bot.desk.conversation.inbox_rows import Shown
from bot.desk.room import Room
from bot.desk.sight import conversations_seen_by, handoffs_seen_by
from bot.desk.whole import place
from bot.fold import Committed
from conversations.events import StaffTook
from storage import conversations, handoffs, inbox, staff
from storage.handoffs import NOBODY
from storage.inbox import Filters, Row
from storage.times import ms

room = Room("inbox", nav="/inbox", right="inbox")
LISTS = ("waiting", "mine", "others")
CONSIDERED = 50
"""Of those that wait, for the next one."""


@room.get("/", right="")
async def home(at: At) -> Response:
    """To the first room that this worker may enter."""
    for door in at.desk.rooms:
        if door.nav and door.right and at.worker.may(door.right):
            return RedirectResponse(f"{at.base}{door.nav}", 303)
    return RedirectResponse(f"{at.base}/account", 303)


@room.get("/inbox")
async def page(at: At, error: str = "", status: int = 200) -> Response:
    shown = await at.read(_read, at)
    await _on_record(at, shown)
    return at.page("inbox/inbox.html", status=status, error=error, **_said(at, shown))


@room.get("/inbox/part")
async def part(at: At) -> Response:
    shown = await at.read(_read, at)
    await _on_record(at, shown)
    return at.part("inbox/list.html", **_said(at, shown))


@room.post("/inbox/{conversation}/take")
async def take(at: At) -> Response:
    """First come, first served: whoever is second is told by whom they were overtaken."""
    return await _take(at, at.number("conversation"))


@room.post("/inbox/next")
async def take_next(at: At) -> Response:
    found = await at.read(_next, at)
    if found is None:
        return at.back("/inbox", said="nobody_waits")
    return await _take(at, found)


async def _take(at: At, conversation: int) -> Response:
    event = StaffTook(id=f"take-{at.form.get('once')}", at=at.now, staff=str(at.worker.id), title="")
    try:
        await at.put("take", conversation, event, unless=_free(at, conversation))
    except Stale as error:
        return await page(at, at.words(error.words, **error.facts), 409)
    return at.back(f"/conversation/{conversation}", said="talk_taken")


def _free(at: At, conversation: int) -> Callable[[Connection], None]:
    def unless(connection: Connection) -> None:
        if not inbox.seen_among(connection, at.slug, [conversation], conversations_seen_by(at.worker)):
            raise Stale("inbox.gone")
        other = conversations.hold(connection, at.slug, conversation, at.worker.who)
        if other:
            id = int(other.removeprefix("staff:"))
            who = staff.names(connection, at.desk.vault, [id]).get(id, "")
            raise Stale("inbox.taken_by", name=who)

    return unless


@room.post("/inbox/handoff/{handoff}/close")
async def close(at: At) -> Response:
    """An anonymous case leads to no conversation: who looks after it is all there is to say."""
    id = at.number("handoff")
    try:
        await at.write("handoff.close", f"handoff:{id}", _close, at, id)
    except Stale as error:
        return await page(at, at.words(error.words), 409)
    at.desk.intake.after_commit(Committed([], [], {"inbox"}, changed=((at.slug, NOBODY),)))
    return at.back("/inbox", said="closed")


def _close(connection: Connection, at: At, id: int) -> None:
    if not inbox.is_waiting(connection, at.slug, id, handoffs_seen_by(at.worker)):
        raise NotFound
    if not handoffs.close(connection, at.slug, id, str(at.worker.id), ms(at.now)):
        raise Stale("inbox.gone")


@room.post("/inbox/presence")
async def presence(at: At) -> Response:
    chosen = at.form.get("presence")
    if chosen not in ("auto", "away"):
        raise Refused("desk.refused.text")
    await at.write(f"presence.{chosen}", f"staff:{at.worker.id}", inbox.be, at.slug, at.worker.id, chosen)
    return at.back("/inbox", said=f"presence_{chosen}")


# --- what is shown ---------------------------------------------------------------------------------------------------


def _read(connection: Connection, at: At) -> Shown:
    which = at.query("list") if at.query("list") in LISTS else LISTS[0]
    slug, me, seen = at.slug, at.worker.id, conversations_seen_by(at.worker)
    waits = handoffs_seen_by(at.worker)
    filters = Filters(*(at.query(name)[:40] for name in Filters._fields))
    more = ""
    if which == "waiting":
        found = inbox.waiting(connection, slug, waits, me, filters=filters, after=_after(at, 3), limit=inbox.PAGE + 1)
        if len(found) > inbox.PAGE:
            more = "-".join(map(str, found[inbox.PAGE - 1][0]))
        rows = inbox_rows.merged([row for _, row in found[: inbox.PAGE]])
    else:
        rows = inbox.held(
            connection, slug, seen, me, mine=which == "mine", channel=filters.channel, after=_after(at, 2),
            limit=inbox.PAGE + 1,
        )  # fmt: skip
        if len(rows) > inbox.PAGE:
            rows = rows[: inbox.PAGE]
            more = f"{rows[-1].updated}-{rows[-1].conversation}" if which == "others" else ""
        rows = inbox.with_reasons(connection, slug, rows)
    present = inbox.present(connection, slug, ms(at.now))
    return Shown(
        which=which,
        rows=inbox_rows.lines(connection, at, rows),
        more=more,
        waiting=inbox.count_waiting(connection, slug, waits),
        held=inbox.count_held(connection, slug, seen, me),
        choices=inbox.choices(connection, slug, waits) if which == "waiting" else {},
        filters=filters,
        present=len(present),
        here=me in present,
        away=inbox.is_away(connection, slug, me),
        alarms=alarmed.waiting(connection, at) if at.worker.may("outbound") else [],
    )


def _after(at: At, parts: int) -> tuple[int, ...] | None:
    """A place in a list, of so many whole numbers; anything else is its beginning."""
    return place(at.query("after"), parts)


def _said(at: At, shown: Shown) -> dict[str, Any]:
    asked = {name: value for name, value in shown.filters._asdict().items() if value}
    if shown.which != LISTS[0]:
        asked["list"] = shown.which
    here = {**asked, **({"after": at.query("after")} if at.query("after") else {})}
    more = urlencode({**asked, "after": shown.more}) if shown.more else ""
    return {"shown": shown, "asked": urlencode(here), "more": more, "open_now": inbox_rows.is_open(at)}


async def _on_record(at: At, shown: Shown) -> None:
    """Whose name and words were shown: each of them once in a while, not with every look."""
    fresh = inbox_rows.not_lately(at, [one.row.conversation for one in shown.rows if one.row.conversation])
    if fresh:
        await at.saw("inbox", " ".join(map(str, fresh)))


# --- the next one ----------------------------------------------------------------------------------------------------


def _next(connection: Connection, at: At) -> int | None:
    """The best for this worker: what they were offered, what is urgent, what is theirs by the table, the oldest; what a
    colleague has just been offered comes last."""
    found = inbox.waiting(connection, at.slug, handoffs_seen_by(at.worker), at.worker.id, limit=CONSIDERED)
    rows = [(place, row) for place, row in found if row.conversation != NOBODY and not row.holder.startswith("staff:")]

    def order(one: tuple[inbox.Place, Row]) -> tuple[int, bool, int, int]:
        (rank, at_, _), row = one
        others = row.offered_to is not None and row.offered_to != at.worker.id
        return -rank, others, inbox_rows.standing(at, row), at_

    return min(rows, key=order)[1].conversation if rows else None
