"""The list, the board and the search: each worker's part, narrowed by choice, and on record whose cases they are."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from bot.desk.rooms.people import categories_of
from storage import case_lists, cases, checks
from storage.checks import Check
from storage.conversations import handle_index
from storage.ids import new_id
from storage.schema import cases as cases_table
from storage.schema import conversations
from storage.times import DAY, ms
from tests.desk.house import Browser, House, Person, words_of
from tests.desk.test_committee import BY_ALL, planned, with_committee

Filed = Callable[..., cases.Case]


@pytest.fixture
def filed(house: House) -> Filed:
    made = [0]

    def file(**fields: Any) -> cases.Case:
        made[0] += 1
        known = {"association": "harif", "kind": "request", "stage": "verifying", "opened_at": ms(house.now)}
        case = cases.Case(**{"id": new_id(), "reference": f"HRF-{made[0]:05}-AAAAA", **known, **fields})
        house.do(cases.file, house.vault, [case], ms(house.now))
        return case

    return file


def found(browser: Browser, what: str) -> str:
    answer = browser.post("/cases/search", what=what)
    assert answer.status_code == 200
    return str(answer.text)


def test_the_list_shows_what_is_due_soonest_first_with_the_working_days_that_are_left(
    house: House, filed: Filed
) -> None:
    calm, late = filed(due=ms(house.now) + 30 * DAY), filed(due=ms(house.now) - 3 * DAY)
    page = house.worker("relations_officer").get("/cases").text
    assert page.index(late.reference) < page.index(calm.reference)
    assert "متأخر" in page and 'class="chip urgent"' in page


@pytest.mark.parametrize("slug", ["mastoura", "ruhama", "harif", "saudi-exhibitions", "bena-jazan"])
def test_a_contact_officer_sees_the_requests_of_their_fields_and_what_names_no_service(
    house: House, filed: Filed, slug: str
) -> None:
    profile = house.associations[slug].profile
    made = {one.id: filed(association=slug, service=one.id) for one in profile.services}
    plain = filed(association=slug, kind="suggestion", stage="received", service="")
    seen: list[str] = []
    offered = [value for value, _ in categories_of(profile, "ar")]
    assert len(offered) >= 3
    for one in offered:
        officer = house.worker("contact_officer", association=slug, categories=(one,))
        page = officer.get("/cases").text
        theirs = [service for service, case in made.items() if case.reference in page]
        assert theirs and plain.reference in page
        opened = [service for service, case in made.items() if officer.get(f"/case/{case.id}").status_code == 200]
        assert opened == theirs
        seen += theirs
    assert sorted(seen) == sorted(made), "each is somebody's, and nobody else's"
    everything = house.worker("contact_officer", association=slug).get("/cases").text
    assert all(case.reference in everything for case in made.values())


def test_each_role_sees_its_own_kinds_alone(house: House, filed: Filed) -> None:
    request, complaint = filed(), filed(kind="complaint", stage="received")
    grave = filed(kind="complaint", stage="received", restricted=True)
    other = filed(association="ruhama")
    officer, hears, protects = (
        house.worker(role).get("/cases").text
        for role in ("relations_officer", "follow_up_committee", "protection_officer")
    )
    assert request.reference in officer and complaint.reference not in officer
    assert complaint.reference in hears and request.reference not in hears and grave.reference not in hears
    assert grave.reference in protects
    assert all(other.reference not in page for page in (officer, hears, protects))


def test_the_list_is_narrowed_by_kind_stage_holder_and_what_is_near(house: House, filed: Filed) -> None:
    officer = house.worker("relations_officer")
    late, asked = filed(due=ms(house.now) - DAY), filed(kind="inquiry", stage="received")
    done = filed(stage="closed", closed_at=ms(house.now))
    house.do(case_lists.assign, "harif", late.id, officer.id)

    def shown(query: str) -> set[str]:
        page = officer.get(f"/cases?{query}").text
        return {case.reference for case in (late, asked, done) if case.reference in page}

    assert shown("") == {late.reference, asked.reference}
    assert shown("kind=inquiry") == shown("holder=none") == {asked.reference}
    assert shown("due=overdue") == shown("holder=me") == shown("kind=request&stage=verifying") == {late.reference}
    assert shown("closed=1") == {done.reference}
    assert shown("due=amber") == shown("kind=request&stage=returned") == set()
    assert shown("kind=nonsense&holder=x&after=y") == {late.reference, asked.reference}


def test_fifty_a_page_and_the_next_page_goes_on(house: House, filed: Filed) -> None:
    references = [filed(due=ms(house.now) + number).reference for number in range(55)]
    officer = house.worker("relations_officer")
    first = officer.get("/cases").text
    assert [reference in first for reference in references] == [True] * 50 + [False] * 5
    address = first.partition('class="pager"')[2].partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    second = officer.get(address).text
    assert [reference in second for reference in references] == [False] * 50 + [True] * 5


def test_the_board_has_a_column_a_stage_with_its_count_and_where_the_rest_is(house: House, filed: Filed) -> None:
    for _ in range(10):
        filed()
    filed(stage="submitted")
    page = house.worker("relations_officer").get("/cases/board?kind=request").text
    assert page.count("HRF-") == 9
    assert "kind=request&amp;stage=verifying" in page and "kind=request&amp;stage=submitted" not in page
    assert '<span class="chip">١٠</span>' in page
    assert "HRF-" not in house.worker("follow_up_committee").get("/cases/board?kind=request").text


def test_a_case_is_found_by_whole_words_of_its_name_by_a_number_and_by_its_reference(
    house: House, filed: Filed
) -> None:
    person = house.person("+966500000007", "whatsapp")
    reference = person.does(person.apply())
    officer = house.worker("relations_officer")
    for asked in ("نوره السالم", "السالم", "١٠١٢٣٤٥٦٧٢", "0500000007", "+966 50 000 0007"):
        assert reference in found(officer, asked), asked
    for asked in ("نور", "نورة العتيبي", "101234567", "0500000008", "؟"):
        assert reference not in found(officer, asked), asked
    answer = officer.post("/cases/search", what=reference.lower().replace("-", " "), follow=False)
    assert answer.status_code == 303 and answer.headers["location"].startswith("/desk/harif/case/")
    assert ("view", "search", "number") in {row[1:] for row in house.acts()}
    assert all("السالم" not in str(row) and "500000007" not in str(row) for row in house.acts())


def test_a_persons_complaint_is_found_by_what_their_request_told_of_them(house: House) -> None:
    """Also from the number they send short messages from; never one without a name, nor by what is kept from whoever
    asks."""
    hears, accused = house.worker("follow_up_committee"), house.worker("follow_up_committee", name="سعد")
    person = house.person("+966500000009", "whatsapp")
    request, complaint = str(person.does(person.apply())), str(person.does(person.complain()))
    person.does(person.open("complain"))
    person.does(person.finish(anonymous="anonymous"))
    (hidden,) = [row[0] for row in house.line.rows("cases", "reference", "anonymous") if row[1]]
    for asked in ("نورة السالم", "1012345672", "0500000007", "0500000009"):
        page = found(hears, asked)
        assert complaint in page and request not in page and hidden not in page, asked
    house.do(lambda c: c.execute(update(conversations).values(channel="sms", handle_index=_by_sms(house, person))))
    assert complaint in found(hears, "0500000009")
    id = next(row[0] for row in house.line.rows("cases", "id", "reference") if row[1] == request)
    house.do(lambda c: c.execute(update(cases_table).where(cases_table.c.id == id).values(restricted=True)))
    assert complaint not in found(hears, "1012345672"), "nothing leads from what is confidential"
    assert complaint in found(accused, "0500000009")


def _by_sms(house: House, person: Person) -> bytes:
    return handle_index(house.vault, "harif", "sms", person.handle)


def test_search_finds_nothing_that_its_worker_may_not_see(house: House) -> None:
    person = house.person("7001")
    reference = person.does(person.apply())
    hears = house.worker("follow_up_committee")
    assert reference not in found(hears, "السالم")
    assert hears.post("/cases/search", what=reference, follow=False).status_code == 200
    assert reference not in found(house.worker("relations_officer", association="ruhama"), "السالم")


def test_supervisors_see_who_waits_for_their_word(house: House, filed: Filed) -> None:
    case = filed(stage="with_committee")
    other = filed()
    asked = Check(checks.EARLY, checks.ASKED, False, False, 7, ms(house.now))
    house.do(checks.save, house.vault, "harif", case.id, asked)
    above = house.worker("management")
    assert "asked=1" in above.get("/cases").text
    waiting = above.get("/cases?asked=1").text
    assert case.reference in waiting and other.reference not in waiting
    assert "asked=1" not in house.worker("relations_officer").get("/cases").text


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("path", ["/cases", "/cases/board", "/cases?closed=1"])
def test_an_empty_room_teaches(house: House, language: str, path: str) -> None:
    assert 'class="empty"' in house.worker("relations_officer", language=language).get(path).text


NOURA = "نورة السالم"


def test_lists_say_whose_cases_they_are_and_that_is_on_record(house: House) -> None:
    person = house.person("7001")
    reference = person.does(person.apply())
    ((id,),) = house.line.rows("cases", "id")
    officer = house.worker("relations_officer")
    seen = ("view", "cases", str(id))
    assert NOURA in officer.text("/cases") and NOURA in officer.text("/cases/board")
    assert NOURA in words_of(found(officer, "السالم"))
    assert [row[1:] for row in house.acts() if row[0] == officer.who].count(seen) == 1, "once in a while"
    auditor = house.worker("auditor")
    assert NOURA in auditor.text("/cases") and (auditor.who, *seen) in house.acts()
    assert NOURA not in house.worker("follow_up_committee").text("/cases")
    member = house.worker("committee")
    with_committee(house, reference)
    sitting = planned(member)
    assert member.text(sitting).count(NOURA) == 1, "on the agenda"
    member.post(f"{sitting}/attendance", present=str(member.id))
    member.post(f"{sitting}/decide", case=str(id), decision="accept", **BY_ALL)
    assert NOURA in member.text(f"{sitting}/close")


def test_a_name_that_is_not_in_the_case_shows_where_its_conversation_may_be_seen(house: House) -> None:
    person = house.person("7001")
    person.does(person.apply())
    person.does(person.complain())
    assert NOURA in house.worker("management").text("/cases?kind=complaint")
    person.does(person.say("ابغى موظفة"))
    man, woman = house.worker("management"), house.worker("management", woman=True)
    assert NOURA not in man.text("/cases?kind=complaint") and NOURA in woman.text("/cases?kind=complaint")


def test_an_anonymous_complaint_stays_without_a_name(house: House) -> None:
    person = house.person("7001")
    person.does(person.apply())
    person.does(person.complain(anonymous="anonymous"))
    page = house.worker("follow_up_committee", "management", woman=True)
    assert "بلا اسم" in page.text("/cases?kind=complaint")
    for path in ("/cases?kind=complaint", "/cases/board?kind=complaint"):
        assert NOURA not in page.text(path)
