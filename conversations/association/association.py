"""An association as the front line uses it: its profile, its words with overrides, and its knowledge file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from conversations.association.profile import Profile
from conversations.wording import Wording


@dataclass(frozen=True)
class KnowledgeEntry:
    """One approved answer of `knowledge.<language>.md`: a heading with its questions, and the text below it."""

    title: str
    questions: tuple[str, ...]
    answer: str


@dataclass(frozen=True, eq=False)
class Association:
    profile: Profile
    wording: Mapping[str, Wording]
    knowledge: Mapping[str, tuple[KnowledgeEntry, ...]] = field(default_factory=dict)
    folder: Path | None = None

    @property
    def slug(self) -> str:
        return self.profile.slug
