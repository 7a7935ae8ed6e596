"""What staff do to a case or an appointment, as the desk does it: in one transaction, the person woken by timers."""

from collections.abc import Callable
from typing import Any

from bot import notices
from bot.case_moves import found_by, move_case
from conversations.association.association import Association
from conversations.cases.calendar import calendar_of
from conversations.cases.promise import promise_for
from conversations.cases.reference import new_reference
from storage import cases, timers
from storage.ids import new_id
from storage.times import ms_or_none
from tests.bot.desk import Desk, Person, milliseconds

BY = "staff:7"


def act(desk: Desk, do: Callable[..., Any], *about: Any, **how: Any) -> Any:
    """`do(connection, vault, *about, tell=…)` in a transaction of its own."""

    def run(connection: Any) -> Any:
        told: list[timers.Timer] = []

        def wake(conversation: int, timer: str) -> None:
            told.append(timers.Timer("harif", conversation, timer, milliseconds(desk.now)))

        tell = notices.telling(connection, desk.vault, desk.associations["harif"], desk.now, wake)
        result = do(connection, desk.vault, *about, tell=tell, **how)
        timers.set_all(connection, told)
        return result

    return desk.do(run)


def on_case(desk: Desk, do: Callable[..., Any], reference: str, *about: Any, **how: Any) -> Any:
    """The same with the association and the locked case before `about`."""
    association: Association = desk.associations["harif"]

    def run(connection: Any, vault: Any, **more: Any) -> Any:
        case = cases.by_reference(connection, vault, "harif", reference, lock=True)
        assert case is not None
        return do(connection, vault, association, case, *about, **more)

    return act(desk, run, **how)


ANSWERS = {"who": "self", "full_name": "نورة سالم القحطاني", "mobile": "+966500000007", "national_id": "1012345672"}


async def filed(desk: Desk, person: Person, stage: str = "submitted") -> str:
    """A request of theirs that has come as far as this stage; its reference."""
    await person.open()
    id = desk.id_of(person.handle)
    promised = promise_for(
        desk.associations["harif"].profile, "request", desk.now, calendar_of(desk.associations["harif"].profile)
    )
    case = cases.Case(
        association="harif",
        id=new_id(),
        reference=new_reference(person.handle.encode() * 8, "HRF"),
        kind="request",
        stage=stage,
        service="training",
        beneficiary=next(row.beneficiary for row in desk.rows("conversations", "id", "beneficiary") if row.id == id),
        conversation=id,
        opened_at=milliseconds(desk.now),
        completed_at=milliseconds(desk.now),
        earliest=ms_or_none(promised.earliest),
        latest=ms_or_none(promised.latest),
        next_update=ms_or_none(promised.next_update),
        answers=dict(ANSWERS),
        index=tuple(found_by(ANSWERS)),
    )
    desk.do(cases.file, desk.vault, [case], milliseconds(desk.now))
    return case.reference


async def move(desk: Desk, reference: str, name: str, who: str, **how: Any) -> None:
    """A move by staff, and whoever hears of it has heard."""
    on_case(desk, move_case, reference, name, who, desk.now, **how)
    await desk.run()


def case_of(desk: Desk, reference: str) -> cases.Case:
    found: cases.Case | None = desk.ask(cases.by_reference, desk.vault, "harif", reference)
    assert found is not None
    return found


async def press(person: Person, title: str) -> None:
    """The newest button of this title that the channel brought."""
    says = person.desk.channels[person.association, person.channel].says
    options = [option for say in reversed(says) for option in say.options if option.title == title]
    await person.send(person.incoming(_press(person, options[0].id)))


def _press(person: Person, option: str) -> Any:
    from conversations.events import Press

    return Press(id="p", at=person.desk.now, option=option, prompt=0)
