"""Surveys: what is asked of whom and when, the waves of each, and what staff may do to a wave.

Source: H د-1, T objective 5 (satisfaction, each period). Periods begin by themselves (bot/planner.py); a wave by hand
is shown with its count and cost before it starts, and begins once somebody says so, or a second person where the
profile asks for one.
"""

from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from bot.desk.asking import acts, rounds, sending, whom
from bot.desk.at import At, NotFound, Refused
from bot.desk.figures.results import run_title
from bot.desk.room import Room
from conversations.association.survey import Audience, Survey
from storage import broadcasts, staff, waves
from storage.audience import Counted
from storage.times import ms
from storage.waves import Body, Wave

room = Room("surveys", nav="/surveys", right="surveys.see")
KIND = acts.SURVEY
SHOWN = 6
"""Waves of a survey on the first page."""


@room.get("/surveys")
async def every(at: At) -> Response:
    def read(connection: Connection) -> list[Wave]:
        return waves.listed(connection, at.slug, KIND, 200)

    known = await at.read(read)
    return at.page(
        "surveys/surveys.html",
        all=[rounds.standing(at, one, known) for one in at.association.profile.surveys],
        shown=SHOWN,
        title=lambda wave: run_title(wave, at.words),
        length=rounds.run_length,
        now_ms=ms(at.now),
        ms=ms,
    )


# --- a wave by hand --------------------------------------------------------------------------------------------------


def _survey(at: At, id: str) -> Survey:
    """Raises NotFound."""
    found = at.association.profile.survey(id)
    if found is None:
        raise NotFound
    return found


@room.get("/surveys/new", "surveys.plan")
async def new(at: At) -> Response:
    survey = _survey(at, at.query("survey"))
    return await _form(at, survey, survey.audience)


async def _form(
    at: At, survey: Survey, chosen: Audience, *, wrong: list[tuple[str, str]] | None = None, status: int = 200
) -> Response:
    return at.page(
        "surveys/plan.html",
        status=status,
        error=wrong[0][1] if wrong else "",
        survey=survey,
        chosen=whom.chosen(chosen),
        audience=chosen,
        sample=at.form.get("sample") or chosen.sample or "",
        wrong=wrong or [],
        sides=await at.read(whom.sides, at),
        least=rounds.SMALLEST_SAMPLE,
    )


@room.post("/surveys/new", "surveys.plan")
async def plan(at: At) -> Response:
    survey = _survey(at, at.form.get("survey"))
    given, first, last = (
        whom.typed(at),
        at.form.get("opened_from").strip()[:10],
        at.form.get("opened_until").strip()[:10],
    )
    wrong = list(whom.wrong(at, given, first, last, await at.read(whom.sides, at)))
    sample = whom.sample_of(at, rounds.SMALLEST_SAMPLE)
    if sample is None:
        wrong.append(("sample", at.words("surveys.wrong.sample", least=rounds.SMALLEST_SAMPLE)))
    chosen = Audience(**given, opened_from=first, opened_until=last, sample=sample or 0)
    if not wrong:
        try:
            id = await at.write("", "", rounds.plan, at, survey, chosen)
        except Refused as error:
            wrong.append(("survey", at.words(error.words, **error.facts)))
    if wrong:
        return await _form(at, survey, chosen, wrong=wrong, status=422)
    return at.back(f"/surveys/{id}", "survey_planned")


# --- one of them -----------------------------------------------------------------------------------------------------


@room.get("/surveys/{wave}")
async def wave(at: At) -> Response:
    return await _show(at)


async def _show(at: At, error: str = "", status: int = 200) -> Response:
    def read(connection: Connection) -> dict[str, Any]:
        one = acts.find(connection, at, KIND)
        survey = at.association.profile.survey(one.survey)
        whom_, began = rounds.whom_of(one, survey), rounds.began(one)
        body = waves.body_of(connection, at.desk.vault, at.slug, one.id)
        if body is None and (whom_.sample or not began):
            return {}
        body = body or Body()
        states, whys = rounds.by_state(broadcasts.outcomes(connection, at.slug, one.id))
        counted = rounds.counted(connection, one, survey) if began else Counted(body.channels, body.refused)
        return {
            "wave": one,
            "survey": survey,
            "audience": whom_,
            "states": states,
            "whys": whys,
            "counted": counted,
            "counted_at": 0 if began else body.counted_at,
            "margin": rounds.margin(body, whom_, counted.people),
            "names": staff.names(connection, at.desk.vault, {id for id in (one.by, one.approved_by) if id}),
            "sides": whom.sides(connection, at),
        }

    found = await at.read(read)
    if not found:  # the house's own, looked at for the first time
        await at.keep(_count, at)
        found = await at.read(read)
    return at.page(
        "surveys/wave.html",
        error=error,
        status=status,
        **found,
        chosen=whom.chosen(found["audience"]),
        mark=rounds.mark(found["wave"], found["survey"]),
        title=run_title(found["wave"], at.words),
        bill=sending.bill(at, found["counted"].channels, lambda _: 1),
        money=sending.money(at),
        now_ms=ms(at.now),
    )


def _count(connection: Connection, at: At) -> None:
    one = acts.find(connection, at, KIND, lock=True)
    rounds.note(connection, at, one, at.association.profile.survey(one.survey))


@room.post("/surveys/{wave}/recount", "surveys.plan")
async def recount(at: At) -> Response:
    await at.write("survey.count", acts.subject(at), rounds.recount, at)
    return at.back(f"/surveys/{at.number('wave')}", "survey_counted")


@room.post("/surveys/{wave}/go", "surveys.plan")
async def go(at: At) -> Response:
    return await _decided(at, rounds.go)


@room.post("/surveys/{wave}/approve", "surveys.approve")
async def approve(at: At) -> Response:
    return await _decided(at, rounds.approve)


async def _decided(at: At, act: Any) -> Response:
    one = await at.read(acts.find, at, KIND)
    try:
        done = await at.write("", "", act, at, _survey(at, one.survey))
    except Refused as error:
        if error.words == rounds.CHANGED:
            await at.keep(_count, at)
        return await _show(at, at.words(error.words, **error.facts), 409)
    return at.back(f"/surveys/{one.id}", f"survey_{done or 'begun'}")


@room.post("/surveys/{wave}/pause", "surveys.plan")
async def pause(at: At) -> Response:
    await at.write("survey.pause", acts.subject(at), acts.pause, at, KIND)
    return at.back(f"/surveys/{at.number('wave')}", "wave_paused")


@room.post("/surveys/{wave}/resume", "surveys.plan")
async def resume(at: At) -> Response:
    await at.write("survey.resume", acts.subject(at), acts.resume, at, KIND)
    return at.back(f"/surveys/{at.number('wave')}", "wave_resumed")


@room.post("/surveys/{wave}/abort", "surveys.plan")
async def abort(at: At) -> Response:
    """For good, and said to be meant."""
    if at.form.get("sure") != "yes":
        return await _show(at, at.words("asking.sure_missing"), 422)
    await at.write("survey.abort", acts.subject(at), acts.abort, at, KIND)
    return at.back(f"/surveys/{at.number('wave')}", "wave_aborted")
