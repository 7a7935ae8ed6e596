"""The front line of one process, put together: database, channels, intake, delivery, pages, rounds.

`build` is the one place where objects are made out of settings.
"""

import asyncio
import os
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from bot import metrics
from bot.accounts import make_channels, make_voices, on_duty_where_rung
from bot.channels.contract import Channel, Content, Incoming, Unused
from bot.channels.http import Http
from bot.channels.telegram import Telegram
from bot.channels.web_chat import Changes
from bot.delivery import Delivery
from bot.desk.live import Hub, Topic, changed, pulses
from bot.fold import Committed, Outgoing
from bot.intake import Intake
from bot.keys import open_vault
from bot.log import log
from bot.receipts import Attachments
from bot.schedule import Rounds
from bot.settings import Settings
from bot.staff_group.room import StaffGroups
from bot.staff_group.turns import CHANNEL as STAFF_GROUP
from bot.web.house import House
from bot.web.webhooks import Webhooks
from conversations.association.association import Association
from storage import accounts, backup, conversations, topics
from storage.accounts import Account
from storage.blobs import Blobs, place
from storage.database import Database, DatabaseAway
from storage.spool import Spool, spool_in
from storage.times import ms
from storage.vault import Vault, VaultError

if TYPE_CHECKING:
    from bot.mail import Mail

LENT_SECONDS = 3600
POLL_LEASE_MS = 75_000
"""Longer than Telegram holds the line."""


@dataclass
class FrontLine:
    settings: Settings
    associations: Mapping[str, Association]
    database: Database
    vault: Vault
    channels: dict[tuple[str, str], Channel]
    intake: Intake
    delivery: Delivery
    house: House
    rounds: Rounds
    webhooks: Webhooks
    changes: Changes
    hub: Hub
    http: Http
    switches: "Switches"
    loans: "Loans"
    attachments: Attachments
    staff_groups: StaffGroups
    spool: Spool | None = None
    off: list[str] = field(default_factory=list)
    """Channels without settings, for the words at start-up."""
    polls: list[asyncio.Task[None]] = field(default_factory=list)
    ticking: Any = None
    seen_seqs: dict[conversations.Key, int] = field(default_factory=dict)
    seen_topics: dict[Topic, Any] = field(default_factory=dict)

    async def start(self) -> None:
        from bot.schedule import start_ticking

        if self.database.is_alone:
            # Whoever held leases here is dead: what they left is dealt with now, not when the leases run out.
            await self.database.write(accounts.free_all)
            await self.database.write(topics.free_all)
            await self.delivery.expire(everything=True)
        await self._refresh()
        await self.rounds.library()
        self.rounds.add("switches", 1, self._refresh)
        self.rounds.add("reminders", 60, self._remind)
        self.rounds.add("digest", 600, self._digest)
        if any(name == "whatsapp" for _, name in self.channels):
            await self._templates()
            self.rounds.add("templates", 30, self._templates)
            self.rounds.add("templates_at_meta", 1800, self._ask_meta)
            self.rounds.add("senders", 4 * 60 * 60, self._look_at_senders)
        if any(name in ("whatsapp", "sms") for _, name in self.channels):
            self.rounds.add("costs", 900, self._costs)
        self.rounds.add("watch", 60, self._watch)
        self.rounds.add("alarms", 10, self._ring_on_duty)
        if not self.database.is_sqlite:
            self.rounds.add("pages", 2, self._wake_pages)
            self.rounds.add("desk_pages", 2, self._wake_desk)
        if self.staff_groups.groups:
            self.rounds.add("staff_group", 1, self.staff_groups.run)
        if self.webhooks.calls is not None:
            self.rounds.add("calls", 20, self.webhooks.calls.ring)
        if self.spool is not None:
            self.rounds.add("spool", 3, self.webhooks.drain_spool)
        self.ticking = start_ticking(self.rounds)
        # Hourly is soon enough while we are here; what came due while nobody was is looked at now.
        self.rounds.kick("plan")
        if not self.settings.public_url:
            for channel in self.channels.values():
                if isinstance(channel, Telegram):
                    self.polls.append(asyncio.get_running_loop().create_task(self._poll(channel)))

    async def _refresh(self) -> None:
        await self.switches.refresh()
        self.delivery.heed(self.switches.known)

    @property
    def _mail(self) -> "Mail | None":
        from bot.mail import Mail

        return Mail(self.settings.smtp_url, self.settings.mail_from) if self.settings.smtp_url else None

    async def _remind(self) -> None:
        from bot.reminders import Reminders

        told = (self.database, self.intake, self.associations, self.channels, self._mail, self.settings.public_url)
        await Reminders(*told).ring()

    async def _digest(self) -> None:
        from bot.digest import Digest

        told = (self.database, self.intake, self.associations, self.channels, self._mail, self.settings.public_url)
        await Digest(*told).send()

    async def _templates(self) -> None:
        from bot.templates import refresh

        await refresh(self.database, self.channels)

    async def _ask_meta(self) -> None:
        from bot.templates import ask_meta

        await ask_meta(self.database, self.channels, ms(self.intake.clock()))
        await self._templates()

    async def _look_at_senders(self) -> None:
        from bot.senders import look

        await look(self.database, self.channels, self.intake.clock(), self.intake.me)

    async def _costs(self) -> None:
        from bot.costs import Costs

        rates, clock, me = self.delivery.rates, self.intake.clock, self.intake.me
        await Costs(self.database, self.channels, rates, clock, me, lambda: self.rounds.closing).look()

    async def _watch(self) -> None:
        from bot.watch import Watch

        await Watch(self.database, self.associations, self.channels.keys(), self.intake.clock).look()

    async def _ring_on_duty(self) -> None:
        from bot.on_duty import OnDuty

        clock, public_url = self.intake.clock, self.settings.public_url
        await OnDuty(self.database, self.associations, self.channels, clock, public_url).ring()

    async def close(self, grace: float = 10.0) -> None:
        """Take nothing more in, let what is under way finish, give the leases back."""
        for poll in self.polls:
            poll.cancel()
        await asyncio.gather(*self.polls, return_exceptions=True)
        if self.ticking is not None:
            self.ticking.shutdown(wait=False)
        self.changes.close()
        self.hub.close()
        await self.rounds.close()
        await self.intake.drain()
        await self.delivery.close(grace)
        with suppress(DatabaseAway):
            await self.database.write(accounts.give_back, self.intake.me)
        for channel in self.channels.values():
            await channel.close()
        await self.http.close()
        if self.spool is not None:
            self.spool.close()
        self.database.close()

    async def _wake_pages(self) -> None:
        """What other processes committed for the web chats that pages of this one look at (rule 11)."""
        watched = [(slug, "web_chat", handle) for slug, handle in self.changes.watched()]
        if not watched:
            return
        now = await self.database.read(conversations.last_seqs, self.vault, watched)
        for key, seq in now.items():
            if seq != self.seen_seqs.get(key):
                self.changes.wake(key[0], key[2], seq)
        self.seen_seqs = now

    async def _wake_desk(self) -> None:
        """What other processes committed of what pages of the desk look at here (rule 11)."""
        watched = self.hub.watched()
        now = await self.database.read(pulses, watched) if watched else {}
        for association, topic in changed(self.seen_topics, now):
            self.hub.wake(association, topic)
        self.seen_topics = now

    async def _poll(self, channel: Telegram) -> None:
        from bot.channels.telegram_inbound import Read
        from bot.channels.telegram_polling import poll

        told: set[str] = set()

        async def take(found: list[Read]) -> None:
            heard = [one for one in found if not isinstance(one, Unused)]
            if heard:
                await self.staff_groups.take(channel.association, channel.name, heard)
                self.webhooks.answer_presses(channel, [one for one in heard if isinstance(one, Incoming)])

        async def holder() -> bool:
            now = ms(self.intake.clock())
            me = self.intake.me
            try:
                return await self.database.write(
                    accounts.lease, channel.association, "telegram.poll", me, now, now + POLL_LEASE_MS
                )
            except DatabaseAway:
                return False

        def tell(trouble: str, why: str) -> None:
            metrics.polls.labels(channel.association, trouble).inc()
            if trouble not in told:
                told.add(trouble)
                log.warning("telegram_poll", association=channel.association, trouble=trouble, error=why)

        await poll(channel, take, holder, tell)


class Switches:
    """What an operator holds (rule 14), read once a second: paused accounts, and the allow-list of a staging system."""

    def __init__(self, database: Database, allowed: frozenset[str]) -> None:
        self.database, self.allowed = database, allowed
        self.known: dict[tuple[str, str], Account] = {}

    async def refresh(self) -> None:
        self.known = await self.database.read(accounts.load)

    def may_send(self, association: str, channel: str, handle: str) -> str:
        """Empty where it may; else why not: paused, or staging."""
        if accounts.paused(self.known, association, channel):
            return "paused"
        if self.allowed and handle and f"{channel}:{handle}" not in self.allowed:
            return "staging"
        return ""


def build(settings: Settings, associations: Mapping[str, Association], *, serving: bool = True) -> FrontLine:
    """Everything but its start. A command beside `serve` makes no database and holds no spool. A copy that was
    restored is held before anything else sees it.

    Raises what opening the database and its keys raise."""
    database = Database(settings.database_url)
    database.open(create=serving)
    vault = open_vault(settings, database)
    if database.read_now(backup.is_restored):
        doubted = database.write_now(backup.hold, ms(datetime.now(UTC)))
        log.warning("restored_database_held", uncertain=doubted)
    blobs = Blobs(place(settings.files_url or str(settings.data / "files")), vault)
    me = f"{os.getpid()}-{secrets.token_hex(4)}"
    http = Http()
    changes, hub = Changes(), Hub()
    channels, off = make_channels(settings, associations, database, vault, http, changes)
    associations = on_duty_where_rung(associations, channels, off)
    switches = Switches(database, settings.outbound_only)
    holder: dict[str, FrontLine] = {}

    def after_commit(committed: Committed) -> None:
        line = holder["line"]
        line.delivery.dispatch(committed.sends)
        if committed.refused:
            line.delivery.refused(list(committed.refused))
            line.staff_groups.refused(committed.refused)
        for slug, handle, seq in committed.wakes:
            line.changes.wake(slug, handle, seq)
        line.hub.tell(committed)
        for kick in committed.kicks:
            line.rounds.kick(kick)

    intake = Intake(
        database,
        vault,
        associations,
        channels,
        me=me,
        public_url=settings.public_url,
        after_commit=after_commit,
        may_send=switches.may_send,
    )
    loans = Loans(vault, settings.public_url)
    attachments = Attachments(database, vault, associations, blobs, settings.public_url, loans.lend)

    async def content(row: Outgoing) -> Content | None:
        return await attachments(row.association, row.say.file) if row.say.file else None

    rates = {}
    for slug in associations:
        account = settings.account(slug)
        rates[slug, "telegram"], rates[slug, "whatsapp"] = account.telegram_rate, account.twilio_rate
        rates[slug, "sms"], rates[slug, "email"] = account.twilio_sms_rate, account.email_rate
    delivery = Delivery(
        database, channels, intake, rates=rates, chat_rates={"telegram": settings.telegram_chat_rate}, content=content
    )
    limit = settings.file_limit_mb * 1024 * 1024
    rounds = Rounds(database, intake, delivery, channels, blobs, file_limit=limit)
    delivery.kick = lambda: rounds.kick("outbox")  # type: ignore[method-assign]
    delivery.template_paused = lambda: rounds.kick("templates")  # type: ignore[method-assign]
    house = House(database, associations, intake, blobs, changes, attachments, limit, settings.public_url)
    twilio_on = any(name in ("whatsapp", "sms") for _, name in channels)
    spool = spool_in(settings.data / "spool", vault) if twilio_on and serving else None
    staff_groups = StaffGroups(
        database, intake, channels, delivery.rates, blobs, settings.public_url, kick=lambda name: rounds.kick(name)
    )
    rounds.sources[STAFF_GROUP] = staff_groups
    webhooks = Webhooks(channels, frozenset(associations), staff_groups.take, spool)
    if voices := make_voices(settings, associations, http, off):
        from bot.calls import Calls

        webhooks.calls = Calls(database, intake, associations, voices)
    line = FrontLine(
        settings=settings,
        associations=associations,
        database=database,
        vault=vault,
        channels=channels,
        intake=intake,
        delivery=delivery,
        house=house,
        rounds=rounds,
        webhooks=webhooks,
        changes=changes,
        hub=hub,
        http=http,
        switches=switches,
        loans=loans,
        attachments=attachments,
        staff_groups=staff_groups,
        spool=spool,
        off=off,
    )
    holder["line"] = line
    return line


class Loans:
    """Public addresses of attachments, for a provider that fetches what it sends on (WhatsApp). The token is sealed
    and holds what it lends and until when, so that any process may answer it."""

    def __init__(self, vault: Vault, public_url: str) -> None:
        self.vault, self.public_url = vault, public_url

    def lend(self, association: str, file: str) -> str:
        if not self.public_url:
            return ""
        loan = msgspec.msgpack.encode((association, file, time.time() + LENT_SECONDS))
        return f"{self.public_url}/media/{urlsafe_b64encode(self.vault.seal(loan, b'loan')).decode()}"

    def find(self, token: str) -> tuple[str, str] | None:
        """Association and file; None for a token that is not ours or is over."""
        try:
            loan = self.vault.open(urlsafe_b64decode(token), b"loan")
        except (VaultError, ValueError):
            return None
        association, file, until = msgspec.msgpack.decode(loan, type=tuple[str, str, float])
        return (association, file) if until > time.time() else None
