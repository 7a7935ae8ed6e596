"""How Meta rates a WhatsApp sender, by Twilio's Senders API (`/v2/Channels/Senders`): people who block or report us
lower it, and a low one is slowed down or taken away."""

from typing import Any, NamedTuple

from bot.channels.contract import TryAgain
from bot.channels.http import NotAnswered, NotSent


class Standing(NamedTuple):
    """`quality`: high, medium or low, "" where Meta says nothing yet; `status` as Twilio names it (ONLINE, OFFLINE)."""

    quality: str
    status: str


async def standing(client: Any, sender: str) -> Standing | None:
    """Of `whatsapp:+…`; None where the account has no such sender (the sandbox). Raises TryAgain."""
    from twilio.base.exceptions import TwilioException

    try:
        listed = await client.messaging.v2.channels_senders.list_async(channel="whatsapp", limit=1000)
        mine = next((one for one in listed if one.sender_id == sender), None)
        if mine is None:
            return None
        mine = await mine.fetch_async()  # a list may leave the properties out
    except (TwilioException, NotSent, NotAnswered):
        raise TryAgain("not_asked") from None
    known = mine.properties if isinstance(mine.properties, dict) else {}
    rated = str(known.get("quality_rating") or "").lower()
    return Standing(rated if rated in ("high", "medium", "low") else "", str(mine.status or ""))
