"""Short messages, understood as tables say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.arabic import intents, understand
from conversations.arabic.commands import COMMANDS
from conversations.arabic.normalise import fold
from conversations.arabic.understand import (
    choose,
    command,
    complaint_inside,
    courtesy,
    insult,
    intent,
    language_of,
    strip_courtesy,
    threat,
    wish_of,
    yes_no,
)


@pytest.mark.parametrize(
    ("said", "kind", "rest"),
    [
        ("السلام عليكم", "salam", ""),
        ("السلام عليكم ورحمة الله وبركاته 🌹", "salam", ""),
        ("سلامٌ عليكم", "salam", ""),
        ("Assalamu alaikum, I need help", "salam", "I need help"),
        ("السلام عليكم، ابغى دعم لمشروعي", "salam", "ابغى دعم لمشروعي"),
        ("السلام عليكم\nصباح الخير\nوين وصل طلبي؟", "salam", "وين وصل طلبي؟"),
        ("صباح الخير", "greeting", ""),
        ("هلا والله عندي سؤال", "greeting", "عندي سؤال"),
        ("صباح الخير يا الغالين", "greeting", ""),
        ("شكرا يا وجه الخير", "thanks", ""),
        ("مشكورين وما تقصرون", "thanks", ""),
        ("الله يجزاكم خير ويبارك فيكم", "prayer", ""),
        ("هلا يا حرامي", "greeting", "يا حرامي"),
        ("شكرا يا جماعة بس ابي طلبي", "thanks", "يا جماعة بس ابي طلبي"),
        ("الله يعطيكم العافية", "thanks", ""),
        ("شكراً جزيلاً", "thanks", ""),
        ("جزاكم الله خير", "prayer", ""),
        ("الله يرحم والديكم ساعدوني", "prayer", "ساعدوني"),
        ("👍🌹🙏", "thanks", ""),
        ("❤️", "thanks", ""),
        ("ابغى دعم", "", "ابغى دعم"),
        ("سلامة امي", "", "سلامة امي"),
        ("hi", "greeting", ""),
        ("history of my request", "", "history of my request"),
    ],
)
def test_a_courtesy_is_taken_off_and_the_rest_kept_as_written(said: str, kind: str, rest: str) -> None:
    assert strip_courtesy(said) == (kind, rest)


@given(st.sampled_from(["السلام عليكم", "شكرا 🌹", "صباح الخير،", "مرحبا"]), st.text(max_size=60))
def test_the_rest_of_a_greeting_is_always_the_end_of_what_was_written(greeting: str, more: str) -> None:
    text = f"{greeting} {more}"
    kind, rest = strip_courtesy(text)
    assert kind
    assert text.strip().endswith(rest) or not rest
    assert fold(rest) in ("", "?") or fold(rest) == courtesy(fold(text))[1]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("رجوع", "back"),
        ("ارجع لو سمحت", "back"),
        ("Back please", "back"),
        ("تخطي", "skip"),
        ("إلغاء الطلب", "cancel"),
        ("هونت", "cancel"),
        ("خلاص هونت", "cancel"),
        ("ابي الغي طلبي", "cancel"),
        ("والله مدري", "dont_have"),
        ("can you speak english?", "english"),
        ("بكمل بعدين", "later"),
        ("ما اعرفه يا ولدي", "dont_have"),
        ("وش يعني؟", "explain"),
        ("ما معنى هذا", "explain"),
        ("؟", "explain"),
        ("مساعدة", "help"),
        ("أبغى أكلم موظف لو سمحت", "person"),
        ("موظفة", "woman"),
        ("القائمة", "menu"),
        ("عاجل!!", "urgent"),
        ("عاااجل", "urgent"),
        ("STOP", "stop"),
        ("إيقاف", "stop"),
        ("الغاء الاشتراك", "stop"),
        ("لا ترسلوا لي", "stop"),
        ("وقف", "stop_unclear"),
        ("English please", "english"),
        ("عربي", "arabic"),
        ("بياناتي", "mydata"),
        ("سحب الموافقة", "withdraw"),
        ("الكل", "all"),
        ("تعديل", "edit"),
        ("اتصلوا بي", "callme"),
        ("بعدين", "later"),
        ("نكمل", "resume"),
        ("وين وصل طلبي", "track"),
        ("طلب خدمة", "apply"),
        ("شكوى", "complain"),
        ("عندي اقتراح", "suggest"),
        ("تطوع", "volunteer"),
        ("عندي سؤال", "ask"),
        ("جوال العائلة", "shared_phone"),
        ("ليست عندي", "dont_have"),
        ("اقرؤوه لي", "read_aloud"),
        ("ابغى وقف السيل عن بيتنا", None),
        ("لا توقفوا طلبي", None),
        ("رجوع زوجي من السفر", None),
        ("محمد", None),
        ("", None),
    ],
)
def test_only_a_whole_message_is_a_command(said: str, meant: str | None) -> None:
    assert command(fold(said)) == meant


def test_a_phrase_orders_one_thing_only() -> None:
    seen: dict[str, str] = {}
    for name, phrases in COMMANDS.items():
        for phrase in understand._list(phrases):
            assert seen.setdefault(phrase, name) == name, phrase
            assert command(phrase) == name, phrase
    assert len(seen) > 500


def test_no_command_is_a_greeting() -> None:
    taken = [phrase for phrases in COMMANDS.values() for phrase in understand._list(phrases)]
    assert taken
    assert [phrase for phrase in taken if courtesy(phrase)[0] and not courtesy(phrase)[1]] == []


@pytest.mark.parametrize(
    ("said", "flow"),
    [
        ("ابغى اشتكي", "complain"),
        ("ابغى اشتكي على تأخيركم", "complain"),
        ("ليش ما تردون ابي اشتكي", "complain"),
        ("تأخرتوا علينا شهر", "complain"),
        ("i want to complain about the delay", "complain"),
        ("ما ابغى اشتكي", None),
        ("ما أبي أشتكي على أحد", None),
        ("انا مو جاي اشتكي", None),
        ("i dont want to complain", None),
        ("لا اريد متطوعين", None),
        ("ما ابي اقدم طلب", None),
        ("ابغى دعم لمشروعي", "apply"),
        ("احتاج كرسي متحرك لوالدتي", "apply"),
        ("كيف اقدم على ترميم", "apply"),
        ("I need help with my rent", "apply"),
        ("وش صار على طلبي", "track"),
        ("وش صار على شكواي", "track"),
        ("ابغى اسحب طلبي", "track"),
        ("اسحبوا شكواي", "track"),
        ("I want to withdraw my request", "track"),
        ("withdraw my complaint please", "track"),
        ("where is my request", "track"),
        ("where's my request?", "track"),
        *(
            (said, "track")
            for said in (
                "طلبي وينه",
                "الطلب حقي وينه",
                "وين وصل موضوعي",
                "طلبي له شهر ماحد رد",
                "لين الحين ما وصلني شي",
                "صار لي اسبوعين انتظر",
                "متى يطلع القبول",
                "متى ينزل الدعم",
                "متى يجيني الكرسي",
                "طلبي مرفوض؟",
                "ليش رفضتوا طلبي",
                "استفسر عن طلبي",
                "ابي اشوف طلبي",
                "هل قبلتموني",
                "الغاء الطلب",
                "الغوا الشكوى",
                "سحب الشكوى",
                "خلاص تصالحنا ما ابي الشكوى",
            )
        ),
        *(
            (said, "complain")
            for said in (
                "موظفتكم سارة صرخت علي وقالت مالك شي",
                "الموظف سيء",
                "موظفكم اسلوبه زفت",
                "الباحثه ما احترمتني",
            )
        ),
        ("غيروا طريقة التواصل", "my_data"),
        ("كتبت ايميلي غلط", "my_data"),
        ("صفحتي ما تفتح", "technical"),
        ("ابغى اتطوع معكم", "volunteer"),
        ("غيرت رقم جوالي", "number"),
        ("معي رقم جديد", "number"),
        ("احذفوا بياناتي", "my_data"),
        ("ابغى اكلم احد", "staff"),
        ("ابي موظفة تكلمني", "woman"),
        ("ما عندنا اكل", "urgent"),
        ("صاحب البيت طردنا", "urgent"),
        ("بنتي ما تاكل من يومين ولا عندنا اكل", "urgent"),
        ("عيالي نايمين بدون عشا", "urgent"),
        ("محتاجه حليب لولدي ضروري", "urgent"),
        ("قاطعين علينا الكهرب", "urgent"),
        ("المويه دخلت البيت", "urgent"),
        ("we have no food", "urgent"),
        ("ما عندنا شي ناكله من امس", "urgent"),
        ("عيالي ما تعشوا", "urgent"),
        ("ولدي ما تعشى", "urgent"),
        ("انا جوعانه", "urgent"),
        ("أحتاج مساعدة عاجلة", "urgent"),
        ("محتاجين مساعدتكم العاجلة", "urgent"),
        ("ابغى مساعدة طارئة الله يخليكم", "urgent"),
        ("I need urgent help", "urgent"),
        ("please help us urgently", "urgent"),
        ("ابغى سلة عاجلة", "apply"),
        ("متى يرد على طلب المساعدة العاجلة", "ask"),
        ("ما معي قيمة الدواء", "urgent"),
        ("خلص دواي", "urgent"),
        ("مالي بيت", "urgent"),
        ("طردني زوجي مع عيالي", "urgent"),
        ("ابوي رماني برا", "urgent"),
        ("انا نايمة بالسيارة مع عيالي", "urgent"),
        ("انا جالسة في السيارة انتظر الموظف", None),
        ("ابغى اتبرع", "donate"),
        ("ابغى زكاة", "apply"),
        ("ابغى وظيفة", "job"),
        ("هل عندكم وظائف", "job"),
        ("زوجي ما عنده وظيفة وابغى مساعدة", "apply"),
        ("الموقع ما يشتغل", "technical"),
        ("البيت ما يشتغل فيه المكيف", None),
        ("عندنا شركة ونبي نقدم لكم عرض سعر", "supplier"),
        ("ما عندي عرض سعر", None),
        ("شركتنا تبي عضوية", None),
        ("المقاول ترك البيت قبل ما يكمل", None),
        ("I don't have a quotation", None),
        ("الرابط ما يفتح معي", "technical"),
        ("the link doesn't open", "technical"),
        ("عندي اقتراح للجمعية", "suggest"),
        ("متى دوامكم", "ask"),
        ("محمد أحمد العتيبي", None),
        ("الدمام", None),
        ("خمسة", None),
    ],
)
def test_a_free_sentence_asks_for_a_flow_unless_it_denies_it(said: str, flow: str | None) -> None:
    assert intent(fold(said)) == flow


def test_a_hint_is_weaker_than_saying_it() -> None:
    said, hinted = wish_of(fold("ابغى اقدم طلب")), wish_of(fold("كم الدوام"))
    assert said is not None and said.strong
    assert hinted is not None and not hinted.strong


def test_every_flow_of_the_table_can_be_wished_for() -> None:
    flows = {flow for flow, _, _ in intents._TABLE}
    assert flows == {
        "apply", "complain", "suggest", "track", "volunteer", "my_data", "number", "staff", "woman", "urgent", "ask",
        "donate", "job", "supplier", "technical",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "insulting", "threatening", "complaining"),
    [
        ("يا حرامية", True, False, False),
        ("حرامية", True, False, False),
        ("يا حرامية لكم شهر ما رديتوا", True, False, True),
        ("you are thieves", True, False, False),
        ("يا عيال الكلب", True, False, False),
        ("يا عيال الحلال ساعدوني", False, False, False),
        ("حرامي سرق بيتي", False, False, False),
        ("انا مو كذاب", False, False, False),
        ("والله لأذبحكم", False, True, False),
        ("بحرق الجمعية", False, True, False),
        ("i know where you live", False, True, False),
        ("الله يعطيكم العافية", False, False, False),
        ("بشتكيكم للمحكمة", False, False, False),
    ],
)
def test_insults_threats_and_the_complaint_inside(
    said: str, insulting: bool, threatening: bool, complaining: bool
) -> None:
    folded = fold(said)
    assert (insult(folded), threat(folded), complaint_inside(folded)) == (insulting, threatening, complaining)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        *((word, True) for word in ("نعم", "ايه", "إيوه", "اي والله", "أكيد", "تمام 👍", "👍👍", "yes please")),
        *((word, False) for word in ("لا", "لأ", "لا شكراً", "ما ابي", "مو موافق", "👎", "no thanks", "غير صحيح")),
        *((word, None) for word in ("يمكن", "محمد", "", "نعم ولا", "لا أعرف", "وش يعني")),
    ],
)
def test_yes_and_no_in_every_accent(said: str, meant: bool | None) -> None:
    assert yes_no(fold(said)) is meant


TITLES = ["تأخير", "معاملة", "جودة الخدمة", "شيء آخر"]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("2", (1, True)),
        ("٢", (1, True)),
        ("۲.", (1, True)),
        ("رقم ٢", (1, True)),
        ("الخيار 3", (2, True)),
        ("الثاني", (1, True)),
        ("second", (1, True)),
        ("الأخير", (3, True)),
        ("تأخير", (0, True)),
        ("تاخير", (0, True)),
        ("عندي تأخير", (0, True)),
        ("معاملةٌ سيئة", (1, True)),
        ("تأحير", (0, False)),
        ("جوده الخدمه", (2, True)),
        ("لا تأخير", (0, False)),
        ("5", None),
        ("0", None),
        ("²", None),
        ("تأخير ومعاملة", None),
        ("خدمة", (2, False)),
        ("الثاني لو سمحت", (1, True)),
        ("رقم واحد", (0, True)),
        ("التأخير", (0, True)),
        ("", None),
    ],
)
def test_a_choice_by_number_or_label_or_slip(said: str, found: tuple[int, bool] | None) -> None:
    assert choose(said, TITLES) == found


def test_other_words_of_a_choice_count_as_its_label_and_a_tie_counts_as_nothing() -> None:
    assert choose("بطاقة احوال", ["هوية", "جواز"], [["بطاقة أحوال"], []]) == (0, True)
    assert choose("دعم", ["دعم", "دعم"]) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("ابغى help", "ar"),
        ("hello", "en"),
        ("I want السلام", "ar"),
        ("https://example.com", None),
        ("123 ١٢٣", None),
        ("👍", None),
        ("", None),
    ],
)
def test_the_language_is_that_of_most_letters(text: str, language: str | None) -> None:
    assert language_of(text) == language


@given(st.text())
def test_no_text_makes_understanding_raise(text: str) -> None:
    folded = fold(text)
    strip_courtesy(text)
    language_of(text)
    choose(text, TITLES)
    for understood in (courtesy, command, intent, yes_no, insult, threat, complaint_inside):
        understood(folded)
