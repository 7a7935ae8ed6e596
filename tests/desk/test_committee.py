"""A committee sits: an agenda of what waits, votes, one act that decides many, minutes that each member approves."""

import re
from typing import Any
from unittest import mock

import pytest

from bot.case_moves import move_case
from bot.committee import lacking
from bot.desk.rooms import committee as room
from bot.papers import minutes as papers
from bot.papers.minutes import minutes_digest, minutes_pdf
from conversations.cases.move import SOCIAL_RESEARCHER
from conversations.wording import house_wording
from storage import cases, checks, erasure, excluded, sittings
from storage.timers import Timer, set_all
from storage.times import ms
from tests.desk.house import Browser, House, words_of
from tests.desk.stories import Page

BY_ALL = {"joint": "1", "joint-reason": "اتفق الحاضرون بعد الاطلاع على الأوراق"}
POSTPONED = {"decision": "postponed"}


def with_committee(house: House, reference: str, association: str = "harif") -> int:
    """Verified and passed on; the case's id."""

    def do(connection: Any) -> int:
        for name in ("verify", "pass_on"):
            case = cases.by_reference(connection, house.vault, association, reference, lock=True)
            assert case is not None
            move_case(
                connection,
                house.vault,
                house.associations[association],
                case,
                name,
                SOCIAL_RESEARCHER,
                house.now,
                tell=lambda conversation, timer: set_all(
                    connection, [Timer(association, conversation, timer, ms(house.now))]
                ),
            )
        assert case is not None
        return case.id

    id = int(house.do(do))
    house.settle()
    return id


def stage_of(house: House, reference: str, association: str = "harif") -> str:
    case = house.ask(cases.by_reference, house.vault, association, reference)
    return str(case.stage)


def applied(house: House, handle: str, association: str = "harif") -> tuple[Any, str, int]:
    person = house.person(handle, association=association)
    reference = person.does(person.apply())
    return person, reference, with_committee(house, reference, association)


def planned(member: Browser) -> str:
    answer = member.post("/committee", committee="committee", day="2026-11-22", hour="10:30", place="المقر")
    assert answer.status_code == 200, answer.text
    return re.search(r"/committee/\d+", str(answer.url)).group()  # type: ignore[union-attr]


def closes(member: Browser, sitting: str) -> Any:
    """Sees what each person will read, then has it carried out."""
    page = member.get(f"{sitting}/close")
    assert page.status_code == 200, words_of(page.text)
    shown = re.search(r'name="shown" value="(\w+)"', page.text)
    assert shown
    return member.post(f"{sitting}/close", shown=shown[1])


@pytest.fixture
def member(house: House) -> Browser:
    return house.worker("committee", name="عضو أول")


def test_a_sitting_begins_with_everything_that_waits_and_one_act_tells_everyone(house: House, member: Browser) -> None:
    first, one, one_id = applied(house, "7001")
    second, two, two_id = applied(house, "7002")
    sitting = planned(member)
    page = member.text(sitting)
    assert one in page and two in page

    member.post(f"{sitting}/attendance", present=str(member.id))
    member.post(f"{sitting}/vote", case=str(one_id), vote="for")
    member.post(f"{sitting}/decide", case=str(one_id), decision="accept")
    refused = {"case": str(two_id), "decision": "refuse", "refuse-reason": "خارج نطاق الخدمة"}
    refused["refuse-help"] = "بنك التنمية"
    member.post(f"{sitting}/decide", **refused, joint="1")
    house.settle()
    assert (stage_of(house, one), stage_of(house, two)) == ("with_committee", "with_committee")

    before = len(first.told), len(second.told)
    assert closes(member, sitting).status_code == 200
    house.settle()
    assert (stage_of(house, one), stage_of(house, two)) == ("accepted", "refused")
    assert len(first.told) > before[0] and len(second.told) > before[1]
    acts = [act for who, act, *_ in house.acts() if who == member.who]
    assert {"sitting.plan", "sitting.vote", "sitting.decide", "sitting.close"} <= set(acts)


def test_each_case_is_shown_with_what_verification_found(house: House, member: Browser) -> None:
    cases_ = [applied(house, handle)[2] for handle in ("7001", "7002")]
    for item, outcome in (("full_name", checks.OK), ("national_id", checks.WRONG), (checks.EARLY, checks.ASKED)):
        found = checks.Check(item, outcome, False, False, 1, ms(house.now))
        house.do(checks.save, house.vault, "harif", cases_[0], found)
    page = member.get(planned(member)).text
    lines = [words_of(page.split(f'id="case-{id}"')[1].split("</li>")[0]) for id in cases_]
    assert "سليم ١" in lines[0] and "ناقص أو غير صحيح ١" in lines[0] and "لم يراجعه أحد" not in lines[0]
    assert "المراجعة: لم يراجعه أحد بعد" in lines[1] and "سليم" not in lines[1]


def test_a_refusal_without_its_reason_is_not_noted_and_keeps_what_was_typed(house: House, member: Browser) -> None:
    _, _, id = applied(house, "7001")
    _, _, other = applied(house, "7002")
    sitting = planned(member)
    member.post(f"{sitting}/attendance", present=str(member.id))
    fields = {"decision": "refuse", "refuse-help": "بنك التنمية الاجتماعية"}
    answer = member.post(f"{sitting}/decide", case=[str(id), str(other)], **fields)
    assert answer.status_code == 422 and "اكتبوا: السبب" in words_of(answer.text)
    form = Page(member, answer).form("/decide").fields
    assert form["refuse-help"].values == [fields["refuse-help"]] and form["decision"].values == ["refuse"]
    assert form["case"].values == [str(id), str(other)], "the ticks are kept"
    area = answer.text.partition('id="f-refuse-reason"')[2].partition(">")[0]
    assert 'aria-invalid="true"' in area and "autofocus" in area, "and what is missing is marked"
    assert 'href="#f-refuse-reason"' in answer.text
    for wanting, place in (({"case": []}, "case"), ({"case": str(id), "decision": ""}, "decision")):
        answer = member.post(f"{sitting}/decide", **{**fields, **wanting})
        assert answer.status_code == 422 and f'href="#f-{place}"' in answer.text


def test_nothing_is_decided_by_nobody_and_by_one_alone_only_with_a_warning(house: House, member: Browser) -> None:
    _, _, id = applied(house, "7001")
    other = house.worker("committee")
    sitting = planned(member)
    answer = member.post(f"{sitting}/decide", case=str(id), decision="accept")
    assert answer.status_code == 422 and "سجّلوا الحضور أولًا" in words_of(answer.text)
    assert not Page(member, member.get(sitting)).offers("/decide")
    member.post(f"{sitting}/attendance", present=str(member.id))
    assert "حضر أقل من عضوين" in member.text(sitting)
    member.post(f"{sitting}/decide", case=str(id), decision="accept", **BY_ALL)
    assert "حضر أقل من عضوين" in member.text(f"{sitting}/close")
    assert ["النصاب", "حضر أقل من عضوين"] in minuted(member, sitting)["facts"]
    member.post(f"{sitting}/attendance", present=[str(member.id), str(other.id)])
    assert "حضر أقل من عضوين" not in member.text(sitting) + member.text(f"{sitting}/close")
    assert "النصاب" not in str(minuted(member, sitting)["facts"])


def minuted(member: Browser, sitting: str) -> Any:
    """What the PDF of the minutes shows, as data."""
    with mock.patch.object(room, "minutes_pdf", side_effect=minutes_pdf) as drawing:
        assert member.get(f"{sitting}/minutes.pdf").status_code == 200
    return papers._page(drawing.call_args.args[0], house_wording("ar"))


def test_minutes_say_how_it_was_decided_by_votes_by_all_or_without_a_vote(house: House, member: Browser) -> None:
    ids = [applied(house, handle)[2] for handle in ("7001", "7002", "7003")]
    sitting = planned(member)
    member.post(f"{sitting}/attendance", present=str(member.id))
    member.post(f"{sitting}/vote", case=str(ids[0]), vote="for")
    for id, decided in zip(ids, ({"decision": "accept"}, BY_ALL | {"decision": "accept"}, POSTPONED), strict=True):
        member.post(f"{sitting}/decide", case=str(id), **decided)
    said = [dict(item["lines"]) for item in minuted(member, sitting)["items"]]
    votes = ["موافق: ١، معارض: ٠، ممتنع: ٠", "قرار جماعي ممن حضر، دون تصويت", "دون تصويت"]
    assert [one["التصويت"] for one in said] == votes
    assert [BY_ALL["joint-reason"] in one.values() for one in said] == [False, True, False]
    page = member.text(sitting)
    assert page.count("(قرار جماعي ممن حضر)") == 1 and page.count(BY_ALL["joint-reason"]) == 1
    assert closes(member, sitting).status_code == 200
    house.settle()
    assert all(BY_ALL["joint-reason"] not in text for text in house.person("7002").told), "it is the committee's own"


@pytest.mark.parametrize(
    ("decision", "joint", "given", "votes", "lacks"),
    [
        ("accept", False, {}, ["for", "for", "against"], ""),
        ("accept", False, {}, ["for", "abstain", "abstain"], ""),
        ("accept", False, {}, [], "votes"),
        ("accept", False, {}, ["abstain"], "votes"),
        ("accept", False, {}, ["for", "against"], "majority"),
        ("accept", True, {"joint": "سبب"}, ["against"], "majority"),
        ("accept", True, {}, [], "reason"),
        ("accept", True, {"joint": "سبب"}, ["abstain"], ""),
        ("refuse", True, {"reason": "سبب"}, [], ""),
        ("refuse", False, {"reason": "سبب"}, ["against", "against", "for"], ""),
        ("refuse", False, {"reason": "سبب"}, ["for", "for", "against"], "majority"),
        ("not_prove", False, {"reason": "سبب"}, ["against"], ""),
        ("investigate", False, {}, ["for"], ""),
        ("postponed", False, {}, [], ""),
        ("postponed", False, {}, ["for"], ""),
    ],
)
def test_a_decision_is_the_committees_by_more_votes_or_by_all_with_a_reason(
    decision: str, joint: bool, given: dict[str, str], votes: list[str], lacks: str
) -> None:
    assert lacking(decision, joint, given, votes) == lacks


def test_one_member_decides_nothing_against_the_votes_and_what_was_typed_stays(house: House, member: Browser) -> None:
    person, reference, id = applied(house, "7001")
    others = [house.worker("committee", name=name) for name in ("ثان", "ثالث")]
    sitting = planned(member)
    member.post(f"{sitting}/attendance", present=str(member.id))
    answer = member.post(f"{sitting}/decide", case=str(id), decision="accept")
    assert answer.status_code == 422 and f"لم يُصوَّت على {reference} بعد" in words_of(answer.text)
    answer = member.post(f"{sitting}/decide", case=str(id), decision="accept", joint="1")
    assert answer.status_code == 422 and "اكتبوا سبب القرار الجماعي" in words_of(answer.text)
    assert 'href="#f-joint-reason"' in answer.text
    for one in (member, *others):
        one.post(f"{sitting}/vote", case=str(id), vote="against")
    answer = member.post(f"{sitting}/decide", case=str(id), decision="accept", **BY_ALL)
    assert answer.status_code == 422 and "(موافق ٠، معارض ٣)" in words_of(answer.text)
    form = Page(member, answer).form("/decide").fields
    assert form["case"].values == [str(id)] and form["decision"].values == ["accept"]
    assert form["joint"].values == ["1"] and form["joint-reason"].values == [BY_ALL["joint-reason"]]

    for one in (member, *others):
        one.post(f"{sitting}/vote", case=str(id), vote="for")
    member.post(f"{sitting}/decide", case=str(id), decision="accept")
    for one in others:
        one.post(f"{sitting}/vote", case=str(id), vote="against")
    told = len(person.told)
    assert "لم تعد أكثر الأصوات مع هذا القرار" in member.text(f"{sitting}/close")
    closes(member, sitting)
    house.settle()
    assert (stage_of(house, reference), len(person.told)) == ("with_committee", told)
    assert "لم تعد أكثر الأصوات مع هذا القرار" in member.text(sitting)


def test_what_is_on_an_open_agenda_is_decided_there_and_not_by_one_member_on_its_page(
    house: House, member: Browser
) -> None:
    _, reference, id = applied(house, "7001")
    sitting = planned(member)
    assert "/move/accept" not in member.get(f"/case/{id}").text
    assert "في جدول جلسة لم تُغلق بعد" in member.text(f"/case/{id}")
    moves = str(house.ask(cases.by_reference, house.vault, "harif", reference).moves)
    refused = member.post(f"/case/{id}/move/accept", moves=moves, do="make")
    assert refused.status_code == 409 and "في جدول جلسة لم تُغلق بعد" in words_of(refused.text)
    house.settle()
    assert stage_of(house, reference) == "with_committee"
    member.post(f"{sitting}/agenda", remove=str(id))
    assert f"/case/{id}/move/accept" in member.get(f"/case/{id}").text


def test_a_vote_is_confirmed_where_it_was_given(house: House, member: Browser) -> None:
    _, _, id = applied(house, "7001")
    sitting = planned(member)
    answer = member.post(f"{sitting}/vote", follow=False, case=str(id), vote="against")
    assert answer.headers["location"].endswith(f"{sitting}?said=vote_kept#case-{id}")
    page = member.text(f"{sitting}?said=vote_kept")
    assert "سُجّل صوتكم." in page and "صوتكم: معارض" in page and "موافق ٠، معارض ١، ممتنع ٠" in page


def test_what_each_person_will_read_is_shown_before_anything_is_carried_out(house: House, member: Browser) -> None:
    first, one, one_id = applied(house, "7001")
    second, two, two_id = applied(house, "7002")
    sitting = planned(member)
    assert member.get(f"{sitting}/close").status_code == 409, "nobody is here"
    member.post(f"{sitting}/attendance", present=str(member.id))
    member.post(f"{sitting}/decide", case=str(one_id), decision="accept", **BY_ALL)
    words = {"refuse-reason": "خارج نطاق الخدمة", "refuse-help": "بنك التنمية"}
    member.post(f"{sitting}/decide", case=str(two_id), decision="refuse", joint="1", **words)
    told = len(first.told), len(second.told)
    page = Page(member, member.get(sitting)).follow("/close")
    house.settle()
    assert (stage_of(house, one), len(first.told), len(second.told)) == ("with_committee", *told)
    _, news, refused = page.quotes
    assert one in page.says and two in page.says and words["refuse-reason"] in refused

    assert member.post(f"{sitting}/close").status_code == 409, "it was not seen"
    member.post(f"{sitting}/decide", case=str(one_id), decision="postponed")
    page = page.submit("/close", status=409)
    assert "تغيّرت القرارات بعد العرض" in page.says and page.quotes == [news, refused]
    assert stage_of(house, two) == "with_committee"
    page.submit("/close")
    assert second.told[told[1] :] == [news] and len(first.told) == told[0]
    second.does(second.press(f"track:{two}"))
    assert second.told[-1].startswith(refused)


def test_a_decision_before_its_earliest_day_waits_for_a_supervisor(house: House) -> None:
    member = house.worker("committee", association="ruhama")
    _, reference, id = applied(house, "7001", "ruhama")
    sitting = planned(member)
    member.post(f"{sitting}/attendance", present=str(member.id))
    member.post(f"{sitting}/decide", case=str(id), decision="accept", **BY_ALL)
    closes(member, sitting)
    assert stage_of(house, reference, "ruhama") == "with_committee"
    assert "لا يُقرَّر قبل" in member.text(sitting)
    assert member.post(f"{sitting}/confirm", case=str(id)).status_code == 403

    chair = house.worker("committee", "management", association="ruhama")
    chair.post(f"{sitting}/confirm", case=str(id))
    closes(member, sitting)
    assert stage_of(house, reference, "ruhama") == "accepted"
    assert (chair.who, "decision.early", f"case:{id}", "") in house.acts("ruhama")


def test_minutes_are_approved_by_everyone_who_was_there_and_by_nobody_else(house: House, member: Browser) -> None:
    _, _, id = applied(house, "7001")
    other, absent = house.worker("committee"), house.worker("committee")
    sitting = planned(member)
    member.post(f"{sitting}/attendance", present=[str(member.id), str(other.id)])
    member.post(f"{sitting}/decide", case=str(id), decision="accept", **BY_ALL)
    closes(member, sitting)
    number = int(sitting.rpartition("/")[2])

    def state() -> Any:
        return house.ask(sittings.get, house.vault, "harif", number).state

    member.post(f"{sitting}/sign")
    assert state() == "decided"
    assert absent.post(f"{sitting}/sign").status_code == 409
    other.post(f"{sitting}/sign")
    assert state() == "signed"
    pdf = member.get(f"{sitting}/minutes.pdf")
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")


def test_minutes_of_a_case_that_was_erased_since_say_so_and_keep_their_proof(house: House, member: Browser) -> None:
    _, one, gone = applied(house, "7001")
    applied(house, "7002")
    sitting = planned(member)
    number = int(sitting.rpartition("/")[2])
    member.post(f"{sitting}/attendance", present=str(member.id))
    refusal = {"decision": "refuse", "refuse-reason": "دخل الأسرة أعلى من الحد", "refuse-help": "بنك التنمية"}
    ids = [str(row[0]) for row in house.line.rows("cases", "id")]
    member.post(f"{sitting}/decide", case=ids, joint="1", **refusal)
    closes(member, sitting)
    member.post(f"{sitting}/sign")
    (digest,) = house.line.rows("sittings", "digest")[0]
    assert (member.who, "sitting.sign", f"sitting:{number}", digest) in house.acts(), "the chain of the audit holds it"

    def drawn() -> Any:
        with mock.patch.object(room, "minutes_pdf", side_effect=minutes_pdf) as drawing:
            assert member.get(f"{sitting}/minutes.pdf").status_code == 200
        return drawing.call_args.args[0]

    assert minutes_digest(drawn()) == digest
    house.do(erasure.erase_cases, house.vault, "harif", [gone], ms(house.now))
    now = drawn()
    assert now.digest == digest != minutes_digest(now)
    assert [bool(item.erased_at) for item in now.items] == [True, False]
    assert [item.reason for item in now.items] == ["", refusal["refuse-reason"]]
    notes = papers._page(now, house_wording("ar"))["digest_notes"]
    assert len(notes) == 1 and "كما اعتُمد" in notes[0]
    page = member.text(sitting)
    assert one in page and page.count("مُسح ما كُتب عنها") == 1 and page.count(refusal["refuse-reason"]) == 1


def test_what_was_decided_of_a_colleague_is_carried_out_whoever_closes_the_sitting(
    house: House, member: Browser
) -> None:
    _, one, _ = applied(house, "7001")
    _, two, id = applied(house, "7002")
    about = house.worker("committee", name="عضو معني")
    house.do(excluded.add, "harif", [excluded.Excluded(f"case:{id}", about.id, "by_hand", 0, ms(house.now))])
    sitting = planned(member)
    member.post(f"{sitting}/attendance", present=[str(member.id), str(about.id)])
    ids = [str(row[0]) for row in house.line.rows("cases", "id")]
    member.post(f"{sitting}/decide", case=ids, decision="accept", **BY_ALL)
    assert one in about.text(sitting) and two not in about.text(sitting)
    assert closes(about, sitting).status_code == 200
    house.settle()
    assert (stage_of(house, one), stage_of(house, two)) == ("accepted", "accepted")
    assert two not in about.text(sitting)
    about.post(f"{sitting}/sign")
    digest = house.line.rows("sittings", "digest")
    assert two not in about.text(sitting)
    member.post(f"{sitting}/sign")
    assert house.line.rows("sittings", "digest") == digest, "of the whole minutes, whoever approves first"


def test_a_sitting_of_another_committee_or_association_is_not_there(house: House, member: Browser) -> None:
    sitting = planned(member)
    assert house.worker("follow_up_committee").get(sitting).status_code == 404
    elsewhere = house.worker("committee", association="ruhama")
    assert elsewhere.get(sitting).status_code == 404


def test_two_members_who_close_at_once_tell_nobody_twice(house: House, member: Browser) -> None:
    person, _, id = applied(house, "7001")
    other = house.worker("committee")
    sitting = planned(member)
    member.post(f"{sitting}/attendance", present=[str(member.id), str(other.id)])
    member.post(f"{sitting}/decide", case=str(id), decision="accept", **BY_ALL)
    closes(member, sitting)
    assert other.post(f"{sitting}/close").status_code == 409
    house.settle()
    assert sum("قبول" in words or "قُبل" in words for words in person.told) == 1


def test_a_sitting_is_today_unless_another_day_is_chosen(house: House, member: Browser) -> None:
    page = Page(member, member.get("/committee"))
    assert page.form("/committee").fields["day"].values == ["2026-11-22"] and "التاريخ" in page.says
