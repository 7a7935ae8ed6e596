"""What a worker says to a person, and what becomes of it: sent, kept for the window, sent again, taken back.

First send wins: a reply comes with the number of the last line its writer saw, and where a colleague answered after
that, or holds the conversation, it comes back with what they said, still in the box, to be sent all the same or not.
Whatever is refused, what was typed stays: in the box, and as a draft on the server.
"""

from collections.abc import Callable

from sqlalchemy import Connection
from starlette.responses import Response

from bot.desk.at import At, NotFound, Refused, Replayed, Stale
from bot.desk.conversation import composing, scene, transcript
from bot.desk.conversation.composing import Stored
from bot.desk.room import Room
from bot.desk.rooms.conversation import Warned, page
from bot.desk.whole import whole
from conversations import staffed
from conversations.conversation import Conversation
from conversations.events import StaffKnocked, StaffSaid, StaffTookBack
from conversations.says import Attachment
from storage import conversations as people
from storage import documents, messages, outbox, reply_drafts
from storage.ids import new_id
from storage.messages import Line, Settlement
from storage.times import ms

room = Room("replies", right="inbox")

NOTHING = Stored((), ())


class Answered(Stale):
    """A colleague answered meanwhile."""


class HeldBy(Stale):
    """A colleague holds it."""

    def __init__(self, holder: str) -> None:
        super().__init__("conversation.held")
        self.staff = int(holder.partition(":")[2] or 0)


def first(at: At, id: int, seen: int, over: bool, keeps: int = 0) -> Callable[[Connection], None]:
    """Runs with the conversation locked: nobody answered behind `seen`, and nobody else holds it, unless `over`; and
    where it cannot go out now, so many messages more can wait (`keeps`)."""

    def check(connection: Connection) -> None:
        if not scene.may_see(connection, at, id):
            raise Refused("conversation.gone")
        if transcript.replied_since(connection, at, id, seen):
            raise Answered("conversation.answered")
        if holder := people.hold(connection, at.slug, id, at.worker.who, over=over):
            raise HeldBy(holder)
        state = people.state_of(connection, at.desk.vault, at.slug, id) if keeps else None
        if state is not None:
            _has_room(state, keeps)

    return check


@room.post("/conversation/{id}/reply", files=composing.MOST_FILES + 1)
async def reply(at: At) -> Response:
    id, form = at.number("id"), at.form
    text = form.get("text").strip()
    here = await at.read(scene.load, at, id)
    stored = NOTHING
    try:
        composer = _sendable(at, here, text)
        papers, uploads, voices = _papers(at, here), form.uploads("file"), form.uploads("voice")
        keeps = max(1, len(papers) + len(uploads) + len(voices[:1])) if composer.closed else 0
        _has_room(here.state, keeps)
        stored = await composing.store(at, here, uploads, next(iter(voices), None))
        attachments = (*(paper.attachment for paper in papers), *stored.attachments)
        if not text and not attachments:
            raise Refused("conversation.nothing")
        said = _said(at, here, text, attachments, knock=form.get("knock") == "yes" and composer.template)

        def also(connection: Connection) -> None:
            composing.keep_rows(connection, at, stored)
            for paper in papers:
                documents.sent(connection, at.slug, at.worker.who, paper.id, id, ms(at.now))
            reply_drafts.forget(connection, at.slug, id, at.worker.id)

        seen = whole(form.get("seen")) or 0
        await at.put("reply", id, said, unless=first(at, id, seen, form.get("over") == "yes", keeps), also=also)
    except (Refused, Replayed) as error:
        await composing.discard(at, stored)
        return await refused(at, id, error, text)
    if by_script(at):
        return Response(status_code=204)
    return at.back(f"/conversation/{id}", said="reply_kept" if composer.closed else "reply_sent")


def _sendable(at: At, here: scene.Scene, text: str) -> composing.Composer:
    """Raises Refused for what can neither go out now nor be kept."""
    composer = composing.composer(at, here)
    if composer.closed in ("blocked", "off"):
        raise Refused(f"conversation.closed.{composer.closed}")
    if len(text) > composer.limit:
        raise Refused("conversation.too_long", count=len(text) - composer.limit)
    if composing.GAP in text:
        raise Refused("conversation.gap_left", gap=composing.GAP)
    return composer


def _has_room(state: Conversation, keeps: int) -> None:
    """Raises Refused where so many messages more cannot wait for them."""
    left = staffed.room_left(state)
    if keeps and not left:
        raise Refused("conversation.kept_enough", count=staffed.MOST_KEPT)
    if keeps > left:
        raise Refused("conversation.kept_room", count=left)


def _papers(at: At, here: scene.Scene) -> list[composing.AtHand]:
    """Of the library, as chosen. Raises Refused for what was withdrawn meanwhile."""
    chosen = set(at.form.all("paper"))
    found = [paper for paper in composing.papers(at, here) if paper.id in chosen]
    if len(found) < len(chosen):
        raise Refused("conversation.paper_gone")
    return found


def _said(
    at: At, here: scene.Scene, text: str, attachments: tuple[Attachment, ...], *, knock: bool = False
) -> StaffSaid:
    one = attachments[0] if attachments else Attachment("", "", "")
    return StaffSaid(
        id=f"reply-{new_id()}",
        at=at.now,
        staff=str(at.worker.id),
        title=composing.title_of(at, here.state),
        text=text,
        file=one.file,
        file_name=one.name,
        file_kind=one.kind,
        more=attachments[1:],
        knock=knock,
    )


async def refused(at: At, id: int, error: Refused | Replayed, text: str) -> Response:
    """The page again with what was typed, or the sentence alone for the script; nothing typed is lost."""
    if text:
        await at.keep(reply_drafts.keep, at.desk.vault, at.slug, id, at.worker.id, text, ms(at.now))
    replayed = isinstance(error, Replayed)
    if isinstance(error, Replayed):
        await at.keep(at.log, "form.replayed", "", "replies.reply")
        error = Refused("conversation.replayed")
    status = 409 if isinstance(error, Stale) else 422
    warned = await at.read(_warned, at, id, error) if isinstance(error, Stale) else None
    sentence = at.words(error.words, **error.facts) if warned is None else ""
    if by_script(at):
        answer = at.part("conversation/warned.html", warned=warned, sentence=sentence, replayed=replayed)
        answer.status_code = status
        return answer
    return await page(at, id, status=status, error=sentence, warned=warned, text=text)


def _warned(connection: Connection, at: At, id: int, error: Stale) -> Warned:
    """Who was faster, and what they said behind what this worker saw."""
    here = scene.load(connection, at, id)
    seen = whole(at.form.get("seen")) or 0
    theirs = {one.seq for one in transcript.replied_since(connection, at, id, seen)}
    since = transcript.after(connection, at, here, seen)
    said = [one for one in since.shown if one.kind == "line" and one.seq in theirs]
    holder = error.staff if isinstance(error, HeldBy) else here.holder
    name = scene.name_of(connection, at, holder) or at.words("conversation.a_worker")
    who = said[-1].who if said else name
    words = at.words(error.words, who=who)
    return Warned(words=words, said=said, over=True, seen=max(since.last, seen))


def by_script(at: At) -> bool:
    return at.request.headers.get("x-part") == "1"


# --- a message that did not arrive -----------------------------------------------------------------------------------


@room.post("/conversation/{id}/again/{seq}")
async def again(at: At) -> Response:
    """A worker's reply that failed, as a new message; a template that failed, as itself."""
    id, seq = at.number("id"), at.number("seq")
    here = await at.read(scene.load, at, id)
    line = await at.read(_line, at, id, seq)
    say = transcript.read_say(line)
    if line.state != "failed" or not say.by:
        raise Stale("conversation.moved_on")
    if say.template:
        return await _knock(at, here, again=True)
    text = say.text
    attachments = (say.file,) if say.file is not None else ()
    try:
        keeps = int(bool(_sendable(at, here, text).closed))
        said = _said(at, here, text, attachments)
        await at.put("reply.again", id, said, unless=first(at, id, here.seq, False, keeps))
    except Refused as error:
        return await refused(at, id, error, text)
    return at.back(f"/conversation/{id}", said="reply_sent")


@room.post("/conversation/{id}/release/{seq}")
async def release(at: At) -> Response:
    """What may have arrived, or was held back, goes out (again): a person decided (rule 3)."""
    return await _decide(
        at, "message.release", lambda c, line: bool(outbox.release(c, [(at.slug, line.id)], ms(at.now)))
    )


@room.post("/conversation/{id}/arrived/{seq}")
async def arrived(at: At) -> Response:
    """The person has it: somebody asked them, or they answered it."""

    def settle(connection: Connection, line: Line) -> bool:
        return bool(messages.settle(connection, [Settlement(at.slug, line.id, "delivered")], "", ms(at.now)))

    return await _decide(at, "message.arrived", settle)


async def _decide(at: At, act: str, settle: Callable[[Connection, Line], bool]) -> Response:
    id, seq = at.number("id"), at.number("seq")

    def decide(connection: Connection) -> None:
        line = _line(connection, at, id, seq)
        if line.state not in ("uncertain", "held") or not settle(connection, line):
            raise Stale("conversation.moved_on")

    await at.write(act, f"conversation:{id}", decide, detail=f"line:{seq}")
    at.desk.hub.wake(at.slug, f"conversation:{id}")
    return at.back(f"/conversation/{id}", said="message_decided")


def _line(connection: Connection, at: At, id: int, seq: int) -> Line:
    """Something we said in a conversation that this worker sees. Raises NotFound."""
    if not scene.may_see(connection, at, id):
        raise NotFound
    line = messages.line(connection, at.desk.vault, at.slug, id, seq)
    if line is None or line.direction != "out" or line.kind != "say":
        raise NotFound
    return line


# --- what waits for the window ---------------------------------------------------------------------------------------


@room.post("/conversation/{id}/knock")
async def knock(at: At) -> Response:
    """The approved template: a reply is waiting."""
    return await _knock(at, await at.read(scene.load, at, at.number("id")))


async def _knock(at: At, here: scene.Scene, again: bool = False) -> Response:
    composer = composing.composer(at, here)
    if not composer.template or (composer.knocked and not again) or not here.state.kept:
        raise Stale("conversation.moved_on")
    event = StaffKnocked(id=f"knock-{new_id()}", at=at.now, staff=str(at.worker.id), again=again)
    await at.put("knock", here.id, event, unless=_seen(at, here.id))
    return at.back(f"/conversation/{here.id}", said="talk_knocked")


@room.post("/conversation/{id}/take-back/{reply}")
async def take_back(at: At) -> Response:
    """A reply that waits is not sent after all: its words are a draft again."""
    id, kept = at.number("id"), at.path("reply")
    here = await at.read(scene.load, at, id)
    says = next((says for name, _, says in staffed.kept_of(here.state) if name == kept), None)
    if says is None:
        raise Stale("conversation.moved_on")
    text = "\n\n".join(say.text for say in says if say.text)

    def also(connection: Connection) -> None:
        vault, mine = at.desk.vault, (at.slug, id, at.worker.id)
        before = reply_drafts.kept(connection, vault, *mine)
        reply_drafts.keep(connection, vault, *mine, "\n".join(filter(None, [before, text])), ms(at.now))

    event = StaffTookBack(id=f"back-{new_id()}", at=at.now, staff=str(at.worker.id), reply=kept)
    await at.put("reply.take_back", id, event, unless=_seen(at, id), also=also)
    return at.back(f"/conversation/{id}", said="reply_taken_back")


def _seen(at: At, id: int) -> Callable[[Connection], None]:
    def check(connection: Connection) -> None:
        if not scene.may_see(connection, at, id):
            raise Refused("conversation.gone")

    return check
