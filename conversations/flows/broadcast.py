"""What an association tells many at once. Replies are ordinary conversations, the broadcast standing above them."""

from conversations.effects import NotTold
from conversations.events import BroadcastSent
from conversations.flows.track import tell_notice
from conversations.moment import Moment
from conversations.says import Attachment, Option
from conversations.staffed import closed_now


def sent(moment: Moment, event: BroadcastSent) -> None:
    """To whom may be written at all, with the way out: a stop word that every broadcast names."""
    conversation = moment.conversation
    why = closed_now(moment)
    if conversation.muted or conversation.restricted or why in ("blocked", "stopped", "unreachable"):
        moment.do(NotTold(why="muted" if conversation.muted or conversation.restricted else why))
        return
    text = event.text.get(moment.language) or event.text["ar"]
    buttons = tuple(Option(way, moment.words(f"option.{way.lstrip('/')}")) for way in event.buttons)
    if event.file and why != "window":
        file = Attachment(event.file, event.file_name, event.file_kind)
        moment.tell("", file=file, lane="bulk")
    template = event.template or "information_changed"
    tell_notice(moment, f"{text}\n\n{moment.words('broadcast.stop')}", buttons, template, lane="bulk")
