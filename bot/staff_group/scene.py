"""A conversation as its topic needs it, read in one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, select

from bot.desk.words import DeskWords
from bot.staff_group.lines import Reading
from conversations.association.association import Association
from conversations.events import Event
from conversations.says import Say
from storage import files, handoffs, messages, staff, topics, world
from storage.messages import Line
from storage.schema import conversations
from storage.topics import Topic, Work
from storage.vault import Vault

READ = 200
"""Lines of a transcript looked at, at most."""
_events: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)
_says = msgspec.msgpack.Decoder(Say)


class Scene(NamedTuple):
    reading: Reading
    lines: list[Line]
    """Of the transcript."""
    answers: list[tuple[int, str]]
    """What the house itself has to say there."""
    who: str
    """The person as the profile lets them be named, else the channel and a short number."""
    channel: str
    """What it is called."""
    holder: str
    """The first name of whoever holds it."""
    waits: list[handoffs.Handoff]


@dataclass(frozen=True)
class Scenes:
    vault: Vault
    associations: Mapping[str, Association]
    public_url: str

    def words(self, association: str) -> DeskWords:
        known = self.associations[association]
        return DeskWords(known.profile.staff_group.language, known)

    def url(self, association: str, conversation: int) -> str:
        """The conversation's page on the desk; empty without a public address."""
        return f"{self.public_url}/desk/{association}/conversation/{conversation}" if self.public_url else ""

    def read(self, connection: Connection, work: Work, after: int) -> Scene:
        """With the lines behind sequence number `after`."""
        association, conversation = work.topic.association, work.topic.conversation
        c = conversations.c
        channel, beneficiary = connection.execute(
            select(c.channel, c.beneficiary).where(c.association == association, c.id == conversation)
        ).one()
        lines = messages.transcript(connection, self.vault, association, conversation, after=after, limit=READ)
        whose = (association, conversation, beneficiary)
        facts = world.load(connection, self.vault, [whose], "", 0)[association, conversation].person.facts
        said = [_says.decode(line.body).by for line in lines if line.direction == "out" and line.kind == "say"]
        sent = [_events.decode(line.body) for line in lines if line.direction == "in" and line.kind == "media"]
        holder = work.expected.partition(":")[2]
        names = self._names(connection, [holder, *said])
        words = self.words(association)
        reading = Reading(
            shows=self.associations[association].profile.staff_group.shows,
            words=words,
            url=self.url(association, conversation),
            name=str(facts.get("full_name") or "").strip(),
            staff=names,
            files=self._files(connection, association, [getattr(event, "file", "") for event in sent]),
            event=_events.decode,
            say=_says.decode,
        )
        called = words(f"channel.{channel}")
        return Scene(
            reading,
            lines,
            answers=topics.said(connection, self.vault, association, conversation),
            who=_who(reading) or words("group.somebody", channel=called, number=conversation % 10_000),
            channel=called,
            holder=names.get(holder, "").partition(" ")[0] or words("group.a_worker"),
            waits=handoffs.of_conversation(connection, self.vault, association, conversation),
        )

    def before_the_end(self, connection: Connection, topic: Topic, lines: list[Line]) -> list[Line]:
        """Of a conversation that went back to the bot: what was written until then."""
        ended = topics.ended_at(connection, topic.association, topic.conversation)
        return [line for line in lines if line.at <= ended]

    def _names(self, connection: Connection, ids: list[str]) -> dict[str, str]:
        known = staff.names(connection, self.vault, [int(id) for id in ids if id.isdecimal()])
        return {str(id): name for id, name in known.items()}

    def _files(self, connection: Connection, association: str, ids: list[str]) -> dict[int, files.File]:
        found = [files.get(connection, self.vault, association, int(id)) for id in ids if id.isdecimal()]
        return {file.id: file for file in found if file is not None}


def _who(reading: Reading) -> str:
    if reading.shows == "link":
        return ""
    return reading.name if reading.shows == "full" else reading.name.partition(" ")[0]
