"""A survey that was held: waves and answers straight into their tables, through the storage that counts them."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from conversations.association.association import Association
from conversations.association.survey import Survey
from conversations.surveys.scoring import scored
from storage import surveys, waves
from storage.ids import new_id
from storage.surveys import Response
from storage.times import DAY
from storage.vault import Vault
from storage.waves import Recipient, Wave

_people = itertools.count(1)


def _said(ar: str, en: str) -> dict[str, str]:
    return {"ar": ar, "en": en}


SURVEY = Survey.model_validate(
    {
        "id": "felt",
        "title": _said("رضا المستفيدين", "Satisfaction"),
        "why": _said("نريد أن نتحسّن.", "We want to do better."),
        "every": "quarter",
        "question": [
            {
                "id": "overall",
                "kind": "faces",
                "about": "overall",
                "title": _said("الرضا عمومًا", "Overall"),
                "ask": _said("هل أنتم راضون عن خدمتنا؟", "Are you satisfied with our service?"),
            },
            {
                "id": "ease",
                "kind": "effort",
                "about": "effort",
                "title": _said("السهولة", "Ease"),
                "ask": _said("هل كان الأمر سهلًا عليكم؟", "Was it easy for you?"),
            },
            {
                "id": "tell",
                "kind": "recommend",
                "about": "recommend",
                "title": _said("التوصية", "Recommendation"),
                "ask": _said("هل تنصحون بنا من تعرفون؟", "Would you recommend us?"),
            },
            {
                "id": "way",
                "kind": "choices",
                "about": "channel",
                "title": _said("الوسيلة", "Channel"),
                "ask": _said("أي وسيلة أسهل لكم؟", "Which channel suits you?"),
                "choices": [
                    {"id": "chat", "title": _said("المراسلة", "Messages")},
                    {"id": "call", "title": _said("الاتصال", "A call")},
                    {"id": "visit", "title": _said("الحضور إلى المكتب", "A visit")},
                ],
            },
            {
                "id": "more",
                "kind": "words",
                "about": "open",
                "title": _said("كلمة منكم", "In your words"),
                "ask": _said("ما الذي نفعله أحسن؟", "What should we do better?"),
            },
        ],
    }
)


def with_survey(association: Association, *given: Survey, **changes: Any) -> Association:
    """The association with these surveys alone."""
    profile = association.profile.model_copy(update={"surveys": given or (SURVEY.model_copy(update=changes),)})
    return replace(association, profile=profile)


def wave_of(
    connection: Connection, vault: Vault, now: int, *, ended: bool = True, survey: Survey = SURVEY, **more: Any
) -> Wave:
    """A wave of the survey: begun a month ago and over since yesterday, or still running."""
    ends = now - DAY if ended else now + DAY
    values = {
        "starts": now - 30 * DAY,
        "at": now - 31 * DAY,
        "ends": ends,
        "state": waves.DONE if ended else waves.RUNNING,
    }
    values |= {"anonymous": survey.anonymous, "period": f"1448-Q{next(_people)}", "done_at": ends if ended else None}
    wave = Wave("harif", new_id(), **{"kind": "survey", "survey": survey.id, **values, **more})
    waves.add(connection, vault, wave)
    return wave


def asked(connection: Connection, wave: Wave, **states: int) -> None:
    """So many people of each state, beside whoever answers."""
    people = [
        Recipient(wave.association, wave.id, next(_people), state=state, at=wave.starts)
        for state, many in states.items()
        for _ in range(many)
    ]
    waves.add_recipients(connection, people)


def answer(
    connection: Connection,
    vault: Vault,
    wave: Wave,
    given: Mapping[str, Any],
    *,
    finished: bool = True,
    survey: Survey = SURVEY,
    invited: bool = True,
    **sides: str,
) -> int:
    """What one person answered; the response's id."""
    response = Response(wave.association, surveys.random_id(), wave.id, survey.id, "", 20_000, **sides)  # type: ignore[arg-type]
    surveys.begin(connection, response)
    known = {id: scored(question, value) for id, value in given.items() if (question := survey.question(id))}
    surveys.answer(connection, vault, response, known)
    if finished:
        surveys.finish(connection, response)
    if invited:
        asked(connection, wave, **{waves.FINISHED if finished else waves.BEGUN: 1})
    return response.id


def answers(connection: Connection, vault: Vault, wave: Wave, overall: Sequence[int], **more: Any) -> list[int]:
    """A person for each score of the first question."""
    return [answer(connection, vault, wave, {"overall": score}, **more) for score in overall]
