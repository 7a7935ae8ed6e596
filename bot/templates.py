"""What became of WhatsApp's templates: every channel reads it from the table, Twilio is asked while Meta decides."""

from collections.abc import Mapping

from bot.channels.contract import Channel
from bot.channels.twilio_templates import NotTaken, Templates
from bot.channels.whatsapp import WhatsApp
from bot.log import log
from storage import templates
from storage.database import Database
from storage.templates import Kept


async def refresh(database: Database, channels: Mapping[tuple[str, str], Channel]) -> None:
    """One round: each WhatsApp sender knows the templates that may go."""
    serving = await database.read(templates.serving)
    for (slug, _), channel in channels.items():
        if isinstance(channel, WhatsApp):
            channel.approved = serving.get(slug, {})


async def ask_meta(database: Database, channels: Mapping[tuple[str, str], Channel], now: int) -> None:
    """One round: what Meta was still to decide, or paused for a while."""
    for kept in await database.read(templates.unsettled):
        channel = channels.get((kept.association, "whatsapp"))
        if isinstance(channel, WhatsApp):
            try:
                await look(database, channel.at_twilio(), kept, now)
            except NotTaken as error:
                log.warning("template_not_asked", association=kept.association, kind=kept.kind, error=str(error))


async def look(database: Database, there: Templates, kept: Kept, now: int) -> Kept:
    """Ask about one and keep the answer; gives it as it stands now. Raises NotTaken."""
    found = await there.state(kept.provider_id)
    if not found.state:
        return kept
    await database.write(templates.stands, kept, found.state, found.category, found.why, now)
    return kept._replace(state=found.state, category=found.category or kept.category, why=found.why, checked_at=now)
