"""What a turn may know besides the conversation: the profile, the time, the person, the channel's traits.

Everything random or outside comes in here, so that `advance` gives the same turn for the same three arguments.
"""

import hashlib
from datetime import datetime
from typing import Any

import msgspec

from conversations.association.association import Association


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What the channel at hand means for the dialogue (how it looks is the channel's own affair)."""

    name: str
    asks_sensitive: bool = False
    """Identity and bank numbers may be asked for in the chat itself."""
    deletes: bool = False
    """A message that held a secret can be taken out of the chat."""
    window_hours: int = 0
    """Hours after the person last wrote in which we may write freely; 0: always."""
    numbered: bool = False
    """There is nothing to press: choices are numbered lines."""
    proves_phone: bool = False
    """The handle is a phone number the channel vouches for."""


class CaseView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A case as the person may see it."""

    reference: str
    kind: str
    stage: str
    service: str = ""
    opened_at: datetime
    earliest: datetime | None = None
    latest: datetime | None = None
    next_update: datetime | None = None
    until: datetime | None = None
    """The last moment to object or appeal; None where nothing is open to it, or it was heard before."""
    member: str = ""


class Paper(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A document of the library that can be sent. `title` is empty for a tool: the profile says it."""

    id: str
    title: str = ""
    kind: str = "pdf"


class Person(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The beneficiary behind the address: facts by field, consents by purpose (given or not)."""

    id: int = 0
    facts: dict[str, Any] = {}
    consents: dict[str, bool] = {}


class World(msgspec.Struct, kw_only=True):
    association: Association
    now: datetime
    """Aware, UTC."""
    seed: bytes
    """Sixteen random bytes or more: references and tokens of this turn are drawn from it."""
    traits: Traits
    person: Person = Person()
    cases: tuple[CaseView, ...] = ()
    papers: tuple[Paper, ...] = ()
    """What the library holds."""
    public_url: str = ""
    """Our own address as people see it; empty without one."""
    templates: frozenset[str] = frozenset()
    """Kinds that may go outside of the channel's window, in this conversation's language."""
    over: str = ""
    """The wave of the survey that is open here, where it was stopped or is over before its time."""
    vouched: bool = True
    """The event is of whoever has the address; False where anybody can have written it (a mail nobody checked)."""
    drawn: int = 0

    def draw(self, purpose: str) -> bytes:
        """Thirty-two fresh bytes that nobody can guess, the same for the same seed and order of calls."""
        self.drawn += 1
        return hashlib.blake2b(purpose.encode() + bytes([self.drawn]), key=self.seed, digest_size=32).digest()
