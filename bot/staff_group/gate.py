"""The gate every act in a topic passes, in the transaction that carries it out: whose Telegram account this is, that
they are a member with the right to answer, that they signed the policy, that they may see this very conversation, and
that it may be in the group at all. What is not done is said in the topic, in one line.
"""

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, select

from bot.channels.telegram_inbound import ANONYMOUS
from bot.desk.sight import conversations_seen_by
from bot.desk.worker import Worker, worker_of
from bot.intake import Intake
from bot.staff_group.scene import Scenes
from conversations import staffed
from conversations.association.policy_version import policy_version
from conversations.conversation import Conversation
from storage import audit, handoffs, policy, staff, topics
from storage import conversations as people
from storage.schema import conversations
from storage.times import MINUTE
from storage.topics import Topic

REST = 10 * MINUTE
"""Milliseconds between two words to somebody whom nobody knows, in one topic."""
_HELPS = {
    "group.unknown": "/account",
    "group.unsigned": "/policy/sign",
    "group.not_here": "/conversation/{}",
}
"""The page of the desk that helps, below /desk/<association>."""


class Entry(NamedTuple):
    """Who stands there. `refused` names the sentence that says why nothing is done; empty where it is."""

    topic: Topic
    worker: Worker | None
    refused: str = ""


@dataclass(frozen=True)
class Gate:
    intake: Intake
    scenes: Scenes

    def enter(self, connection: Connection, topic: Topic, sender: int) -> Entry:
        """Who this is and whether they may act here, now."""
        association = topic.association
        if sender == ANONYMOUS:
            return Entry(topic, None, "group.anonymous")
        account = staff.by_telegram(connection, self.intake.vault, sender)
        member = staff.member_of(connection, association, account.id) if account else None
        if account is None or member is None:
            # A worker of another association is nobody here.
            return Entry(topic, None, "group.unknown")
        profile = self.intake.associations[association].profile
        worker = worker_of(profile, member, account.name, account.language)
        version = policy_version(profile)
        if not policy.has_signed(connection, association, worker.id, version):
            return Entry(topic, worker, "group.unsigned")
        if not worker.may("inbox"):
            return Entry(topic, worker, "group.not_yours")
        c = conversations.c
        theirs = select(c.id).where(c.id == topic.conversation, conversations_seen_by(worker))
        if connection.execute(theirs).first() is None:
            return Entry(topic, worker, "group.not_here")
        shown = topics.reaches(connection, association, topic.conversation)
        return Entry(topic, worker, "" if shown else "group.not_here")

    def allowed(self, connection: Connection, topic: Topic, sender: int, act: str, at: int, over: bool = False) -> bool:
        """The gate of an event, and who holds the conversation after it. Says what is to be said, either way."""
        entry = self.enter(connection, topic, sender)
        worker = entry.worker
        if entry.refused or worker is None:
            return self.refuse(connection, entry, at)
        if act == "give_back":
            holder = self._holder(connection, topic)
            if not holder:
                return self.refuse(connection, entry, at, "group.nothing_held")
            other = holder if holder.startswith("staff:") and holder != worker.who else ""
        else:
            if act == "reply" and self._is_full(connection, topic):
                return self.refuse(connection, entry, at, "group.kept_enough", count=staffed.MOST_KEPT)
            other = people.hold(connection, topic.association, topic.conversation, worker.who, over=over)
        if other:
            id = int(other.partition(":")[2])
            who = staff.names(connection, self.intake.vault, [id]).get(id, "")
            return self.refuse(connection, entry, at, f"group.held.{act}", who=who)
        self.log(connection, entry, at, act)
        if act == "take":
            self.say(connection, topic, at, "group.taken", who=worker.name)
        elif act == "reply" and self._is_kept(connection, topic):
            self.say(connection, topic, at, "group.kept")
        return True

    def refuse(self, connection: Connection, entry: Entry, at: int, key: str = "", **facts: str | int) -> bool:
        """Says why it was not done; False, the answer of a claim. Whoever is unknown is told once in a while."""
        key = key or entry.refused
        topic = entry.topic
        if entry.worker is None and not topics.ask_again_after(connection, topic, at, REST):
            return False
        if entry.worker is not None:
            self.log(connection, entry, at, "refused", key.rpartition(".")[2])
        page, public_url = _HELPS.get(key, ""), self.scenes.public_url
        url = f"\n{public_url}/desk/{topic.association}{page.format(topic.conversation)}"
        words = self.scenes.words(topic.association)(key, **facts)
        self.say_words(connection, topic, at, words + (url if page and public_url else ""))
        return False

    def say(self, connection: Connection, topic: Topic, at: int, key: str, **facts: str | int) -> None:
        self.say_words(connection, topic, at, self.scenes.words(topic.association)(key, **facts))

    def say_words(self, connection: Connection, topic: Topic, at: int, words: str) -> None:
        topics.say(connection, self.intake.vault, topic.association, topic.conversation, words, at)

    def log(self, connection: Connection, entry: Entry, at: int, act: str, detail: str = "group") -> None:
        """On record; and whoever works here is present, as at the desk."""
        assert entry.worker is not None
        if act != "refused":
            staff.saw(connection, entry.topic.association, entry.worker.id, at)
        subject = f"conversation:{entry.topic.conversation}"
        audit.log(connection, [audit.Act(entry.topic.association, at, entry.worker.who, act, subject, detail)])

    def signature(self, connection: Connection, topic: Topic, sender: int) -> tuple[Worker, str] | None:
        """The worker, and what the person sees them as; None for whoever is nobody here."""
        worker = self.enter(connection, topic, sender).worker
        state = people.state_of(connection, self.intake.vault, topic.association, topic.conversation)
        if worker is None or state is None:
            return None
        association = self.intake.associations[topic.association]
        return worker, staffed.title_of(association, state.language, worker.roles, worker.woman)

    def _holder(self, connection: Connection, topic: Topic) -> str:
        """Who holds it (queue, staff:<id>); empty where nobody waits."""
        c = conversations.c
        query = select(c.holder).where(c.association == topic.association, c.id == topic.conversation)
        holder = connection.scalar(query) or ""
        if holder.startswith("staff:"):
            return str(holder)
        waits = handoffs.of_conversation(connection, self.intake.vault, topic.association, topic.conversation)
        return "queue" if waits else ""

    def _is_kept(self, connection: Connection, topic: Topic) -> bool:
        """Whether a reply waits for the person to write again (WhatsApp's window, a person who stopped us)."""
        state = people.state_of(connection, self.intake.vault, topic.association, topic.conversation)
        return state is not None and self._keeps(topic, state)

    def _is_full(self, connection: Connection, topic: Topic) -> bool:
        """Whether it would wait, and no more can."""
        state = people.state_of(connection, self.intake.vault, topic.association, topic.conversation)
        return state is not None and self._keeps(topic, state) and not staffed.room_left(state)

    def _keeps(self, topic: Topic, state: Conversation) -> bool:
        channel = self.intake.channels.get((topic.association, state.address.channel))
        hours = channel.traits.window_hours if channel else 0
        return bool(staffed.closed(state, hours, self.intake.clock()))
