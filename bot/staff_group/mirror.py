"""The round that makes topics, and brings what is new into them: one thing at a time, in the group's pace.

Everything it knows is in rows (rule 10): each step is claimed in a transaction before Telegram is asked, and what came
of it is written after.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from bot.channels.contract import Content, ContentRefused, SendError, Uncertain
from bot.log import log
from bot.staff_group.group import NAME, TEXT, Group, NotWorkable, TopicGone, Unchanged, cut, units
from bot.staff_group.lines import LAST, Bundle
from bot.staff_group.scene import Scene, Scenes
from bot.staff_group.turns import Claim, Turns
from bot.web.lines import MEDIA_TYPES
from storage import alarms, topics
from storage.blobs import Blobs, Missing
from storage.database import Database
from storage.times import SECOND
from storage.topics import Topic, Work

LEASE = 60 * SECOND
AT_ONCE = 30
"""Steps in one round; the next one comes in a second."""
ICONS: Mapping[str, tuple[str, ...]] = {
    "queue!": ("🔥", "‼", "❗"),
    "queue": ("❗", "❓", "📣"),
    "staff": ("💬", "🗣", "✍"),
    "bot": ("✅", "🏁", "🤖"),
}
"""For who holds it: the first of these that Telegram offers."""


@dataclass
class Mirror:
    """`groups` by association."""

    database: Database
    groups: Mapping[str, Group]
    turns: Turns
    scenes: Scenes
    blobs: Blobs

    async def run(self) -> None:
        await asyncio.gather(*(self._serve(group) for group in self.groups.values()))

    async def _serve(self, group: Group) -> None:
        """Until nothing is to be done, or it is not our turn. Raises DatabaseAway."""
        for _ in range(AT_ONCE):
            if not self.turns.may(group):
                return
            now = self.turns.now()
            work = await self.database.read(topics.next_work, group.association, group.chat, now)
            if work is None or not await self._step(group, work):
                return

    async def _step(self, group: Group, work: Work) -> bool:
        """False where nothing more can be done in this group now."""
        return await _STEPS[step_of(work)](self, group, work)

    # --- topics ------------------------------------------------------------------------------------------------------

    async def _make(self, group: Group, work: Work) -> bool:
        if work.topic.state == "making":
            log.warning("topic_made_again", association=group.association, conversation=work.topic.conversation)
        name, icon = await self._face(group, work)
        topic = work.topic

        def claim(connection: Connection, now: int) -> bool:
            reaches = topics.reaches(connection, topic.association, topic.conversation)
            return reaches and topics.begin_making(connection, topic, now, now + LEASE)

        turn = await self.turns.take(group, claim)
        if turn != "taken":
            return turn == "lost"
        try:
            number = await group.create(name, icon, urgent=work.urgent)
        except Uncertain as error:
            return await self.turns.failed(group, topic, error)  # the row stays `making` until its lease is over
        except SendError as error:
            return await self.turns.failed(group, topic, error, state="wanted")
        await self.turns.keep(topic, topic=number, state="made", shown=work.expected)
        return True

    async def _reopen(self, group: Group, work: Work) -> bool:
        return await self._call(group, work, lambda: group.reopen(work.topic.topic), state="made")

    async def _close(self, group: Group, work: Work) -> bool:
        closed = {"state": "closed", "mirrored": work.seq, "sending": 0, "again": False}
        return await self._call(group, work, lambda: group.close(work.topic.topic), **closed)

    async def _show(self, group: Group, work: Work) -> bool:
        name, icon = await self._face(group, work)
        return await self._call(group, work, lambda: group.edit(work.topic.topic, name, icon), shown=work.expected)

    async def _withdraw(self, group: Group, work: Work) -> bool:
        """It became confidential: the topic goes, with all that stands in it; where we may not delete, it is closed
        under a name that says nothing."""
        number = work.topic.topic

        async def take_out() -> None:
            try:
                await group.delete(number)
            except NotWorkable:
                await self.database.write(_ring, group.association, "staff_group_not_deleted", self.turns.now())
                await group.edit(number, self.scenes.words(group.association)("group.withdrawn"), "")
                await group.close(number)

        done = await self._call(group, work, take_out, state="withdrawn", topic=0, mirrored=0, sending=0, again=False)
        await self.database.write(topics.forget, work.topic)
        return done

    async def _call(self, group: Group, work: Work, call: Callable[[], Awaitable[None]], **after: Any) -> bool:
        """One call that may be made twice without harm, and how the row is when it is done."""
        topic = work.topic
        turn = await self.turns.take(group, lambda c, now: topics.begin(c, topic, now, now + LEASE))
        if turn != "taken":
            return turn == "lost"
        try:
            await call()
        except (Unchanged, ContentRefused) as error:
            if isinstance(error, ContentRefused):
                log.warning("topic_not_changed", association=group.association, error=error.code)
        except TopicGone as error:
            if after.get("state") != "withdrawn":
                return await self.turns.failed(group, topic, error)
        except SendError as error:
            return await self.turns.failed(group, topic, error)
        await self.turns.keep(topic, **after)
        return True

    async def _face(self, group: Group, work: Work) -> tuple[str, str]:
        """Name and icon: who it is, and who holds it."""
        scene = await self.database.read(self.scenes.read, work, work.seq)
        words = scene.reading.words
        kind = work.expected.partition(":")[0]
        state = words(f"group.state.{kind.replace('!', '_urgent')}", who=scene.holder)
        return cut(words("group.title", who=scene.who, state=state), NAME), await group.icon(ICONS[kind])

    # --- what stands in them -----------------------------------------------------------------------------------------

    async def _begin(self, group: Group, work: Work) -> bool:
        scene = await self.database.read(self.scenes.read, work, max(0, work.seq - 3 * LAST))
        upto = max([work.seq, *(line.seq for line in scene.lines)])
        return await self._send(group, work, self._card(work, scene), upto, state="open")

    def _card(self, work: Work, scene: Scene) -> str:
        """Who waits, why, since when they wrote what, and what can be done here."""
        words, reading = scene.reading.words, scene.reading
        head = [words("group.card.urgent" if work.urgent else "group.card.waits"), f"{scene.who} · {scene.channel}"]
        if reading.shows != "link":
            reasons = dict.fromkeys(f"handoff.{reason}" for one in scene.waits for reason in one.reasons)
            head += [words(reason) for reason in reasons if reason in words]
            head += [words("group.card.case", reference=one.reference) for one in scene.waits if one.reference]
        head += [reading.url] if reading.url else []
        foot = words("group.card.how")
        room = TEXT - units("\n".join([*head, foot])) - 100
        pieces: list[str] = []
        for piece in reversed(reading.last(scene.lines)):
            room -= units(piece) + 1
            if room < 0:
                break
            pieces.insert(0, piece)
        last = ["", words("group.card.last"), *pieces] if pieces else []
        return "\n".join([*head, *last, "", foot])

    async def _say(self, group: Group, work: Work) -> bool:
        topic = work.topic
        scene = await self.database.read(self.scenes.read, work, topic.mirrored)
        lines = scene.lines if work.live else await self.database.read(self.scenes.before_the_end, topic, scene.lines)
        bundle = Bundle(topic.mirrored)
        if lines and topic.state == "open":
            bundle = scene.reading.bundle(lines, self.turns.now(), max(work.seq, lines[-1].seq))
        answers = "\n".join(words for _, words in scene.answers)
        if answers and (bundle.file is not None or units(answers) + units(bundle.text) > TEXT - 100):
            bundle = Bundle(topic.mirrored)
        text = cut("\n".join(filter(None, [answers, bundle.text])), TEXT - 100)
        upto_answer = scene.answers[-1][0] if scene.answers else None
        if bundle.file is not None:
            return await self._send_file(group, work, bundle)
        if text:
            return await self._send(group, work, text, bundle.upto, upto_answer)
        if bundle.upto > topic.mirrored:  # nothing in them that is not there already, or is worth a line
            await self.database.write(_go_on, topic, self.turns.now(), 0, {"mirrored": bundle.upto})
        elif work.live or bundle.waits:
            await self.database.write(_go_on, topic, self.turns.now(), SECOND, {})
        elif topic.shown != work.expected:
            return await self._show(group, work)
        else:
            return await self._close(group, work)
        return True

    async def _send(
        self, group: Group, work: Work, text: str, upto: int, upto_answer: int | None = None, **after: Any
    ) -> bool:
        again = work.topic.sending > 0
        if again:
            text = f"{self.scenes.words(group.association)('group.again')}\n{text}"
        number = work.topic.topic
        turn = await self.turns.take(group, self._sending(work, upto, again))
        if turn != "taken":
            return turn == "lost"
        try:
            await group.say(number, text)
        except ContentRefused as error:
            log.error("topic_line_refused", association=group.association, error=error.code)
        except SendError as error:
            return await self.turns.failed(group, work.topic, error)
        await self._sent(work.topic, upto, upto_answer, **after)
        return True

    async def _send_file(self, group: Group, work: Work, bundle: Bundle) -> bool:
        piece = bundle.file
        assert piece is not None
        again = work.topic.sending > 0
        caption = f"{self.scenes.words(group.association)('group.again')}\n{bundle.text}" if again else bundle.text
        try:
            data = await asyncio.to_thread(self.blobs.get, group.association, piece.file)
        except Missing:
            data = b""
        turn = await self.turns.take(group, self._sending(work, bundle.upto, again))
        if turn != "taken":
            return turn == "lost"
        name = piece.name if "." in piece.name else f"{piece.name}.{piece.kind}"
        try:
            if not data:
                raise ContentRefused("file_missing")
            media_type = MEDIA_TYPES.get(piece.kind, "application/octet-stream")
            await group.send(work.topic.topic, caption, Content(name, media_type, data))
        except ContentRefused as error:
            log.warning("file_not_in_topic", association=group.association, file=piece.file, error=error.code)
            words = f"{bundle.text}\n{self.scenes.words(group.association)('group.file_not_here')}"
            await self.database.write(
                topics.say, self.scenes.vault, group.association, work.topic.conversation, words, self.turns.now()
            )
        except SendError as error:
            return await self.turns.failed(group, work.topic, error)
        await self._sent(work.topic, bundle.upto, None)
        return True

    def _sending(self, work: Work, upto: int, again: bool) -> Claim:
        def claim(connection: Connection, now: int) -> bool:
            # After the lines were read: what makes the conversation confidential committed with its line.
            if not topics.reaches(connection, work.topic.association, work.topic.conversation):
                return False
            return topics.begin(connection, work.topic, now, now + LEASE, sending=max(upto, 1), again=again)

        return claim

    async def _sent(self, topic: Topic, upto: int, upto_answer: int | None, **after: Any) -> None:
        def keep(connection: Connection) -> None:
            values = {"mirrored": max(upto, topic.mirrored), "sending": 0, "again": False, **after}
            topics.change(connection, topic, **values)
            if upto_answer is not None:
                topics.forget(connection, topic, upto_answer)

        await self.database.write(keep)

    async def _let_be(self, group: Group, work: Work) -> bool:
        """It may have arrived twice: not a third time."""
        log.warning("topic_line_uncertain", association=group.association, conversation=work.topic.conversation)
        state = {"state": "open"} if work.topic.state == "made" else {}
        await self.turns.keep(
            work.topic, mirrored=max(work.topic.mirrored, work.topic.sending), sending=0, again=False, **state
        )
        await self.database.write(topics.forget, work.topic)
        return True


def step_of(work: Work) -> str:
    """What is to be done with a topic."""
    topic = work.topic
    if topic.state == "erasing" or not work.reaches:
        return "withdraw"
    if topic.state not in ("made", "open", "closed"):
        return "make"
    if topic.sending and topic.again:
        return "let_be"
    if topic.state == "closed":
        return "reopen" if work.live else "say"
    if topic.state == "made":
        return "begin" if work.live else "close"
    if work.seq > topic.mirrored or work.answers or topic.sending:
        return "say"
    if topic.shown != work.expected:
        return "show"
    return "close"


_STEPS: Mapping[str, Callable[[Mirror, Group, Work], Awaitable[bool]]] = {
    "make": Mirror._make,
    "begin": Mirror._begin,
    "say": Mirror._say,
    "show": Mirror._show,
    "reopen": Mirror._reopen,
    "close": Mirror._close,
    "withdraw": Mirror._withdraw,
    "let_be": Mirror._let_be,
}


def _ring(connection: Connection, association: str, alarm: str, now: int) -> None:
    alarms.ring(connection, association, alarm, now)


def _go_on(connection: Connection, topic: Topic, now: int, rest: int, changed: dict[str, Any]) -> bool:
    """Without anything to send; unless somebody else is at it."""
    return topics.begin(connection, topic, now, now + rest if rest else 0, sending=0, again=False, **changed)
