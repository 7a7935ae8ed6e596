"""Who lets whom in, gives roles, and ends access; and what becomes of what somebody had in hand."""

import html
import re
from typing import Any

import pytest

from bot.desk.desk import COOKIE
from bot.leaving import StillHolds, ended
from conversations.events import StaffTook
from conversations.rights import WORKER_ROLES
from storage import invitations, sign_ins, staff
from storage.schema import cases as cases_table
from storage.schema import conversations, handoffs
from storage.times import DAY, ms
from tests.desk.house import Browser, House, words_of
from tests.desk.visitor import PASSWORD, Visitor, with_totp


@pytest.fixture
def boss(house: House) -> Browser:
    return house.worker("administrator", name="المدير")


def link_of(page: Any) -> str:
    found = re.search(r'value="(http[^"]+/desk/invitation/[^"]+)"', page.text)
    assert page.status_code == 200 and found, words_of(page.text)
    return html.unescape(found[1]).removeprefix("http://desk.example")


def roles(house: House, id: int, association: str = "harif") -> set[str] | None:
    member = house.ask(staff.member_of, association, id)
    return None if member is None else set(member.roles)


# --- who works here --------------------------------------------------------------------------------------------------


def test_everybody_of_this_association_is_listed_with_roles_in_words(house: House, boss: Browser) -> None:
    house.worker("contact_officer", name="نورة", woman=True, branch="الدمام")
    house.worker("auditor", name="من جمعية أخرى", association="ruhama")
    page = boss.text("/people")
    assert "نورة" in page and "ضابطة الاتصال" in page and "الدمام" in page and "موظفة" in page
    assert "من جمعية أخرى" not in page


def test_presence_is_what_they_say_and_when_they_looked(house: House, boss: Browser) -> None:
    away = house.worker("committee", name="غائبة")
    house.do(staff.set_presence, "harif", away.id, "away")
    house.do(staff.saw, "harif", boss.id, ms(house.now))
    page = boss.text("/people")
    assert "في المكتب الآن" in page and "غياب مؤقت" in page
    house.do(staff.set_presence, "harif", boss.id, "auto")
    house.later(minutes=6)
    assert "ليس في المكتب" in house.worker("administrator", name="آخر").text("/people")


def test_looking_at_somebodys_page_is_on_record(house: House, boss: Browser) -> None:
    other = house.worker("committee")
    boss.get(f"/people/{other.id}")
    assert (boss.who, "view", f"staff:{other.id}", "") in house.acts()


# --- inviting --------------------------------------------------------------------------------------------------------


def test_an_invitation_is_a_link_shown_once_and_its_reader_works_here(house: House, boss: Browser, quick: None) -> None:
    given = {"login": "noura@harif.example", "name": "نورة", "role": ["contact_officer", "committee"]}
    page = boss.post("/people/invite", category="training", woman="yes", **given)
    link = link_of(page)
    assert (boss.who, "people.invite", "", "committee contact_officer") in house.acts()
    assert "نورة" in boss.text("/people")
    visitor = Visitor(house)
    visitor.post(link, name="نورة", password=PASSWORD, again=PASSWORD)
    account = house.ask(staff.by_login, house.vault, "noura@harif.example")
    member = house.ask(staff.member_of, "harif", account.id)
    assert member.roles == {"contact_officer", "committee"}
    assert (member.categories, member.woman) == ({"training"}, True)
    assert "دعوات لم تُقبل بعد" not in boss.text("/people")


def test_the_same_form_twice_makes_one_invitation(house: House, boss: Browser) -> None:
    fields = {"login": "a@harif.example", "role": "committee", "once": "twice"}
    assert boss.post("/people/invite", **fields).status_code == 200
    assert boss.post("/people/invite", **fields).status_code == 409
    assert len(house.ask(invitations.waiting, house.vault, "harif", ms(house.now))) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"login": "", "role": "committee"},
        {"login": "with space", "role": "committee"},
        {"login": "a@harif.example"},
        {"login": "a@harif.example", "role": "emperor"},
        {"login": "a@harif.example", "role": "committee", "name": "س" * 101},
    ],
)
def test_an_invitation_that_is_not_whole_says_so_and_keeps_what_was_typed(
    house: House, boss: Browser, fields: dict[str, str]
) -> None:
    page = boss.post("/people/invite", branch="الدمام", **fields)
    assert page.status_code == 422 and 'role="alert"' in page.text and "الدمام" in page.text
    assert fields["login"] in page.text


def test_whoever_works_here_is_not_invited_again_and_one_who_works_elsewhere_is_invited_like_a_stranger(
    house: House, boss: Browser
) -> None:
    house.account("هنا", "here@harif.example")
    here = house.ask(staff.by_login, house.vault, "here@harif.example")
    house.worker("committee", id=here.id)
    assert boss.post("/people/invite", login="HERE@harif.example", role="auditor").status_code == 422
    house.worker("committee", id=house.account("هناك", "there@ruhama.example"), association="ruhama")
    link_of(boss.post("/people/invite", login="there@ruhama.example", role="auditor"))


def test_an_invitation_is_withdrawn_and_only_by_its_own_association(house: House, boss: Browser) -> None:
    link = link_of(boss.post("/people/invite", login="a@harif.example", role="committee"))
    which = house.ask(invitations.waiting, house.vault, "harif", ms(house.now))[0].id
    other = house.worker("administrator", association="ruhama")
    assert other.post(f"/people/invitations/{which}/withdraw").status_code == 404
    assert Visitor(house).get(link).status_code == 200
    assert boss.post(f"/people/invitations/{which}/withdraw").status_code == 200
    assert Visitor(house).get(link).status_code == 404


def test_a_newer_invitation_to_the_same_person_ends_the_one_before(house: House, boss: Browser) -> None:
    first = link_of(boss.post("/people/invite", login="a@harif.example", role="committee"))
    second = link_of(boss.post("/people/invite", login="A@harif.example", role="auditor"))
    assert Visitor(house).get(first).status_code == 404 and Visitor(house).get(second).status_code == 200


# --- roles -----------------------------------------------------------------------------------------------------------


def test_roles_change_at_once(house: House, boss: Browser) -> None:
    worker = house.worker("committee", name="نورة")
    assert worker.get("/people").status_code == 403
    boss.post(f"/people/{worker.id}", role=["administrator"], capacity="7", branch="الخبر")
    assert worker.get("/people").status_code == 200
    member = house.ask(staff.member_of, "harif", worker.id)
    assert (member.capacity, member.branch) == (7, "الخبر")
    assert (boss.who, "people.change", worker.who, "administrator") in house.acts()


def test_somebody_without_a_role_is_not_kept(house: House, boss: Browser) -> None:
    worker = house.worker("committee")
    assert boss.post(f"/people/{worker.id}").status_code == 422
    assert roles(house, worker.id) == {"committee"}


def test_the_last_administrator_stays_one(house: House, boss: Browser) -> None:
    closed = house.worker("administrator", name="حسابها مغلق")
    house.do(lambda c: staff.change(c, closed.id, disabled_at=1))
    house.worker("administrator", name="في جمعية أخرى", association="ruhama")
    assert boss.post(f"/people/{boss.id}", role="committee").status_code == 409
    page = boss.post(f"/people/{boss.id}/end")
    assert page.status_code == 409 and "أن يبقى مدير للنظام" in words_of(page.text)
    assert roles(house, boss.id) == {"administrator"}
    second = house.worker("administrator")
    assert (
        boss.post(f"/people/{boss.id}", role="committee", follow=False)
        .headers["location"]
        .endswith("/desk/harif/?said=people_changed")
    )
    assert second.post(f"/people/{second.id}/end").status_code == 409


def test_nobody_of_another_association_is_changed_by_their_number(house: House, boss: Browser) -> None:
    other = house.worker("committee", association="ruhama")
    held = house.ask(sign_ins.of, other.id, ms(house.now), DAY)[0].id
    for path in ("", "/end", "/reset", "/sign-ins/end", f"/sign-ins/{held}/end"):
        assert boss.post(f"/people/{other.id}{path}", role="auditor").status_code == 404, path
    assert boss.get(f"/people/{other.id}").status_code == 404
    assert roles(house, other.id, "ruhama") == {"committee"} and other.get("/account").status_code == 200


# --- ending access ---------------------------------------------------------------------------------------------------


def holding(house: House, worker: Browser, handle: str = "7001") -> int:
    """A conversation that this worker holds."""
    person = house.person(handle)
    person.does(person.say("ابغى موظف"))
    took = StaffTook(id=f"t{handle}", at=house.now, staff=str(worker.id), title="موظف")
    house.run(put(house, person.id, took))
    assert house.ask(staff.conversations_of, "harif", worker.id) != []
    return person.id


async def put(house: House, conversation: int, event: Any) -> None:
    from bot.fold import Arrived

    await house.line.intake.put(Arrived("harif", "", "", event, conversation=conversation))


def test_what_somebody_had_in_hand_goes_back_when_their_access_ends(house: House, boss: Browser) -> None:
    worker = house.worker("relations_officer", name="نورة")
    conversation = holding(house, worker)
    person = house.person("7002")
    person.does(person.apply())
    case = house.ask(lambda c: c.execute(cases_table.select()).first())
    house.do(lambda c: c.execute(cases_table.update().values(holder=worker.id)))
    page = boss.post(f"/people/{worker.id}/end")
    assert page.status_code == 200 and "انتهى الوصول" in words_of(page.text)
    row = house.ask(lambda c: c.execute(conversations.select().where(conversations.c.id == conversation)).one())
    assert row.holder == "queue"
    waits = house.ask(lambda c: c.execute(handoffs.select().where(handoffs.c.done_at.is_(None))).all())
    assert [one.conversation for one in waits if one.taken_at is None] == [conversation]
    assert house.ask(lambda c: c.execute(cases_table.select().where(cases_table.c.id == case.id)).one()).holder is None
    assert worker.get("/account", follow=False).status_code == 303, "it was the only association: signed in nowhere"
    assert (boss.who, "people.end", worker.who, "") in house.acts()
    assert "نورة" in boss.text("/people"), "their name stays with what they did"


def test_whoever_works_elsewhere_too_goes_on_there(house: House, boss: Browser) -> None:
    worker = house.worker("committee")
    house.worker("committee", id=worker.id, association="ruhama")
    boss.post(f"/people/{worker.id}/end")
    assert worker.get("/account").status_code == 404
    assert worker.get("/desk/ruhama/account").status_code == 200


def test_nobody_leaves_with_a_conversation_in_hand(house: House, boss: Browser) -> None:
    worker = house.worker("relations_officer")
    holding(house, worker)
    with pytest.raises(StillHolds):
        house.do(ended, "harif", worker.id, ms(house.now))
    assert roles(house, worker.id) == {"relations_officer"}


def test_whoever_left_may_be_invited_back(house: House, boss: Browser, quick: None) -> None:
    id = house.account("نورة", "noura@harif.example")
    house.worker("committee", id=id)
    boss.post(f"/people/{id}/end")
    link = link_of(boss.post("/people/invite", login="noura@harif.example", role="auditor"))
    again = house.worker("committee", id=id, association="ruhama")
    assert again.post(link, key="", follow=False).headers["location"] == "/desk/harif/"
    assert roles(house, id) == {"auditor"}


# --- passwords and sign-ins ------------------------------------------------------------------------------------------


def test_a_link_to_a_new_password(house: House, boss: Browser, hind: int) -> None:
    with_totp(house, hind)
    link = link_of(boss.post(f"/people/{hind}/reset", totp="yes"))
    assert (boss.who, "people.reset", f"staff:{hind}", "reset_all") in house.acts()
    visitor = Visitor(house)
    fields = {"password": "قهوة بالهيل كل مساء", "again": "قهوة بالهيل كل مساء"}
    assert visitor.post(link, **fields).headers["location"] == "/desk"
    assert visitor.client.cookies.get(COOKIE)


def test_nobody_gets_into_another_association_by_resetting_a_colleague(house: House, boss: Browser, hind: int) -> None:
    before = link_of(boss.post(f"/people/{hind}/reset"))
    house.worker("protection_officer", id=hind, association="ruhama")
    page = boss.get(f"/people/{hind}")
    assert "/reset" not in page.text and "ruhama" not in page.text and "رحماء" not in page.text
    assert boss.post(f"/people/{hind}/reset").status_code == 409
    assert Visitor(house).get(before).status_code == 200
    house.worker("administrator", id=boss.id, association="ruhama")
    link_of(boss.post(f"/people/{hind}/reset"))


def test_joining_another_association_ends_links_to_a_new_password(house: House, boss: Browser, hind: int) -> None:
    before = link_of(boss.post(f"/people/{hind}/reset"))
    other = house.worker("administrator", association="ruhama")
    invitation = link_of(other.post("/people/invite", login="hind@harif.example", role="committee"))
    me = house.worker("relations_officer", id=hind)
    me.post(invitation, key="")
    assert roles(house, hind, "ruhama") == {"committee"}
    assert Visitor(house).get(before).status_code == 404


def test_an_administrator_ends_the_sign_ins_of_a_worker(house: House, boss: Browser) -> None:
    worker = house.worker("committee")
    again = house.worker("committee", id=worker.id)
    held = house.ask(sign_ins.of, worker.id, ms(house.now), DAY)
    assert "بكلمة المرور" in boss.text(f"/people/{worker.id}")
    boss.post(f"/people/{worker.id}/sign-ins/{held[-1].id}/end")
    assert [one.get("/account", follow=False).status_code for one in (worker, again)] == [303, 200]
    boss.post(f"/people/{worker.id}/sign-ins/end")
    assert again.get("/account", follow=False).status_code == 303
    assert [act for who, act, subject, _ in house.acts() if subject == worker.who and who == boss.who].count(
        "sign_in.end"
    ) == 2


def test_every_role_has_its_words(house: House, boss: Browser) -> None:
    page = boss.text("/people/invite")
    english = house.worker("administrator", language="en").text("/people/invite")
    assert len(WORKER_ROLES) == 11
    assert all("people.role" not in one for one in (page, english))


def test_of_a_woman_the_desk_speaks_in_the_feminine(house: House, boss: Browser) -> None:
    sara = house.worker("relations_officer", "contact_officer", name="سارة", woman=True)
    his = house.worker("relations_officer", name="سالم")
    assert "موظفة علاقات المستفيدين ضابطة الاتصال" in sara.text("/account")
    assert "موظف علاقات المستفيدين" in his.text("/account")
    rows = {
        name: words_of(row)
        for row in boss.get("/people").text.split("<li>")
        for name in ("سارة", "سالم")
        if name in row
    }
    assert "موظفة علاقات" in rows["سارة"] and "موظف علاقات" in rows["سالم"]
    house.later(hours=2)
    boss.sign_in()
    assert "ليست في المكتب" in boss.text(f"/people/{sara.id}") and "ليس في المكتب" in boss.text(f"/people/{his.id}")
