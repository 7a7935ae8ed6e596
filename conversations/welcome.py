"""How a conversation begins: the first message, or a link that opens a flow at once."""

from conversations import flows
from conversations.arabic.normalise import fold
from conversations.asking import offer
from conversations.commands import run
from conversations.dialogue import start
from conversations.moment import Moment
from conversations.ways import greet, main_options, way_on
from conversations.wishes import for_a_person, understood


def welcome(moment: Moment, courtesy_kind: str, rest: str, word: str | None) -> None:
    """The first message: greeted in full, and what it asked or ordered is taken up at once."""
    greet(moment, courtesy_kind)
    if word not in (None, "start", "menu", "help") and run(moment, str(word)):
        return
    if len(rest) >= SHORTEST and understood(moment, rest, fold(rest)):
        return
    moment.conversation.first_words = rest[:500]
    if for_a_person(moment):
        return
    how = "menu.not_understood" if len(rest) >= SHORTEST and word is None else "welcome.how"
    offer(moment, moment.words(how), main_options(moment))


SHORTEST = 3
"""Characters of a first message that may mean something besides hello."""


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
