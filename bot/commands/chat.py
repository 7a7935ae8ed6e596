"""`wasl chat`: one person's conversation in the terminal, drawn as a channel shows it, or as JSON."""

import shlex
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

import msgspec

from bot.commands.looks import Look, looks_like
from conversations.answers.signatures import kind_of
from conversations.association.association import Association
from conversations.cases.move import NotAllowed
from conversations.effects import ClearTimer, SetTimer
from conversations.engine import Turn
from conversations.events import FileReady, FileRefused, Media, MediaKind
from conversations.play import Play, described
from conversations.says import Option, Say

TYPING = timedelta(seconds=3)
"""What a line takes to type: a script that is piped in would else count as a flood."""
HELP = """\
  words              say something            #2 or #id          press a choice, by its number or its id
  @path              send a file              +2d                let time pass (s, m, h, d, w)
  = step: value | …  fill the secure page     /start complain    open by a link
  geo:24.7,46.7      share a place            contact:+9665…     share a number
  ! move name=words  staff move the newest case"""
_MEDIA: dict[str, MediaKind] = {
    **dict.fromkeys(("jpeg", "png", "webp", "heic"), "photo"),
    **dict.fromkeys(("ogg", "amr"), "voice"),
    **dict.fromkeys(("mp3", "m4a"), "audio"),
    **dict.fromkeys(("mp4", "webm"), "video"),
    **dict.fromkeys(("pdf", "docx"), "document"),
}


class Unclear(Exception):
    """A line that means nothing here, with what would."""


def play(
    association: Association,
    how: Look,
    lines: Iterable[str],
    say: Callable[[str], None],
    *,
    now: datetime,
    public_url: str = "",
    as_json: bool = False,
    file_limit: int = 20 * 2**20,
) -> None:
    """Take each line in and `say` what follows, until the lines end. Nothing is said before the first."""
    one = Play(association, how.traits, now=now, public_url=public_url)
    for raw in lines:
        line = raw.strip()
        if not line:
            continue
        try:
            turn = take(one, line, file_limit)
        except Unclear as error:
            say(msgspec.json.encode({"error": str(error)}).decode() if as_json else f"? {error}\n")
            continue
        say(msgspec.json.encode(as_object(turn)).decode() if as_json else _drawn(turn, how, association))


def typed(stream: TextIO) -> Iterator[str]:
    """Lines, with a prompt at a terminal, as they come where they are piped in; bytes that are no UTF-8 end nothing."""
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="replace")
    if not stream.isatty():
        yield from stream
        return
    with suppress(ImportError):
        import readline  # noqa: F401  # arrows and history
    with suppress(EOFError, KeyboardInterrupt):
        while True:
            yield input("> ")


def as_object(turn: Turn) -> dict[str, Any]:
    """A turn for a program."""
    draft = turn.conversation.open
    return {
        "says": [_say_object(say) for say in turn.says],
        "flow": draft.flow if draft else "",
        "step": draft.step if draft else "",
        "effects": [msgspec.to_builtins(effect) for effect in turn.effects],
    }


def _say_object(say: Say) -> dict[str, Any]:
    return {
        "text": say.text,
        "choices": [_option(option) for option in say.options],
        "controls": [_option(option) for option in say.controls],
        "link": {"title": say.link.title, "url": say.link.url} if say.link else None,
        "file": {"file": say.file.file, "name": say.file.name} if say.file else None,
    }


def _option(option: Option) -> dict[str, str]:
    return {"id": option.id, "title": option.title, "about": option.about}


def _drawn(turn: Turn, how: Look, association: Association) -> str:
    said = [text for say in turn.says for text in looks_like(say, how, association)]
    told = [f"  ~ {described(effect)}" for effect in turn.effects if not isinstance(effect, SetTimer | ClearTimer)]
    return "".join(f"{part}\n\n" for part in (*said, *(["\n".join(told)] if told else []))).removesuffix("\n")


def take(one: Play, line: str, file_limit: int) -> Turn:
    """One line, typed after the one before it. Raises Unclear."""
    passed = one.wait(TYPING)
    try:
        if line.startswith("#"):
            turn = one.line(f"#{_choice(one, line[1:].strip())}")
        elif line.startswith("@") and (path := Path(line[1:]).expanduser()).is_file():
            turn = _file(one, path, file_limit)
        elif line.startswith("!"):
            turn = _moved(one, line[1:])
        elif line.startswith("=") and not one.forms:
            raise Unclear("no secure page is open")
        else:
            turn = one.line(line)
    except (KeyError, ValueError, StopIteration, OverflowError, AssertionError) as error:
        raise Unclear(f"{type(error).__name__}: {error} — the lines are:\n{HELP}") from error
    return _joined(passed, turn)


def _choice(one: Play, named: str) -> str:
    """`id@prompt` of what a number or an id means: of the last question first, else of the newest that offered it."""
    last = [(option, say.prompt) for say in one.last for option in (*say.options, *say.controls)]
    for option, prompt in last:
        if option.id == named:
            return f"{option.id}@{prompt}"
    if named.isdecimal() and 1 <= int(named) <= len(last):
        option, prompt = last[int(named) - 1]
        return f"{option.id}@{prompt}"
    older = [prompt for seen in one.seen_options.values() for option, prompt in seen if option.id == named]
    return f"{named}@{max(older, default=0)}"


def _file(one: Play, path: Path, at_most: int) -> Turn:
    """A file of this machine, taken for what its bytes are."""
    data = path.read_bytes()
    kind = kind_of(data)
    name = f"f{one.turns}"
    sent = Media(
        id=f"m{name}", at=one.now, file=name, kind=_MEDIA.get(kind or "", "other"), name=path.name, size=len(data)
    )
    if not data or kind is None or len(data) > at_most:
        reason = "empty" if not data else "too_big" if len(data) > at_most else "kind"
        came: FileReady | FileRefused = FileRefused(id=f"r{name}", at=one.now, file=name, reason=reason)  # type: ignore[arg-type]
    else:
        came = FileReady(id=f"r{name}", at=one.now, file=name, kind=kind, size=len(data))
    turn = _joined(one.send(sent, settle=False), one.send(came, settle=False))
    return _joined(turn, one.settle())


def _moved(one: Play, what: str) -> Turn:
    name, *given = shlex.split(what) or [""]
    if not one.cases:
        raise Unclear("no case was filed yet")
    try:
        return one.move(name, **dict(word.split("=", 1) for word in given))
    except NotAllowed as error:
        raise Unclear(str(error)) from error


def _joined(first: Turn, second: Turn) -> Turn:
    return Turn(second.conversation, first.says + second.says, first.effects + second.effects)
