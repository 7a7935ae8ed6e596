"""What the pages need of the house, from the database: the Ports of bot/web/ports.py."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from bot.channels.contract import Content, Incoming, StatusReport
from bot.channels.web_chat import NAME, Changes
from bot.fold import Arrived
from bot.intake import Intake
from bot.ways_out import row_of
from bot.web.lines import MEDIA_TYPES
from bot.web.ports import Away, DoneView, Expired, FileInfo, FormField, FormView, Line, NotTaken, ReceiptView, Used
from conversations.answers.choice import OneOf
from conversations.answers.signatures import kind_of
from conversations.asking import step_words
from conversations.association.association import Association
from conversations.cases.calendar import here
from conversations.conversation import Conversation, Draft
from conversations.course import course_of, course_title
from conversations.events import Event, FormFilled, Media, OptedOut, Press, RenewForm, Text, TimePassed
from conversations.flow import Leave
from conversations.moment import Moment
from conversations.world import Traits, World
from storage import cases, conversations, files, forms, improvements, messages
from storage.blobs import Blobs, Missing
from storage.database import Database, DatabaseAway
from storage.ids import new_id
from storage.seen import digest_key, is_taken
from storage.times import moment, ms

_event: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)

FILES_AN_HOUR = 60
"""From one address: the longest request takes a dozen."""


class House:
    """`draws` makes the bytes of an attachment that is drawn, not stored (`receipt:REFERENCE`)."""

    def __init__(
        self,
        database: Database,
        associations: Mapping[str, Association],
        intake: Intake,
        blobs: Blobs,
        changes: Changes,
        draws: Any,
        file_limit: int,
        public_url: str,
    ) -> None:
        self.database, self.associations, self.intake, self.blobs = database, associations, intake, blobs
        self.vault, self.changes, self.draws = intake.vault, changes, draws
        self.file_limit, self.public_url = file_limit, public_url

    async def take(self, association: str, channel: str, incomings: Sequence[Incoming | StatusReport]) -> None:
        try:
            await self.intake.take(association, channel, incomings)
        except DatabaseAway:
            raise Away from None

    async def is_taken(self, association: str, channel: str, key: str) -> bool:
        """Whether this came in before."""
        return bool(await self._read(is_taken, association, digest_key(channel, key)))

    async def _read(self, function: Any, *args: Any) -> Any:
        try:
            return await self.database.read(function, *args)
        except DatabaseAway:
            raise Away from None

    # --- the chat ------------------------------------------------------------------------------------------------

    async def transcript(self, association: str, handle: str, after: int = 0) -> Sequence[Line]:
        found: list[Line] = await self._read(self._transcript, association, handle, after)
        return found

    def _transcript(self, connection: Connection, association: str, handle: str, after: int) -> list[Line]:
        id = conversations.id_of(connection, self.vault, (association, NAME, handle))
        if id is None:
            return []
        rows = messages.transcript(connection, self.vault, association, id, after=after)
        return [line for row in rows if row.kind != "delete" and (line := self._line(connection, association, row))]

    def _line(self, connection: Connection, association: str, row: messages.Line) -> Line | None:
        at = moment(row.at)
        if row.direction == "out":
            say = self.intake.read_say(row.body)
            return Line(seq=row.seq, direction="out", at=at, say=say, state=row.state)
        event = _event.decode(row.body)
        match event:
            case Text():
                return Line(seq=row.seq, direction="in", at=at, text=event.text)
            case Press():
                return Line(seq=row.seq, direction="in", at=at, text=event.title) if event.title else None
            case Media():
                kept = files.get(connection, self.vault, association, int(event.file))
                kind, size = (kept.kind, kept.size) if kept else ("", event.size)
                info = FileInfo(id=event.file, name=event.name, kind=kind, size=size)
                return Line(seq=row.seq, direction="in", at=at, text=event.caption, file=info)
        return None

    async def seen(self, association: str, handle: str, upto: int) -> None:
        try:
            await self.database.write(self._seen, association, handle, upto)
        except DatabaseAway:
            raise Away from None

    def _seen(self, connection: Connection, association: str, handle: str, upto: int) -> None:
        id = conversations.id_of(connection, self.vault, (association, NAME, handle))
        if id is not None:
            messages.fetched(connection, association, id, upto, ms(self.intake.clock()))

    async def changed(self, association: str, handle: str) -> AsyncIterator[int]:
        async for seq in self.changes.watch(association, handle):
            yield seq

    async def content(self, association: str, handle: str, seq: int) -> Content | None:
        lines: list[Line] = await self._read(self._transcript, association, handle, seq - 1)
        line = next((line for line in lines if line.seq == seq), None)
        if line is None:
            return None
        if line.say is not None and line.say.file is not None:
            drawn: Content | None = await self.draws(association, line.say.file)
            return drawn
        if line.file is None:
            return None
        try:
            data = await asyncio.to_thread(self.blobs.get, association, int(line.file.id))
        except Missing:
            return None
        media_type = MEDIA_TYPES.get(line.file.kind, "application/octet-stream")
        return Content(line.file.name or line.file.kind, media_type, data)

    async def store_file(self, association: str, channel: str, handle: str, name: str, data: bytes) -> FileInfo:
        if not data:
            raise NotTaken("empty")
        if len(data) > self.file_limit:
            raise NotTaken("too_big")
        kind = kind_of(data)
        if kind is None:
            raise NotTaken("kind")
        if await self._read(self._sent_lately, (association, channel, handle)) >= FILES_AN_HOUR:
            raise NotTaken("too_many")
        id = new_id()
        await asyncio.to_thread(self.blobs.put, association, id, data)
        try:
            await self.database.write(self._keep_file, (association, channel, handle), id, name, kind, len(data))
        except DatabaseAway:
            raise Away from None
        return FileInfo(id=str(id), name=name, kind=kind, size=len(data))

    def _sent_lately(self, connection: Connection, key: conversations.Key) -> int:
        """Files of this address within an hour: a cookie costs nothing, a disk does."""
        id = conversations.id_of(connection, self.vault, key)
        since = ms(self.intake.clock()) - 3_600_000
        return files.count_since(connection, key[0], id, since) if id is not None else 0

    def _keep_file(
        self, connection: Connection, key: conversations.Key, id: int, name: str, kind: str, size: int
    ) -> None:
        at = ms(self.intake.clock())
        stored = conversations.take(connection, self.vault, [key], at)
        conversation = next(iter(stored.values())).id
        kept = files.File(key[0], id, conversation, key[1], "", name, kind, size, files.READY)
        files.want(connection, self.vault, [kept], at)

    # --- the secure page -----------------------------------------------------------------------------------------

    async def form(self, token: str) -> FormView | None:
        view: FormView | None = await self._read(self._form, token)
        return view

    def _form(self, connection: Connection, token: str) -> FormView | None:
        for slug, association in self.associations.items():
            form = forms.by_token(connection, slug, token)
            if form is not None:
                return self._view(connection, association, form)
        return None

    def _view(self, connection: Connection, association: Association, form: forms.Form) -> FormView | None:
        stored = conversations.load_by_id(connection, self.vault, [(association.slug, form.conversation)])
        if not stored:
            return None
        one = stored[association.slug, form.conversation]
        conversation = one.conversation
        drafts = [draft for draft in (conversation.open, *conversation.aside) if draft is not None]
        draft = next((draft for draft in drafts if draft.form == form.form), None)
        now = self.intake.clock()
        state: Any = "used" if form.used_at else "expired" if draft is None or form.until <= ms(now) else "open"
        moment_here = self._moment(association, conversation, draft, now)
        title = course_title(moment_here, draft) if draft else association.profile.name.to("ar")
        return FormView(
            association=association.slug,
            channel=one.channel,
            handle=one.handle,
            language=conversation.language,
            title=title,
            fields=self._fields(moment_here, draft, form.steps) if draft else (),
            until=moment(form.until),
            state=state,
        )

    def _moment(
        self, association: Association, conversation: Conversation, draft: Draft | None, now: datetime
    ) -> Moment:
        """A turn that is never taken: it only finds the words."""
        looked_at = msgspec.structs.replace(conversation, open=draft)
        world = World(association=association, now=now, seed=b"", traits=Traits(name=NAME), public_url=self.public_url)
        return Moment(looked_at, TimePassed(id="", at=now, timer=""), world)

    def _fields(self, at: Moment, draft: Draft, steps: tuple[str, ...]) -> tuple[FormField, ...]:
        by_id = course_of(at, draft).by_id
        fields = []
        for step_id in steps:
            step = by_id.get(step_id)
            if step is None or step.answer is None or not step.applies(draft):
                continue
            declines = frozenset(str(value) for value, way in step.exits.items() if isinstance(way, Leave))
            is_choice = isinstance(step.answer, OneOf)
            fields.append(
                FormField(
                    step=step.id,
                    label=step.asks(at) if step.asks else step_words(at, step, "ask"),
                    answer=step.answer,
                    help="" if is_choice else step_words(at, step, "help"),
                    optional=step.optional,
                    value=at.world.person.facts.get(step.known_as) if step.known_as else None,
                    declines=declines,
                )
            )
        return tuple(fields)

    async def submit(self, token: str, values: Mapping[str, Any]) -> None:
        found: tuple[str, forms.Form] | None = await self._read(self._find_form, token)
        if found is None:
            raise Expired
        slug, form = found
        now = self.intake.clock()
        if form.used_at:
            raise Used
        if form.until <= ms(now):
            raise Expired
        filled = FormFilled(id=f"form-{form.form}", at=now, form=form.form, values=dict(values))
        used = False

        def use(connection: Connection, at: int) -> bool:
            nonlocal used
            used = forms.use(connection, slug, token, at) is not None
            return used

        try:
            await self.intake.put(Arrived(slug, "", "", filled, conversation=form.conversation, claim=use))
        except DatabaseAway:
            raise Away from None
        if not used:
            raise Used

    def _find_form(self, connection: Connection, token: str) -> tuple[str, forms.Form] | None:
        for slug in self.associations:
            form = forms.by_token(connection, slug, token)
            if form is not None:
                return slug, form
        return None

    async def renew(self, token: str) -> bool:
        found: tuple[str, forms.Form] | None = await self._read(self._find_form, token)
        if found is None:
            return False
        slug, form = found
        now = self.intake.clock()
        event = RenewForm(id=f"renew-{form.form}", at=now, form=form.form)
        key = digest_key("form", event.id)
        try:
            await self.intake.put(Arrived(slug, "", "", event, key=key, conversation=form.conversation))
        except DatabaseAway:
            raise Away from None
        return True

    # --- the page that stops messages ----------------------------------------------------------------------------

    async def stopped(self, association: str, token: str) -> bool | None:
        found = await self._behind(association, token)
        return None if found is None else found[1]

    async def stop(self, association: str, token: str, again: bool) -> None:
        found = await self._behind(association, token)
        if found is None or found[1] is not again:
            return
        id, now = found[0], self.intake.clock()
        event = OptedOut(id=f"way-out-{id}-{ms(now)}", at=now, again=again)
        try:
            await self.intake.put(Arrived(association, "", "", event, conversation=id))
        except DatabaseAway:
            raise Away from None

    async def _behind(self, association: str, token: str) -> tuple[int, bool] | None:
        row = row_of(self.vault, association, token)
        found: tuple[int, bool] | None = await self._read(conversations.behind, association, row) if row else None
        return found

    # --- you said, we did ----------------------------------------------------------------------------------------

    async def said_and_done(self, association: str, language: str) -> Sequence[DoneView]:
        found: list[improvements.Improvement] = await self._read(improvements.published, self.vault, association)
        views = []
        for one in found:
            spoken = language if language in one.published else "ar"
            told = one.published[spoken]
            day = here(moment(one.published_at or one.at)).date()
            views.append(DoneView(language=spoken, said=told.said, done=told.done, day=day))
        return views

    # --- the receipt's page --------------------------------------------------------------------------------------

    async def receipt(self, association: str, reference: str, digest: str) -> ReceiptView | None:
        found: cases.Receipt | None = await self._read(cases.receipt, self.vault, association, reference, digest)
        if found is None:
            return None
        return ReceiptView(reference=found.reference, day=here(moment(found.at)).date(), matches=found.matches)
