"""What every table of a profile is made of: words in each language, choices, conditions, times of day."""

from datetime import time
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Words(Table):
    """The same words in each language."""

    ar: str
    en: str

    def to(self, language: str) -> str:
        return self.en if language == "en" else self.ar


class Choice(Table):
    """One thing to choose from, wherever a profile offers a list."""

    id: str
    title: Words
    about: Words | None = None
    words: tuple[str, ...] = ()
    """Other ways people say it, for understanding what is typed."""
    urgent: bool = False


class AskIf(Table):
    """Ask only when an earlier field of the same service was answered with one of these."""

    field: str
    among: tuple[str | int | bool, ...]


def _in_riyadh(at: time) -> time:
    if at.tzinfo is not None:
        raise PydanticCustomError("time_zone", "not a time of day in Riyadh")
    return at


Clock = Annotated[time, AfterValidator(_in_riyadh)]
"""A time of day in Riyadh. What names a zone is refused, and a bare number, which would be read as seconds of UTC."""
