"""The reviewed table: what it must find, what it must leave alone, and what it shows to a person only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.arabic import disclosures
from conversations.arabic.disclosures import disclosure
from conversations.arabic.normalise import fold
from conversations.arabic.phrases import Phrases, phrases_in

FOUND = {
    "self_harm": """
        ودي انام وما اصحى
        ليتني ما اصحى
        كل يوم اتمنى اني ما جيت للدنيا
        ماعاد لي رغبة بالحياة
        لا اريد ان اكون موجودة
        بنتي تجرح نفسها
        ولدي يبي ينتحر
        I don't want to be here anymore
        ودي أموت
        ودي اموووت
        أبغى أموت وأرتاح
        نفسي أموت
        اتمنى الموت
        أفكر في الانتحار
        راح أنتحر
        بنتحر الليلة
        ما أبغى أعيش
        ما عاد ابي الحياة
        الموت أرحم لي
        ليتني مت قبل هذا
        بقتل نفسي
        ابي انهي حياتي
        الله ياخذني وارتاح
        شربت حبوب كثيرة
        اكلت حبوب كثير
        لا أريد أن أعيش
        كرهت حياتي
        ابغى دعم لمشروعي واذا ما وافقتوا بنتحر
        I want to die
        i wanna kill myself
        I don't want to live anymore
        thinking about suicide
        ابي اختفي من الدنيا
        مالي خلق اعيش
        i cut my wrists
        abi amoot
        I wish I was dead
        """,
    "child_abuse": """
        الاستاذ يلمس ولدي
        محفظ القران سوا لولدي شي
        شيخ الحلقة يحضني
        ولدي يقول الاستاذ يسوي فيه شي
        خالي سوا معي شي غلط
        ابوي يدخل علي بالليل
        أبوي يضربني
        ابوي يظربني كل يوم
        أمي تضربني
        يضربني ابوي
        زوج امي يضربني
        مرت ابوي تعذبني
        المدرس يتحرش فيني
        عمي يلمسني
        زوجي يضرب عيالي
        جارنا يعذب طفله
        تحرش بطفلة
        يبون يزوجوني وانا صغيرة
        my father hits me
        my stepfather beats me
        المحفظ يضرب الطلاب
        بنتي تعرضت للتحرش
        زوجي يضرب العيال
        ابوهم يضربهم
        خايفة على عيالي من ابوهم
        خالي يسوي فيني اشياء
        he beats my kids
        """,
    "abuse": """
        العاملة تضرب امي
        الممرضة تضرب ابوي
        ابوي سكران ويضرب امي
        زوجي يضرب فيني
        ولدي ياخذ معاشي غصب
        ولدي ياكل راتبي
        عيالي راميني لحالي وما احد يجيني
        خواتي مايعطوني دواي
        ولد جيراننا يسوي فيني شي مو زين
        يهددني بنشر صوري
        محد داري عني ومقفل علي الباب
        someone is threatening to post my photos
        i feel unsafe at home
        زوجي يضربني
        زوجي ضربني وطردني من البيت
        يضربني ويهينني
        ولدي يضربني
        اختي زوجها يضربها
        أنا معنفة
        عنف أسري
        زوجي يهددني بالقتل
        خايفة من زوجي
        طليقي بيذبحني
        اغتصبني
        تحرش فيني
        my husband beats me
        domestic violence
        زوجي يمد يده علي
        اتعرض لعنف من زوجي
        يبي يذبحني
        زوجي حابسني بالبيت
        he threatened to kill me
        """,
    "exploitation": """
        قالي لو تطلعين معي اخلص لك الطلب
        الباحث قال لي تعالي لحالك المكتب بعد الدوام
        الموظف يتغزل فيني
        الموظف يرسل لي رسائل غزل
        المندوب حط يده علي
        يقول تزوجيني وامشي لك الطلب
        يقول ما تمشي معاملتك الا اذا رضيتي
        طلب مني ادفع له الف ريال عشان المعاملة
        he asked me to come to his apartment to finish my papers
        الموظف طلب مني فلوس عشان يمشي طلبي
        مندوبكم يبي رشوة
        الباحث يبي صوري
        الموظف تحرش فيني
        قال عطني مبلغ وامشي طلبك
        يساومني على المساعدة
        المندوب قال اطلعي معاي
        اعطيك السلة بس تعالي لي البيت
        المشرف يطلب مني اشياء مو زينة
        دفعت للموظف
        المسؤول يبتزني
        طلب مني علاقة مقابل المساعدة
        يبون نسبة من الدعم عندكم
        the employee asked me for money to approve my request
        he wants sex in exchange for help from your staff
        your volunteer asked for a bribe
        """,
    "danger": """
        ولدي بلع دواء
        بنتي بلعت عملة
        احس بضيق تنفس
        ابوي طاح ومايتحرك
        عندي الم شديد في صدري
        البيت غرق وحنا فيه
        فيه حرامي في البيت الحين
        انا مخطوفة
        my son swallowed pills
        البيت يحترق
        امي ما تتنفس
        ولدي ينزف
        حياتي في خطر
        معه سكين
        my house is on fire
        she is not breathing
        """,
    "death_report": """
        المستفيد توفى الله يرحمه
        صاحب الرقم توفي
        توفت صاحبة الطلب
        هذا رقم المرحوم
        امي توفت لا ترسلون لها
        the beneficiary has died
        """,
}
LEFT_ALONE = """
    ولدي يشرب دواء للسكري
    عندي ضيق تنفس من سنين واحتاج جهاز
    طاحت الوالدة وصارت ما تقوم من السرير
    متى تجيني الباحثة عندي البيت
    ابي احد يجيني بالبيت عشان الدعم
    ابي اضرب موعد مع الباحثة
    مشروعي بيع كلور ومنظفات
    المعلم عمل لولدي اختبار
    عندها ألم في الركبة
    ما تقدر تمشي من سنة
    ابغى دعم لمشروعي
    السلام عليكم ورحمة الله وبركاته
    زوجي متوفى وعندي ثلاثة ايتام
    زوجي توفى قبل سنتين وانا ارملة واحتاج دعم لعيالي في المدرسة
    طفلي مريض ويحتاج عملية
    ابوي كبير في السن ويحتاج زيارة منزلية
    طلب مني الموظف صورة الهوية
    صاحب البيت يهددني بالطرد
    ابي دعم لامي
    ابي كرسي لوالدتي
    ولدي طالب في حلقة التحفيظ
    الموظف يقول ما فيه فلوس
    وش صار على طلبي
    ما عندنا اكل
    الحمد لله على كل حال
    حرامي سرق بيتي
    ابغى اشتكي على موظف تأخر علي
    شهادة وفاة الزوج
    ابغى اطلع من البيت الجمعية تساعدني
    يبون صورة الصك عندكم
    طلبت منكم مساعدة مقابل ايصال
    الموت حق
    حياتي صعبة
    نفسي اشتغل
    عندي ضرب في السيارة
    عيالي يحتاجون مكيف
    i need help with my rent
    my husband passed away two years ago and i have three children to raise
    my son is a student
    ١٠١٢٣٤٥٦٧٢
    محمد أحمد العتيبي
    """
FOR_A_PERSON = """
    امي تضرب ابر انسولين
    ميت جوع
    بموت من الضحك
    ودي أموت من الضحك
    ذبحني الجوع
    تعبت من الحياة
    اموت فيكم
    dying of hunger
    ضربنا السيل
    ولدي ضربته سيارة
    نفسيتي تعبانة
    قلبي يوجعني مرة
    """


def lines(table: str) -> list[str]:
    found = [line.strip() for line in table.strip().splitlines()]
    assert found
    return found


@pytest.mark.parametrize(("category", "said"), [(name, line) for name, table in FOUND.items() for line in lines(table)])
def test_it_is_found_for_what_it_is(category: str, said: str) -> None:
    found = disclosure(fold(said))
    assert found is not None
    assert (found.category, found.sure) == (category, True)


@pytest.mark.parametrize("said", lines(LEFT_ALONE))
def test_ordinary_words_are_left_alone(said: str) -> None:
    assert disclosure(fold(said)) is None


@pytest.mark.parametrize("said", lines(FOR_A_PERSON))
def test_an_idiom_is_shown_to_a_person_and_never_dismissed(said: str) -> None:
    found = disclosure(fold(said))
    assert found is not None
    assert (found.category, found.sure) == ("idiom", False)


@pytest.mark.parametrize(
    ("said", "category"),
    [("زوجي ما ضربني", "abuse"), ("أبوي ما يضربني", "child_abuse"), ("ابوي توفى", "death_report")],
)
def test_what_is_denied_or_may_be_long_past_is_found_but_not_sure(said: str, category: str) -> None:
    found = disclosure(fold(said))
    assert found is not None
    assert (found.category, found.sure) == (category, False)


def test_the_gravest_of_several_is_answered() -> None:
    found = disclosure(fold("ميت جوع وابوي يضربني"))
    assert found is not None
    assert found.category == "child_abuse"


@given(st.sampled_from(["ودي أموت", "أبوي يضربني", "زوجي يضربني"]), st.integers(0, 600), st.integers(0, 600))
def test_it_is_found_anywhere_in_a_long_story(said: str, before: int, after: int) -> None:
    story = f"{'والله الوضع مثل ما تعرفون ' * before}. {said}. {'وشكرا لكم على كل شي ' * after}"
    found = disclosure(fold(story))
    assert found is not None
    assert found.sure


@given(st.text())
def test_no_text_makes_it_raise(text: str) -> None:
    disclosure(fold(text))


@pytest.mark.parametrize("half", ["اموت ..", ".. اموت", "& اموت", "اموت &"])
def test_half_a_phrase_stops_the_table_from_being_built(half: str) -> None:
    with pytest.raises(ValueError, match="at an end"):
        Phrases([[half]], {})


def test_every_phrase_of_the_table_is_found_by_its_own_row_or_a_graver_one() -> None:
    """A phrase with a slip in it (a group that does not exist, a word that never folds so) would never be found."""
    from itertools import islice, product

    groups = {name: words.split() for name, words in disclosures._GROUPS.items()}
    tried = 0
    for category, cell in disclosures._TABLE:
        for phrase in phrases_in(cell):
            slots = [
                groups[word[1:-1]] if word.startswith("{") else word.split("|")
                for word in phrase.split()
                if word not in ("..", "&")
            ]
            for words in islice(product(*(slot[:2] for slot in slots)), 4):
                tried += 1
                assert disclosure(fold(" ".join(words))) is not None, (category, phrase)
    assert tried > 500
