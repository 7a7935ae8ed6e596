"""How a conversation begins: the first message, or a link that opens a flow at once."""

from conversations import flows
from conversations.arabic.intents import wish_of
from conversations.arabic.normalise import fold
from conversations.dialogue import start
from conversations.moment import Moment
from conversations.ways import greet, way_on
from conversations.wishes import wish


def welcome(moment: Moment, courtesy_kind: str, rest: str) -> None:
    """The first message: greeted in full, and what it asked is taken up at once."""
    wished = wish_of(fold(rest)) if rest else None
    if wished is not None:
        greet(moment, courtesy_kind)
        wish(moment, wished.flow, rest)
    elif rest and not _is_hello(rest) and flows.ask.best(moment, rest):
        greet(moment, courtesy_kind)
        flows.ask.answer(moment, rest)
    else:
        moment.conversation.first_words = rest[:500]
        greet(moment, courtesy_kind, menu=True)


def _is_hello(text: str) -> bool:
    return len(text) < 4


def opened(moment: Moment, payload: str) -> None:
    """By a link or the start button: the link's flow opens at once, else the greeting."""
    flow, _, subject = payload.partition("-")
    if not moment.conversation.greeted:
        if flow in LINKS or flow == "consent":
            greet(moment, "")
        else:
            greet(moment, "", menu=True)
            return
    if flow == "consent":
        flows.represent.opened(moment, subject)
    elif flow in LINKS:
        open_draft = moment.conversation.open
        if open_draft is not None and open_draft.flow == LINKS[flow]:
            way_on(moment)
        else:
            known = subject if moment.profile.service(subject) else ""
            start(moment, LINKS[flow], known, **({"service": known} if known else {}))
    else:
        way_on(moment)


LINKS = {
    "apply": "apply",
    "complain": "complain",
    "suggest": "suggest",
    "volunteer": "volunteer",
    "mydata": "my_data",
}
"""What a direct link may open (`/{association}/complain`, `t.me/…?start=complain`), optionally `apply-<service>`."""
