"""A committee sits: an agenda of what waits, votes, one act that decides many, minutes that each member approves."""

import re
from typing import Any
from unittest import mock

import pytest

from bot.case_moves import move_case
from bot.desk.rooms import committee as room
from bot.papers import minutes as papers
from bot.papers.minutes import minutes_digest, minutes_pdf
from conversations.cases.move import SOCIAL_RESEARCHER
from conversations.wording import house_wording
from storage import cases, erasure, excluded, sittings
from storage.timers import Timer, set_all
from storage.times import ms
from tests.desk.house import Browser, House


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
    refused = {"case": str(two_id), "decision": "refuse", "reason": "خارج نطاق الخدمة", "help": "بنك التنمية"}
    member.post(f"{sitting}/decide", **refused)
    house.settle()
    assert (stage_of(house, one), stage_of(house, two)) == ("with_committee", "with_committee")

    before = len(first.told), len(second.told)
    assert member.post(f"{sitting}/close").status_code == 200
    house.settle()
    assert (stage_of(house, one), stage_of(house, two)) == ("accepted", "refused")
    assert len(first.told) > before[0] and len(second.told) > before[1]
    acts = [act for who, act, *_ in house.acts() if who == member.who]
    assert {"sitting.plan", "sitting.vote", "sitting.decide", "sitting.close"} <= set(acts)


def test_a_refusal_without_its_reason_is_not_noted_and_keeps_what_was_typed(house: House, member: Browser) -> None:
    _, _, id = applied(house, "7001")
    sitting = planned(member)
    answer = member.post(f"{sitting}/decide", case=str(id), decision="refuse", help="بنك التنمية الاجتماعية")
    assert answer.status_code == 422
    assert "بنك التنمية الاجتماعية" in answer.text


def test_a_decision_before_its_earliest_day_waits_for_a_supervisor(house: House) -> None:
    member = house.worker("committee", association="ruhama")
    _, reference, id = applied(house, "7001", "ruhama")
    sitting = planned(member)
    member.post(f"{sitting}/attendance", present=str(member.id))
    member.post(f"{sitting}/decide", case=str(id), decision="accept")
    member.post(f"{sitting}/close")
    assert stage_of(house, reference, "ruhama") == "with_committee"
    assert "لا يُقرَّر قبل" in member.text(sitting)
    assert member.post(f"{sitting}/confirm", case=str(id)).status_code == 403

    chair = house.worker("committee", "management", association="ruhama")
    chair.post(f"{sitting}/confirm", case=str(id))
    member.post(f"{sitting}/close")
    assert stage_of(house, reference, "ruhama") == "accepted"
    assert (chair.who, "decision.early", f"case:{id}", "") in house.acts("ruhama")


def test_minutes_are_approved_by_everyone_who_was_there_and_by_nobody_else(house: House, member: Browser) -> None:
    _, _, id = applied(house, "7001")
    other, absent = house.worker("committee"), house.worker("committee")
    sitting = planned(member)
    member.post(f"{sitting}/attendance", present=[str(member.id), str(other.id)])
    member.post(f"{sitting}/decide", case=str(id), decision="accept")
    member.post(f"{sitting}/close")
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
    refusal = {"decision": "refuse", "reason": "دخل الأسرة أعلى من الحد", "help": "بنك التنمية"}
    ids = [str(row[0]) for row in house.line.rows("cases", "id")]
    member.post(f"{sitting}/decide", case=ids, **refusal)
    member.post(f"{sitting}/close")
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
    assert [item.reason for item in now.items] == ["", refusal["reason"]]
    notes = papers._page(now, house_wording("ar"))["digest_notes"]
    assert len(notes) == 1 and "كما اعتُمد" in notes[0]
    page = member.text(sitting)
    assert one in page and page.count("مُسح ما كُتب عنها") == 1 and page.count(refusal["reason"]) == 1


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
    member.post(f"{sitting}/decide", case=ids, decision="accept")
    assert one in about.text(sitting) and two not in about.text(sitting)
    assert about.post(f"{sitting}/close").status_code == 200
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
    member.post(f"{sitting}/decide", case=str(id), decision="accept")
    member.post(f"{sitting}/close")
    assert other.post(f"{sitting}/close").status_code == 409
    house.settle()
    assert sum("قبول" in words or "قُبل" in words for words in person.told) == 1
