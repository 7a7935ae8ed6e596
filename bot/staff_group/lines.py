"""How a transcript reads in a topic. Pure: from stored lines to the pieces of one message after the other.

What the profile says may be shown there decides (`[staff_group] shows`):
- full: everything that was written, files and voice as they are.
- masked: first names, words with long numbers and e-mail addresses masked; files, voice and places are named, and are
  on the desk: what cannot be masked is not shown.
- link: that something came, and where it is.

Our own long texts are cut short, and no link of ours goes in: it may hold somebody's token.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from bot.desk.words import DeskWords
from bot.staff_group.group import CAPTION, TEXT, cut, units
from conversations.arabic.masking import mask_numbers
from conversations.events import Contact, Event, Location, Media, Press, Text
from conversations.says import Say
from storage.files import File
from storage.messages import Line

Shows = Literal["full", "masked", "link"]
LATE = 60_000
"""Milliseconds after which what is not there becomes a link to the desk."""
UNSURE = 20_000
"""Milliseconds a worker's reply may be on its way before the lines behind it go on."""
LAST = 10
"""Lines of a conversation that stand in a topic's first message."""
OUR_OWN, THEIRS = 220, 3000
"""Units of one line of ours, and of anybody else's."""
_LINK = re.compile(r"https?://\S+")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_ON_ITS_WAY = ("queued", "sending")
_LOST = ("failed", "uncertain", "held")


class Piece(NamedTuple):
    """One line of the topic, or one file with its caption. `weighs`: counted where only a number is shown."""

    seq: int
    text: str
    file: int = 0
    name: str = ""
    kind: str = ""
    weighs: bool = True


class Bundle(NamedTuple):
    """What goes out as one message: everything up to `upto` is there then. Nothing to send where `text` is empty and
    there is no file; `waits` where what comes next is not ready yet."""

    upto: int
    text: str = ""
    file: Piece | None = None
    waits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is needed to read one conversation's lines."""

    shows: Shows
    words: DeskWords
    url: str
    """The conversation's page on the desk; empty without a public address."""
    name: str
    """The person's, where it is known."""
    staff: Mapping[str, str] = field(default_factory=dict)
    """What workers are called, by id."""
    files: Mapping[int, File] = field(default_factory=dict)
    event: Callable[[bytes], Event]
    say: Callable[[bytes], Say]

    # --- one line ---

    def piece(self, line: Line) -> Piece | None:
        """None for what is not worth a line, or stands in the topic already."""
        if line.direction == "in":
            return self._theirs(line)
        if line.kind != "say":
            return None
        say = self.say(line.body)
        return self._workers(line, say) if say.by else self._ours(line, say)

    def _theirs(self, line: Line) -> Piece | None:
        event = self.event(line.body)
        if isinstance(event, Media):
            return self._media(line.seq, event)
        text = self._told(event)
        if not text:
            return None
        return Piece(line.seq, self.words("group.line.person", text=cut(text, THEIRS)))

    def _told(self, event: Event) -> str:
        masked = self.shows != "full"
        match event:
            case Text():
                text = self.masked(event.text)
                return self.words("group.line.edited", text=text) if event.edited else text
            case Press():
                return self.masked(event.title)
            case Location():
                if masked:
                    return self.words("group.line.on_desk", what=self.words("group.kind.location"))
                return f"{self.words('group.kind.location')} {event.latitude:.6f}, {event.longitude:.6f}"
            case Contact():
                return f"{self.words('group.kind.contact')} {self.masked(event.phone)}"
        return ""

    def _media(self, seq: int, event: Media) -> Piece:
        what = self.words(f"group.kind.{event.kind}")
        caption = self.masked(event.caption)
        file = self.files.get(int(event.file)) if event.file.isdecimal() else None
        if self.shows == "full" and event.kind != "sticker" and file is not None and file.state != "refused":
            text = self.words("group.line.person", text=caption or what)
            return Piece(seq, cut(text, CAPTION), file.id, event.name or what, file.kind)
        told = what if event.kind == "sticker" else self.words("group.line.on_desk", what=what)
        return Piece(seq, self.words("group.line.person", text=cut(f"{told}\n{caption}".rstrip(), THEIRS)))

    def _ours(self, line: Line, say: Say) -> Piece | None:
        text = self.words("conversation.survey") if say.apart else _LINK.sub("…", say.text).strip()
        if not text and say.file is None:
            return None
        text = text or self.words("group.kind.document")
        short = cut(" ".join(self.masked(text).split()), OUR_OWN)
        return Piece(line.seq, self.words("group.line.bot", text=short), weighs=False)

    def _workers(self, line: Line, say: Say) -> Piece | None:
        who = self.staff.get(say.by) or self.words("group.a_worker")
        if line.state in _LOST:
            why = self.words(
                f"send_error.{line.error}" if f"send_error.{line.error}" in self.words else "group.lost.why"
            )
            return Piece(line.seq, self.words("group.lost", who=who, why=why))
        if line.state in _ON_ITS_WAY:
            return Piece(line.seq, self.words("group.on_its_way", who=who))
        if say.via == "group":
            return None
        text = self.masked(say.text) or self.words("group.kind.document")
        return Piece(line.seq, self.words("group.line.worker", who=who, text=cut(text, THEIRS)))

    def masked(self, text: str) -> str:
        if self.shows == "full":
            return text
        if self.name and " " in self.name:
            text = text.replace(self.name, self.name.partition(" ")[0])
        return _EMAIL.sub("••••", mask_numbers(text) or text)

    # --- several ---

    def bundle(self, lines: Sequence[Line], now: int, upto: int) -> Bundle:
        """What goes next of these lines, oldest first; `upto` is the conversation's last line. `lines` is not empty."""
        if (late := self._late(lines, now)) is not None:
            return self._behind(lines, late, upto)
        texts: list[str] = []
        done = count = 0
        for line in lines:
            if self._unsettled(line, now):
                return self._so_far(texts, done, count, waits=True)
            piece = self.piece(line)
            if piece is not None and piece.file:
                if texts:
                    break
                return self._file(piece, done)
            if piece is not None and self.shows == "link":
                count += piece.weighs
            elif piece is not None:
                if units("\n".join([*texts, piece.text])) > TEXT - 100:
                    break
                texts.append(piece.text)
            done = line.seq
        return self._so_far(texts, done, count)

    def _file(self, piece: Piece, done: int) -> Bundle:
        ready = self.files[piece.file].state == "ready"
        return Bundle(piece.seq, piece.text, piece) if ready else Bundle(done, waits=True)

    def _so_far(self, texts: list[str], done: int, count: int, waits: bool = False) -> Bundle:
        if count:
            return Bundle(done, self.words("group.new", count=count, where=self.where))
        return Bundle(done, "\n".join(texts), waits=waits and not texts)

    def _late(self, lines: Sequence[Line], now: int) -> Line | None:
        """The first line to be shown, where it has waited too long."""
        first = next((line for line in lines if self.piece(line) is not None), None)
        return first if first is not None and now - first.at > LATE else None

    def _behind(self, lines: Sequence[Line], first: Line, upto: int) -> Bundle:
        count = sum(1 for line in lines if line.seq >= first.seq and (one := self.piece(line)) and one.weighs)
        lost = [one.text for line in lines if line.state in _LOST and (one := self.piece(line)) and not one.file]
        told = [self.words("group.behind", count=count, where=self.where)] if count else []
        return Bundle(upto, cut("\n".join([*lost[-5:], *told]), TEXT - 100))

    def _unsettled(self, line: Line, now: int) -> bool:
        """A worker's reply that may yet fail: what became of it is said once, when it is known."""
        if line.direction == "in" or line.state not in _ON_ITS_WAY or now - line.at > UNSURE:
            return False
        return line.kind == "say" and bool(self.say(line.body).by)

    def last(self, lines: Sequence[Line]) -> list[str]:
        """The end of a transcript, for a topic's first message; empty where nothing of it may be shown."""
        if self.shows == "link":
            return []
        return [one.text for line in lines if (one := self.piece(line)) is not None][-LAST:]

    @property
    def where(self) -> str:
        return self.url or self.words("group.the_desk")
