"""What staff do in a topic: a reply, a file, a command, closing it. Each passes the gate (gate.py).

A reply and the commands are events of the conversation, like a worker's at the desk (rule 1), so that the engine
decides, and one transaction keeps all of it.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection, select

from bot.channels.contract import FetchError, SendError
from bot.channels.telegram_inbound import InGroup
from bot.desk.sight import cases_seen_by
from bot.desk.worker import Worker
from bot.fold import Arrived
from bot.log import log
from bot.staff_group.gate import Entry, Gate
from bot.staff_group.group import Group
from bot.staff_group.turns import CHANNEL
from conversations.cases.move import RELATIONS_OFFICER
from conversations.events import Event, FileReady, FileRefused, StaffGaveBack, StaffSaid, StaffTook
from conversations.rights import kinds_seen_by
from storage import excluded, files, messages, notes, seen, staff, topics
from storage.database import Database
from storage.files import File
from storage.ids import new_id
from storage.schema import cases, conversations
from storage.schema import messages as sent_messages
from storage.seen import digest_key
from storage.times import ms
from storage.topics import Topic

SHOWN_CASES = 8
OVER = ("over", "نعم")
"""After /take: the worker knows that a colleague holds it."""
SENT = ("photo", "document", "voice", "audio", "video")
"""What is passed on to a person."""
_COMMAND = re.compile(r"/(\w+)(?:@\w+)?(?:\s+(.*))?", re.DOTALL)


class FromTopic(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept, sealed, of a file on its way from a topic to a person: Telegram's own name of it, who sends it."""

    source: str
    sender: int
    key: str
    at: datetime
    text: str = ""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(FromTopic).decode


@dataclass
class Acts:
    database: Database
    gate: Gate
    groups: Mapping[str, Group]
    kick: Callable[[str], None]

    def __post_init__(self) -> None:
        self.intake, self.vault, self.words = self.gate.intake, self.gate.intake.vault, self.gate.scenes.words

    async def hear(self, group: Group, heard: InGroup) -> None:
        """Something in a topic. Returns after the commit; raises DatabaseAway."""
        topic = await self.database.read(topics.find, group.association, group.chat, heard.topic)
        if topic is None:
            if heard.ours:
                await self._orphan(group, heard.topic)
            return
        if heard.edited:
            await self._tell(group, topic, heard, "group.edited")
        elif heard.service == "closed":
            await self._closed(group, topic, heard)
        elif command := _COMMAND.fullmatch(heard.text) if not heard.file else None:
            act = COMMANDS.get(command[1].lower(), Acts._unknown)
            await act(self, group, topic, heard, (command[2] or "").strip())
        elif heard.file and heard.kind in SENT:
            await self._file(group, topic, heard)
        elif heard.kind:
            await self._tell(group, topic, heard, "group.not_sent_on")
        elif heard.text:
            await self._reply(group, topic, heard)
        self.kick("staff_group")

    # --- acts that are events of the conversation --------------------------------------------------------------------

    async def _reply(self, group: Group, topic: Topic, heard: InGroup) -> None:
        def event(worker: Worker, title: str) -> Event:
            return StaffSaid(
                id=_id(heard), at=heard.at, staff=str(worker.id), title=title, text=heard.text, via="group"
            )

        await self._put(topic, heard, "reply", event)

    async def _take(self, group: Group, topic: Topic, heard: InGroup, said: str) -> None:
        over = said.lower() in OVER

        def event(worker: Worker, title: str) -> Event:
            return StaffTook(id=_id(heard), at=heard.at, staff=str(worker.id), title=title, over=over)

        await self._put(topic, heard, "take", event, over=over)

    async def _done(self, group: Group, topic: Topic, heard: InGroup, said: str = "") -> None:
        await self._put(topic, heard, "give_back", _gives_back(heard))

    async def _closed(self, group: Group, topic: Topic, heard: InGroup) -> None:
        """Closing a topic is being done with it. Where that may not be, it opens again by itself."""
        await self._put(topic, heard, "give_back", _gives_back(heard), refused={"state": "closed"})

    async def _put(
        self,
        topic: Topic,
        heard: InGroup,
        act: str,
        event: Callable[[Worker, str], Event],
        *,
        over: bool = False,
        refused: Mapping[str, str] | None = None,
    ) -> None:
        """An act as an event of the conversation, with its gate, its audit row and what is said about it."""
        who = await self.database.read(self.gate.signature, topic, heard.sender)
        if who is None:
            await self._act(topic, heard, self._unknown_worker, refused)
            return

        def claim(connection: Connection, at: int) -> bool:
            done = self.gate.allowed(connection, topic, heard.sender, act, at, over)
            if not done and refused:
                topics.change(connection, topic, **refused)
            return done

        key, made = digest_key(CHANNEL, heard.key), event(*who)
        await self.intake.put(
            Arrived(topic.association, "", "", made, key=key, conversation=topic.conversation, claim=claim)
        )

    def _unknown_worker(self, connection: Connection, entry: Entry, at: int) -> None:
        """They have been bound this very moment: what they wrote before is not done."""
        self.gate.refuse(connection, entry, at, "group.unknown")

    # --- acts that are not -------------------------------------------------------------------------------------------

    async def _note(self, group: Group, topic: Topic, heard: InGroup, said: str) -> None:
        def keep(connection: Connection, entry: Entry, at: int) -> None:
            if not said:
                self.gate.say(connection, topic, at, "group.note_empty")
                return
            assert entry.worker is not None
            notes.add(connection, self.vault, topic.association, topic.conversation, entry.worker.id, said, at)
            self.gate.log(connection, entry, at, "note")
            self.gate.say(connection, topic, at, "group.noted")

        await self._act(topic, heard, keep)

    async def _case(self, group: Group, topic: Topic, heard: InGroup, said: str) -> None:
        """Their open cases: only kinds that all who receive people may see, for all of them read it here."""

        def look(connection: Connection, entry: Entry, at: int) -> None:
            assert entry.worker is not None
            found = self._cases(connection, topic, entry.worker)
            self.gate.log(connection, entry, at, "view", "group_cases")
            lines = [self._case_line(topic.association, *row) for row in found]
            if self.intake.associations[topic.association].profile.staff_group.shows == "link" and lines:
                self.gate.say(connection, topic, at, "group.cases_on_desk", count=len(lines), where=self._where(topic))
            elif lines:
                self.gate.say_words(connection, topic, at, "\n".join(lines))
            else:
                self.gate.say(connection, topic, at, "group.no_case")

        await self._act(topic, heard, look)

    def _cases(self, connection: Connection, topic: Topic, worker: Worker) -> list[tuple[str, str, str, str]]:
        c, p = cases.c, conversations.c
        whose = select(p.beneficiary).where(p.association == topic.association, p.id == topic.conversation)
        beneficiary = connection.scalar(whose)
        if beneficiary is None:
            return []
        query = (
            select(c.reference, c.kind, c.stage, c.service)
            .where(
                cases_seen_by(worker),
                c.beneficiary == beneficiary,
                c.closed_at.is_(None),
                c.restricted.is_(False),
                c.kind.in_(sorted(kinds_seen_by([RELATIONS_OFFICER]))),
                # What some worker must not see is not named where everybody reads.
                c.id.not_in(excluded.cases_kept(topic.association)),
            )
            .order_by(c.id.desc())
            .limit(SHOWN_CASES)
        )
        return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]

    def _case_line(self, association: str, reference: str, kind: str, stage: str, service: str) -> str:
        words, profile = self.words(association), self.intake.associations[association].profile
        offered = profile.service(service)
        what = offered.title.to(words.language) if offered else words(f"kind.{kind}")
        return words("group.case", reference=reference, what=what, stage=words.or_key(f"stage.{kind}.{stage}"))

    async def _unknown(self, group: Group, topic: Topic, heard: InGroup, said: str) -> None:
        await self._tell(group, topic, heard, "group.commands")

    async def _tell(self, group: Group, topic: Topic, heard: InGroup, key: str) -> None:
        await self._act(topic, heard, lambda connection, entry, at: self.gate.say(connection, topic, at, key))

    async def _act(
        self,
        topic: Topic,
        heard: InGroup,
        act: Callable[[Connection, Entry, int], None],
        refused: Mapping[str, str] | None = None,
    ) -> None:
        """In one transaction, once however often Telegram tells of it. `refused`: the row where it may not be done."""

        def do(connection: Connection) -> None:
            at = ms(self.intake.clock())
            if not seen.claim(connection, [(topic.association, digest_key(CHANNEL, heard.key))], at):
                return
            entry = self.gate.enter(connection, topic, heard.sender)
            if entry.refused:
                self.gate.refuse(connection, entry, at)
                if refused:
                    topics.change(connection, topic, **refused)
            else:
                act(connection, entry, at)

        await self.database.write(do)

    # --- files -------------------------------------------------------------------------------------------------------

    async def _file(self, group: Group, topic: Topic, heard: InGroup) -> None:
        """Fetched first, in its own time; said once it is here (`settled`)."""
        kept = FromTopic(heard.file, heard.sender, heard.key, heard.at, heard.text)

        def want(connection: Connection, entry: Entry, at: int) -> None:
            name = heard.file_name or self.words(topic.association)(f"group.kind.{heard.kind}")
            source = _encode(kept).decode()
            file = File(topic.association, new_id(), topic.conversation, CHANNEL, source, name=name)
            files.want(connection, self.vault, [file], at)

        await self._act(topic, heard, want)
        self.kick("files")

    async def fetch(self, association: str, source: str, at_most: int) -> bytes:
        """The bytes of a file that a worker sent into a topic. Raises FetchError."""
        group = self.groups.get(association)
        if group is None:
            raise FetchError("gone", retry=True)
        return await group.channel.fetch(_decode(source).source, at_most)

    async def settled(self, file: File, event: FileReady | FileRefused) -> None:
        """It is here, and is said; or it cannot be had, and that is."""
        sent = _decode(file.source)
        topic = await self.database.read(topics.of, file.association, file.conversation)
        who = await self.database.read(self.gate.signature, topic, sent.sender) if topic else None
        if topic is None or who is None or isinstance(event, FileRefused):
            reason = event.reason if isinstance(event, FileRefused) else "gone"
            await self.database.write(self._not_sent, file, reason)
        else:
            worker, title = who
            said = StaffSaid(
                id=f"group-{sent.key}",
                at=sent.at,
                staff=str(worker.id),
                title=title,
                text=sent.text,
                file=str(file.id),
                file_name=_named(file.name, event.kind),
                file_kind=event.kind,
                via="group",
            )
            here = topic

            def claim(connection: Connection, at: int) -> bool:
                if not files.ready(connection, file.association, file.id, event.kind, event.size):
                    return False
                return self.gate.allowed(connection, here, sent.sender, "reply", at)

            await self.intake.put(Arrived(file.association, "", "", said, conversation=file.conversation, claim=claim))
        self.kick("staff_group")

    def _not_sent(self, connection: Connection, file: File, reason: str) -> None:
        at = ms(self.intake.clock())
        if files.refuse(connection, file.association, file.id, reason):
            words = self.words(file.association)(f"group.file.{reason}", name=file.name)
            topics.say(connection, self.vault, file.association, file.conversation, words, at)

    def _where(self, topic: Topic) -> str:
        url = self.gate.scenes.url(topic.association, topic.conversation)
        return url or self.words(topic.association)("group.the_desk")

    # --- what did not arrive -----------------------------------------------------------------------------------------

    def not_arrived(self, connection: Connection, association: str, conversation: int, row: int, code: str) -> None:
        """A message that its provider could not deliver after all, where a worker wrote it."""
        topic, m = topics.of(connection, association, conversation), sent_messages.c
        seq = connection.scalar(select(m.seq).where(m.association == association, m.id == row))
        line = messages.line(connection, self.vault, association, conversation, seq or 0)
        if topic is None or topic.state != "open" or line is None or line.kind != "say":
            return
        say = self.intake.read_say(line.body)
        if not say.by:
            return
        words = self.words(association)
        who = staff.names(connection, self.vault, [int(say.by)]).get(int(say.by)) or words("group.a_worker")
        why = words(f"send_error.{code}" if f"send_error.{code}" in words else "group.lost.why")
        self.gate.say(connection, topic, ms(self.intake.clock()), "group.lost", who=who, why=why)

    # --- a topic of ours that nobody leads ---------------------------------------------------------------------------

    async def _orphan(self, group: Group, topic: int) -> None:
        """Made, and never known to be (see the package): nothing in it arrives, and whoever writes there must know."""
        try:
            await group.say(topic, self.words(group.association)("group.orphan"))
            await group.close(topic)
        except SendError as error:
            log.warning("orphan_not_closed", association=group.association, error=error.code)


def _id(heard: InGroup) -> str:
    return f"group-{heard.key}"


def _gives_back(heard: InGroup) -> Callable[[Worker, str], Event]:
    return lambda worker, title: StaffGaveBack(id=_id(heard), at=heard.at, staff=str(worker.id))


def _named(name: str, kind: str) -> str:
    return name if "." in name else f"{name}.{kind}"


_Command = Callable[[Acts, Group, Topic, InGroup, str], Awaitable[None]]
COMMANDS: Mapping[str, _Command] = {
    "take": Acts._take,
    "done": Acts._done,
    "note": Acts._note,
    "case": Acts._case,
}
