"""One turn in the making: what the engine and the flows read from and write to while an event is dealt with."""

from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from conversations.association.profile import Profile
from conversations.conversation import Conversation
from conversations.effects import Effect
from conversations.events import Event
from conversations.says import Option, Say
from conversations.wording import Wording
from conversations.world import World

RIYADH = ZoneInfo("Asia/Riyadh")


class Moment:
    """Mutable, and lives for one turn only. It is also the Hearing that answers get: language and today."""

    __slots__ = ("__dict__", "conversation", "effects", "event", "says", "wording", "world")

    def __init__(self, conversation: Conversation, event: Event, world: World) -> None:
        self.conversation = conversation
        self.event = event
        self.world = world
        self.wording: Wording = world.association.wording[conversation.language]
        self.says: list[Say] = []
        self.effects: list[Effect] = []

    @property
    def language(self) -> str:
        return self.conversation.language

    @property
    def profile(self) -> Profile:
        return self.world.association.profile

    @cached_property
    def local(self) -> datetime:
        return self.world.now.astimezone(RIYADH)

    @property
    def today(self) -> date:
        return self.local.date()

    def speak(self, language: str) -> None:
        self.conversation.language = language
        self.wording = self.world.association.wording[language]

    def words(self, key: str, /, **args: Any) -> str:
        """The sentence in this conversation's language. `association` and `short` may always be interpolated."""
        profile = self.world.association.profile
        language = self.conversation.language
        return self.wording(key, association=profile.name.to(language), short=profile.short_name.to(language), **args)

    def options(self, *keys: str) -> tuple[Option, ...]:
        """Options titled by the words `option.<id>`."""
        return tuple(Option(key, self.words(f"option.{key.lstrip('/').replace(':', '_')}")) for key in keys)

    def tell(self, text: str, **more: Any) -> None:
        self.says.append(Say(text=text, **more))

    def do(self, effect: Effect) -> None:
        self.effects.append(effect)
