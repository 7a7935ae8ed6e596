"""A complaint about somebody who works here: kept from them, answered, doubted by the person, answered again."""

import io
import zipfile

from tests.desk.house import Browser, House
from tests.desk.stories import Heard, acts_on, back, case_of, case_page, go, moves, offered, press, stage

NEWS = "السلام عليكم، هناك جديد لكم."
WRONG = "رفعت صوتها علينا أمام الناس"
PERIOD = "?period=this_month"


def sees_nothing(accused: Browser, id: int, reference: str, conversation: int) -> None:
    """Wherever the one who is complained about may look: not the case, not what was said, not that there is one."""
    back(accused)
    for path in ("/cases", "/cases?kind=complaint", "/cases?closed=1", "/cases/board?kind=complaint", "/inbox",
                 "/clocks", "/committee", "/alarms", f"/management{PERIOD}"):  # fmt: skip
        page = go(accused, path)
        assert page.path.endswith(path.partition("?")[0])
        assert reference not in page.says and WRONG not in page.says, path
        assert not [link for link in page.links if str(id) in link or str(conversation) in link], path
    for what in (reference, "نورة", "هيفاء"):
        found = go(accused, "/cases").submit("/cases/search", what=what)
        assert not found.leads_to(f"/case/{id}") and WRONG not in found.says, what
    for path in (f"/case/{id}", f"/case/{id}/move/assess", f"/conversation/{conversation}"):
        assert accused.get(path).status_code == 404, path
    for name in ("xlsx", "csv"):
        assert reference not in listed(accused, name)
    assert (accused.who, "view", f"case:{id}") not in {row[:3] for row in accused.house.acts()}


def listed(browser: Browser, name: str) -> str:
    """The list of cases as management takes it away."""
    answer = browser.get(f"/management/cases.{name}{PERIOD}")
    assert answer.status_code == 200
    if name == "csv":
        return str(answer.content.decode("utf-8-sig"))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as sheets:
        return "".join(sheets.read(one).decode() for one in sheets.namelist() if one.endswith(".xml"))


def test_a_complaint_about_a_worker_refused_answered_appealed_reopened_and_accepted(house: House) -> None:
    everywhere = ("follow_up_committee", "relations_officer", "management")
    accused = house.worker(*everywhere, name="نورة بنت سعد السالم", woman=True)
    hears = house.worker("follow_up_committee", name="هند العتيبي", woman=True)
    above = house.worker("management", name="منيرة الدوسري", woman=True)
    haifa = house.person("7001")
    haifa.does(haifa.say("السلام عليكم"))
    heard = Heard(haifa)
    about = {"about_staff": "yes", "who": "الأستاذة نوره السالم", "what_happened": WRONG}
    reference = haifa.does(haifa.complain(**about, severity="high"))
    id = case_of(house, reference)
    conversation = haifa.id

    # Acknowledged at once, by the house itself; and the one it is about sees nothing of it from the first moment on.
    taken = heard.new()[-1]
    assert taken.startswith(f"وصلت شكواكم، ورقمها {reference}.\nتنظر فيها لجنة المتابعة، ولا يراها من اشتكيتم منه")
    assert "نخبركم بما تمّ يوم الأحد ٦ ديسمبر ٢٠٢٦م" in taken
    assert stage(house, id) == "acknowledged"
    sees_nothing(accused, id, reference, conversation)
    page = case_page(hears, id)
    assert WRONG in page.says and "إشعار بالوصول" in page.says and "نورة بنت سعد السالم بالاسم في الشكوى" in page.says
    assert reference in listed(above, "csv") and reference in listed(above, "xlsx")
    assert go(above, "/inbox").leads_to(f"/conversation/{conversation}"), "a grave one waits for a person"

    # Weighed and looked into: once they are told that there is news, and they read all of it where they open it.
    house.later(hours=2)
    told = moves(hears, id, "assess", severity="high")
    assert told == [NEWS, f"قرأنا شكواكم {reference} وحدّدنا درجة أهميتها: عالية."]
    heard.these(NEWS)
    assert moves(hears, id, "investigate")[-1] == f"بدأت لجنة المتابعة النظر في شكواكم {reference}."
    heard.nothing()
    press(haifa, "اطّلاع")
    heard.these(f"بدأت لجنة المتابعة النظر في شكواكم {reference}.")

    # An amicable settlement is proposed, and refused by the person.
    house.later(days=1)
    back(hears)
    told = moves(hears, id, "settle", proposal="اعتذار من الموظفة أمام من حضر")
    assert told[0] == NEWS and "اعتذار من الموظفة أمام من حضر\nهل يرضيكم؟" in told[1]
    heard.these(NEWS)
    press(haifa, "اطّلاع")
    heard.these(told[1])
    assert offered(haifa)[:2] == ["يرضيني الحل", "لا يرضيني الحل"]
    press(haifa, "لا يرضيني الحل")
    heard.these((reference, "نكمل النظر"))
    assert stage(house, id) == "investigating"

    # Answered; the person doubts the answer, and says why: management reads it.
    told = moves(hears, id, "answer", answer="نبّهنا الموظفة، ونعتذر إليكم")
    heard.these(NEWS)
    press(haifa, "اطّلاع")
    heard.these(told[1])
    assert "نبّهنا الموظفة، ونعتذر إليكم\nإن لم يقنعكم فلكم التظلّم إلى الإدارة حتى الثلاثاء ٨ ديسمبر ٢٠٢٦م" in told[1]
    assert offered(haifa)[:2] == ["يرضيني الرد", "أتظلّم من الرد"]
    press(haifa, "أتظلّم من الرد")
    heard.these("ما الذي تودّون قوله لنا؟")
    haifa.does(haifa.say("لم تعتذر لنا الموظفة"))
    house.later(seconds=30)
    heard.these(f"وصل تظلّمكم في الشكوى {reference}، وتنظر فيه الإدارة.")
    assert stage(house, id) == "appealed"
    sees_nothing(accused, id, reference, conversation)
    assert not case_page(hears, id).leads_to(f"/case/{id}/move/reopen"), "not by those whose answer it doubts"
    back(above)
    page = case_page(above, id)
    assert "لم تعتذر لنا الموظفة" in page.says
    for form in page.forms:
        choice = form.fields.get("to" if form.action.endswith("/hold") else "staff")
        if choice is not None and not form.action.endswith("/let-in"):
            assert str(accused.id) not in (choice.offers or []), "neither given to them nor kept from them twice"
    told = moves(above, id, "reopen")
    assert told == [NEWS, f"قبلت الإدارة تظلّمكم، وأعادت النظر في شكواكم {reference}."]
    heard.these(NEWS)

    # Answered again, for good: an appeal is heard once, and no button promises another.
    told = moves(hears, id, "answer", answer="اعتذرت الموظفة إليكم اليوم")
    assert told[-1].endswith("اعتذرت الموظفة إليكم اليوم\nوقد سمعنا تظلّمكم من قبل، فهذا ردّنا الأخير.")
    heard.these(NEWS)
    press(haifa, "اطّلاع")
    heard.these(told[-1])
    assert offered(haifa)[:2] == ["يرضيني الرد", "سحب الشكوى"]
    press(haifa, "أتظلّم من الرد")  # an old button, under the first answer
    heard.these("هذا زر من رسالة سابقة انتهى وقتها")
    assert stage(house, id) == "answered"
    press(haifa, "متابعة طلبي")
    press(haifa, "يرضيني الرد")
    assert f"سجّلنا رضاكم بالردّ على شكواكم {reference}" in heard.new()[-1]
    assert stage(house, id) == "accepted"
    assert moves(hears, id, "close") == []
    heard.nothing()
    assert stage(house, id) == "closed"
    assert "هذه الحالة مغلقة" in go(hears, f"/case/{id}").says
    sees_nothing(accused, id, reference, conversation)

    committee = [f"{name}:follow_up_committee" for name in ("assess", "investigate", "settle", "answer")]
    expected = [(hears.who, "case.move", detail) for detail in committee]
    expected += [(above.who, "case.move", "reopen:management"), (hears.who, "case.move", committee[-1])]
    expected += [(hears.who, "case.move", "close:follow_up_committee")]
    assert acts_on(house, id) == expected


def test_days_to_appeal_that_are_over_are_offered_no_more(house: House) -> None:
    hears, haifa = house.worker("follow_up_committee"), house.person("7001")
    reference = haifa.does(haifa.complain(about_staff="no"))
    id = case_of(house, reference)
    moves(hears, id, "assess", severity="low")
    moves(hears, id, "investigate")
    moves(hears, id, "answer", answer="لم يكن في الحلقة مكان")
    house.later(days=15)
    press(haifa, "اطّلاع")
    assert "أتظلّم من الرد" in offered(haifa), "the last day counts"
    heard = Heard(haifa)
    house.later(days=1)
    press(haifa, "أتظلّم من الرد")
    heard.these("فلم يعد هذا ممكنًا")
    press(haifa, "متابعة طلبي")
    assert "أتظلّم من الرد" not in offered(haifa)
    assert (stage(house, id), house.line.alarms()) == ("answered", {})
