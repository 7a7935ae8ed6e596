"""Every kind of answer: what it hears, what it says when it cannot, and what it shows."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.answers import KINDS, answer_for
from conversations.answers.choice import ManyOf, OneOf, YesNo
from conversations.answers.contract import Again, Answer, Confirm, Got, Heard, Later
from conversations.answers.document import Document
from conversations.answers.files import REFUSED
from conversations.answers.number import Number
from conversations.answers.text import LongText
from conversations.association.profile import Choice, ServiceField, Words
from conversations.events import (
    Contact,
    Event,
    FileReady,
    FileRefused,
    FormFilled,
    Location,
    Media,
    Opened,
    Press,
    Text,
    TimePassed,
)
from conversations.wording import house_wording

AT = datetime(2026, 11, 22, 7, tzinfo=UTC)
LANGUAGES = ("ar", "en")


@dataclass(frozen=True)
class Room:
    """Who asks, and when: all that an answer may know."""

    language: str = "ar"
    today: date = date(2026, 11, 22)


CHOICES = (
    Choice(id="late", title=Words(ar="تأخير", en="Delay"), words=("متأخر",)),
    Choice(id="manner", title=Words(ar="معاملة", en="Manner")),
    Choice(id="other", title=Words(ar="شيء آخر", en="Something else")),
)


def kind(name: str, **more: Any) -> Answer:
    words = Words(ar="سؤال", en="Question")
    return answer_for(ServiceField(id="field", kind=name, title=words, ask=words, choices=CHOICES, **more))


def typed(text: str) -> Text:
    return Text(id="1", at=AT, text=text)


def hear(name: str, said: str | Event, language: str = "ar", **more: Any) -> Heard:
    return kind(name, **more).hear(typed(said) if isinstance(said, str) else said, Room(language))


def outcome(heard: Heard) -> Any:
    """The value of an answer understood, («?», value) of one to confirm, the key of the words otherwise."""
    match heard:
        case Again():
            return heard.words
        case Confirm():
            return "?", heard.value
    return heard.value


@pytest.mark.parametrize(
    ("name", "said", "expected"),
    [
        # identity
        ("saudi_id", "1012345672", "1012345672"),
        ("saudi_id", "١٠١٢٣٤٥٦٧٢", "1012345672"),
        ("saudi_id", "۱۰۱۲۳۴۵۶۷۲", "1012345672"),
        ("saudi_id", "هويتي 1122-334-459", "1122334459"),
        ("saudi_id", "2345678904", "2345678904"),
        ("saudi_id", "1012345673", "saudi_id.check"),
        ("saudi_id", "2345678940", "saudi_id.check"),
        ("saudi_id", "3012345678", "saudi_id.prefix"),
        ("saudi_id", "101234567²", "saudi_id.check"),
        ("saudi_id", "12345", "saudi_id.length"),
        ("saudi_id", "ما اعرفها", "saudi_id.only"),
        ("identity", "جوازي A1234567", "A1234567"),
        ("identity", "784-1985-1234567-1", "784198512345671"),
        ("identity", "1012345672", "1012345672"),
        ("identity", "1012345673", "saudi_id.check"),
        ("identity", "محمد", "identity.only"),
        # phone
        ("phone", "٠٥٠١٢٣٤٥٦٧", "+966501234567"),
        ("phone", "+966 50 123 4567", "+966501234567"),
        ("phone", "00966501234567", "+966501234567"),
        ("phone", "966501234567", "+966501234567"),
        ("phone", "501234567", "+966501234567"),
        ("phone", "+971501234567", "+971501234567"),
        ("phone", "0138820058", "phone.landline"),
        ("phone", "05012345", "phone.length"),
        ("phone", "0096651056560", "phone.length"),
        ("phone", "+9715", "phone.length"),
        ("phone", "جوالي", "phone.only"),
        ("phone", "نفس هذا الرقم", "phone.this"),
        ("phone", "هالرقم اللي أكتب منه", "phone.this"),
        ("phone", "this same number", "phone.this"),
        ("phone", Contact(id="1", at=AT, phone="966501234567", own=True), "+966501234567"),
        ("phone", Contact(id="1", at=AT, phone="+966501234567", own=False), "phone.not_own"),
        # bank
        ("iban", "SA0380000000608010167519", "SA0380000000608010167519"),
        ("iban", "sa03 8000 0000 6080 1016 7519", "SA0380000000608010167519"),
        ("iban", "٠٣٨٠٠٠٠٠٠٠٦٠٨٠١٠١٦٧٥١٩", "SA0380000000608010167519"),
        ("iban", "SA5310000001122334455676", "iban.check"),
        ("iban", "SA038000000060801016751", "iban.length"),
        ("iban", "SA03800000006080101675199", "iban.length"),
        ("iban", "AE070331234567890123456", "iban.country"),
        ("iban", "5105105105105100", "iban.card"),
        ("iban", "608010167519", "iban.start"),
        ("iban", "الراجحي", "iban.only"),
        # address, e-mail, registration
        ("short_address", "rrrd ٢٩٢٩", "RRRD2929"),
        ("short_address", "عنواني RRRD2929", "RRRD2929"),
        ("short_address", "RRRD292", "short_address.only"),
        ("email", "بريدي Ali.B@Example.COM", "Ali.B@example.com"),
        ("email", "ali@gmial.com", ("?", "ali@gmail.com")),
        ("email", "ali@gmail", "email.only"),
        ("email", "ما عندي إيميل", "email.none"),
        ("email", "I don't have an email", "email.none"),
        ("email", "a@b.com c@d.com", "email.only"),
        ("cr_number", "١٠١٠١٢٣٤٥٦", "1010123456"),
        ("cr_number", "7001234567", "7001234567"),
        ("cr_number", "101012345", "cr_number.length"),
        ("cr_number", "سجل", "cr_number.only"),
        # numbers
        ("number", "٥", 5),
        ("number", "خمسة أطفال", 5),
        ("number", "خمسة وعشرين", 25),
        ("number", "لا يوجد", 0),
        ("number", "2.5", 2.5),
        ("number", "٢٫٥", 2.5),
        ("number", "3-4", "number.only"),
        ("number", "عندي 3 أولاد و2 بنات", ("?", 5)),
        ("number", "-1", "number.least"),
        ("number", "كثير", "number.only"),
        ("number", "²", "number.only"),
        ("money", "٢٬٥٠٠ ريال", 2500),
        ("money", "2,500.75", 2500.75),
        ("money", "ألفين وخمسمية", 2500),
        ("money", "٣ آلاف و500", 3500),
        ("money", "خمسة آلاف", 5000),
        ("money", "12 ألف", 12000),
        ("money", "1.500", ("?", 1500)),
        ("money", "مليون ونصف", 1500000),
        ("money", "نص مليون", 500000),
        ("money", "2 مليون وربع", 2250000),
        ("money", "ألفين ونص", 2500),
        ("money", "بين 2000 و 3000", "money.only"),
        ("money", "4000 إلى 5000", "money.only"),
        ("money", "999999999999", "number.most"),
        # dates
        ("date", "30/9/1447", {"iso": "2026-03-19", "calendar": "hijri"}),
        ("date", "٣٠-٩-١٤٤٧هـ", {"iso": "2026-03-19", "calendar": "hijri"}),
        ("date", "30 رمضان 1447", {"iso": "2026-03-19", "calendar": "hijri"}),
        ("date", "19 مارس 2026", {"iso": "2026-03-19", "calendar": "gregorian"}),
        ("date", "March 19, 2026", {"iso": "2026-03-19", "calendar": "gregorian"}),
        ("date", "2026-03-19", {"iso": "2026-03-19", "calendar": "gregorian"}),
        ("date", "1 ذو الحجة 1447", {"iso": "2026-05-18", "calendar": "hijri"}),
        ("date", "5 جمادى الآخرة 1448", {"iso": "2026-11-15", "calendar": "hijri"}),
        ("date", "غرة رمضان 1447", {"iso": "2026-02-18", "calendar": "hijri"}),
        ("date", "بكرة", {"iso": "2026-11-23", "calendar": "gregorian"}),
        ("date", "3/30/2026", ("?", {"iso": "2026-03-30", "calendar": "gregorian"})),
        ("date", "19032026", ("?", {"iso": "2026-03-19", "calendar": "gregorian"})),
        ("date", "30/9/1448", "date.none"),
        ("date", "30/2/2026", "date.none"),
        ("date", "5/6/26", "date.year"),
        ("date", "5 رمضان 2026", "date.calendar"),
        ("date", "1/1/1700", "date.calendar"),
        ("date", "1/1/1340", "date.calendar"),
        ("date", "15 رمضان", "date.parts"),
        ("date", "الصيف", "date.only"),
        ("birth_date", "1/7/1390", {"iso": "1970-09-02", "calendar": "hijri"}),
        ("birth_date", "5/3/1340", {"year": 1340, "calendar": "hijri"}),
        ("birth_date", "١٣٤٠", {"year": 1340, "calendar": "hijri"}),
        ("birth_date", "1365", {"year": 1365, "calendar": "hijri"}),
        ("birth_date", "مواليد ١٣٧٠", {"year": 1370, "calendar": "hijri"}),
        ("birth_date", "1950", {"year": 1950, "calendar": "gregorian"}),
        ("birth_date", "1990", "date.parts"),
        ("birth_date", "1405", "date.parts"),
        ("birth_date", "1500", "date.parts"),
        ("date", "1365", "date.parts"),
        ("birth_date", "1/1/2030", "birth_date.future"),
        ("birth_date", "1/1/1850", "birth_date.too_old"),
        # text
        ("short_text", "  نورة   القحطاني ", "نورة القحطاني"),
        ("short_text", "محمد\u202eabc\x00", "محمد abc"),
        ("short_text", "...", "short_text.empty"),
        ("short_text", "ا" * 201, "short_text.long"),
        ("long_text", "السطر الأول\n\n  الثاني ", "السطر الأول\nالثاني"),
        ("long_text", "👍", "long_text.empty"),
        ("long_text", "ا" * 4001, "long_text.long"),
        # choices
        ("choice", "2", "manner"),
        ("choice", "تاخير", "late"),
        ("choice", "متأخر", "late"),
        ("choice", "تأحير", ("?", "late")),
        ("choice", Press(id="1", at=AT, option="other"), "other"),
        ("choice", Press(id="1", at=AT, option="gone"), "choice.old"),
        ("choice", "9", "choice.pick"),
        ("choices", "1 و 3", ["late", "other"]),
        ("choices", "٣،١", ["late", "other"]),
        ("choices", "معاملة وتأخير", ["late", "manner"]),
        ("choices", "تأخير، شيء آخر", ["late", "other"]),
        ("choices", "الكل", ["late", "manner", "other"]),
        ("choices", "1 و 7", "choices.pick"),
        ("choices", Press(id="1", at=AT, option="late"), ["late"]),
        ("yes_no", "ايه والله", True),
        ("yes_no", "لا شكرا", False),
        ("yes_no", "2", False),
        ("yes_no", "👍", True),
        ("yes_no", "يمكن", "yes_no.pick"),
        ("yes_no", Press(id="1", at=AT, option="yes"), True),
        # places
        ("location", Location(id="1", at=AT, latitude=26.42, longitude=50.09), {"latitude": 26.42, "longitude": 50.09}),
        ("location", "https://www.google.com/maps/@26.4207,50.0888,15z", {"latitude": 26.4207, "longitude": 50.0888}),
        ("location", "٢٦٫٤٢٠٧، ٥٠٫٠٨٨٨", {"latitude": 26.4207, "longitude": 50.0888}),
        ("location", "https://maps.app.goo.gl/abc", {"link": "https://maps.app.goo.gl/abc"}),
        ("location", "RRRD2929", {"short_address": "RRRD2929"}),
        ("location", "الدمام، حي الفيصلية", {"place": "الدمام، حي الفيصلية"}),
        ("location", Location(id="1", at=AT, latitude=float("nan"), longitude=0.0), "location.only"),
        ("location", "99.5000, 50.1000", "location.only"),
        ("location", "؟", "location.only"),
        # ratings and signatures
        ("rating", Press(id="1", at=AT, option="good"), 5),
        ("rating", "3", ("?", 3)),
        ("rating", "راضون", 5),
        ("rating", "غير راضين", 1),
        ("rating", "⭐⭐⭐⭐", 4),
        ("rating", "4 من 5", 4),
        ("rating", "٥", 5),
        ("rating", "😞", 1),
        ("rating", "محمد", "rating.pick"),
        ("signature", Press(id="1", at=AT, option="sign"), {"signed": True}),
        ("signature", "أُقرّ وأوقّع", {"signed": True}),
        ("signature", "نورة محمد القحطاني", ("?", {"signed": True, "name": "نورة محمد القحطاني"})),
        ("signature", "وش يعني", "signature.only"),
        ("signature", "لا", "signature.only"),
        # files
        ("document", Media(id="1", at=AT, file="f1", kind="photo"), ["f1"]),
        ("document", FileReady(id="1", at=AT, file="f1", kind="pdf", size=9), ["f1"]),
        ("document", FileReady(id="1", at=AT, file="f1", kind="mp4", size=9), "document.kind"),
        ("document", FileRefused(id="1", at=AT, file="f1", reason="too_big"), "file.too_big"),
        ("document", "ليست معي الآن", "document.only"),
        ("photo", FileReady(id="1", at=AT, file="f1", kind="pdf", size=9), "photo.kind"),
        ("voice", Media(id="1", at=AT, file="v1", kind="voice"), {"voice": "v1"}),
        ("voice", FileReady(id="1", at=AT, file="v1", kind="ogg", size=9), {"voice": "v1"}),
        ("voice", "اكتب لكم", "voice.only"),
        ("long_text", Media(id="1", at=AT, file="v1", kind="voice"), {"voice": "v1"}),
        ("long_text", FileReady(id="1", at=AT, file="v1", kind="pdf", size=9), "voice.kind"),
    ],
)
def test_it_hears(name: str, said: str | Event, expected: Any) -> None:
    assert outcome(hear(name, said)) == expected


def test_a_file_is_taken_at_once_and_settled_later() -> None:
    assert hear("document", Media(id="1", at=AT, file="f1", kind="photo")) == Later(["f1"], "f1")


def test_english_labels_and_numbers_are_understood_in_english() -> None:
    assert outcome(hear("choice", "delay", "en")) == "late"
    assert outcome(hear("choices", "delay and manner", "en")) == ["late", "manner"]
    assert outcome(hear("number", "twenty five", "en")) == 25
    assert outcome(hear("rating", "so-so", "en")) == 3


def test_pages_of_a_burst_are_one_answer_without_doubles_and_within_the_limit() -> None:
    assert Document(at_most=3).join([["a"], ["b"], ["a"], ["c"], ["d"]]) == ["a", "b", "c"]


def test_typed_parts_join_and_spoken_ones_stay_beside_them() -> None:
    answer = LongText()
    assert answer.join(["سطر", "آخر"]) == "سطر\nآخر"
    assert answer.join([{"voice": "v1"}]) == {"voice": "v1"}
    assert answer.join(["سطر", {"voice": "v1"}]) == ["سطر", {"voice": "v1"}]
    assert answer.show(["سطر", {"voice": "v1"}], "ar") == "سطر · رسالة صوتية"


def test_choices_pressed_one_after_another_come_in_the_profiles_order() -> None:
    assert ManyOf(CHOICES).join([["other"], ["late"], ["other"]]) == ["late", "other"]


@pytest.mark.parametrize(
    ("name", "value", "arabic", "english"),
    [
        ("saudi_id", "1012345672", "تنتهي بـ 5672", "ends in 5672"),
        ("iban", "SA0380000000608010167519", "تنتهي بـ 7519", "ends in 7519"),
        ("phone", "+966501234567", "\u20660501234567\u2069", "\u20660501234567\u2069"),
        ("money", 2500, "2,500 ريال", "SAR 2,500"),
        ("number", 2.5, "2.5", "2.5"),
        ("yes_no", True, "نعم", "Yes"),
        ("choices", ["late", "other"], "تأخير، شيء آخر", "Delay, Something else"),
        ("choice", "removed", "removed", "removed"),
        ("document", ["a", "b", "c"], "3 ملفات", "3 files"),
        ("document", ["a"], "ملف واحد", "1 file"),
        (
            "date",
            {"iso": "2026-03-19", "calendar": "hijri"},
            "30 رمضان 1447 هـ (19 مارس 2026 م)",
            "30 Ramadan 1447 AH (19 March 2026)",
        ),
        ("birth_date", {"year": 1340, "calendar": "hijri"}, "1340 هـ", "1340 AH"),
        ("rating", 3, "3 من 5", "3 of 5"),
        ("location", {"link": "https://maps.app.goo.gl/a"}, "رابط خريطة", "map link"),
    ],
)
def test_it_shows_its_value_in_both_languages(name: str, value: Any, arabic: str, english: str) -> None:
    assert (kind(name).show(value, "ar"), kind(name).show(value, "en")) == (arabic, english)


def test_every_kind_has_its_question_and_its_help_in_both_languages() -> None:
    assert len(KINDS) == 22
    for name in KINDS:
        assert kind(name).kind == name
        for language in LANGUAGES:
            words = house_wording(language)
            assert {f"{name}.ask", f"{name}.help"} <= set(words.sentences)


def test_both_languages_say_the_same_things_with_the_same_facts() -> None:
    from pathlib import Path

    import conversations.wording
    from conversations.wording import read_catalogue

    folder = Path(conversations.wording.__file__).parent
    arabic, english = (read_catalogue(folder / language / "answers.po")[0] for language in LANGUAGES)
    assert arabic.keys() == english.keys()
    assert len(arabic) > 80
    for key, sentence in arabic.items():
        if isinstance(sentence, str):
            assert sorted(re.findall(r"{\w+}", sentence)) == sorted(re.findall(r"{\w+}", str(english[key]))), key
        else:
            assert len(sentence) == 6


def test_a_profile_sets_limits() -> None:
    assert outcome(hear("number", "11", most=10)) == "number.most"
    assert outcome(hear("money", "50", least=100)) == "number.least"
    assert outcome(hear("short_text", "محمد", most=3)) == "short_text.long"
    assert Number(least=None).hear(typed("-5"), Room()) == Got(-5)


def test_a_kind_that_does_not_exist_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        kind("nonsense")


ids = st.text(max_size=40)
people = st.one_of(
    st.builds(Text, id=ids, at=st.just(AT), text=st.text(max_size=300)),
    st.builds(Text, id=ids, at=st.just(AT), text=st.text(alphabet="0123456789٠١٢٣٤٥٦٧٨٩/-.,²SAsa @و", max_size=60)),
    st.builds(Press, id=ids, at=st.just(AT), option=ids),
    st.builds(
        Media,
        id=ids,
        at=st.just(AT),
        file=ids,
        kind=st.sampled_from(["photo", "document", "voice", "audio", "video", "sticker", "other"]),
    ),
    st.builds(Location, id=ids, at=st.just(AT), latitude=st.floats(), longitude=st.floats()),
    st.builds(Contact, id=ids, at=st.just(AT), phone=st.text(max_size=30), own=st.booleans()),
    st.builds(FileReady, id=ids, at=st.just(AT), file=ids, kind=st.text(max_size=6), size=st.integers()),
    st.builds(FileRefused, id=ids, at=st.just(AT), file=ids, reason=st.sampled_from(sorted(REFUSED))),
    st.builds(Opened, id=ids, at=st.just(AT), payload=ids),
    st.builds(TimePassed, id=ids, at=st.just(AT), timer=ids),
    st.builds(FormFilled, id=ids, at=st.just(AT), form=ids, values=st.just({})),
)


@given(st.sampled_from(sorted(KINDS)), people, st.sampled_from(LANGUAGES))
def test_whatever_comes_there_is_an_answer_with_words_in_both_languages(name: str, event: Event, language: str) -> None:
    answer = kind(name)
    heard = answer.hear(event, Room(language))
    if isinstance(heard, Again | Confirm):
        shown = {"shown": answer.show(heard.value, language)} if isinstance(heard, Confirm) else {}
        for each in LANGUAGES:
            assert house_wording(each)(heard.words, **{**(heard.args or {}), **shown})
    if isinstance(heard, Got | Later):
        assert answer.show(heard.value, language)
        assert isinstance(answer.join([heard.value]), type(heard.value))


@given(st.sampled_from(["saudi_id", "identity", "iban"]), people)
def test_a_sensitive_kind_never_shows_or_repeats_the_whole(name: str, event: Event) -> None:
    answer = kind(name)
    assert answer.sensitive
    heard = answer.hear(event, Room())
    if isinstance(heard, Got):
        assert str(heard.value) not in answer.show(heard.value, "ar") + answer.show(heard.value, "en")
    if isinstance(heard, Again) and isinstance(event, Text):
        assert not any(len(str(value)) > 4 for value in (heard.args or {}).values())


@given(st.integers(0, 10**8))
def test_a_number_shown_is_heard_as_the_same_number(value: int) -> None:
    for name in ("number", "money"):
        assert outcome(hear(name, kind(name).show(value, "ar"))) == value


@given(
    st.dates(date(1925, 1, 1), date(2076, 1, 1)), st.sampled_from(["hijri", "gregorian"]), st.sampled_from(LANGUAGES)
)
def test_a_date_shown_is_heard_as_the_same_date(day: date, calendar: str, language: str) -> None:
    value = {"iso": day.isoformat(), "calendar": calendar}
    shown = kind("date").show(value, language)
    assert outcome(hear("date", shown.partition("(")[0])) == value


@pytest.mark.parametrize("answer", [OneOf(CHOICES), ManyOf(CHOICES), YesNo(), kind("rating"), kind("signature")])
def test_what_is_offered_can_be_pressed_and_typed(answer: Answer) -> None:
    for language in LANGUAGES:
        assert answer.options(language)
        for option in answer.options(language):
            assert isinstance(answer.hear(Press(id="1", at=AT, option=option.id), Room(language)), Got)
            assert isinstance(answer.hear(typed(option.title), Room(language)), Got)
            assert len(option.title) <= 20


@pytest.mark.parametrize(
    ("typed", "value"),
    [("موافق", "yes"), ("موافقة", "yes"), ("نعم", "yes"), ("لا", "no"), ("مو موافق", "no"), ("OK", "yes")],
)
def test_agreeing_in_other_words_is_agreeing(typed: str, value: str) -> None:
    agree = OneOf(
        (
            Choice(id="yes", title=Words(ar="أوافق", en="I agree")),
            Choice(id="no", title=Words(ar="لا أوافق", en="I do not agree")),
            Choice(id="question", title=Words(ar="عندي سؤال", en="I have a question")),
        )
    )
    assert agree.hear(Text(id="1", at=AT, text=typed), Room()) == Got(value)


@pytest.mark.parametrize("typed", ["ليش", "مين يشوفها", "لماذا تحتاجونها؟", "why"])
def test_asking_back_is_the_question_that_is_on_offer(typed: str) -> None:
    agree = OneOf(
        (
            Choice(id="yes", title=Words(ar="أوافق", en="I agree")),
            Choice(id="question", title=Words(ar="عندي سؤال", en="I have a question")),
        )
    )
    assert agree.hear(Text(id="1", at=AT, text=typed), Room()) == Got("question")
