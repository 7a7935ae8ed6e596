"""A claim for compensation: nothing before minutes that each member approves; fault proven or not; a court's word."""

from tests.desk.house import Browser, House, Person
from tests.desk.stories import (
    Heard,
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
from tests.desk.test_moves import does

NEWS = "السلام عليكم، هناك جديد لكم."
HAPPENED = "سقطت خيمة الركن على بضاعتنا في المعرض"
COMMITTEE = "investigation_committee"
FOUND = {"harm": "تلفت خمسون علبة حلوى", "size": "ألفا ريال", "causes": "خيمة لم تُثبَّت أوتادها"}


def claimed(house: House, handle: str = "7001") -> tuple[Person, str, int]:
    """Somebody complains and wants to be compensated: the claim is a case of its own."""
    person = house.person(handle)
    person.does(person.open("complain"))
    person.does(person.finish(about_staff="no", remedy="compensation", what_happened=HAPPENED))
    rows = house.line.rows("cases", "kind", "reference", "linked_to")
    complaint = next(
        str(reference) for kind, reference, _ in rows if kind == "complaint" and reference in person.told[-1]
    )
    reference = next(str(one) for _, one, about in rows if about == complaint)
    return person, reference, case_of(house, reference)


def opened(person: Person, heard: Heard, told: list[str]) -> None:
    """They are told that there is news, and read where they open it what the page said they would."""
    assert told[0] == NEWS and len(told) == 2
    heard.these(NEWS)
    press(person, "اطّلاع")
    heard.these(told[1])


def minuted(house: House, id: int, *members: Browser) -> None:
    """The committee finds harm, size and causes; each member approves the minutes, and only then the claim moves."""
    first = members[0]
    page = case_page(first, id)
    assert not page.leads_to(f"/case/{id}/move/minute") and "ويعتمده كل من حضرها" in page.says, "not by one hand alone"
    alone = {"moves": "0", "minutes": "كتبته وحدي", "do": "preview"}
    assert first.post(f"/case/{id}/move/minute", **alone).status_code == 409
    here = sitting(first, COMMITTEE, "2026-11-23", *members)
    found = {f"minute-{name}": words for name, words in FOUND.items()}
    page = go(first, here)
    assert page.leads_to(f"/case/{id}"), "what waits is on the agenda"
    part = {name: value for name, value in found.items() if name != "minute-causes"}
    page = page.submit("/decide", case=str(id), decision="minute", **part, status=422)
    assert "أسبابه" in page.says and page.form("/decide").fields["minute-harm"].values == [FOUND["harm"]], (
        "nothing is lost"
    )
    page = page.submit("/decide", case=str(id), decision="minute", joint="1", **found)
    page = page.follow("/close").submit("/close")
    assert all(words in page.says for words in FOUND.values()) and "الاثنين ٢٣ نوفمبر ٢٠٢٦م" in page.says
    assert stage(house, id) == "claimed"
    for member in members[:-1]:
        go(member, here).submit("/sign")
        assert stage(house, id) == "claimed", "one of them has not approved"
    minutes_of(here, members[-1])
    assert stage(house, id) == "minuted"
    assert all(words in case_page(first, id).says for words in FOUND.values())


def test_a_harm_is_minuted_the_fault_proven_negotiated_with_a_ruling_settled_and_closed(house: House) -> None:
    haifa, reference, id = claimed(house)
    receipt = haifa.told[-1]
    assert f"وسجّلنا طلب التعويض برقم {reference}، وتدرسه لجنة التحقيق والمتابعة" in receipt
    assert "ولا نعدكم فيه بشيء قبل ذلك" in receipt, "staff decide; nothing is promised"
    heard = Heard(haifa)
    saad, reem = house.worker(COMMITTEE, name="سعد"), house.worker(COMMITTEE, name="ريم", woman=True)
    follows = house.worker("follow_up_committee")
    assert follows.get(f"/case/{id}").status_code == 404, "a claim is the investigation committee's"
    minuted(house, id, saad, reem)
    opened(haifa, heard, [NEWS, f"كتبت لجنة التحقيق والمتابعة محضرها في طلبكم {reference}، ونخبركم بما تنتهي إليه."])

    house.later(days=2)
    back(saad), back(reem)
    told = moves(saad, id, "prove")
    assert f"ثبت للجنة أن الخطأ منّا في طلبكم {reference}، ونعتذر إليكم" in told[1]
    opened(haifa, heard, told)
    above = house.worker("management", name="منيرة")
    told = moves(above, id, "negotiate")
    assert f"نبدأ معكم التفاوض في طلبكم {reference}" in told[1]
    opened(haifa, heard, told)

    # A court's word is kept where the claim stands, and moves nothing by itself.
    told = moves(reem, id, "court_ruling", ruling="يُعوَّض المدّعي بألفي ريال")
    assert told[1].startswith(f"سجّلنا الحكم الصادر في طلبكم {reference}:\nيُعوَّض المدّعي بألفي ريال")
    opened(haifa, heard, told)
    assert stage(house, id) == "negotiating"
    told = moves(above, id, "settle", agreement="ألفا ريال تُحوَّل إليكم هذا الأسبوع")
    assert told[1].startswith(f"اتفقنا معكم في طلبكم {reference} على:\nألفا ريال تُحوَّل إليكم هذا الأسبوع")
    opened(haifa, heard, told)
    told = moves(above, id, "finish")
    assert told[1].startswith(f"تمّ ما اتفقنا عليه في طلبكم {reference}، وأُغلق")
    opened(haifa, heard, told)
    assert stage(house, id) == "closed"
    page = case_page_closed(saad, id)
    assert all(words in page for words in ("هذه الحالة مغلقة", "يُعوَّض المدّعي بألفي ريال", *FOUND.values()))

    assert [row for row in acts_on(house, id) if row[1] == "case.move"] == [
        (reem.who, "case.move", f"minute:{COMMITTEE}"),
        (saad.who, "case.move", f"prove:{COMMITTEE}"),
        (above.who, "case.move", "negotiate:management"),
        (reem.who, "case.move", f"court_ruling:{COMMITTEE}"),
        (above.who, "case.move", "settle:management"),
        (above.who, "case.move", "finish:management"),
    ]
    signed = [who for who, act, *_ in house.acts() if act == "sitting.sign"]
    assert signed == [saad.who, reem.who]


def case_page_closed(browser: Browser, id: int) -> str:
    """What a case says that is no longer in the list of open ones."""
    return go(browser, "/cases?closed=1").follow(f"/case/{id}").says


def test_no_fault_is_proven_and_a_court_sees_it_differently(house: House) -> None:
    haifa, reference, id = claimed(house)
    heard = Heard(haifa)
    saad = house.worker(COMMITTEE, name="سعد")
    minuted(house, id, saad)
    heard.these(NEWS)
    press(haifa, "اطّلاع")
    heard.these("كتبت لجنة التحقيق والمتابعة محضرها")
    assert not case_page(saad, id).leads_to("/move/follow_ruling"), "there is no ruling"
    told = moves(saad, id, "not_prove", reason="الخيمة من مقاول المعرض لا منّا")
    assert f"لم يثبت للجنة خطأ منّا في طلبكم {reference}.\nالسبب: الخيمة من مقاول المعرض لا منّا" in told[1]
    opened(haifa, heard, told)
    assert stage(house, id) == "fault_not_proven"

    told = moves(saad, id, "court_ruling", ruling="الجمعية مسؤولة عن الركن")
    opened(haifa, heard, told)
    assert stage(house, id) == "fault_not_proven"
    told = moves(saad, id, "follow_ruling")
    assert f"وصلنا الحكم في طلبكم {reference}، ونبدأ معكم الاتفاق على العمل به" in told[1]
    opened(haifa, heard, told)
    assert stage(house, id) == "negotiating"


def test_no_fault_is_proven_and_the_claim_is_closed(house: House) -> None:
    haifa, reference, id = claimed(house)
    heard = Heard(haifa)
    saad = house.worker(COMMITTEE, name="سعد")
    minuted(house, id, saad)
    heard.these(NEWS)
    told = moves(saad, id, "not_prove", reason="وصلت البضاعة سليمة")
    assert told[0] == NEWS
    heard.these(NEWS)
    told = moves(saad, id, "close")
    assert told[-1] == f"أُغلق طلبكم {reference}. وإن صدر حكم من جهة مختصة فأرسلوه لنا في أي وقت."
    press(haifa, "اطّلاع")
    (text,) = heard.new()
    why, closed = text.index("السبب: وصلت البضاعة سليمة"), text.index(f"أُغلق طلبكم {reference}")
    assert why < closed, "what they had not read yet is not lost"
    assert stage(house, id) == "closed"


def test_a_claim_with_a_complaint_of_abuse_is_brought_to_its_end_by_the_protection_officer_alone(house: House) -> None:
    """Nobody else sees it, so no committee sits on it: who alone may know records the minutes, and every next step."""
    haifa = house.person("7001")
    haifa.does(haifa.open("complain"))
    haifa.does(haifa.finish(subject="abuse", remedy="compensation"))
    (reference,) = [str(one) for kind, one in house.line.rows("cases", "kind", "reference") if kind == "compensation"]
    id, officer = case_of(house, reference), house.worker("protection_officer", woman=True)
    for role in (COMMITTEE, "management", "follow_up_committee"):
        assert house.worker(role).get(f"/case/{id}").status_code == 404
    for name, given in {
        "minute": {"minutes": FOUND["harm"]},
        "prove": {},
        "negotiate": {},
        "settle": {"agreement": "ألفا ريال"},
    }.items():
        does(officer, id, name, **given)
    assert stage(house, id) == "settled"
