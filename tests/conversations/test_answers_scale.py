"""What people say when they are asked how it was: in faces, in five, in ten, in their own words."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from conversations.answers.contract import Again, Answer, Confirm, Heard
from conversations.answers.rating import Rating
from conversations.answers.scale import Effort, Recommend, Scale
from conversations.events import Event, Location, Media, Press, Text
from conversations.wording import house_wording

AT = datetime(2026, 11, 22, 7, tzinfo=UTC)
KINDS: dict[str, Answer] = {"faces": Rating(), "scale": Scale(), "effort": Effort(), "recommend": Recommend()}


class Room:
    today = date(2026, 11, 22)

    def __init__(self, language: str = "ar") -> None:
        self.language = language


def hear(kind: str, said: str | Event, language: str = "ar") -> Heard:
    event = Text(id="1", at=AT, text=said) if isinstance(said, str) else said
    return KINDS[kind].hear(event, Room(language))


def outcome(heard: Heard) -> Any:
    match heard:
        case Again():
            return heard.words
        case Confirm():
            return "?", heard.value
    return heard.value


@pytest.mark.parametrize(
    ("kind", "said", "expected"),
    [
        # faces
        *(
            ("faces", said, 5)
            for said in ("ممتاز", "ممتاز جدا", "ممتازة جدًّا 👍", "الحمد لله ممتاز", "٥", "خمسة", "5/5")
        ),
        *(
            ("faces", said, 5)
            for said in ("⭐⭐⭐⭐⭐", "خمس نجوم", "5 نجوم", "٥ من ٥", "😊", "😊😊😊", "راضين جدا", "زين مرة")
        ),
        *(("faces", said, 4) for said in ("جيد جدا", "زين", "👍", "👍🏻", "👍👍", "٤", "أربعة", "والله زين")),
        *(("faces", said, 3) for said in ("عادي", "نص نص", "وسط", "😐", "٣ من ٥", "ثلاث نجوم", "إلى حد ما", "الثاني")),
        *(("faces", said, 2) for said in ("مو زين", "ضعيف", "👎", "2 من 5")),
        *(("faces", said, 1) for said in ("ضعيف جدا", "سيئ", "مو زين مرة", "😡", "غير راضين", "1/5", "الثالث")),
        # a «not» before it
        *(
            ("faces", said, 2)
            for said in (
                *("ليس جيدا", "ليس جيدًا جدًا", "غير جيد", "مو زين", "ما كان زين", "لم يكن جيدا", "مش كويس", "مهب زين"),
                *("ما عجبني", "لم يعجبني", "لست راضيا", "لسنا راضين", "لست راضية", "مب راضيين", "غير راض", "غير راضٍ"),
                *("not good", "not satisfied", "unsatisfied"),
            )
        ),
        *(("faces", said, 1) for said in ("مو راضي ابدا", "غير راضي مرة")),
        *(("faces", said, "rating.pick") for said in ("مو ممتاز", "ليس سيئا", "ما أدري", "ما جاني أحد")),
        # of five, or a row of the three: asked, and what is said then is of five
        *(("faces", said, ("?", 1)) for said in ("1", "١", "واحد")),
        *(("faces", said, ("?", 2)) for said in ("2", "٢", "اثنين")),
        *(("faces", said, ("?", 3)) for said in ("3", "٣", "ثلاثة")),
        *(("faces", said, "rating.pick") for said in ("محمد", "0", "7", "👍 👎", "جدا", "؟", "")),
        ("faces", Press(id="1", at=AT, option="good"), 5),
        ("faces", Press(id="1", at=AT, option="yes"), "choice.old"),
        ("faces", Media(id="1", at=AT, file="v1", kind="voice"), "rating.pick"),
        # one to five
        *(("scale", said, 5) for said in ("5", "٥", "خمسة", "ممتاز جدا", "5/5", "خمسة من خمسة", "5 – ممتاز", "😍")),
        *(("scale", said, 4) for said in ("4", "👍", "جيد", "٤ من ٥")),
        *(("scale", said, 1) for said in ("1", "سيئ", "واحد")),
        *(("scale", said, 2) for said in ("ليس جيدا", "لست راضيا")),
        *(("scale", said, "scale.again") for said in ("6", "0", "-1", "4.5", "لا أدري", "")),
        ("scale", Press(id="1", at=AT, option="2"), 2),
        ("scale", Press(id="1", at=AT, option="9"), "scale.again"),
        ("scale", Location(id="1", at=AT, latitude=24.0, longitude=46.0), "scale.again"),
        # how easy it was
        *(("effort", said, 5) for said in ("سهل جدًا", "سهل جدا", "مرة سهل", "😊")),
        *(("effort", said, 4) for said in ("سهل", "سهلة", "👍", "ما تعبت")),
        *(("effort", said, 3) for said in ("عادي", "بين السهل والصعب", "😐")),
        *(
            ("effort", said, 2)
            for said in ("صعب", "متعب", "مو سهل", "غير سهل", "ليس سهلا", "ما كان سهلًا", "مو سهل جدا")
        ),
        *(("effort", said, 4) for said in ("مو صعب", "ليس صعبا", "ما كان صعب")),
        *(("effort", said, 1) for said in ("صعب جدا", "تعبت كثير", "مرة صعب")),
        ("effort", "5", ("?", 5)),  # the fifth row, or five of five: asked
        ("effort", "١", ("?", 1)),
        ("effort", "5/5", 5),
        ("effort", "لا أدري", "effort.again"),
        ("effort", Press(id="1", at=AT, option="3"), 3),
        ("effort", Press(id="1", at=AT, option="6"), "choice.old"),
        # nought to ten
        *(("recommend", said, 10) for said in ("10", "١٠", "عشرة", "10/10", "عشرة من عشرة", "١٠ من ١٠")),
        *(("recommend", said, 9) for said in ("9", "٩ من ١٠", "تسعة")),
        *(("recommend", said, 0) for said in ("0", "صفر", "٠")),
        *(("recommend", said, "recommend.again") for said in ("11", "-1", "7.5", "أكيد", "")),
    ],
)
def test_it_hears(kind: str, said: str | Event, expected: Any) -> None:
    assert outcome(hear(kind, said)) == expected


@pytest.mark.parametrize(
    ("kind", "said", "expected"),
    [
        ("faces", "very good", 5),
        ("faces", "so-so", 3),
        ("faces", "five", 5),
        ("scale", "4 out of 5", 4),
        ("effort", "very easy", 5),
        ("effort", "not easy", 2),
        ("recommend", "9 out of 10", 9),
        ("recommend", "ten", 10),
    ],
)
def test_it_hears_english(kind: str, said: str, expected: Any) -> None:
    assert outcome(hear(kind, said, "en")) == expected


@pytest.mark.parametrize("kind", ["faces", "scale", "effort"])
@pytest.mark.parametrize("language", ["ar", "en"])
def test_what_is_offered_can_be_pressed_and_typed(kind: str, language: str) -> None:
    options = KINDS[kind].options(language)
    assert options
    for option in options:
        pressed = hear(kind, Press(id="1", at=AT, option=option.id), language)
        typed = hear(kind, option.title, language)
        assert outcome(pressed) == outcome(typed), option.title
        assert isinstance(outcome(typed), int)


def test_eleven_buttons_are_no_question() -> None:
    assert KINDS["recommend"].options("ar") == ()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["ar", "en"])
def test_an_answer_shown_says_what_it_is_of(kind: str, language: str) -> None:
    shown = KINDS[kind].show(3, language)
    assert shown.strip() and "{" not in shown


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["ar", "en"])
def test_what_is_not_understood_is_asked_again_in_words(kind: str, language: str) -> None:
    heard = hear(kind, "لا أدري", language)
    assert isinstance(heard, Again)
    said = house_wording(language)(heard.words, **(heard.args or {}))
    assert said.strip() and "{" not in said
