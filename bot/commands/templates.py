"""`wasl twilio templates plan|push|status`: the templates of WhatsApp between our words, Twilio and Meta."""

from collections.abc import Iterator
from datetime import UTC, datetime

from bot.channels.twilio_templates import NotTaken, Templates, Wanted, all_wanted
from bot.channels.whatsapp import WhatsApp
from bot.commands.connect import CannotConnect
from bot.frontline import FrontLine
from bot.templates import look
from storage import templates
from storage.templates import Kept
from storage.times import ms

Plan = list[tuple[Wanted, Kept | None, str]]
MADE, CHANGED, SUBMITTED, NOTHING = "make", "change", "submit", ""


def plan(line: FrontLine, association: str) -> list[str]:
    """A line each: + to make, ~ to change, > to submit, = as it stands; the words of what is new below."""
    found = _plan(line, association)
    lines = list(_planned(found))
    todo = sum(do != NOTHING for _, _, do in found)
    return [*lines, f"{todo} to push" if todo else "nothing to push"]


def _plan(line: FrontLine, association: str) -> Plan:
    kept = line.database.read_now(templates.load, association)
    return [
        (one, known := kept.get((one.kind, one.language)), _to_do(one, known))
        for one in all_wanted(line.associations[association])
    ]


def _to_do(one: Wanted, kept: Kept | None) -> str:
    if kept is None:
        return MADE
    if kept.digest != one.digest:
        return CHANGED
    if kept.why in templates.OURS and kept.state == templates.PAUSED:
        return CHANGED  # a send found it gone, or not as it was made
    return SUBMITTED if kept.state == templates.MADE else NOTHING


def _planned(found: Plan) -> Iterator[str]:
    signs = {MADE: "+", CHANGED: "~", SUBMITTED: ">", NOTHING: "="}
    for one, kept, do in found:
        said = f"{signs[do]} {one.kind} {one.language} ({one.category})"
        yield said + (f": {_stands(kept)}" if kept else "")
        if do in (MADE, CHANGED):
            yield from (f"    {words}" for words in one.words.splitlines())


def _stands(kept: Kept) -> str:
    serves = " (an older one is in use)" if kept.serving and kept.serving != kept.provider_id else ""
    return kept.state + (f", {kept.why}" if kept.why else "") + serves


async def push(line: FrontLine, association: str) -> tuple[list[str], bool]:
    """What was done, and whether all of it was. Raises CannotConnect."""
    there = _at_twilio(line, association)
    lines, fine = [], True
    try:
        for one, kept, do in _plan(line, association):
            if do == NOTHING:
                continue
            try:
                lines.append(await _push(line, association, there, one, kept if do == SUBMITTED else None))
            except NotTaken as error:
                fine = False
                lines.append(f"✗ {one.kind} {one.language}: {error}")
    finally:
        await line.http.close()
    return lines or ["nothing to push"], fine


async def _push(line: FrontLine, association: str, there: Templates, one: Wanted, kept: Kept | None) -> str:
    """Each step is kept before the next, so that what was made once is not made again."""
    about = (association, one.kind, one.language)
    if kept is None:
        sid = await there.make(association, one)
        await line.database.write(templates.made, *about, one.digest, sid, one.category, _now())
        kept = line.database.read_now(templates.load, association)[one.kind, one.language]
    found = await there.submit(association, one, kept.provider_id)
    state = found.state if found.state not in ("", templates.MADE) else templates.PENDING
    await line.database.write(templates.stands, kept, state, found.category, found.why, _now())
    return f"✓ {one.kind} {one.language}: submitted, {state}"


async def status(line: FrontLine, association: str) -> tuple[list[str], bool]:
    """A line each, and whether every one of them may go. Raises CannotConnect."""
    there = _at_twilio(line, association)
    lines, fine = [], True
    try:
        for one, kept, do in _plan(line, association):
            called = f"{one.kind} {one.language}"
            if kept is None:
                fine = False
                lines.append(f"✗ {called}: not made yet (push)")
                continue
            try:
                kept = await look(line.database, there, kept, _now())
            except NotTaken as error:
                fine = False
                lines.append(f"✗ {called}: {error}")
                continue
            good = kept.state == templates.APPROVED and do == NOTHING
            fine &= good
            moved = f"; Meta counts it as {kept.category}" if kept.category != one.category else ""
            changed = "; its words were changed since (push)" if do == CHANGED else ""
            lines.append(f"{'✓' if good else '✗'} {called}: {_stands(kept)}{moved}{changed}")
    finally:
        await line.http.close()
    return lines, fine


def _at_twilio(line: FrontLine, association: str) -> Templates:
    channel = line.channels.get((association, "whatsapp"))
    if not isinstance(channel, WhatsApp):
        raise CannotConnect(f"{association}: WhatsApp is off — see deploy/README.md, WhatsApp")
    return channel.at_twilio()


def _now() -> int:
    return ms(datetime.now(UTC))
