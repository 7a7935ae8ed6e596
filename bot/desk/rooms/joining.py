"""One person, many addresses: a worker who knows it joins two conversations, and parts an address that is another's.

Never by a name. The other one is found by a reference, a number or an e-mail that the worker types, through the blind
index; one answer for whatever is not found, hidden from this worker, or not to be joined: it tells nothing of anybody.
"""

from typing import NamedTuple

from sqlalchemy import Connection, select
from starlette.responses import Response

from bot.addresses import BY_PHONE
from bot.desk.at import At, NotFound, Refused
from bot.desk.conversation import scene
from bot.desk.conversation.scene import Scene
from bot.desk.room import Room
from bot.desk.rooms.conversation import PARTED, page
from bot.desk.sight import cases_seen_by, conversations_seen_by, person_withheld_from
from bot.desk.whole import whole
from conversations.answers.phone import phone_in
from conversations.arabic.normalise import digits_of
from conversations.cases.reference import find_reference
from storage import conversations, people
from storage.schema import cases
from storage.schema import conversations as conversations_table
from storage.times import ms

room = Room("joining", right="data")

JOINED = ("papers", "call", "branch", "again")
"""How it is known that they are one person."""
_LONGEST = 200


class Side(NamedTuple):
    """One of the two, as far as this worker may see: its addresses, and the references of its cases."""

    scene: Scene
    addresses: list[people.Known]
    references: list[str]


@room.post("/conversation/{id}/join")
async def find(at: At) -> Response:
    """Both, side by side, before they become one."""
    id, what = at.number("id"), at.form.get("what").strip()[:_LONGEST]
    await at.read(scene.load, at, id)
    if not what:
        return await page(at, id, status=422, error=at.words("joining.what_missing"))
    found = await at.read(_found, at, id, what)
    if not found:
        return await page(at, id, status=422, error=at.words("joining.none"), typed={"what": what})
    mine = await at.read(_side, at, id)
    for one in found:
        await at.saw(f"conversation:{one.scene.id}", "joining")
    return at.page("joining/confirm.html", mine=mine, found=found, reasons=JOINED)


@room.post("/conversation/{id}/join/do")
async def join(at: At) -> Response:
    id, other, reason = at.number("id"), _number(at.form.get("conversation")), at.form.get("reason")
    await at.read(scene.load, at, id)
    if reason not in JOINED:
        return await page(at, id, status=422, error=at.words("joining.reason_missing"))

    def do(connection: Connection) -> None:
        mine, theirs = _locked(connection, at, id, other)
        if theirs is None or not _may_join(connection, at, mine, theirs):
            raise Refused("joining.none")
        assert mine.beneficiary is not None
        assert theirs.beneficiary is not None
        people.join(connection, at.desk.vault, at.slug, mine.beneficiary, theirs.beneficiary, ms(at.now))
        at.log(connection, "person.join", f"conversation:{id}", f"conversation:{other} {reason}")
        at.log(connection, "person.join", f"conversation:{other}", f"conversation:{id} {reason}")

    try:
        await at.write("", "", do)
    except Refused as error:
        return await page(at, id, status=422, error=at.words(error.words))
    for one in (id, other):
        at.desk.hub.wake(at.slug, f"conversation:{one}")
    return at.back(f"/conversation/{id}", said="joined")


@room.post("/conversation/{id}/part")
async def part(at: At) -> Response:
    """This address, with what was begun there, becomes a person of its own."""
    id, reason = at.number("id"), at.form.get("reason")
    await at.read(scene.load, at, id)
    if reason not in PARTED:
        return await page(at, id, status=422, error=at.words("joining.reason_missing"))
    touched: list[int] = []

    def do(connection: Connection) -> None:
        here, _ = _locked(connection, at, id, 0)
        known = people.addresses(connection, at.slug, here.beneficiary) if here.beneficiary is not None else []
        touched[:] = [one.id for one in known]
        if len(known) < 2 or _hidden(connection, at, here):
            raise Refused("joining.alone")
        people.part(connection, at.desk.vault, at.slug, id, ms(at.now))
        at.log(connection, "person.part", f"conversation:{id}", reason)

    try:
        await at.write("", "", do)
    except Refused as error:
        return await page(at, id, status=422, error=at.words(error.words))
    for one in touched:
        at.desk.hub.wake(at.slug, f"conversation:{one}")
    return at.back(f"/conversation/{id}", said="parted")


def _found(connection: Connection, at: At, id: int, what: str) -> list[Side]:
    """The conversations that these words lead to, one for each person other than this one."""
    here = scene.load(connection, at, id)
    people_found: dict[int, Side] = {}
    for other in _led_to(connection, at, what):
        try:
            theirs = scene.load(connection, at, other)
        except NotFound:
            continue
        if theirs.beneficiary not in people_found and _may_join(connection, at, here, theirs):
            people_found[theirs.beneficiary or 0] = _side(connection, at, other)
    return list(people_found.values())


def _led_to(connection: Connection, at: At, what: str) -> list[int]:
    if "@" in what:
        keys = [(at.slug, "email", what.lower())]
    elif phone := phone_in(what) or phone_in("+" + digits_of(what).lstrip("+")):
        keys = [(at.slug, channel, phone) for channel in BY_PHONE]
    elif reference := find_reference(what, at.association.profile.reference_prefix):
        c = cases.c
        query = select(c.conversation).where(c.reference == reference, cases_seen_by(at.worker))
        found = connection.scalar(query)
        return [found] if found is not None else []
    else:
        return []
    known = (conversations.id_of(connection, at.desk.vault, key) for key in keys)
    return [one for one in known if one is not None]


def _may_join(connection: Connection, at: At, mine: Scene, theirs: Scene) -> bool:
    """Two persons, nothing of whom is kept from this worker. A phone that several share is nobody's alone: what is
    joined to it would be read by all of them."""
    if None in (mine.beneficiary, theirs.beneficiary) or mine.beneficiary == theirs.beneficiary:
        return False
    return not (_hidden(connection, at, mine) or _hidden(connection, at, theirs))


def _hidden(connection: Connection, at: At, one: Scene) -> bool:
    """Whether this worker may not see all of this person, or others write from one of their addresses too."""
    assert one.beneficiary is not None
    if connection.scalar(select(person_withheld_from(at.worker, one.beneficiary))):
        return True
    states = (
        conversations.state_of(connection, at.desk.vault, at.slug, known.id)
        for known in people.addresses(connection, at.slug, one.beneficiary)
    )
    return any(state is not None and state.members for state in states)


def _side(connection: Connection, at: At, id: int) -> Side:
    here = scene.load(connection, at, id)
    c = cases.c
    query = select(c.reference).where(cases_seen_by(at.worker), here.is_theirs()).order_by(c.id.desc())
    seen = conversations_seen_by(at.worker)
    known = people.addresses(connection, at.slug, here.beneficiary or 0, seen)
    return Side(here, known, list(connection.scalars(query.limit(scene.MOST_CASES))))


def _locked(connection: Connection, at: At, id: int, other: int) -> tuple[Scene, Scene | None]:
    """Both as they are now, with every address of both locked, in the order in which all writers lock them."""
    c = conversations_table.c
    whose = select(c.beneficiary).where(c.association == at.slug, c.id.in_([id, other]))
    ids = connection.scalars(select(c.id).where(c.association == at.slug, c.beneficiary.in_(whose))).all()
    conversations.load_by_id(connection, at.desk.vault, [(at.slug, one) for one in {*ids, id}])
    try:
        theirs = scene.load(connection, at, other) if other else None
    except NotFound:
        theirs = None
    return scene.load(connection, at, id), theirs


def _number(given: str) -> int:
    return whole(given) or 0
