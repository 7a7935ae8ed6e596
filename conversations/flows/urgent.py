"""«عاجل»: no shelter, food or medicine, or somebody in danger. One word from anywhere, at any hour, past everything."""

from conversations.answers.choice import OneOf
from conversations.answers.text import LongText
from conversations.asking import offer
from conversations.association.association import Association
from conversations.conversation import Draft
from conversations.dialogue import start
from conversations.effects import Alarm
from conversations.flow import Flow, Step, ask, register
from conversations.flows.filing import house_choices
from conversations.moment import Moment
from conversations.ways import opens_at, queue

EMERGENCY = ("emergency", "ambulance", "police", "social_protection")
DANGER = "danger"


def build(association: Association, subject: str) -> tuple[Step, ...]:
    return (
        ask("need", OneOf(house_choices("urgent", "shelter", "food", "medicine", DANGER, "other"))),
        ask("where", LongText(), optional=True),
    )


def begin(moment: Moment) -> None:
    """The on-duty contact is reached before anything is asked."""
    reached = bool(moment.profile.on_duty.telegram_chat)  # whom nobody can ring is not said to have been told
    moment.do(Alarm(code="urgent", urgent=True))
    queue(moment, "urgent", urgent=True)
    somebody = "urgent.nobody_on_duty" if opens_at(moment) else "urgent.office_open"
    moment.tell(moment.words("urgent.reached" if reached else somebody))
    moment.tell(numbers(moment, EMERGENCY))
    start(moment, "urgent")


def numbers(moment: Moment, ids: tuple[str, ...]) -> str:
    """Numbers to call, the most helpful first, whether the association has confirmed them or not: a person in danger
    sees them all the same."""
    of = {line.id: line for line in moment.profile.hotlines}
    lines = [f"{of[one].title.to(moment.language)}: {of[one].number}" for one in ids if one in of]
    return moment.words("urgent.numbers") + "\n" + "\n".join(lines)


def finish(moment: Moment, draft: Draft) -> None:
    need = str(draft.answers["need"])
    where = draft.answers.get("where")
    queue(moment, f"urgent_{need}", urgent=True, callback=where if isinstance(where, str) else "")
    kept = ("/resume",) if moment.conversation.aside and not moment.conversation.restricted else ()
    offer(moment, moment.words("urgent.noted"), moment.options("/callme", *kept, "/menu"))


urgent = register(Flow(name="urgent", steps=(), build=build, finish=finish))
