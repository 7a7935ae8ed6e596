"""Staff ask on site: field surveys and interviews (H د-2, د-4), entered into the same wave as everybody's answers, with
their source; or the person answers on their own phone, by a code that opens their page."""

from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from bot import field_surveys as acts
from bot import survey_links
from bot.asked import Sheet
from bot.desk.at import At, NotFound, Refused
from bot.desk.room import Room
from bot.desk.sight import cases_seen_by
from bot.field_surveys import FIELD, SOURCES, Entered, NotNow, is_open
from conversations.association.survey import Question, Survey
from conversations.cases.reference import find_reference
from conversations.wording import LANGUAGES
from storage import cases, staff, waves
from storage.cases import Case
from storage.waves import Wave

room = Room("field", nav="/field", right="record")
BRANCH = 60
"""Characters."""


@room.get("/field")
async def every(at: At) -> Response:
    """Waves that can be answered now."""
    running = await at.read(waves.open_ones, [at.slug])
    known = [(at.association.profile.survey(one.survey), one) for one in running if is_open(one, at.now)]
    found = [(survey, one) for survey, one in known if survey is not None]
    return at.page("field/field.html", found=found)


@room.get("/field/{wave}")
async def fill(at: At) -> Response:
    survey, wave = await at.read(_wave, at)
    return await _page(at, survey, wave, Sheet(survey, at.language, at.now))


@room.post("/field/{wave}")
async def enter(at: At) -> Response:
    """Kept whole, or the page again with what is wrong in its place and everything that was typed."""
    survey, wave = await at.read(_wave, at)
    sheet = Sheet(survey, at.language, at.now)
    answers = sheet.hear(at.form, survey.questions, at.association.wording[at.language])
    if sheet.filled.wrong:
        return await _page(at, survey, wave, sheet, at.words("field.wrong"), 422)
    if not answers:
        return await _page(at, survey, wave, sheet, at.words("field.nothing"), 422)

    def do(connection: Connection) -> None:
        source = at.form.get("source")
        if source not in SOURCES:
            raise Refused("field.source_missing")
        case = _case(connection, at) if at.form.get("reference").strip() and not wave.anonymous else None
        language = at.form.get("language") if at.form.get("language") in LANGUAGES else LANGUAGES[0]
        service = at.form.get("service") if at.association.profile.service(at.form.get("service")) else ""
        branch = " ".join(at.form.get("branch").split())[:BRANCH]
        entered = Entered(source, language, service, branch, case)
        whole = waves.get(connection, at.slug, wave.id, lock=True) or wave
        acts.enter(connection, at.desk.vault, at.association, survey, whole, answers, entered, at.worker.id, at.now)
        # Of an anonymous wave not which: its answers must not be found by when they were entered, and by whom.
        at.log(connection, "survey.entered", f"wave:{wave.id}", source)

    try:
        await at.write("", "", do)
    except NotNow as wrong:
        return await _page(at, survey, wave, sheet, at.words(f"field.{wrong}"), 409)
    except Refused as wrong:
        if wrong.words.startswith("field."):
            return await _page(at, survey, wave, sheet, at.words(wrong.words), 422)
        raise
    return at.back(f"/field/{wave.id}", "survey_entered")


@room.post("/field/{wave}/code")
async def code(at: At) -> Response:
    """The page of one person, as a code to be scanned or printed."""
    survey, wave = await at.read(_wave, at)

    def do(connection: Connection) -> int:
        case = _case(connection, at)
        at.log(connection, "survey.code", f"wave:{wave.id}", f"case:{case.id}")
        return acts.hand_over(connection, wave, case, at.now)

    try:
        conversation = await at.write("", "", do)
    except (NotNow, Refused) as wrong:
        key = wrong.words if isinstance(wrong, Refused) else f"field.{wrong}"
        return await _page(at, survey, wave, Sheet(survey, at.language, at.now), at.words(key), 422)
    link = survey_links.link(at.desk.vault, at.desk.address(at.request), at.slug, wave.id, conversation)
    return at.page("field/code.html", survey=survey, wave=wave, link=link, picture=_picture(link))


def _picture(link: str) -> str:
    import segno

    return str(segno.make(link, error="m").svg_data_uri(scale=6, border=4, dark="#000", light="#fff"))


def _wave(connection: Connection, at: At) -> tuple[Survey, Wave]:
    """Raises NotFound."""
    wave = waves.get(connection, at.slug, at.number("wave"))
    survey = at.association.profile.survey(wave.survey) if wave is not None else None
    if wave is None or survey is None or not is_open(wave, at.now):
        raise NotFound
    return survey, wave


def _case(connection: Connection, at: At) -> Case:
    """Whose answers they are, by the reference that was typed. Raises Refused."""
    reference = find_reference(at.form.get("reference"), at.association.profile.reference_prefix)
    known = cases.by_reference(connection, at.desk.vault, at.slug, reference) if reference else None
    case = cases.by_id(connection, at.desk.vault, at.slug, known.id, cases_seen_by(at.worker)) if known else None
    if case is None:
        raise Refused("field.reference_unknown")
    return case


async def _page(at: At, survey: Survey, wave: Wave, sheet: Sheet, error: str = "", status: int = 200) -> Response:
    def read(connection: Connection) -> list[str]:
        everybody = staff.colleagues(connection, at.desk.vault, at.slug)
        return sorted({one.member.branch for one in everybody if one.member.branch})

    def only(question: Question) -> str:
        """«إذا كانت …»: every question stands on the page."""
        asked = survey.question(question.ask_if.field) if question.ask_if else None
        return at.words("field.only", question=asked.title.to(at.language)) if asked else ""

    shown: list[dict[str, Any]] = [
        {"view": view, "when": "", "only": only(question), "again": False}
        for question, view in zip(survey.questions, sheet.views(survey.questions), strict=True)
    ]
    profile = at.association.profile
    return at.page(
        "field/form.html",
        status=status,
        error=error,
        survey=survey,
        wave=wave,
        fields=shown,
        sources=SOURCES,
        typed={"source": FIELD, "branch": at.worker.branch, "language": LANGUAGES[0], **dict(at.form.fields)},
        languages=LANGUAGES,
        services=[(one.id, one.title.to(at.language)) for one in profile.services],
        branches=await at.read(read),
    )
