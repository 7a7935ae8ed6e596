"""What was offered outside an answer kind and was chosen by button, number or label: a table by prefix."""

from collections.abc import Callable

from conversations import course, dialogue, flows
from conversations.asking import (
    KNOWN,
    ask_by_form,
    ask_plainly,
)
from conversations.commands import cancelled, edit, run, waqf
from conversations.course import current_step
from conversations.dialogue import begin, proceed, set_aside
from conversations.flow import FLOWS
from conversations.hearing import take, take_known
from conversations.moment import Moment
from conversations.says import position
from conversations.ways import (
    hand_over,
    offer_form_again,
    old_button,
    way_on,
)

YES_FIRST = ("own:", "allow:")
"""Questions of two options, yes and no: the bare words answer them."""


OWN_PLACE = ("survey", "sv", "told")
"""Their buttons say what they mean: pressed on an old message they disturb nothing that is open."""


def chosen(moment: Moment, option: str) -> None:
    """Something that was offered outside an answer kind was chosen."""
    if option.startswith("/"):
        if not run(moment, option[1:]):
            way_on(moment)
        return
    prefix, _, what = option.partition(":")
    choice = CHOSEN.get(prefix)
    if choice is None:
        old_button(moment)
    else:
        choice(moment, what)


def confirmed(moment: Moment, said: str) -> None:
    draft = moment.conversation.open
    step = current_step(moment)
    if draft is None or step is None or draft.confirm is None:
        old_button(moment)
        return
    confirm, draft.confirm = draft.confirm, None
    if isinstance(confirm.value, dict) and KNOWN in confirm.value:
        take_known(moment, draft, confirm.value[KNOWN], yes=said == "yes")
        return
    if said == "yes":
        take(moment, step, confirm.value)
    else:
        draft.kinds[step.id] = ""
        ask_plainly(moment, step)


def reviewed(moment: Moment, said: str) -> None:
    draft = moment.conversation.open
    step = current_step(moment)
    if draft is None or step is None or step.kind != "review":
        old_button(moment)
    elif said == "yes":
        draft.answers["review"] = "yes"
        draft.trail.append("review")
        proceed(moment)
    elif said == "edit":
        edit(moment)
    else:
        hand_over(moment, "read_aloud")


def edited(moment: Moment, step_id: str) -> None:
    draft = moment.conversation.open
    if draft is None:
        old_button(moment)
        return
    full = next((step.id for step in course.reviewed(moment, draft) if step_id and step.id.startswith(step_id)), None)
    if full is None:
        old_button(moment)
    else:
        dialogue.edit(moment, full)


def form(moment: Moment, said: str) -> None:
    draft = moment.conversation.open
    if draft is None or not draft.form:
        way_on(moment)
    elif said == "new" or (draft.form_until is not None and draft.form_until <= moment.world.now):
        ask_by_form(moment, draft, renewed=True)
    else:
        moment.tell(moment.words("form.not_yet"))
        offer_form_again(moment)


def resumed(moment: Moment, number: str) -> None:
    if moment.conversation.aside:
        dialogue.resume(moment, position(number, moment.conversation.aside) or 0)
    else:
        way_on(moment)


def fresh(moment: Moment, number: str) -> None:
    """A new one instead of the kept one, which stays kept."""
    aside = moment.conversation.aside
    place = position(number, aside)
    if place is None or FLOWS[aside[place].flow].once:
        way_on(moment)
    else:
        flow = aside[place].flow
        set_aside(moment)
        begin(moment, flow)


CHOSEN: dict[str, Callable[[Moment, str], None]] = {
    "confirm": confirmed,
    "review": reviewed,
    "edit": edited,
    "form": form,
    "resume": resumed,
    "fresh": fresh,
    "cancel": cancelled,
    "stop": waqf,
    "death": lambda moment, _: flows.harm.death(moment),
    "track": lambda moment, reference: flows.track.show_one(moment, reference),
    "receipt": lambda moment, reference: flows.track.receipt(moment, reference),
    "member": lambda moment, number: flows.shared_phone.picked(moment, number),
    "owed": lambda moment, reference: flows.entitlements.look(moment, "show", reference),
    "that": lambda moment, what: flows.entitlements.look(moment, "that", what),
    "got": lambda moment, what: flows.entitlements.look(moment, "got", what),
    "not": lambda moment, what: flows.entitlements.look(moment, "not", what),
    "meet": lambda moment, what: flows.appointment.pressed(moment, what),
    "move": lambda moment, what: flows.own_moves.chosen(moment, what),
    "paper": lambda moment, id: flows.library.send(moment, id),
    "ask": lambda moment, number: flows.ask.picked(moment, number),
    "allow": lambda moment, what: flows.represent.allowed(moment, what, given=True),
    "own": lambda moment, ask: flows.addresses.confirmed(moment, ask, own=True),
    "notown": lambda moment, ask: flows.addresses.confirmed(moment, ask, own=False),
    "survey": lambda moment, what: flows.survey.chosen(moment, what),
    "sv": lambda moment, what: flows.survey.answered(moment, what),
    "told": lambda moment, wave: flows.broadcast.asked(moment, wave),
    "deny": lambda moment, what: flows.represent.allowed(moment, what, given=False),
}
