"""The improvement log (T objective 7): what people said, what is done about it, by whom, until when, what came of it;
and «قلتم ففعلنا», what everybody may read of it.

An open answer of a survey becomes a suggestion, a complaint or an improvement by one press: whoever shows answers
includes `improvements/from_answer.html`.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from bot import improvements as acts
from bot.desk.at import At, NotFound, Refused, Stale
from bot.desk.room import Room
from bot.desk.whole import whole
from bot.desk.words import DeskWords
from conversations.association.survey import Question
from conversations.cases.calendar import RIYADH, here
from conversations.rights import rights_of
from conversations.surveys.scoring import SCORED
from conversations.wording import LANGUAGES
from storage import improvements, staff, waves
from storage.cases import Case
from storage.ids import new_id
from storage.improvements import DONE, GIVEN_UP, IMPROVEMENT, KINDS, OPEN, STATES, Improvement, Published, Said, Source
from storage.times import moment, ms
from storage.waves import Wave

room = Room("improvements", nav="/improvements", right="improvements")
PAGE = 40
TITLE, WORDS, TOLD = 120, 4000, 400
"""Characters; what everybody may read is one short message."""
BROADCASTS = "broadcasts"


@dataclass(frozen=True, slots=True)
class Listed:
    one: Improvement
    answers: int
    effect: acts.Effect | None


@dataclass(frozen=True, slots=True)
class Shown:
    """One improvement with the answers behind it (never those about the reader's own cases), and what came of it."""

    one: Improvement
    wave: Wave | None
    said: list[str]
    hidden: int
    effect: acts.Effect | None
    colleagues: list[staff.Colleague]
    names: dict[int, str]


@room.get("/improvements")
async def log(at: At) -> Response:
    return await _log(at)


async def _log(at: At, error: str = "", status: int = 200) -> Response:
    state = at.query("state") if at.query("state") in STATES else OPEN
    before = at.query("before")

    def read(connection: Connection) -> tuple[list[Listed], dict[str, int], list[staff.Colleague], dict[int, str]]:
        rows = improvements.listed(connection, at.desk.vault, at.slug, [state], whole(before) or 0, PAGE)
        many = improvements.how_many(connection, at.slug, [one.id for one in rows])
        measure = state == DONE
        listed = [
            Listed(one, many.get(one.id, 0), acts.effect(connection, at.association, one, at.now) if measure else None)
            for one in rows
        ]
        owners = {one.owner for one in rows if one.owner}
        names = staff.names(connection, at.desk.vault, owners)
        return listed, improvements.counts(connection, at.slug), _owners(connection, at), names

    listed, counts, colleagues, names = await at.read(read)
    return at.page(
        "improvements/log.html",
        error=error,
        status=status,
        listed=listed,
        state=state,
        states=STATES,
        counts=counts,
        colleagues=colleagues,
        names=names,
        today=ms(datetime.combine(here(at.now).date(), time(), RIYADH)),
        more=listed[-1].one.id if len(listed) == PAGE else 0,
        typed=dict(at.form.fields),
    )


def _owners(connection: Connection, at: At) -> list[staff.Colleague]:
    """Who can have one: whoever can see the log."""
    every = staff.colleagues(connection, at.desk.vault, at.slug)
    return [one for one in every if "improvements" in rights_of(one.member.roles)]


@room.post("/improvements", "improve")
async def add(at: At) -> Response:
    id = new_id()

    def do(connection: Connection) -> None:
        one = Improvement(at.slug, id, by=at.worker.id, at=ms(at.now), **_typed(connection, at))
        improvements.add(connection, at.desk.vault, one)

    try:
        await at.write("improvement.add", f"improvement:{id}", do)
    except Refused as wrong:
        return await _log(at, at.words(wrong.words), 422)
    return at.back(f"/improvements/{id}", "improvement_added")


def _typed(connection: Connection, at: At) -> dict[str, Any]:
    """What the form says. Raises Refused."""
    form = at.form
    title = " ".join(form.get("title").split())[:TITLE]
    if not title:
        raise Refused("improvements.title_missing")
    due = form.get("due").strip()
    day = _day(due)
    if due and day is None:
        raise Refused("improvements.day_unclear")
    owner = form.get("owner")
    if owner and owner not in {str(one.member.staff) for one in _owners(connection, at)}:
        raise Refused("improvements.owner_unknown")
    return {
        "title": title,
        "action": form.get("action").strip()[:WORDS],
        "owner": int(owner) if owner else None,
        "due": day,
    }


def _day(typed: str) -> int | None:
    """The first moment of a day, in milliseconds."""
    try:
        day = date.fromisoformat(typed) if len(typed) == 10 else None
    except ValueError:
        return None
    return ms(datetime.combine(day, time(), RIYADH).astimezone(UTC)) if day else None


# --- one of them -----------------------------------------------------------------------------------------------------


@room.get("/improvements/{id}")
async def improvement(at: At) -> Response:
    return await _show(at)


async def _show(at: At, error: str = "", status: int = 200) -> Response:
    shown = await at.read(_read, at)
    if shown.said:
        await at.saw(f"improvement:{shown.one.id}", "answers")
    survey = at.association.profile.survey(shown.one.survey)
    broadcasts = at.worker.may("broadcasts.write")
    return at.page(
        "improvements/improvement.html",
        error=error,
        status=status,
        shown=shown,
        one=shown.one,
        survey=survey.title.to(at.language) if survey else "",
        questions=[question for question in survey.questions if question.kind in SCORED] if survey else [],
        languages=LANGUAGES,
        words_in={language: DeskWords(language, at.association) for language in LANGUAGES},
        typed=dict(at.form.fields),
        iso=lambda at_: here(moment(at_)).date().isoformat() if at_ else "",
        public=f"/{at.slug}/said-and-done",
        may_announce=broadcasts and any(one.name == BROADCASTS for one in at.desk.rooms),
    )


def _read(connection: Connection, at: At) -> Shown:
    vault, slug = at.desk.vault, at.slug
    one = _get(connection, at)
    said, hidden = [], 0
    for source in improvements.sources(connection, slug, one.id):
        whole = improvements.said(connection, vault, slug, source.response, source.question)
        if whole is None or whole.response.provider == str(at.worker.id):
            hidden += 1
        else:
            said.append(whole.words or at.words("improvements.spoken"))
    owners = _owners(connection, at)
    names = staff.names(connection, vault, {one.by, one.owner or one.by})
    wave = waves.get(connection, slug, one.wave) if one.wave else None
    return Shown(one, wave, said, hidden, acts.effect(connection, at.association, one, at.now), owners, names)


def _get(connection: Connection, at: At, lock: bool = False) -> Improvement:
    one = improvements.get(connection, at.desk.vault, at.slug, at.number("id"), lock)
    if one is None:
        raise NotFound
    return one


@room.post("/improvements/{id}", "improve")
async def change(at: At) -> Response:
    """What is to be done, by whom, until when, and what came of it."""

    def do(connection: Connection) -> None:
        one, form = _get(connection, at, lock=True), at.form
        values = _typed(connection, at) | {"effect": form.get("effect").strip()[:WORDS]}
        survey = at.association.profile.survey(one.survey)
        question: Question | None = survey.question(form.get("question")) if survey else None
        if question is not None and question.kind in SCORED:
            values["question"] = question.id
        improvements.change(connection, at.desk.vault, one, **values)

    try:
        await at.write("improvement.change", f"improvement:{at.number('id')}", do)
    except Stale:
        raise
    except Refused as wrong:
        return await _show(at, at.words(wrong.words), 422)
    return at.back(f"/improvements/{at.number('id')}", "improvement_kept")


@room.post("/improvements/{id}/state")
async def state(at: At) -> Response:
    """Done, given up, or open again: by whoever has it, and by whoever keeps the log."""
    wanted = at.form.get("state")

    def do(connection: Connection) -> None:
        one = _get(connection, at, lock=True)
        if not at.worker.may("improve") and one.owner != at.worker.id:
            raise Refused("improvements.not_yours")
        if wanted == DONE and not one.action:
            raise Refused("improvements.action_missing")
        done_at = ms(at.now) if wanted == DONE else None
        improvements.change(connection, at.desk.vault, one, state=wanted, done_at=done_at)

    if wanted not in (OPEN, DONE, GIVEN_UP):
        return await _show(at, at.words("improvements.state_unclear"), 422)
    try:
        await at.write("improvement.state", f"improvement:{at.number('id')}", do, detail=wanted)
    except Refused as wrong:
        return await _show(at, at.words(wrong.words), 409)
    return at.back(f"/improvements/{at.number('id')}", f"improvement_{wanted}")


# --- you said, we did ------------------------------------------------------------------------------------------------


@room.post("/improvements/{id}/publish", "supervise")
async def publish(at: At) -> Response:
    """Put what was said and done where everybody reads it, or (`away`) take it from there."""
    away = bool(at.form.get("away"))

    def do(connection: Connection) -> None:
        one = _get(connection, at, lock=True)
        if away:
            improvements.change(connection, at.desk.vault, one, published={}, published_at=None)
            return
        if one.state != DONE:
            raise Refused("improvements.not_done")
        words = {language: _told(at, language) for language in LANGUAGES}
        told = {language: one for language, one in words.items() if one.said and one.done}
        if "ar" not in told:
            raise Refused("improvements.publish_missing")
        if not at.form.get("nobody"):
            raise Refused("improvements.names_somebody")
        improvements.change(connection, at.desk.vault, one, published=told, published_at=ms(at.now))

    try:
        await at.write("improvement.withdraw" if away else "improvement.publish", f"improvement:{at.number('id')}", do)
    except Refused as wrong:
        return await _show(at, at.words(wrong.words), 422)
    return at.back(f"/improvements/{at.number('id')}", "improvement_withdrawn" if away else "improvement_published")


def _told(at: At, language: str) -> Published:
    def line(name: str) -> str:
        return " ".join(at.form.get(f"{name}_{language}").split())[:TOLD]

    return Published(line("said"), line("done"))


@room.post("/improvements/{id}/announce", "broadcasts.write")
async def announce(at: At) -> Response:
    """A draft of a broadcast; who gets it is chosen there, and a second person may have to agree."""
    made: list[Wave] = []

    def text(language: str, told: Published) -> str:
        words = at.association.wording[language]
        return words("said_and_done.message", said=told.said, done=told.done)

    def do(connection: Connection) -> None:
        one = _get(connection, at)
        if not one.published:
            raise Refused("improvements.publish_first")
        title = at.words("improvements.announced", title=one.title or at.words("improvements.untitled"))[:80]
        made.append(acts.announce(connection, at.desk.vault, one, title, text, at.worker.id, ms(at.now)))
        at.log(connection, "broadcast.draft", f"wave:{made[-1].id}")

    await at.write("", "", do)
    return at.back(f"/broadcasts/{made[-1].id}/change", "improvement_announced")


# --- out of an answer ------------------------------------------------------------------------------------------------


@room.post("/improvements/from/{response}/{question}", "improve")
async def turn_into(at: At) -> Response:
    """`as`: suggestion, complaint or improvement; `improvement`: of a known one it is another voice. `back`: where the
    page that shows the answer stands."""
    kind = at.form.get("as")
    said = await at.read(_said, at)
    if kind not in KINDS:
        raise Refused("improvements.which_missing")
    if kind == IMPROVEMENT:
        id = await at.write("", "", _improve, at, said)
        return at.back(f"/improvements/{id}", "improvement_added")

    def claim(connection: Connection) -> None:
        at.once(connection)
        _once(connection, at, said, kind)
        at.log(connection, "answer.turned", f"response:{said.response.id}", kind)

    case = await acts.file_case(
        at.desk.intake, at.association, said, kind, at.worker.id, claim, wake=lambda c: at.wake(c)
    )
    return at.back(_back(at, said, case), f"answer_{kind}")


def _said(connection: Connection, at: At) -> Said:
    """Raises NotFound too for what was said of this worker's own cases."""
    question = at.path("question")[:20]
    said = improvements.said(connection, at.desk.vault, at.slug, at.number("response"), question)
    if said is None or said.response.provider == str(at.worker.id):
        raise NotFound
    return said


def _once(connection: Connection, at: At, said: Said, kind: str) -> None:
    if any(one.kind == kind for one in improvements.made_of(connection, at.slug, said.response.id, said.question)):
        raise Stale(f"improvements.{kind}_before")


def _improve(connection: Connection, at: At, said: Said) -> int:
    if known := whole(at.form.get("improvement")):
        one = improvements.get(connection, at.desk.vault, at.slug, known, lock=True)
        if one is None:
            raise NotFound
        theirs = improvements.sources(connection, at.slug, one.id)
        if not any((other.response, other.question) == (said.response.id, said.question) for other in theirs):
            improvements.link(connection, at.slug, Source(one.id, said.response.id, said.question))
    else:
        _once(connection, at, said, IMPROVEMENT)
        one = acts.begin(connection, at.desk.vault, at.association, said, at.worker.id, ms(at.now))
    at.log(connection, "answer.turned", f"response:{said.response.id}", IMPROVEMENT)
    return one.id


def _back(at: At, said: Said, case: Case | None) -> str:
    """To the case where this worker sees its kind, else to the answers, or to the log."""
    if case is not None and case.kind in at.worker.kinds and at.worker.may("cases"):
        return f"/case/{case.id}"
    return f"/results/{said.response.wave}/words" if at.worker.may("results.words") else "/improvements"
