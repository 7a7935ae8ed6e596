"""The person's own page on our website, lent by a link that works once: where their cases stand, and what was told.

It is lent only where nobody doubts who writes: not after long silence, not on a phone that several share (there each
sees their own by their word, in the chat). Opening news there is opening it.
"""

from base64 import urlsafe_b64encode
from datetime import datetime, timedelta

from conversations.asking import ask as ask_step
from conversations.asking import offer
from conversations.conversation import Conversation
from conversations.course import current_step
from conversations.effects import OpenForm
from conversations.events import NewsOpened, PageWanted
from conversations.flows.shared_phone import visible
from conversations.moment import Moment
from conversations.says import Link
from conversations.staffed import closed_now

LENT = timedelta(hours=48)
"""How long a link waits to be opened."""
LONG_SILENCE = timedelta(days=182)
"""After which a number shows nothing until identity is proven again (DOMAIN, "Care")."""
WITHOUT_BUTTONS = ("sms", "email")
"""Channels on which news cannot be opened by a press in the message."""


def may_be_anothers(conversation: Conversation, now: datetime) -> bool:
    """Reported changed, or silent for half a year, and nobody has shown since who they are: nothing of a case is told
    there."""
    silent = conversation.last_at is not None and now - conversation.last_at > LONG_SILENCE
    return conversation.proof_needed or silent


def doubted(moment: Moment) -> str:
    """Why this address may be somebody else's: shared, unproven, muted (a death), blocked; empty where it is theirs."""
    conversation = moment.conversation
    if conversation.members:
        return "shared"
    if may_be_anothers(conversation, moment.world.now):
        return "unproven"
    return "muted" if conversation.muted else "blocked" if conversation.blocked else ""


def lend(moment: Moment) -> Link | None:
    """A new link; None where there is no page of ours, nothing to show, or a doubt. Of the token only the digest is
    kept (storage/forms.py)."""
    world = moment.world
    if not world.public_url or doubted(moment) or not visible(moment):
        return None
    token = urlsafe_b64encode(world.draw("own page")[:18]).decode()
    moment.do(OpenForm(form=world.draw("own page id").hex()[:24], token=token, steps=(), until=world.now + LENT))
    url = f"{world.public_url}/{moment.profile.slug}/mine/{token}"
    return Link(moment.words("own_page.open"), url, private=True)


def below_news(moment: Moment, kind: str) -> Link | None:
    """Where news of a case cannot be opened by a press, it is read there. `kind`: of the template."""
    of_case = not kind.startswith("appointment")
    return lend(moment) if of_case and moment.world.traits.name in WITHOUT_BUTTONS else None


def show(moment: Moment) -> bool:
    """They asked for it; False where the chat itself answers better."""
    if doubted(moment) == "shared":
        moment.tell(moment.words("own_page.shared"))
    link = lend(moment)
    if link is None:
        return False
    step = current_step(moment)
    if step is None:
        offer(moment, moment.words("own_page.here"), moment.options("/track", "/menu"), link=link)
    else:
        moment.tell(moment.words("own_page.here"), link=link)
        ask_step(moment, step)
    return True


def wanted(moment: Moment, event: PageWanted) -> None:
    """Somebody stands before a link that is over: the new one goes to the person, not to whoever stands there."""
    link = None if closed_now(moment) else lend(moment)
    if link is not None:
        moment.tell(moment.words("own_page.again"), link=link, lane="notice")


def opened(moment: Moment, event: NewsOpened) -> None:
    """They have read it on their page."""
    moment.conversation.news.pop(event.reference, None)
