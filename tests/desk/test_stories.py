"""A request from its first word to its last delivery; and one that is refused, objected to, and accepted after all."""

from tests.desk.house import House
from tests.desk.stories import (
    Heard,
    Page,
    acts_on,
    back,
    case_of,
    case_page,
    go,
    minutes_of,
    moves,
    press,
    sitting,
    stage,
)
from tests.desk.test_committee import BY_ALL

REQUIRED = [
    *("full_name", "birth_date", "identity_kind", "national_id", "mobile", "short_address", "activity", "selling"),
    *("household", "income", "family_card", "income_proof"),
]
"""What harif's published list asks of a productive family that registers."""
SECRET = ("national_id", "family_card", "income_proof")
"""Of those, what is masked, and shown before it is called sound."""


def check(page: Page, wrong: dict[str, str]) -> list[str]:
    """Go through the check-list as it leads, item by item; `wrong`: a note on what is missing."""
    seen: list[str] = []
    while (item := page.form("/verify").fields["item"].values[0]) not in seen:
        seen.append(item)
        if page.offers("/verify/reveal"):
            page = page.submit("/verify/reveal")
        page = page.submit("/verify", outcome="missing" if item in wrong else "ok", note=wrong.get(item, ""))
    return seen


def test_a_request_returned_completed_accepted_delivered_and_closed(house: House) -> None:
    noura = house.person("7001")
    reference = noura.does(noura.apply())
    receipt = next(text for text in noura.told if reference in text)
    assert "وصل طلبكم كاملًا" in receipt and "الأحد ١٣ ديسمبر ٢٠٢٦م (٤ رجب ١٤٤٨هـ)" in receipt
    heard = Heard(noura)
    id = case_of(house, reference)
    hind = house.worker("relations_officer", name="هند")

    # Verified, item by item: the second page of the family card is missing.
    assert reference in case_page(hind, id).says
    assert moves(hind, id, "verify") == heard.these(f"بدأنا مراجعة طلبكم {reference}")
    listed = check(go(hind, f"/case/{id}").follow(f"/case/{id}/verify"), {"family_card": "صفحة الأبناء"})
    assert listed == REQUIRED
    heard.nothing()

    # Returned: what was found missing is ticked already, one thing beyond the published list is asked for in words.
    house.later(days=2)
    back(hind)
    told = moves(hind, id, "return", asked_words_1="صورة من عقد المحل", asked_kind_1="document")
    assert told == heard.these(("بقي القليل", "• سجل الأسرة\n• صورة من عقد المحل\n"))
    assert told[0].count("•") == 2, "exactly what is missing"

    # Completed by the person: a paper here, a secret on the secure page; the promise is counted anew, and said.
    press(noura, "إكمال الناقص")
    heard.these(("بقي شيئان", "صورة من عقد المحل"))
    noura.does(noura.file())
    house.later(seconds=30)
    heard.these(("من صفحة آمنة", "سجل الأسرة"))
    noura.does(noura.fill_form())
    heard.these(("وصلنا ما كان ناقصًا", "مدة الرد تُحسب من اليوم", "الثلاثاء ١٥ ديسمبر ٢٠٢٦م (٦ رجب ١٤٤٨هـ)"))
    assert stage(house, id) == "verifying"
    page = go(hind, f"/case/{id}")
    assert "صورة من عقد المحل" in page.says and "other:1" not in page.says
    assert "الثلاثاء ١٥ ديسمبر ٢٠٢٦م" in page.says and "المراجعة: ١١ من ١٣" in page.says
    page = page.follow(f"/case/{id}/verify")
    assert check(page, {}) == ["family_card", "other:1"], "only what came is looked at again"
    page = page.follow("item=other%3A1")
    assert "لم يُقدَّم" not in page.says and "صورة من عقد المحل" in page.says
    assert any("/file/" in link for link in page.links), "the paper stands beside what it was asked for"
    assert moves(hind, id, "pass_on") == heard.these("الآن عند اللجنة المختصة")

    # The committee: those who are there vote, one act tells everyone, each member approves the minutes.
    saad, reem = house.worker("committee", name="سعد"), house.worker("committee", name="ريم")
    house.later(days=4)
    back(saad), back(reem)
    here = sitting(saad, "committee", "2026-11-28", saad, reem)
    for member in (saad, reem):
        go(member, "/committee").follow(here).submit("/vote", case=str(id), vote="for")
    page = go(saad, here)
    assert "موافق ٢" in page.says
    page = page.submit("/decide", case=str(id), decision="accept")
    heard.nothing()
    assert (stage(house, id), page.leads_to("/close")) == ("with_committee", True)
    page = page.follow("/close")
    (quote,) = page.quotes
    page = page.submit("/close")
    assert noura.told[-1] == quote
    heard.these(f"قُبل طلبكم {reference}")
    assert "بقي اعتماد المحضر" in page.says
    minutes_of(here, saad, reem)

    # Registered with what it entitles to, delivered one by one, each confirmed by the person.
    back(hind)
    owed = {"owed_what_1": "ماكينة خياطة", "owed_amount_1": "1500", "owed_due_1": "2026-12-10"}
    told = moves(hind, id, "register", **owed, owed_what_2="دورة تدريب")
    assert told == heard.these(("ماكينة خياطة (١٥٠٠ ريال)، في موعد أقصاه الخميس ١٠ ديسمبر ٢٠٢٦م", "• دورة تدريب"))
    sewing, course = (str(row[0]) for row in house.line.rows("entitlements", "id"))
    assert moves(hind, id, "deliver_one", f"?entitlement={sewing}") == heard.these(("ماكينة خياطة", "هل وصلكم؟"))
    press(noura, "وصلني")
    heard.these("سجّلنا أنه وصلكم")
    assert stage(house, id) == "registered"
    house.later(days=5)
    back(hind)
    assert moves(hind, id, "deliver_one", f"?entitlement={course}") == heard.these(("دورة تدريب", "هل وصلتكم كاملة؟"))
    press(noura, "وصلتني كاملة")
    heard.these(f"أُغلق طلبكم {reference}")
    assert stage(house, id) == "closed"
    page = go(hind, f"/case/{id}")
    assert page.says.count("وصل صاحبه") == 2 and "هذه الحالة مغلقة" in page.says

    # Nothing of it is missing from the audit, the checks included, nor who did it.
    officer = [(act, detail) for who, act, detail in acts_on(house, id) if who == hind.who]
    assert officer == [
        ("case.move", "verify:relations_officer"),
        *[
            (act, detail)
            for item in REQUIRED
            for act, detail in (
                ("reveal", item),
                ("case.check", f"{item}:{'missing' if item == 'family_card' else 'ok'}"),
            )
            if act != "reveal" or item in SECRET
        ],
        ("case.move", "return:relations_officer"),
        ("reveal", "family_card"),
        ("case.check", "family_card:ok"),
        ("case.check", "other:1:ok"),
        *(("case.move", f"{name}:relations_officer") for name in ("pass_on", "register")),
        *[("entitlement.deliver", ""), ("case.move", "deliver_one:relations_officer")] * 2,
    ]
    others = [(who.partition(":")[0], act, detail) for who, act, detail in acts_on(house, id) if who != hind.who]
    assert others == [
        ("staff", "sitting.vote", ""),
        ("staff", "sitting.vote", ""),
        ("staff", "sitting.decide", ""),
        ("staff", "case.move", "accept:committee"),
        ("beneficiary", "entitlement.confirm", ""),
    ]
    page = go(house.worker("auditor"), "/audit").submit("/audit/find", reference=reference)
    assert "هند" in page.says and "سعد" in page.says


def test_refused_objected_to_and_accepted_after_all(house: House) -> None:
    salem = house.person("7001", association="ruhama")
    reference = salem.does(salem.apply())
    receipt = next(text for text in salem.told if reference in text)
    assert "لا يُتوقع الرد قبل الأحد ٦ ديسمبر ٢٠٢٦م (٢٦ جمادى الآخرة ١٤٤٨هـ)" in receipt
    heard = Heard(salem)
    id = case_of(house, reference)
    hind = house.worker("social_researcher", association="ruhama", name="هند")
    assert moves(hind, id, "verify")[:1] == heard.these("هناك جديد لكم"), (
        "of a visit to the sick nothing leaves the house"
    )
    assert "full_name" in check(go(hind, f"/case/{id}").follow(f"/case/{id}/verify"), {})
    moves(hind, id, "pass_on")
    heard.nothing()  # there is news already, and they have not opened it

    # Three days later the committee refuses; that is early, and waits for a supervisor.
    house.later(days=3)
    saad = house.worker("committee", association="ruhama", name="سعد")
    munira = house.worker("committee", "management", association="ruhama", name="منيرة")
    here = sitting(saad, "committee", "2026-11-25", saad, munira)
    words = {"reason": "الزيارات في حيّكم متوقفة", "help": "زيارات مستشفى الحي"}
    given = {f"refuse-{name}": value for name, value in words.items()}
    page = go(saad, here).submit("/decide", case=str(id), decision="refuse", joint="1", **given)
    page = page.follow("/close").submit("/close")
    assert "نُفّذ بعض القرارات" in page.says and "لا يُقرَّر قبل الأحد ٦ ديسمبر ٢٠٢٦م" in page.says
    assert not page.offers("/confirm"), "a member cannot confirm for a supervisor"
    heard.nothing()
    assert stage(house, id) == "with_committee"
    go(munira, here).submit("/confirm", case=str(id))
    go(saad, here).follow("/close").submit("/close")
    heard.these("هناك جديد لكم")
    minutes_of(here, saad, munira)
    press(salem, "اطّلاع")
    heard.these((words["reason"], words["help"], "فلكم الاعتراض حتى الخميس ١٠ ديسمبر ٢٠٢٦م"))

    # The person objects, with their reason; the study is promised anew, and the committee reads why.
    press(salem, "أعترض على القرار")
    heard.these("ما الذي تودّون قوله لنا؟")
    salem.does(salem.say("والدتي وحدها، ولا مستشفى في حيّنا"))
    house.later(seconds=30)
    heard.these((f"عاد طلبكم {reference} إلى لجنة البحث", "لا يُتوقع الرد قبل الأربعاء ٩ ديسمبر ٢٠٢٦م"))
    assert "ولا مستشفى في حيّنا" in go(saad, f"/case/{id}").says

    # This time the member asks for the supervisor's word, which stands with its reason on the case; the sitting holds.
    house.later(days=5)
    back(saad), back(munira)
    assert "وصل طلبكم إلى المشرفين" in go(saad, f"/case/{id}").submit("/early/ask").says
    go(munira, f"/case/{id}").submit("/early/confirm", reason="لا تحتمل الانتظار")
    here = sitting(saad, "committee", "2026-11-30", saad)
    page = go(saad, here).submit("/decide", case=str(id), decision="accept", **BY_ALL).follow("/close").submit("/close")
    assert "نُفّذت القرارات" in page.says
    assert stage(house, id) == "accepted"
    heard.these("هناك جديد لكم")
    press(salem, "اطّلاع")
    heard.these(f"قُبل طلبكم {reference}")
    assert [row for row in acts_on(house, id, "ruhama") if row[0] != hind.who] == [
        (saad.who, "sitting.decide", ""),
        (munira.who, "decision.early", ""),
        (saad.who, "case.move", "refuse:committee"),
        (saad.who, "case.early_asked", ""),
        (munira.who, "case.early_confirmed", ""),
        (saad.who, "sitting.decide", ""),
        (saad.who, "case.move", "accept:committee"),
    ]
