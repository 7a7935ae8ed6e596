"""The reviewed table of disclosures, which every message passes through before anything else (DOMAIN.md, situation 10).

Reading it: a row is a category and the phrases that show it (see phrases.py for `..`, `&` and `{group}`). It favours
finding too much over missing one: a person looks at each, nothing is dismissed by a machine, and what is denied («ما
ضربني») or only an idiom («ميت جوع») is found as well, marked unsure. Need without danger (no food, no shelter) is no
disclosure but urgent (intents.py). To change the table, add the phrase, add a line to its test, and have it reviewed by
whoever answers for protection.
"""

from dataclasses import dataclass
from typing import Literal

from conversations.arabic.phrases import Phrases, phrases_in

Category = Literal["child_abuse", "self_harm", "abuse", "exploitation", "danger", "death_report", "idiom"]


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What a message may disclose. Not `sure`: denied, an idiom, or a death that may be long past; a person looks."""

    category: Category
    sure: bool


_GROUPS = {
    "want": """ودي ابي ابغى ابغا بغيت نفسي اتمنى تمنيت ناوي ناوية افكر فكرت قررت اريد حاب حابة بدي ودنا احاول حاولت
        بحاول
        اتمنا ابا ناويه want wanna wish thinking planning tried going""",
    "die": "اموت الموت موتي انتحر الانتحار",
    "myself": "نفسي روحي حالي",
    "kill": """اقتل اذبح ادبح انحر اشنق احرق اجرح اقطع ااذي أؤذي اذي آذي اضر ارمي اطيح اموت بقتل بذبح بشنق بحرق بجرح
        بموت برمي
        قتلت جرحت اقطّع اشطب شطبت""",
    "life": "حياتي حياته حياتها عمري الحياة الدنيا هالدنيا هالحياة دنيتي",
    "parent": """ابوي ابويه ابوية ابي والدي بابا ابونا امي ماما والدتي امنا يمه عمي خالي جدي جدتي عمتي خالتي اخوي
        اخي اخواني
        خويي المدرس مدرسي الاستاذ استاذي المعلم معلمي المعلمة معلمتي المحفظ محفظي مربيتي السواق
        dad father daddy mom mum mother stepfather stepdad stepmother uncle aunt brother grandfather teacher
        parents""",
    "spouse": """زوجي رجلي طليقي خطيبي زوجتي مرتي طليقتي ولدي ابني اولادي عيالي بنتي اهلي اهله اهل حماي عمتي حماتي
        رجال
        husband wife fiance boyfriend son family inlaws ex""",
    "hits_me": """تحرقني تكويني تخنقني تجلدني تحبسني حبسوني عذبوني تجوعني انضربت ينضربون تنضرب انضرب اتضرب يضربني
        تضربني ضربني ضربتني يضربوني ضربوني يضربونا يضربنا ضربنا بيضربني يعنفني تعنفني عنفني يعنفنا
        يعنفوني
        يعذبني تعذبني عذبني يعذبنا يحرقني حرقني يكويني كواني يحبسني حبسني حابسني حابسيني يحبسونا يخنقني خنقني يجلدني
        جلدني
        يصفعني صفعني يطقني طقني تطقني يطقوني يطقنا يكفخني كفخني يرفسني رفسني يجوعني يجوعنا يلطمني لطمني يدزني
        يصكني صكني يجرني سحبني""",
    "hits": """يضرب تضرب ضرب يضربون ضربوا يضربه يضربها يضربهم تضربه تضربها تضربهم ضربه ضربها ضربهم يعنف تعنف عنف
        يعنفه يعنفها
        يعنفهم تعنيف يعذب تعذب يعذبه يعذبها يعذبهم تعذبهم يحرقه يحرقها يحبسه يحبسها يحبسهم حابسه حابسها حابسهم يجوعهم
        يطق يطقه يطقها يطقهم تطقهم يجلد يجلده يجلدهم يخنقها
        hits beats beat beating abuses abused abusing hurts burned locks""",
    "child": """عيال العيال اولاد الاولاد البنات البنت الولد طفل الطفل طفلة الطفلة طفلي طفلتي الاطفال اطفال اطفالي
        اطفاله ولدي ولده ولدها بنتي بنته بنتها ابني
        ابنه ابنتي
        عيالي عياله عيالها اولادي اولاده اولادها بناتي بناته اليتيم اليتيمة يتيم يتيمة الايتام قاصر قاصرة الصغير
        الصغيرة الرضيع
        الطالب الطالبة طالب طالبة الطلاب
        child children kid kids daughter son baby boy girl student""",
    "teacher": """محفظ المحفظ محفظي استاذ الاستاذ استاذي معلم المعلم معلمي مدرس المدرس مدرسي شيخ الشيخ مطوع المطوع سواق
        السواق السائق teacher sheikh driver""",
    "elder": """امي ابوي والدي والدتي الوالد الوالدة جدي جدتي امنا ابونا العجوز الشايب المسن المسنة
        mother father grandmother grandfather""",
    "pension": "معاشي راتبي فلوسي ضماني تقاعدي مالي pension salary",
    "sexual": """يلمس لمس تلمس
        يتحرش تحرش تحرشت يتحرشون تحرشوا متحرش التحرش يغتصبني اغتصبني اغتصب اغتصبها اغتصبوني اغتصاب الاغتصاب
        يلمسني لمسني
        يلمسها يلمسه لمسها يلامسني يعتدي اعتدى اعتداء اعتدوا يتلمسني يستغلني استغلني يستغلها جنسي جنسيا
        rape raped raping rapes molest molested molesting molests harass harassed harassing touches touched touching
        sexual sexually""",
    "staff": """موظف الموظف موظفكم موظفة الموظفة موظفتكم موظفين المندوب مندوب مندوبكم الباحث باحث باحثكم الباحثة
        المشرف مشرف مشرفكم
        المشرفة المدير مدير مديركم المسؤول مسؤول السواق المتطوع متطوع متطوعكم عندكم منكم الجمعية جمعيتكم اللجنة
        employee staff volunteer worker researcher manager supervisor officer representative agent driver""",
    "asks": """طلب يطلب تطلب طلبوا يطلبون طلبني يطلبني يبون يبغون يريد يريدون يبي يبغى يبغاني يبيني ابتزني
        يبتزني اشترط يشترط يشترطون يلمح asked asks wants wanted demanded demands requested offered""",
    "money": """فلوس مبلغ رشوة عمولة نسبة حصة نصيب كاش هدية مصاري money cash bribe commission""",
    "favour": """علاقة جنس جنسي جنسية خلوة صوري صورتي لقاء الخلوة اقابله نتقابل اطلع معه يقابلني رقصة شقة شقته
        استراحة يتزوجني
        اتزوجه زواج متعة مسيار photos pictures nudes sex sexual date hotel favor favour favors favours meet""",
    "aid": """اعطيك اعطيكم المساعدة مساعدة المساعده الدعم دعم الطلب طلبي المعاملة معاملتي طلبك معاملتك الموافقة
        يوافق السلة
        الاعانة خدمة الخدمة يمشي يمشيني
        يخلص aid help support request approval approve application assistance""",
    "owner": """المستفيد المستفيدة مستفيدكم صاحب صاحبة المسجل المسجلة مسجل مسجلة المذكور المذكورة beneficiary
        applicant owner""",
    "died": """توفي توفى توفت توفيت توفاه توفاها مات ماتت انتقل انتقلت رحل رحلت وفاة died dead deceased passed
        death""",
    "kin": """ابوي والدي الوالد امي والدتي الوالدة زوجي زوجتي جدي جدتي اخوي اخي اختي ولدي ابني بنتي عمي خالي
        father mother husband wife brother sister son daughter grandfather grandmother dad mom""",
    "dead": "ميت ميتة ميتين بموت اموت نموت متنا مت هلكت هلكنا هلكان هلكانين",
    "slain": "ذبحني ذابحني ذبحنا ذابحنا يذبحني يذبحنا قتلني قاتلني قتلنا يقتلني يقتلنا",
    "idiom_of": """الضحك ضحك الجوع جوع الحر حر البرد برد التعب تعب الخجل خجل الفشيلة الحيا القهر قهر الشوق شوق
        النعاس نوم النوم
        الفرح الخوف خوف الطفش طفش الملل العطش عطش الانتظار الضيق الهم""",
}

_TABLE: tuple[tuple[Category, str], ...] = (
    # Order is rank: of several found, the first row's category is answered.
    #
    # A child, or whoever speaks of a parent or a teacher: we cannot know the age, so it is taken for a child.
    (
        "child_abuse",
        """
        {hits_me} & {parent}, {sexual} & {child}, {sexual} & {parent}, {hits} & {child}
        زوج امي & {hits_me}, مرت ابوي & {hits_me}, زوجة ابوي & {hits_me}, مرة ابوي & {hits_me}, زوج ماما & {hits_me}
        {hits} & ابوهم|امهم|ابوها|ابوه|امه|امها,
        خايف|خايفة|اخاف على عيالي|بناتي|ولدي|بنتي|اولادي من ابوهم|ابوها|ابوه|زوجي
        يسوي|سوى|سوا|يسوون فيني|فينا|فيها .. اشياء|حركات|عيب & {parent}
        يسوي|سوى|سوا|سوت|عمل لولدي|لبنتي|بولدي|ببنتي|ولدي|بنتي|معي|بي|فيني .. شي|شيء|اشياء|غلط|عيب & {parent}
        يسوي|سوى|سوا|سوت|عمل لولدي|لبنتي|بولدي|ببنتي|ولدي|بنتي|معي|بي|فيني .. شي|شيء|اشياء|غلط|عيب & {teacher}
        يسوي|سوى|سوا|سوت فيه|فيها .. شي|شيء|اشياء|غلط|عيب & {teacher}
        يحضني|يحضنني|حضني|يبوسني|باسني|يضمني & {teacher}, {sexual} & {teacher}
        يدخل|دخل|يجي علي|غرفتي|فراشي .. ليل|الليل|نايمة|نايم & {parent}
        عنف ضد الاطفال, اعتداء على طفل, تعنيف طفل, زواج قاصر, زواج قاصرات, يزوجوني وانا صغيرة, يبون يزوجوني,
        يزوجوني غصب
        hits|beats|beat|abuses|abused|hurts|hit|beating|hurt me & {parent}, child abuse, abusing a child,
        abuse my child
        child marriage, hits|beats|abuses|abusing & my|his|her|the kids|children|child|son|daughter
        """,
    ),
    # Wishing to die, hurting oneself, plans and means; standard Arabic, Gulf speech, English.
    (
        "self_harm",
        """
        {want} .. اموت, {want} .. الموت, {want} .. انتحر, {want} .. الانتحار, اتمنى الموت, انتحر, بنتحر, سأنتحر,
        حانتحر, الانتحار, انتحار
        ينتحر, تنتحر, بينتحر, بتنتحر, يجرح|تجرح|يقتل|تقتل|يذبح|تذبح|يؤذي|تؤذي نفسه|نفسها
        انام ما اصحى, انام ولا اصحى, ليتني|ياليتني ما اصحى|صحيت|جيت, ما ابي|ابغى|ودي|اريد اصحى
        {want} .. ما جيت|انولدت, ما ابي|ابغى|ودي اكون موجود|موجودة, لا|ما اريد .. اكون موجود|موجودة
        ما عاد .. رغبة الحياة|العيش, ماعاد|مالي|فقدت .. رغبة الحياة|العيش, فقدت الرغبة .. الحياة|العيش
        dont want to be here anymore, dont want to wake up, want|wanna disappear, wish .. never born
        بننتحر, amoot, amout, antaher, anta7er, antahir, abi amoot
        مالي خلق .. اعيش, ما لي خلق .. اعيش, فايدة|فائدة من {life}, اختفي .. {life},
        سامحوني .. رايح|رايحة|مودع|مودعة, انهي كل شي|شيء
        going|want .. end it, cut|slit my wrists|wrist, ابي|ابغى|ودي اختفي .. للابد
        راح انتحر, حاولت الانتحار, محاولة انتحار, بموت نفسي, {kill} {myself}, {kill} .. شراييني, {kill} يدي,
        {kill} ايدي
        انهي|اخلص|بنهي|اختم|انتهي {life}, انهي .. {life}, اتخلص من {life}, اخلص من {life}, اتخلص من نفسي,
        بتخلص من نفسي, اخلص على نفسي
        ما ابي اعيش, ما ابغى اعيش, مابي اعيش, مابغى اعيش, ما ودي اعيش, لا اريد العيش, لا اريد ان اعيش, ما اريد ان اعيش
        ما عاد ابي اعيش, ما عاد ابغى اعيش, ما عاد ابي .. الحياة, ما عاد ابغى .. الحياة, ما ابي .. {life},
        ما ابغى .. {life}
        لا اريد .. {life}, لا رغبة لي في الحياة, كرهت|كاره|كارهة|اكره حياتي, كرهت عمري, كاره عمري, كرهت نفسي واموت
        الموت ارحم, الموت احسن, الموت اهون, الموت افضل, الموت راحة, الموت اريح, ابي ارتاح من {life},
        ابغى ارتاح من {life}
        ليتني مت, ليتني ميت, ليتني ميتة, ياليتني مت, يا ليتني مت, ياليتني اموت, ياليت اموت, ليتني اموت, يا ليت اموت
        ليتني ما انولدت, ياليتني ما انولدت, ليتني ما جيت على الدنيا, مالي داعي اعيش, ما له داعي اعيش, ما في داعي اعيش
        ليش اعيش, ليه اعيش, لماذا اعيش, وش فايدة حياتي, ما لحياتي معنى, حياتي مالها معنى, حياتي ما لها معنى,
        حياتي انتهت
        الله ياخذني, الله ياخذ عمري, الله ياخذ روحي, يارب خذني, يا رب خذني, يارب خذ عمري, يارب خذ روحي, يارب اموت,
        يا رب اموت
        شربت|اشرب|بشرب|اكلت|اخذت|بلعت|ببلع|ابلع حبوب .. اموت|كثيرة|كثير|كلها|العلبة, بلعت حبوب, ابلع حبوب,
        شربت كلور, اشرب كلور, شربت ديتول
        جرعة زائدة, وداعا للجميع, هذي اخر رسالة, هذه اخر رسالة, سامحوني على كل شي, سامحوني بموت
        kill myself, kill my self, killing myself, end my life, ending my life, end it all, take my life,
        take my own life
        want|wanna|wish .. die, want|wish .. dead, be better off dead, better off dead, suicide, suicidal, hurt myself
        hurting myself, harm myself, harming myself, self harm, cut myself, cutting myself, no reason to live
        dont want to live, do not want to live, dont wanna live, dont want to be alive, dont want to exist,
        life is not worth
        overdose, hang myself
        """,
    ),
    # Somebody of ours: told apart from violence at home, so that the accused is kept out.
    (
        "exploitation",
        """
        {sexual} & {staff}, يتغزل|تغزل|غزل|يغازلني|غازلني|يلاحقني & {staff},
        حط|يحط|مد|يمد يده|ايده علي|فيني|ظهري|كتفي|فخذي & {staff}
        """,
    ),
    # Violence at home, threats to life, being locked in; also told about somebody else.
    (
        "abuse",
        """
        يمد|مد|تمد|مدت .. يده|ايده|يديه|ايديه|يدها|ايدها|يدينه .. علي|عليه|عليها|عليهم|علينا, yadribni, yedrobni,
        ydrbni
        اتعرض|تعرضت|يتعرض|تتعرض|نتعرض|تعرضنا .. عنف|ضرب|تحرش|تعنيف|اعتداء|ايذاء|اغتصاب,
        يسوي|سوى|سوا|يسوون فيني|فينا|فيها .. اشياء|حركات|عيب, يسوي|سوى|سوا|يسوون فيني .. مو|مب زين|زينة
        {hits_me}, يضربها, ضربها زوجها, يعنفها, يعذبها, معنفة, معنف, معنفين, عنف اسري, العنف الاسري, عنف منزلي,
        تعنيف, ايذاء جسدي
        {hits} فيني|فينا, {hits} & {elder}
        ياخذ|ياخذون|تاخذ|اخذ|اخذوا|يسحب|يسحبون|ياكل|ياكلون .. {pension} .. غصب|بالغصب|بالقوة
        {pension} & ياخذ|ياخذون|ياكل|ياكلون|يسرق|يسرقون|سرق|سرقوا & {spouse}
        راميني|رموني|رماني|رمتني|راميينا|تاركيني|تركوني .. لحالي|وحدي|لوحدي & {spouse}
        ما|لا يعطوني|يعطيني|تعطيني|يعطونه|يعطونها .. دواي|دوائي|علاجي|ادويتي|دواه|دواها|اكل|الاكل
        مايعطوني|مايعطيني|ماتعطيني|مايعطونه|مايعطونها .. دواي|دوائي|علاجي|ادويتي|دواه|دواها|اكل|الاكل
        يهددني|هددني|يهددوني|هددوني .. ينشر|نشر|بنشر|يفضحني .. صوري|صورتي|صور|مقاطعي, يهددني|هددني|يهددوني .. يفضحني
        threatening|threatens|threatened .. photos|pictures|videos, unsafe at home, not safe at home
        مقفل|مقفلين|قفل|قفلوا|يقفل علي|علينا الباب|الغرفة, ما احس بالامان .. البيت|بيتي|بيتنا
        زوجها|زوجته|اخوها|ابوها|ابوه|ولدها|ولده|عيالها يضرب|يضربها|ضربها|يضربه|يعنفها|يعذبها|يطقها, يخنقها
        {sexual} & بي|فيني|علي|فيها|عليها|عليه|بها|فينا|بنا|فيه|me|her|him|us, اغتصبني, اغتصبوني, يغتصبني, اغتصاب,
        اغتصبها, يلمسني
        يهددني|هددني|يهددنا|يهددوني|تهديد|هددوني & {spouse},
        يهددني|هددني|يهددنا|يهددوني|هددوني & بالقتل|بالذبح|بسكين|بسلاح|بالسلاح|بالصور|بصوري
        اخاف|خايف|خايفة|خائفة|خائف من زوجي|ابوي|اخوي|ولدي|اهلي|طليقي, اخاف يقتلني, اخاف يذبحني, خايفة على حياتي
        يقتلني|بيقتلني|يذبحني|بيذبحني|ذبحني, محبوسة في|داخل|بغرفة, محبوس في البيت, قافل علي الباب, يمنعني من الاكل,
        حارمني من الاكل
        يهينني|يسبني|يذلني & {spouse}, ياخذ معاشي غصب, ياكل معاشي
        hits me, beats me, beat me, beating me, hit me, abuses me, abused me, abusing me, hurts me, chokes me,
        choked me
        domestic violence, abusive husband, abusive father, abusive family, my husband is abusive, being abused,
        he will kill me
        threatens|threatened to kill, threatening to kill, afraid|scared of my husband|father|son|brother|family
        locked me|us in, rape, raped, sexually assaulted, sexual assault, molested, harassed me, harassing me,
        hits|beats|abuses her
        """,
    ),
    # A favour asked in return for aid: money, meetings, pictures, more.
    (
        "exploitation",
        """
        {asks} .. {money} & {staff}, {asks} .. {favour} & {staff}, {asks} .. {money} & {aid},
        {asks} .. {favour} & {aid}
        تطلعين|تقابليني|تسهرين|تعالي|اطلعي .. معي|معاي|لحالك|لوحدك|شقتي & {aid}
        تطلعين|تقابليني|تسهرين|تعالي|اطلعي .. معي|معاي|لحالك|لوحدك|شقتي & {staff}
        تطلعين|تقابليني|تسهرين|تعالي|اطلعي .. معي|معاي & اخلص|اخلصه|امشي|امشيه|امشيها
        تزوجيني|تتزوجيني|اتزوجك & {aid}, {asks} مني ادفع|اعطيه|احول له|لها|لهم|حسابه|حسابها
        ما|لا تمشي|يمشي|تخلص|يوافق|يقبل .. الا اذا رضيتي|طلعتي|دفعت|دفعتي|عطيت|عطيتي|جيتي
        come .. his|my apartment|room|bedroom & {aid}, come .. his|my apartment|room|bedroom & papers
        {asks} مني فلوس, {asks} مني مبلغ, {asks} مني رشوة, {asks} مني صور, {asks} صوري, {asks} صورتي,
        {asks} رقمي الخاص
        مقابل المساعدة|الدعم|الموافقة|السلة|الخدمة & {asks}, مقابل & {favour}, {asks} .. مقابل, بمقابل المساعدة
        عطني|اعطني|اعطيني|ادفعي|ادفع .. {money} & {aid},
        ادفع|ادفعي|اعطيه|اعطيني|عطني|يعطيه|ندفع .. يمشي|تمشي|يمشيها|امشي|يقبلون|يوافق .. {aid},
        ادفع|اعطيه|عطني & يمشي|امشي & {aid}
        {asks} مني اشياء|حركات|امور, دفعت|دفعنا|ندفع {staff}, اعطيت|عطيت|اعطينا .. {money} & {staff}
        تعالي|اطلعي|نطلع|اطلع|طلعة .. معي|معاي|معه|بيتي|شقتي|لوحدك & {staff}, تعالي .. البيت|بيته & {staff},
        تعالي .. البيت|بيتي|لوحدك & {aid}
        رشوة, الرشوة, راشي, مرتشي, يرتشي, ابتزاز, ابتزني, يبتزني, يبتزوني, يساومني, ساومني, يساومونا, يساومها,
        يراودني, راودني
        تحرش|تحرشوا|يتحرش .. عندكم|منكم, استغلني|يستغلني|يستغلنا|استغلال, ياخذ|اخذ|ياخذون .. نسبة|عمولة,
        نص المبلغ & {asks}
        bribe, bribery, blackmail, blackmailing, blackmailed, extort, extorted, extortion,
        in exchange|return for & {asks}
        sexual favor, sexual favour, sexual favors, sexual favours, sleep with him, sleep with them,
        {asks} .. {favour} & {aid}
        {asks} me for money, {asks} money .. approve|application|request|aid|help, exploited me, exploiting me,
        exploits me
        """,
    ),
    # Life in danger this minute.
    (
        "danger",
        """
        ما يتنفس, ما تتنفس, لا يتنفس, لا تتنفس, مو قادر اتنفس, مو قادرة اتنفس, ما اقدر اتنفس, فاقد الوعي,
        فاقدة الوعي, فقد الوعي
        فقدت الوعي, مغمى عليه, مغمى عليها, اغمي عليه, ينزف, تنزف, انزف, نزيف قوي, البيت يحترق, بيتنا يحترق,
        الشقة تحترق, حريق في البيت
        حريق عندنا, حريق بالبيت, حياتي في خطر, حياتنا في خطر, حياتها في خطر, حياته في خطر, انا في خطر, نحن في خطر,
        احنا في خطر
        عيالي في خطر, معه سكين, معاه سكين, معه سلاح, معاه سلاح, يقتحم, اقتحم البيت, محاصرين, محاصرة, محاصر, غرقنا,
        نغرق, السيل دخل
        بلع|بلعت|يبلع .. دواء|دوا|الدواء|حبوب|حبة|كلور|منظف|سم|مبيد|ابرة|بطارية|شي|عملة|مسمار & {child}
        احس|حاس|حاسة .. ضيق|بضيق|كتمة|بكتمة .. تنفس|التنفس|صدري
        شرب|شربت كلوركس|كلور|ديتول|منظف|مبيد|سم|قاز|بنزين, swallowed|drank & pills|bleach|battery|poison|medicine
        طاح|طاحت|سقط|سقطت .. مايتحرك|ماتتحرك|مايرد|ماترد,
        طاح|طاحت|سقط|سقطت .. ما|لا يتحرك|تتحرك|يرد|ترد
        الم|وجع .. صدري|صدره|صدرها .. شديد|قوي|الحين|الان|فجأة, الم|وجع شديد|قوي .. صدري|صدره|صدرها
        فيه حريق, شب حريق|الحريق, حريق|نار .. بيتنا|المطبخ|شقتنا, البيت|بيتنا غرق|يغرق .. فيه|داخله|داخل
        حرامي|حرامية|لص .. البيت|بيتنا|بيتي .. الحين|الان, مخطوف, مخطوفة, خطفوني, اختطفوني, خطفني, kidnapped
        سكتة قلبية, جلطة الحين, جلطة الان, تسمم, شرب كلور, بلع بطارية
        not breathing, cant breathe, cannot breathe, unconscious, bleeding badly, is bleeding, house is on fire,
        on fire
        in danger, has a knife, has a gun, heart attack, poisoned
        """,
    ),
    # The person served has died. A widow's «زوجي متوفى» is no report: only who is registered here, or a bare message.
    (
        "death_report",
        """
        {died} & {owner}, صاحب الرقم {died}, صاحبة الرقم {died}, صاحب الجوال {died}, صاحبة الجوال {died},
        صاحب الطلب {died}
        {died} & لا ترسلوا|ترسلون|اوقفوا|وقفوا|تراسلونه|تراسلونها,
        المرحوم|المرحومة .. مسجل|مسجلة|رقمه|رقمها|جواله|جوالها
        رقم المرحوم, رقم المرحومة, جوال المرحوم, جوال المرحومة
        the beneficiary .. died|passed|deceased, owner of this number .. died|passed|deceased,
        she|he .. passed away .. stop
        """,
    ),
    # Sayings that hold a word of death and mean something else, most of the time: shown to a person all the same.
    # So are accidents: knocked by a car, a flood, a current.
    (
        "idiom",
        """
        ضربني|ضربنا|ضربتني|ضربتنا السيل|الموج|البرق|تماس|التماس|كهربا|كهرباء|سيارة|السيارة,
        ضرب|ضربه|ضربها|ضربت|ضربته|ضربتها .. سيارة|السيارة|السيل & {child}
        {elder} .. يضرب|تضرب|ضرب|ضربت ابر|ابرة|ابره|الابرة|الابره|انسولين|الانسولين|حقنة
        يضرب|تضرب|ضرب|ضربت ابر|ابرة|ابره|الابرة|الابره|انسولين|الانسولين|حقنة .. {elder}
        {dead} {idiom_of}, {slain} {idiom_of}, {dead} من|م|على|علي {idiom_of}, {idiom_of} {slain}
        اموت فيكم, اموت فيك, اموت عليكم, اموت عليك, اموت في, تموت علي, بموت عليه, اموت فيه, ميت عليه
        متنا, بنموت, نموت, راح نموت, بموت, راح اموت, شوي واموت, تعبت|طفشت|مليت|زهقت|مليت من {life},
        قلبي يوجعني|يعورني|يالمني, ضايقة فيني الدنيا, ضاقت بي الدنيا, كرهت الدنيا
        ما عاد اقدر اعيش, ما نقدر نعيش, تعبت نفسيا, نفسيتي تعبانة, مكتئب, مكتئبة, اكتئاب
        dying of|from|to, dying .. laughing, dying with laughter, starving to death, bored to death, tired of life,
        tired of living
        scared to death, im dying, i am dying, depressed, depression
        """,
    ),
)
_CATEGORIES = [category for category, _ in _TABLE]
_IDIOM = _CATEGORIES.index("idiom")
_OVERRULED = {_CATEGORIES.index(category) for category in ("child_abuse", "self_harm", "abuse")}
"""What an idiom over the same words overrules: «بموت من الضحك», «ذبحني الجوع», «ضربته سيارة»."""
_BARE_DEATH = len(_TABLE)
_PHRASES = Phrases(
    [*(phrases_in(cell) for _, cell in _TABLE), ["{died} & {kin}"]],
    {name: words.split() for name, words in _GROUPS.items()},
)
_BARE = 7
"""Words of a message that says of a relative only that he died: it may be the person we serve."""


def disclosure(folded: str) -> Disclosure | None:
    """The gravest thing that a folded message may disclose, or None. Reads all of it, however long."""
    words = _PHRASES.words(folded)
    found = list(_PHRASES.find(words))
    if not found:
        return None
    idioms = [match for match in found if match.row == _IDIOM]
    best = best_denied = len(_TABLE) + 1
    for match in found:
        if match.row in _OVERRULED and any(one.start < match.end and match.start < one.end for one in idioms):
            longer = max(one.end - one.start for one in idioms if one.start < match.end and match.start < one.end)
            if longer >= match.end - match.start:
                continue
        if match.denied:
            best_denied = min(best_denied, match.row)
        else:
            best = min(best, match.row)
    if best < _IDIOM:
        return Disclosure(_CATEGORIES[best], True)
    if best_denied < _IDIOM:
        return Disclosure(_CATEGORIES[best_denied], False)
    if idioms:
        return Disclosure("idiom", False)
    return Disclosure("death_report", False) if best == _BARE_DEATH and len(words) <= _BARE else None
