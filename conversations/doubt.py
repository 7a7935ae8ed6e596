"""Where anybody can have written a message in a person's name (a mail that nobody checked), nothing that stands is
changed by it: not at once, and not when it is taken in later: after its quiet seconds, after a flood, with its file.

What waits to be taken in keeps the doubt (`Conversation.unvouched`) until nothing of it is left.
"""

from collections.abc import Callable

from conversations.conversation import Conversation, decode, encode
from conversations.course import forget
from conversations.dialogue import drop_burst
from conversations.effects import ONLY_OF_THEIRS, Mask
from conversations.moment import Moment


def doubted(moment: Moment, act: Callable[[], None]) -> bool:
    """What only they may do is undone, and they are asked for an answer to this message, which nobody else gets; False
    then. What was a secret in it stays one."""
    before, says, effects = encode(moment.conversation), [*moment.says], [*moment.effects]
    act()
    done = moment.effects[len(effects) :]
    if not any(isinstance(effect, ONLY_OF_THEIRS) for effect in done):
        return True
    moment.conversation = decode(before)
    moment.speak(moment.language)
    moment.says, moment.effects = says, [*effects, *(effect for effect in done if isinstance(effect, Mask))]
    moment.tell(moment.words("address.by_reply"))
    return False


def take_in(moment: Moment, act: Callable[[], None]) -> None:
    """Something that came a while ago is taken in now, with the doubt there was about it."""
    if not moment.conversation.unvouched:
        act()
    elif not doubted(moment, act):
        _forget_burst(moment)


def waits(conversation: Conversation) -> bool:
    """Whether anything they sent is still to be taken in."""
    drafts = [draft for draft in (conversation.open, *conversation.aside) if draft is not None]
    return bool(conversation.held) or any(draft.pending or draft.waiting for draft in drafts)


def _forget_burst(moment: Moment) -> None:
    """What was refused is no part of the answer that comes next; and where only a file was waited for, ask again."""
    draft = moment.conversation.open
    if draft is None:
        return
    drop_burst(draft)
    if draft.step == "@files" and draft.trail:
        draft.waiting = []
        draft.step = draft.trail[-1]
        forget(draft, draft.step)
