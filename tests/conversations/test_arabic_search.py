"""An approved answer is found for what people ask, and none is made up for what it does not hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.arabic.search import KnowledgeIndex
from conversations.association.association import KnowledgeEntry

ARABIC = tuple(
    KnowledgeEntry(title, tuple(questions), answer)
    for title, questions, answer in (
        ("كيف أقدّم طلبًا", ["كيف أسجل؟", "وش الخطوات؟"], "من هذه المحادثة: اختاروا الخدمة، ثم نسألكم سؤالًا سؤالًا."),
        ("متى يأتي الرد", ["كم مدة الرد؟", "طولتوا علي"], "نردّ خلال خمسة عشر يوم عمل، والتاريخ مكتوب في إيصالكم."),
        ("الأوراق والشروط", ["وش الأوراق المطلوبة؟", "ما الشروط؟"], "لكل خدمة أوراق نعرضها قبل أول سؤال."),
        ("أوقات العمل", ["متى تفتحون؟", "كم دوامكم؟"], "من الأحد إلى الخميس."),
        ("السرية والبيانات", ["هل معلوماتي سرية؟"], "لا يراها إلا من يعمل على طلبكم."),
        ("التبرع", ["رقم حساب التبرع"], "لا نستقبل التبرعات هنا."),
    )
)
ENGLISH = (
    KnowledgeEntry("Papers", ("What papers do I need?",), "Each service shows its papers first."),
    KnowledgeEntry("Opening hours", ("When are you open?",), "Sunday to Thursday."),
)


def titles(question: str, entries: tuple[KnowledgeEntry, ...] = ARABIC) -> list[str]:
    return [entry.title for entry in KnowledgeIndex(entries).answers(question)]


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("كيف أسجل؟", "كيف أقدّم طلبًا"),
        ("وش الأوراق", "الأوراق والشروط"),
        ("والأوراق وش هي؟", "الأوراق والشروط"),
        ("ايش المستندات المطلوبه", "الأوراق والشروط"),
        ("كم مدة الرد عليّ", "متى يأتي الرد"),
        ("متى تردون", "متى يأتي الرد"),
        ("دوامكم متى", "أوقات العمل"),
        ("أبغى أتبرع", "التبرع"),
        ("هل بياناتي سرّية عندكم", "السرية والبيانات"),
    ],
)
def test_a_question_in_other_words_finds_its_answer(question: str, title: str) -> None:
    assert titles(question) == [title]


@pytest.mark.parametrize("question", ["ما هي عاصمة فرنسا", "كيف اسوي حساب بتويتر", "محمد", "", "؟", "👍", "في من على"])
def test_what_the_file_does_not_hold_is_not_answered(question: str) -> None:
    assert titles(question) == []


def test_a_word_of_several_entries_offers_them() -> None:
    found = titles("طلبي والرد والأوراق")
    assert 2 <= len(found) <= 3


def test_every_question_of_the_file_finds_its_own_entry() -> None:
    index = KnowledgeIndex(ARABIC)
    asked = [(question, entry) for entry in ARABIC for question in (entry.title, *entry.questions)]
    assert asked
    assert [question for question, entry in asked if index.answers(question) != (entry,)] == []


def test_english_questions_are_stemmed_as_english() -> None:
    assert titles("which documents are needed", ENGLISH) == ["Papers"]
    assert titles("what are your opening hours", ENGLISH) == ["Opening hours"]


def test_the_same_question_gives_the_same_order_and_shares_between_0_and_1() -> None:
    first, second = (KnowledgeIndex(ARABIC).best("كم مدة دراسة الطلب والأوراق", 5) for _ in range(2))
    assert first == second
    assert first
    assert all(0 < share <= 1 for _, share in first)


@given(st.text())
def test_no_question_makes_it_raise(question: str) -> None:
    KnowledgeIndex(ENGLISH).answers(question)
    KnowledgeIndex(()).answers(question)
