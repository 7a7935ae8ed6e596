"""Several pieces of news that would be too many messages, told in one.

Where the channel's window is closed a template holds one thing, and each costs a message of the day's number: of
several things one says that there is news, and what it is waits until the person opens it.
"""

from collections.abc import Callable
from typing import Any

from msgspec import structs

from conversations import notices
from conversations.events import AppointmentChanged, CaseMoved, CaseUpdate, Joined
from conversations.flows import appointment, track
from conversations.moment import Moment
from conversations.says import Say

_TOLD: dict[type, Callable[[Moment, Any], None]] = {
    CaseMoved: track.moved,
    CaseUpdate: track.updated,
    AppointmentChanged: appointment.changed,
}


def told(moment: Moment, event: Joined) -> None:
    """Each as it would be told alone; then one message, with what can be done about the last."""
    said, moment.says = moment.says, []
    # A template that tells a move itself leaves nothing to open.
    moment.world = structs.replace(moment.world, templates=moment.world.templates - {"moved"})
    for one in event.events:
        _TOLD[type(one)](moment, one)
    news = [say for say in moment.says if say.lane == "notice"]
    rest = [say for say in moment.says if say.lane != "notice"]
    if any(say.template for say in news):
        news = _one_template(moment, event, news)
    elif len(news) > 1:
        texts = dict.fromkeys(say.text for say in news)
        news = [structs.replace(news[-1], text=notices.joined(texts))]
    moment.says = [*said, *news, *rest]


def _one_template(moment: Moment, event: Joined, news: list[Say]) -> list[Say]:
    """Those alike are one. Of several, one says no more than that there is news, of the case where it is about one
    alone; an hour that was agreed on is no news, and counts towards no number: it stays its own."""
    alike = list({(say.template, *say.values.values()): say for say in news}.values())
    apart = [say for say in alike if say.template.startswith("appointment")]
    if len(alike) - len(apart) < 2:
        return alike
    of_cases = [one for one in event.events if not isinstance(one, AppointmentChanged)]
    for one in of_cases:
        if isinstance(one, CaseUpdate):
            track.wait_for(moment, one)
    references = list(
        dict.fromkeys(one.reference if isinstance(one, CaseMoved) else one.case["reference"] for one in of_cases)
    )
    before = len(moment.says)
    track.tell_news(moment, references)
    return [*moment.says[before:], *apart]
