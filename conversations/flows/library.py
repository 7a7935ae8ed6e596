"""The documents of the library, sent to whoever asks: «أرسلوا لي اللائحة», or from the menu.

Source: T tools 1–4, Harif ب-1 to ب-5 and خ-2 (forms and information on every channel). A document that the policy names
and nobody has put into the library yet is said to be missing, and a person is offered.
"""

import re
from collections.abc import Iterable

from conversations.arabic.normalise import fold
from conversations.asking import offer
from conversations.association.profile import Profile
from conversations.effects import PaperSent
from conversations.moment import Moment
from conversations.says import BUTTON_TITLE, ROW_ABOUT, ROW_TITLE, Attachment, Option
from conversations.ways import way_on
from conversations.world import Paper

_NAMELESS = re.compile(r'[\\/:*?"<>|\s]*[\\/:*?"<>|][\\/:*?"<>|\s]*')
"""What no file may be called."""
_MOST = 9
"""Documents in one list: a list of ten has room for a person beside them."""
_NOUNS = frozenset(
    fold(
        """
        لائحة لوائح لايحة دليل ادلة نموذج نماذج استمارة استمارات وثيقة وثائق سياسة سياسات كتيب
        bylaw bylaws guide guides form forms document documents policy policies regulations
        """
    ).split()
)
_SEND = frozenset(
    fold(
        """
        ارسل ارسلوا ارسلو ارسلي ارسال ترسل ترسلون ترسلوا ترسلي رسلوا رسل ابعث ابعثوا تبعثون طرش طرشوا عطوني اعطوني
        عطني اعطني نسخة احمل حمل تحميل نزل انزل تنزيل
        send copy download give get
        """
    ).split()
)
_SHORT = 5
"""Words of a message that names a document and nothing else."""
_LEAST = 3
"""Letters of a word that tells one title from another."""


def titles(moment: Moment) -> dict[str, str]:
    """By id, in this conversation's language: the profile's tools, there or not, then the association's own."""
    return titled(moment.profile, moment.world.papers, moment.language)


def titled(profile: Profile, papers: Iterable[Paper], language: str) -> dict[str, str]:
    named = {tool.id: tool.title.to(language) for tool in profile.tools}
    return named | {paper.id: paper.title for paper in papers if paper.id not in named}


def show(moment: Moment, among: tuple[str, ...] = ()) -> None:
    """A list to choose from: of these, or of all that there are."""
    named = titles(moment)
    there = [paper.id for paper in moment.world.papers]
    wanted = [id for id in (among or there) if id in named][:_MOST]
    options = tuple(_option(id, named[id]) for id in wanted)
    offer(moment, moment.words("library.which"), (*options, *moment.options("/person")))


def send(moment: Moment, id: str) -> None:
    """The newest version as a file, and it is on record."""
    paper = next((one for one in moment.world.papers if one.id == id), None)
    if paper is None:
        known = any(tool.id == id for tool in moment.profile.tools)
        offer(moment, moment.words("library.none" if known else "library.gone"), moment.options("/person", "/menu"))
        return
    title = titles(moment)[id]
    moment.tell(moment.words("library.here", title=title), file=attachment(paper, title))
    moment.do(PaperSent(document=id))
    way_on(moment)


def attachment(paper: Paper, title: str) -> Attachment:
    """What is sent: whichever version is the newest when it leaves."""
    return Attachment(f"document:{paper.id}", f"{_NAMELESS.sub('-', title)}.{paper.kind}", paper.kind)


def asked(moment: Moment, text: str, *, question: bool) -> bool:
    """True where the words ask for a document, and it was sent or offered. `question`: they ask something; then only
    words of sending mean the paper itself («ما هي سياسة الدعم؟» does not)."""
    said = _words(text)
    sending = bool(said & _SEND)
    named = {id: _words(title) for id, title in titles(moment).items()}
    if not said & _NOUNS and not (sending and any(words <= said for words in named.values())):
        return False
    if not sending and (question or len(said) > _SHORT):
        return False
    scores = {id: len(said & words) for id, words in named.items()}
    best = max(scores.values(), default=0)
    if not best:
        return _offered_all(moment)
    found = tuple(id for id, score in scores.items() if score == best)
    if len(found) == 1:
        send(moment, found[0])
    else:
        show(moment, found)
    return True


def _offered_all(moment: Moment) -> bool:
    if not moment.world.papers:
        return False
    show(moment)
    return True


def _option(id: str, title: str) -> Option:
    """A long title goes on below itself."""
    short = title if len(title) <= BUTTON_TITLE else f"{title[: ROW_TITLE - 1]}…"
    return Option(f"paper:{id}", short, title[:ROW_ABOUT] if short != title else "")


def _words(text: str) -> frozenset[str]:
    """Folded, without joined particles and articles: «للائحة» and «اللائحة» are one."""
    return frozenset(_bare(word) for word in fold(text).split() if len(word) >= _LEAST)


def _bare(word: str) -> str:
    for joined in ("وال", "بال", "لل", "ال"):
        if word.startswith(joined) and len(word) - len(joined) >= _LEAST:
            return word[len(joined) :]
    return word
