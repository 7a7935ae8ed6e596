"""One batch in the making: conversations as they move, and the rows that follow, all in the caller's transaction."""

import os
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec
from sqlalchemy import Connection

from bot.channels.contract import KEPT, Channel, Incoming, StatusReport, Templated, fit
from bot.effects import Work
from bot.notices import NoticeTurn
from conversations.association.association import Association
from conversations.effects import Mask, NotTold
from conversations.engine import advance
from conversations.events import PERSONAL, Event, Media, Press, Text
from conversations.flows.survey_state import FLOW, wave_of
from conversations.notices import CLAIMED
from conversations.says import Say
from conversations.templates import KINDS
from conversations.wording import LANGUAGES
from conversations.world import Paper, Person, World
from storage import conversations, messages, people, timers, waves, world
from storage.conversations import Stored
from storage.ids import new_id
from storage.messages import Message
from storage.times import ms
from storage.vault import Vault

LEASE_MS = 60_000
MOST_LOOKUPS = 4
_encode = msgspec.msgpack.Encoder().encode


class Arrived(NamedTuple):
    """One event on its way in: by a channel and a handle, or (the house's own) by a conversation's id."""

    association: str
    channel: str
    handle: str
    event: Event | None
    key: bytes = b""
    """What it is recognised by when it comes twice; empty where `timer` or `claim` says so instead."""
    conversation: int = 0
    incoming: Incoming | None = None
    timer: timers.Timer | None = None
    claim: Callable[[Connection, int], bool] | None = None
    """Runs first, in the same transaction: False means that it was done before, and the event is not taken."""
    report: StatusReport | None = None
    notice: int = 0
    """The notice whose leg this event is."""
    window_over: bool = False
    """The provider said that the person wrote longer ago than we thought."""


class Outgoing(NamedTuple):
    """One row to send from memory: committed as leased by this process."""

    association: str
    channel: str
    handle: str
    conversation: int
    lane: str
    row: int
    kind: str
    say: Say
    attempts: int = 0


class Refused(NamedTuple):
    """A row that its provider reports as failed, after it had taken it."""

    association: str
    channel: str
    conversation: int
    row: int
    lane: str
    code: str
    again: bool = False
    """It passes: the row waits in the queue to be sent anew."""


class Committed(NamedTuple):
    """What a batch asks of this process once it is committed."""

    sends: list[Outgoing]
    wakes: list[tuple[str, str, int]]
    kicks: set[str]
    refused: tuple[Refused, ...] = ()
    changed: tuple[tuple[str, int], ...] = ()
    """Conversations (association, id) that moved: pages of the desk look again."""


class Means(Protocol):
    """What a fold needs of its process: the intake itself."""

    vault: Vault
    associations: Mapping[str, Association]
    channels: Mapping[tuple[str, str], Channel]
    papers: Mapping[str, tuple[Paper, ...]]
    me: str
    public_url: str
    may_send: Callable[[str, str, str], str]


class Fold:
    """One batch in the making: conversations as they move, and the rows that follow."""

    def __init__(
        self,
        intake: Means,
        connection: Connection,
        stored: dict[tuple[str, int], Stored],
        known: dict[tuple[str, int], world.Known],
        now: datetime,
    ) -> None:
        self.intake, self.connection, self.stored, self.known, self.now = intake, connection, stored, known, now
        self.at = ms(now)
        self.by_address = {(s.association, s.channel, s.handle): s for s in stored.values()}
        self.work = Work(connection, intake.vault, intake.associations, now)
        self.rows: list[Message] = []
        self.sends: list[Outgoing] = []
        self.wakes: dict[tuple[str, str], int] = {}

    def greet_new(self) -> None:
        channels = self.intake.channels
        fresh = [s for s in self.stored.values() if s.fresh and channels[s.association, s.channel].traits.proves_phone]
        if fresh:
            self.work.greet_new(fresh)

    def take(self, one: Arrived) -> None:
        stored = (
            self.stored.get((one.association, one.conversation))
            if one.conversation
            else self.by_address[one.association, one.channel, one.handle]
        )
        if stored is None or one.event is None:
            return
        if one.timer is not None and (stored.association, stored.channel) not in self.intake.channels:
            if one.notice:
                self.work.notice_turns.append(NoticeTurn(stored.association, one.notice, 0, "channel_off"))
            else:
                self.work.put_off(one.timer)
            return
        if one.window_over and stored.conversation.last_at is not None:
            window = timedelta(hours=self.intake.channels[stored.association, stored.channel].traits.window_hours)
            stored.conversation.last_at = min(stored.conversation.last_at, self.now - window)
        known = self.known.setdefault((stored.association, stored.id), world.Known())
        if stored.beneficiary is None:
            stored.beneficiary = new_id()
            known.person = Person(id=stored.beneficiary)
        event = one.event
        if not stored.conversation.greeted and one.incoming is not None and one.incoming.language in LANGUAGES:
            stored.conversation.language = one.incoming.language  # a hint, until they write
        if isinstance(event, Press) and not event.title:
            event = msgspec.structs.replace(event, title=self._title(stored, event.option))
        if isinstance(event, Media) and one.incoming is not None and self._fetches(stored, one.incoming):
            event = msgspec.structs.replace(event, file=str(new_id()))
            self.work.want_file(stored, one.incoming, event.file)
        vouched = self._vouched(stored, one.incoming) if isinstance(event, PERSONAL) else True
        says, mask, not_told = self._turn(stored, known, event, one, vouched)
        if one.notice:
            says, not_told = self._carried(stored, says, not_told)
            told = sum(say.lane != "dialogue" for say in says)
            self.work.notice_turns.append(NoticeTurn(stored.association, one.notice, told, not_told))
        if isinstance(event, PERSONAL):
            self._transcribe(stored, event, mask, one)
            stored.last_in = self.at
        for say in says:
            self.say(stored, say, known, notice=one.notice if say.lane != "dialogue" else 0)

    def _carried(self, stored: Stored, says: list[Say], not_told: str) -> tuple[list[Say], str]:
        """What of this can be sent: where the channel's window is closed, only what it has an approved template for."""
        channel, language = self.intake.channels[stored.association, stored.channel], stored.conversation.language
        wanted = {say.template for say in says if say.template}
        if wanted and not (isinstance(channel, Templated) and all(channel.has_template(w, language) for w in wanted)):
            return [], "no_template"
        return says, not_told

    def _vouched(self, stored: Stored, incoming: Incoming | None) -> bool:
        """Whether this is of whoever has the address. Where a channel does not vouch for that, having proven it once is
        on record, but the next mail may be a forger's all the same."""
        if incoming is None or stored.channel not in CLAIMED:
            return True
        vouched = incoming.checked
        if not vouched and incoming.answers is not None:
            about = messages.whose(self.connection, stored.association, stored.channel, incoming.answers, "")
            vouched = about is not None and about[0] == stored.id
        if vouched:
            people.prove(self.connection, stored.association, stored.id, self.at)
        return vouched

    def _turn(
        self, stored: Stored, known: world.Known, event: Event, one: Arrived, vouched: bool
    ) -> tuple[list[Say], Mask | None, str]:
        """The event and whatever its lookups answer, as one turn; what of it was a secret, and why nothing was told."""
        says: list[Say] = []
        mask: Mask | None = None
        not_told = ""
        pending: list[Event] = [event]
        for _ in range(MOST_LOOKUPS):
            if not pending:
                break
            event = pending.pop(0)
            turn = advance(stored.conversation, event, self._world(stored, known, vouched))
            stored.conversation = turn.conversation
            says += turn.says
            for effect in turn.effects:
                if isinstance(effect, Mask):
                    if mask is None and effect.delete and isinstance(event, Text):
                        self._delete_from_chat(stored, one)
                    mask = effect
                elif isinstance(effect, NotTold):
                    not_told = effect.why
                elif found := self.work.carry_out(effect, stored, known, event):
                    pending.append(found)
        stored.updated = self.at
        return says, mask, not_told

    def _world(self, stored: Stored, known: world.Known, vouched: bool) -> World:
        intake = self.intake
        channel, language = intake.channels[stored.association, stored.channel], stored.conversation.language
        approved: frozenset[str] = frozenset()
        if channel.traits.window_hours and isinstance(channel, Templated):
            approved = frozenset(kind for kind in KINDS if channel.has_template(kind, language))
        return World(
            association=intake.associations[stored.association],
            now=self.now,
            seed=os.urandom(16),
            traits=channel.traits,
            templates=approved,
            person=known.person,
            cases=known.cases,
            papers=intake.papers.get(stored.association, ()),
            public_url=intake.public_url,
            vouched=vouched,
            over=self._over(stored),
        )

    def _over(self, stored: Stored) -> str:
        """The wave of the survey that is open, where it was stopped or closed: nobody is asked on."""
        draft = stored.conversation.open
        wave = wave_of(draft) if draft is not None and draft.flow == FLOW else ""
        return wave if wave.isdigit() and waves.is_shut(self.connection, stored.association, int(wave)) else ""

    def _title(self, stored: Stored, option: str) -> str:
        """What the button said, for the transcript: one of those on offer, or a way out by its own words."""
        conversation = stored.conversation
        offered = next((one.title for one in conversation.offered if one.id == option), "")
        wording = self.intake.associations[stored.association].wording[conversation.language]
        key = f"option.{option.lstrip('/').partition(':')[0]}"
        return offered or (wording(key) if key in wording else "")

    def _fetches(self, stored: Stored, incoming: Incoming) -> bool:
        """Whether the bytes are still with the provider."""
        return incoming.source != KEPT and self.intake.channels[stored.association, stored.channel].pushes

    def _transcribe(self, stored: Stored, event: Event, mask: Mask | None, one: Arrived) -> None:
        if mask is not None and isinstance(event, Text):
            event = msgspec.structs.replace(event, text=mask.text)
        elif mask is not None and isinstance(event, Press):
            event = msgspec.structs.replace(event, option="", title=mask.text)
        elif mask is not None and isinstance(event, Media) and mask.file:
            event = Text(id=event.id, at=event.at, text=mask.text)
        elif mask is not None and isinstance(event, Media):
            event = msgspec.structs.replace(event, caption=mask.text)
        stored.seq += 1
        self.rows.append(
            Message(
                stored.association,
                new_id(),
                stored.id,
                stored.seq,
                stored.channel,
                "in",
                "dialogue",
                str(event.__struct_config__.tag),
                self.at,
                _encode(event),
                provider_id=(one.incoming.provider_id or None) if one.incoming else None,
            )
        )
        self.wakes[stored.association, stored.handle] = stored.seq

    def _delete_from_chat(self, stored: Stored, one: Arrived) -> None:
        """A message that held a secret is taken out of the chat where that can be done: a row like any other send."""
        channel = self.intake.channels[stored.association, stored.channel]
        if channel.traits.deletes and channel.pushes and one.incoming is not None and one.incoming.provider_id:
            self.say(stored, Say(text=one.incoming.provider_id), self.known[stored.association, stored.id], "delete")

    def say(self, stored: Stored, say: Say, known: world.Known, kind: str = "say", notice: int = 0) -> None:
        intake = self.intake
        channel = intake.channels[stored.association, stored.channel]
        for part in fit(say, channel.capabilities) if kind == "say" else (say,):
            stored.seq += 1
            row = new_id()
            held = intake.may_send(stored.association, stored.channel, stored.handle) if channel.pushes else ""
            at_once = channel.pushes and part.lane == "dialogue" and not held and "dialogue" not in known.busy
            state = "sending" if at_once else "queued" if channel.pushes else "accepted"
            self.rows.append(
                Message(
                    stored.association,
                    row,
                    stored.id,
                    stored.seq,
                    stored.channel,
                    "out",
                    part.lane,
                    kind,
                    self.at,
                    _encode(part),
                    state="held" if held == "staging" else state,
                    lease_by=intake.me if at_once else None,
                    lease_until=self.at + LEASE_MS if at_once else None,
                    notice=notice or None,
                )
            )
            if at_once:
                self.sends.append(
                    Outgoing(stored.association, stored.channel, stored.handle, stored.id, part.lane, row, kind, part)
                )
            elif channel.pushes:
                self.work.kicks.add("outbox")
        self.wakes[stored.association, stored.handle] = stored.seq

    def keep(self) -> None:
        """Every statement of the batch that writes, one a kind."""
        turned = [s for s in self.stored.values() if s.updated == self.at]
        if turned:
            conversations.save(self.connection, self.intake.vault, turned)
        if self.rows:
            messages.insert_all(self.connection, self.intake.vault, self.rows)
        self.work.keep()

    def committed(self) -> Committed:
        changed = {key: stored for key, stored in self.stored.items() if stored.updated == self.at}
        if any(stored.conversation.holder != "bot" for stored in changed.values()):
            self.work.kicks.add("inbox")
        return Committed(
            self.sends,
            [(slug, handle, seq) for (slug, handle), seq in self.wakes.items()],
            self.work.kicks,
            changed=tuple(changed),
        )
