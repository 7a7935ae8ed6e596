"""A golden dialogue as a page: read its script, play it, write it again with what was said.

# حارف · تلغرام · الأحد 2026-11-22 10:00 · what it shows     local time; «بلا صفحة آمنة»: no address of our own

> words            a message; several lines directly under each other are a burst
> [button]         a press; `[button] (قديم)`: one that belongs to an older question
> @photo           a file: @voice, @sticker, @deed.pdf
> ✎ words          a message sent before, changed
> +3d              time passes (s, m, h, d, w)
> = step: value | step: value       the secure page, filled in
> ! move key=value key="two words"  staff move the newest case; `! deliver what="…"`: one entitlement of it
> & act key=value  staff act on the newest appointment, or, with `kind`, offer a new one
> * words          a worker writes to them; `* /done` hands back; `* /take`, `* /pass`, `* /knock`, `* /block`,
                   `* /unblock`
> ? update         the day came on which the newest case is told of
? survey <id>    a wave of this survey has come to them; `? remind <id>`: reminded of it; `? broadcast words`
> {الرقم}          stands for the reference of the newest case
/start payload   opened by a link; `/start موافقة`: by the newest link of consent
> (واتساب +966500000002)            from here on, another address of the same house; back with the first's
"""

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from conversations import play_staff
from conversations.association.association import Association
from conversations.effects import ClearTimer, Effect, SetTimer
from conversations.engine import Turn
from conversations.events import (
    BroadcastSent,
    CaseUpdate,
    Event,
    StaffBlocked,
    StaffGaveBack,
    StaffKnocked,
    StaffPassedOn,
    StaffSaid,
    StaffTook,
    SurveyInvited,
)
from conversations.play import Play, described, shown
from conversations.says import Say
from conversations.staffed import title_of

CHANNELS = {"تلغرام": "telegram", "واتساب": "whatsapp", "الموقع": "web_chat"}
NAMES = {
    "harif": "حارف",
    "mastoura": "مستورة",
    "ruhama": "رحماء",
    "saudi-exhibitions": "المعارض",
    "bena-jazan": "بناء",
}
DAYS = ("الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد")
NO_PAGE = "بلا صفحة آمنة"
OLD = "(قديم)"
CONSENT = "موافقة"
NEWEST = "{الرقم}"
_TITLE = re.compile(
    r"# (?P<name>[^·]+) · (?P<channel>[^·]+) · (?:\S+ )?(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d) · (?P<what>.+)"
)
_ADDRESS = re.compile(r"\((\S+)(?: (\S+))?\)")


@dataclass(frozen=True)
class Page:
    path: Path
    channel: str
    at: datetime
    what: str
    groups: tuple[tuple[str, ...], ...]
    """What happens: lines without their mark, a burst together."""

    @property
    def slug(self) -> str:
        return self.path.parent.name


def read(path: Path) -> Page:
    """Raises ValueError where the title is not as it must be."""
    lines = path.read_text(encoding="utf-8").splitlines()
    title = _TITLE.fullmatch(lines[0].strip()) if lines else None
    if title is None or title["name"] != NAMES[path.parent.name] or title["channel"] not in CHANNELS:
        raise ValueError(f"{path}: the first line must be # {NAMES[path.parent.name]} · channel · day time · what")
    at = datetime.strptime(title["at"], "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo("Asia/Riyadh"))
    groups: list[list[str]] = []
    together = False
    for line in lines[1:]:
        if line.startswith("> "):
            if not together:
                groups.append([])
            groups[-1].append(line[2:].strip())
        together = line.startswith("> ")
    return Page(path, CHANNELS[title["channel"]], at, title["what"], tuple(map(tuple, groups)))


def played(page: Page, association: Association) -> tuple[str, set[str]]:
    """The whole page as it is said now, and the flows that were open in it."""
    url = "" if NO_PAGE in page.what else "https://wasl.example"
    first = Play(association, page.channel, now=page.at.astimezone(ZoneInfo("UTC")), public_url=url)
    plays = {(page.channel, ""): first}
    play = first
    flows: set[str] = set()
    channel = next(name for name, known in CHANNELS.items() if known == page.channel)
    title = f"# {NAMES[page.slug]} · {channel} · {DAYS[page.at.weekday()]} {page.at:%Y-%m-%d %H:%M} · {page.what}"
    parts = [title]
    for group in page.groups:
        parts.append("\n".join(f"> {line}" for line in group))
        if switch := _ADDRESS.fullmatch(group[0]):
            play = _other(first, plays, CHANNELS[switch[1]], switch[2] or "")
            continue
        says: list[Say] = []
        effects: list[Effect] = []
        for number, line in enumerate(group):
            try:
                turn = act(play, line, settle=number == len(group) - 1)
            except KeyError as error:
                raise AssertionError(f"{page.path}: «{line}»: no {error} among what was shown") from error
            says += turn.says
            effects += turn.effects
            if (draft := play.conversation.open) is not None:
                flows.add(draft.flow)
        parts += [shown(say) for say in says]
        parts += list(_elsewhere(play))
        if lines := [f"  ~ {described(effect)}" for effect in effects if of_interest(effect)]:
            parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n", flows


def act(play: Play, line: str, settle: bool) -> Turn:
    """One line of a script."""
    if NEWEST in line:
        line = line.replace(NEWEST, next(reversed(play.cases)))
    if line.startswith("["):
        return play.press(line[1 : line.rindex("]")], old=line.endswith(OLD))
    if line.startswith("✎ "):
        return play.edited(line[2:])
    if line.startswith("! "):
        name, given = _words(line)
        if name == "deliver" and "what" in given:
            return play_staff.deliver(play, given["what"])
        return play.move(name, **given)
    if line.startswith("& "):
        name, given = _words(line)
        return play_staff.arrange(play, name, **given)
    if line.startswith("* "):
        return play.send(of_staff(play, line[2:]))
    if line == "? update":
        reference = next(reversed(play.cases))
        return play.send(CaseUpdate(id=f"u{play.turns}", at=play.now, case=case_of(play, reference)))
    if line.startswith(("? survey ", "? remind ")):
        return play.send(invited(play, line[9:], int(line[2:8] == "remind")))
    if line.startswith("? broadcast "):
        event = BroadcastSent(id=f"b{play.turns}", at=play.now, wave="1", text={"ar": line[12:]}, buttons=("/track",))
        return play.send(event)
    if line == f"/start {CONSENT}":
        return play.line(f"/start consent-{play.house.asks[-1][0].token}")
    return play.line(line, settle)


def invited(play: Play, survey_id: str, reminder: int) -> Event:
    """Each survey has one wave, begun on the day of its invitation. Who was not asked yet whether we may, agreed."""
    play.person = msgspec.structs.replace(play.person, consents={"survey": True, **play.person.consents})
    surveys = play.association.profile.surveys
    wave = next(number for number, one in enumerate(surveys, 1) if one.id == survey_id)
    known = next((one for one in play.conversation.invitations if one.wave == str(wave)), None)
    until = known.until if known else play.now + timedelta(days=surveys[wave - 1].open_days)
    id = f"s{play.turns}"
    return SurveyInvited(id=id, at=play.now, wave=str(wave), survey=survey_id, until=until, reminder=reminder)


def of_staff(play: Play, line: str) -> Event:
    """What a relations officer, a woman, does to the conversation."""
    about: dict[str, Any] = {"id": play._id(), "at": play.now, "staff": "7"}
    title = title_of(play.association, play.conversation.language, ["relations_officer"], True)
    done: dict[str, Callable[[], Event]] = {
        "/take": lambda: StaffTook(title=title, **about),
        "/done": lambda: StaffGaveBack(**about),
        "/pass": lambda: StaffPassedOn(role="social_researcher", **about),
        "/knock": lambda: StaffKnocked(**about),
        "/block": lambda: StaffBlocked(why="spam", **about),
        "/unblock": lambda: StaffBlocked(**about),
    }
    return done[line]() if line in done else StaffSaid(text=line, title=title, **about)


def _words(line: str) -> tuple[str, dict[str, str]]:
    name, *given = shlex.split(line[2:].replace("\\n", "\n"))
    return name, dict(one.split("=", 1) for one in given)


def case_of(play: Play, reference: str) -> dict[str, Any]:
    view: dict[str, Any] = msgspec.to_builtins(play.view(reference), builtin_types=(datetime,))
    return {**view, "next_update": play.now + timedelta(days=14)}


def of_interest(effect: Effect) -> bool:
    """The timers of every draft and burst would stand on every line and say nothing."""
    return not isinstance(effect, SetTimer | ClearTimer)


def _other(first: Play, plays: dict[tuple[str, str], Play], channel: str, handle: str) -> Play:
    if not handle and (channel, "") in plays:
        return plays[channel, ""]
    now = max(play.now for play in plays.values())
    if (channel, handle) not in plays:
        plays[channel, handle] = Play(
            first.association,
            channel,
            now=now,
            public_url=first.public_url,
            handle=handle or "+966500000002",
            beside=first,
        )
    plays[channel, handle].now = max(now, plays[channel, handle].now)
    return plays[channel, handle]


def _elsewhere(play: Play) -> Iterator[str]:
    """What reached other addresses meanwhile."""
    for other, turn in play.house.elsewhere:
        channel = next(name for name, known in CHANNELS.items() if known == other.traits.name)
        for say in turn.says:
            yield f"({channel} {other.handle}:)\n{shown(say)}"
    play.house.elsewhere.clear()
