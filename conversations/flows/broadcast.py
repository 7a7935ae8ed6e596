"""What an association tells many at once. Replies are ordinary conversations, the broadcast standing above them.

Outside of the channel's window an approved template says that there is news; its button brings the words.
"""

from collections.abc import Mapping
from typing import Any

from conversations.asking import offer
from conversations.effects import Lookup, NotTold
from conversations.events import BroadcastSent, Found
from conversations.flows.track import tell_notice
from conversations.moment import Moment
from conversations.says import Attachment, Option
from conversations.staffed import closed_now
from conversations.ways import way_on

TEMPLATE = "information_changed"


def sent(moment: Moment, event: BroadcastSent) -> None:
    """To whom may be written at all, with the way out: a stop word that every broadcast names."""
    if event.unfit:
        moment.do(NotTold(why=event.unfit))
        return
    conversation = moment.conversation
    why = closed_now(moment)
    if conversation.muted or conversation.restricted or why in ("blocked", "stopped", "unreachable"):
        moment.do(NotTold(why="muted" if conversation.muted or conversation.restricted else why))
        return
    if event.file and why != "window":
        file = Attachment(event.file, event.file_name, event.file_kind)
        moment.tell("", file=file, lane="bulk")
    template = event.template or TEMPLATE
    tell_notice(moment, _said(moment, event.text), _buttons(moment, event.buttons), template, event.wave, lane="bulk")


def _said(moment: Moment, text: Mapping[str, str]) -> str:
    return f"{text.get(moment.language) or text['ar']}\n\n{moment.words('broadcast.stop')}"


def _buttons(moment: Moment, ways: tuple[str, ...]) -> tuple[Option, ...]:
    return tuple(Option(way, moment.words(f"option.{way.lstrip('/')}")) for way in ways)


def asked(moment: Moment, wave: str) -> None:
    """The button of the template: now the words themselves may go."""
    moment.do(Lookup(lookup="broadcast", key=wave))


def found(moment: Moment, event: Found) -> None:
    """What this wave told them, as it was written; nothing where it told them nothing."""
    told: dict[str, Any] | None = event.result
    if told is None:
        moment.tell(moment.words("broadcast.gone"))
        way_on(moment)
        return
    if told.get("file"):
        moment.tell("", file=Attachment(told["file"], told["file_name"], told["file_kind"]))
    test = f"{moment.words('broadcast.test')}\n\n" if told.get("test") else ""
    text, buttons = test + _said(moment, told["text"]), _buttons(moment, tuple(told["buttons"]))
    if moment.conversation.open is not None:
        moment.tell(text, options=buttons)
        way_on(moment)
    else:
        offer(moment, text, buttons or moment.options("/menu"))
