"""Finding an approved answer for a question in free words: BM25 over the stems of the knowledge file.

The stemmer leaves a leading «و» and broken plurals, and takes marks for letters: the text is folded first, the «و»
taken off, and a small table of synonyms joins what belongs together. Nothing is made up: an entry is returned, or none.
"""

from collections.abc import Sequence
from functools import cache, cached_property
from typing import Any

from conversations.arabic.normalise import fold
from conversations.association.association import KnowledgeEntry

GOOD, FAIR = 0.62, 0.34
"""Shares of a question that an entry must cover to be the answer, or to be offered as one of several."""
_LEAD = 0.15
"""How far the answer must be ahead of the next, in the same share."""
_MOST = 3
_READ = 300
"""Characters of a question that are read."""

_STOP = frozenset(
    fold(
        """
        في من على الى عن مع هل ما ماذا متى كيف وش ايش شنو اين وين كم يا او و ثم ان انا انت انتم نحن هو هي هذا هذه
        هذي ذلك اللي التي الذي لي لكم
        لنا لك عندي عندكم عندك ابغى ابي اريد نبغى نبي ودي لو سمحت سمحتم سمحتوا ممكن اقدر يمكن كان يكون تكون كل بعد
        قبل لا نعم اذا بس طيب الله
        الجمعية جمعيتكم جمعية association charity
        the a an of for to in on at is are do does did i you we my your me us it this that how what when where who
        can could will would please be if and or with
        """
    ).split()
)
_SYNONYMS = """
    ورق اوراق ورقة مستند مستندات وثيقة وثائق papers paper documents document
    شرط شروط متطلبات المطلوب مطلوب المطلوبة معايير requirements criteria conditions requirement
    دوام دوامكم اوقات ساعات تفتحون تفتح مفتوح مفتوحين تقفلون تدوامون العمل open hours opening closed
    تواصل اتواصل التواصل اتصل اكلمكم رقمكم هاتف تلفون ايميل بريد contact phone email call reach
    موقع موقعكم عنوان عنوانكم مكانكم مقر مقركم فرع address location office located
    رد تردون ترد الرد جواب تجاوبون answer reply respond response
    مدة المدة يوم ايام اسبوع شهر تاخذ ياخذ تاخذون تطولون يستغرق طولتوا تاخرتوا تتاخر long days weeks take takes
    اقدم تقديم التقديم اسجل تسجيل التسجيل اطلب انضم apply register registration enrol join
    طلب طلبي الطلب معاملة معاملتي request application
    خدمة خدمات خدماتكم تقدمون تقدم تساعدون services service offer
    لجنة يدرس تدرس يقرر تقرر القرار قبول القبول يوافق committee decides decide studies accepted accept
    شكوى اشتكي شكاوى اشكي تظلم complain complaint complaints
    تعويض تعوضون تضررت ضرر compensation compensate harm damage
    بيانات بياناتي معلومات معلوماتي خصوصية سرية سر privacy private data information secret confidential
    احذف حذف مسح delete erase remove
    صورة صور تصاميم تصميم تصميمي photos photo pictures design designs
    تبرع اتبرع تبرعات زكاة صدقة ادعم donate donation zakat
    فلوس رسوم مجاني بفلوس تكلفة سعر fees fee cost free
    متطوع تطوع اتطوع volunteer volunteering
    تقييم اقيم رايي راي استبيان rate rating survey feedback opinion
    """


class KnowledgeIndex:
    """The entries of one association's knowledge file in one language. The index is built at the first question."""

    def __init__(self, entries: Sequence[KnowledgeEntry]) -> None:
        self.entries = tuple(entries)

    def best(self, question: str, n: int = _MOST) -> list[tuple[KnowledgeEntry, float]]:
        """The nearest entries, best first, each with the share of the question that it covers (0 to 1, above 0)."""
        words = _stems(question[:_READ])
        if not words or not self.entries:
            return []
        asked, whole, searcher = self._index
        # A word that stands nowhere weighs as much as the rarest: a question of unknown words is not answered.
        weights = {word: asked.weights.get(word, asked.heaviest) for word in words}
        total = sum(weights.values())
        known = [word for word in words if word in asked.weights]
        if not known:
            return []
        ranked = []
        for at, score in enumerate(searcher.get_scores(known)):
            share = sum(
                weight * (1.0 if word in asked.words[at] else 0.5 if word in whole[at] else 0.0)
                for word, weight in weights.items()
            )
            ranked.append((share / total, float(score), -at))
        ranked.sort(reverse=True)
        return [(self.entries[-at], share) for share, _, at in ranked[:n] if share > 0]

    def answers(self, question: str) -> tuple[KnowledgeEntry, ...]:
        """One entry when it answers, two or three when each may, none when nothing does."""
        known = self._questions.get(fold(question[:_READ]))
        return (known,) if known else verdict(self.best(question, _MOST + 1))

    @cached_property
    def _questions(self) -> dict[str, KnowledgeEntry]:
        return {fold(asked): entry for entry in self.entries for asked in (entry.title, *entry.questions)}

    @cached_property
    def _index(self) -> "tuple[_Asked, list[frozenset[str]], Any]":
        from bm25s import BM25

        asked = [_stems(" ".join((entry.title, *entry.questions))) for entry in self.entries]
        answers = [_stems(entry.answer) for entry in self.entries]
        searcher = BM25()
        # What people ask weighs twice what we answer.
        searcher.index([2 * ask + answer for ask, answer in zip(asked, answers, strict=True)], show_progress=False)
        return _Asked([*map(frozenset, asked)], [*map(frozenset, answers)]), [*map(frozenset, answers)], searcher


class _Asked:
    """The words of titles and questions by entry, and how much each word tells (the rarer, the more)."""

    def __init__(self, words: list[frozenset[str]], answers: list[frozenset[str]]) -> None:
        self.words = words
        count = len(words)
        everywhere = [one | other for one, other in zip(words, answers, strict=True)]
        self.weights = {
            word: 1.0 / (1.0 + sum(word in each for each in everywhere) / count * 4)
            for word in frozenset().union(*everywhere)
        }
        self.heaviest = max(self.weights.values(), default=1.0)


def verdict(found: Sequence[tuple[KnowledgeEntry, float]]) -> tuple[KnowledgeEntry, ...]:
    """What the shares of `best` amount to: one good answer, several candidates, or nothing."""
    fair = [(entry, share) for entry, share in found if share >= FAIR]
    if not fair:
        return ()
    if fair[0][1] >= GOOD and (len(fair) == 1 or fair[0][1] - fair[1][1] >= _LEAD):
        return (fair[0][0],)
    near = tuple(entry for entry, share in fair if share >= fair[0][1] - 2 * _LEAD)[:_MOST]
    # One alone that covers little would be read as the answer: a person is better.
    return near if len(near) > 1 or fair[0][1] >= GOOD else ()


def _stems(text: str) -> list[str]:
    return [_stem(word) for word in fold(text).split() if word not in _STOP and (len(word) > 1 or word.isdigit())]


def _stem(word: str) -> str:
    synonyms = _synonyms()
    if word in synonyms:
        return synonyms[word]
    stem = _bare_stem(word)
    return synonyms.get(stem, stem)


def _bare_stem(word: str) -> str:
    if word.isascii():
        return str(_stemmers()["en"].stemWord(word))
    if len(word) > 4 and word[0] == "و":
        word = word[1:]
    return fold(str(_stemmers()["ar"].stemWord(word)))


@cache
def _stemmers() -> dict[str, Any]:
    import snowballstemmer

    return {"ar": snowballstemmer.stemmer("arabic"), "en": snowballstemmer.stemmer("english")}


@cache
def _synonyms() -> dict[str, str]:
    table: dict[str, str] = {}
    for line in _SYNONYMS.strip().splitlines():
        first, *others = fold(line).split()
        for word in (first, *others):
            table.setdefault(word, first)
            table.setdefault(_bare_stem(word), first)
    return table
