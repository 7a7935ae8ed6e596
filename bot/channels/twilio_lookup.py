"""Asking Twilio what became of a message whose send was never answered (rule 3 of the house)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from bot.channels.contract import StatusReport, TryAgain
from bot.channels.http import NotAnswered, NotSent
from bot.channels.twilio_inbound import STATUS

_MOST = 50


async def look_up(
    client: Any,
    sender: str,
    to: str,
    texts: Collection[str],
    after: datetime,
    known: Collection[str],
    whole: bool = True,
) -> StatusReport | None:
    """The oldest message of the list that says one of `texts` ("" for a file alone), or (not `whole`) begins with one.
    Raises TryAgain.

    Twilio filters by whole days, so the time is compared here too.
    """
    from twilio.base.exceptions import TwilioException

    wanted = {_plain(text) for text in texts}

    def is_it(body: str) -> bool:
        return body in wanted if whole else any(map(body.startswith, wanted))

    try:
        listed = await client.messages.list_async(to=to, from_=sender, date_sent_after=after, limit=_MOST)
    except (TwilioException, NotSent, NotAnswered):
        raise TryAgain("not_asked") from None
    for message in reversed(listed):  # newest first
        status = STATUS.get(str(message.status))
        made = message.date_created
        if status and (made is None or made >= after) and message.sid not in known and is_it(_plain(message.body)):
            code = str(message.error_code or "")
            return StatusReport(
                key=f"{message.sid}:{message.status}", status=status, provider_id=message.sid, code=code
            )
    return None


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())
