"""A broadcast from its draft to its first message: kept with the people it names, counted, agreed to, begun.

Whom it goes to is written down when the draft is kept, so that what is counted on the page is what goes. Until
somebody says go nothing leaves; above the profile's number a second person says it too.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection

from bot.desk.asking import acts
from bot.desk.asking.draft import LISTED, Draft
from bot.desk.asking.lists import Listed
from bot.desk.at import At, Refused, Stale
from bot.desk.conversation.composing import MB
from bot.web.body import Upload
from conversations import notices
from conversations.answers.signatures import kind_of
from conversations.association.survey import Audience
from conversations.cases.calendar import in_digits
from storage import audience, broadcasts, files, waves
from storage.audience import Counted
from storage.ids import new_id
from storage.times import moment, ms
from storage.waves import Wave

FILES: Mapping[str, int] = {"jpeg": 5, "png": 5, "pdf": 16, "docx": 16}
"""What every channel carries, and megabytes (CHANNELS.md)."""
CHANGED = "broadcasts.count_changed"
"""Why it does not go: it would go to others than the page said."""
DRAFT_DAYS = 90
"""A draft that nobody sends for so long is closed."""
_ANEW = (
    *("purpose", "audience", "people", "at", "starts", "ends", "by"),
    *("needs_approval", "filled_to", "filled_at"),
)
FILE_CHANNEL = "broadcast"
"""As which channel's file it is kept: nobody sent it."""


class Cost(NamedTuple):
    """Of one channel. `price` in riyals, None where the profile names none; `rate`: messages a second, None where the
    channel is not connected here; `seconds` is how long the whole takes."""

    channel: str
    people: int
    messages: int
    price: float | None
    rate: float | None

    @property
    def cost(self) -> float | None:
        return None if self.price is None else self.price * self.people * self.messages

    @property
    def seconds(self) -> float | None:
        return None if not self.rate else self.people * self.messages / self.rate


def goes_at(at: At, wave: Wave) -> int:
    """When the first of it may leave: when it was planned for, by day, and on no holiday."""
    return ms(notices.goes_at(at.association.profile, False, max(moment(wave.starts), at.now)))


class Bill(NamedTuple):
    """`known`: riyals of the channels whose price is known; `whole`: there is no other."""

    lines: tuple[Cost, ...]
    known: float
    whole: bool
    seconds: float | None


def bill(at: At, people: Mapping[str, int], each: Callable[[str], int]) -> Bill:
    """What it costs and how long it takes: channels send beside one another, so the slowest counts. `each`: messages a
    person gets on a channel."""
    prices = at.association.profile.broadcasts.prices
    lines = tuple(
        Cost(channel, count, each(channel), prices.get(channel), at.desk.rates.get((at.slug, channel)))
        for channel, count in sorted(people.items(), key=lambda one: -one[1])
    )
    spans = [one.seconds for one in lines]
    return Bill(
        lines,
        sum(one.cost or 0 for one in lines),
        all(one.cost is not None for one in lines),
        max((span for span in spans if span is not None), default=None) if None not in spans else None,
    )


def money(at: At) -> Callable[[float], str]:
    """Riyals as the page writes them."""
    return lambda riyals: in_digits(f"{riyals:,.2f}".removesuffix(".00"), at.language)


# --- a draft ---------------------------------------------------------------------------------------------------------


async def keep_file(at: At, upload: Upload) -> files.File:
    """Seal and keep a picture or document. Raises Refused where not every channel takes it."""
    kind = kind_of(upload.data)
    if not upload.data:
        raise Refused("conversation.file_empty", name=upload.name)
    if kind is None or kind not in FILES:
        raise Refused("broadcasts.wrong.file_kind", name=upload.name)
    most = min(at.desk.site.file_limit, FILES[kind] * MB)
    if len(upload.data) > most:
        raise Refused("conversation.file_too_big", name=upload.name, limit=most // MB)
    id = new_id()
    await asyncio.to_thread(at.desk.blobs.put, at.slug, id, upload.data)
    name = upload.name or f"{id}.{kind}"
    return files.File(at.slug, id, 0, FILE_CHANNEL, "", name, kind, len(upload.data), files.READY)


def keep(connection: Connection, at: At, draft: Draft, listed: Listed | None, file: files.File | None) -> int:
    """The draft with the people it names; its id. One that is there is written anew, and nobody has agreed to it."""
    vault, now = at.desk.vault, ms(at.now)
    changed = (
        acts.in_state(connection, at, acts.BROADCAST, (waves.DRAFTED,)) if "wave" in at.request.path_params else None
    )
    before = waves.body_of(connection, vault, at.slug, changed.id) if changed else None
    if file is not None:
        files.want(connection, vault, [file], now)
        draft.file, draft.file_name, draft.file_kind = str(file.id), file.name, file.kind
    stays = draft.whom == LISTED and listed is None and before is not None and before.listed > 0
    wave = Wave(
        at.slug,
        changed.id if changed else new_id(),
        acts.BROADCAST,
        purpose=draft.purpose,
        audience=draft.audience().model_dump_json(exclude_defaults=True),
        at=now,
        starts=draft.starts,
        ends=now + acts.ms_of(timedelta(days=DRAFT_DAYS)),
        by=at.worker.id,
        # A list names everybody it is for: the house adds nobody.
        filled_at=now if draft.whom == LISTED else None,
    )
    body = draft.body()
    if changed is None:
        waves.add(connection, vault, wave, body)
    else:
        anew = {name: getattr(wave, name) for name in _ANEW}
        waves.change(connection, at.slug, wave.id, **anew)
        if not stays:
            broadcasts.clear(connection, at.slug, wave.id)
    if stays and before is not None:
        body.listed, body.bad = before.listed, before.bad
        waves.change(connection, at.slug, wave.id, people=changed.people if changed else 0)
    elif listed is not None:
        body.listed, body.bad = _name(connection, at, wave, listed)
    _note(connection, at, wave, body)
    at.log(connection, "broadcast.write", f"wave:{wave.id}")
    return wave.id


def _name(connection: Connection, at: At, wave: Wave, listed: Listed) -> tuple[int, tuple[tuple[int, str], ...]]:
    """Whom the list names, kept apart until it is confirmed."""
    good, bad = broadcasts.matched(connection, at.desk.vault, at.slug, wave.id, wave.purpose, listed.rows, waves.HELD)
    waves.add_recipients(connection, good)
    waves.change(connection, at.slug, wave.id, people=len(good))
    return len(listed.rows) + len(listed.bad), tuple(sorted((one.number, one.why) for one in (*listed.bad, *bad)))


def _note(connection: Connection, at: At, wave: Wave, body: waves.Body) -> Counted:
    """Keep the words with whom they would go to at this moment: counting many takes longer than a page may."""
    found = counted(connection, wave, body)
    body.channels, body.refused = found.channels, found.refused
    broadcasts.rewrite(connection, at.desk.vault, at.slug, wave.id, body)
    waves.change(connection, at.slug, wave.id, at=ms(at.now))
    return found


def counted(connection: Connection, wave: Wave, body: waves.Body) -> Counted:
    """Whom it would go to at this moment."""
    if body.listed:
        return Counted(broadcasts.by_channel(connection, wave.association, wave.id))
    return audience.count(connection, wave, audience.audience_of(wave, Audience()))


def noted(connection: Connection, wave: Wave, body: waves.Body) -> Counted:
    """Whom it went to as it was counted last, for a page."""
    if body.listed or wave.state != waves.DRAFTED:
        return Counted(broadcasts.by_channel(connection, wave.association, wave.id))
    return Counted(body.channels, body.refused)


def recount(connection: Connection, at: At, kind: str) -> None:
    """Who fits changes from day to day."""
    wave = acts.in_state(connection, at, kind, (waves.DRAFTED,))
    _note(connection, at, wave, waves.body_of(connection, at.desk.vault, at.slug, wave.id) or waves.Body())


def confirm(connection: Connection, at: At, kind: str) -> None:
    """Those that the list names are meant."""
    wave = acts.in_state(connection, at, kind, (waves.DRAFTED,))
    if not broadcasts.confirm(connection, at.slug, wave.id, max(wave.starts, ms(at.now))):
        raise Refused("broadcasts.none_to_confirm")


def mark(wave: Wave, body: waves.Body) -> str:
    """Of the draft, however often it is counted."""
    return acts.mark(wave, msgspec.msgpack.encode(msgspec.structs.replace(body, channels={}, refused=0)))


# --- go --------------------------------------------------------------------------------------------------------------


def needs_second(at: At, people: int) -> bool:
    return people > at.association.profile.broadcasts.approve_above


def go(connection: Connection, at: At) -> str:
    """`begun`, or `asked` where a second person has to agree. Raises Refused, with the reason."""
    wave, people = _fit(connection, at)
    if wave.needs_approval:
        raise Stale("broadcasts.asked_before")
    waves.change(connection, at.slug, wave.id, people=people, by=at.worker.id)
    if needs_second(at, people):
        waves.change(connection, at.slug, wave.id, needs_approval=True)
        at.log(connection, "broadcast.ask", f"wave:{wave.id}", f"people:{people}")
        return "asked"
    _begin(connection, at, wave, people)
    at.log(connection, "broadcast.go", f"wave:{wave.id}", f"people:{people}")
    return "begun"


def approve(connection: Connection, at: At) -> str:
    """A second person has looked: it begins. Raises Refused."""
    wave, people = _fit(connection, at)
    if not wave.needs_approval:
        raise Refused("asking.not_asked")
    if wave.by == at.worker.id:
        raise Refused("asking.own")
    waves.change(connection, at.slug, wave.id, approved_by=at.worker.id, approved_at=ms(at.now), people=people)
    _begin(connection, at, wave, people)
    at.log(connection, "broadcast.approve", f"wave:{wave.id}", f"people:{people}")
    return "begun"


def _fit(connection: Connection, at: At) -> tuple[Wave, int]:
    """The draft, locked, and how many it goes to: what the page showed, to as many as it said. Raises Refused where it
    must not go."""
    wave = acts.in_state(connection, at, acts.BROADCAST, (waves.DRAFTED,))
    body = waves.body_of(connection, at.desk.vault, at.slug, wave.id) or waves.Body()
    if held := waves.counts(connection, at.slug, wave.id).get(waves.HELD):
        raise Refused("broadcasts.unconfirmed", count=held)
    acts.as_looked_at(at, mark(wave, body))
    people = counted(connection, wave, body).people
    if not people:
        raise Refused("broadcasts.nobody")
    if body.listed and (over := broadcasts.not_consented(connection, at.slug, wave.id, wave.purpose)):
        raise Refused("broadcasts.over_consent", count=over)
    if wave.starts and wave.starts < ms(at.now) - acts.ms_of(timedelta(days=1)):
        raise Refused("broadcasts.start_over")
    if at.form.get("people") != str(people):
        raise Refused(CHANGED, count=people)
    return wave, people


def _begin(connection: Connection, at: At, wave: Wave, people: int) -> None:
    """Those whom it is for are written down; of very many the house writes on (bot/planner.py) before the first hears
    of it. Raises Refused where they are others than were counted."""
    starts = max(wave.starts, ms(at.now))
    ends = starts + acts.ms_of(timedelta(days=acts.OPEN_DAYS))
    waves.change(connection, at.slug, wave.id, state=waves.PLANNED, starts=starts, ends=ends)
    chosen = audience.audience_of(wave, Audience())
    for _ in range(2):
        fresh = waves.get(connection, at.slug, wave.id, lock=True)
        if fresh is None or not audience.fill_some(connection, fresh, chosen, starts):
            break
    else:
        return
    if (written := waves.size(connection, at.slug, wave.id)) != people:
        raise Refused(CHANGED, count=written)
    waves.change(connection, at.slug, wave.id, state=waves.RUNNING)
