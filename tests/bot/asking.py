"""People to ask at a front line of paper, and surveys of an association's own."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from conversations.association.association import Association
from conversations.association.survey import Question, Survey
from conversations.association.tables import Words
from storage import consents, waves
from storage.ids import new_id
from storage.schema import cases, conversations
from storage.schema_surveys import recipients
from storage.schema_surveys import waves as waves_table
from storage.times import ms
from storage.waves import Recipient, Wave
from tests.bot.desk import Desk, Person


def words(text: str) -> Words:
    return Words(ar=text, en=text)


def survey(**more: Any) -> Survey:
    question = Question(id="overall", kind="faces", about="overall", title=words("الخدمة"), ask=words("كيف كانت؟"))
    named: dict[str, Any] = {
        "id": "quarterly", "title": words("رأيكم"), "why": words("لنتحسّن."), "every": "quarter", "open_days": 20,
        "remind_days": (3, 7), "question": (question, question.model_copy(update={"id": "speed"})),
    }  # fmt: skip
    return Survey(**named | more)


def asking(association: Association, *surveys: Survey, **rules: Any) -> Mapping[str, Association]:
    """The association with these surveys and no others."""
    changes: dict[str, Any] = {"surveys": surveys}
    changes["asking"] = association.profile.asking.model_copy(update=rules)
    profile = association.profile.model_copy(update=changes)
    return {association.slug: replace(association, profile=profile)}


async def known(desk: Desk, handle: str, *purposes: str, **case: Any) -> Person:
    """Somebody with a case who agreed to be asked."""
    person = Person(desk, handle)
    await person.open()
    conversation = desk.id_of(handle)

    def file(connection: Any) -> None:
        whose = connection.scalar(select(conversations.c.beneficiary).where(conversations.c.id == conversation))
        row = {
            "association": "harif", "id": new_id(), "reference": f"HRF-{handle}", "kind": "request",
            "stage": "delivered", "service": "training", "beneficiary": whose, "conversation": conversation,
            "opened_at": ms(desk.now), "updated": ms(desk.now),
        }  # fmt: skip
        connection.execute(insert(cases).values(**row | case))
        for purpose in purposes or ("survey",):
            given = consents.Consent("harif", conversation, whose, purpose, True, "1", "telegram", "", ms(desk.now))
            consents.log(connection, [given])
            _knows(connection, desk, whose, purpose)

    desk.do(file)
    return person


def _knows(connection: Any, desk: Desk, whose: int, purpose: str) -> None:
    from storage import world

    known = world.facts_of(connection, desk.vault, "harif", [whose]).get(whose, world.Facts())
    kept = world.Beneficiary("harif", whose, known.facts, {**known.consents, purpose: True})
    world.save_beneficiaries(connection, desk.vault, [kept], ms(desk.now))


def all_waves(desk: Desk, survey: str = "quarterly") -> list[Wave]:
    """By the time they were for."""
    w = waves_table.c
    query = select(*(w[name] for name in Wave._fields)).where(w.survey == survey).order_by(w.starts)
    return [Wave._make(row) for row in desk.ask(lambda c: c.execute(query).all())]


def the_wave(desk: Desk, survey: str = "quarterly") -> Wave:
    (wave,) = all_waves(desk, survey)
    return wave


def asked(desk: Desk) -> list[Recipient]:
    r = recipients.c
    query = select(*(r[name] for name in Recipient._fields)).order_by(r.conversation)
    return [Recipient._make(row) for row in desk.ask(lambda c: c.execute(query).all())]


def states(desk: Desk) -> dict[str, int]:
    return dict(Counter(one.state for one in asked(desk)))


def running(desk: Desk, until: datetime, kind: str = "survey", **more: Any) -> int:
    """A wave that runs now."""
    id = new_id()
    given: dict[str, Any] = {
        "survey": "quarterly" if kind == "survey" else "", "purpose": "survey" if kind == "survey" else "case",
        "state": waves.RUNNING, "at": ms(desk.now), "starts": ms(desk.now), "ends": ms(until),
    }  # fmt: skip
    body = waves.Body(text={"ar": "خبر", "en": "News"}) if kind == "broadcast" else None
    desk.do(waves.add, desk.vault, Wave("harif", id, kind, **given | more), body)
    return id


def change(desk: Desk, table: Any, where: Any, **values: Any) -> None:
    desk.do(lambda c: c.execute(update(table).where(where).values(**values)))


async def tick(desk: Desk) -> None:
    """The rounds of waves, and what follows from them."""
    await desk.rounds.planner.plan()
    await desk.rounds.planner.work()
    await desk.rounds.feed()
    await desk.run()
