"""What staff do in a topic. Each act passes the same gate, in the transaction that carries it out: whose Telegram
account this is, that they are a member with the right to answer, that they signed the policy, that they may see this
very conversation, and that it may be in the group at all.

A reply and the commands are events of the conversation, like a worker's at the desk (rule 1). What is not done is said
in the topic, in one line, so that nobody believes that something arrived.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, select

from bot.channels.contract import FetchError, SendError
from bot.channels.telegram_inbound import ANONYMOUS, InGroup
from bot.desk.sight import cases_seen_by, conversations_seen_by
from bot.desk.words import DeskWords
from bot.desk.worker import Worker, worker_of
from bot.fold import Arrived
from bot.intake import Intake
from bot.log import log
from bot.staff_group.group import Group
from bot.staff_group.mirror import CHANNEL, desk_url
from conversations import staffed
from conversations.association.policy_version import policy_version
from conversations.cases.move import RELATIONS_OFFICER
from conversations.events import Event, FileReady, FileRefused, StaffGaveBack, StaffSaid, StaffTook
from conversations.rights import kinds_seen_by
from storage import audit, files, handoffs, notes, policy, seen, staff, topics
from storage import conversations as people
from storage.database import Database
from storage.files import File
from storage.ids import new_id
from storage.schema import cases, conversations
from storage.seen import digest_key
from storage.times import MINUTE, ms
from storage.topics import Topic

REST = 10 * MINUTE
"""Milliseconds between two words to somebody whom nobody knows, in one topic."""
SHOWN_CASES = 8
OVER = ("over", "نعم")
"""After /take: the worker knows that a colleague holds it."""
SENT = ("photo", "document", "voice", "audio", "video")
"""What is passed on to a person."""
_HELPS = {
    "group.unknown": "/account",
    "group.unsigned": "/policy/sign",
    "group.not_here": "/conversation/{}",
}
"""The page of the desk that helps, below /desk/<association>."""
_COMMAND = re.compile(r"/(\w+)(?:@\w+)?(?:\s+(.*))?", re.DOTALL)


class FromTopic(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept, sealed, of a file on its way from a topic to a person: Telegram's own name of it, who sends it."""

    source: str
    sender: int
    key: str
    at: datetime
    text: str = ""


class Scene(NamedTuple):
    """Where something was written, and by whom. `refused` names the sentence that says why it is not done."""

    topic: Topic
    worker: Worker | None
    refused: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(FromTopic).decode


@dataclass
class Acts:
    database: Database
    intake: Intake
    groups: Mapping[str, Group]
    public_url: str
    kick: Callable[[str], None]

    def __post_init__(self) -> None:
        self.vault = self.intake.vault

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
            act = _COMMANDS.get(command[1].lower(), Acts._unknown)
            await act(self, group, topic, heard, (command[2] or "").strip())
        elif heard.file and heard.kind in SENT:
            await self._file(group, topic, heard)
        elif heard.kind:
            await self._tell(group, topic, heard, "group.not_sent_on")
        elif heard.text:
            await self._reply(group, topic, heard)
        self.kick("staff_group")

    # --- the gate ----------------------------------------------------------------------------------------------------

    def _scene(self, connection: Connection, topic: Topic, sender: int) -> Scene:
        """Who this is and whether they may act here, now."""
        association = topic.association
        if sender == ANONYMOUS:
            return Scene(topic, None, "group.anonymous")
        account = staff.by_telegram(connection, self.vault, sender)
        member = staff.member_of(connection, association, account.id) if account else None
        if account is None or member is None:
            # A worker of another association is nobody here.
            return Scene(topic, None, "group.unknown")
        worker = worker_of(member, account.name, account.language)
        version = policy_version(self.intake.associations[association].profile)
        if not policy.has_signed(connection, association, worker.id, version):
            return Scene(topic, worker, "group.unsigned")
        if not worker.may("inbox"):
            return Scene(topic, worker, "group.not_yours")
        c = conversations.c
        seen_by = select(c.id).where(c.id == topic.conversation, conversations_seen_by(worker))
        if connection.execute(seen_by).first() is None or not topics.reaches(
            connection, association, topic.conversation
        ):
            return Scene(topic, worker, "group.not_here")
        return Scene(topic, worker, "")

    def _refuse(self, connection: Connection, scene: Scene, at: int, key: str = "", **facts: str | int) -> bool:
        """Says why it was not done; the answer of a claim. Who is unknown is told once in a while, and no more."""
        key = key or scene.refused
        topic = scene.topic
        if scene.worker is None and not topics.ask_again_after(connection, topic, at, REST):
            return False
        if scene.worker is not None:
            self._log(connection, scene, at, "refused", key.rpartition(".")[2])
        words = self._words(topic.association)(key, **facts)
        if self.public_url and (page := _HELPS.get(key)):
            words = f"{words}\n{self.public_url}/desk/{topic.association}{page.format(topic.conversation)}"
        topics.say(connection, self.vault, topic.association, topic.conversation, words, at)
        return False

    def _say(self, connection: Connection, topic: Topic, at: int, key: str, **facts: str | int) -> None:
        words = self._words(topic.association)(key, **facts)
        topics.say(connection, self.vault, topic.association, topic.conversation, words, at)

    def _log(self, connection: Connection, scene: Scene, at: int, act: str, detail: str = "group") -> None:
        assert scene.worker is not None
        subject = f"conversation:{scene.topic.conversation}"
        audit.log(connection, [audit.Act(scene.topic.association, at, scene.worker.who, act, subject, detail)])

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
        who = await self.database.read(self._signature, topic, heard.sender)

        def claim(connection: Connection, at: int) -> bool:
            done = self._allowed(connection, topic, heard.sender, act, at, over)
            if not done and refused:
                topics.change(connection, topic, **refused)
            return done

        # Of nobody we know: the gate refuses it, and says so.
        made = event(*who) if who is not None else StaffGaveBack(id=_id(heard), at=heard.at, staff="")
        key = digest_key(CHANNEL, heard.key)
        await self.intake.put(
            Arrived(topic.association, "", "", made, key=key, conversation=topic.conversation, claim=claim)
        )

    def _allowed(
        self, connection: Connection, topic: Topic, sender: int, act: str, at: int, over: bool = False
    ) -> bool:
        """The gate of an act, and who holds the conversation after it. Says what is to be said, either way."""
        scene = self._scene(connection, topic, sender)
        if scene.refused or scene.worker is None:
            return self._refuse(connection, scene, at)
        worker = scene.worker
        if act == "give_back":
            holder = self._holder(connection, topic)
            if not holder:
                return self._refuse(connection, scene, at, "group.nothing_held")
            other = holder if holder.startswith("staff:") and holder != worker.who else ""
        else:
            other = people.hold(connection, topic.association, topic.conversation, worker.who, over=over)
        if other:
            who = self._name(connection, other)
            return self._refuse(connection, scene, at, f"group.held.{act}", who=who)
        self._log(connection, scene, at, act)
        if act == "take":
            self._say(connection, topic, at, "group.taken", who=worker.name)
        elif act == "reply" and self._is_kept(connection, topic):
            self._say(connection, topic, at, "group.kept")
        return True

    def _holder(self, connection: Connection, topic: Topic) -> str:
        """Who holds it (queue, staff:<id>); empty where nobody waits."""
        c = conversations.c
        query = select(c.holder).where(c.association == topic.association, c.id == topic.conversation)
        holder = connection.scalar(query) or ""
        if holder.startswith("staff:"):
            return str(holder)
        waits = handoffs.of_conversation(connection, self.vault, topic.association, topic.conversation)
        return "queue" if waits else ""

    def _name(self, connection: Connection, holder: str) -> str:
        id = int(holder.partition(":")[2])
        return staff.names(connection, self.vault, [id]).get(id, "")

    def _is_kept(self, connection: Connection, topic: Topic) -> bool:
        """Whether a reply waits for the person to write again (WhatsApp's window, a person who stopped us)."""
        state = people.state_of(connection, self.vault, topic.association, topic.conversation)
        if state is None:
            return False
        channel = self.intake.channels.get((topic.association, state.address.channel))
        hours = channel.traits.window_hours if channel else 0
        return bool(staffed.closed(state, hours, self.intake.clock()))

    def _signature(self, connection: Connection, topic: Topic, sender: int) -> tuple[Worker, str] | None:
        """The worker, and what the person sees them as."""
        worker = self._scene(connection, topic, sender).worker
        state = people.state_of(connection, self.vault, topic.association, topic.conversation)
        if worker is None or state is None:
            return None
        association = self.intake.associations[topic.association]
        return worker, staffed.title_of(association, state.language, worker.roles, worker.woman)

    # --- acts that are not -------------------------------------------------------------------------------------------

    async def _note(self, group: Group, topic: Topic, heard: InGroup, said: str) -> None:
        def keep(connection: Connection, scene: Scene, at: int) -> None:
            if not said:
                self._say(connection, topic, at, "group.note_empty")
                return
            assert scene.worker is not None
            notes.add(connection, self.vault, topic.association, topic.conversation, scene.worker.id, said, at)
            self._log(connection, scene, at, "note")
            self._say(connection, topic, at, "group.noted")

        await self._act(topic, heard, keep)

    async def _case(self, group: Group, topic: Topic, heard: InGroup, said: str) -> None:
        """Their open cases: only kinds that all who receive people may see, for all of them read it here."""

        def look(connection: Connection, scene: Scene, at: int) -> None:
            assert scene.worker is not None
            found = self._cases(connection, topic, scene.worker)
            self._log(connection, scene, at, "view", "group_cases")
            lines = [self._case_line(topic.association, *row) for row in found]
            if self.intake.associations[topic.association].profile.staff_group.shows == "link" and lines:
                self._say(connection, topic, at, "group.cases_on_desk", count=len(lines), where=self._where(topic))
            elif lines:
                topics.say(connection, self.vault, topic.association, topic.conversation, "\n".join(lines), at)
            else:
                self._say(connection, topic, at, "group.no_case")

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
                c.id.not_in(topics.cases_with_exclusions(connection, topic.association)),
            )
            .order_by(c.id.desc())
            .limit(SHOWN_CASES)
        )
        return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]

    def _case_line(self, association: str, reference: str, kind: str, stage: str, service: str) -> str:
        words, profile = self._words(association), self.intake.associations[association].profile
        offered = profile.service(service)
        what = offered.title.to(words.language) if offered else words(f"kind.{kind}")
        return words("group.case", reference=reference, what=what, stage=words.or_key(f"stage.{kind}.{stage}"))

    async def _unknown(self, group: Group, topic: Topic, heard: InGroup, said: str) -> None:
        await self._tell(group, topic, heard, "group.commands")

    async def _tell(self, group: Group, topic: Topic, heard: InGroup, key: str) -> None:
        await self._act(topic, heard, lambda connection, scene, at: self._say(connection, topic, at, key))

    async def _act(self, topic: Topic, heard: InGroup, act: Callable[[Connection, Scene, int], None]) -> None:
        """In one transaction, once however often Telegram tells of it."""

        def do(connection: Connection) -> None:
            at = ms(self.intake.clock())
            if not seen.claim(connection, [(topic.association, digest_key(CHANNEL, heard.key))], at):
                return
            scene = self._scene(connection, topic, heard.sender)
            if scene.refused:
                self._refuse(connection, scene, at)
            else:
                act(connection, scene, at)

        await self.database.write(do)

    # --- files -------------------------------------------------------------------------------------------------------

    async def _file(self, group: Group, topic: Topic, heard: InGroup) -> None:
        """Fetched first, in its own time; said once it is here (`settled`)."""
        kept = FromTopic(heard.file, heard.sender, heard.key, heard.at, heard.text)

        def want(connection: Connection, scene: Scene, at: int) -> None:
            name = heard.file_name or self._words(topic.association)(f"group.kind.{heard.kind}")
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
        who = await self.database.read(self._signature, topic, sent.sender) if topic else None
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
                return self._allowed(connection, here, sent.sender, "reply", at)

            await self.intake.put(Arrived(file.association, "", "", said, conversation=file.conversation, claim=claim))
        self.kick("staff_group")

    def _not_sent(self, connection: Connection, file: File, reason: str) -> None:
        at = ms(self.intake.clock())
        if files.refuse(connection, file.association, file.id, reason):
            words = self._words(file.association)(f"group.file.{reason}", name=file.name)
            topics.say(connection, self.vault, file.association, file.conversation, words, at)

    # --- a topic of ours that nobody leads ---------------------------------------------------------------------------

    async def _orphan(self, group: Group, topic: int) -> None:
        """Made, and never known to be (see the package): nothing in it arrives, and whoever writes there must know."""
        try:
            await group.say(topic, self._words(group.association)("group.orphan"))
            await group.close(topic)
        except SendError as error:
            log.warning("orphan_not_closed", association=group.association, error=error.code)

    # --- words -------------------------------------------------------------------------------------------------------

    def _words(self, association: str) -> DeskWords:
        known = self.intake.associations[association]
        return DeskWords(known.profile.staff_group.language, known)

    def _where(self, topic: Topic) -> str:
        url = desk_url(self.public_url, topic.association, topic.conversation)
        return url or self._words(topic.association)("group.the_desk")


def _id(heard: InGroup) -> str:
    return f"group-{heard.key}"


def _gives_back(heard: InGroup) -> Callable[[Worker, str], Event]:
    return lambda worker, title: StaffGaveBack(id=_id(heard), at=heard.at, staff=str(worker.id))


def _named(name: str, kind: str) -> str:
    return name if "." in name else f"{name}.{kind}"


_Command = Callable[[Acts, Group, Topic, InGroup, str], Awaitable[None]]
_COMMANDS: Mapping[str, _Command] = {
    "take": Acts._take,
    "done": Acts._done,
    "note": Acts._note,
    "case": Acts._case,
}
