"""Which flow a free sentence asks for, as a table (phrases.py says how to read it). The first row found wins.

`strong` rows say it outright; the others only hint, and the engine offers instead of opening.
"""

from dataclasses import dataclass

from conversations.arabic.normalise import fold
from conversations.arabic.phrases import Phrases, phrases_in

_GROUPS = {
    "want": """ابي ابغى ابغا ابا نبي نبغى نبغا اريد نريد ارغب نرغب ودي ودنا بغيت بغينا احتاج نحتاج محتاج محتاجة
        محتاجين بدي حاب حابة اطلب نطلب
        طالب طالبة ابيكم نطالب ممكن اقدر نقدر want need would like wanna looking request requesting can""",
    "aid": """دعم الدعم مساعدة المساعدة مساعدتكم معونة اعانة سلة غذائية ترميم بناء ايجار اجار اثاث تأثيث بيت سكن
        زيارة رعاية كرسي جهاز عضوية
        تدريب دورة حلقة تحفيظ خدمة كفالة ركن تسويق مكيف ثلاجة غسالة سداد فاتورة مشروع مشروعي زكاة استشارة مقرئ سماعة
        سرير
        support help aid rent furniture training membership visit wheelchair consultation stall repair service
        assistance""",
    "apply": "اقدم نقدم اسجل نسجل التقديم التسجيل تقديم تسجيل انضم الانضمام اشترك apply register enrol enroll join",
    "mine": """طلبي طلبنا الطلب معاملتي المعاملة معاملتنا طلباتي موضوعي موضوعنا شكواي شكوتي اوراقي
        ملفي طلبه طلبها شكوانا اقتراحي
        request application case complaint order file""",
    "where": """وين اين فين وش ايش صار صاير وصل وصلت متى تابع اتابع متابعة حالة اخبار نتيجة طمنوني طمنونا خلص انقبل
        قبلتوا رديتوا اخر
        where status track happened news progress update follow""",
    "person": "موظف موظفين احد شخص انسان المدير المسؤول الباحث مسؤول مدير agent human person someone staff manager",
    "worker": """موظف الموظف موظفكم موظفة الموظفة موظفتكم الباحث الباحثة باحثكم باحثتكم المندوب مندوبكم المشرف
        المشرفة المدير مديركم السكرتير السكرتيرة""",
    "thing": "صفحتي الرابط رابط الصفحة صفحة الموقع البرنامج الزر الملف",
    "works": "يفتح تفتح يشتغل تشتغل شغال شغالة يعمل تعمل يضغط يجي يطلع يحمل",
    "woman": "موظفة موظفات حرمة وحدة مرة امرأة سيدة woman lady female",
    "need": """اكل طعام غذا ماكل مقاضي دوا دواء ادوية علاج انسولين حليب مأوى سكن بيت كهرب كهربا كهرباء ماء مويه
        دواي دوائي علاجي ادويتي انسوليني
        food medicine insulin milk shelter""",
}

_TABLE: tuple[tuple[str, bool, str], ...] = (
    # No shelter, food or medicine today: never waits behind anything.
    (
        "urgent",
        True,
        """
        ما عندنا|عندي|عندهم|لقينا|بقى {need}, مافي|مافيه عندنا|عندي|بالبيت|في {need}, ما فيه .. {need},
        بدون|بلا {need}, خلص|خلصت|انقطع|نفد .. {need}
        ولا عندنا|عندي|لقينا {need}, {want} .. اكل|طعام|حليب|دواء|علاج|انسولين .. ضروري|الحين|الليلة
        ما ذقنا|ذاقوا|اكلوا|تعشينا|تغدينا, نايمين|ناموا|ينامون|ننام بدون|بلا عشا|عشاء|اكل
        ما تاكل|ياكل|ياكلون|اكلت|اكل .. يوم|يومين|امس, مافي|مافيه|ماعندنا|عندنا .. ناكله|نعشيهم|نطبخه
        قاطعين|مقطوع|مقطوعة .. الكهرب|الكهربا|الكهرباء|الماء|الموية|المويه, السقف|الجدار|جدار طاح|انهار|سقط
        الماء|الموية|المويه|المطر|السيل دخل|دخلت .. البيت|بيتنا
        ما عندنا|عندي|لقينا|لقيت .. ناكله|ناكل|اكله|نعشيهم|اعشيهم|نطبخه, ما معي|معنا .. قيمة|حق|ثمن .. {need},
        عيالي|اولادي|بناتي|العيال|بزراني|اطفالي ما تعشوا|تغدوا|فطروا|اكلوا|ذاقوا|ياكلون
        ولدي|بنتي|امي|ابوي ما تعشى|تعشت|تغدى|تغدت|افطر|ذاق|ذاقت, مالي|مالنا {need}
        ما اكلنا, ما ناكل, ما لقينا ناكل, ما نلقى ناكل, طردنا, طردونا, طردوني, جوعانين, عيالي جوعانين, جيعان,
        جيعانين, ننام جياع, نايمين جوعانين, جوعان, جوعانة, جيعانة
        طردني زوجي|رجلي|ابوي|اخوي|ولدي|اهلي|طليقي, رماني|رموني|رمانا|طلعني|طلعوني .. برا|بره|الشارع,
        نايم|نايمة|نايمين|ساكنة|عايشة|عايشين .. السيارة|الشارع|المسجد
        طردنا|طردوني|طردوا|طردونا|طردني|بيطردنا|طلعنا|طلعونا .. البيت|الشقة|بيتنا, في الشارع, بالشارع,
        ننام|انام|نمنا|ساكنين|جالسين .. السيارة|الشارع|المسجد
        مشردين, مشرد, مشردة, بلا مأوى, بدون مأوى, قطعوا .. الكهرباء|الكهرب|الكهربا|الماء|الموية,
        انقطعت الكهرباء|الكهربا|الكهرب, الكهرباء|الكهربا|الكهرب مقطوعة
        حالة عاجلة, حالة طارئة, مساعدة|فزعة .. عاجلة|طارئة|فورية,
        {want} .. مساعدتكم|المساعدة العاجلة|عاجلة|الطارئة
        الحقونا, الحقوني, انقذونا, البيت طاح, طاح السقف, انهار السقف, السقف بيطيح
        no {need}, without {need}, out of {need}, ran out of {need}, homeless, evicted, on the street, sleeping in,
        starving, nothing to eat
        this is urgent, its urgent, emergency, urgent help|assistance|aid, help .. urgently, urgently .. help
        """,
    ),
    (
        "track",
        True,
        """
        وش|ايش صار .. شكواي|شكوتي|شكوى, متابعة|تابع|اتابع|حالة .. شكواي|شكوتي|شكوى, {where} .. complaint
        اسحب|نسحب|اسحبوا|سحب .. {mine}, withdraw .. {mine}, هونت|هونا عن|من {mine}, ما ابي|ابغى|نبي|نبغى {mine}
        اسحب|نسحب|اسحبوا|سحب|الغي|الغوا|نلغي|الغاء|كنسل|كنسلوا .. شكوى|شكواي|شكوتي,
        الغي|الغوا|نلغي|الغاء|كنسل|كنسلوا .. {mine}, تصالحنا|تنازلت .. شكوى|شكواي
        """,
    ),
    (
        "complain",
        True,
        """
        {want} .. اشتكي|نشتكي, اشتكي, بشتكي, نشتكي, شكوى, شكاوى, شكوة, تظلم, اتظلم, ارفع شكوى, بلاغ على, ابلغ عن موظف
        ما احد رد, محد رد, ما حد رد, ما رديتوا, ما تردون, محد يرد, ما احد يرد, تأخرتوا, تأخرتم, تأخيركم, اهملتوا,
        مهملين, تسويف
        سوء معاملة, سوء التعامل, معاملة سيئة, تعامل سيئ, عاملني|عاملوني|عاملتني .. سيئة|بقسوة|باحتقار, اسلوب سيء,
        قليل ادب, اساء الي, اهانني, اهانوني
        ظلمتوني, ظلموني, ظلمتونا, متضايق|متضايقة|زعلان|زعلانة منكم|من, مو راضي|راضية|راضين عن,
        غير راضي|راضية|راضين عن, خدمة سيئة
        سرقتوا, اكلتوا حقي|حقنا, ضيعتوا, فشلتونا
        complain, complaint, complaining, bad service, treated .. badly, nobody answers, no one answers,
        nobody replied, unhappy with, rude
        """,
    ),
    (
        "technical",
        True,
        """
        {thing} ما|مو|مب|لا|ماهو .. {works}, ما|مو|مب|لا .. {works} .. {thing}, معلق|خربان .. {thing}, ما يفتح
        {thing} معلق|معلقة|خربان|خربانة
        ما اقدر|قدرت|عرفت ارفع|ارفق|احمل|افتح .. الملف|الصورة|الصور|الرابط|المرفق, ما يقبل .. الملف|الصورة|الرقم,
        مشكلة|مشكله تقنية|فنية, مشكلة في|ب الموقع|الرابط|الصفحة
        خطأ في الموقع|الصفحة|الرابط, الرمز ما وصل, ما وصلني الرمز|رمز|كود, رقم التواصل غلط|خطأ, الرقم غلط عندكم
        link .. work|open|opening|working|broken|expired, page .. open|load|work|error, cant upload|open,
        cannot upload|open, website .. down|work
        technical problem, technical issue, technical help
        """,
    ),
    (
        "track",
        True,
        """
        {where} .. {mine}, {mine} .. {where}, متى .. الرد|تردون|يجي الرد|يوصل الدعم|النتيجة, كم باقي .. {mine},
        استعلام عن, استعلم عن
        {mine} وينه|وينها|وينو|مرفوض|مقبول|انرفض|تأخر|طول, {mine} .. ماحد|محد رد, {mine} حقي|حقنا .. وينه|وين
        انرفض|رفضتوا|رفضتم .. {mine}, {want} .. اشوف|اتابع|اتطمن|استفسر|اعرف .. {mine}, استفسر عن {mine}
        متى .. ينزل|يطلع|يجي|يجيني|توصل|توصلني|يوصل|يوصلني|موعد .. دعم|الدعم|قبول|مساعدة|المساعدة|صرف|موافقة|سلة|كرسي
        لسا|لسى|للحين|الحين|الان ما جاني|جانا|وصلني|وصلنا .. رد|شي|شيء|خبر, صار لي .. انتظر|استنى, اخر التطورات
        هل قبلتموني|قبلتوني, انقبلت|انقبلنا, خلصتوا .. {mine}, wheres .. {mine}
        وش صار, ايش صار, رقم الطلب, رقم طلبي, رقم المعاملة, تم قبول طلبي, what happened, any update, any news,
        when will .. answer|reply|hear
        """,
    ),
    (
        "number",
        True,
        """
        غيرت|غيرنا|تغير|بدلت|غيرنه .. رقمي|جوالي|جوالنا|رقمنا, رقمي|رقمنا|جوالي|جوالنا تغير, رقم جوالي|الجوال تغير,
        {want} .. اغير|نغير رقمي|رقمنا|رقم|جوالي, اغير|تغيير|احدث|تحديث رقمي|رقم|جوالي, عندي|معي رقم جديد,
        هذا رقمي الجديد
        changed my number|phone|mobile, my number .. changed, change|update my number|phone, my new number
        """,
    ),
    (
        "my_data",
        True,
        """
        بياناتي, احدث|اغير|اعدل|تحديث|تغيير|اصحح|احذف|احذفوا|امسحوا|حذف .. بياناتي|رقمي|معلوماتي|جوالي
        غير|اغير|نغير|غيروا|تغيير|بدلوا .. طريقة|وسيلة .. التواصل|الرد|تواصل|رد, ايميلي|بريدي غلط|خطأ|تغير
        احذفوا|امسحوا .. بياناتي|معلوماتي, نسخة من بياناتي|معلوماتي, وش عندكم عني, my data, my personal data,
        my personal information
        delete|erase|correct|update|change my data|information|number
        """,
    ),
    (
        "volunteer",
        True,
        """
        اتطوع, نتطوع, التطوع, متطوع معكم, متطوعة معكم, {want} .. متطوعا, اكون متطوع|متطوعة, اصير متطوع|متطوعة,
        فرص تطوعية, فرصة تطوعية, ساعات تطوعية
        volunteer with, to volunteer, volunteering, become .. volunteer, as a volunteer
        """,
    ),
    (
        "donate",
        True,
        """
        اتبرع, نتبرع, التبرع, تبرعي, بتبرع, تبرعات, اتصدق, صدقة جارية, زكاتي, زكاة مالي,
        ادفع|اخرج|اطلع .. زكاة|الزكاة|زكاتي|صدقة, اكفل, كفالة يتيم
        ادعم|ندعم الجمعية|جمعيتكم, رقم حساب الجمعية, حسابكم البنكي, حساب التبرع
        donate, donation, donating, donations, sponsor an orphan, pay .. zakat, my zakat
        """,
    ),
    (
        "job",
        True,
        """
        {want} .. وظيفة|وظائف|شغل, ابحث|ادور|ندور .. عمل|وظيفة|شغل, فيه|عندكم|يوجد|متوفر|هل .. وظيفة|وظائف|وظايف|شواغر
        وظائف|وظايف|شواغر .. عندكم|معكم|الجمعية, التوظيف, الوظائف, شواغر, سيرتي الذاتية, السيرة الذاتية
        {want} اشتغل|اتوظف|اعمل .. معكم|عندكم, اتوظف
        {want} .. job|jobs, any|looking|apply .. job|jobs, vacancy, vacancies, hiring, careers, my cv, my resume
        work with|for you
        """,
    ),
    (
        "supplier",
        True,
        """
        مورد, موردين, المورد, الموردين, لكم|نقدم|نرسل .. عرض|عروض سعر|اسعار, نقدم|نوفر لكم, نقدم خدماتنا
        مناقصة, مناقصات, تعاون تجاري, نعرض عليكم, مندوب مبيعات, حنا|نحن|شركة|مؤسسة مقاولات
        supplier, vendor, send you .. quotation, our services, tender, business proposal
        """,
    ),
    (
        "suggest",
        True,
        """
        اقترح, نقترح, اقتراح, مقترح, اقتراحات, عندي فكرة, لدي فكرة, فكرة لتطوير, ياليت تضيفون|تسوون|توفرون,
        يا ليت تضيفون|تسوون|توفرون, حبذا لو
        suggest, suggestion, suggestions, i have an idea, it would be better if, recommend that
        """,
    ),
    (
        "woman",
        True,
        "{want} .. {woman}, اكلم|اتكلم|تكلمني .. {woman}, {woman} .. تكلمني|تكلمنا|ترد, speak|talk to .. {woman}",
    ),
    (
        "staff",
        True,
        """
        {want} .. اكلم|اتكلم|اتحدث|التحدث|اتواصل|التواصل|اكلمكم|تكلموني,
        {want} موظف|المدير|المسؤول|الباحث|انسان|شخص, حولوني|حولني|حول .. {person}
        اكلم|اتكلم|اتحدث|التحدث|تكلمني .. {person}, اتصلوا|تتصلون|اتصل|دقوا|كلموني .. علي|فيني|بي|معي,
        {person} .. يكلمني|يتصل|يرد|يساعدني
        speak|talk to .. {person}, {want} .. {person}, call me, real person
        """,
    ),
    (
        "apply",
        True,
        """
        {want} .. {aid}, {want} .. {apply}, اقدم على, اقدم طلب, نقدم طلب, بقدم, كيف {apply}, طريقة {apply},
        وين {apply}, اسجل في|عندكم|معكم
        تساعدوني|تساعدونا|ساعدوني|ساعدونا في|ب|على, عليه|علي|علينا ديون|ايجار|فاتورة, ظروفي صعبة, ظروفنا صعبة,
        الوضع صعب, ما عندي دخل, ما عندنا دخل
        apply for, to apply, how .. apply, to register, how .. register, help with, i need help, financial help,
        support for
        """,
    ),
    # What may also be an opinion, where that is asked.
    (
        "complain",
        False,
        """
        {worker} .. صرخ|صرخت|يصرخ|تصرخ|طردني|طردتني|طردنا|سبني|سبتني|استهزأ|احتقرني|احتقرتني|هزأني|هزأتني|تجاهلني
        {worker} .. رفع|رفعت صوته|صوتها علي, ما احترمني|احترمتني|احترموني|احترمونا, {worker} سيئ|سيء|وقح|وقحة|زفت|شين
        اسلوبه|اسلوبها|اسلوبكم|اسلوبهم|تعامله|تعاملها|تعاملكم|تعاملهم سيئ|سيء|زفت|خايس|شين|وقح
        ما عجبني|عجبنا .. تعاملكم|تعامله|تعاملها|اسلوبكم|اسلوبه|اسلوبها
        """,
    ),
    ("urgent", False, "عاجل, عاجلة, طارئ, طارئة, مستعجل, مستعجلة, باسرع وقت, ضروري اليوم, urgent, urgently, asap"),
    ("staff", False, "{person} .. رد|يرد|موجود, {woman}, staff"),
    ("volunteer", False, "تطوع, متطوع, متطوعة, volunteer"),
    (
        "ask",
        False,
        """
        كيف, متى, وش, ايش, هل, كم, ليش, ليه, لماذا, ماهي, ماهو, ما هي, ما هو, ما هذه, وين, اين, استفسار, استفسر,
        سؤال, اسأل, شروط, الشروط, شروطكم, المتطلبات, دوامكم
        الدوام, موقعكم, عنوانكم, رقمكم, مقركم, تفتحون, تقدمون, what, when, where, which, how, do you, is there,
        are there, can i, could, why, who, question
        """,
    ),
)
_PHRASES = Phrases(
    (phrases_in(cell) for _, _, cell in _TABLE), {name: words.split() for name, words in _GROUPS.items()}
)
_READ = 400
"""Characters read: what a long story mentions further on is not what it asks for."""
_COMPLAINT = next(number for number, (flow, _, _) in enumerate(_TABLE) if flow == "complain")


@dataclass(frozen=True, slots=True)
class Intent:
    """The flow asked for; `strong` where it was said outright."""

    flow: str
    strong: bool


_INTENTS = [Intent(flow, strong) for flow, strong, _ in _TABLE]


def intent(folded: str) -> str | None:
    """The flow a free sentence asks for, or None: see `wish_of`."""
    found = wish_of(folded)
    return found.flow if found else None


def wish_of(folded: str) -> Intent | None:
    """The flow a free sentence asks for, and how plainly; what it denies («ما ابغى اشتكي») is not asked for.

    Flows: apply, complain, suggest, track, volunteer, my_data, staff, woman, urgent, ask, donate, job, supplier,
    technical.
    """
    best = len(_TABLE)
    denied: set[int] = set()
    for match in _PHRASES.find(_PHRASES.words(folded[:_READ])):
        if match.denied:
            denied.add(match.row)
        elif match.row < best:
            best = match.row
    if best in denied and _INTENTS[best].flow == "complain":
        return None
    return _INTENTS[best] if best < len(_TABLE) else None


def complaint_inside(folded: str) -> bool:
    """Whether a message complains of something, whatever else it says («يا حرامية، لكم شهر ما رديتوا»)."""
    return any(
        match.row == _COMPLAINT and not match.denied for match in _PHRASES.find(_PHRASES.words(folded[: 4 * _READ]))
    )


_RUDE = {
    "bad": """حرامية حرامي نصابين نصاب نصابه كذابين كذاب كذابه لصوص كلاب كلب حمير حمار اغبياء غبي غبية زبالة زباله
        تافهين تافه خنازير خنزير متخلفين متخلف
        وسخين وسخ حقيرين حقير حقارة انذال نذل فاشلين فاشل سراقين سراق دجالين خونة خاين
        thieves thief liars liar idiots idiot stupid crooks crook scammers scammer bastards bastard losers morons
        dogs dog""",
    "you": "يا انتم انتو انتوا انت كلكم انكم طلعتوا والله you youre are all",
}
_INSULTS = Phrases(
    [
        phrases_in(
            """
            {you} {bad}, يا {bad}, قليلين ادب, انتم|انتو|كلكم|انكم .. {bad}, you|are|youre .. {bad}, جمعية {bad},
            الله يلعنكم, لعنة الله عليكم, لعن الله, الله ياخذكم, يلعن
            تفو عليكم, تفو, خرا, كل تبن, كلوا تبن, انقلع, انقلعوا, طز فيكم, طز, يا عيال الكلب|الحرام|الشوارع,
            حسبي الله عليكم, fuck, fuck you, fucking, shit, go to hell, damn you, screw you
            """
        )
    ],
    {name: words.split() for name, words in _RUDE.items()},
)
_BAD = frozenset(_INSULTS.words(fold(_RUDE["bad"])))


def insult(folded: str) -> bool:
    """Whether a message insults us. A thief who robbed somebody («حرامي سرق بيتي») is no insult; the word alone
    is."""
    words = _INSULTS.words(folded)
    return any(not match.denied for match in _INSULTS.find(words)) or (bool(words) and _BAD.issuperset(words))


_THREATS = Phrases(
    [
        phrases_in(
            """
            اقتلكم, بقتلكم, اذبحكم, بذبحكم, راح اقتلكم, راح اذبحكم, والله لاقتلكم, والله لاذبحكم, لاذبحكم, لاقتلكم,
            اقتلك, بقتلك, اذبحك, بذبحك, لاذبحك
            اقتل|بقتل|اذبح|بذبح|اضرب|بضرب الموظف|المدير|موظفكم|مديركم,
            احرق|بحرق|افجر|بفجر|اكسر|بكسر|اهدم .. الجمعية|المكتب|جمعيتكم|مكتبكم|المقر
            اكسركم, بكسركم, اكسر راسك, اكسر راسكم, بكسر راسك, بكسر راسكم, اضربكم, بضربكم, لاكسر, افجركم, بفجركم,
            احرقكم, بحرقكم
            بجيكم|راح اجيكم|اجيكم|اجي عندكم & اكسر|سلاح|سكين|مسدس|اضرب|احرق, اعرف وين ساكنين, اعرف بيتك,
            اعرف وين تسكن, راح تندمون, بتندمون, والله لتندمون, بتشوفون وش اسوي
            kill you, kill you all, burn .. office|building|down, i will hurt you, ill hurt you, beat you up,
            i know where you live, you will regret, youll regret, blow up
            """
        )
    ],
    {},
)


def threat(folded: str) -> bool:
    """Whether a message threatens somebody here. A person looks at it."""
    return any(not match.denied for match in _THREATS.find(_THREATS.words(folded)))
