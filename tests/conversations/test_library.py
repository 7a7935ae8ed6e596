"""Documents asked for in one's own words: sent, offered, or said to be missing; and nothing else taken for it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from conversations.association.association import Association
from conversations.conversation import Address, Conversation
from conversations.effects import PaperSent
from conversations.engine import Turn, advance
from conversations.events import Press, Text
from conversations.world import Paper, Traits, World
from tests.conversations.robot import associations

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
SHELF = (
    Paper(id="bylaws"),
    Paper(id="aid_policy", kind="docx"),
    Paper(id="volunteering_policy"),
    Paper(id="service_request_form"),
    Paper(id="own-1", title="كتيب الأسرة المنتجة"),
)
HOUSE = {one.slug: one for one in associations()}


class Talk:
    def __init__(self, papers: tuple[Paper, ...] = SHELF, slug: str = "harif", language: str = "ar") -> None:
        self.association: Association = HOUSE[slug]
        self.papers = papers
        self.conversation = Conversation(
            association=slug, address=Address("telegram", "1"), id=1, language=language, greeted=True, noticed=True
        )

    def _turn(self, event: Any) -> Turn:
        world = World(
            association=self.association,
            now=NOW,
            seed=b"0" * 16,
            traits=Traits(name="telegram"),
            papers=self.papers,
            public_url="https://wasl.example",
        )
        turn = advance(self.conversation, event, world)
        self.conversation = turn.conversation
        return turn

    def says(self, text: str) -> Turn:
        return self._turn(Text(id="1", at=NOW, text=text))

    def presses(self, option: str) -> Turn:
        return self._turn(Press(id="2", at=NOW, option=option, prompt=self.conversation.prompt))


def sent(turn: Turn) -> list[str]:
    files = [say.file.file.removeprefix("document:") for say in turn.says if say.file]
    assert files == [effect.document for effect in turn.effects if isinstance(effect, PaperSent)]
    return files


def offered(turn: Turn) -> set[str]:
    return {option.id.removeprefix("paper:") for say in turn.says for option in say.options if "paper:" in option.id}


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("أرسلوا لي اللائحة", "bylaws"),
        ("ابغى اللايحة الاساسية", "bylaws"),
        ("عطوني نسخة من سياسة صرف المساعدات", "aid_policy"),
        ("نموذج طلب الخدمة", "service_request_form"),
        ("ابغى نموذج طلب خدمة لو سمحتوا", "service_request_form"),
        ("ممكن ترسلون سياسة التطوع؟", "volunteering_policy"),
        ("كتيب الأسرة", "own-1"),
        ("send me the bylaws", "bylaws"),
    ],
)
def test_a_document_named_in_ones_own_words_is_sent(text: str, document: str) -> None:
    turn = Talk(language="en" if text.isascii() else "ar").says(text)
    assert sent(turn) == [document]


def test_the_file_is_called_as_the_document_and_is_what_it_is() -> None:
    turn = Talk().says("أرسلوا سياسة صرف المساعدات")
    (file,) = (say.file for say in turn.says if say.file)
    assert (file.name, file.kind) == ("سياسة صرف المساعدات.docx", "docx")


def test_words_that_fit_several_offer_these_and_one_press_sends_it() -> None:
    talk = Talk()
    turn = talk.says("ارسلوا لي السياسة")
    assert {"aid_policy", "volunteering_policy"} <= offered(turn)
    assert "bylaws" not in offered(turn)
    assert sent(talk.presses("paper:aid_policy")) == ["aid_policy"]


def test_a_document_that_the_policy_names_and_nobody_has_put_there_is_said_to_be_missing() -> None:
    turn = Talk(papers=()).says("أرسلوا لي اللائحة")
    assert sent(turn) == []
    assert "لم تُضف" in turn.says[-1].text
    assert "/person" in {option.id for option in turn.says[-1].options}


def test_a_button_of_a_document_that_was_withdrawn_says_so() -> None:
    talk = Talk()
    talk.says("ارسلوا لي السياسة")
    talk.papers = ()
    turn = talk.presses("paper:own-1")
    assert sent(turn) == []
    assert "لم تعد متاحة" in turn.says[-1].text


@pytest.mark.parametrize(
    "text",
    [
        "ما هي سياسة الخصوصية؟",
        "هل عندكم دليل على كلامكم؟",
        "ابغى دعم لمشروعي",
        "وين وصل طلبي",
        "عندي شكوى",
        "كم تاخذ دراسة الطلب؟",
        "ابغى اتطوع",
        "السلام عليكم",
        "قدمت لكم قبل شهر نموذج طلب وما احد رد علي للحين",
        "can I apply for training",
    ],
)
def test_other_wishes_are_not_taken_for_a_document(text: str) -> None:
    turn = Talk(language="en" if text.isascii() else "ar").says(text)
    assert sent(turn) == []
    assert not offered(turn)


def test_in_the_middle_of_a_request_the_question_stands_again_after_the_document() -> None:
    talk = Talk()
    talk.says("ابغى دعم لمشروعي")
    draft = talk.conversation.open
    assert draft is not None
    turn = talk.says("أرسلوا لي اللائحة الأساسية")
    assert sent(turn) == ["bylaws"]
    assert talk.conversation.open is not None
    assert talk.conversation.open.flow == draft.flow
    assert turn.says[-1].options


def test_the_menu_has_the_documents_only_where_there_are_any() -> None:
    with_them, without = (Talk(papers=papers).presses("/more") for papers in (SHELF, ()))
    menus = [{option.id for say in turn.says for option in say.options} for turn in (with_them, without)]
    assert "/documents" in menus[0]
    assert "/documents" not in menus[1]
    assert len(menus[0]) <= 10
    talk = Talk()
    assert offered(talk.presses("/documents")) == {paper.id for paper in SHELF}


@pytest.mark.parametrize("slug", sorted(HOUSE))
@pytest.mark.parametrize("language", ["ar", "en"])
def test_every_tool_of_every_policy_is_found_by_its_own_title(slug: str, language: str) -> None:
    tools = HOUSE[slug].profile.tools
    assert tools
    papers = tuple(Paper(id=tool.id) for tool in tools)
    send = "أرسلوا لي" if language == "ar" else "please send me the document"
    for tool in tools:
        turn = Talk(papers, slug, language).says(f"{send} {tool.title.to(language)}")
        assert sent(turn) == [tool.id] or tool.id in offered(turn), tool.title.to(language)


def test_options_fit_every_channel() -> None:
    long = Paper(id="own-2", title="دليل الأسر المنتجة المسجلة في برامج الجمعية ومشاريعها " * 3)
    turn = Talk((*SHELF, long)).presses("/documents")
    for option in (option for say in turn.says for option in say.options):
        assert len(option.title) <= 24
        assert len(option.about) <= 72
        assert option.id.isascii() and len(option.id) <= 40
