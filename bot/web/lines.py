"""A transcript as the page shows it: one view a line, rendered by `lines.html` for the first page and every fetch."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from bot.channels.contract import payload_of
from bot.web.page import Words, numerals
from bot.web.ports import Line
from conversations.moment import RIYADH
from conversations.says import Option, Say

if TYPE_CHECKING:
    from markupsafe import Markup

_MARKED = re.compile(r"https?://[^\s<>\"'«»]+|\b[A-Z]{3}-[A-Z0-9]{5}-[A-Z0-9]{5}\b")
_TAIL = ".,;:!?)]}،؛؟"
"""What ends a sentence, not an address."""

PICTURES = frozenset({"jpeg", "jpg", "png", "webp", "gif"})
SOUNDS = frozenset({"ogg", "mp3", "m4a", "webm", "wav", "mp4"})


@dataclass(frozen=True, slots=True)
class Button:
    payload: str
    title: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class FileView:
    name: str
    url: str
    shape: str
    """picture, sound, or other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    seq: int
    side: str
    who: str
    day: date
    day_said: str
    at: datetime
    time_said: str
    text: "Markup"
    options: tuple[Button, ...] = ()
    controls: tuple[Button, ...] = ()
    file: FileView | None = None
    say: Say | None = None
    progress_said: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How lines are shown on one page: its language, words, today's date here, and where a line's file is fetched."""

    language: str
    words: Words
    today: date
    file_url: Callable[[int], str]
    day_said: Callable[[date, str], str]

    def views(self, lines: Iterable[Line]) -> Iterator[LineView]:
        return map(self._view, lines)

    def _view(self, line: Line) -> LineView:
        at = line.at.astimezone(RIYADH)
        say = line.say
        return LineView(
            seq=line.seq,
            side=line.direction,
            who=self._who(line),
            day=at.date(),
            day_said=self._day(at.date()),
            at=at,
            time_said=self._time(at),
            text=linked(say.text if say else line.text),
            options=_buttons(say.options, say) if say else (),
            controls=_buttons(say.controls, say) if say else (),
            file=self._file(line),
            say=say,
            progress_said=self._progress(say),
            failed=line.state == "failed",
        )

    def _who(self, line: Line) -> str:
        if line.direction == "in":
            return self.words("web.chat.you")
        return self.words("web.chat.staff" if line.staff else "web.chat.we")

    def _day(self, day: date) -> str:
        days_ago = (self.today - day).days
        if days_ago in (0, 1):
            return self.words(("web.chat.today", "web.chat.yesterday")[days_ago])
        return self.day_said(day, self.language)

    def _time(self, at: datetime) -> str:
        half = self.words("web.chat.am" if at.hour < 12 else "web.chat.pm")
        return numerals(self.language)(f"{at.hour % 12 or 12}:{at.minute:02}") + f" {half}"

    def _progress(self, say: Say | None) -> str:
        if say is None or say.progress is None:
            return ""
        digits = numerals(self.language)
        number, total = say.progress
        return self.words("web.chat.progress", number=digits(number), total=digits(total))

    def _file(self, line: Line) -> FileView | None:
        if line.say and line.say.file:
            return _file_view(line.say.file.name, line.say.file.kind, self.file_url(line.seq))
        if line.file:
            name = line.file.name or self.words("web.chat.file")
            return _file_view(name, line.file.kind, self.file_url(line.seq))
        return None


def _file_view(name: str, kind: str, url: str) -> FileView:
    return FileView(name, url, "picture" if kind in PICTURES else "sound" if kind in SOUNDS else "other")


def _buttons(options: tuple[Option, ...], say: Say) -> tuple[Button, ...]:
    return tuple(Button(payload_of(option, say.prompt), option.title, option.about) for option in options)


def linked(text: str) -> "Markup":
    """Text as HTML: web addresses can be pressed, and a reference is never broken over two lines."""
    from markupsafe import Markup, escape

    parts, end = [], 0
    for found in _MARKED.finditer(text):
        address = found.group().rstrip(_TAIL)
        parts.append(escape(text[end : found.start()]))
        if "://" in address:
            parts.append(
                Markup('<a href="{0}" target="_blank" rel="noopener noreferrer" dir="ltr">{0}</a>').format(address)
            )
        else:
            parts.append(Markup('<bdi dir="ltr">{0}</bdi>').format(address))
        end = found.start() + len(address)
    return Markup("").join([*parts, escape(text[end:])])


MEDIA_TYPES: Mapping[str, str] = {
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "pdf": "application/pdf",
    "ogg": "audio/ogg",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "webm": "audio/webm",
    "wav": "audio/wav",
    "mp4": "video/mp4",
    "amr": "audio/amr",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
"""By kind; channels show or play what has the right one. A browser is shown only what runs nothing."""
