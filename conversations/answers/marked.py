"""Any kind of answer, its buttons marked with what they belong to: an old one still finds its own question."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import structs

from conversations.answers.contract import Again, Answer, Heard, Hearing
from conversations.events import Event, Press
from conversations.says import Option


@dataclass(frozen=True)
class Marked(Answer):
    inner: Answer = field(default_factory=Answer)
    mark: str = ""

    @property
    def kind(self) -> str:  # type: ignore[override]
        return self.inner.kind

    @property
    def burst(self) -> bool:  # type: ignore[override]
        return self.inner.burst

    @property
    def wants(self) -> str:  # type: ignore[override]
        return self.inner.wants

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if isinstance(event, Press):
            if not event.option.startswith(self.mark):
                return Again("choice.old")
            event = structs.replace(event, option=event.option.removeprefix(self.mark))
        return self.inner.hear(event, hearing)

    def options(self, language: str) -> tuple[Option, ...]:
        return tuple(structs.replace(one, id=self.mark + one.id) for one in self.inner.options(language))

    def join(self, values: Any) -> Any:
        return self.inner.join(values)

    def show(self, value: Any, language: str) -> str:
        return self.inner.show(value, language)

    def input(self) -> Mapping[str, Any]:
        return self.inner.input()
