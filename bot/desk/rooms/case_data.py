"""A request about one's own data, carried out from its case: a copy handed over, a fact put right, everything erased.

Source: PDPL and its implementing regulation, art. 3: identity is proven first, thirty days, and what the law keeps is
said with the reason. Nothing here works before the case stands at "verified".
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection
from starlette.responses import Response

from bot.case_moves import found_by
from bot.desk.at import At, NotFound, Refused, Stale
from bot.desk.cases.file import find
from bot.desk.cases.moving import Given, identity_proven, kept_from, make
from bot.desk.cases.views import views
from bot.desk.room import Room
from bot.desk.said import answered
from bot.desk.sight import cases_seen_by
from bot.desk.words import DeskWords
from bot.desk.worker import worker_of
from conversations.answers import answer_for
from conversations.answers.contract import Again
from conversations.association.profile import ServiceField
from conversations.cases.calendar import here
from conversations.cases.move import NotAllowed
from conversations.events import Text
from storage import case_lists, personal, staff
from storage.cases import Case
from storage.person import Nobody, Person, conversations_of, facts_of, whose
from storage.personal import Kept
from storage.staff import Colleague
from storage.times import ms

room = Room("case_data", right="data")
READY = ("verified", "executed")
_NOT_TYPED = ("document", "photo", "voice", "signature")


@dataclass(frozen=True, slots=True)
class Known:
    """A fact as it is remembered, masked where it is a secret."""

    field: ServiceField
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The request, whose it is, and what an erasure would leave."""

    case: Case
    ready: bool
    person: Person | None
    known: Sequence[Known]
    stays: Sequence[Kept]
    language: str
    able: Sequence[Colleague] | None = None
    """Who carries it out instead: something of this person is kept from whoever looks."""


class _Hearing(NamedTuple):
    language: str
    today: Any


@room.get("/case/{case}/data")
async def data(at: At) -> Response:
    return await _show(at)


async def _show(at: At, error: str = "", status: int = 200, **typed: str) -> Response:
    from bot.desk.cases.personal_file import said_of

    asked = await at.read(_load, at, at.number("case"))
    await at.saw(f"case:{asked.case.id}", "data")
    kept = said_of(asked.stays, asked.language, at.association)
    return at.page(
        "case/data.html",
        error=error,
        status=status,
        asked=asked,
        erases=erases(asked.case),
        case=asked.case,
        kept=typed.get("kept", kept),
        result=typed.get("result", DeskWords(asked.language, at.association)("data.erased_result")),
        stays=said_of(asked.stays, at.language, at.association).splitlines(),
        typed=typed,
        **views(at),
    )


def _load(connection: Connection, at: At, id: int) -> Asked:
    case = _of_data(connection, at, id)
    vault, slug = at.desk.vault, at.slug
    ready = case.stage in READY and identity_proven(connection, at, case)
    try:
        person = whose(connection, vault, slug, case.reference)
    except Nobody:
        return Asked(case, False, None, (), (), at.language)
    if kept_from(connection, at.worker, case):
        return Asked(case, ready, person, (), (), at.language, _able(connection, at, case))
    facts = facts_of(connection, vault, slug, person.beneficiary).facts if ready else {}
    here_ = conversations_of(connection, vault, slug, person.beneficiary, lock=False)
    language = next((one.conversation.language for one in here_), "ar")
    stays = personal.what_stays(connection, vault, slug, person, case.reference) if ready else ()
    return Asked(case, ready, person, [_known(at, one, facts) for one in _fields(at)], stays, language)


def _of_data(connection: Connection, at: At, id: int) -> Case:
    case = find(connection, at, id)
    if case.kind != "data_request":
        raise NotFound
    return case


def _able(connection: Connection, at: At, case: Case) -> list[Colleague]:
    """Colleagues who answer data requests, and from whom nothing of this person is kept."""
    found = []
    for one in staff.colleagues(connection, at.desk.vault, at.slug):
        worker = worker_of(at.association.profile, one.member, one.name, at.language)
        sees = worker.may("data") and case_lists.by_ids(connection, at.slug, cases_seen_by(worker), [case.id])
        if sees and not kept_from(connection, worker, case):
            found.append(one)
    return found


def _ready(connection: Connection, at: At, id: int) -> tuple[Case, Person]:
    """Raises Refused before identity is proven, and where something of this person is kept from this worker."""
    case = _of_data(connection, at, id)
    if kept_from(connection, at.worker, case):
        raise Refused("data.somebody_else")
    if case.stage not in READY or not identity_proven(connection, at, case):
        raise Refused("case.identity_first")
    try:
        return case, whose(connection, at.desk.vault, at.slug, case.reference)
    except Nobody:
        raise Refused("data.nobody") from None


def erases(case: Case) -> bool:
    """Whether it asks for it, or (recorded by staff) says nothing more."""
    return case.service in ("", "erase")


def _fields(at: At) -> list[ServiceField]:
    """What is remembered of a person and can be typed."""
    return [field for field in at.association.profile.common if field.kind not in _NOT_TYPED]


def _known(at: At, field: ServiceField, facts: dict[str, Any]) -> Known:
    value = facts.get(field.id)
    shown = "" if value is None else answer_for(field).show(value, at.language)
    return Known(field, answered(field.kind, shown, at.language))


@room.post("/case/{case}/data/pass")
async def pass_on(at: At) -> Response:
    """Into the hands of a colleague who may carry it out, where this worker may not."""
    id, to = at.number("case"), at.form.get("staff")

    def assign(connection: Connection) -> None:
        case = _of_data(connection, at, id)
        whom = next((one.member.staff for one in _able(connection, at, case) if str(one.member.staff) == to), None)
        if whom is None or not kept_from(connection, at.worker, case):
            raise Refused("case.nobody_like_that")
        case_lists.assign(connection, at.slug, id, whom)
        at.log(connection, "case.hold", f"case:{id}", f"staff:{whom}")

    await at.write("", "", assign)
    return at.back(f"/case/{id}", "case_held")


# --- a copy ----------------------------------------------------------------------------------------------------------


@room.post("/case/{case}/data/export")
async def export(at: At) -> Response:
    """Everything that is kept of them as one file, to be handed over: on record, and never kept here."""
    from bot.desk.cases.personal_file import gather, pack

    id = at.number("case")

    def read(connection: Connection) -> Any:
        case, person = _ready(connection, at, id)
        language = _load(connection, at, id).language
        return case, language, gather(connection, at.desk.vault, at.association, person, language)

    case, language, copy = await at.read(read)
    await at.desk.database.write(at.log, "data.export", f"case:{id}")

    def packed() -> bytes:
        return pack(copy, at.association, language, ms(at.now), lambda file: at.desk.blobs.get(at.slug, file))

    return at.file(f"{case.reference}.zip", "application/zip", await asyncio.to_thread(packed))


# --- putting right ---------------------------------------------------------------------------------------------------


@room.post("/case/{case}/data/correct")
async def correct(at: At) -> Response:
    """One fact, read by its own kind, in what is remembered and in every open case."""
    id, name, value = at.number("case"), at.form.get("field"), at.form.get("value").strip()[:1000]
    field = next((one for one in _fields(at) if one.id == name), None)
    if field is None:
        return await _show(at, at.words("data.choose"), 422, value=value)
    heard = answer_for(field).hear(Text(id="desk", at=at.now, text=value), _Hearing(at.language, here(at.now).date()))
    if isinstance(heard, Again):
        wrong = at.association.wording[at.language](heard.words, **(heard.args or {}))
        return await _show(at, wrong, 422, field=name, value=value)

    def put_right(connection: Connection) -> None:
        _, person = _ready(connection, at, id)
        personal.correct_person(
            connection,
            at.desk.vault,
            at.slug,
            person,
            {name: heard.value},
            who=at.worker.who,
            now=ms(at.now),
            found_by=found_by,
        )

    await at.write("data.correct", f"case:{id}", put_right, detail=name)
    return at.back(f"/case/{id}/data", "data_corrected")


# --- erasing ---------------------------------------------------------------------------------------------------------


@room.post("/case/{case}/data/erase")
async def erase(at: At) -> Response:
    """Everything but what must stay, in the transaction of the move that tells its person so."""
    id, result, kept = at.number("case"), at.form.get("result").strip(), at.form.get("kept").strip()
    if at.form.get("sure") != "yes" or not result or not kept:
        return await _show(at, at.words("data.sure_missing"), 422, result=result, kept=kept)
    moves = at.form.get("moves")
    language = (await at.read(_load, at, id)).language
    said = at.association.wording[language]("moved.data_request.kept", result=result, kept=kept)

    def do(connection: Connection) -> None:
        case, person = _ready(connection, at, id)
        if not erases(case):
            raise Refused("data.not_erased")
        if str(case.moves) != moves:
            raise Stale("case.stale")
        personal.erase_person(
            connection, at.desk.vault, at.slug, person, who=at.worker.who, now=ms(at.now), request=case.reference
        )
        make(connection, at, id, "execute", Given(case.moves, {"result": said}), at.tell(connection))

    try:
        await at.write("data.erase", f"case:{id}", do)
    except Stale as error:
        return await _show(at, at.words(error.words), 409, result=result, kept=kept)
    except NotAllowed as error:
        return await _show(at, at.words(error.words), 409, result=result, kept=kept)
    return at.back(f"/case/{id}", "data_erased")
