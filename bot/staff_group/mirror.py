"""The round that makes topics, and brings what is new into them: one thing at a time, in the group's pace.

Everything it knows is in rows (rule 10): each step is claimed in a transaction before Telegram is asked, and what came
of it is written after. Of several processes the holder of the group's lease works, and takes its turns from the
account's row, so that twenty messages a minute are twenty whoever sends them.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import Connection, select

from bot import metrics
from bot.channels.contract import Content, ContentRefused, SendError, StopChannel, TryAgain, Uncertain
from bot.desk.words import DeskWords
from bot.intake import Intake
from bot.log import log
from bot.rate import Rate
from bot.staff_group.group import NAME, TEXT, Group, NotWorkable, TopicGone, Unchanged, cut, units
from bot.staff_group.lines import LAST, Bundle, Reading
from bot.web.lines import MEDIA_TYPES
from conversations.events import Event
from conversations.says import Say
from storage import accounts, alarms, files, handoffs, messages, staff, topics, world
from storage.blobs import Blobs, Missing
from storage.database import Database
from storage.messages import Line
from storage.schema import conversations
from storage.times import MINUTE, SECOND, ms
from storage.topics import Topic, Work

CHANNEL = "telegram.group"
"""The group's own row among the accounts: lease, pace, and until when Telegram asked for silence."""
EVERY, BURST = 4 * SECOND, 5
"""In any minute at most 5 + 60 / 4 = 20 calls, which is what Telegram lets a bot do in one group."""
LEASE = 60 * SECOND
HOLD = 15 * SECOND
SOON, REST = 5 * SECOND, 5 * MINUTE
PATIENCE = 5.0
"""Seconds a step waits for the bot account's own rate."""
AT_ONCE = 30
READ = 200
"""Lines of a transcript looked at, at most."""
ICONS: Mapping[str, tuple[str, ...]] = {
    "queue!": ("🔥", "‼", "❗"),
    "queue": ("❗", "❓", "📣"),
    "staff": ("💬", "🗣", "✍"),
    "bot": ("✅", "🏁", "🤖"),
}
"""For who holds it: the first of these that Telegram offers."""
_events: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)
_says = msgspec.msgpack.Decoder(Say)

Claim = Callable[[Connection, int], bool]
Turn = Literal["taken", "wait", "lost"]


class Scene(NamedTuple):
    """A conversation as its topic needs it."""

    reading: Reading
    lines: list[Line]
    answers: list[tuple[int, str]]
    channel: str
    about: list[handoffs.Handoff]


@dataclass
class Mirror:
    """`groups` and the bots' `rates` by association."""

    database: Database
    intake: Intake
    groups: Mapping[str, Group]
    rates: Mapping[str, Rate]
    blobs: Blobs
    public_url: str

    def __post_init__(self) -> None:
        self.vault, self.me = self.intake.vault, self.intake.me
        self._not_before: dict[str, int] = {}
        """When it is worth asking for a turn again, so that a waiting group is not asked for every second."""

    def now(self) -> int:
        return ms(self.intake.clock())

    async def run(self) -> None:
        await asyncio.gather(*(self._serve(group) for group in self.groups.values()))

    async def _serve(self, group: Group) -> None:
        """Until nothing is to be done, or it is not our turn. Raises DatabaseAway."""
        for _ in range(AT_ONCE):
            if self._not_before.get(group.association, 0) > self.now():
                return
            if self.intake.may_send(group.association, "telegram", group.chat):
                return
            work = await self.database.read(topics.next_work, group.association, group.chat, self.now())
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

        turn = await self._turn(group, claim)
        if turn != "taken":
            return turn == "lost"
        try:
            number = await group.create(name, icon, urgent=work.urgent)
        except Uncertain as error:
            return await self._failed(group, topic, error)  # the row stays `making` until its lease is over
        except SendError as error:
            return await self._failed(group, topic, error, state="wanted")
        await self._keep(topic, topic=number, state="made", shown=work.expected)
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
                await self.database.write(_ring, group.association, "staff_group_not_deleted", self.now())
                await group.edit(number, self._words(group)("group.withdrawn"), "")
                await group.close(number)

        done = await self._call(group, work, take_out, state="withdrawn", topic=0, mirrored=0, sending=0, again=False)
        await self.database.write(topics.forget, work.topic)
        return done

    async def _call(self, group: Group, work: Work, call: Callable[[], Awaitable[None]], **after: Any) -> bool:
        """One call that may be made twice without harm, and how the row is when it is done."""
        topic = work.topic
        turn = await self._turn(group, lambda c, now: topics.begin(c, topic, now, now + LEASE))
        if turn != "taken":
            return turn == "lost"
        try:
            await call()
        except (Unchanged, ContentRefused) as error:
            if isinstance(error, ContentRefused):
                log.warning("topic_not_changed", association=group.association, error=error.code)
        except TopicGone as error:
            if after.get("state") != "withdrawn":
                return await self._failed(group, topic, error)
        except SendError as error:
            return await self._failed(group, topic, error)
        await self._keep(topic, **after)
        return True

    async def _face(self, group: Group, work: Work) -> tuple[str, str]:
        """Name and icon: who it is, and who holds it."""
        scene = await self.database.read(self._scene, group, work, work.seq)
        words = self._words(group)
        kind, _, id = work.expected.partition(":")
        holder = (await self.database.read(self._names, [id])).get(id, "").partition(" ")[0] if id else ""
        state = words(f"group.state.{kind.replace('!', '_urgent')}", who=holder or words("group.a_worker"))
        name = cut(words("group.title", who=self._who(words, work, scene), state=state), NAME)
        return name, await group.icon(ICONS[kind])

    def _who(self, words: DeskWords, work: Work, scene: Scene) -> str:
        """The person as the profile lets them be named, else the channel and a short number."""
        name, shows = scene.reading.name, scene.reading.shows
        if name and shows != "link":
            return name if shows == "full" else name.partition(" ")[0]
        return words(
            "group.somebody", channel=words(f"channel.{scene.channel}"), number=work.topic.conversation % 10_000
        )

    # --- what stands in them -----------------------------------------------------------------------------------------

    async def _card(self, group: Group, work: Work) -> bool:
        scene = await self.database.read(self._scene, group, work, max(0, work.seq - 3 * LAST))
        upto = max([work.seq, *(line.seq for line in scene.lines)])
        return await self._send(group, work, self._card_text(group, work, scene), upto, state="open")

    def _card_text(self, group: Group, work: Work, scene: Scene) -> str:
        words, reading, about = self._words(group), scene.reading, scene.about
        head = [words("group.card.urgent" if work.urgent else "group.card.waits")]
        head.append(f"{self._who(words, work, scene)} · {words(f'channel.{scene.channel}')}")
        reasons = dict.fromkeys(f"handoff.{reason}" for one in about for reason in one.reasons)
        head += [words(reason) for reason in reasons if reason in words]
        head += [words("group.card.case", reference=one.reference) for one in about if one.reference]
        if reading.url:
            head.append(reading.url)
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
        scene = await self.database.read(self._scene, group, work, topic.mirrored)
        lines = scene.lines if work.live else await self.database.read(self._before_the_end, topic, scene.lines)
        bundle = Bundle(topic.mirrored)
        if lines and topic.state == "open":
            bundle = scene.reading.bundle(lines, self.now(), max(work.seq, lines[-1].seq))
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
            await self.database.write(_go_on, topic, self.now(), 0, {"mirrored": bundle.upto})
        elif work.live or bundle.waits:
            await self.database.write(_go_on, topic, self.now(), SECOND, {})
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
            text = f"{self._words(group)('group.again')}\n{text}"
        number = work.topic.topic
        turn = await self._turn(group, self._sending(work, upto, again))
        if turn != "taken":
            return turn == "lost"
        try:
            await group.say(number, text)
        except ContentRefused as error:
            log.error("topic_line_refused", association=group.association, error=error.code)
        except SendError as error:
            return await self._failed(group, work.topic, error)
        await self._sent(work.topic, upto, upto_answer, **after)
        return True

    async def _send_file(self, group: Group, work: Work, bundle: Bundle) -> bool:
        piece = bundle.file
        assert piece is not None
        again = work.topic.sending > 0
        caption = f"{self._words(group)('group.again')}\n{bundle.text}" if again else bundle.text
        try:
            data = await asyncio.to_thread(self.blobs.get, group.association, piece.file)
        except Missing:
            data = b""
        turn = await self._turn(group, self._sending(work, bundle.upto, again))
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
            words = f"{bundle.text}\n{self._words(group)('group.file_not_here')}"
            await self.database.write(
                topics.say, self.vault, group.association, work.topic.conversation, words, self.now()
            )
        except SendError as error:
            return await self._failed(group, work.topic, error)
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
        await self._keep(
            work.topic, mirrored=max(work.topic.mirrored, work.topic.sending), sending=0, again=False, **state
        )
        await self.database.write(topics.forget, work.topic)
        return True

    # --- turns, and what goes wrong ----------------------------------------------------------------------------------

    async def _turn(self, group: Group, claim: Claim) -> Turn:
        """`taken`: the claim holds, the group's and the bot's rate have room, and one call may be made. `lost`:
        somebody else did it, or it is not to be done any more."""
        rate = self.rates[group.association]
        until = time.monotonic() + PATIENCE
        while wait := rate.wait(live=False):
            if time.monotonic() + wait > until:
                return "wait"
            await asyncio.sleep(wait)
        wait_ms, taken = await self.database.write(self._claim, group.association, claim, self.now())
        if wait_ms:
            self._not_before[group.association] = self.now() + min(wait_ms, HOLD)
        if not taken:
            rate.give_back()
        return "wait" if wait_ms else "taken" if taken else "lost"

    def _claim(self, connection: Connection, association: str, claim: Claim, now: int) -> tuple[int, bool]:
        """Milliseconds to wait, and whether it was taken."""
        if not accounts.lease(connection, association, CHANNEL, self.me, now, now + HOLD):
            return SOON, False
        if (until := accounts.not_before(connection, association, CHANNEL)) > now:
            return until - now, False
        if wait := accounts.pace(connection, association, CHANNEL, now, EVERY, BURST):
            return wait, False
        return 0, claim(connection, now)

    async def _failed(self, group: Group, topic: Topic, error: SendError, /, **restored: Any) -> bool:
        """What follows from a call that failed. True where the next thing may be tried at once."""
        metrics.send_errors.labels(group.association, CHANNEL, error.code).inc()
        now = self.now()
        match error:
            case TopicGone():
                await self._keep(topic, state="gone", topic=0, sending=0, again=False)
                return True
            case Uncertain():
                return True  # its lease runs out, as if we had died: one way, not two
            case TryAgain():
                after = SOON if error.after is None else int(error.after * 1000)
                await self.database.write(self._hold, group, topic, now + after, None, restored)
            case NotWorkable() | StopChannel() | _:
                log.error("staff_group_lost", association=group.association, error=error.code)
                await self.database.write(self._hold, group, topic, now + REST, "staff_group_lost", restored)
        return False

    def _hold(
        self,
        connection: Connection,
        group: Group,
        topic: Topic,
        until: int,
        alarm: str | None,
        restored: dict[str, Any],
    ) -> None:
        """Nothing was done: as it was, and nothing in this group before `until`."""
        accounts.hold(connection, group.association, CHANNEL, until)
        topics.change(connection, topic, sending=topic.sending, again=topic.again, **restored)
        if alarm:
            _ring(connection, group.association, alarm, self.now())

    async def _keep(self, topic: Topic, /, **changed: Any) -> None:
        await self.database.write(_change, topic, changed)

    # --- reading -----------------------------------------------------------------------------------------------------

    def _scene(self, connection: Connection, group: Group, work: Work, after: int) -> Scene:
        association, conversation = group.association, work.topic.conversation
        c = conversations.c
        channel, beneficiary = connection.execute(
            select(c.channel, c.beneficiary).where(c.association == association, c.id == conversation)
        ).one()
        lines = messages.transcript(connection, self.vault, association, conversation, after=after, limit=READ)
        whose = (association, conversation, beneficiary)
        known = world.load(connection, self.vault, [whose], self.me, self.now())[association, conversation]
        profile = self.intake.associations[association].profile
        said = [_says.decode(line.body).by for line in lines if line.direction == "out" and line.kind == "say"]
        sent = [_events.decode(line.body) for line in lines if line.direction == "in" and line.kind == "media"]
        reading = Reading(
            shows=profile.staff_group.shows,
            words=self._words(group),
            url=desk_url(self.public_url, association, conversation),
            name=str(known.person.facts.get("full_name") or "").strip(),
            staff=self._names(connection, said),
            files=self._files(connection, association, [getattr(event, "file", "") for event in sent]),
            event=_events.decode,
            say=_says.decode,
        )
        answers = topics.said(connection, self.vault, association, conversation)
        about = handoffs.of_conversation(connection, self.vault, association, conversation)
        return Scene(reading, lines, answers, channel, about)

    def _names(self, connection: Connection, ids: list[str]) -> dict[str, str]:
        known = staff.names(connection, self.vault, [int(id) for id in ids if id.isdecimal()])
        return {str(id): name for id, name in known.items()}

    def _files(self, connection: Connection, association: str, ids: list[str]) -> dict[int, files.File]:
        found = [files.get(connection, self.vault, association, int(id)) for id in ids if id.isdecimal()]
        return {file.id: file for file in found if file is not None}

    def _before_the_end(self, connection: Connection, topic: Topic, lines: list[Line]) -> list[Line]:
        """Of a conversation that went back to the bot: what was written until then."""
        ended = topics.ended_at(connection, topic.association, topic.conversation)
        return [line for line in lines if line.at <= ended]

    def _words(self, group: Group) -> DeskWords:
        association = self.intake.associations[group.association]
        return DeskWords(association.profile.staff_group.language, association)


def step_of(work: Work) -> str:
    """What is to be done with a topic."""
    topic = work.topic
    if not work.reaches:
        return "withdraw"
    if topic.state not in ("made", "open", "closed"):
        return "make"
    if topic.sending and topic.again:
        return "let_be"
    if topic.state == "closed":
        return "reopen" if work.live else "say"
    if topic.state == "made":
        return "card" if work.live else "close"
    if work.seq > topic.mirrored or work.answers or topic.sending:
        return "say"
    if topic.shown != work.expected:
        return "show"
    return "close"


_STEPS: Mapping[str, Callable[[Mirror, Group, Work], Awaitable[bool]]] = {
    "make": Mirror._make,
    "card": Mirror._card,
    "say": Mirror._say,
    "show": Mirror._show,
    "reopen": Mirror._reopen,
    "close": Mirror._close,
    "withdraw": Mirror._withdraw,
    "let_be": Mirror._let_be,
}


def desk_url(public_url: str, association: str, conversation: int) -> str:
    return f"{public_url}/desk/{association}/conversation/{conversation}" if public_url else ""


def _ring(connection: Connection, association: str, alarm: str, now: int) -> None:
    alarms.ring(connection, association, alarm, now)


def _go_on(connection: Connection, topic: Topic, now: int, rest: int, changed: dict[str, Any]) -> bool:
    """Without anything to send; unless somebody else is at it."""
    return topics.begin(connection, topic, now, now + rest if rest else 0, sending=0, again=False, **changed)


def _change(connection: Connection, topic: Topic, changed: dict[str, Any]) -> None:
    topics.change(connection, topic, **changed)
