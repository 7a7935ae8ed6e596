"""A conversation's transcript as the desk shows it: what the person did, what the bot and which worker said, private
notes and moves of the person's cases between them, each at its time.

What is unsealed is what is shown: one page of lines, and what happened while they were said.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from sqlalchemy import Connection, select

from bot.desk.said import clock, day
from bot.desk.sight import cases_seen_by
from bot.desk.words import DeskWords
from bot.web.lines import PICTURES, SOUNDS, linked
from conversations.cases.calendar import here
from conversations.events import Contact, Event, Location, Media, Opened, Press, Text
from conversations.says import Option, Say
from storage import files, messages, notes, staff
from storage.files import File
from storage.messages import Line
from storage.schema import case_moves, cases
from storage.times import HOUR, moment, ms

if TYPE_CHECKING:
    from markupsafe import Markup

    from bot.desk.at import At
    from bot.desk.conversation.scene import Scene

PAGE = 40
"""Lines shown at first, and with each look further back."""
MOST_NEW = 200
AGAIN = 20
"""Lines before the last one that a page shows, sent again with what is new: their ticks may have moved."""
ON_ITS_WAY = frozenset({"queued", "sending"})
CONFIRMS = frozenset({"whatsapp", "web_chat", "sms"})
"""Channels that say later that a message arrived, or was read."""
OURS = ("failed", "uncertain", "held")
"""States in which a person decides what follows."""
_event: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)
_say = msgspec.msgpack.Decoder(Say)
_SECRET = re.compile(r"https?://\S+/(?:form|mine)/\S+")
"""A secure page's address is the person's alone: whoever has it may fill it in."""
_CODES: Mapping[str, str] = {
    code: name
    for codes, name in (
        ("20429 63017 30001 63018 429", "too_fast"),
        ("20003 63007 401", "bad_token"),
        ("21211 63003 30006", "no_such_number"),
        ("21610 63014 63033", "blocked"),
        ("21617 21658", "too_long"),
        ("63010 63012 500 503", "provider_down"),
        ("30003 30005 63024 63032", "not_reachable"),
        ("30007 63005 63013 63021 63026", "content_refused"),
        ("63016", "window"),
        ("63019 63034", "file_refused"),
        ("63027 63028 63041 no_template template_variable", "template"),
        ("63049", "withheld"),
        ("file_without_address", "file_missing"),
        ("defect", "unknown"),
        ("database_away", "not_connected"),
        ("too_slow no_sid", "no_answer"),
        ("asked", "stopped"),
    )
    for code in codes.split()
}
"""What a provider's own code (bot/channels/twilio_errors.py) is called in `send_error.<name>`."""
_AGAIN_IS_NO_USE = frozenset(
    {"blocked", "deactivated", "chat_not_found", "never_opened", "no_such_number", "mail_no_mailbox", "stopped"}
)
"""The address itself is gone: another way to the person is needed."""


class FileView(NamedTuple):
    """`shape`: picture, sound, video or other; `state`: ready, coming, or refused (then `name` says why)."""

    name: str
    url: str
    shape: str
    state: str = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One thing in the transcript. `kind`: line, note, move; `id` is its element's, `mark` changes when it does."""

    id: str
    kind: str
    at: int
    day: date
    day_said: str
    clock: str
    who: str
    side: str = ""
    """in, bot, staff; of a line."""
    seq: int = 0
    text: "Markup | str" = ""
    options: tuple[str, ...] = ()
    file: FileView | None = None
    place: str = ""
    link: str = ""
    mark: str = ""
    state: str = ""
    """Where an outgoing line stands; empty of what came in."""
    why: str = ""
    acts: tuple[str, ...] = ()
    """What can be done about it: again, release, arrived, call."""
    via: str = ""
    template: bool = False


class Transcript(NamedTuple):
    """`older`: the number before which there is more, 0 where there is not. `last` is the newest line's number."""

    shown: Sequence[Shown]
    older: int
    last: int
    unsettled: bool


def newest(connection: Connection, at: "At", scene: "Scene", before: int | None = None) -> Transcript:
    lines = messages.newest(connection, at.desk.vault, at.slug, scene.id, before=before, limit=PAGE)
    begins = len(lines) < PAGE or lines[0].seq <= 1
    ends = None if before is None else _at_of(connection, at, scene, before)
    shown = _read(connection, at, scene, lines, since=0 if begins else lines[0].at, until=ends)
    moves = _moves(lines, at, scene)
    return Transcript(shown, 0 if begins else lines[0].seq, lines[-1].seq if lines else 0, moves)


def after(connection: Connection, at: "At", scene: "Scene", seq: int) -> Transcript:
    """What is new behind a line, with the last ones before it as they stand now."""
    first = max(0, seq - AGAIN)
    lines = messages.transcript(connection, at.desk.vault, at.slug, scene.id, after=first, limit=MOST_NEW)
    since = lines[0].at if lines and first else 0
    shown = _read(connection, at, scene, lines, since=since, until=None)
    return Transcript(shown, 0, lines[-1].seq if lines else seq, _moves(lines, at, scene))


def replied_since(connection: Connection, at: "At", conversation: int, seq: int) -> list[Line]:
    """What colleagues of this worker said behind a line."""
    lines = messages.transcript(connection, at.desk.vault, at.slug, conversation, after=seq, limit=MOST_NEW)
    mine = str(at.worker.id)
    return [one for one in lines if _is_said(one) and (by := _say.decode(one.body).by) and by != mine]


def read_say(line: Line) -> Say:
    return _say.decode(line.body)


def read_event(line: Line) -> Event:
    return _event.decode(line.body)


def why_not(words: DeskWords, line: Line) -> str:
    """Why a message did not arrive, in plain words; empty where there is nothing to explain."""
    if line.state not in OURS:
        return ""
    if line.state != "failed":
        return words(f"conversation.why.{'restored' if line.error == 'restored' else line.state}")
    return why_failed(words, line.error or "unknown")


def why_failed(words: DeskWords, code: str) -> str:
    """What a code of a send that failed means, in plain words."""
    key = f"send_error.{_CODES.get(code, code)}"
    return words(key) if key in words else words("send_error.unknown")


def _named(line: Line) -> str:
    code = line.error or "unknown"
    return _CODES.get(code, code)


def _moves(lines: Iterable[Line], at: "At", scene: "Scene") -> bool:
    """Whether anything of it will change by itself soon."""
    since = ms(at.now) - HOUR
    return any(
        one.direction == "out"
        and (one.state in ON_ITS_WAY or (one.state == "accepted" and scene.channel in CONFIRMS and one.at > since))
        for one in lines
    )


def _is_said(line: Line) -> bool:
    return line.direction == "out" and line.kind == "say"


def _at_of(connection: Connection, at: "At", scene: "Scene", seq: int) -> int | None:
    line = messages.line(connection, at.desk.vault, at.slug, scene.id, seq)
    return line.at if line else None


# --- reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What is needed to show these lines, fetched once for all of them."""

    at: "At"
    words: DeskWords
    conversation: int
    person: str
    phone: bool
    names: Mapping[str, str]
    files: Mapping[int, File]


def _read(
    connection: Connection, at: "At", scene: "Scene", lines: Sequence[Line], *, since: int, until: int | None
) -> list[Shown]:
    association, vault = at.slug, at.desk.vault
    events = {line.seq: _event.decode(line.body) for line in lines if line.direction == "in"}
    says = {line.seq: _say.decode(line.body) for line in lines if _is_said(line)}
    noted = [
        one
        for one in notes.about(connection, vault, association, conversation=scene.id)
        if one.at >= since and (until is None or one.at < until)
    ]
    sent = [event.file for event in events.values() if isinstance(event, Media)]
    sent += [say.file.file for say in says.values() if say.file is not None]
    workers = [int(say.by) for say in says.values() if say.by.isdecimal()] + [one.staff for one in noted]
    reading = _Reading(
        at=at,
        words=at.words,
        conversation=scene.id,
        person=scene.person or at.words("conversation.person"),
        phone=bool(scene.phone),
        names={str(id): name for id, name in staff.names(connection, vault, workers).items()},
        files=files.several(connection, vault, association, [int(id) for id in sent if id.isdecimal()]),
    )
    shown: list[Shown] = []
    for line in lines:
        if line.seq in events:
            shown += _came(reading, line, events[line.seq])
        elif line.seq in says:
            shown.append(_went(reading, line, says[line.seq]))
    aside = [_note(reading, one) for one in noted]
    aside += _moved(connection, reading, scene, since, until)
    return _between(shown, sorted(aside, key=lambda one: one.at))


def _between(lines: Sequence[Shown], aside: Sequence[Shown]) -> list[Shown]:
    """Lines keep their own order; the others stand before the first line that is later than they."""
    merged: list[Shown] = []
    waiting = list(reversed(aside))
    for line in lines:
        while waiting and waiting[-1].at < line.at:
            merged.append(waiting.pop())
        merged.append(line)
    return [*merged, *reversed(waiting)]


def _made(reading: _Reading, kind: str, id: str, at: int, who: str, **more: object) -> Shown:
    language = reading.at.language
    return Shown(
        id=id,
        kind=kind,
        at=at,
        day=here(moment(at)).date(),
        day_said=day(at, language),
        clock=clock(at, language),
        who=who,
        **more,  # type: ignore[arg-type]
    )


def _came(reading: _Reading, line: Line, event: Event) -> list[Shown]:
    words = reading.words
    more: dict[str, object] = {}
    match event:
        case Text():
            more["text"] = linked(event.text)
            if event.edited:
                more["via"] = words("conversation.edited")
        case Press():
            more["options"] = (event.title or words("conversation.a_button"),)
        case Media():
            more["text"] = linked(event.caption)
            more["file"] = _came_file(reading, line, event)
        case Location():
            more["text"] = words("conversation.place")
            more["place"] = f"{event.latitude:.6f},{event.longitude:.6f}"
        case Contact():
            own = "conversation.own_number" if event.own else "conversation.a_number"
            more["text"] = words(own, number=event.phone)
        case Opened():
            return [_made(reading, "event", f"line-{line.seq}", line.at, words("conversation.opened"), seq=line.seq)]
        case _:
            return []
    file = more.get("file")
    mark = file.state if isinstance(file, FileView) else ""
    return [
        _made(reading, "line", f"line-{line.seq}", line.at, reading.person, side="in", seq=line.seq, mark=mark, **more)
    ]


def _came_file(reading: _Reading, line: Line, event: Media) -> FileView:
    words = reading.words
    kept = reading.files.get(int(event.file)) if event.file.isdecimal() else None
    state = kept.state if kept is not None else "erased"
    if state in ("wanted", "fetching"):
        return FileView(words("conversation.file_coming"), "", "other", "coming")
    if kept is None or state != files.READY:
        why = f"conversation.file_refused.{kept.reason if kept and kept.reason else 'gone'}"
        return FileView(words.or_key(why), "", "other", "refused")
    name = event.name or words(f"conversation.media.{event.kind}")
    return FileView(name, _url(reading, line), shape_of(kept.kind, event.kind))


def _went(reading: _Reading, line: Line, say: Say) -> Shown:
    words, by = reading.words, say.by
    who = reading.names.get(by, words("conversation.a_worker")) if by else words("conversation.bot")
    file = None
    if say.file is not None:
        kept = reading.files.get(int(say.file.file)) if say.file.file.isdecimal() else None
        file = FileView(say.file.name, _url(reading, line), shape_of(kept.kind if kept else say.file.kind))
    link = ""
    if say.link is not None:
        link = words("conversation.private_link") if say.link.private else say.link.title
    return _made(
        reading,
        "line",
        f"line-{line.seq}",
        line.at,
        who,
        side="staff" if by else "bot",
        seq=line.seq,
        text=words("conversation.survey")
        if say.apart
        else linked(_SECRET.sub(f"[{words('conversation.private_link')}]", say.text)),
        options=() if say.apart else _titles(say.options),
        file=file,
        link=link,
        mark=f"{line.state}-{line.error or ''}",
        state=line.state,
        why=why_not(words, line),
        acts=_acts(reading, line, say),
        via=words("conversation.via_group") if say.via == "group" else "",
        template=bool(say.template),
    )


def _acts(reading: _Reading, line: Line, say: Say) -> tuple[str, ...]:
    if line.state in ("uncertain", "held"):
        return ("release", "arrived") if line.state == "uncertain" else ("release",)
    if line.state != "failed":
        return ()
    again = ("again",) if say.by and _named(line) not in _AGAIN_IS_NO_USE else ()
    return (*again, "call") if reading.phone else again


def _titles(options: Iterable[Option]) -> tuple[str, ...]:
    return tuple(option.title for option in options)


def _url(reading: _Reading, line: Line) -> str:
    return f"{reading.at.base}/conversation/{reading.conversation}/file/{line.seq}"


def shape_of(kind: str, media: str = "") -> str:
    """How a file of this kind is shown; a voice note in an MP4 is a sound."""
    if kind in PICTURES:
        return "picture"
    if kind in ("mp4", "webm") and media not in ("voice", "audio", ""):
        return "video"
    return "sound" if kind in SOUNDS else "other"


def _note(reading: _Reading, note: notes.Note) -> Shown:
    who = reading.names.get(str(note.staff), reading.words("conversation.a_worker"))
    return _made(reading, "note", f"note-{note.id}", note.at, who, text=linked(note.text))


def _moved(connection: Connection, reading: _Reading, scene: "Scene", since: int, until: int | None) -> Iterable[Shown]:
    """Moves of this person's cases, as far as this worker sees the cases: what and by which role, never why."""
    m, c = case_moves.c, cases.c
    query = (
        select(m.case_id, m.seq, m.move, m.to_stage, m.who, m.at, c.kind, c.reference)
        .join_from(case_moves, cases, (c.association == m.association) & (c.id == m.case_id))
        .where(cases_seen_by(reading.at.worker), scene.is_theirs(), m.at >= since)
        .order_by(m.at)
    )
    if until is not None:
        query = query.where(m.at < until)
    words = reading.words
    for row in connection.execute(query):
        stage = words.or_key(f"at_stage.{row.kind}.{row.to_stage}")
        text = words("conversation.moved", kind=words.or_key(f"kind.{row.kind}"), reference=row.reference, stage=stage)
        role = words.or_key(f"role.{row.who}")
        yield _made(reading, "move", f"move-{row.case_id}-{row.seq}", row.at, role, text=linked(text))
