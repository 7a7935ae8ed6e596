"""Rounds that look after what is kept: acts go into the audit's chain, what was kept its days goes, files with it."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from bot.log import log
from conversations.association.association import Association
from storage import alarms, audit_chain, erasure, retention
from storage.audit_chain import ChainKeyLost, Head
from storage.blobs import Blobs
from storage.database import Database
from storage.times import HOUR, ms
from storage.vault import Vault

STRETCHES = 20
"""Of an association in one round, before the next one's turn."""


class Upkeep:
    def __init__(
        self,
        database: Database,
        vault: Vault,
        blobs: Blobs,
        associations: Mapping[str, Association],
        clock: Callable[[], datetime],
    ) -> None:
        self.database, self.vault, self.blobs, self.associations, self.clock = (
            database,
            vault,
            blobs,
            associations,
            clock,
        )
        self._noted: dict[str, tuple[int, int]] = {}

    async def link_audit(self) -> None:
        """Link what waits; when nothing does, one look at an empty index."""
        for association in await self.database.read(audit_chain.waiting):
            try:
                for _ in range(STRETCHES):
                    linked, head = await self.database.write(self._link, association)
                    if linked < audit_chain.AT_ONCE:
                        break
            except ChainKeyLost as error:
                if await self.database.write(self._ring, association):
                    log.error("audit_not_linked", association=association, error=str(error))
                continue
            self._note(association, head)

    def _link(self, connection: Connection, association: str) -> tuple[int, Head]:
        linked = audit_chain.link(connection, self.vault, association, ms(self.clock()))
        return linked, audit_chain.head(connection, association)

    def _ring(self, connection: Connection, association: str) -> bool:
        return alarms.ring(connection, association, "audit_not_linked", ms(self.clock()), urgent=True)

    def _note(self, association: str, head: Head) -> None:
        """Once an hour into the log, which is kept elsewhere: beside it a chain that was cut off shows."""
        number, at = self._noted.get(association, (0, 0))
        now = ms(self.clock())
        if head.number > number and now - at >= HOUR:
            self._noted[association] = (head.number, now)
            log.info("audit_head", association=association, number=head.number, digest=head.digest)

    async def retain(self) -> None:
        """Erase what was kept as long as the profile says, step by step; where nothing is due nothing is written."""
        for slug, association in self.associations.items():
            days = association.profile.privacy.retention_days
            for _ in range(STRETCHES):
                now = ms(self.clock())
                due = await self.database.read(retention.due, self.vault, slug, days, now)
                if not due:
                    break
                done = await self.database.write(retention.carry_out, self.vault, slug, days, due, now)
                if any(done):
                    log.info("kept_its_days", association=slug, **done._asdict())
                elif due.cursor is None:
                    break  # what is due cannot go yet

    async def erase_files(self) -> None:
        """Delete the bytes of erased files; whoever dies in between leaves the rest to the next round."""
        while gone := await self.database.read(erasure.erasing, ms(self.clock())):
            for association, id in gone:
                await asyncio.to_thread(self.blobs.delete, association, id)
            await self.database.write(erasure.erased, gone)
