"""What staff record has a conversation like everything else, and no wire: nobody writes here, nothing leaves from here.

Each record has a conversation of its own, and so a person of its own: a number that a worker typed proves nothing of
who owns it, and what may be shown of a person's other cases is nothing that a call can prove. Whoever owns the agreed
address says so from there (or staff join the two), and then they are one person.
"""

from collections.abc import Mapping

from bot.channels.contract import Capabilities, Content, FetchError, Incoming, StatusReport, Unparseable, Unused
from conversations.recorded import CHANNEL
from conversations.says import Say
from conversations.world import Traits

NAME = CHANNEL


class Record:
    """One association's."""

    name = NAME
    pushes = False
    traits = Traits(name=NAME, asks_sensitive=True)
    capabilities = Capabilities(text=8000, caption=8000, buttons=60, button_title=80, body_with_options=8000)

    def __init__(self, association: str) -> None:
        self.association = association

    def verify(self, headers: Mapping[str, str], url: str, body: bytes) -> bool:
        return False

    def parse(self, body: bytes) -> list[Incoming | StatusReport | Unused]:
        """Raises Unparseable always."""
        raise Unparseable("nobody writes here")

    async def send(self, handle: str, say: Say, row: int, attachment: Content | None = None) -> str:
        return f"record-{row}"

    async def fetch(self, source: str, at_most: int) -> bytes:
        """Raises FetchError always: scans are stored before their event is taken in."""
        raise FetchError("gone")

    async def delete_message(self, handle: str, provider_id: str) -> bool:
        return True

    async def close(self) -> None:
        return None
