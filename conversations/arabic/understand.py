"""What short messages mean, as tables over folded text (see normalise.fold). Nothing here guesses: unknown is None."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

from conversations.arabic.commands import COMMANDS
from conversations.arabic.intents import Intent, complaint_inside, insult, intent, threat, wish_of
from conversations.arabic.normalise import ascii_digits, fold

__all__ = [
    "Courtesy",
    "Intent",
    "choose",
    "command",
    "complaint_inside",
    "courtesy",
    "insult",
    "intent",
    "language_of",
    "strip_courtesy",
    "threat",
    "wish_of",
    "yes_no",
]

Courtesy = Literal["", "salam", "greeting", "thanks", "prayer"]


def _list(text: str) -> list[str]:
    return [folded for phrase in re.split(r"[,،\n]", text) if (folded := fold(phrase.strip()))]


_COURTESIES: Mapping[Courtesy, Sequence[str]] = {
    "salam": _list("""
        السلام عليكم، السلام عليك، السلام عليكم ورحمة الله، السلام عليكم ورحمة الله وبركاته،
        السلام عليكم ورحمة الله تعالى وبركاته، سلام عليكم، سلام عليك، سلام عليكم ورحمة الله،
        سلام عليكم ورحمة الله وبركاته، السلام عليكوم،
        السلام، سلام، عليكم السلام، وعليكم السلام، وعليكم السلام ورحمة الله، وعليكم السلام ورحمة الله وبركاته،
        السلام علييكم، السلامعليكم، سلامعليكم، السلام عيكم، السلم عليكم، اسلام عليكم، السلام عليكم جميعا،
        سلام الله عليكم،
        ورحمة الله وبركاته، ورحمة الله، salam, salam alaikum, salam alaykum, salam aleikum, assalam alaikum,
        assalamu alaikum, assalamualaikum, as salam alaikum, asalam alaikum, salamo alaikom, peace be upon you
        """),
    "greeting": _list("""
        مرحبا، مرحبا بكم، مراحب، مرحبتين، هلا، هلا والله، يا هلا، ياهلا، هلا وغلا، اهلا، أهلين، اهلا وسهلا،
        حياكم الله، حياك الله، الله يحييكم، الله حيهم، صباح الخير، صباح النور، مساء الخير، مساء النور، صباح الورد،
        مساكم الله بالخير، صبحكم الله بالخير، الله يصبحكم بالخير، الله يمسيكم بالخير، مسيتم بالخير، يسعد صباحكم،
        يسعد مساكم، يسعدلي صباحك،
        كيف الحال، كيف حالكم، كيف حالك، كيفكم، كيفك، كيفك انت، شلونكم، شلونك، وش اخباركم، وش اخبارك، اخباركم،
        اخبارك، ايش اخباركم، علومكم، وش علومكم، عساكم طيبين، عساكم بخير، ان شاء الله بخير، كيف الاحوال، الو،
        تحية طيبة، تحية طيبة وبعد، كل عام وانتم بخير، عيدكم مبارك، رمضان مبارك، رمضان كريم، مبارك عليكم الشهر،
        جمعة مباركة،
        hi, hello, hey, hi there, hello there, good morning, good evening, good afternoon, greetings, dear sir,
        dear sirs, how are you, hope you are well, happy eid, eid mubarak, ramadan kareem
        """),
    "thanks": _list("""
        شكرا، شكرا لكم، شكرا لك، شكرا جزيلا، شكرا جزيلا لكم، الشكر لكم، شكرا كثير، شكرا مره، مشكورين، مشكور،
        مشكورة، مشكورين والله، مشكوره، تسلم، تسلمون، تسلمي، تسلم ايدك، تسلم يمينكم، يعطيكم العافية، يعطيك العافية،
        الله يعطيكم العافية، الله يعطيك العافية، الله يعافيكم، الله يعافيك، ما قصرتم، ما قصرتوا، ماقصرتم، ماقصرتوا،
        ما تقصرون، ماتقصرون، ما تقصر،
        كفيتوا ووفيتوا، كفيت ووفيت، ممنون، ممنونة، ممنونين، ثانكس، بيض الله وجهكم، بيض الله وجيهكم، تعبناكم،
        تعبتكم معي،
        thanks, thank you, thank u, thanks a lot, thank you very much, thank you so much, many thanks, thx, ty,
        much appreciated, appreciate it, thanks so much
        """),
    "prayer": _list("""
        جزاكم الله خير، جزاكم الله خيرا، جزاك الله خير، جزاك الله خيرا، جزاكم الله كل خير، جزاك الله كل خير،
        الله يجزاكم خير، الله يجزاكم الخير، الله يجزيكم خير، الله يجزيكم الخير، الله يجزاك خير، الله يجزيك خير،
        يبارك فيكم، يبارك فيك،
        الله يجزاك الجنة، الله يجزاكم الجنة، بارك الله فيكم، بارك الله فيك، الله يبارك فيكم، الله يبارك فيك،
        الله يوفقكم، الله يوفقك، الله يسعدكم، الله يسعدك، الله يحفظكم، الله يحفظك، الله يرضى عليكم، الله يرضى عليك،
        الله يرحم والديكم، الله يرحم والديك، رحم الله والديكم، رحم الله والديك، غفر الله لكم، الله يكثر خيركم،
        كثر الله خيركم، كثر خيركم، الله يقويكم، الله يطول بعمركم، الله يطول عمركم، الله يطول عمرك، الله يكتب اجركم،
        كتب الله اجركم، الله يجعلها في ميزان حسناتكم، في ميزان حسناتكم، جعله الله في ميزان حسناتكم،
        جعلها الله في موازين حسناتكم، الله يستر عليكم، الله يخليكم، الله يخليك، الله يكرمكم، امين، آمين يارب،
        اللهم امين، الحمد لله، الحمدلله، الحمد لله رب العالمين، ان شاء الله، انشاء الله، إن شاء الله تعالى،
        باذن الله، بإذن الله، ما شاء الله، ماشاء الله، ماشاء الله تبارك الله، سبحان الله، الله اكبر،
        لا اله الا الله، لا حول ولا قوة الا بالله، حسبي الله ونعم الوكيل، استغفر الله، بسم الله،
        بسم الله الرحمن الرحيم، اللهم صل على محمد، اللهم صل وسلم على نبينا محمد، صلى الله عليه وسلم، يا رب، يارب،
        توكلنا على الله، الله المستعان، الله كريم،
        god bless you, god bless, may allah bless you, jazakallah khair, jazakallah, jazak allah khair,
        barak allah feek, inshallah, in sha allah, alhamdulillah, mashallah
        """),
}


class _Tree:
    """Phrases by their first word, longest first: what begins a text is found without trying them all."""

    def __init__(self, phrases: Mapping[str, str]) -> None:
        self.by_word: dict[str, list[tuple[str, str]]] = {}
        for phrase in sorted(phrases, key=len, reverse=True):
            self.by_word.setdefault(phrase.partition(" ")[0], []).append((phrase, phrases[phrase]))

    def at_start(self, text: str) -> tuple[str, int] | None:
        """The meaning and the length of the longest phrase that the text begins with, whole words only."""
        for phrase, meaning in self.by_word.get(text.partition(" ")[0], ()):
            length = len(phrase)
            if text.startswith(phrase) and (len(text) == length or text[length] == " "):
                return meaning, length
        return None


_KIND_OF = {phrase: kind for kind, phrases in _COURTESIES.items() for phrase in phrases}
_OPENING = _Tree(_KIND_OF)
_RANK: Mapping[str, int] = {"salam": 4, "greeting": 3, "prayer": 2, "thanks": 1, "": 0}
_FLOWERS = frozenset("👍👌🙏🌹🌷🌸💐❤♥💚💙💛🧡💜🤍😊☺😍🥰😘😁😄😃🙂👏💪✌✅✔🤲🌺🌼🌻💯😂🤣😅🎉🤝💖💕♡🕌☘🍀⭐🌟✨")
_VOCATIVES = frozenset(
    _list("يا اخوان، يا اخي، يا اختي، يا استاذ، اخوي، اختي، استاذ، يا جماعة، جميعا، يا غالي، sir, madam, dear")
)


_CALLED = re.compile(r"يا \w+(?: \w+)?")
"""Whoever is thanked or greeted: «يا وجه الخير»."""


def courtesy(folded: str) -> tuple[Courtesy, str]:
    """The courtesy a text opens with (the warmest of several), and the folded rest. Emoji alone are thanks."""
    kind: Courtesy = ""
    rest = folded
    while rest:
        found = _OPENING.at_start(rest)
        if found is None and kind and rest[0] == "و" and (also := _OPENING.at_start(rest[1:])):
            found = also[0], also[1] + 1  # «مشكورين وما تقصرون»
        if found is None:
            if rest[0] not in _FLOWERS:
                break
            found = "thanks", 1
            if len(rest) > 1 and rest[1] != " ":
                break
        if _RANK[found[0]] > _RANK[kind]:
            kind = found[0]  # type: ignore[assignment]
        rest = rest[found[1] :].lstrip()
    if kind and (rest in _VOCATIVES or (_CALLED.fullmatch(rest) and not insult(rest))):
        rest = ""
    return (kind, rest) if kind else ("", folded)


_WORD = re.compile(r"\S+")


def strip_courtesy(text: str) -> tuple[Courtesy, str]:
    """As `courtesy`, with the rest in the original spelling."""
    folded = fold(text)
    kind, rest = courtesy(folded)
    if not kind or not rest:
        return kind, "" if kind else text
    # As many original words are passed over as the courtesy has folded ones.
    taken = folded.count(" ") - rest.count(" ")
    for word in _WORD.finditer(text):
        if taken <= 0 and fold(word[0]):
            return kind, text[word.start() :].strip()
        taken -= len(fold(word[0]).split())
    return kind, rest


_COMMAND_OF = {phrase: command for command, phrases in COMMANDS.items() for phrase in _list(phrases)} | {"?": "explain"}
_POLITE = _list("""
    لو سمحت، لو سمحتم، لو سمحتوا، لو سمحتي، من فضلك، من فضلكم، فضلا، الله يعافيك، الله يعافيكم، الله يخليك،
    الله يخليكم، الله يسعدكم، تكفون، تكفى، طيب، طيب انا، اوكي، اوك، ممكن، بليز، رجاء، ارجوكم، ارجوك، يا اخوي، اخوي،
    يا ولدي، يا وليدي، يا بنتي، يا بنيتي، والله،
    اختي، انا، الان، الحين، please, pls, plz, ok, okay, can i, could you, now
    """)
_POLITE_FIRST = tuple(phrase + " " for phrase in _POLITE)
_POLITE_LAST = tuple(" " + phrase for phrase in _POLITE)
_LONGEST_COMMAND = 60


def command(folded: str) -> str | None:
    """The command that the whole message is, or None. Polite words around it do not count."""
    found = _COMMAND_OF.get(folded)
    if found is not None or len(folded) > _LONGEST_COMMAND:
        return found
    bare = _without_politeness(folded)
    return _COMMAND_OF.get(bare) if bare != folded else None


def _without_politeness(folded: str) -> str:
    while folded.startswith(_POLITE_FIRST):
        folded = next(folded[len(polite) :] for polite in _POLITE_FIRST if folded.startswith(polite))
    while folded.endswith(_POLITE_LAST):
        folded = next(folded[: -len(polite)] for polite in _POLITE_LAST if folded.endswith(polite))
    return folded


_YES = _list("""
    نعم، اي، ايه، ايوه، ايوا، ايوة، اي نعم، اي والله، ايه والله، اجل، بلى، اكيد، أكيد، طبعا، تمام، تم، اوكي، اوك،
    اوكيه، موافق، موافقة، موافقين، اوافق، أوافق، نوافق، صح، صحيح، كلامك صحيح، صحيح كله، كله صحيح، كله صح،
    كل شيء صحيح، نعم صحيح، ايه صح، ايوه صح، مضبوط، زين، طيب، ماشي، يب، يس، ابشر، ابشروا، يصير، ليش لا، ليه لا،
    ما عندي مانع، ما عندنا مانع، لا مانع، مافي مانع، لا بأس، نعم اوافق، نعم موافق، ايه موافق، نعم نبدأ، نعم اريد،
    ايه ابي، ايه ابغى، ابي، ابغى، اريد، بالتاكيد، بكل سرور، هذا هو، هو هذا، اي هو، ايه هو، نعم هو، نعم هنا، اقر،
    أقر وأوقع، اقر واوقع،
    yes, y, yeah, yep, yup, ok, okay, sure, of course, agreed, agree, i agree, correct, thats correct, right,
    thats right, true, fine, yes please, definitely, absolutely, i do, it is
    """)
_NO = _list("""
    لا، لأ، لاا، لأه، كلا، لا ابدا، لا ابد، ابد، ابدا، مو صحيح، مو صح، مب صحيح، مب صح، مهب صحيح، غير صحيح،
    ليس صحيحا، خطأ، غلط، ما ابي، ما ابغى، مابي، مابغى، ما نبي، ما نبغى، لا اريد، لا أرغب، ما اريد، لا ما ابي،
    لا ما ابغى، مو موافق،
    مو موافقة، مب موافق، غير موافق، غير موافقة، لا اوافق، ما اوافق، لست موافقا، لا شكرا، لا والله، لا مو صحيح،
    لا مو هذا، مو هذا، مب هذا، لا ليس هذا، ما عندي، لا ما عندي، لا يوجد، ما فيه، مافي، مافيه، ما في، لا ما فيه،
    ارفض، مرفوض، مستحيل،
    no, n, nope, nah, no thanks, no thank you, not really, never, wrong, incorrect, not correct, thats wrong,
    i disagree, disagree, i dont agree, i do not agree, i dont, i do not, dont, not this, its not
    """)
_YES_NO = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)
_YES_MARKS, _NO_MARKS = frozenset("👍👌✅✔☑💯🆗"), frozenset("👎❌✖🚫🙅")
_NO_FIRST = frozenset(("لا", "ولا", "او", "no", "or", "nope", "كلا"))
_YES_FIRST = frozenset(_list("نعم، ايه، ايوه، ايوا، اكيد، yes, yeah, yep, اي نعم"))


def yes_no(folded: str) -> bool | None:
    """Yes (True), no (False) or neither. A short sentence that opens with a plain yes or no counts."""
    found = _YES_NO.get(folded)
    if found is not None or not folded:
        return found
    marks = set(folded) - {" "}
    if marks <= _YES_MARKS:
        return True
    if marks <= _NO_MARKS:
        return False
    kind, rest = courtesy(folded)
    if kind and rest:
        return _YES_NO.get(rest)
    words = folded.split(" ", 4)
    if len(words) <= 4:
        if words[-1] in _FLOWERS or courtesy(" ".join(words[1:]))[1] == "":
            return _YES_NO.get(words[0])
        if words[0] in _YES_FIRST and not _NO_FIRST & set(words):
            return True
    return None


_ARABIC_LETTER = re.compile(r"[\u0621-\u064a\u066e-\u06d3\u06fa-\u06ff\ufb50-\ufdfb\ufe70-\ufefc]")
_LATIN_LETTER = re.compile(r"[A-Za-z]")
_ADDRESS = re.compile(r"\S*(?:://|www\.|@)\S*|\b\S*\d\S*")


def language_of(text: str) -> Literal["ar", "en"] | None:
    """The language most of the letters belong to; links, addresses and numbers say nothing of it."""
    sample = _ADDRESS.sub(" ", text[:400])
    arabic, latin = len(_ARABIC_LETTER.findall(sample)), len(_LATIN_LETTER.findall(sample))
    if arabic == latin == 0 or (not arabic and latin < 2):
        return None
    return "ar" if arabic * 2 >= latin else "en"


_ORDINALS: Mapping[str, int] = {
    word: number
    for number, words in enumerate(
        (
            "الاول، الاولى، اول، اولى، اول واحد، الخيار الاول، واحد، واحده، first, the first, the first one, one",
            "الثاني، الثانية، ثاني، ثانية، الخيار الثاني، اثنين، اثنان، second, the second, the second one, two",
            "الثالث، الثالثة، ثالث، ثالثة، الخيار الثالث، ثلاثة، ثلاث، third, the third, the third one, three",
            "الرابع، الرابعة، رابع، رابعة، الخيار الرابع، اربعة، اربع، fourth, the fourth, four",
            "الخامس، الخامسة، خامس، خامسة، الخيار الخامس، خمسة، خمس، fifth, the fifth, five",
            "السادس، السادسة، الخيار السادس، ستة، ست، sixth, the sixth, six",
            "السابع، السابعة، الخيار السابع، سبعة، سبع، seventh, the seventh, seven",
            "الثامن، الثامنة، الخيار الثامن، ثمانية، ثمان، eighth, the eighth, eight",
            "التاسع، التاسعة، الخيار التاسع، تسعة، تسع، ninth, the ninth, nine",
            "العاشر، العاشرة، الخيار العاشر، عشرة، عشر، tenth, the tenth, ten",
        ),
        1,
    )
    for word in _list(words)
}
_LAST = frozenset(_list("الاخير، الاخيرة، اخر واحد، اخر شي، last, the last, the last one, last one"))
_NUMBERED = re.compile(
    r"(?:رقم|الرقم|خيار|الخيار|اختار|اخترت|اختر|ابغي|ابي|no|number|option|choice|n)?\s*(?:رقم|الرقم|no|number)?\s*([0-9]{1,3})"
)
_MISTYPED, _LEAD = 78.0, 12.0
"""Least similarity (of 100) of a mistyped label, and how far ahead of the next it must be."""


def choose(text: str, titles: Sequence[str], words: Sequence[Sequence[str]] = ()) -> tuple[int, bool] | None:
    """Which of the titles was meant, and whether that is sure. Ambiguous or none: None.

    By number in any digits, by an ordinal, by label or one of `words` whole, inside a short sentence, or mistyped.
    """
    folded = fold(ascii_digits(text[:300]))
    if not folded:
        return None
    labels = _folded_labels(tuple(titles), tuple(map(tuple, words)))
    exact = [at for at, known in enumerate(labels) if folded in known]
    if exact:
        return (exact[0], True) if len(exact) == 1 else None
    bare = _without_politeness(folded)
    if numbered := _NUMBERED.fullmatch(bare):
        number = int(numbered[1])
        return (number - 1, True) if 1 <= number <= len(titles) else None
    bare = bare.removeprefix("رقم ").removeprefix("الخيار ").removeprefix("number ").removeprefix("option ")
    number = _ORDINALS.get(bare, len(titles) if bare in _LAST else 0)
    if number:
        return (number - 1, True) if number <= len(titles) else None
    return _inside(folded, labels) or _in_part(folded, labels) or _mistyped(folded, labels)


def is_place(folded: str) -> bool:
    """Whether the words are a place in some list («الثاني», 2), and so say nothing where no list was shown."""
    bare = _without_politeness(folded)
    return _NUMBERED.fullmatch(bare) is not None or bare in _ORDINALS or bare in _LAST


@lru_cache(maxsize=256)
def _folded_labels(titles: tuple[str, ...], words: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple(fold(label) for label in (title, *(words[at] if at < len(words) else ())))
        for at, title in enumerate(titles)
    )


def _inside(folded: str, labels: tuple[tuple[str, ...], ...]) -> tuple[int, bool] | None:
    """A label within a short sentence: sure when it is the only one, and nothing there denies it."""
    if len(folded) > 120:
        return None
    # «وتأخير» is «تأخير» as well.
    padded = f" {folded} ".replace(" و", " و ") + f" {folded} "
    longest: dict[int, str] = {}
    for at, label, marked in _marked_labels(labels):
        if marked in padded and len(label) > len(longest.get(at, "")):
            longest[at] = label
    best = max(longest.values(), key=len, default="")
    found = [at for at, label in longest.items() if label == best]
    if len(found) != 1 or any(label not in best for label in longest.values()):
        return None
    # «لا، تأخير» and «ليس تأخير» read alike: asked about.
    return found[0], not DENIALS & set(folded.split())


@lru_cache(maxsize=256)
def _marked_labels(labels: tuple[tuple[str, ...], ...]) -> tuple[tuple[int, str, str], ...]:
    """The place of each label that may stand inside a sentence, the label, and the label as a whole word."""
    return tuple((at, label, f" {label} ") for at, known in enumerate(labels) for label in known if len(label) > 2)


_PARTICLE = re.compile(r"(?:وال|بال|لل|ال|و|ل|ب)(?=\w{3})")


def _in_part(folded: str, labels: tuple[tuple[str, ...], ...]) -> tuple[int, bool] | None:
    """Words of one label alone, its particles aside: sure when they are all of it («دمام» for «الدمام»)."""
    said = _bare_words(folded)
    if not said or len(folded) > 60:
        return None
    found = [
        (at, said in known) for at, known in enumerate(_bare_labels(labels)) if any(said <= label for label in known)
    ]
    return found[0] if len(found) == 1 else None


@lru_cache(maxsize=256)
def _bare_labels(labels: tuple[tuple[str, ...], ...]) -> tuple[tuple[frozenset[str], ...], ...]:
    return tuple(tuple(_bare_words(label) for label in known) for known in labels)


def _bare_words(folded: str) -> frozenset[str]:
    return frozenset(
        word[particle.end() :] if (particle := _PARTICLE.match(word)) else word
        for word in folded.split()
        if len(word) > 2
    )


DENIALS = frozenset(
    _list("""
    لا، ما، مو، مب، مهب، موب، مش، لم، ليس، ليست، لست، لسنا، ليسوا، غير، بدون, not, no, dont, never, isnt, wasnt, arent
    """)
)


def _mistyped(folded: str, labels: Sequence[Sequence[str]]) -> tuple[int, bool] | None:
    if not 3 <= len(folded) <= 60:
        return None
    from rapidfuzz import fuzz

    scores = sorted(
        ((max((fuzz.ratio(folded, label) for label in known), default=0.0), at) for at, known in enumerate(labels)),
        reverse=True,
    )
    if not scores or scores[0][0] < _MISTYPED:
        return None
    if len(scores) > 1 and scores[0][0] - scores[1][0] < _LEAD:
        return None
    return scores[0][1], scores[0][0] >= 90 and len(folded) >= 5
