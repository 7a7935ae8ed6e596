"""The receipt of a case, drawn when it is asked for: from what is stored, in the person's language."""

import asyncio
from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from bot.channels.contract import Content
from bot.web.lines import MEDIA_TYPES
from conversations.asking import step_words
from conversations.association.association import Association
from conversations.cases.lifecycle import committee_for
from conversations.cases.promise import Promised
from conversations.conversation import Address, Conversation, Draft
from conversations.course import course_of, reviewed
from conversations.events import TimePassed
from conversations.flow import FLOWS
from conversations.moment import Moment
from conversations.says import Attachment
from conversations.world import Traits, World
from storage import cases, conversations, documents, files
from storage.blobs import Blobs, Missing
from storage.cases import Case
from storage.database import Database
from storage.times import moment, moment_or_none
from storage.vault import Vault

FLOW_OF = {"request": "apply", "complaint": "complain", "volunteering": "volunteer"}


class Attachments:
    """Makes the bytes of what a say attaches: `receipt:REFERENCE` is drawn, `document:ID` is the newest version of a
    document of the library, anything else is a stored file."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        associations: Mapping[str, Association],
        blobs: Blobs,
        public_url: str,
        lend: Callable[[str, str], str],
    ) -> None:
        self.database, self.vault, self.associations, self.blobs = database, vault, associations, blobs
        self.public_url, self.lend = public_url, lend

    async def __call__(self, association: str, attachment: Attachment) -> Content | None:
        """None where there is no such file (any more)."""
        if attachment.file.startswith("receipt:"):
            reference = attachment.file.removeprefix("receipt:")
            case = await self.database.read(cases.by_reference, self.vault, association, reference)
            if case is None or case.erased_at is not None:
                return None
            language = await self.database.read(self._language, case)
            data = await asyncio.to_thread(self.draw, case, language)
            url = self.lend(association, attachment.file) if self.public_url else ""
            return Content(attachment.name, "application/pdf", data, url)
        if attachment.file.startswith("document:"):
            return await self._document(association, attachment)
        kept = await self.database.read(files.get, self.vault, association, int(attachment.file))
        if kept is None:
            return None
        try:
            data = await asyncio.to_thread(self.blobs.get, association, int(attachment.file))
        except Missing:
            return None
        media_type = MEDIA_TYPES.get(kept.kind, "application/octet-stream")
        return Content(attachment.name, media_type, data, self.lend(association, attachment.file))

    async def _document(self, association: str, attachment: Attachment) -> Content | None:
        asked = attachment.file.removeprefix("document:")
        kept = await self.database.read(documents.newest, self.vault, association, asked)
        if kept is None:
            return None
        try:
            data = await asyncio.to_thread(self.blobs.get, association, kept.id)
        except Missing:
            return None
        media_type = MEDIA_TYPES.get(kept.kind, "application/octet-stream")
        return Content(attachment.name, media_type, data, self.lend(association, attachment.file))

    def _language(self, connection: Connection, case: Case) -> str:
        id = case.conversation
        if id is None:
            return "ar"
        stored = conversations.load_by_id(connection, self.vault, [(case.association, id)])
        return stored[case.association, id].conversation.language if stored else "ar"

    def draw(self, case: Case, language: str) -> bytes:
        from bot.papers.receipt import ReceiptData, receipt_pdf, receipt_url

        association = self.associations[case.association]
        profile = association.profile
        at = self._moment(association, case, language)
        service = profile.service(case.service)
        signed = case.signature
        quiet = service is not None and bool(service.sensitive_purpose)
        digest = signed.digest if signed else ""
        url = receipt_url(self.public_url, case.association, case.reference, digest) if self.public_url else ""
        agreed = case.agreed_channel
        channel_key = f"channel.{agreed}" if f"channel.{agreed}" in at.wording else f"agreed.{agreed}"
        return receipt_pdf(
            ReceiptData(
                language=language,
                association=profile.name.to(language),
                licence=profile.licence,
                reference=case.reference,
                kind=case.kind,
                service=service.title.to(language) if service else "",
                filed_at=moment(case.completed_at or case.opened_at),
                lines=() if quiet else self._lines(at, case),
                committee=committee_for(profile, case.kind).to(language),
                promised=Promised(
                    earliest=moment_or_none(case.earliest),
                    latest=moment_or_none(case.latest),
                    next_update=moment_or_none(case.next_update),
                ),
                channel=at.words(channel_key) if agreed else "",
                declaration=signed.wording if signed else "",
                signer=signed.typed_name if signed else "",
                signed_at=signed.at if signed else None,
                digest=digest,
                url=url,
            ),
            association.wording[language],
        )

    def _moment(self, association: Association, case: Case, language: str) -> Moment:
        """A turn that is never taken: it only finds the words."""
        at = moment(case.opened_at)
        flow = FLOW_OF.get(case.kind, "")
        draft = Draft(flow=flow, subject=case.service, answers=dict(case.answers)) if flow in FLOWS else None
        conversation = Conversation(
            association=case.association, address=Address("", ""), language=language, open=draft
        )
        world = World(association=association, now=at, seed=b"", traits=Traits(name=""), public_url=self.public_url)
        return Moment(conversation, TimePassed(id="", at=at, timer=""), world)

    def _lines(self, at: Moment, case: Case) -> tuple[tuple[str, str], ...]:
        draft = at.conversation.open
        if draft is None:
            return ()
        by_id = course_of(at, draft).by_id
        lines = []
        for step in reviewed(at, draft):
            value = draft.answers.get(step.id)
            if value is None or step.answer is None or step.id not in by_id:
                continue
            lines.append((step_words(at, step, "title"), step.answer.show(value, at.language)))
        return tuple(lines)
